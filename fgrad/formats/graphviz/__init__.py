"""Drawings for Graphviz: `writer` has nodes as text and as DOT, `drawing` has `draw`, which asks Graphviz for SVG."""

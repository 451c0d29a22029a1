"""Drawings: what Graphviz is asked, by its program or by the package, and what is said without it."""

import builtins
import os
import pickle
import stat
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import pytest

import fgrad as fg

SVG = '<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg xmlns="http://www.w3.org/2000/svg"></svg>\n'


def model() -> tuple[fg.Graph, fg.Gradients]:
    x, y = fg.var(2.0, "x"), fg.var(3.0, "é & y")
    graph = fg.Graph.of(x * y + x)
    return graph, fg.grad(graph, graph.outputs[0])


@pytest.fixture
def dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program named dot, alone on the PATH, which keeps what it was given."""
    program = tmp_path / "bin" / "dot"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        f"place = pathlib.Path({str(tmp_path)!r})\n"
        "place.joinpath('asked').write_text(repr(sys.argv[1:]))\n"
        "place.joinpath('given').write_bytes(sys.stdin.buffer.read())\n"
        f"sys.stdout.write({SVG!r})\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent))
    return tmp_path


@pytest.fixture
def alone(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the program nor the package."""
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
    monkeypatch.setitem(sys.modules, "graphviz", None)


def test_the_program_is_given_the_text_and_gives_the_picture(dot: Path) -> None:
    drawing = fg.draw(*model())
    assert drawing.svg == SVG
    assert (dot / "asked").read_text() == "['-Tsvg']"
    assert (dot / "given").read_text(encoding="utf-8") == drawing.dot
    assert "gradient 4.0" in drawing.dot
    assert drawing._repr_svg_() == SVG[SVG.index("<svg") :]
    assert drawing._repr_html_() is None


def test_the_program_runs_once(dot: Path) -> None:
    drawing = fg.draw(*model())
    assert drawing.svg == SVG
    (dot / "asked").unlink()
    assert str(drawing._repr_svg_()) in drawing.svg
    assert not (dot / "asked").exists()


def test_a_program_that_fails_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\ncat >/dev/null; echo no fonts >&2; exit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(fg.MissingProgram, match="no fonts"):
        _ = fg.draw(*model()).svg


@pytest.mark.usefixtures("alone")
def test_without_graphviz_there_is_the_text_and_what_to_install(tmp_path: Path) -> None:
    drawing = fg.draw(*model())
    assert drawing.dot.startswith("digraph")
    assert repr(drawing) == "Drawing(nodes=4)"
    with pytest.raises(fg.MissingProgram, match=r"needs Graphviz.*apt install graphviz.*`dot`"):
        _ = drawing.svg
    assert drawing._repr_svg_() is None
    assert "apt install graphviz" in str(drawing._repr_html_())
    drawing.save(tmp_path / "graph.dot")
    assert (tmp_path / "graph.dot").read_text(encoding="utf-8") == drawing.dot
    with pytest.raises(fg.MissingProgram):
        drawing.save(tmp_path / "graph.svg")
    assert not (tmp_path / "graph.svg").exists()


def package(answer: Any) -> ModuleType:
    """What fgrad asks of the package `graphviz`."""

    class NotFound(RuntimeError):
        """Of the package."""

    class Source:
        def __init__(self, text: str) -> None:
            self.text = text

        def pipe(self, *, format: str, encoding: str) -> str:
            assert (format, encoding) == ("svg", "utf-8")
            if answer is None:
                raise NotFound
            return f"{answer}{self.text}"

    made: Any = ModuleType("graphviz")
    made.Source, made.ExecutableNotFound = Source, NotFound
    return made  # type: ignore[no-any-return]  # a module with two names


@pytest.mark.usefixtures("alone")
def test_the_package_is_asked_where_no_program_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", package("<svg>"))
    drawing = fg.draw(*model())
    assert drawing.svg == f"<svg>{drawing.dot}"


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("real", [False, True])
def test_the_package_without_the_program_is_no_graphviz(
    monkeypatch: pytest.MonkeyPatch, real: bool
) -> None:
    monkeypatch.delitem(sys.modules, "graphviz")
    if real:
        pytest.importorskip("graphviz", reason="the package is not installed")
    else:
        monkeypatch.setitem(sys.modules, "graphviz", package(None))
    with pytest.raises(fg.MissingProgram, match="Graphviz"):
        _ = fg.draw(*model()).svg


def test_a_drawing_is_saved_as_what_its_name_says(dot: Path) -> None:
    drawing = fg.draw(*model())
    drawing.save(dot / "graph.svg")
    assert (dot / "graph.svg").read_text() == SVG
    drawing.save(str(dot / "graph.dot"))
    assert (dot / "graph.dot").read_text(encoding="utf-8") == drawing.dot
    with pytest.raises(fg.NotAValue, match=r"\.svg or \.dot; got 'graph\.png'"):
        drawing.save("graph.png")


def test_what_is_drawn_is_a_graph_with_gradients_that_may_be_few_or_none() -> None:
    graph, gradients = model()
    x, y = graph.variables
    assert "gradient" not in fg.draw(graph).dot
    assert fg.draw(graph).dot.count("value") == 4
    assert fg.draw(graph, gradients.only(x)).dot.count("gradient") == 1
    nodes = fg.grad_nodes(graph, graph.outputs[0])
    assert fg.draw(graph, nodes).dot == fg.draw(graph, gradients).dot
    assert fg.draw(graph, nodes.only(y)).dot.count("gradient 2.0") == 1
    wrong: list[Any] = [(x,), (graph, {x: 1.0}), (graph, graph)]
    for arguments in wrong:
        with pytest.raises(fg.NotAValue, match="draw needs"):
            fg.draw(*arguments)


def test_graphs_with_several_results_and_of_traced_numbers_are_drawn() -> None:
    def system(u: Any, k: Any) -> Any:
        return u[0] * u[0] - k, u[1] * u[0] - 1.0

    solution: Any = fg.root(system, (1.0, 1.0))(fg.var(4.0))
    graph = fg.Graph.of(*solution)
    text = fg.draw(graph, fg.grad(graph, solution[0])).dot
    assert "value (2.0, 0.5)\\ngradient (1.0, 0.0)" in text
    assert "item[0]" in text
    seen = []

    def traced(x: Any) -> Any:
        seen.append(fg.draw(fg.Graph.of(fg.sin(x))))
        return x

    fg.trace(traced)(1.0)
    assert "value" not in seen[0].dot


def test_a_drawing_is_a_frozen_value() -> None:
    drawing: Any = fg.draw(*model())
    assert drawing == fg.draw(*model())
    assert pickle.loads(pickle.dumps(drawing)) == drawing
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        drawing.dot = ""


def test_importing_fgrad_asks_for_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    known = builtins.__import__

    def seen(name: str, *rest: Any, **options: Any) -> Any:
        asked.append(name)
        return known(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", seen)
    assert fg.draw(*model()).dot
    assert "graphviz" not in asked

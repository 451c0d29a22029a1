"""The machine that code is written for: what decides the IR, and is known without LLVM."""

from __future__ import annotations

from functools import cached_property

import attrs


@attrs.frozen
class Machine:
    """An LLVM target: a triple, a processor and its features."""

    triple: str
    cpu: str
    features: str

    @cached_property
    def fma(self) -> bool:
        """Whether it has a fused multiply-add instruction."""
        return not self.triple.startswith("x86_64") or "+fma" in self.features.split(",")

    @cached_property
    def width(self) -> int:
        """Doubles in a vector register, at least 2."""
        features = self.features.split(",")
        return 8 if "+avx512f" in features else 4 if "+avx" in features else 2

    @property
    def registers(self) -> int:
        """Vector registers."""
        wide = "+avx512f" in self.features.split(",") or not self.triple.startswith("x86_64")
        return 32 if wide else 16

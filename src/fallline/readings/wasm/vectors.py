"""Vectors of 128 bits, for modules with and without relaxed SIMD: they differ in a b + c with one rounding."""

from __future__ import annotations

from functools import cached_property

from fallline.readings.machine.vectors import Vectors
from fallline.readings.machine.vectors.exact_fma import ExactVectors
from fallline.readings.wasm.wide import WIDE

__all__ = ["PlainVectors", "RelaxedVectors"]


class RelaxedVectors(Vectors):
    """Writes instructions for a module with relaxed SIMD, which has an instruction for a b + c.

    Examples
    --------
    >>> v = RelaxedVectors(64)
    >>> v.fma("%a", "%b", "%c")
    '%v1'
    >>> print(v.text())
      %v1 = call <2 x double> @llvm.wasm.relaxed.madd.v2f64(<2 x double> %a, <2 x double> %b, <2 x double> %c)
    """

    def __init__(self, bits: int) -> None:
        super().__init__(bits, 128 // bits)

    def fma(self, a: str, b: str, c: str) -> str:
        return self.call("wasm.relaxed.madd", a, b, c)


class PlainVectors(Vectors):
    """Writes instructions for a module without relaxed SIMD: a b + c is a function, composed as in `exact_fma`.

    It is called, not written in each place: LLVM would take a hundred times as long, and the module would be ten times as
    large.
    """

    def __init__(self, bits: int) -> None:
        super().__init__(bits, 128 // bits)

    def fma(self, a: str, b: str, c: str) -> str:
        self.declared |= self._functions
        return self.let(f"call {self.type} @fma_vector({self.type} {a}, {self.type} {b}, {self.type} {c})")

    @cached_property
    def _functions(self) -> set[str]:
        """The function, and what it calls."""
        v = ExactVectors(self.bits, self.width)
        result = v.fma("%a", "%b", "%c")
        arguments = ", ".join(f"{self.type} {name}" for name in ("%a", "%b", "%c"))
        head = f"define internal {self.type} @fma_vector({arguments}) noinline"
        function = f"{head} {{\nentry:\n{v.text()}\n  ret {self.type} {result}\n}}"
        return {*v.declared, function, *([WIDE] if self.bits == 64 else [])}

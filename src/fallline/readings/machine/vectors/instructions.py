"""Instructions on vectors of one width and type, one method for each.

Comparisons follow IEEE 754: every comparison with NaN is false, except `une`.
"""

from __future__ import annotations

import struct

import numpy as np

from fallline.readings.machine.vectors.code import Code

__all__ = ["Vectors"]


class Vectors(Code):
    """Writes instructions on `<width x float>` or `<width x double>`.

    Parameters
    ----------
    bits
        32 or 64, the size of a number.
    width
        Numbers in a vector: lanes.
    avx512
        Whether the machine has AVX-512, whose own instructions then serve vectors that fill its registers.

    Examples
    --------
    >>> v = Vectors(64, 8)
    >>> v.fma("%a", "%b", v.number(1.0))
    '%v1'
    >>> print(v.text())
      %v1 = call <8 x double> @llvm.fma.v8f64(<8 x double> %a, <8 x double> %b, <8 x double> splat (double 0x3FF0000000000000))
    """

    def __init__(self, bits: int, width: int, avx512: bool = False) -> None:
        self.bits, self.width = bits, width
        self.avx512 = avx512 and width.bit_count() == 1 and width * bits >= 512
        self.scalar = "double" if bits == 64 else "float"
        super().__init__(f"<{width} x {self.scalar}>")
        self.integer = f"<{width} x i{bits}>"
        self.bytes = width * bits // 8

    # --- memory ---

    def at(self, base: str, index: int | str, type_: str | None = None) -> str:
        """Return the address of an element, which is a vector unless `type_` names another type."""
        return self.let(f"getelementptr {type_ or self.type}, ptr {base}, i64 {index}")

    def load(self, base: str, index: int | str = 0) -> str:
        return self.fresh(f"load {self.type}, ptr {self.at(base, index)}, align {self.bytes}")

    def store(self, value: str, base: str, index: int | str = 0) -> None:
        self.put(f"store {self.type} {value}, ptr {self.at(base, index)}, align {self.bytes}")

    def load_scalar(self, base: str, index: int | str, type_: str | None = None) -> str:
        type_ = type_ or self.scalar
        return self.fresh(f"load {type_}, ptr {self.at(base, index, type_)}")

    def splat(self, scalar: str) -> str:
        first = self.let(f"insertelement {self.type} poison, {self.scalar} {scalar}, i32 0")
        return self.let(f"shufflevector {self.type} {first}, {self.type} poison, <{self.width} x i32> zeroinitializer")

    def transposed(self, rows: list[str]) -> list[str]:
        """Return the columns of a square of numbers, whose rows are as many vectors as a vector has numbers.

        In turn for each power of two d: in every square of 2d by 2d, the upper right and the lower left quarter change places.
        """
        n, d, rows = self.width, 1, list(rows)
        while d < n:
            upper = [j if not j & d else n + j - d for j in range(n)]
            lower = [j + d if not j & d else n + j for j in range(n)]
            for i in range(n):
                if not i & d:
                    a, b = rows[i], rows[i + d]
                    rows[i], rows[i + d] = self._shuffled(a, b, upper), self._shuffled(a, b, lower)
            d *= 2
        return rows

    def _shuffled(self, a: str, b: str, places: list[int]) -> str:
        """Return numbers of a and b side by side, by their places."""
        mask = ", ".join(f"i32 {j}" for j in places)
        return self.let(f"shufflevector {self.type} {a}, {self.type} {b}, <{self.width} x i32> <{mask}>")

    # --- arithmetic ---

    def number(self, value: float) -> str:
        """Return a constant in every lane, rounded to the vector's type."""
        rounded = value if self.bits == 64 else _float32(value)
        return f"splat ({self.scalar} 0x{struct.unpack('<Q', struct.pack('<d', rounded))[0]:016X})"

    def whole(self, value: int) -> str:
        return f"splat (i{self.bits} {value})"

    def add(self, a: str, b: str) -> str:
        return self.let(f"fadd {self.type} {a}, {b}")

    def sub(self, a: str, b: str) -> str:
        return self.let(f"fsub {self.type} {a}, {b}")

    def mul(self, a: str, b: str) -> str:
        return self.let(f"fmul {self.type} {a}, {b}")

    def div(self, a: str, b: str) -> str:
        return self.let(f"fdiv {self.type} {a}, {b}")

    def neg(self, a: str) -> str:
        return self.let(f"fneg {self.type} {a}")

    def fma(self, a: str, b: str, c: str) -> str:
        return self.call("fma", a, b, c)

    def call(self, name: str, *args: str) -> str:
        """Call an LLVM intrinsic whose bits IEEE 754 defines: fma, sqrt, floor, fabs, copysign."""
        full = f"@llvm.{name}.v{self.width}f{self.bits}"
        self.declared.add(f"declare {self.type} {full}({', '.join([self.type] * len(args))})")
        return self.let(f"call {self.type} {full}({', '.join(f'{self.type} {a}' for a in args)})")

    def compare(self, how: str, a: str, b: str) -> str:
        return self.let(f"fcmp {how} {self.type} {a}, {b}")

    def select(self, condition: str, a: str, b: str) -> str:
        return self.let(f"select <{self.width} x i1> {condition}, {self.type} {a}, {self.type} {b}")

    def both(self, a: str, b: str) -> str:
        return self.let(f"and <{self.width} x i1> {a}, {b}")

    def either(self, a: str, b: str) -> str:
        return self.let(f"or <{self.width} x i1> {a}, {b}")

    def opposite(self, a: str) -> str:
        true = ", ".join(["i1 true"] * self.width)
        return self.let(f"xor <{self.width} x i1> {a}, <{true}>")

    # --- bits ---

    def to_bits(self, a: str) -> str:
        return self.let(f"bitcast {self.type} {a} to {self.integer}")

    def from_bits(self, a: str) -> str:
        return self.let(f"bitcast {self.integer} {a} to {self.type}")

    def bit(self, op: str, a: str, b: str) -> str:
        """Write add, sub, shl, lshr, ashr, and, or, xor on the numbers' bits."""
        return self.let(f"{op} {self.integer} {a}, {b}")

    def or_nan(self, y: str, x: str) -> str:
        """Return y, or a NaN where x is NaN."""
        mask = self.let(f"sext <{self.width} x i1> {self.compare('uno', x, x)} to {self.integer}")
        return self.from_bits(self.bit("or", mask, self.to_bits(y)))

    def clamp_above(self, x: str, bound: str) -> str:
        """Return min(x, bound); NaN stays NaN."""
        return self.select(self.compare("olt", bound, x), bound, x)

    def clamp_below(self, x: str, bound: str) -> str:
        """Return max(x, bound); NaN stays NaN."""
        return self.select(self.compare("ogt", bound, x), bound, x)


def _float32(value: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.float32(value))

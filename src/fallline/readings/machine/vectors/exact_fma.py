"""a b + c with one rounding, on vectors, for x86 processors without such an instruction. The bits are the same.

float32: the product is exact in float64. The sum there is rounded, and so is the result: twice, which goes wrong only
where the first rounding ends halfway between two results. There the sum is rounded to odd instead, which keeps the side
that it was on (Boldo & Melquiond, "Emulation of FMA and correctly rounded sums", IEEE Transactions on Computers 2008).

float64: product and sum with their errors (Dekker 1971, Knuth), which are added last. That last sum is rounded, too;
where this could matter, and where an error would overflow or underflow, the lanes are computed by `whole_fma`.

docs/speed.md has the times, and the alternatives that were tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fallline.readings.machine.vectors.instructions import Vectors
from fallline.readings.machine.vectors.whole_fma import lanes_text

__all__ = ["ExactVectors"]

SPLIT = 2.0**27 + 1
"""Veltkamp's factor: it cuts a float64 into two halves of 26 bits, whose products are exact."""

SMALL = 2.0**-480
"""Factors of at least this size have a product whose error is a float64."""

DOUBT = 1 + 2.0**-48
"""What rounding the result left over, times this, must not reach the next number. The sum of errors is off by at most
3 2^-53 of the result's last place; what is left over is near half of that place, or a quarter below a power of two, where
it matters, so this factor asks for more than twice the doubt."""


class ExactVectors(Vectors):
    """Vectors whose `fma` consists of other instructions."""

    def fma(self, a: str, b: str, c: str) -> str:
        key = f"fma {a}, {b}, {c}"
        known = self._known.get(key)
        if known is None:
            known = self._double(a, b, c) if self.bits == 64 else self._single(a, b, c)
            self._known[key] = known
        return known

    def abreast(self, pieces: Iterable[Callable[[], str]]) -> list[str]:
        """Write one calculation after another: an fma may branch, so instructions cannot stand in rows."""
        return [piece() for piece in pieces]

    def _any(self, lanes: str) -> str:
        """Whether a condition holds in any lane."""
        bits = self.let(f"bitcast <{self.width} x i1> {lanes} to i{self.width}")
        return self.let(f"icmp ne i{self.width} {bits}, 0")

    # --- float64 ---

    def _double(self, a: str, b: str, c: str) -> str:
        """a b + c = total - residue. Errors are negated: one that is 0 is +0, and total - (+0) keeps the sign of -0."""
        product = self.mul(a, b)
        total = self.add(product, c)
        residue = self.add(self._sum_error(product, c, total), self._product_error(a, b, product))
        result = self.sub(total, residue)
        left = self.add(residue, self.sub(result, total))
        # "une" also holds where infinity met infinity on the way
        doubt = self.compare("une", self.sub(result, self.mul(left, self.number(DOUBT))), result)
        rare = self.either(doubt, self.either(self._tiny(a), self._tiny(b)))
        return self.unless(self._any(rare), result, lambda: self._whole(a, b, c))

    def _halves(self, a: str) -> tuple[str, str]:
        large = self.mul(a, self.number(SPLIT))
        high = self.sub(large, self.sub(large, a))
        return high, self.sub(a, high)

    def _product_error(self, a: str, b: str, product: str) -> str:
        """product - a b (Dekker)."""
        (a_high, a_low), (b_high, b_low) = self._halves(a), self._halves(b)
        error = self.sub(product, self.mul(a_high, b_high))
        error = self.sub(self.sub(error, self.mul(a_low, b_high)), self.mul(a_high, b_low))
        return self.sub(error, self.mul(a_low, b_low))

    def _sum_error(self, a: str, b: str, total: str) -> str:
        """total - (a + b) (Knuth)."""
        back = self.sub(total, a)
        return self.sub(self.sub(back, b), self.sub(a, self.sub(total, back)))

    def _tiny(self, a: str) -> str:
        """Whether a is so small, and not 0, that an error of a product with it may lie below every float64."""
        small = self.compare("olt", self.call("fabs", a), self.number(SMALL))
        return self.both(small, self.compare("une", a, self.number(0.0)))

    def _whole(self, a: str, b: str, c: str) -> str:
        self.declared.add(lanes_text(self.width))
        operands = ", ".join(f"{self.type} {x}" for x in (a, b, c))
        return self.let(f"call preserve_allcc {self.type} @fma_lanes({operands})")

    # --- float32 ---

    def _single(self, a: str, b: str, c: str) -> str:
        type_ = self._wide.type
        A, B, C = (self.let(f"fpext {self.type} {x} to {type_}") for x in (a, b, c))
        product = self.let(f"fmul {type_} {A}, {B}")
        total = self.let(f"fadd {type_} {product}, {C}")
        result = self.let(f"fptrunc {type_} {total} to {self.type}")
        rare = self.let(f"or {self.integer} {self._halfway(total)}, {self._subnormal(result)}")
        rare = self.let(f"icmp slt {self.integer} {rare}, zeroinitializer")
        return self.unless(self._any(rare), result, lambda: self._odd(product, C, total))

    @property
    def _wide(self) -> Vectors:
        return Vectors(64, self.width)

    def _halfway(self, total: str) -> str:
        """-1 where a float64 lies halfway between two normal float32: its last 29 bits are 1000...

        These bits are compared as a float32 with the three bits before them set: AVX compares no whole numbers. The
        upper half of each float64 is compared with NaN.
        """
        n, pairs = 2 * self.width, self._pairs
        bits = self.let(f"bitcast {self._wide.type} {total} to <{n} x i32>")
        bits = self.let(f"or <{n} x i32> {bits}, {pairs('i32', str(0xE0000000 - 2**32), '0')}")
        tail = self.let(f"bitcast <{n} x i32> {bits} to <{n} x float>")
        halfway = -(2.0**97)  # the float32 with bits 0xF0000000
        same = self.let(f"fcmp oeq <{n} x float> {tail}, {pairs('float', str(halfway), '0x7FF8000000000000')}")
        mask = self.let(f"sext <{n} x i1> {same} to <{n} x i32>")
        first, second = (self._part(mask, n, range(k, k + self.width)) for k in (0, self.width))
        return self.let(f"or {self.integer} {first}, {second}")

    def _subnormal(self, result: str) -> str:
        """-1 where a result is below the normal numbers, which are not spaced as `_halfway` has it, and not 0."""
        small = self.compare("ole", self.call("fabs", result), self.number(2.0**-126))
        small = self.both(small, self.compare("une", result, self.number(0.0)))
        return self.let(f"sext <{self.width} x i1> {small} to {self.integer}")

    def _odd(self, product: str, c: str, total: str) -> str:
        """The float32 of product + c, where `total` is that sum rounded to nearest: here it is rounded to odd."""
        type_, whole, lanes = self._wide.type, self._wide.integer, f"<{self.width} x i1>"
        let = self.let
        back = let(f"fsub {type_} {total}, {product}")
        gone = let(f"fsub {type_} {product}, {let(f'fsub {type_} {total}, {back}')}")
        error = let(f"fadd {type_} {let(f'fsub {type_} {c}, {back}')}, {gone}")
        # away from 0 by the rounding: one number back towards 0, if that is even its last bit is set next
        beyond = let(f"fcmp olt {type_} {let(f'fmul {type_} {error}, {total}')}, zeroinitializer")
        towards = let(f"fmul {type_} {total}, {self._wide.number(1 - 2.0**-53)}")
        cut = let(f"select {lanes} {beyond}, {type_} {towards}, {type_} {total}")
        inexact = let(f"zext {lanes} {let(f'fcmp one {type_} {error}, zeroinitializer')} to {whole}")
        bits = let(f"or {whole} {let(f'bitcast {type_} {cut} to {whole}')}, {inexact}")
        return let(f"fptrunc {type_} {let(f'bitcast {whole} {bits} to {type_}')} to {self.type}")

    def _pairs(self, kind: str, low: str, high: str) -> str:
        """A constant for the lower and upper halves of each float64."""
        return f"<{', '.join([f'{kind} {low}, {kind} {high}'] * self.width)}>"

    def _part(self, values: str, count: int, lanes: Sequence[int]) -> str:
        places = ", ".join(f"i32 {k}" for k in lanes)
        return self.let(
            f"shufflevector <{count} x i32> {values}, <{count} x i32> poison, <{len(lanes)} x i32> <{places}>"
        )

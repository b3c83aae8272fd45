"""A small writer of LLVM's text: one method for each instruction, on vectors of one width and type.

Text, not `llvmlite.ir`: a kernel has thousands of instructions, and writing a line is ten times faster than building
and printing an object. Comparisons follow IEEE: any comparison with NaN is false but `une`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

__all__ = ["Vectors"]


class Vectors:
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
        self.type = f"<{width} x {self.scalar}>"
        self.integer = f"<{width} x i{bits}>"
        self.bytes = width * bits // 8
        self.lines: list[str] = []
        self.declared: set[str] = set()
        self._count = 0
        self._known: dict[str, str] = {}
        self._block = "entry"
        self._leaving: list[str] = []
        self._abreast = False

    # --- writing ---

    def new(self) -> str:
        self._count += 1
        return f"%v{self._count}"

    def put(self, line: str) -> None:
        self.lines.append("  " + line)

    def let(self, instruction: str) -> str:
        """The name of that instruction's result; the same pure instruction in the same block is written once."""
        known = self._known.get(instruction)
        if known is None:
            known = self._known[instruction] = self.new()
            self.lines.append(f"  {known} = {instruction}")
        elif self._abreast:
            self.lines.append("")
        return known

    def fresh(self, instruction: str) -> str:
        """As `let`, for instructions that read memory and so may not be shared."""
        name = self.new()
        self.lines.append(f"  {name} = {instruction}")
        return name

    def abreast(self, pieces: Iterable[Callable[[], str]]) -> list[str]:
        """Write one calculation for several operands, in rows: the first instruction of each, then the second of each ...

        Most instructions of a calculation wait for the one before them, and a processor looks only some hundred
        instructions ahead for others that it can do meanwhile. So independent ones stand side by side. A mark after every
        row keeps LLVM from moving them apart again.
        """
        written, columns, results = self.lines, [], []
        self._abreast = True  # `let` then leaves a gap for an instruction that is known already, so that rows stay rows
        for piece in pieces:
            self.lines = []
            results.append(piece())
            columns.append(self.lines)
        self._abreast, self.lines = False, written
        for row in zip(*columns, strict=True):
            instructions = [line for line in row if line]
            if instructions:
                self.lines += instructions
                self.mark()
        return results

    def mark(self) -> None:
        """A label, across which LLVM's scheduler moves no instruction. It makes none itself, on any system."""
        self.declared.update(("declare void @llvm.codeview.annotation(metadata)", '!1 = !{!"in order"}'))
        self.put("call void @llvm.codeview.annotation(metadata !1)")

    def label(self, name: str) -> None:
        """Begin a block. Nothing written before is assumed to be known in it."""
        self._known, self._block = {}, name
        self.lines.append(f"{name}:")

    def text(self) -> str:
        return "\n".join(self.lines)

    def fresh_label(self, name: str) -> str:
        self._count += 1
        return f"{name}{self._count}"

    @contextmanager
    def loop(self, count: int | str, name: str = "loop", step: int = 1) -> Iterator[str]:
        """A loop over 0, step, 2 step, ... below `count` (a number or an i64); the counter's name is handed out."""
        head, body, tail, done = (self.fresh_label(name + part) for part in ("", "_body", "_next", "_done"))
        before = self.fresh_label(name + "_before")
        self.put(f"br label %{before}")
        self.label(before)
        self.put(f"br label %{head}")
        self.label(head)
        i, following, more = self.new(), self.new(), self.new()
        self.put(f"{i} = phi i64 [ 0, %{before} ], [ {following}, %{tail} ]")
        self.put(f"{more} = icmp slt i64 {i}, {count}")
        self.put(f"br i1 {more}, label %{body}, label %{done}")
        self.label(body)
        self._leaving.append(done)
        yield i
        self._leaving.pop()
        self.put(f"br label %{tail}")
        self.label(tail)
        self.put(f"{following} = add nsw i64 {i}, {step}")
        self.put(f"br label %{head}{self.advice(count)}")
        self.label(done)

    def advice(self, count: int | str) -> str:
        """What a loop of that many turns tells the compiler, written after the branch back: nothing here."""
        return ""

    def carry(self, begin: int, end: int, values: list[str], body: Callable[[str, list[str]], list[str]]) -> list[str]:
        """A loop over begin..end-1 that hands values on from turn to turn in registers."""
        if begin >= end:
            return values
        names = ("carry_before", "carry", "carry_next", "carry_after")
        before, head, tail, after = (self.fresh_label(n) for n in names)
        self.put(f"br label %{before}")
        self.label(before)
        self.put(f"br label %{head}")
        self.label(head)
        i, following = self.new(), self.new()
        carried = [self.new() for _ in values]
        at = len(self.lines)
        results = body(i, carried)
        # phis must stand first, but name what the body computes
        self.lines[at:at] = [f"  {i} = phi i64 [ {begin}, %{before} ], [ {following}, %{tail} ]"] + [
            f"  {name} = phi {self.type} [ {value}, %{before} ], [ {result}, %{tail} ]"
            for name, value, result in zip(carried, values, results, strict=True)
        ]
        self.put(f"br label %{tail}")
        self.label(tail)
        more = self.new()
        self.put(f"{following} = add nsw i64 {i}, 1")
        self.put(f"{more} = icmp slt i64 {following}, {end}")
        self.put(f"br i1 {more}, label %{head}, label %{after}")
        self.label(after)
        return results

    def leave_if(self, condition: str) -> None:
        """Leave the innermost loop if that i1 holds."""
        stay = self.fresh_label("stay")
        self.put(f"br i1 {condition}, label %{self._leaving[-1]}, label %{stay}")
        self.label(stay)

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """A part that runs only if that i1 holds."""
        yes, after = self.fresh_label("yes"), self.fresh_label("after")
        self.put(f"br i1 {condition}, label %{yes}, label %{after}")
        self.label(yes)
        yield
        self.put(f"br label %{after}")
        self.label(after)

    def unless(self, condition: str, usual: str, other: Callable[[], str]) -> str:
        """The value `usual`, or where that i1 holds, which is rare, what `other` writes. Both are of our type."""
        before, rare, after = self._block, self.fresh_label("rare"), self.fresh_label("usual")
        self.declared.add('!0 = !{!"branch_weights", i32 1, i32 1000000}')
        self.put(f"br i1 {condition}, label %{rare}, label %{after}, !prof !0")
        known = self._known
        self.label(rare)
        self._known = dict(known)
        value = other()
        end = self._block
        self.put(f"br label %{after}")
        self.label(after)
        self._known = known  # whatever was written before the branch is known after it, too
        return self.fresh(f"phi {self.type} [ {usual}, %{before} ], [ {value}, %{end} ]")

    # --- memory and integers of addresses ---

    def index(self, a: int | str, op: str, b: int | str) -> int | str:
        """An i64 sum, product ...; numbers are computed at once."""
        if isinstance(a, int) and isinstance(b, int):
            return {"add": a + b, "mul": a * b, "sub": a - b}[op]
        if (op == "add" and b == 0) or (op == "mul" and b == 1):
            return a
        if (op == "add" and a == 0) or (op == "mul" and a == 1):
            return b
        if op == "mul" and 0 in (a, b):
            return 0
        return self.let(f"{op} i64 {a}, {b}")

    def at(self, base: str, index: int | str, type_: str | None = None) -> str:
        """The address of that element, of our vector type unless told."""
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

    # --- arithmetic ---

    def number(self, value: float) -> str:
        """A constant in every lane, rounded to our type."""
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
        """An LLVM intrinsic that IEEE 754 defines to the last bit: fma, sqrt, floor, fabs, copysign."""
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
        """add, sub, shl, lshr, ashr, and, or, xor on the bits."""
        return self.let(f"{op} {self.integer} {a}, {b}")

    def or_nan(self, y: str, x: str) -> str:
        """y, or a NaN where x is NaN."""
        mask = self.let(f"sext <{self.width} x i1> {self.compare('uno', x, x)} to {self.integer}")
        return self.from_bits(self.bit("or", mask, self.to_bits(y)))

    def clamp_above(self, x: str, bound: str) -> str:
        """min(x, bound), where NaN stays NaN."""
        return self.select(self.compare("olt", bound, x), bound, x)

    def clamp_below(self, x: str, bound: str) -> str:
        """max(x, bound), where NaN stays NaN."""
        return self.select(self.compare("ogt", bound, x), bound, x)


def _float32(value: float) -> float:
    import numpy as np

    with np.errstate(over="ignore"):
        return float(np.float32(value))

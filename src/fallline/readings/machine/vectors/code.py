"""LLVM's text, line by line: names for results, blocks, loops and branches.

Text, not `llvmlite.ir`: a kernel has thousands of instructions, and writing a line is ten times faster than building
and printing an object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

__all__ = ["Code"]


class Code:
    """Writes the body of a function.

    Parameters
    ----------
    type_
        The type of the values that loops and branches hand on.
    """

    def __init__(self, type_: str) -> None:
        self.type = type_
        self.lines: list[str] = []
        self.declared: set[str] = set()
        self._count = 0
        self._known: dict[str, str] = {}
        self._block = "entry"
        self._leaving: list[str] = []
        self._abreast = False

    def new(self) -> str:
        self._count += 1
        return f"%v{self._count}"

    def put(self, line: str) -> None:
        self.lines.append("  " + line)

    def let(self, instruction: str) -> str:
        """Write an instruction and return the name of its result. In one block the same pure instruction is written once."""
        known = self._known.get(instruction)
        if known is None:
            known = self._known[instruction] = self.new()
            self.lines.append(f"  {known} = {instruction}")
        elif self._abreast:
            self.lines.append("")
        return known

    def fresh(self, instruction: str) -> str:
        """Write an instruction that may not be shared because it reads memory, and return the name of its result."""
        name = self.new()
        self.lines.append(f"  {name} = {instruction}")
        return name

    def abreast(self, pieces: Iterable[Callable[[], str]]) -> list[str]:
        """Write one calculation for several operands, in rows: the first instruction of each, then the second of each ...

        Most instructions of a calculation wait for the one before them, and a processor looks only some hundred
        instructions ahead for others that it can execute meanwhile. So independent instructions stand side by side. A
        mark after every row keeps LLVM from moving them apart.
        """
        written, columns, results = self.lines, [], []
        self._abreast = (
            True  # `let` then leaves a gap for an instruction that is not written again, so that rows stay aligned
        )
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
        """Write a mark across which LLVM's scheduler moves no instruction. It becomes no instruction on any system."""
        self.declared.update(("declare void @llvm.codeview.annotation(metadata)", '!1 = !{!"in order"}'))
        self.put("call void @llvm.codeview.annotation(metadata !1)")

    def label(self, name: str) -> None:
        """Begin a block. No result of an earlier block is reused in it."""
        self._known, self._block = {}, name
        self.lines.append(f"{name}:")

    def text(self) -> str:
        return "\n".join(self.lines)

    def fresh_label(self, name: str) -> str:
        self._count += 1
        return f"{name}{self._count}"

    @contextmanager
    def loop(self, count: int | str, name: str = "loop", step: int = 1) -> Iterator[str]:
        """Write a loop over 0, step, 2 step, ... below `count` (a number or an i64), and yield the counter's name."""
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
        """Return advice to the compiler on a loop of `count` turns, written after the branch back: none here."""
        return ""

    def carry(
        self, begin: int, end: int | str, values: list[str], body: Callable[[str, list[str]], list[str]]
    ) -> list[str]:
        """Write a loop over begin..end-1 that passes values from turn to turn in registers. A count that is only known when
        the code runs (a name) must be above `begin`."""
        if not isinstance(end, str) and begin >= end:
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
        # phis must stand first, but they name results of the body
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
        """Leave the innermost loop if the condition, an i1, holds."""
        stay = self.fresh_label("stay")
        self.put(f"br i1 {condition}, label %{self._leaving[-1]}, label %{stay}")
        self.label(stay)

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """Write a part that runs only if the condition, an i1, holds."""
        yes, after = self.fresh_label("yes"), self.fresh_label("after")
        self.put(f"br i1 {condition}, label %{yes}, label %{after}")
        self.label(yes)
        yield
        self.put(f"br label %{after}")
        self.label(after)

    def unless(self, condition: str, usual: str, other: Callable[[], str]) -> str:
        """Return the value `usual`, or the value that `other` writes if the condition, an i1, holds, which is rare."""
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
        self._known = known  # results from before the branch are known after it, too
        return self.fresh(f"phi {self.type} [ {usual}, %{before} ], [ {value}, %{end} ]")

    def index(self, a: int | str, op: str, b: int | str) -> int | str:
        """Write an i64 sum, product or difference; that of two numbers is computed at once."""
        if isinstance(a, int) and isinstance(b, int):
            return {"add": a + b, "mul": a * b, "sub": a - b}[op]
        if (op == "add" and b == 0) or (op == "mul" and b == 1):
            return a
        if (op == "add" and a == 0) or (op == "mul" and a == 1):
            return b
        if op == "mul" and 0 in (a, b):
            return 0
        return self.let(f"{op} i64 {a}, {b}")

"""Code that writes sentences about numbers, as data: a tree of decisions, with a sentence at each end.

The code is run again and again with columns in place of the numbers. Where it asks for a truth (`if x > 0`), one of the two ways is
taken; where it writes a number (`f"{x:.3g}"`), a place is left. So the code stays Python's, and an evaluator without Python
computes the conditions and the numbers, follows the decisions, and fills the places.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fallline.readings.portable.column import Column
from fallline.readings.portable.trace import Trace

__all__ = ["sentences"]

Tree = list[Any]
"""The texts at an end; or [the output of a condition, the tree where it holds, the tree where it does not]."""


def sentences(trace: Trace, write: Callable[[], str | tuple[str, ...]]) -> dict[str, Any]:
    """The sentences that code writes about the numbers of a trace.

    Returns
    -------
    program
        Computes the conditions and the numbers, by name: "0", "1", ...
    places
        How each number is written, by its name: [output, Python's format]. A text has "{name}" at its place.
    tree
        The decisions. Conditions hold where the output is not 0.

    Examples
    --------
    >>> trace = Trace()
    >>> x = trace.number("x", float)
    >>> told = sentences(trace, lambda: f"It rose by {x:.2g}." if x > 0 else "It did not rise.")
    >>> told["tree"], told["places"]
    (['0', ['It rose by {0}.'], ['It did not rise.']], {'0': ['1', '.2g']})
    """
    return _Writer(trace).write(write)


class _Writer:
    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.outputs: dict[int, str] = {}
        """Names of the values that are needed."""
        self.places: dict[tuple[int, str], str] = {}
        self.path: list[tuple[str, bool]] = []
        """The decisions of this run."""
        self.known: list[bool] = []
        """Those that are taken as before."""

    def write(self, write: Callable[[], Any]) -> dict[str, Any]:
        """Run the code once for each way through its decisions."""
        table = self.trace.table
        table.writing = self
        try:
            tree = self._tree(write)
        finally:
            table.writing = None
        named = {name: [value] for value, name in self.outputs.items()}
        places = {name: [self.outputs[value], form] for (value, form), name in self.places.items()}
        return {"program": table.program(named).as_data(), "places": places, "tree": tree}

    def _tree(self, write: Callable[[], Any]) -> Tree:
        depth = len(self.known)
        self.path = []
        told = write()
        if len(self.path) == depth:
            return [told] if isinstance(told, str) else list(told)
        condition, known = self.path[depth][0], self.known
        branches = []
        for truth in (True, False):
            self.known = [*known, truth]
            branches.append(self._tree(write))
        self.known = known
        return [condition, *branches] if branches[0] != branches[1] else branches[0]

    def decides(self, x: Column) -> bool:
        """Return the truth of a condition on this way through the code."""
        constant = x.table.constant(x.value)
        if constant is not None:
            return bool(constant)
        name = self.outputs.setdefault(x.value, str(len(self.outputs)))
        before = dict(self.path)
        if name in before:
            return before[name]
        truth = self.known[len(self.path)] if len(self.path) < len(self.known) else True
        self.path.append((name, truth))
        return truth

    def shows(self, x: Column, form: str) -> str:
        """Return the place of a number in a text."""
        self.outputs.setdefault(x.value, str(len(self.outputs)))
        return f"{{{self.places.setdefault((x.value, form), str(len(self.places)))}}}"

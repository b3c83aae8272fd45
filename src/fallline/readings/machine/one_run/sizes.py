"""A small network stands for a large one.

The graph of a network of 200,000 weights would have millions of nodes. But its loops have the same body at every length,
so a network with a few units in each layer is traced, and its lengths are replaced. Each layer has a length of its own
there, which tells the layers apart. A second trace with other lengths must give the same loops; otherwise a page depends on
a length in another way, and the network is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.readings.graph import Node, topological
from fallline.readings.machine.samples.array_recovery import RecoveredArrays
from fallline.readings.machine.samples.node_arrays import ArrayAccess, Product

__all__ = ["NotScalableError", "Part", "Sizes"]

SHORTEST = 5
"""The shortest length that stands for another. Shorter arrays may be of scalars."""


class NotScalableError(Exception):
    """The loops of the small network cannot be those of the large one."""


@dataclass(frozen=True)
class Part:
    """The weights or the biases of a layer, in the flat vector and in padded rows of whole vectors.

    Attributes
    ----------
    first, step
        Index of the first parameter of the traced network, and the parameters of a row there.
    at
        Index of the first vector.
    rows, columns
        Of the real matrix; biases are one row.
    vectors
        Vectors of a row.
    """

    first: int
    step: int
    at: int
    rows: int
    columns: int
    vectors: int

    def places(self, width: int) -> NDArray[np.int64]:
        """Return the place of each parameter, row by row, among the padded numbers."""
        rows, columns = np.arange(self.rows)[:, None], np.arange(self.columns)
        return ((self.at + rows * self.vectors) * width + columns).ravel()

    def stride(self, small: int) -> tuple[int, int]:
        """Return how many rows and columns a step between parameters of the traced network takes in the real one."""
        if small == 0:
            return 0, 0
        if small == 1:
            return (0, 1) if self.step > 1 else (1, 0)
        if small != self.step:
            raise NotScalableError
        return 1, 0


@dataclass(frozen=True)
class Sizes:
    """The units of the real layers, and the units that stand for them.

    >>> Sizes.of((64, 32, 10)).stand_ins
    (5, 6, 10)
    >>> Sizes.of((64, 32, 6)).stand_ins, Sizes.of((64, 32, 6), other=True).stand_ins
    ((5, 7, 6), (8, 9, 6))
    """

    real: tuple[int, ...]
    stand_ins: tuple[int, ...]

    @classmethod
    def of(cls, real: Sequence[int], other: bool = False) -> Sizes:
        """Return lengths for all layers but the last, whose units a loss treats one by one. `other` gives other lengths."""
        free = (n for n in itertools.count(SHORTEST) if n != real[-1])
        taken = list(itertools.islice(free, (1 + other) * (len(real) - 1)))
        return cls(tuple(real), (*taken[-(len(real) - 1) :], real[-1]))

    def length(self, n: int) -> int:
        """Return the real length of an array of n nodes."""
        return self.real[self.stand_ins.index(n)] if n in self.stand_ins else n

    def parts(self, width: int, bias: bool) -> list[Part]:
        """Return where weights and biases stand, if vectors hold `width` numbers."""
        parts: list[Part] = []
        first = at = 0
        for l in range(1, len(self.real)):
            columns, step = self.real[l], self.stand_ins[l]
            vectors = -(-columns // width)
            for rows, small in ((self.real[l - 1], self.stand_ins[l - 1]), *(((1, 1),) if bias else ())):
                parts.append(Part(first, step, at, rows, columns, vectors))
                first += small * step
                at += rows * vectors
        return parts

    def signature(self, arrays: RecoveredArrays, parts: Sequence[Part]) -> list[Any]:
        """Return a description of the loops in which all lengths are real."""
        number = {id(array): i for i, array in enumerate(arrays.order)}
        order = {part.first: i for i, part in enumerate(parts)}

        def access(a: ArrayAccess | None) -> Any:
            if a is None or a.source == "w":
                part = a and parts[order[a.base]]
                return a and part and ("w", order[a.base], tuple(map(part.stride, a.strides)))
            source = _expression(a.source) if isinstance(a.source, Node) else number.get(id(a.source), a.source)
            return source, a.base, tuple(map(self.length, a.strides))

        def described() -> Iterator[Any]:
            for array in arrays.order:
                inner = array.inner if isinstance(array, Product) else 0
                yield array.op, self.length(array.length), self.length(inner), [access(o) for o in array.operands]
            for outer in arrays.outers:
                yield order[outer.first], access(outer.left), access(outer.right), tuple(map(self.length, outer.shape))
            for total in arrays.rest:
                yield (
                    order.get(total.first, "loss"),
                    total.op,
                    self.length(total.count),
                    [access(o) for o in total.operands],
                )
            yield "answers", access(arrays.answers)

        try:
            return list(described())
        except KeyError:
            raise NotScalableError from None


def _expression(node: Node) -> tuple[Any, ...]:
    """Return the operations of an expression in their order, equal for equal expressions of two graphs."""
    order = topological([node])
    number = {n.index: i for i, n in enumerate(order)}
    return tuple((n.op, n.payload, *(number[a.index] for a in n.args)) for n in order)

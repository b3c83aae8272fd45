"""Arrays of nodes: what loops over a graph's arrays are written from.

An array stands for nodes of one operation whose operands lie evenly spaced in other arrays or inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fallline.readings.graph import Node

__all__ = ["ArrayAccess", "NodeArray", "Outer", "Product", "Total"]


@dataclass(frozen=True)
class ArrayAccess:
    """Elements base + sum of index x stride of a source: "w", "x", "t", a `NodeArray`, or one node without samples."""

    source: Any
    base: int = 0
    strides: tuple[int, ...] = ()

    @property
    def samples(self) -> bool:
        """Whether the value differs from sample to sample."""
        return isinstance(self.source, NodeArray) or self.source in ("x", "t")


@dataclass(eq=False)
class NodeArray:
    """Nodes of one operation, element by element. An array of one node is a plain scalar."""

    op: str
    nodes: list[Node]
    operands: list[ArrayAccess]
    kept: bool = False
    """Whether its values are needed outside of the loop that computes them."""
    at: int = 0
    """Its place in the buffers."""

    @property
    def length(self) -> int:
        return len(self.nodes)


@dataclass(eq=False)
class Product(NodeArray):
    """A row times a matrix: element j is the sum over k of left[k] right[k, j], fused, in the order of k."""

    inner: int = 0


@dataclass(frozen=True)
class Outer:
    """The sums first..first + n m - 1 add left[i] right[j] for every sample."""

    left: ArrayAccess
    right: ArrayAccess
    shape: tuple[int, int]
    first: int


@dataclass(frozen=True)
class Total:
    """The sums first..first + count - 1 become an operation of themselves (None) and elements of arrays, for every sample."""

    first: int
    op: str
    operands: tuple[ArrayAccess | None, ...]
    count: int = 1

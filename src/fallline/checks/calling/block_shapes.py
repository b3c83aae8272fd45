"""The blocks of a gradient in the textbook's shapes, from arrays as the user's code has them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fallline.checks.calling.blocks import Block
from fallline.checks.calling.calls import name_of
from fallline.checks.calling.layouts import Layout
from fallline.textbook.network import Layer, Network, Parameters

__all__ = ["ShapeReader", "Shaped"]


@dataclass
class Shaped:
    """A gradient in the textbook's shapes, with sentences for what is odd or unreadable in it."""

    gradient: Parameters = ()
    odd: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    single: bool = False
    half: bool = False


@dataclass(frozen=True)
class ShapeReader:
    """Reads arrays in a layout.

    Parameters
    ----------
    samples
        The number of samples in the call.
    values
        The array of each block.
    """

    function: Callable[..., Any]
    network: Network
    layout: Layout
    samples: int
    values: Mapping[Block, Any]

    @property
    def has_numbers(self) -> bool:
        """Whether a block may be a single number."""
        return self.network.sizes[-1] == 1

    def shape(self, block: Block) -> tuple[int, ...]:
        """The shape of that block in the layout; of a bias (n,)."""
        kind, l = block
        n_in, n_out = self.network.sizes[l - 1 : l + 1]
        return (n_out,) if kind == "b" else self.layout.weight_shape(n_in, n_out)

    def size(self, blocks: Sequence[Block]) -> int:
        """The number of entries in those blocks."""
        return sum(math.prod(self.shape(block)) for block in blocks)

    def cut(self, vector: Any, blocks: Sequence[Block], order: str) -> dict[Block, Any]:
        """The blocks that stand one after another in a vector; the entries of matrices in the order "C" or "F"."""
        values, at = {}, 0
        for block in blocks:
            size = self.size([block])
            values[block] = vector.ravel()[at : at + size].reshape(self.shape(block), order=order)
            at += size
        return values

    def fits(self, value: Any, block: Block) -> bool:
        """Whether the value has the shape of that block; a bias may also be one row or one column, or a number."""
        wanted = self.shape(block)
        if value.shape == wanted:
            return True
        if block[0] == "W":
            return 1 in wanted and value.size == wanted[0] * wanted[-1] and value.ndim == 2 and len(wanted) == 1
        return value.shape in ((1, *wanted), (*wanted, 1)) or (value.ndim == 0 and wanted == (1,))

    def parameters(self) -> Shaped:
        """The gradient, shaped like the parameters. Wrong shapes that are understood are mended and noted."""
        shaped = Shaped()
        layers = []
        kinds: list[Any] = []
        for l in range(1, self.network.depth + 1):
            W = self._read(("W", l), shaped, kinds)
            b = self._read(("b", l), shaped, kinds) if self.network.bias and not self.layout.joined else None
            if self.layout.joined:
                W, b = self.layout.split(W)
            elif self.layout.flat:
                W = W[:, None]
            elif self.layout.weights_transposed:
                W = W.T
            layers.append(Layer(W, b))
        shaped.gradient = tuple(layers)
        shaped.single = all(kind == np.float32 for kind in kinds)
        shaped.half = all(kind == np.float16 for kind in kinds)
        return shaped

    def _read(self, block: Block, shaped: Shaped, kinds: list[Any]) -> Any:
        """The block in the layout's shape."""
        name, shape = f"d{block[0]}{block[1]}", self.shape(block)
        value = self.values[block]
        kinds.append(value.dtype)
        if value.dtype.kind == "c" and not (value.imag == 0).all():
            shaped.broken[name] = f"{name} of {name_of(self.function)} is complex; a gradient is real."
            return np.full(shape, np.nan)
        value = value.real if value.dtype.kind == "c" else value
        value = value if value.dtype in (np.float32, np.float64) else value.astype(float)
        if self.fits(value, block):
            return value.reshape(shape)
        return self._mended(block, value, name, shape, shaped)

    def _mended(self, block: Block, value: Any, name: str, shape: tuple[int, ...], shaped: Shaped) -> Any:
        if block[0] == "W" and value.shape == shape[::-1]:
            shaped.odd[name] = (
                f"{name} comes back transposed, {value.shape} for {shape}: it must be shaped like W{block[1]}; "
                "return its transpose"
            )
            return value.T
        if block[0] == "b":
            (n,), m = shape, self.samples
            if value.shape in ((m, n), (n, m)) and m != n:
                shaped.odd[name] = (
                    f"{name} is not summed over the samples: it has shape {value.shape}, one row for each sample; "
                    f"sum it to shape ({n},)"
                )
                return value.sum(axis=0 if value.shape == (m, n) else 1)
            if value.size == 1:
                shaped.odd[name] = f"{name} is a single number, summed over the units too; sum over the samples alone"
                return np.full(n, value.item())
            if value.size == m:
                shaped.broken[name] = (
                    f"{name} has one number for each of the {m} samples, shape {value.shape}: it is summed over the "
                    f"units, not over the samples. Sum over the other axis, to shape ({n},)."
                )
                return np.full(shape, np.nan)
        shaped.broken[name] = f"{name} has shape {value.shape}, but must be shaped like {block[0]}{block[1]}, {shape}."
        return np.full(shape, np.nan)

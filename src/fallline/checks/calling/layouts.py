"""Layouts of arrays: samples as rows or columns, weights (n_in, n_out) or transposed, and the shapes that a bias can have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from fallline.textbook.network import Network

__all__ = ["BIASES", "Layout", "layouts"]

Bias = Literal["flat", "row", "column", "number", "first", "last"]

BIASES: dict[Bias, str] = {
    "flat": "", "row": "biases (1, n)", "column": "biases (n, 1)", "number": "the bias as a number",
    "first": "the bias first in each weight matrix", "last": "the bias last in each weight matrix",
}  # fmt: skip
"""The shapes of a bias, in words: (n,), (1, n), (n, 1), a number where the layer has one unit, or a part of W."""


@dataclass(frozen=True)
class Layout:
    """The layout of the arrays that the user's function takes.

    Parameters
    ----------
    weights_transposed
        Whether weights are (n_out, n_in), not (n_in, n_out).
    columns
        Whether samples are columns.
    bias
        The shape of biases, one of `BIASES`.
    flat
        Whether the weights of a single unit are (n_in,).
    ones
        Whether the inputs have a column of ones, which the joined bias is multiplied by.
    """

    weights_transposed: bool = False
    columns: bool = False
    bias: Bias = "flat"
    flat: bool = False
    ones: bool = False

    @property
    def joined(self) -> bool:
        """Whether the bias is a part of the weight matrix."""
        return self.bias in ("first", "last")

    def weight(self, W: Any, b: Any = None) -> Any:
        """The weights of a layer as the user's code has them; with the bias in them if it is joined."""
        if self.joined and b is not None:
            W = np.concatenate([b[None], W] if self.bias == "first" else [W, b[None]])
        if self.flat:
            return W[:, 0]
        return W.T if self.weights_transposed else W

    def with_ones(self, X: Any) -> Any:
        """The inputs, as rows, with the column of ones that the user's code expects in them."""
        if not self.ones:
            return X
        one = np.ones((len(X), 1))
        return np.hstack([one, X] if self.bias == "first" else [X, one])

    def samples(self, A: Any) -> Any:
        """Samples, given as rows, as the user's code has them."""
        return A.T if self.columns else A

    def shaped_bias(self, b: Any) -> Any:
        """The bias of a layer as the user's code has it."""
        if self.bias == "number":
            return b[0]
        return b[None] if self.bias == "row" else b[:, None] if self.bias == "column" else b

    def weight_shape(self, n_in: int, n_out: int) -> tuple[int, ...]:
        """The shape of a layer's weights."""
        n_in += self.joined
        return (n_in,) if self.flat else (n_out, n_in) if self.weights_transposed else (n_in, n_out)

    def split(self, theta: Any) -> tuple[Any, Any]:
        """Textbook weights and bias from a joined matrix; the bias is None if it is not joined."""
        W = theta[:, None] if self.flat else theta.T if self.weights_transposed else theta
        if self.bias == "first":
            return W[1:], W[0]
        return (W[:-1], W[-1]) if self.bias == "last" else (W, None)

    def __str__(self) -> str:
        weights = "(n_in,)" if self.flat else "(n_out, n_in)" if self.weights_transposed else "(n_in, n_out)"
        usual = "column" if self.columns else "flat"
        bias = "" if self.bias == usual else f", {BIASES[self.bias] or 'biases (n,)'}"
        ones = ", inputs with a one for the bias" if self.ones else ""
        return f"samples as {'columns' if self.columns else 'rows'}, weights {weights}{bias}{ones}"


def layouts(network: Network) -> Iterator[tuple[int, Layout]]:
    """Every layout with its cost: 0 for the textbook's, more for those that are less usual."""
    single = network.sizes[-1] == 1 and network.depth == 1
    for flat in (False, True) if single else (False,):
        for transposed in (False, True) if not flat else (False,):
            for columns in (False, True):
                for bias in BIASES:
                    if (not network.bias and bias != "flat") or (bias == "number" and not single):
                        continue
                    cost = 2 * (transposed != columns and not flat) + (transposed or columns) + flat
                    usual = {
                        "flat": int(columns),
                        "row": 1 + 3 * columns,
                        "column": 4 * (not columns),
                        "number": 0 if flat else 2,
                    }
                    yield cost + usual.get(bias, 4), Layout(transposed, columns, bias, flat)
                    if network.depth == 1 and bias in ("first", "last"):
                        yield cost + usual.get(bias, 4), Layout(transposed, columns, bias, flat, ones=True)

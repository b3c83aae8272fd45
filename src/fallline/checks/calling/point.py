"""A point: the weights and samples at which the user's function is called, and every quantity of back-propagation there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from fallline.checks.calling.layouts import Layout
from fallline.textbook import network as pages
from fallline.textbook.network import Kept, Network, Parameters

__all__ = ["TARGETS", "Form", "Point", "Quantity"]


class Quantity(NamedTuple):
    """A quantity of back-propagation: "W", "b", "Z", "A" of a layer; "X", "T", "Y"; "D", the derivative by the logits; "m", "l2"."""

    kind: str
    layer: int | None = None

    def __str__(self) -> str:
        return f"{self.kind}{self.layer or ''}"


TARGETS = {
    "rows": "", "numbers": "targets as class numbers", "numbers from 1": "targets as class numbers from 1",
    "column of numbers": "targets as a column of class numbers",
    "column of numbers from 1": "targets as a column of class numbers from 1", "flat": "one target for each sample",
}  # fmt: skip
"""The forms of targets, in words."""

_LIBRARIES = {
    "torch": "torch tensors", "torch with gradients": "torch tensors that require gradients", "jax": "JAX arrays",
    "matrix": "numpy.matrix",
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """How the quantities are handed over.

    Parameters
    ----------
    layout
        The layout of matrices.
    targets
        The form of targets, one of `TARGETS`.
    sample
        "" if the function takes a batch; else it takes one sample at a time: "matrix" with one row or column, or "vector".
    library
        "numpy", or "torch" or "jax" for the arrays of that library, "torch with gradients" for tensors whose `grad` is
        filled, "matrix" for `numpy.matrix`.
    penalty
        The strength of the penalty that is handed over; None for the network's.
    """

    layout: Layout
    targets: str = "rows"
    sample: str = ""
    library: str = "numpy"
    penalty: float | None = None

    def __str__(self) -> str:
        library = "" if self.library == "numpy" else _LIBRARIES[self.library]
        sample = {"matrix": "one sample at a time", "vector": "one sample at a time, as vectors"}.get(self.sample, "")
        penalty = "" if self.penalty is None else f"l2 = {self.penalty:g}"
        return "; ".join(filter(None, (str(self.layout), TARGETS[self.targets], sample, library, penalty)))


@dataclass(frozen=True, eq=False)
class Point:
    """Weights w (P,), inputs X (m, n_in) and targets T (m, n_out)."""

    network: Network
    w: Any
    X: Any
    T: Any

    @cached_property
    def parameters(self) -> Parameters:
        return self.network.unpack(self.w)

    @cached_property
    def forward(self) -> tuple[Any, tuple[Kept, ...]]:
        """The logits, and what each layer keeps."""
        return pages.forward(self.network, self.parameters, self.X)

    def samples(self) -> list[Point]:
        """The same weights with each sample alone."""
        return [Point(self.network, self.w, self.X[s : s + 1], self.T[s : s + 1]) for s in range(len(self.X))]

    def value(self, quantity: Quantity, form: Form) -> Any:
        """The value of the quantity in that form."""
        kind, l = quantity.kind, quantity.layer or 0
        if kind in "XAZYD":
            rows = self._rows(kind, l)
            return _alone(form.layout.samples(form.layout.with_ones(rows) if kind == "X" else rows), form)
        if kind == "T":
            return self._targets(form)
        if kind in "Wb":
            W, b = self.parameters[l - 1]
            value = form.layout.weight(W, b) if kind == "W" else form.layout.shaped_bias(b)
            return value
        if kind == "m":
            return len(self.X)
        if kind == "l2":
            return self.network.l2 if form.penalty is None else form.penalty
        raise LookupError(f"there is no value for {quantity}")

    def _rows(self, kind: str, l: int) -> Any:
        if kind == "X" or (kind == "A" and l == 0):
            return self.X
        Z, kept = self.forward
        if kind == "D":
            return self.network.loss.delta(Z, self.T) / (len(Z) if self.network.reduction == "mean" else 1)
        if kind == "Y" or (kind == "A" and l == self.network.depth):
            return self.network.loss.output(Z)
        return kept[l - 1].Z if kind == "Z" else kept[l].A

    def _targets(self, form: Form) -> Any:
        T = self.T
        if form.targets == "rows":
            return _alone(form.layout.samples(T), form)
        numbers = T[:, 0] if form.targets == "flat" else T.argmax(axis=-1) + form.targets.endswith("from 1")
        if form.targets.startswith("column"):
            numbers = numbers[:, None]
        return numbers[0] if form.sample else numbers


def _alone(samples: Any, form: Form) -> Any:
    """A single sample as a vector, where that is the form."""
    return samples.reshape(-1) if form.sample == "vector" else np.ascontiguousarray(samples)

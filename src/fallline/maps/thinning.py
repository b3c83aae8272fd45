"""Every second, third ... cell of a map that has more cells than a picture shows."""

from __future__ import annotations

from fallline.experiment.axes import Axis
from fallline.experiment.choice_axis import ChoiceAxis

__all__ = ["strides_to", "thinned_axes", "thinned_by"]


def thinned_axes(x: Axis, y: Axis, most: int) -> tuple[Axis, Axis]:
    """The axes with every second, third ... value, so that neither has more than `most`. Choices all stay."""
    across, up = strides_to(x, y, most)
    return thinned_by(x, across), thinned_by(y, up)


def strides_to(x: Axis, y: Axis, most: int) -> tuple[int, int]:
    """Every how many values of each axis those of `thinned_axes` are.

    >>> strides_to(Axis("learning_rate", 0.1, 1, 4000), Axis("momentum", 0, 0.9, 500), 2000)
    (2, 2)
    """
    k = -(-max(x.count, y.count) // most)
    across, up = (1 if a.count < k or isinstance(a, ChoiceAxis) else k for a in (x, y))
    return across, up


def thinned_by(axis: Axis, k: int) -> Axis:
    """The axis with every `k`th value."""
    if k == 1:
        return axis
    values = axis.values[::k]
    if axis.listed:
        return Axis.of(axis.name, values)
    return Axis(axis.name, float(values[0]), float(values[-1]), len(values), axis.scale)

"""A picture of a network: units are circles, and weights are lines whose width and colour show size and sign."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from numpy.typing import ArrayLike, NDArray

from fallline.errors import ShapeError
from fallline.textbook.network import Layer, Network, Parameters
from fallline.views.numerals import listed, lowered, number
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Sheet, Size, sheet
from fallline.views.pictures.style import WIDTH, Theme, points, rim

__all__ = ["draw_network"]

Floats = NDArray[np.float64]

MOST = 10
"""Largest number of units of a layer that are all drawn. Of a larger layer, `FIRST` and `LAST` units are drawn."""
FIRST, LAST = 5, 2

COLUMN = 1.3
"""Distance between two layers, in inches."""

RADIUS = 0.19
"""Radius of a unit, in inches."""


def draw_network(
    network: Network,
    parameters: ArrayLike | Parameters | None = None,
    *,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    values: bool | None = None,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw units as circles, and weights as lines: wide if large, blue if positive, orange if negative.

    Parameters
    ----------
    network
        Any number of layers and units; of large layers the first and last units are shown, with the count.
    parameters
        A flat vector or (W, b) of each layer; without them all lines are alike.
    inputs, outputs
        Names of the input and output units, such as a table's columns and classes.
    values
        Whether weights and biases are written beside lines and units; by default, if there is room.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on.
    size
        Width, or (width, height), of the picture in inches.

    Examples
    --------
    >>> draw_network(Network.of("784-256-128-10")).title
    'Network 784-256-128-10: 235,146 parameters'
    """
    weights = None if parameters is None else _weights(network, parameters)
    for layer, names, count in (("inputs", inputs, network.sizes[0]), ("outputs", outputs, network.sizes[-1])):
        if names is not None and len(names) != count:
            raise ShapeError(f"{layer} must be {count} names, one for each unit of {network.text}; got {len(names)}.")
    count = network.parameter_count
    default = f"Network {network.text}: {count:,} parameter{'s' if count != 1 else ''}"
    shown = [_shown(n) for n in network.sizes]
    places = [
        _places(units, n, max(map(_slots, shown, network.sizes))) for units, n in zip(shown, network.sizes, strict=True)
    ]
    lines = sum(len(a) * len(b) for a, b in pairwise(shown))
    values = weights is not None and (lines <= 24 if values is None else values)
    step = (COLUMN if network.depth > 2 else 1.8) + (0.2 if values else 0.0)
    tall = max(float(np.ptp(y)) for y in places)
    margin = 0.85 if inputs or outputs else 0.35
    captions = [_caption(network, l) for l in range(network.depth + 1)]
    below = 0.52 + 0.18 * max(map(len, captions))
    width, height = max(WIDTH, step * network.depth + 2 * margin + 0.2), tall + below + 0.42
    with sheet(Place(ax, size, theme), height, default, title, width) as page, _fonts(page, width, height):
        theme = page.theme
        ax = page.axes()
        ax.set_axis_off()
        ax.set_aspect("equal")
        xs = [step * l for l in range(network.depth + 1)]
        written = _writer(weights) if values and weights is not None else None
        _connections(ax, network, weights, shown, places, xs, theme, written)
        for l, (units, ys) in enumerate(zip(shown, places, strict=True)):
            _units(ax, network, l, units, ys, xs[l], theme, inputs, outputs)
            bias = weights[l - 1].b if l and weights is not None else None
            if bias is not None and written is not None:
                for unit, y in zip(units, ys, strict=True):
                    ax.text(xs[l], y - RADIUS - 0.03, f"b {written(float(bias[unit]))}", ha="center",
                            va="top", fontsize=points(8), color=theme.muted, zorder=5, path_effects=rim(theme))  # fmt: skip
            for k, line in enumerate(captions[l]):
                ax.text(xs[l], -tall / 2 - 0.55 - 0.18 * k, line, ha="center", va="baseline", fontsize=points(9),
                        color=theme.muted if k else theme.ink)  # fmt: skip
        ax.set_xlim(xs[0] - margin, xs[-1] + margin)
        ax.set_ylim(-tall / 2 - below, tall / 2 + RADIUS + 0.06)
        if weights is not None:
            _key(page, weights)
    return page.picture(_alt(network, weights))


@contextmanager
def _fonts(page: Sheet, width: float, height: float) -> Iterator[None]:
    """Make letters as small as the units, where the picture is smaller than usual."""
    import matplotlib

    if page.own:
        factor = min(1.0, page.figure.get_figwidth() / width / page.scale)
    else:
        box = page.ax.get_window_extent()
        dpi = page.figure.figure.dpi
        factor = min(1.0, box.width / dpi / width, box.height / dpi / height)
    with matplotlib.rc_context({"font.size": factor * matplotlib.rcParams["font.size"]}):
        yield


def _weights(network: Network, parameters: ArrayLike | Parameters) -> tuple[Layer, ...]:
    if isinstance(parameters, tuple | list) and len(parameters) and isinstance(parameters[0], tuple):
        layers = tuple(Layer(np.asarray(W, float), None if b is None else np.asarray(b, float)) for W, b in parameters)
        for l, (layer, (shape, _)) in enumerate(zip(layers, network.shapes, strict=True), start=1):
            if layer.W.shape != shape:
                raise ShapeError(f"W{l} of {network.text} must have shape {shape}; got {layer.W.shape}.")
        return layers
    return tuple(network.unpack(np.asarray(parameters, dtype=np.float64)))


def _shown(count: int) -> list[int]:
    return list(range(count)) if count <= MOST else [*range(FIRST), *range(count - LAST, count)]


def _slots(units: list[int], count: int) -> int:
    return len(units) + (count > MOST)


def _places(units: list[int], count: int, most: int) -> Floats:
    """Heights of the units' centres in inches, the first at the top, with a gap where units are left out."""
    slots = np.arange(_slots(units, count), dtype=float)
    if count > MOST:
        slots = np.delete(slots, FIRST)
    gap = float(np.clip(3.6 / max(most - 1, 1), 0.44, 0.95))
    return gap * ((_slots(units, count) - 1) / 2 - slots)


def _connections(
    ax: Any, network: Network, weights: tuple[Layer, ...] | None, shown: list[list[int]], places: list[Floats],
    xs: list[float], theme: Theme, written: Callable[[float], str] | None,
) -> None:  # fmt: skip
    largest = max((float(np.nanmax(np.abs(W))) for W, _ in weights), default=0.0) if weights else 0.0
    for l in range(network.depth):
        a, b = places[l], places[l + 1]
        segments = [[(xs[l], y), (xs[l + 1], z)] for y in a for z in b]
        if weights is None:
            ax.add_collection(LineCollection(segments, colors=theme.muted, linewidths=0.9 if len(segments) < 40 else 0.5,
                                             alpha=0.75 if len(segments) < 40 else 0.45, zorder=1))  # fmt: skip
            continue
        W = weights[l].W[np.ix_(shown[l], shown[l + 1])].ravel()
        size = np.abs(W) / (largest or 1.0)
        order = np.argsort(size)  # the largest on top
        colours = [theme.series[1] if v > 0 else theme.series[0] for v in W[order]]
        dense = len(segments) >= 40
        zero = W[order] == 0
        widths = np.where(zero, 0.6, 0.35 + (2.2 if dense else 3.6) * size[order])
        ax.add_collection(LineCollection(
            [segments[k] for k in order], colors=[theme.faint if z else c for z, c in zip(zero, colours, strict=True)],
            linewidths=widths, alpha=np.where(zero, 1.0, np.clip(0.25 + size[order], 0, 0.95) if dense else 0.9), zorder=1,
        ))  # fmt: skip
        if written is not None:
            _write_weights(ax, [written(float(v)) for v in W], segments, theme)


def _write_weights(ax: Any, words: list[str], segments: list[list[tuple[float, float]]], theme: Theme) -> None:
    """Write the weights on their lines, each as far as possible from those already written."""
    ends = np.array(segments)
    taken: list[Floats] = []
    for k, word in enumerate(words):
        best, most = ends[k].mean(axis=0), -1.0
        for t in (0.34, 0.62, 0.3, 0.66, 0.4, 0.56, 0.48):
            at = ends[k, 0] + t * (ends[k, 1] - ends[k, 0])
            others = [float(np.hypot(0.45 * (p - at)[0], (p - at)[1])) for p in taken]
            along = ends[:, 0] + t * (ends[:, 1] - ends[:, 0])
            lines = np.abs(np.delete(along[:, 1], k) - at[1])
            room = min([*others, *(1.4 * lines).tolist(), 0.4])
            if room > most + 1e-9:
                best, most = at, room
        taken.append(best)
        ax.text(*best, word, ha="center", va="center", fontsize=points(8), zorder=2, color=theme.ink,
                bbox={"facecolor": theme.background, "edgecolor": "none", "pad": 0.6})  # fmt: skip


def _writer(weights: tuple[Layer, ...]) -> Callable[[float], str]:
    """The format of the numbers: short if all are short, else with two decimals."""
    every = np.concatenate([np.ravel(part) for layer in weights for part in layer if part is not None])
    if (every == np.round(every, 1)).all() and np.abs(every).max() < 100:
        return lambda v: number(v + 0.0, 3)
    return lambda v: f"{v:.2f}".replace("-0.00", "0.00").replace("-", "−") if abs(v) < 100 else number(v, 3)


def _units(
    ax: Any, network: Network, l: int, units: list[int], ys: Floats, x: float, theme: Theme,
    inputs: Sequence[str] | None, outputs: Sequence[str] | None,
) -> None:  # fmt: skip
    last = l == network.depth
    names = inputs if l == 0 else outputs if last else None
    for unit, y in zip(units, ys, strict=True):
        ax.add_patch(Circle((x, y), RADIUS, facecolor=theme.background, edgecolor=theme.ink, linewidth=1.2, zorder=3))
        letter = "x" if l == 0 else "y" if last else "h"
        text = letter + lowered(unit + 1)
        ax.text(x, y, text, ha="center", va="center_baseline", fontsize=points(9 if unit < 99 else 7.5), zorder=4)
        if names is not None:
            side = -1 if l == 0 else 1
            ax.text(
                x + side * (RADIUS + 0.06),
                y,
                names[unit],
                ha="right" if l == 0 else "left",
                va="center",
                fontsize=points(9),
            )
    if len(units) < network.sizes[l]:
        middle = (ys[FIRST - 1] + ys[FIRST]) / 2
        gap = (ys[FIRST - 1] - ys[FIRST]) / 2
        ax.plot([x] * 3, middle + np.array([-0.22, 0, 0.22]) * gap, "o", color=theme.ink, markersize=2.6, zorder=4)


def _caption(network: Network, l: int) -> list[str]:
    """The lines below a layer: its name, its function, and the number of its units if not all are drawn."""
    n = network.sizes[l]
    count = [f"{n} units"] if n > MOST else []
    if l == 0:
        return ["inputs", *count]
    if l == network.depth:
        return ["output", _output(network), *count]
    return [f"layer {l}", network.activations[l - 1].label, *count]


def _output(network: Network) -> str:
    """The function from logits to the answer: "softmax", "logistic", "identity"."""
    return getattr(network.loss.output, "__name__", "output").replace("_", " ")


def _key(page: Sheet, weights: tuple[Layer, ...]) -> None:
    theme = page.theme
    W = np.concatenate([layer.W.ravel() for layer in weights])
    handles = [Line2D([], [], color=theme.series[1], linewidth=3), Line2D([], [], color=theme.series[0], linewidth=3)]
    texts = [
        f"positive weight, largest {number(float(W.max()), 3)}",
        f"negative weight, lowest {number(float(W.min()), 3)}",
    ]
    keep = [k for k, there in enumerate(((W > 0).any(), (W < 0).any())) if there]
    if page.own:
        page.legend([handles[k] for k in keep], [texts[k] for k in keep])


def _alt(network: Network, weights: tuple[Layer, ...] | None) -> str:
    sizes = network.sizes
    layers = [f"{sizes[0]} input{'s' if sizes[0] != 1 else ''}"]
    for n, f in zip(sizes[1:-1], network.activations, strict=True):
        layers.append(f"a layer of {n} {f.label} unit{'s' if n != 1 else ''}")
    answer = "" if _output(network) == "identity" else f" through the {_output(network)} function"
    layers.append(f"{sizes[-1]} output{'s' if sizes[-1] != 1 else ''}{answer}")
    text = f"Feed-forward network drawn from left to right: {listed(layers)}."
    if max(sizes) > MOST:
        text += " Of large layers only the first and last units are drawn."
    if weights is not None:
        W = np.concatenate([layer.W.ravel() for layer in weights])
        plus, minus = W[W > 0], W[W < 0]
        parts = [f"{len(plus)} positive up to {number(float(plus.max()), 3)}"] if len(plus) else []
        parts += [f"{len(minus)} negative down to {number(float(minus.min()), 3)}"] if len(minus) else []
        parts += [f"{int((W == 0).sum())} zero"] if (W == 0).any() else []
        text += f" Lines show weights: {', '.join(parts)}."
    return text

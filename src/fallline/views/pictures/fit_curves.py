"""The losses of a fit: of the training and of the validation, epoch by epoch, with the epochs that were kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.models.best_epoch import Members
from fallline.views.numerals import number
from fallline.views.pictures.curves import loss_ticks
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Sheet, Size, sheet
from fallline.views.pictures.style import Theme

__all__ = ["draw_fit_curves"]

Floats = NDArray[np.float64]

MOST_LINES = 64
"""The most starts whose own curves are drawn."""


def draw_fit_curves(
    members: Members,
    *,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw the losses of training and validation at each epoch: a pale line for each start, a strong one for the median.

    Dots are the epochs whose weights were kept.

    Parameters
    ----------
    members
        The starts of a fit, `model.fit.members`.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on.
    size
        Width, or (width, height), of the picture in inches.
    """
    starts = len(members.best_epoch)
    default = f"Loss of {starts:,} start{'s' if starts != 1 else ''} while training"
    judged = bool(np.isfinite(members.validation_curve).any()) if members.validation_curve.size else False
    with sheet(Place(ax, size, theme), 3.1, default, title) as page:
        ax = page.axes()
        curves = [("training", members.curve, page.theme.series[1])]
        if judged:
            curves.append(("validation", members.validation_curve, page.theme.series[0]))
        handles = [_curve(ax, page, members.epochs, losses, colour) for _, losses, colour in curves]
        texts = [name for name, _, _ in curves]
        if judged:
            handles.append(_best(ax, page, members))
            texts.append("kept epochs")
        values = np.concatenate([losses[np.isfinite(losses) & (losses > 0)] for _, losses, _ in curves])
        if len(values) and np.quantile(values, 0.99) > 20 * np.quantile(values, 0.01):
            ax.set_yscale("log")
        _limits(ax, [losses for _, losses, _ in curves], members.epochs)
        loss_ticks(ax, ax.get_yscale() == "log")
        ax.set_xlabel("epoch")
        ax.set_ylabel("mean loss")
        page.legend(handles, texts, 3)
    return page.picture(_alt(members, judged))


def _curve(ax: Any, page: Sheet, epochs: NDArray[np.int64], losses: Floats, colour: str) -> Any:
    for line in losses[:MOST_LINES]:
        ax.plot(epochs, line, color=colour, linewidth=0.6, alpha=0.25, zorder=1)
    (handle,) = ax.plot(epochs, _median(losses), color=colour, linewidth=page.line(2.0), zorder=3)
    return handle


def _median(losses: Floats) -> Floats:
    """The median of the starts, while at least half of them still train."""
    finite = np.isfinite(losses)
    enough = finite.sum(axis=0) * 2 >= len(losses)
    median = np.full(losses.shape[1], np.nan)
    for k in np.flatnonzero(enough):
        median[k] = np.median(losses[finite[:, k], k])
    return median


def _best(ax: Any, page: Sheet, members: Members) -> Any:
    shown = slice(None, MOST_LINES)
    losses = members.kept_losses[shown]
    (handle,) = ax.plot(members.best_epoch[shown], losses, "o", markersize=4, color=page.theme.ink, zorder=4, linestyle="none",
                        markeredgecolor=page.theme.background, markeredgewidth=0.5)  # fmt: skip
    return handle


def _limits(ax: Any, curves: list[Floats], epochs: NDArray[np.int64]) -> None:
    """Leave the highest losses of single starts out, if they would press the others to the ground."""
    values = np.concatenate([losses[np.isfinite(losses)] for losses in curves])
    if not len(values):
        return
    highest = max(float(np.nanmax(_median(losses))) for losses in curves if np.isfinite(_median(losses)).any())
    if ax.get_yscale() == "linear":
        ax.set_ylim(0 if values.min() >= 0 else None, min(float(values.max()), 1.6 * highest) * 1.04)
    ax.set_xlim(0, int(epochs.max()) * 1.01)


def _alt(members: Members, judged: bool) -> str:
    text = f"Loss of the training at each epoch, {len(members.best_epoch)} starts"
    if not judged:
        return text + "."
    losses = members.kept_losses
    finite = losses[np.isfinite(losses)]
    return (
        f"{text}, and of the validation. The median kept epoch is {np.median(members.best_epoch):.0f}, with a validation loss of "
        f"{number(float(np.median(finite)), 3)}."
    )

"""A map in words, for those who cannot see the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.axes import Axis
from fallline.experiment.choice_axis import ChoiceAxis
from fallline.measures.outcome import OUTCOMES, place
from fallline.views.numerals import capitalized, number, percent
from fallline.views.words import axis_words, span_words, value_words

__all__ = ["map_alt"]

Floats = NDArray[np.float64]


def map_alt(
    array: Floats, lost: NDArray[np.bool_], x_axis: Axis, y_axis: Axis, measure: str, kind: str, lost_word: str,
    names: Sequence[str] = (), known: NDArray[np.bool_] | None = None,
) -> str:  # fmt: skip
    """Describe the values of a map: their range, where the lowest is, and how many runs diverged.

    Shares are those of the cells that are `known`, by default of all.
    """
    there = np.ones(array.shape, dtype=bool) if known is None else known

    text = (
        f"Map of {measure} over {span_words(x_axis)} to the right and {span_words(y_axis)} upwards: {array.shape[1]} by "
        f"{array.shape[0]} runs."
    )
    if not there.all():
        text += f" {capitalized(percent(float((~there).mean())))} of them are not computed."
    if kind in ("outcomes", "minima"):
        words = OUTCOMES if kind == "outcomes" else (*names, lost_word)
        away = place("diverged") if kind == "outcomes" else len(names)
        places = np.where(lost, away, np.nan_to_num(array))[there].astype(int)
        shares = [(float((places == k).mean()), word) for k, word in enumerate(words) if (places == k).any()]
        text += " " + ", ".join(f"{word} {percent(share)}" for share, word in sorted(shares, reverse=True)) + "."
    else:
        gone = lost | (array > 0) if kind == "ranks" else lost
        share = capitalized(percent(float(gone[there].mean())))
        if lost_word == "diverged" or kind == "ranks":
            text += f" {share} of the runs diverged."
        elif lost_word:
            text += f" {share} of the runs: {lost_word}."
        if kind == "values" and not lost[there].all():
            row, column = np.unravel_index(int(np.argmin(np.where(lost | ~there, np.inf, array))), array.shape)
            text += (
                f" The lowest value is {number(float(array[row, column]))}, at {axis_words(x_axis.name)} "
                f"{value_words(x_axis, int(column))} and {axis_words(y_axis.name)} {value_words(y_axis, int(row))}."
            )
        ordered = not isinstance(x_axis, ChoiceAxis) and (lost_word == "diverged" or kind == "ranks")
        for word, end in (("bottom", 0), ("top", -1)) if ordered else ():
            if there[end].all() and gone[end].any() and not gone[end].all() and not gone[end, 0]:
                first = value_words(x_axis, int(gone[end].argmax()))
                text += f" In the {word} row runs diverge from {axis_words(x_axis.name)} {first} on."
    return text

"""Settings chosen with a margin: the best neighbourhood of a grid, not its best cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import DataError, UsageError
from fallline.models.description import Tuned
from fallline.models.fitting import Kind
from fallline.models.neighbourhood import (
    AROUND,
    MOST_LOST,
    MOST_MARGIN,
    PARTS,
    Neighbourhood,
    bounds_of,
    centre_of,
    fresh,
    train_around,
)  # fmt: skip
from fallline.models.settings import FitSettings
from fallline.models.tuning_grid import Grid, TuneLike, grid_of, higher, lower
from fallline.models.warranty import Warranty, warranty
from fallline.plotting import Plotted, draw
from fallline.sentences import listed
from fallline.settings import Setting
from fallline.shapes import Shaped

__all__ = ["Tuning", "tune_samples"]

Floats = NDArray[Any]
Show = Callable[[int, int], Any]

SCREENED, FEWEST, CANDIDATES, CONFIRMED, FRESH = 12, 20, 3, 192, 1000
"""Starts in each cell of the grid; fewest rows; neighbourhoods that are trained again, with so many starts; starts of the warranty."""


@dataclass(frozen=True, eq=False, repr=False)
class Tuning(Plotted):
    """A grid of settings, the neighbourhood that was chosen, and its warranty.

    Attributes
    ----------
    grid
        The values that were tried, ascending, by setting: one or two.
    measure, losses
        "log loss", or "root mean squared error", of each cell's starts together, on rows that they did not see.
    lost
        The share of each cell's starts that diverged or died.
    starts
        Starts in each cell; each has settings of its own within 20 % of the cell's.
    chosen
        The settings in the middle of the neighbourhood, by name.
    found
        Whether a neighbourhood fulfilled both limits among the starts that chose it.
    tried
        How many neighbourhoods were trained again, with more starts, before one was chosen.
    warranty
        What fresh starts say of the chosen neighbourhood. None if it was not asked for.
    declared
        The declarations of the optimizer's settings.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 60)[:, None]
    >>> few = FitSettings(hidden=(), folds=2, epochs=200, batch=0)
    >>> tuned = tune_samples(X, 3 * X, "values", few, {"learning_rate": [0.05, 0.1]}, starts=30)
    >>> sorted(tuned.chosen), tuned.losses.shape, tuned.found
    (['learning_rate'], (2,), True)
    """

    grid: Grid
    measure: str
    losses: Shaped[Floats, "*cells"]
    lost: Shaped[Floats, "*cells"]
    starts: int
    chosen: Mapping[str, float]
    found: bool
    tried: int
    warranty: Warranty | None
    declared: Mapping[str, Setting] = field(default_factory=dict)

    reach, most_lost = AROUND, MOST_LOST

    @property
    def holds(self) -> bool:
        """Whether a neighbourhood was found, and fresh starts confirm it."""
        return self.found and (self.warranty is None or self.warranty.holds)

    @property
    def at_edge(self) -> tuple[str, ...]:
        """The tuned settings whose chosen value is the lowest or highest tried."""
        ends = {name: (values[0], values[-1]) for name, values in self.grid.items() if len(values) > 1}
        return tuple(name for name, both in ends.items() if self.chosen[name] in both)

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """The lowest and highest value of each tuned setting in the chosen neighbourhood."""
        return {name: bounds_of(self.declared.get(name), value) for name, value in self.chosen.items()}

    def __str__(self) -> str:
        """In words."""
        cells = int(np.prod([len(values) for values in self.grid.values()]))
        words = [f"Tuned over {cells} neighbourhoods of {listed([_label(name) for name in self.grid])}: "
                 f"{listed([f'{_label(name)} {value:.3g}' for name, value in self.chosen.items()])}."]  # fmt: skip
        if not self.found:
            words.append(
                f"No neighbourhood within ±20 % had at most {100 * MOST_LOST:.0f} % of starts that diverged or died, and a loss "
                f"at its edges at most {100 * MOST_MARGIN:.0f} % higher: this is the best of {self.tried} that were tried."
            )
        elif self.warranty is not None and not self.warranty.holds:
            words.append("Fresh starts do not confirm the neighbourhood.")
        if self.warranty is not None:
            words.append(f"Fresh starts, {self.warranty}")
        if self.at_edge:
            words.append(
                f"The chosen {listed([_label(name) for name in self.at_edge])} is at the end of the range tried."
            )
        return " ".join(words)

    def __repr__(self) -> str:
        return f"Tuning({', '.join(f'{name}={value:.4g}' for name, value in self.chosen.items())}, holds={self.holds})"

    def _in_words(self) -> str:
        return str(self)

    def settings(self, settings: FitSettings) -> FitSettings:
        """Return the settings of a fit with the chosen ones in their places."""
        own = {name: value for name, value in self.chosen.items() if name != "l2"}
        rate = "learning_rate" in own
        return replace(
            settings,
            how=settings.how.with_(own),
            own_rate=settings.own_rate or rate,
            l2=self.chosen.get("l2", settings.l2),
        )

    def described(self) -> Tuned:
        """Return what a model's file and JSON say of the chosen settings."""
        w = self.warranty
        return Tuned(
            settings=dict(self.chosen), starts=w.starts if w else 0, lost=w.lost.value if w else 0.0,
            margin=_finite(w.margin) if w else None, rise=_finite(w.rise) if w else None, cliff=w.cliff if w else None,
            found=self.found, holds=self.holds,
        )  # fmt: skip

    def plot(self, **options: Any) -> Any:
        """Draw the grid as a map: the loss of each neighbourhood, those in which starts are lost, and the chosen one.

        Parameters
        ----------
        **options
            As for `fallline.views.draw_tuning`: `ax`, `cmap`, `size`, `title`.
        """
        return draw("tuning", self, **options)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _label(name: str) -> str:
    return "L2 penalty" if name == "l2" else name.replace("_", " ")


def tune_samples(
    X: Shaped[Floats, "rows n_in"],
    T: Shaped[Floats, "rows n_out"],
    kind: Kind,
    settings: FitSettings,
    tune: TuneLike = True,
    weights: Shaped[Floats, " rows"] | None = None,
    *,
    starts: int | None = None,
    threads: int | None = None,
    progress: Show = lambda done, total: None,
) -> Tuning:
    """Choose settings whose whole neighbourhood trains well, and measure it with fresh starts.

    In each cell of the grid, 12 starts have settings of their own within 20 % of the cell's. The three neighbourhoods with the lowest
    loss and no lost start are trained again with 192 other starts each; the best of them that fulfils both limits is chosen: at most
    1 % of its starts diverge or die, and the loss at its edges is at most 10 % higher. Starts of a third draw make the warranty.

    Parameters
    ----------
    X, T, kind, settings, weights, threads, progress
        As for `fit_samples`.
    tune
        True for the default grid; or values by name, of one or two settings.
    starts
        Fresh starts of the warranty, 1,000 by default; 0 for none.

    Raises
    ------
    DataError
        There are fewer than 20 rows.
    UsageError
        No rows are kept for validation.
    """
    starts = FRESH if starts is None else starts
    if len(X) < FEWEST:
        raise DataError(f"tune needs at least {FEWEST} rows; there are {len(X)}.")
    if settings.folds == 1 and not settings.validation:
        raise UsageError("tune needs rows that judge: set folds to at least 2, or validation above 0.")
    base = centre_of(settings, len(X) - len(X) // max(2, settings.folds))
    grid = grid_of(tune, settings, len(X) - len(X) // max(2, settings.folds))
    cells: dict[tuple[float, ...], Neighbourhood] = {}
    few = PARTS * max(SCREENED // PARTS, settings.folds)
    work, whole = 0.0, 1 + 0.5 + (2.5 if starts else 0.0)

    def train(points: list[tuple[float, ...]], count: int, key: int, share: float) -> list[Neighbourhood]:
        """Train starts around points of the grid."""
        nonlocal work
        own = replace(settings, ensemble=count, seed=fresh(settings.seed, key))
        first, work = work, work + share
        return train_around(
            X, T, kind, own, [base | dict(zip(grid, point, strict=True)) for point in points], weights, threads=threads,
            progress=lambda done, total: progress(round(1000 * (first + share * done / total) / whole), 1000),
        )  # fmt: skip

    points = list(_cells(grid))
    cells |= zip(points, train(points, few, 1, 0.8), strict=True)
    order = _ranked(cells)
    if tune is True and "learning_rate" in grid and (more := _beyond(grid["learning_rate"], order[0][0])):
        grid["learning_rate"] = tuple(sorted({*grid["learning_rate"], *more}))
        points = [point for point in _cells(grid) if point not in cells]
        cells |= zip(points, train(points, few, 1, 0.2), strict=True)
        order = _ranked(cells)
    work = 1.0
    best = order[:CANDIDATES]
    again = train(best, max(CONFIRMED, few), 2, 0.5)
    ranked = sorted(range(len(best)), key=lambda k: (not again[k].fulfils, again[k].together))
    if not again[ranked[0]].fulfils:
        ranked.sort(key=lambda k: (again[k].lost, again[k].together))
    chosen = dict(zip(grid, best[ranked[0]], strict=True))
    shape = tuple(len(values) for values in grid.values())
    of_cells = [cells[point] for point in _cells(grid)]
    tuned = Tuning(
        dict(grid), "root mean squared error" if kind == "values" else "log loss", np.array([n.together for n in of_cells]).reshape(shape),
        np.array([n.lost / n.starts for n in of_cells]).reshape(shape), of_cells[0].starts, chosen, again[ranked[0]].fulfils,
        len(best), None, settings.how.optimizer.declared,
    )  # fmt: skip
    if not starts:
        return tuned
    own = replace(tuned.settings(settings), seed=fresh(settings.seed, 2))
    measured = warranty(
        X, T, kind, own, weights, starts=starts, threads=threads,
        progress=lambda done, total: progress(round(1000 * (1.5 + 2.5 * done / total) / whole), 1000),
    )  # fmt: skip
    return replace(tuned, warranty=measured)


def _cells(grid: Grid) -> Iterator[tuple[float, ...]]:
    """Yield the points of a grid, the last setting fastest."""
    first, *rest = grid.values()
    for value in first:
        for other in rest[0] if rest else [None]:
            yield (value,) if other is None else (value, other)


def _ranked(cells: Mapping[tuple[float, ...], Neighbourhood]) -> list[tuple[float, ...]]:
    """Return the cells, those without a lost start first, then by loss."""
    return sorted(cells, key=lambda point: (cells[point].lost > 0, cells[point].together))


def _beyond(rates: tuple[float, ...], best: float) -> tuple[float, ...]:
    """Return further learning rates if the best is the lowest or highest."""
    return higher(rates) if best == rates[-1] else lower(rates) if best == rates[0] else ()

"""Fit an ensemble of networks to samples: its folds, its starts, and what they are judged by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import DataError
from fallline.experiment.starts import draw_starts
from fallline.models.best_epoch import Members
from fallline.models.ensemble import Ensemble
from fallline.models.fold_training import FoldTraining
from fallline.models.folds import folds_of, share_of
from fallline.models.kinds import LOSS_OF, Kind
from fallline.models.samples import Samples
from fallline.models.scaling import Scaling
from fallline.models.settings import FitSettings
from fallline.problems.weighted import WeightedObjective
from fallline.runs.execution import cores
from fallline.shapes import Shaped
from fallline.textbook.network import Network

__all__ = ["LOSS_OF", "Fit", "Kind", "first_starts", "fit_samples", "network_for", "values_scale"]

Floats = NDArray[Any]
FEWEST = 10
"""The fewest samples of which some are kept from the training; with fewer, all epochs are trained."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted ensemble, and how it was fitted.

    Attributes
    ----------
    ensemble
        The members whose loss was finite; after they were trained again on all samples, if they were.
    members
        Every start as its fold judged it: its curves, the epoch at which it was kept, whether it diverged.
    fold
        The fold of each start; its samples were kept from the start's training.
    kept
        For each sample of the table the answers of members that had not seen it then, averaged; NaN where all had.
    settings
        What it was fitted with.
    alive
        Which starts are members of the ensemble.
    judges
        The same members as their folds judged them: those of fold k have not seen its samples. The ensemble itself if its members
        were not trained again.
    row_fold
        The fold of each row of the table, whose members did not see it; -1 where all saw it. None if that is not known.
    """

    ensemble: Ensemble
    members: Members
    fold: Shaped[NDArray[np.int64], " runs"]
    kept: Shaped[Floats, "rows n_out"]
    settings: FitSettings
    alive: Shaped[NDArray[np.bool_], " runs"]
    judges: Ensemble
    row_fold: Shaped[NDArray[np.int64], " rows"] | None = None


def network_for(settings: FitSettings, inputs: int, outputs: int, kind: Kind) -> Network:
    """Return the network with the hidden layers of the settings.

    >>> network_for(FitSettings(hidden=(8,)), 4, 3, "classes").text
    '4-8-3'
    """
    sizes = (inputs, *settings.hidden, outputs)
    return Network.of(sizes, activation=settings.activation, loss=LOSS_OF[kind], reduction="mean")


def fit_samples(
    X: Shaped[Floats, "rows n_in"],
    T: Shaped[Floats, "rows n_out"],
    kind: Kind,
    settings: FitSettings,
    weights: Shaped[Floats, " rows"] | None = None,
    *,
    starts: Shaped[Floats, "runs P"] | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], Any] = lambda done, total: None,
    values: Mapping[str, Floats] | None = None,
    copies: int = 1,
    refuse: bool = True,
    judge: bool = True,
) -> Fit:
    """Fit an ensemble to samples.

    Each fold of the samples judges the starts that are trained on all others, and so chooses their epoch; so every sample judges
    some starts. Then all starts are trained again on all samples, up to their epoch (`settings.refit`). Equal rows count as one
    sample of their joint weight, and the order of the rows does not matter.

    Parameters
    ----------
    X, T
        Inputs, and targets: one-hot rows of classes, rows of labels 0 or 1, or values.
    kind
        Of the targets.
    settings
        How it is fitted.
    weights
        Of the rows.
    starts
        First parameters, instead of random ones.
    threads
        Threads; one for each core if None.
    progress
        Called with the finished and all parts.
    values, copies
        The same starts several times, one copy after the other, each with settings of its own, (copies * starts,) by name.
    refuse
        Whether it is an error if all starts diverge.
    judge
        Whether the kept samples are answered; else `kept` is NaN.

    Raises
    ------
    DataError
        Every start diverged.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> fitted = fit_samples(X, 3 * X, "values", FitSettings(hidden=(), ensemble=2, folds=2, epochs=200))
    >>> fitted.ensemble.answers(np.array([[0.5]])).round(1).tolist()
    [[1.5]]
    """
    samples = Samples.of(np.asarray(X, np.float64), np.asarray(T, np.float64), weights)
    centre, spread = values_scale(samples, kind)
    scaling = Scaling.of(samples.X, samples.weights, settings.scaling)
    inputs, targets = scaling(samples.X), (samples.T - centre) / spread
    network = network_for(settings, X.shape[1], T.shape[1], kind)
    if starts is None:
        starts = first_starts(network, samples, settings)
    kept_by_fold = _kept(samples, kind, settings, len(starts))
    fold_of_start = np.tile(np.arange(len(starts)) % len(kept_by_fold), copies)
    groups = [np.flatnonzero(fold_of_start == k) for k in range(len(kept_by_fold))]
    starts = np.tile(starts, (copies, 1))
    reports = _Sum(progress, len(groups))
    learned = _smoothed(targets, settings.label_smoothing) if kind == "classes" else targets
    again = bool(settings.refit_of(len(samples)) and kept_by_fold[0].any())

    def train(k: int) -> tuple[Members, Floats]:
        own = {name: numbers[groups[k]] for name, numbers in (values or {}).items()}
        task = FoldTraining(network, inputs, learned, targets, samples, kept_by_fold[k], kind, settings, own)
        members = task.train(starts[groups[k]], groups[k] // (len(starts) // copies), reports.of(k))
        return members, task.train_again(starts[groups[k]], members) if again else members.parameters

    with ThreadPoolExecutor(min(threads or cores(), len(groups))) as pool:
        trained = list(pool.map(train, range(len(groups))))
    members, fold = _joined([first for first, _ in trained], groups)
    final = np.empty_like(members.parameters)
    for k, (_, points) in enumerate(trained):
        final[groups[k]] = points
    alive = np.asarray(np.isfinite(final).all(axis=-1))
    if refuse and not alive.any():
        raise DataError(
            f"all {len(starts)} starts diverged: take a smaller learning rate than {settings.rate_of(len(samples)):g}."
        )
    every = Ensemble(network, final, scaling, centre, spread)
    outside = replace(every, parameters=members.parameters)  # each as it was before it saw its fold
    answers = np.full((len(samples), T.shape[1]), np.nan)
    for k, kept in enumerate(kept_by_fold):
        of_fold = np.flatnonzero(alive & (fold == k))
        if judge and kept.any() and len(of_fold):
            answers[kept] = outside.some(of_fold).answers(samples.X[kept])
    of_rows = np.full((len(X), T.shape[1]), np.nan)
    of_rows[samples.place >= 0] = answers[samples.place[samples.place >= 0]]
    row_fold = np.full(len(X), -1)
    for k, kept in enumerate(kept_by_fold):
        row_fold[(samples.place >= 0) & kept[samples.place]] = k
    ensemble = every.some(np.flatnonzero(alive))
    judges = outside.some(np.flatnonzero(alive)) if again else ensemble
    return Fit(ensemble, members, fold, of_rows, settings, alive, judges, row_fold)


def first_starts(network: Network, samples: Samples, settings: FitSettings) -> Shaped[Floats, "runs P"]:
    """Draw the first parameters of the members."""
    plain = WeightedObjective(network, samples.X[:1], samples.T[:1])  # starts depend on the network alone
    return draw_starts(plain, settings.ensemble, settings.seed, initial=settings.initial)


def values_scale(samples: Samples, kind: Kind) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of values as targets; 0 and 1 for classes."""
    outputs = samples.T.shape[1]
    if kind != "values":
        return np.zeros(outputs), np.ones(outputs)
    centre = np.average(samples.T, axis=0, weights=samples.weights)
    spread = np.sqrt(np.average((samples.T - centre) ** 2, axis=0, weights=samples.weights))
    return centre, np.where(spread > 0, spread, 1.0)


def _kept(samples: Samples, kind: Kind, settings: FitSettings, starts: int) -> list[NDArray[np.bool_]]:
    """Return for each fold which samples are kept from the training of its starts."""
    group = samples.inputs
    count = int(group[-1]) + 1
    classes = np.zeros(count, np.int64)
    if kind == "classes":
        together = np.zeros((count, samples.T.shape[1]))
        np.add.at(together, group, samples.T * samples.weights[:, None])
        classes = together.argmax(axis=-1)
    folds = min(settings.folds, starts, count)
    if count >= FEWEST and folds > 1:
        fold = folds_of(classes, folds, settings.seed)
        return [(fold == k)[group] for k in range(folds)]
    if count >= FEWEST and settings.validation:
        return [share_of(classes, settings.validation, settings.seed)[group]]
    return [np.zeros(len(samples), np.bool_)]


def _smoothed(T: Floats, share: float) -> Floats:
    """Return one-hot rows with a share spread over all classes. Source: Szegedy et al. 2016 (arXiv:1512.00567)."""
    return T if share == 0 else (1 - share) * T + share / T.shape[1]


def _joined(trained: list[Members], groups: list[NDArray[np.int64]]) -> tuple[Members, NDArray[np.int64]]:
    """Return the starts of all folds in their own order, and the fold of each."""
    order = np.argsort(np.concatenate(groups), kind="stable")
    longest = max((m.epochs for m in trained), key=len)

    def curves(name: str) -> Floats:
        parts = [getattr(m, name) for m in trained]
        width = max(part.shape[1] for part in parts)
        padded = [np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=np.nan) for part in parts]
        return np.asarray(np.concatenate(padded)[order])

    def column(name: str) -> Any:
        return np.concatenate([getattr(m, name) for m in trained])[order]

    members = Members(
        column("parameters"), column("best_epoch"), column("last_epoch"), column("diverged"), longest, curves("curve"),
        curves("validation_curve"), trained[0].arithmetic,
    )  # fmt: skip
    return members, np.concatenate([np.full(len(g), k) for k, g in enumerate(groups)])[order]


class _Sum:
    """The progress of several folds as one."""

    def __init__(self, progress: Callable[[int, int], Any], parts: int) -> None:
        self._progress, self._done, self._lock = progress, [0.0] * parts, Lock()

    def of(self, part: int) -> Callable[[int, int], None]:
        def report(done: int, total: int) -> None:
            with self._lock:
                self._done[part] = done / total
                self._progress(round(1000 * sum(self._done)), 1000 * len(self._done))

        return report

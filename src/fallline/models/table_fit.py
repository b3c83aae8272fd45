"""`fit`: from a table to a model, with what a constant and a linear model reach beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.preparing import Target
from fallline.data.preparing.fitting import Missing
from fallline.data.preparing.target import Task
from fallline.data.preparing.twins import twins_of_target
from fallline.data.reading import Dialect, read_table
from fallline.errors import DataError, UsageError
from fallline.models.description import Row, Stated, Summary
from fallline.models.evidence import Evidence
from fallline.models.fitting import Fit, Kind, fit_samples
from fallline.models.folds import share_of
from fallline.models.model import Model
from fallline.models.nested import HEADLINE, Nested, score_interval
from fallline.models.scores import scores
from fallline.models.sentences import outcome_sentence, settings_words
from fallline.models.settings import INITIAL, FitSettings, fit_settings
from fallline.models.table_rows import TableRows
from fallline.models.tuning import tune_samples
from fallline.models.tuning_grid import TuneLike
from fallline.models.warranty import warranty as warranty_of
from fallline.runs.progress import Parts, Progress, showing
from fallline.sentences import capital
from fallline.settings import Setting

__all__ = ["fit"]

Floats = NDArray[Any]

OUTER = 5
"""Outer folds of a fit that is tuned."""

OUTER_FOLDS = Setting(
    "outer_folds", "", "parts of the rows that are each kept from everything once", 0, 0, 64, whole=True
)
TEST = Setting("test", "", "share of the rows that are kept for the test and never trained on", 0.0, 0, 0.9)


def fit(
    data: Any,
    target: str | Sequence[str],
    *,
    inputs: Sequence[str] = (),
    task: Task | None = None,
    missing: Missing = "refuse",
    categories: Sequence[str] = (),
    weights: str | None = None,
    balanced: bool = False,
    test: float = 0.0,
    dialect: Dialect | None = None,
    warranty: bool = False,
    tune: TuneLike = False,
    outer_folds: int | None = None,
    progress: Progress = False,
    threads: int | None = None,
    hidden: Any = FitSettings.hidden,
    activation: Any = "relu",
    optimizer: Any = "adam",
    learning_rate: float | None = None,
    optimizer_settings: dict[str, Any] | None = None,
    initial: Any = INITIAL,
    schedule: str = "cosine",
    scaling: str = FitSettings.scaling,
    dtype: str = "float64",
    refit: bool | None = None,
    **settings: Any,
) -> Model:
    """Fit an ensemble of small networks to a table.

    Many starts are trained side by side. Each fold of the rows judges the starts that learn from all other rows, and chooses the
    epoch at which their mean answer is best. Then they are trained again on all rows, up to that epoch, and their answers are averaged. The summary (`print(model)`)
    tells what was done to the table, how good the model is on rows that its judges did not see, and what a constant and a linear
    model reach.

    Parameters
    ----------
    data
        A CSV or Parquet file, a data frame, or what `read_table` read.
    target
        The column to learn, or several.
    inputs
        The input columns; by default all others.
    task
        "classification" or "regression"; guessed by default, and said.
    missing, categories, dialect
        As for `read_data`.
    weights
        A column with the weight of each row.
    balanced
        Whether all classes get the same weight together.
    test
        Share of the rows that is kept from everything, for the last judgement.
    warranty
        Whether fresh starts are trained around the settings, to tell how many are lost there and how far the cliff is.
    tune
        True chooses learning rate and L2 penalty (or momentum) from a grid: not the best cell, but the best neighbourhood, with a
        margin from the cliff; {"learning_rate": [0.01, 0.1], "l2": [0, 0.01]} is a grid of your own. `model.tuning` has it.
    outer_folds
        Parts of the rows that are each kept from everything once, tuning included, for an honest estimate with an interval. By
        default 5 if `tune`, else 0: none.
    progress, threads
        True for a bar, or a function; threads, one for each core by default.
    hidden, activation, optimizer, learning_rate, optimizer_settings, initial, schedule, scaling, dtype
        The network and how it is trained.
    refit
        Whether the starts are trained again on all rows, up to the epoch that their fold chose; by default, whether there are at
        most 1,000.
    **settings
        epochs, patience, batch, ensemble, folds, validation, label_smoothing, l2, seed.

    Raises
    ------
    DataError
        The table cannot be used as it is.
    SettingError, UnknownNameError
        A setting is out of range, or is not known.

    Examples
    --------
    >>> import fallline as fl
    >>> flowers = fl.read_table("size,kind\\n" + "1,rose\\n2,rose\\n5,tulip\\n6,tulip\\n" * 5)
    >>> fit(flowers, "kind", hidden=(4,), ensemble=4, epochs=60)
    Model(2 classes of 'kind' from 1 columns, 4 networks 1-4-2)
    """
    chosen = fit_settings(
        hidden=hidden, activation_=activation, optimizer_=optimizer, learning_rate=learning_rate, dtype=dtype,
        optimizer_settings=optimizer_settings, initial_=initial, schedule=schedule, scaling=scaling, refit=refit, **settings,
    )  # fmt: skip
    table = read_table(data, dialect=dialect)
    learned = Target.of(table, target, task)
    columns = [name for name in inputs or table.columns if name not in learned.columns and name != weights]
    if not columns:
        raise DataError(f"{table.file} must have an input column beside its target {', '.join(learned.columns)}.")
    T = learned(table)
    kind: Kind = "values" if learned.task == "regression" else "classes" if learned.classes else "labels"
    if balanced and kind != "classes":
        raise UsageError("balanced needs a target of classes.")
    test_rows = _kept(T, kind, TEST.check(test), chosen.seed)
    kept = ~test_rows
    outer = _outer(outer_folds, tune, int(kept.sum()))
    own_weights = None if weights is None else table.weights(weights)
    rows = TableRows(table, columns, learned, kind, missing, categories, own_weights, balanced)
    preparation = rows.preparation(kept)
    X, shares = preparation(table), rows.shares(kept, T)
    own = None if shares is None else shares[kept]
    samples, targets = X[kept], T[kept]
    tuning = nested = None
    with showing(progress, f"fit {table.file}") as show:
        parts = Parts(
            show, {"estimate": 5.0 * bool(outer) if tune else 1.0 * outer, "tuning": 4.0 * bool(tune), "fit": 1.0}
        )
        if tune is not False:
            tuning = tune_samples(
                samples, targets, kind, chosen, tune, own, threads=threads, progress=parts.of("tuning")
            )
            chosen, plain = tuning.settings(chosen), chosen
        if outer:
            nested = rows.estimate(kept, plain if tuning else chosen, outer, tune, threads, parts.of("estimate"))
        fitted = fit_samples(samples, targets, kind, chosen, own, threads=threads, progress=parts.of("fit"))
    linear = fit_samples(samples, targets, kind, _linear(chosen), own, threads=threads)
    told = [outcome_sentence(fitted)]
    if tuning is not None:
        told.append(str(tuning))
    elif warranty:
        told.append(capital(str(warranty_of(samples, targets, kind, chosen, own, threads=threads))))
    notes = [*table.notes, learned.note, *preparation.notes, *twins_of_target(table, learned, columns)]
    summary = Summary(
        rows=int(kept.sum()), test_rows=int(test_rows.sum()), notes=[note for note in notes if note],
        settings=settings_words(chosen, int(kept.sum())),
        validation=_compared(fitted, linear, None, T[kept], kind, own),
        test=_compared(fitted, linear, X[test_rows], T[test_rows], kind, None if shares is None else shares[test_rows], T[kept])
        if test_rows.any() else [],
        outcome=" ".join(told), estimate=_stated(nested, fitted, T[kept], kind, own),
        tuned=None if tuning is None else tuning.described(),
    )  # fmt: skip
    evidence = Evidence(table, X, T, test_rows, shares, linear)
    return Model(learned, preparation, kind, fitted.ensemble, summary, fitted, tuning, evidence)


def _kept(T: Floats, kind: Kind, share: float, seed: int) -> NDArray[np.bool_]:
    """Return which rows are kept for the test."""
    if not share:
        return np.zeros(len(T), np.bool_)
    kept = share_of(T.argmax(axis=-1) if kind == "classes" else np.zeros(len(T), np.int64), share, seed)
    if kept.all() or not kept.any():
        raise DataError(
            f"test must leave at least one row for the training and one for the test; there are {len(T)} rows."
        )
    return kept


def _outer(folds: int | None, tune: TuneLike, rows: int) -> int:
    """Return the number of outer folds; 0 for none."""
    if folds is None:
        return OUTER if tune is not False else 0
    checked = int(OUTER_FOLDS.check(folds))
    if checked == 1 or checked > rows:
        raise UsageError(f"outer_folds must be 0 for none, or from 2 to the number of rows, {rows}; got {checked}.")
    return checked


def _stated(nested: Nested | None, fitted: Fit, T: Floats, kind: Kind, weights: Floats | None) -> Stated | None:
    """Return the score that is stated with an interval: the nested one, else that of members that did not see the row."""
    if nested is not None:
        estimate, folds = nested.estimate, nested.folds
    elif np.isfinite(fitted.kept).any():
        estimate = score_interval(fitted.kept, T, kind, weights, fitted.settings.seed)
        folds = fitted.settings.folds
    else:
        return None
    value, low, high = estimate
    if not np.isfinite([value, low, high]).all():
        return None
    return Stated(
        score=HEADLINE[kind], value=value, low=low, high=high, folds=folds, nested=nested is not None,
        tuned=nested is not None and nested.tuned,
    )  # fmt: skip


def _linear(settings: FitSettings) -> FitSettings:
    """Return the settings of a linear model: one start for each fold."""
    return replace(settings, hidden=(), ensemble=settings.folds, label_smoothing=0.0)


def _compared(
    fitted: Fit,
    linear: Fit,
    X: Floats | None,
    T: Floats,
    kind: Kind,
    weights: Floats | None,
    learned: Floats | None = None,
) -> list[Row]:
    """Return the scores of the ensemble, its median start, a linear model and a constant: on X, or by the kept folds."""
    if X is None and not np.isfinite(fitted.kept).any():
        return []
    e = fitted.ensemble
    rows = {f"ensemble of {e.members}": fitted.kept if X is None else e.answers(X)}
    table = [Row(label=label, scores=scores(answers, T, kind, weights)) for label, answers in rows.items()]
    if X is not None:
        each = [scores(answers, T, kind, weights) for answers in e.each(X)]
        table.append(Row(label="its median start", scores={k: float(np.median([s[k] for s in each])) for k in each[0]}))
    straight = linear.kept if X is None else linear.ensemble.answers(X)
    table.append(Row(label="linear model", scores=scores(straight, T, kind, weights)))
    constant = np.average(T if learned is None else learned, axis=0, weights=weights if learned is None else None)
    table.append(Row(label="constant", scores=scores(np.broadcast_to(constant, T.shape), T, kind, weights)))
    return table

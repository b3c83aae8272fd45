"""`MapSearchCV` over 200 settings and 5 folds beside `GridSearchCV` of scikit-learn's MLP, as a ratio, in turn, in one run.

    python bench/map_search.py [--cells 200] [--peer-cells 4] [--repeats 3] [--jobs 2]

Both train the same network (one hidden layer of 16 units, Adam, minibatches of 32 rows, at most 100 epochs, no early stopping) with
each learning rate and penalty of a grid, in 5 folds, and refit the best. `--peer-cells` lets `GridSearchCV` try a part of the grid,
evenly spaced over it; its time is then multiplied, which is said in the output. Every fit makes all epochs, so that all cells take the same
time, and the workers of `--jobs` are started before. Wall-clock times mean something only on an idle machine; with `--jobs 1` there
is processor time, too.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings

import numpy as np
from sklearn import datasets
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fallline.estimators import MapSearchCV, NetworkClassifier

EPOCHS, UNITS, BATCH = 100, 16, 32


def clock() -> tuple[float, float]:
    """Wall-clock time, and processor time of this process."""
    return time.perf_counter(), time.process_time()


def ours(X, y, rates, penalties, jobs: int):
    """The search of ours."""
    model = NetworkClassifier(
        (UNITS,), ensemble=1, folds=1, validation=0, epochs=EPOCHS, patience=0, batch=BATCH, schedule="constant",
        scaling="standard",
    )  # fmt: skip
    return MapSearchCV(model, {"learning_rate": list(rates), "l2": list(penalties)}, cv=5, n_jobs=jobs).fit(X, y)


def peer(X, y, cells, jobs: int):
    """The search of scikit-learn's, over some cells."""
    mlp = MLPClassifier((UNITS,), batch_size=BATCH, max_iter=EPOCHS, tol=0, n_iter_no_change=EPOCHS, random_state=0)
    grid = [
        {"mlpclassifier__learning_rate_init": [rate], "mlpclassifier__alpha": [BATCH * penalty]}
        for rate, penalty in cells
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of every fit that has not converged
        os.environ["PYTHONWARNINGS"] = "ignore"
        return GridSearchCV(make_pipeline(StandardScaler(), mlp), grid, cv=5, n_jobs=jobs).fit(X, y)


def main() -> None:
    """Print the times and ratios for each table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--peer-cells", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=["iris", "wine", "breast_cancer"])
    options = parser.parse_args()
    rates, penalties = np.geomspace(1e-4, 1e-1, options.cells // 10), np.geomspace(1e-6, 1e-2, 10)
    cells = [(rate, penalty) for rate in rates for penalty in penalties]
    some = [cells[k] for k in np.linspace(0, len(cells) - 1, options.peer_cells).astype(int)]
    factor = len(cells) / len(some)
    if factor > 1:
        print(f"GridSearchCV tries {len(some)} of {len(cells)} settings; its times are multiplied by {factor:g}.")
    print(
        f"{'table':<16}{'ours, wall':>12}{'CPU':>8}{'theirs, wall':>14}{'CPU':>8}{'ratio, wall':>14}{'CPU':>8}{'scores':>18}"
    )
    for name in options.only:
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        peer(X[::9], y[::9], some[:2], options.jobs)  # starts the workers
        for _ in range(options.repeats):
            begun = clock()
            search = ours(X, y, rates, penalties, options.jobs)
            middle = clock()
            theirs = peer(X, y, some, options.jobs)
            end = clock()
            if options.jobs > 1:  # what its workers need is not counted
                begun, middle, end = ((wall, np.nan) for wall, _ in (begun, middle, end))
            own, other = np.subtract(middle, begun), factor * np.subtract(end, middle)
            print(
                f"{name:<16}{own[0]:>10.2f} s{own[1]:>6.2f} s{other[0]:>12.1f} s{other[1]:>6.1f} s{other[0] / own[0]:>14.1f}"
                f"{other[1] / own[1]:>8.1f}{search.best_score_:>11.4f}{theirs.best_score_:>8.4f}", flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()

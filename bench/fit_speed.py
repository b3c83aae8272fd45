"""The time of a fit, compared with scikit-learn and PyTorch: the digits of scikit-learn, 64-32-10, minibatches of 200, 50 epochs.

    python bench/fit_speed.py [--rounds 7] [--threads 2] [--only NAME ...] [--json]

All contestants take turns in one process, so that other work on the machine slows all of them alike; each ratio is taken
within a round, and its median, lowest and highest are shown. By the processor's clock the time of all threads is added;
by the wall clock a second thread can help. All keep a fifth of the samples for validation and judge each epoch by it.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

EPOCHS, BATCH, HIDDEN = 50, 200, 32


def contestants(threads: int) -> dict[str, Callable[[], Any]]:
    """Return each contestant's fit. The first is what the others are compared with."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    from fallline.models.fitting import fit_samples
    from fallline.models.settings import fit_settings

    X, y = load_digits(return_X_y=True)
    X /= 16
    T = np.eye(10)[y]

    def ours(ensemble: int = 1, dtype: str = "float64") -> Any:
        settings = fit_settings(hidden=(HIDDEN,), ensemble=ensemble, batch=BATCH, epochs=EPOCHS, dtype=dtype)
        return fit_samples(X, T, "classes", settings, threads=threads)

    def scikit_learn(dtype: Any = np.float64, judged: bool = True) -> Any:
        network = MLPClassifier(
            (HIDDEN,), batch_size=BATCH, max_iter=EPOCHS, early_stopping=judged, validation_fraction=0.2,
            n_iter_no_change=EPOCHS,
        )  # fmt: skip
        return network.fit(X.astype(dtype), y)

    def pytorch(kind: str) -> Any:
        import torch

        torch.set_num_threads(threads)
        dtype = getattr(torch, kind)
        inputs, classes = torch.tensor(X, dtype=dtype), torch.tensor(y)
        kept = len(X) - len(X) // 5
        network = torch.nn.Sequential(torch.nn.Linear(64, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 10)).to(
            dtype
        )
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01, weight_decay=1e-4)
        loss = torch.nn.CrossEntropyLoss()
        for _ in range(EPOCHS):
            order = torch.randperm(kept)
            for first in range(0, kept - BATCH + 1, BATCH):
                rows = order[first : first + BATCH]
                optimizer.zero_grad()
                loss(network(inputs[rows]), classes[rows]).backward()
                optimizer.step()
            with torch.no_grad():
                loss(network(inputs[kept:]), classes[kept:]).item()
        return network

    return {
        "fallline": ours,
        "fallline, float32": lambda: ours(dtype="float32"),
        "scikit-learn": scikit_learn,
        "scikit-learn, no validation": lambda: scikit_learn(judged=False),
        "scikit-learn, float32": lambda: scikit_learn(np.float32),
        "PyTorch, eager, float32": lambda: pytorch("float32"),
        "PyTorch, eager, float64": lambda: pytorch("float64"),
        "fallline, ensemble of 32": lambda: ours(32),
        "fallline, ensemble of 32, float32": lambda: ours(32, "float32"),
    }


def measure(rounds: int, threads: int, only: list[str] | None = None) -> dict[str, dict[str, list[float]]]:
    """Return for each contestant its times in each round, by the processor's clock and by the wall's."""
    from threadpoolctl import threadpool_limits

    with warnings.catch_warnings(), threadpool_limits(threads):
        warnings.simplefilter("ignore")  # scikit-learn: 50 epochs are not enough to converge
        fits = {name: fit for name, fit in contestants(threads).items() if only is None or name in only}
        times: dict[str, dict[str, list[float]]] = {name: {"processor": [], "wall": []} for name in fits}
        for turn in range(rounds + 1):
            for name, fit in fits.items():
                start = time.process_time(), time.perf_counter()
                fit()
                spent = time.process_time() - start[0], time.perf_counter() - start[1]
                if turn:  # the first round compiles and imports
                    for clock, seconds in zip(("processor", "wall"), spent, strict=True):
                        times[name][clock].append(seconds)
    return times


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these contestants, fallline among them")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    times = measure(chosen.rounds, chosen.threads, chosen.only)
    if chosen.json:
        print(json.dumps(times))
        return
    ours = {clock: np.array(times["fallline"][clock]) for clock in ("processor", "wall")}
    print(f"{chosen.threads} threads, {chosen.rounds} rounds; milliseconds, and the ratio to fallline (float64)")
    for name, clocks in times.items():
        cells = []
        for clock, seconds in clocks.items():
            ratios = np.array(seconds) / ours[clock]
            low, middle, high = np.min(ratios), np.median(ratios), np.max(ratios)
            cells.append(f"{clock} {1000 * np.median(seconds):7.1f}  {middle:5.2f} [{low:.2f}, {high:.2f}]")
        print(f"{name:36}{'   '.join(cells)}")


if __name__ == "__main__":
    main()

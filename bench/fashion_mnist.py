"""Fashion-MNIST with one network 784-256-128-100-10, in float32: accuracy on the test images, and the time.

    apt-get install dataset-fashion-mnist
    python bench/fashion_mnist.py [--epochs 20] [--ensemble 1] [--learning-rate 0.001] [--folder /usr/share/datasets/fashion-mnist]

The images are Zalando's (Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747): 60,000 for the training, of which a tenth judges each
epoch, and 10,000 for the test. The target is an accuracy of 0.883.
"""

from __future__ import annotations

import argparse
import gzip
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.models.fitting import fit_samples
from fallline.models.settings import fit_settings

HIDDEN, TARGET = (256, 128, 100), 0.883


def images(folder: Path, which: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return pixels from 0 to 1 (images, 784), and classes."""

    def numbers(name: str, header: int) -> NDArray[np.uint8]:
        with gzip.open(folder / f"{which}-{name}-ubyte.gz") as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)

    return numbers("images-idx3", 16).reshape(-1, 784) / 255, numbers("labels-idx1", 8).astype(np.int64)


def main() -> None:
    """Train, and print accuracy and time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--ensemble", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=0.001)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    chosen = parser.parse_args()
    X, y = images(chosen.folder, "train")
    settings = fit_settings(
        hidden=HIDDEN, ensemble=chosen.ensemble, folds=1, validation=0.1, epochs=chosen.epochs, patience=0, batch=128,
        learning_rate=chosen.learning_rate, scaling="none", dtype="float32", seed=chosen.seed,
    )  # fmt: skip
    start = time.process_time(), time.perf_counter()
    fit = fit_samples(X, np.eye(10)[y], "classes", settings)
    processor, wall = time.process_time() - start[0], time.perf_counter() - start[1]
    X, y = images(chosen.folder, "t10k")
    right = [float((answers.argmax(axis=-1) == y).mean()) for answers in fit.ensemble.each(X)]
    whole = float((fit.ensemble.answers(X).argmax(axis=-1) == y).mean())
    print(f"784-{'-'.join(map(str, HIDDEN))}-10, {chosen.epochs} epochs, best {fit.members.best_epoch.tolist()}")
    print(f"accuracy {whole:.4f} (each: {', '.join(f'{share:.4f}' for share in right)}); target {TARGET}")
    print(f"{processor:.1f} s by the processor's clock, {wall:.1f} s in all")


if __name__ == "__main__":
    main()

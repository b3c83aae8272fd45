"""The effective rate: with small rates, momentum only makes the learning rate larger."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fallline.experiment.axes import Axis
from fallline.experiment.method import method
from fallline.experiment.starts import draw_starts
from fallline.laws.edges import chebyshev
from fallline.laws.evidence import Curves, Region
from fallline.laws.law import Finding, Law, finding
from fallline.laws.trial import Trial
from fallline.runs.training import Training
from fallline.textbook.initial import INITIALS

__all__ = ["EFFECTIVE_RATE", "effective_rate"]

RATE, STEPS, TOLERANCE = 0.02, 2000, 0.02


def effective_rate(learning_rate: float, momentum: float) -> float:
    """e / (1 - a): the learning rate of gradient descent that trains as this learning rate does with momentum.

    >>> round(effective_rate(0.002, 0.9), 9)
    0.02
    """
    return learning_rate / (1 - momentum)


def _losses(trial: Trial, rates: np.ndarray, momenta: np.ndarray) -> np.ndarray:
    """Losses of each start with each pair of effective rate and momentum, (pairs, starts, steps + 1)."""
    problem = chebyshev()
    starts = draw_starts(problem, trial.starts, seed=trial.seed, initial=INITIALS["glorot_normal"])
    pairs, count = len(rates), trial.starts
    settings = {"learning_rate": np.repeat(rates * (1 - momenta), count), "momentum": np.repeat(momenta, count)}
    training = Training(problem, method("momentum").with_(settings), STEPS, np.tile(starts, (pairs, 1)))
    return np.asarray(trial.train(training, ["history"])["history"]).reshape(pairs, count, -1)


def _farthest(losses: np.ndarray, plain: np.ndarray) -> np.ndarray:
    """The ratio of two losses that is farthest from 1 after a quarter of the run, of each start."""
    with np.errstate(all="ignore"):
        ratio = (losses / plain)[..., STEPS // 4 :]
        far = np.nan_to_num(np.maximum(ratio, 1 / ratio), nan=np.inf)
    return np.take_along_axis(ratio, far.argmax(axis=-1)[..., None], axis=-1)[..., 0]


def _effective_rate(trial: Trial) -> Iterator[Finding | Curves]:
    momenta = np.array([0.0, 0.5, 0.8, 0.9])
    losses = _losses(trial, np.full(4, RATE), momenta)
    for momentum, with_it in zip(momenta[1:].tolist(), losses[1:], strict=True):
        yield finding(
            f"momentum {momentum:g}, learning rate {RATE * (1 - momentum):g}",
            "loss / loss of gradient descent, farthest from 1 after a quarter of the run",
            1.0, _farthest(with_it, losses[0]), TOLERANCE,
        )  # fmt: skip
    at = np.unique(np.geomspace(1, STEPS, 60).astype(int))
    seen = {
        f"momentum {m:g}" if m else "gradient descent": some[:2, at] for m, some in zip(momenta, losses, strict=True)
    }
    yield Curves("losses", f"Losses at the same effective rate, {RATE:g}", "step", "loss", at, seen, log="xy")


def _region(trial: Trial, side: int) -> Iterator[Region]:
    x, y = Axis("effective_rate", 0.01, 1.0, side, "log"), Axis("momentum", 0.1, 0.98, side)
    plain = _losses(trial, x.values, np.zeros(side))
    lost = ~np.isfinite(plain[..., -1])
    fates: dict[str, list[np.ndarray]] = {"agree": [], "differ": [], "gradient descent diverges": []}
    for momentum in y.values:
        near = np.abs(_farthest(_losses(trial, x.values, np.full(side, momentum)), plain) - 1) <= TOLERANCE
        for name, fate in zip(fates, (near & ~lost, ~near & ~lost, lost), strict=True):
            fates[name].append(fate.mean(axis=1))
    title = f"Where the losses are equal, within {100 * TOLERANCE:g} %"
    yield Region("losses", title, x, y, trial.starts, {name: np.array(rows) for name, rows in fates.items()})


EFFECTIVE_RATE = Law(
    "effective-rate",
    "With small rates, momentum trains as gradient descent does with a learning rate that is 1 / (1 - a) times larger.",
    r"\epsilon_{\text{effective}} = \frac{\epsilon}{1 - \alpha}",
    "N. Qian, On the momentum term in gradient descent learning algorithms, Neural Networks 12, 1999.",
    f"1-30-1, tanh, the fourth Chebyshev polynomial, effective rate {RATE:g}, {STEPS:,} steps.",
    _effective_rate,
    prediction=effective_rate,
    published="1 / (1 - a), in the limit of small rates.",
    region=_region,
)

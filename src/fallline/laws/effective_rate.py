"""The effective rate: with small rates, momentum only makes the learning rate larger."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fallline.experiment.method import method
from fallline.experiment.starts import draw_starts
from fallline.laws.edge_of_stability import chebyshev
from fallline.laws.law import Finding, Law, Trial, finding
from fallline.runs.lanes import train
from fallline.runs.training import Training
from fallline.textbook.initial import INITIALS

__all__ = ["EFFECTIVE_RATE"]

RATE, STEPS = 0.02, 2000


def _effective_rate(trial: Trial) -> Iterator[Finding]:
    problem = chebyshev()
    starts = draw_starts(problem, trial.starts, seed=trial.seed, initial=INITIALS["glorot_normal"])

    def curves(momentum: float) -> np.ndarray:
        how = method("momentum", learning_rate=RATE * (1 - momentum), momentum=momentum)
        return train(Training(problem, how, STEPS, starts), ["history"], execution=trial.execution)["history"]

    plain = curves(0.0)
    for momentum in (0.5, 0.8, 0.9):
        ratio = (curves(momentum) / plain)[:, STEPS // 4 :]
        worst = np.take_along_axis(ratio, np.abs(np.log(ratio)).argmax(axis=1)[:, None], axis=1)[:, 0]
        yield finding(
            f"momentum {momentum:g}, learning rate {RATE * (1 - momentum):g}",
            "loss / loss of gradient descent, farthest from 1 after a quarter of the run", 1.0, worst, 0.02,
        )  # fmt: skip


EFFECTIVE_RATE = Law(
    "effective-rate",
    "With small rates, momentum trains as gradient descent does with a learning rate that is 1 / (1 - a) times larger.",
    r"\epsilon_{\text{effective}} = \frac{\epsilon}{1 - \alpha}",
    "N. Qian, On the momentum term in gradient descent learning algorithms, Neural Networks 12, 1999.",
    f"1-30-1, tanh, the fourth Chebyshev polynomial, effective rate {RATE:g}, {STEPS:,} steps.",
    _effective_rate,
)

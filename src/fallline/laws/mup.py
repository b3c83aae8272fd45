"""The maximal update parametrization: the best learning rate of a narrow network is that of a wide one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import exact, random
from fallline.experiment.axes import Axis
from fallline.experiment.method import method
from fallline.experiment.starts import draw_starts
from fallline.laws.evidence import Curves, Region
from fallline.laws.law import DRAWN, Finding, Law, finding
from fallline.laws.trial import Trial
from fallline.problems import NetworkObjective
from fallline.runs.training import Training
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.initial import INITIALS
from fallline.textbook.network import Network
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.parametrizations import PARAMETRIZATIONS

__all__ = ["MUP", "Case", "best_rate", "best_rates", "last_losses", "teacher"]

Floats = NDArray[Any]

WIDTHS = (4, 8, 16, 32, 64)
"""Units of each hidden layer."""
INPUTS, UNITS, SAMPLES = 8, 8, 64
"""Of the teacher, a network whose answers are the targets."""
LEAST = 48
"""Starts, at least: the best rate over fewer is too uncertain to be told within a step."""
RESAMPLES = 200
"""Bootstrap samples of the starts, each of which has a best learning rate at each width."""


@dataclass(frozen=True)
class Case:
    """What is trained: an optimizer, a number of hidden layers, their activation, steps, and a grid of learning rates.

    Attributes
    ----------
    grid
        The first and the last power of sqrt(2) of the grid.
    """

    optimizer: str
    hidden: int
    activation: str
    steps: int
    grid: tuple[int, int]

    @property
    def text(self) -> str:
        """The case in words."""
        layers = "one hidden layer" if self.hidden == 1 else f"{self.hidden} hidden layers"
        return f"{OPTIMIZERS[self.optimizer].label}, {layers} of {ACTIVATIONS[self.activation].label}"

    @property
    def powers(self) -> NDArray[np.int64]:
        """The powers of sqrt(2) that are tried as learning rates."""
        return np.arange(self.grid[0], self.grid[1] + 1)

    @property
    def rates(self) -> Floats:
        """The learning rates of the grid."""
        return np.array([exact.power(2, 1, k / 2) for k in self.powers.tolist()])


CASES = (
    Case("gradient_descent", 1, "tanh", 100, (-7, 4)),
    Case("gradient_descent", 2, "relu", 50, (-11, 1)),
    Case("adam", 2, "relu", 30, (-16, -3)),
)


PLANES = (CASES[0], Case("adam", 1, "tanh", 50, (-16, 1)))
"""The cases of the regions: one that holds from 4 units on, and one that does not."""


def teacher() -> tuple[Floats, Floats]:
    """Normal inputs, and as targets the answers of a fixed network 8-8-1 of tanh.

    >>> [array.shape for array in teacher()]
    [(64, 8), (64, 1)]
    """
    sizes = {"X": SAMPLES * INPUTS, "V": UNITS * INPUTS, "U": UNITS}
    X, V, U = (random.normal(0, f"teacher {name}", count) for name, count in sizes.items())
    X, V = X.reshape(SAMPLES, INPUTS), V.reshape(UNITS, INPUTS)
    hidden = exact.each(exact.tanh, (X[:, None, :] * V).sum(axis=-1) / 2)
    return X, (hidden * U).sum(axis=-1, keepdims=True)


def last_losses(trial: Trial, case: Case, parametrization: str, widths: tuple[int, ...] = WIDTHS) -> Floats:
    """The last loss of each start with each learning rate at each width, (widths, starts, rates).

    A run that ends above the loss of an answer of 0 everywhere, or diverges, counts as that answer.
    """
    losses = [
        trial.train(t)["final_loss"].reshape(trial.starts, -1) for t in _trainings(trial, case, parametrization, widths)
    ]
    return _at_most_that_of_zero(np.asarray(losses))


def _at_most_that_of_zero(losses: Floats) -> Floats:
    """The losses; that of the answer 0 where a run ends above it, or diverges."""
    return np.asarray(np.fmin(losses, (teacher()[1] ** 2).mean() / 2))


def _trainings(trial: Trial, case: Case, parametrization: str, widths: tuple[int, ...]) -> Iterator[Training]:
    """For each width the runs of all starts, each with all learning rates."""
    X, T = teacher()
    for width in widths:
        network = Network.of(
            (INPUTS, *[width] * case.hidden, 1), activation=case.activation, loss="half_squared_error", reduction="mean",
            parametrization=parametrization, base_width=WIDTHS[0],
        )  # fmt: skip
        problem = NetworkObjective(network, (X, T))
        starts = draw_starts(problem, trial.starts, seed=trial.seed, initial=INITIALS["he_normal"])
        how = method(case.optimizer).with_({"learning_rate": np.tile(case.rates, trial.starts)})
        yield Training(problem, how, case.steps, np.repeat(starts, len(case.rates), axis=0))


def losses_after(trial: Trial, case: Case, steps: NDArray[np.int64]) -> Floats:
    """As `last_losses` in the maximal update parametrization, after each of these numbers of steps: (steps, widths, starts, rates)."""
    losses = [
        trial.train(training, ["history"])["history"][:, steps].reshape(trial.starts, -1, len(steps))
        for training in _trainings(trial, case, "mup", WIDTHS)
    ]
    return _at_most_that_of_zero(np.moveaxis(np.asarray(losses), -1, 0))


def best_rates(trial: Trial, case: Case, losses: Floats) -> NDArray[np.int64]:
    """The power of sqrt(2) with the smallest mean logarithm of the last loss, by bootstrap sample and width, (samples, widths)."""
    count = trial.starts
    picks = random.uniform(trial.seed, "bootstrap starts", RESAMPLES * count).reshape(RESAMPLES, count)
    places = (picks * count).astype(int)
    logarithms = exact.each(exact.log, losses)
    scores = logarithms[:, places].mean(axis=2)  # (widths, samples, rates)
    return np.asarray(case.powers[scores.argmin(axis=-1).T])


def best_rate(at_narrow: float, width: int) -> float:
    """The best learning rate of a network of any width, from that of a narrow one: the same."""
    return at_narrow


def _mup(trial: Trial) -> Iterator[Finding | Curves]:
    trial = replace(trial, starts=max(trial.starts, LEAST))
    for case in CASES:
        for parametrization in ("mup", "standard"):
            losses = last_losses(trial, case, parametrization)
            best = best_rates(trial, case, losses)
            moves, standard = best.max(axis=1) - best.min(axis=1), parametrization == "standard"
            centre = ", ".join(f"{k:g}" for k in np.median(best, axis=0))
            yield finding(
                f"{case.text}, {PARAMETRIZATIONS[parametrization].label}",
                "move of the best learning rate over the widths, in steps of sqrt 2",
                1 if standard else 0, moves, 0 if standard else 1, above=standard,
                note=f"{trial.starts} starts; best at widths {', '.join(map(str, WIDTHS))}: sqrt 2 to the power {centre}",
            )  # fmt: skip
            seen = {f"width {width}": some[:DRAWN] for width, some in zip(WIDTHS, losses, strict=True)}
            name = f"{case.optimizer}-{case.hidden}-{parametrization}"
            title = f"Last loss: {case.text}, {PARAMETRIZATIONS[parametrization].label}"
            yield Curves(name, title, "learning rate", "last loss", case.rates, seen, log="xy")


def _region(trial: Trial, side: int) -> Iterator[Region]:
    trial = replace(trial, starts=max(trial.starts, LEAST))
    for case in PLANES:
        x, y = Axis("steps", 5, case.steps, side, "log"), Axis.of("narrowest_width", WIDTHS[:-1])
        losses = losses_after(trial, case, x.values.round().astype(int))
        agree = np.empty((y.count, x.count))
        for i, some in enumerate(losses):
            best = best_rates(trial, case, some)
            for j in range(y.count):
                agree[j, i] = (best[:, j:].max(axis=1) - best[:, j:].min(axis=1) <= 1).mean()
        name = f"{case.optimizer}-{case.hidden}-{case.activation}"
        title = f"Where the best learning rate stays, from the narrowest network to width {WIDTHS[-1]}: {case.text}"
        shares = {"agree": agree, "it moves": 1 - agree}
        yield Region(name, title, x, y, RESAMPLES, shares, counted=f"bootstrap samples of {trial.starts} starts")


MUP = Law(
    "mup",
    "In the maximal update parametrization the best learning rate is the same at every width; in the standard one it falls.",
    r"\epsilon^*(n) = \epsilon^*(n_0)",
    "G. Yang et al., Tensor programs V: tuning large neural networks via zero-shot hyperparameter transfer, 2022, arXiv:2203.03466.",
    f"Networks of widths {WIDTHS[0]} to {WIDTHS[-1]} with {INPUTS} inputs, {SAMPLES} samples of a teacher network, half the mean "
    f"squared error, He's normal weights at the base width {WIDTHS[0]}; the mean logarithm of the last loss over the starts is best.",
    _mup,
    prediction=best_rate,
    published="Figure 1 shows it for transformers of widths 128 to 8192 with Adam; no figure is given for networks as narrow as these.",
    region=_region,
)

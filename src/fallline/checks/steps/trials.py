"""The trials of an optimizer: gradients of every kind and settings in their ranges, and the paths of weights on them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.checks.calling.calls import MisbehaviourError
from fallline.checks.reference.extents import STEPS
from fallline.settings import Setting
from fallline.textbook.optimizers import Optimizer

__all__ = ["Stepper", "Textbook", "Trial", "finite", "path", "trials", "typical", "wrong_steps"]

Floats = NDArray[np.float64]
TakeStep = Callable[[Any, Any, int, Mapping[str, float]], Any]
"""Maps w, the gradient, the number of the step and the settings to the new w, and keeps the state."""


class Stepper(Protocol):
    """An update rule: `start` returns a function that takes one step after the other."""

    def start(self, w: Floats, settings: Mapping[str, float]) -> TakeStep: ...


@dataclass(frozen=True)
class Textbook:
    """The steps of an optimizer's page."""

    optimizer: Optimizer

    def start(self, w: Floats, settings: Mapping[str, float]) -> TakeStep:
        state = self.optimizer.init(w, **settings)

        def step(w: Any, g: Any, t: int, settings: Mapping[str, float]) -> Any:
            nonlocal state
            w, state = self.optimizer.step(w, g, state, t, **settings)
            return w

        return step


@dataclass(frozen=True)
class Trial:
    """Gradients (steps, *shape), a start, settings, and the learning rate of each step (None: that of the settings).

    `words` say what is special about it, as in "with gradients that grow". A function may refuse a trial at the `edge` of
    a setting's range, as with momentum = 1, by an error.
    """

    words: str
    start: Floats
    gradients: Floats
    settings: Mapping[str, float]
    rates: Floats | None = None
    edge: bool = False

    def shortened(self, steps: int) -> Trial:
        """The trial's first steps."""
        return replace(self, gradients=self.gradients[:steps])

    def with_constant_rate(self) -> Trial:
        """The trial with the learning rate of its settings at every step."""
        return replace(self, rates=None)

    @property
    def largest(self) -> float:
        """The size of the largest gradient."""
        return float(np.abs(self.gradients).max())


def path(stepper: Stepper, trial: Trial) -> Floats:
    """The weights after each step, (steps, *shape)."""
    w, step = trial.start.copy(), stepper.start(trial.start, trial.settings)
    weights = np.empty(trial.gradients.shape)
    settings = dict(trial.settings)
    for k, g in enumerate(trial.gradients):
        if trial.rates is not None:
            settings["learning_rate"] = float(trial.rates[k])
        w = step(w, g.copy(), k + 1, settings)
        if np.iscomplexobj(w):
            raise MisbehaviourError("the weights are complex numbers, so the step could not be checked.")
        weights[k] = w
    return weights


def wrong_steps(checked: Floats, right: Floats, trial: Trial, tolerance: float, precision: float) -> Any:
    """For each step whether the weights differ by more than rounding, given the distance that was walked so far."""
    before = np.concatenate([trial.start[None], right[:-1]])
    with np.errstate(all="ignore"):
        walked = np.cumsum(np.abs(right - before), axis=0)
        size = np.maximum.accumulate(np.maximum(np.abs(right), np.abs(trial.start)), axis=0)
        steps = np.sqrt(np.arange(1, len(right) + 1)).reshape(-1, *[1] * trial.start.ndim)
        allowed = tolerance * walked + 16 * precision * steps * size
        same = (np.abs(checked - right) <= allowed) | (~np.isfinite(checked) & ~np.isfinite(right))
    return ~same.reshape(len(right), -1).all(axis=1)


def typical(setting: Setting) -> float:
    """A value at which every term counts: the declared default, or a larger value where the default hides a term."""
    special = {"epsilon": 0.05, "learning_rate": 0.1, "initial_accumulator": 0.3, "weight_decay": 0.2, "momentum": 0.7}
    return special.get(setting.name, float(setting.default))


def trials(optimizer: Optimizer, fixed: Mapping[str, float], seed: int, *, single: bool = False) -> Iterator[Trial]:
    """The trials; the first is an ordinary one, which suggests a fault. `fixed` are settings that cannot be chosen."""
    declared = optimizer.declared
    ordinary = {name: fixed.get(name, typical(s)) for name, s in declared.items()}
    default = {name: fixed.get(name, float(s.default)) for name, s in declared.items()}
    varied = "learning_rate" in declared and "learning_rate" not in fixed

    def rates(steps: int) -> Floats | None:
        return 0.1 / np.arange(1, steps + 1) if varied else None

    def drawn(purpose: str, steps: int, shape: tuple[int, ...] = (4,)) -> Floats:
        return _normal(seed, purpose, int(np.prod(shape)), steps).reshape(steps, *shape)

    def start(shape: tuple[int, ...] = (4,)) -> Floats:
        return _normal(seed, "weights", int(np.prod(shape)), 1).reshape(shape)

    n = STEPS.first
    yield Trial("with ordinary gradients", start(), drawn("gradients", n), ordinary, rates(n))
    yield Trial("with ordinary gradients", start(), drawn("others", n), ordinary)
    n = STEPS.regime
    k = np.arange(n)[:, None]
    g = drawn("regimes", n)
    top = np.log10(STEPS.single if single else STEPS.largest)
    low = np.log10(1e-15 if single else STEPS.smallest)
    regimes = {
        "with gradients that grow": g * 1.15**k,
        "with gradients that shrink": g * 0.8**k,
        "with gradients whose sign changes at every step": np.abs(g) * (-1.0) ** k,
        "with gradients that are 0 at first and at last": g * ((k >= 20) & (k < 50)),
        "with sparse gradients": g * (drawn("places", n) > 1.2),
        "with one large gradient among small ones": g * np.where(k == 3, 100, 0.01),
        "with equal gradients": np.ones_like(g),
        f"with huge gradients (10³ to 10^{top:.0f})": np.sign(g) * 10 ** np.linspace(3, top, n)[:, None],
        f"with tiny gradients (10⁻⁸ to 10^{low:.0f})": np.sign(g) * 10 ** np.linspace(-8, low, n)[:, None],
    }
    for words, gradients in regimes.items():
        small = "small" in words or "tiny" in words or "shrink" in words
        for settings in (ordinary, default):
            yield Trial(words, np.zeros(4) if small else start(), gradients, settings)
    n = STEPS.late
    yield Trial(f"in {n} steps", np.zeros(3), drawn("late", n, (3,)), default)
    yield Trial(f"in {n // 4} steps", start(), drawn("later", n // 4), ordinary)
    for name, setting in declared.items():
        if name not in fixed:
            for value in _values(setting):
                words = f"with {name} = {value:g}"
                yield Trial(words, start(), drawn(name, STEPS.setting), {**ordinary, name: value}, edge=True)
    for shape in ((1,), (7,), (2, 3)):
        words = f"with weights of shape {shape}"
        yield Trial(words, start(shape), drawn("shapes", STEPS.shape, shape), ordinary, rates(STEPS.shape))


@functools.lru_cache(maxsize=64)
def _normal(seed: int, purpose: str, count: int, steps: int) -> Floats:
    """Normal numbers (steps, count), kept because the same trials are drawn for each way to call a function."""
    numbers = random.normal(seed, f"update check {purpose}", count, np.arange(steps))
    numbers.flags.writeable = False
    return numbers


def _values(setting: Setting) -> list[float]:
    """Values across the setting's range: its ends where they are included, the slider's ends, the default."""
    slider = setting.slider_range
    values = [setting.default, slider.low, slider.high, (slider.low + slider.high) / 2]
    values += [v for v in (setting.low, setting.high) if np.isfinite(v) and setting._holds(v)]
    return list(dict.fromkeys(float(v) for v in values))


def finite(optimizer: Optimizer, trial: Trial) -> Floats | None:
    """The textbook's path; None where it is not finite, so that nothing can be said."""
    with np.errstate(all="ignore"):
        try:
            right = path(Textbook(optimizer), trial)
        except (ArithmeticError, MisbehaviourError):
            return None
    return right if np.isfinite(right).all() else None

"""Faults of optimizers with a number that is read off the steps: when, how large, how much."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from fallline.checks.steps.trials import Textbook
from fallline.checks.steps.wrapped import Settings, StepFault, Wrapped
from fallline.textbook.optimizers import Optimizer

__all__ = ["clipped", "short_steps", "timed_faults"]


def timed_faults(base: Optimizer, k: int, factor: float | None) -> Iterator[StepFault]:
    """Faults that show first at step k. `factor` is that of the step's length there, if there is one."""
    rule = Textbook(base)
    state = " and ".join(base.state) or "state"
    if base.state:
        zero = "are set" if len(base.state) > 1 else "is set"
        yield StepFault(
            f"{state} {zero} to 0 before step {k}", Wrapped(rule, restarts=lambda t: t == k), "leave that out"
        )
        for period in dict.fromkeys((k - 1, k)):
            if period > 1:
                words = f"{state} {zero} to 0 every {period} steps, first before step {k}"
                yield StepFault(words, Wrapped(rule, restarts=partial(_is_due, k, period)), "leave that out")
        yield StepFault(
            f"from step {k} on {state} {zero} to 0 before each step", Wrapped(rule, restarts=lambda t: t >= k),
            "leave that out",
        )  # fmt: skip
    if "beta1" in base.settings:
        yield StepFault(
            f"the bias corrections take min(t, {k - 1})", Wrapped(rule, number=lambda t: min(t, k - 1)), "use t"
        )
        yield StepFault(f"the bias corrections are left out from step {k} on",
                        Wrapped(rule, number=lambda t: t if t < k else np.inf), "keep them")  # fmt: skip
    yield StepFault(f"from step {k} on the weights do not change",
                    Wrapped(rule, result=lambda old, new, t, s: new if t < k else old))  # fmt: skip
    yield StepFault(f"at step {k} the weights do not change",
                    Wrapped(rule, result=lambda old, new, t, s: new if t != k else old))  # fmt: skip
    if factor is not None and "learning_rate" in base.settings:
        yield from _factors(rule, k, factor)


def _factors(rule: Textbook, k: int, factor: float) -> Iterator[StepFault]:
    def scaled(s: Settings, f: float) -> Settings:
        return {**s, "learning_rate": s["learning_rate"] * f}

    if k == 1:
        yield StepFault(
            f"the step is {factor:.6g} times what it should be", Wrapped(rule, settings=lambda s, t: scaled(s, factor))
        )
    else:
        yield StepFault(f"from step {k} on the learning rate is {factor:.6g} times what was given",
                        Wrapped(rule, settings=lambda s, t: scaled(s, factor if t >= k else 1)))  # fmt: skip
        yield StepFault(f"the learning rate is multiplied by {factor:.6g} at every step",
                        Wrapped(rule, settings=lambda s, t: scaled(s, factor ** (t - 1))))  # fmt: skip
        for period in range(max(1, k - 1), k + 1):
            stairs = Wrapped(rule, settings=partial(_stairs, k, period, factor))
            words = f"every {period} steps the learning rate is multiplied by {factor:.6g}, first at step {k}"
            yield StepFault(words, stairs)


def _stairs(k: int, period: int, factor: float, settings: Settings, t: int) -> Settings:
    changes = (t - k) // period + 1 if t >= k else 0
    return {**settings, "learning_rate": settings["learning_rate"] * factor**changes}


def _is_due(first: int, period: int, t: int) -> bool:
    return t >= first and (t - first) % period == 0


def clipped(base: Optimizer, bound: float) -> Iterator[StepFault]:
    """Faults that leave gradients up to the bound as they are."""
    rule = Textbook(base)

    def by_norm(g: Any, w: Any, s: Any) -> Any:
        norm = np.sqrt((g**2).sum())
        return g * (bound / norm) if norm > bound else g

    cut = Wrapped(rule, gradient=lambda g, w, s: np.clip(g, -bound, bound))
    yield StepFault(f"the gradient is clipped to [−{bound:.6g}, {bound:.6g}]", cut, "leave the clipping out")
    yield StepFault(
        f"the gradient is clipped to the norm {bound:.6g}", Wrapped(rule, gradient=by_norm), "leave the clipping out"
    )
    top = Wrapped(rule, gradient=lambda g, w, s: np.minimum(g, bound))
    yield StepFault(f"gradients above {bound:.6g} are cut to it", top, "leave the clipping out")
    left_out = Wrapped(rule, gradient=lambda g, w, s: np.where(np.abs(g) > bound, 0, g))
    yield StepFault(f"gradients larger than {bound:.6g} count as 0", left_out, "leave the clipping out")


def short_steps(base: Optimizer, longest: float) -> StepFault:
    """The fault that no weight moves farther than `longest` in a step."""
    limited = Wrapped(Textbook(base), result=lambda old, new, t, s: old + np.clip(new - old, -longest, longest))
    return StepFault(f"no weight moves farther than {longest:.6g} in a step", limited, "leave the clipping out")

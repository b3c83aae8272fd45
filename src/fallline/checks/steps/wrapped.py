"""A fault of an update rule, and rules whose arguments and result are changed at every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fallline.checks.steps.trials import Stepper, TakeStep

__all__ = ["Settings", "StepFault", "Wrapped"]

Rule = tuple[str, str]
Settings = Mapping[str, float]


@dataclass(frozen=True)
class StepFault:
    """A fault in words, the rule with it, its cure, and the expression of the page before and after the change."""

    words: str
    stepper: Stepper
    cure: str = ""
    rule: Rule | None = None


@dataclass(frozen=True)
class Wrapped:
    """A rule whose arguments and result are changed at every step.

    Parameters
    ----------
    rule
        The rule inside.
    gradient
        Maps (g, w, settings) to the gradient that the rule gets.
    number
        Maps t to the number of the step that the rule gets.
    settings
        Maps (settings, t) to the settings that the rule gets.
    result
        Maps (old w, new w, t, settings) to the new w.
    restarts
        Whether the state is set to its first value before step t.
    """

    rule: Stepper
    gradient: Callable[[Any, Any, Settings], Any] = lambda g, w, settings: g
    number: Callable[[float], float] = lambda t: t
    settings: Callable[[Settings, int], Settings] = lambda settings, t: settings
    result: Callable[[Any, Any, int, Settings], Any] = lambda old, new, t, settings: new
    restarts: Callable[[int], bool] = lambda t: False

    def start(self, w: Any, settings: Settings) -> TakeStep:
        first, inner = w, self.rule.start(w, self.settings(settings, 1))

        def step(w: Any, g: Any, t: int, settings: Settings) -> Any:
            nonlocal inner
            if self.restarts(t):
                inner = self.rule.start(first, settings)
            changed = self.settings(settings, t)
            new = inner(w, self.gradient(g, w, settings), self.number(t), changed)  # type: ignore[arg-type]  # t may be inf
            return self.result(w, new, t, settings)

        return step

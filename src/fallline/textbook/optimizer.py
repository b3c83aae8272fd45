"""The record of an optimizer: its step, the letters of its state, and how the state begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from fallline.settings import Setting
from fallline.shapes import Shaped
from fallline.textbook.families import MemberWithSettings
from fallline.textbook.operations import Array

__all__ = ["Entries", "Optimizer", "State", "Step"]

Entries: TypeAlias = Shaped[Array, "*shape"]
"""w, g or a state variable, all of the same shape."""
State: TypeAlias = tuple[Entries, ...]
Step: TypeAlias = tuple[Entries, State]
"""What a step returns: the new w, and the new state."""


@dataclass(frozen=True, repr=False)
class Optimizer(MemberWithSettings):
    """An update rule.

    Parameters
    ----------
    name
        The usual name in the field.
    step
        Maps `(w, g, state, t, *, learning_rate, ...)` to the new `(w, state)`. Its keyword arguments are its settings.
    state
        The letters of its state variables.
    init_state
        Maps `(w, **settings)` to the state before the first step. If None, each state variable starts at 0.
    label
        Its name in words, for display; by default, the name with spaces.
    own_settings
        Declarations of settings that `fallline.settings` does not declare, or declares with another range.
    preconditioner
        Maps `(state, t, **settings)` after step t to the diagonal D by which a step divides a mean of gradients: it moves w by
        learning_rate D^-1 times that mean. None if D is 1.

    Examples
    --------
    >>> from fallline.textbook.optimizers import OPTIMIZERS
    >>> w, state = np.array([1.0]), (np.array([0.0]),)
    >>> momentum = OPTIMIZERS["momentum"]
    >>> w, state = momentum.step(w, 2 * w, state, 1, learning_rate=0.1, momentum=0.9)
    >>> w.tolist(), state[0].tolist()
    ([0.8], [0.2])
    """

    name: str
    step: Callable[..., Step]
    state: tuple[str, ...] = ()
    init_state: Callable[..., State] | None = None
    label: str = ""
    own_settings: tuple[Setting, ...] = ()
    preconditioner: Callable[..., Entries] | None = None
    page = "step"
    home = "fallline.textbook.optimizers"

    def init(self, w: Entries, **settings: Any) -> State:
        """Return the state before the first step."""
        if self.init_state is not None:
            return self.init_state(w, **settings)
        return tuple(np.zeros_like(w) for _ in self.state)

    @cached_property
    def degree(self) -> int | None:
        """1 if its steps grow as the gradient does, 0 if they do not depend on its size, None if neither holds.

        Measured on a few steps with the settings' defaults, the second time with gradients that are 16 times larger.

        >>> from fallline.textbook.optimizers import OPTIMIZERS
        >>> OPTIMIZERS["nesterov"].degree, OPTIMIZERS["adam"].degree
        (1, 0)
        """
        settings = {name: s.default for name, s in self.declared.items()}
        ends = []
        for size in (1.0, 16.0):
            w = np.zeros(3)
            state = self.init(w, **settings)
            for t, g in enumerate(size * np.array([[1.0, -0.5, 2.0], [-0.3, -0.8, 1.5], [0.7, 0.4, -0.9]]), start=1):
                w, state = self.step(w, g, state, t, **settings)
            ends.append(w)
        for degree, factor in ((1, 16.0), (0, 1.0)):
            if np.allclose(ends[1], factor * ends[0], rtol=1e-4, atol=0):
                return degree
        return None

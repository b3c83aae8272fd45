"""`equations`: from an object, or its name, to its equations."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from fallline.errors import SettingError, UnknownNameError, UsageError
from fallline.textbook.activations import ACTIVATIONS, Activation
from fallline.textbook.landscapes import LANDSCAPES, Landscape
from fallline.textbook.losses import LOSSES, Loss
from fallline.textbook.network import Network
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer
from fallline.textbook.schedules import SCHEDULES, Schedule
from fallline.user_code import plain_landscape
from fallline.views.equations.network import in_matrices, in_units
from fallline.views.equations.rules import of_activation, of_landscape, of_loss, of_optimizer, of_schedule
from fallline.views.equations.sections import Equation, Equations, Section

__all__ = ["Equation", "Equations", "Section", "equations"]

Subject = Network | Landscape | Optimizer | Activation | Loss | Schedule


def equations(what: str | Subject | Callable[..., Any], form: Literal["units", "matrix"] = "units") -> Equations:
    """The equations of a network, landscape, optimizer, activation, loss or schedule, read off its page.

    Parameters
    ----------
    what
        The object, its name, a network's sizes such as "2-3-2-3", or a function of coordinates.
    form
        "units" for one equation for each unit and parameter of a network, "matrix" for one for each layer.

    Examples
    --------
    >>> print(equations("rosenbrock").text())
    rosenbrock
    <BLANKLINE>
    Formula
    <BLANKLINE>
      f(x, y) = (1 − x)² + 100 (y − x²)²
    <BLANKLINE>
    Partial derivatives
    <BLANKLINE>
      ∂f/∂x = 2 (200 x³ − 200 x y + x − 1)
      ∂f/∂y = 200 (y − x²)
    """
    if form not in ("units", "matrix"):
        raise SettingError(f"form must be 'units' or 'matrix'; got {form!r}.")
    if isinstance(what, str):
        subjects = _find(what)
        pages = [equations(subject, form) for subject in subjects]
        return pages[0] if len(pages) == 1 else Equations(what, tuple(s for page in pages for s in page.sections))
    if isinstance(what, Network):
        read = in_units if form == "units" else in_matrices
        return Equations(f"Network {what.text}", read(what))
    for kind, rule in _RULES:
        if isinstance(what, kind):
            return Equations(str(getattr(what, "name", "")).replace("_", " "), rule(what))
    if callable(what):
        return equations(plain_landscape(what), form)
    raise UsageError(f"equations are of a network, landscape, optimizer, activation, loss or schedule; got {what!r}.")


_RULES: tuple[tuple[type, Callable[[Any], tuple[Section, ...]]], ...] = (
    (Landscape, of_landscape),
    (Optimizer, of_optimizer),
    (Activation, of_activation),
    (Loss, of_loss),
    (Schedule, of_schedule),
)

_TABLES: tuple[dict[str, Any], ...] = (LANDSCAPES, OPTIMIZERS, ACTIVATIONS, LOSSES, SCHEDULES)


def _find(name: str) -> list[Any]:
    """What the name stands for; "logistic" is an activation and a loss."""
    if re.fullmatch(r"\s*\d+(\s*-\s*\d+)*\s*", name):
        return [Network.of(name)]
    found = [table[name] for table in _TABLES if name in table]
    if not found:
        valid = sorted({n for table in _TABLES for n in table})
        raise UnknownNameError("equations' subject", name, [*valid, "2-3-2-3"])
    return found

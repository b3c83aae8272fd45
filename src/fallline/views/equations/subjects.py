"""The equations of an object, or of the object with a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from fallline.errors import SettingError, UnknownNameError, UsageError
from fallline.experiment.method import Method
from fallline.problems import LandscapeObjective, NetworkObjective
from fallline.textbook.activations import ACTIVATIONS, Activation
from fallline.textbook.landscapes import LANDSCAPES, Landscape
from fallline.textbook.losses import LOSSES, Loss
from fallline.textbook.network import Network
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer
from fallline.textbook.schedules import SCHEDULES, Schedule
from fallline.user_code.records import plain_landscape
from fallline.views.equations.network import in_matrices, in_units
from fallline.views.equations.rules import of_activation, of_landscape, of_loss, of_optimizer, of_schedule
from fallline.views.equations.sections import Equation, Equations, Section
from fallline.views.equations.steps import layers_of, step_sections, values_of

__all__ = ["Equation", "Equations", "Section", "equations"]

Subject = Network | Landscape | Optimizer | Activation | Loss | Schedule


def equations(
    subject: str | Subject | Callable[..., Any],
    form: Literal["units", "matrix"] = "units",
    *,
    method: Method | None = None,
) -> Equations:
    """Return the equations of a network, landscape, optimizer, activation, loss or schedule, read off its page.

    Parameters
    ----------
    subject
        An object, the name of one, the sizes of a network such as "2-3-2-3", an objective, or a function of coordinates.
    form
        "units" for one equation for each unit and parameter of a network, "matrix" for one for each layer.
    method
        Also write the step by which a network or a landscape is trained: the optimizer's update, with the learning rate of each layer
        where they differ, the schedule, and the values of all settings. Subjects of other kinds have no step.

    Examples
    --------
    >>> print(equations("rosenbrock").text())
    Rosenbrock
    <BLANKLINE>
    Formula
    <BLANKLINE>
      f(x, y) = (1 − x)² + 100 (y − x²)²
    <BLANKLINE>
    Partial derivatives
    <BLANKLINE>
      ∂f/∂x = 2 (200 x³ − 200 x y + x − 1)
      ∂f/∂y = 200 (y − x²)

    >>> import fallline as fl
    >>> how = fl.method("momentum", learning_rate={1: 0.1, 2: 0.01})
    >>> equations("2-3-3", method=how).section("Learning rates")
    Learning rates of the layers
    ε₁: setting learning_rate.1; ε₂: setting learning_rate.2
    <BLANKLINE>
      ε⁽¹⁾ = ε₁
      ε⁽²⁾ = ε₂
    """
    if form not in ("units", "matrix"):
        raise SettingError(f"form must be 'units' or 'matrix'; got {form!r}.")
    if method is not None:
        page = equations(subject, form)
        network = _trained(subject, method)
        steps = (*step_sections(method, network).all, values_of(method, network))
        return Equations(f"{page.title}, {method.optimizer.label}", (*page.sections, *steps))
    if isinstance(subject, str):
        pages = [equations(member, form) for member in _members(subject)]
        return pages[0] if len(pages) == 1 else Equations(subject, tuple(s for page in pages for s in page.sections))
    if isinstance(subject, NetworkObjective):
        subject = subject.network
    if isinstance(subject, LandscapeObjective):
        subject = subject.landscape
    if isinstance(subject, Network):
        read = in_units if form == "units" else in_matrices
        return Equations(f"Network {subject.text}", read(subject))
    for kind, rule in _RULES:
        if isinstance(subject, kind):
            return Equations(subject.label, rule(subject))
    if callable(subject):
        return equations(plain_landscape(subject), form)
    raise UsageError(
        f"equations are of a network, landscape, optimizer, activation, loss or schedule; got {subject!r}."
    )


def _trained(subject: Any, method: Method) -> Network | None:
    """The network that a method trains, or None for a landscape.

    Raises
    ------
    UsageError
        The subject is neither, or has no layer for which the method has a learning rate.
    """
    if isinstance(subject, str):
        (subject, *_) = _members(subject)
    if isinstance(subject, NetworkObjective):
        subject = subject.network
    layers = layers_of(method.values)
    if isinstance(subject, Network):
        if layers and not 1 <= layers[0] <= layers[-1] <= subject.depth:
            raise UsageError(
                f"learning_rate.{layers[-1]} must name a layer from 1 to {subject.depth} of {subject.text}."
            )
        return subject
    if isinstance(subject, Optimizer | Activation | Loss | Schedule):
        raise UsageError(f"a step needs a network or a landscape, such as 2-3-2-3; got {subject.label}.")
    if layers:
        raise UsageError(f"learning_rate.{layers[0]} needs a network; a landscape has no layers.")
    return None


_RULES: tuple[tuple[type[Any], Callable[[Any], tuple[Section, ...]]], ...] = (
    (Landscape, of_landscape),
    (Optimizer, of_optimizer),
    (Activation, of_activation),
    (Loss, of_loss),
    (Schedule, of_schedule),
)

_TABLES: tuple[dict[str, Any], ...] = (LANDSCAPES, OPTIMIZERS, ACTIVATIONS, LOSSES, SCHEDULES)


def _members(name: str) -> list[Any]:
    """The objects with this name; "logistic" is an activation and a loss."""
    if re.fullmatch(r"\s*\d+(\s*-\s*\d+)*\s*", name):
        return [Network.of(name)]
    members = [table[name] for table in _TABLES if name in table]
    if not members:
        valid = sorted({n for table in _TABLES for n in table})
        raise UnknownNameError("equations' subject", name, [*valid, "2-3-2-3"])
    return members

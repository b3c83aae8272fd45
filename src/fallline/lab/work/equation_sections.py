"""The equations of exactly this objective, optimizer, batch and schedule, with the numbers of a run put in on request."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from fallline.lab.resolved_state import ResolvedState
from fallline.lab.work.equation_blocks import Written
from fallline.lab.work.equation_numbers import Numbers, next_step, numbers_of
from fallline.lab.work.number_places import Places
from fallline.problems import LandscapeObjective
from fallline.runs.run import Run
from fallline.settings import SETTINGS
from fallline.views.equations import Section, equations
from fallline.views.equations.latex import Latex
from fallline.views.equations.rules import setting_symbol
from fallline.views.equations.steps import step_sections

__all__ = ["sections_of", "sections_with"]

MOST_UNITS = 60
"""Parameters of a network whose equations can be read unit by unit."""


def sections_of(resolved: ResolvedState, form: str, run: Run | None = None, step: int = 0) -> Iterator[Written]:
    """Sections of the objective, the step of the optimizer, and the schedule, in this order.

    Parameters
    ----------
    form
        "units" for one equation for each unit of a network, if it is small; "matrix" for one for each layer.
    run
        The run whose numbers take the places of the symbols.
    step
        The step of the run.

    Examples
    --------
    >>> from fallline.lab.resolved_state import resolve_state
    >>> from fallline.lab.state import read_state
    >>> resolved = resolve_state(read_state({"batch": 20, "schedule": "cosine"}), {})
    >>> [section.title for section in sections_of(resolved, "matrix")][-4:]
    ['Update', 'Gradient of a step: a minibatch B of 20 of the 300 samples', 'Start', 'Learning rate of step t']
    """
    if run is None:
        yield from sections_with(resolved, form)
        return
    places, values = Places(), numbers_of(run, min(step, run.steps))
    is_last = "after" not in values or not np.isfinite(values["after"]).all()
    for section in sections_with(resolved, form, Numbers.of(resolved, places)):
        if not (section.of_next_step and is_last):
            rows = [(places.filled(left, values), places.filled(right, values)) for left, right in section.rows]
            yield Written(places.filled(section.title, values), rows)


def sections_with(resolved: ResolvedState, form: str, numbers: Numbers | None = None) -> Iterator[Written]:
    """Sections as `sections_of` has them, with places for numbers if there are some."""
    if numbers is not None:
        yield numbers.given
    if resolved.network is not None and resolved.network.data.features is not None:
        yield Written("Input features, of the raw inputs u", resolved.network.data.features.equations)
    for section in _objective(resolved, form):
        yield _written(section, numbers, None if numbers is None else numbers.objective)
    network = None if resolved.network is None else resolved.network.network
    step = step_sections(resolved.spec.method, network, resolved.spec.axes)
    method = None if numbers is None else numbers.method
    for section in (step.update, *step.rates):
        yield _written(section, numbers, method)
    yield _gradient(resolved)
    if numbers is not None and resolved.network is None:
        yield next_step(resolved, numbers.places)
    for section in step.start:
        yield _written(section, None)
    for section in step.schedule:
        written = _written(section, numbers, method)
        one_rate = [numbers.rate] if numbers is not None and not step.rates else []
        yield Written(written.title, [*written.rows, *one_rate])


def _objective(resolved: ResolvedState, form: str) -> tuple[Section, ...]:
    net = resolved.network
    if net is not None:
        units = form == "units" and net.dimension <= MOST_UNITS
        return _sections(net.network, "units" if units else "matrix")
    assert isinstance(resolved.objective, LandscapeObjective)
    return _sections(resolved.objective.landscape, "units")


@lru_cache(maxsize=128)
def _sections(subject: Any, form: Literal["units", "matrix"]) -> tuple[Section, ...]:
    return equations(subject, form).sections


def _written(section: Section, numbers: Numbers | None, writer: Latex | None = None) -> Written:
    if numbers is None or writer is None:
        return Written(section.title, [(Latex().write(e.left), Latex().write(e.right)) for e in section.equations])
    return Written(section.title, [numbers.row(e, writer) for e in section.equations])


def _gradient(resolved: ResolvedState) -> Written:
    """What g_t is: the gradient of all samples, or of a minibatch on the scale of all samples; a penalty counts once."""
    net, batch = resolved.network, resolved.spec.batch
    if net is None:
        return Written("Gradient of a step", [("g_{t}", r"\nabla f\left(w_{t}\right)")])
    if batch is None:
        return Written("Gradient of a step", [("g_{t}", r"\nabla L\left(w_{t}\right)")])
    samples = len(net.data)
    factor = rf"\frac{{{samples}}}{{{batch}}}" if net.network.reduction == "sum" else rf"\frac{{1}}{{{batch}}}"
    right = rf"{factor} \sum_{{i \in B_{{t+1}}}} \nabla \ell_{{i}}\left(w_{{t}}\right)"
    rows = [("g_{t}", right)]
    if net.network.l2:
        strength = setting_symbol(SETTINGS["l2"]).name
        rows = [("g_{t}", rf"{right} + \nabla R\left(w_{{t}}\right)"),
                ("R", rf"\frac{{{strength}}}{{2}} \sum_{{l}} \left\| W^{{(l)}} \right\|^{{2}}")]  # fmt: skip
    return Written(f"Gradient of a step: a minibatch B of {batch} of the {samples} samples", rows)

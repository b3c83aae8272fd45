"""The equations of exactly this objective and optimizer, as outlines, MathML and plain text."""

from __future__ import annotations

from collections.abc import Iterator

from fallline.lab.plan import Plan
from fallline.problems import LandscapeObjective
from fallline.runs.descent import Run
from fallline.views.equations import equations
from fallline.views.formulas import Section

__all__ = ["written"]

Block = dict[str, str]

MOST_UNITS = 60
"""Parameters of a network whose equations can be read unit by unit."""


def written(plan: Plan, form: str, run: Run | None = None, step: int = 0) -> Iterator[list[Block]]:
    """The blocks, growing: after each section all that there are so far."""
    blocks: list[Block] = []
    for section in sections(plan, form):
        blocks.append(_block(section))
        yield blocks


def sections(plan: Plan, form: str) -> Iterator[Section]:
    """The sections: the objective's, then the optimizer's and its schedule's."""
    net = plan.network
    if net is not None:
        units = form == "units" and net.dimension <= MOST_UNITS
        yield from equations(net.network, "units" if units else "matrix").sections
    elif isinstance(plan.objective, LandscapeObjective):
        yield from equations(plan.objective.landscape).sections
    yield from equations(plan.spec.optimizer).sections
    if plan.spec.schedule.name != "constant":
        yield from equations(plan.spec.schedule).sections


def _block(section: Section) -> Block:
    title = section.title
    return {"title": title, "svg": section.svg(), "mathml": section.mathml(), "plain": section.text()}

"""The equations of a page with places for the numbers of a run, which the page puts in: as MathML, whose parts move apart."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from fallline.experiment.setting_names import schedule_setting
from fallline.lab.resolved_state import ResolvedState
from fallline.lab.work.equation_numbers import Numbers
from fallline.lab.work.equation_sections import sections_with
from fallline.lab.work.number_places import KINDS, Places, number_tex
from fallline.problems.traced import entries
from fallline.readings.graph import Graph
from fallline.readings.graph.traced import tracing
from fallline.readings.portable import Program, Trace, of_graph
from fallline.textbook.schedules import Schedule
from fallline.views.equations.breaking import fragments
from fallline.views.equations.outlines import mathml

__all__ = ["DIGITS", "POWER", "content_of", "numbered_equations"]

Json = dict[str, Any]

_OPEN, _CLOSE = "<mo>&#x00028;</mo>", "<mo>&#x00029;</mo>"

DIGITS, POWER = "\ue000", "\ue001"
"""The characters that stand for the digits of a number, and for its power of ten."""


def numbered_equations(resolved: ResolvedState, forms: tuple[str, ...], *, gradient: bool) -> Json:
    """The equations with places for numbers.

    Parameters
    ----------
    forms
        As `sections_of` has them.
    gradient
        Whether the page can compute the gradient.

    Returns
    -------
    blocks
        For each form the sections: a title, whether it is "of_next_step", and rows, whose sides are MathML, the right one in pieces.
    places
        For each character from U+F0000 on the name and the key of its value, see `lab.work.equation_numbers.numbers_of`, and its
        kind.
    kinds
        By kind the MathML of a number: of one that is positive, "+", or negative, "-", with a power of ten, "+e" and "-e", and of a
        power alone, "1".
    factor, settings
        The program of the schedule's factor at step "t", see `factor_of`; and the names of its settings.

    Examples
    --------
    >>> from fallline.lab.resolved_state import resolve_state
    >>> from fallline.lab.state import default_state
    >>> found = numbered_equations(resolve_state(default_state(), {}), ("matrix",), gradient=True)
    >>> found["places"][0], found["blocks"]["matrix"][0]["title"][:-1]
    (['settings', 'learning_rate', 'factor'], 'In numbers, at step ')
    """
    places, blocks = Places(), {}
    numbers = Numbers.of(resolved, places, gradient=gradient)
    for form in forms:
        blocks[form] = [
            {"title": s.title, "of_next_step": s.of_next_step, "rows": [_row(places, *row) for row in s.rows]}
            for s in sections_with(resolved, form, numbers)
        ]
    schedule = resolved.spec.method.schedule
    return {
        "blocks": blocks, "places": [[place.name, place.key, place.kind] for place in places.all],
        "kinds": {kind: _shapes(kind) for kind in KINDS}, "factor": factor_of(schedule).as_data(),
        "settings": [schedule_setting(name) for name in schedule.settings],
    }  # fmt: skip


def factor_of(schedule: Schedule) -> Program:
    """The factor of a schedule at step `t`, with its `settings` in their order: "factor".

    >>> from fallline.textbook.schedules import SCHEDULES
    >>> [input_.name for input_ in factor_of(SCHEDULES["step_decay"]).inputs]
    ['t', 'settings']
    """
    graph, trace = Graph(), Trace(exact=False)
    settings = graph.inputs("settings", len(schedule.settings))
    with tracing(f"the schedule {schedule.name}"):
        factor = schedule.factor(graph.inputs("t", 1)[0], **dict(zip(schedule.settings, settings, strict=True)))
    given = {"t": trace.columns("t", np.float64, 1, each=False)}
    if schedule.settings:
        given["settings"] = trace.columns("settings", np.float64, len(schedule.settings), each=False)
    return trace.program({"factor": of_graph(entries(factor, graph), given)})


def _row(places: Places, left: str, right: str) -> Json:
    return {"left": _inner(left, places), "right": [_inner(piece, places) for piece in fragments(f"= {right}")]}


def _shapes(kind: str) -> Json:
    """The MathML of numbers of a kind."""
    shapes = {
        "+": (False, "7", ""),
        "-": (True, "7", ""),
        "+e": (False, "7", "9"),
        "-e": (True, "7", "9"),
        "1": (False, "1", "9"),
    }
    texts = {name: content_of(mathml(number_tex(kind, *parts))) for name, parts in shapes.items()}
    return {
        name: text.replace("<mn>7</mn>", f"<mn>{DIGITS}</mn>").replace("<mn>9</mn>", f"<mn>{POWER}</mn>")
        for name, text in texts.items()
    }


def _inner(latex: str, places: Places) -> str:
    """The MathML of a formula without the element around it. A term's kind writes the plus sign that stands before it."""
    terms = "".join(letter for place, letter in places.all.items() if place.kind == "term")
    return content_of(mathml(re.sub(rf"\+ ([{terms}])", r"\1", latex) if terms else latex))


def content_of(text: str) -> str:
    """What stands in the element `math`, without a row around it.

    A page draws the brackets of matrices itself, because browsers without a font for mathematics do not stretch them. The empty
    brackets of a formula in pieces would leave gaps.
    """
    found = re.fullmatch(r"<math [^>]*>(?:<mrow>(.*)</mrow>|(.*))</math>", text, re.DOTALL)
    if found is None:
        raise RuntimeError(f"not a formula in MathML: {text}")
    content: str = found[1] if found[1] is not None else found[2]
    return (
        re.sub(r"<mo [^>]*/>", "", content)
        .replace(f"{_OPEN}<mtable>", "<mtable>")
        .replace(f"</mtable>{_CLOSE}", "</mtable>")
    )

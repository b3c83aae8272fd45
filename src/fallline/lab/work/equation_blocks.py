"""The equations of exactly this objective and optimizer, as outlines, MathML and plain text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from fallline.lab.resolved_state import ResolvedState
from fallline.problems import LandscapeObjective
from fallline.runs.run import Run
from fallline.settings import unicode_symbol
from fallline.views.equations import equations, outlines

__all__ = ["equation_blocks"]

Block = dict[str, str]
Form = Literal["units", "matrix"]

MOST_UNITS = 60
"""Parameters of a network whose equations can be read unit by unit."""


def equation_blocks(resolved: ResolvedState, form: str, run: Run | None = None, step: int = 0) -> Iterator[list[Block]]:
    """After each section, all blocks so far."""
    blocks: list[Block] = [] if run is None else in_numbers(resolved, run, min(step, run.steps))
    yield blocks
    for subject, shape in _subjects(resolved, form):
        blocks = blocks + list(_blocks(subject, shape))
        yield blocks


def _subjects(resolved: ResolvedState, form: str) -> Iterator[tuple[Any, Form]]:
    """The subjects of equations: the objective, then the optimizer and its schedule."""
    net = resolved.network
    if net is not None:
        units = form == "units" and net.dimension <= MOST_UNITS
        yield net.network, "units" if units else "matrix"
    elif isinstance(resolved.objective, LandscapeObjective):
        yield resolved.objective.landscape, "units"
    yield resolved.spec.method.optimizer, "units"
    if resolved.spec.method.schedule.name != "constant":
        yield resolved.spec.method.schedule, "units"


@lru_cache(maxsize=128)
def _blocks(subject: Any, form: Form) -> tuple[Block, ...]:
    """Its sections, set once."""
    return tuple(
        {"title": s.title, "svg": s.svg(), "mathml": s.mathml(), "plain": s.text()}
        for s in equations(subject, form).sections
    )


def in_numbers(resolved: ResolvedState, run: Run, step: int) -> list[Block]:
    """The symbols of the equations with what they stand for at one step of a run, and the step worked out.

    For momentum v is how far the last step went, w_{t-1} - w_t, as its equation says.
    """
    settings, declared = run.method.settings, run.method.optimizer.declared
    blocks = [_numbers(f"In numbers, at step {step}: settings", [(declared[k].symbol, v) for k, v in settings.items()])]
    w = np.asarray(run.path[step], dtype=np.float64)
    loss = float(run.losses[step])
    if resolved.network is not None:
        rows: list[tuple[str, Any]] = [("L", loss)]
        for l, layer in enumerate(resolved.network.network.unpack(w), start=1):
            rows.append((f"W^{{({l})}}", np.asarray(layer.W)))
            if layer.b is not None:
                rows.append((f"b^{{({l})}}", np.asarray(layer.b)[None, :]))
        return [*blocks, *(_numbers(f"At step {step}", [row]) for row in rows)]
    with np.errstate(all="ignore"):
        gradient = np.asarray(run.objective.loss_and_gradient(w)[1])
    labels = run.objective.labels
    here = [(f"{x}_{{{step}}}", v) for x, v in zip(labels, w, strict=True)]
    slopes = [(rf"\frac{{\partial f}}{{\partial {x}}}", v) for x, v in zip(labels, gradient, strict=True)]
    blocks.append(_numbers(f"At step {step}", [*here, (f"f({', '.join(labels)})", loss), *slopes]))
    if step < run.steps and np.isfinite(run.path[step + 1]).all():
        rates = run.method.schedule.factor(step + 1, **run.method.schedule_settings) * settings["learning_rate"]
        before = np.asarray(run.path[step - 1], dtype=np.float64) if step else w
        rows = []
        for k, x in enumerate(labels):
            after = float(run.path[step + 1][k])
            if run.method.optimizer.name == "gradient_descent":
                rows.append(
                    (
                        f"{x}_{{{step + 1}}}",
                        f"{_tex(w[k])} - {_tex(rates)} \\cdot ({_tex(gradient[k])}) = {_tex(after)}",
                    )
                )
            elif run.method.optimizer.name == "momentum":
                v = before[k] - w[k]
                moved = f"{_tex(settings['momentum'])} \\cdot ({_tex(v)}) + {_tex(rates)} \\cdot ({_tex(gradient[k])})"
                rows.append((f"v_{{{step + 1}}}^{{{x}}}", f"{moved} = {_tex(w[k] - after)}"))
                rows.append((f"{x}_{{{step + 1}}}", f"{_tex(w[k])} - ({_tex(w[k] - after)}) = {_tex(after)}"))
            else:
                rows.append((f"{x}_{{{step + 1}}}", after))
        blocks.append(_numbers(f"Step {step + 1}", rows))
    return blocks


def _numbers(title: str, rows: list[tuple[str, Any]]) -> Block:
    written_rows = [(left, right if isinstance(right, str) else _tex(right)) for left, right in rows]
    plain = "; ".join(f"{_plain(left)} = {_plain(right)}" for left, right in written_rows)
    mathml = outlines.mathml(
        r"\begin{aligned} " + r" \\ ".join(f"{a} &= {b}" for a, b in written_rows) + r" \end{aligned}"
    )
    return {"title": title, "svg": outlines.picture(written_rows, plain, 18), "mathml": mathml, "plain": plain}


def _tex(value: Any) -> str:
    """A number, or a matrix of at most 8 columns and rows, in LaTeX."""
    if np.ndim(value) == 2:
        shown = np.asarray(value)[:8, :8]
        rows = [
            " & ".join([*(_tex(v) for v in row), *([r"\cdots"] if np.shape(value)[1] > 8 else [])]) for row in shown
        ]
        if len(value) > 8:
            rows.append(r"\vdots" + r" & " * (rows[0].count("&")))
        return r"\begin{pmatrix} " + r" \\ ".join(rows) + r" \end{pmatrix}"
    if not np.isfinite(value):
        return r"\infty" if value > 0 else r"-\infty" if value < 0 else r"\text{undefined}"
    mantissa, e, exponent = f"{float(value):.4g}".partition("e")
    return f"{mantissa} \\cdot 10^{{{int(exponent)}}}" if e else mantissa


def _plain(latex: str) -> str:
    """A row of LaTeX as it is read aloud."""
    for a, b in (
        (r"\begin{pmatrix} ", "("), (r" \end{pmatrix}", ")"), (r" \\ ", "; "), (r" & ", ", "), (r"\cdot", "·"),
        (r"\frac{\partial f}{\partial ", "∂f/∂"), ("{", ""), ("}", ""), ("-", "−"),
    ):  # fmt: skip
        latex = latex.replace(a, b)
    return unicode_symbol(latex)

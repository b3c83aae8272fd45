"""The numbers of a run at one step, in the places of the symbols of its equations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from fallline.lab.resolved_state import ResolvedState
from fallline.lab.work.equation_blocks import Written
from fallline.problems import LandscapeObjective, NetworkObjective
from fallline.readings.symbols import Partial, symbol
from fallline.readings.symbols.matrices import Matrix, matrix
from fallline.runs.run import Run
from fallline.settings import SETTINGS
from fallline.views.equations import Equation
from fallline.views.equations.latex import Latex
from fallline.views.equations.order import parts
from fallline.views.equations.rules import coordinates, setting_symbol

__all__ = ["Numbers", "step_in_numbers"]

MOST_SHOWN = 8
"""The most rows and columns of a matrix that are written out."""


class Substituted(Latex):
    """A writer that puts numbers, given as LaTeX, in the places of some symbols.

    >>> x, y = sympy.symbols("x y")
    >>> Substituted({"x": "{-0.5}", "y": "2"}, r" \\cdot ").write(3 * x**2 + x * y)
    '3 \\\\cdot \\\\left({-0.5}\\\\right)^{2} + \\\\left({-0.5}\\\\right) \\\\cdot 2'
    """

    def __init__(self, texts: Mapping[str, str], times: str = " ") -> None:
        self.texts, self.times = texts, times

    def symbol(self, name: str) -> str:
        return _bracketed(self.texts[name]) if name in self.texts else super().symbol(name)

    def transpose(self, name: str, text: str) -> str:
        return rf"{{{self.texts[name]}}}^{{\top}}" if name in self.texts else super().transpose(name, text)


@dataclass(frozen=True)
class Numbers:
    """What the symbols of the equations stand for at one step of a run.

    Attributes
    ----------
    given
        The settings, and the coordinates of a landscape.
    rate
        The learning rate of the next step.
    objective, method
        Write the symbols of the objective and of the optimizer as numbers.
    results
        By left side, what its right side comes to.
    """

    given: Written
    rate: tuple[str, str]
    objective: Latex
    method: Latex
    results: dict[str, str]

    @classmethod
    def of(cls, resolved: ResolvedState, run: Run, step: int) -> Numbers:
        """The numbers of a run before its step `step + 1`."""
        method = run.method
        w = np.asarray(run.path[step], dtype=np.float64)
        with np.errstate(all="ignore"):
            gradient = np.asarray(run.objective.loss_and_gradient(w)[1])
        known = [(setting_symbol(method.optimizer.declared[name]), value) for name, value in method.settings.items()]
        known += [
            (setting_symbol(method.schedule.declared[name]), value) for name, value in method.schedule_settings.items()
        ]
        letter, rate = setting_symbol(SETTINGS["learning_rate"]).name, tex(_rate(run, step))
        settings = {name.name: tex(value) for name, value in known} | {symbol(letter, None, "t+1").name: rate}
        rows = [(Latex().write(name), tex(value)) for name, value in known]
        if resolved.network is None:
            assert isinstance(resolved.objective, LandscapeObjective)
            names = coordinates(resolved.objective.landscape)
            rows += [(Latex().write(name), tex(value)) for name, value in zip(names, w, strict=True)]
            objective = Substituted({n.name: tex(v) for n, v in zip(names, w, strict=True)}, r" \cdot ")
            results = {Latex().write(sympy.Function("f")(*names)): tex(run.losses[step])}
            slopes = zip(names, gradient, strict=True)
            results |= {Latex().write(Partial(symbol("f"), name)): tex(slope) for name, slope in slopes}
        else:
            texts, results = _network_numbers(resolved.network, w, gradient)
            objective = Substituted(texts)
            results["L"] = tex(run.losses[step])
        own_rate = (Latex().write(symbol(letter, None, step + 1)), rate)
        return cls(
            Written(f"In numbers, at step {step}", rows),
            own_rate,
            objective,
            Substituted(settings, r" \cdot "),
            results,
        )

    def row(self, e: Equation, writer: Latex) -> tuple[str, str]:
        """An equation with the numbers put into its right side, and what it comes to."""
        left, right = Latex().write(e.left), _signs(writer.write(e.right))
        return left, f"{right} = {self.results[left]}" if left in self.results else right


def _network_numbers(net: NetworkObjective, w: Any, gradient: Any) -> tuple[dict[str, str], dict[str, str]]:
    """The parameters by the names of their symbols, as matrices and one by one; and the partial derivatives by left side."""
    texts: dict[str, str] = {}
    results: dict[str, str] = {}
    layers = zip(net.network.unpack(w), net.network.unpack(gradient), strict=True)
    for l, (layer, slope) in enumerate(layers, start=1):
        for letter, own, by in (("W", layer.W, slope.W), ("b", layer.b, slope.b)):
            if own is None:
                continue
            name, rows, slopes = f"{letter}^{{({l})}}", np.atleast_2d(own), np.atleast_2d(by)
            texts[name] = tex(rows)
            whole = Matrix("partial", (matrix("L"), matrix(name, *rows.shape)), rows.shape)
            results[Latex().write(whole)] = tex(slopes)
            for (j, k), value in np.ndenumerate(rows):
                unit = symbol("w", l, j + 1, k + 1) if letter == "W" else symbol("b", l, k + 1)
                texts[unit.name] = tex(value)
                results[Latex().write(Partial(symbol("L"), unit))] = tex(slopes[j, k])
    return texts, results


def step_in_numbers(run: Run, step: int) -> Written | None:
    """The next step of a landscape's run, coordinate by coordinate; None after the last one.

    For momentum v is how far the last step went, w_{t-1} - w_t, as its equation says.
    """
    if step >= run.steps or not np.isfinite(run.path[step + 1]).all():
        return None
    w, after = (np.asarray(run.path[k], dtype=np.float64) for k in (step, step + 1))
    before = np.asarray(run.path[step - 1], dtype=np.float64) if step else w
    with np.errstate(all="ignore"):
        gradient = np.asarray(run.objective.loss_and_gradient(w)[1])
    rate, name = tex(_rate(run, step)), run.method.optimizer.name
    rows: list[tuple[str, str]] = []
    for k, x in enumerate(run.objective.labels):
        base, _, down = parts(x)
        own = f"{base}_{{{down}{',' if down else ''}{step + 1}}}"
        move, slope = w[k] - after[k], rf"{rate} \cdot {_bracketed(tex(gradient[k]))}"
        if name == "gradient_descent":
            rows.append((own, f"{tex(w[k])} - {slope} = {tex(after[k])}"))
        elif name == "momentum":
            last = rf"{tex(run.method.settings['momentum'])} \cdot {_bracketed(tex(before[k] - w[k]))}"
            rows.append((f"v_{{{step + 1}}}^{{{x}}}", f"{last} + {slope} = {tex(move)}"))
            rows.append((own, f"{tex(w[k])} - {_bracketed(tex(move))} = {tex(after[k])}"))
        else:
            rows.append((own, tex(after[k])))
    return Written(f"Step {step + 1}", rows)


def tex(value: Any) -> str:
    """A number, or a matrix of at most 8 columns and rows, in LaTeX.

    >>> tex(-8.25e-5), tex([[1, 2.5]])
    ('{-8.25} \\\\cdot 10^{-5}', '\\\\begin{pmatrix} 1 & 2.5 \\\\end{pmatrix}')
    """
    if np.ndim(value) == 2:
        shown = np.asarray(value)[:MOST_SHOWN, :MOST_SHOWN]
        more = [r"\cdots"] if np.shape(value)[1] > MOST_SHOWN else []
        rows = [" & ".join([*map(tex, row), *more]) for row in shown]
        if len(value) > MOST_SHOWN:
            rows.append(r"\vdots" + r" & " * (rows[0].count("&")))
        return r"\begin{pmatrix} " + r" \\ ".join(rows) + r" \end{pmatrix}"
    if not np.isfinite(value):
        return r"\infty" if value > 0 else r"-\infty" if value < 0 else r"\text{undefined}"
    mantissa, e, exponent = f"{float(value):.4g}".partition("e")
    if mantissa[0] == "-":
        mantissa = f"{{{mantissa}}}"  # in braces, or its sign is set as that of a difference
    if not e:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"


def _bracketed(text: str) -> str:
    """A number that may stand after a sign or under an exponent; a matrix has brackets of its own."""
    return text if text[:2] != "{-" and not re.search(r"cdot|^10\^", text) else rf"\left({text}\right)"


def _signs(text: str) -> str:
    r"""Negative numbers of a sum without their brackets: "+ (-2) x" is "- 2 x".

    >>> _signs(r"\left({-1}\right) x + \left({-2}\right) y")
    '{-1} x - 2 y'
    """
    number = r"\\left\(\{-([\d.]+)\}\\right\)(?!\^)"
    text = re.sub(rf" \+ {number}", r" - \1", text)
    return re.sub(rf"(^|\\left\(){number}", r"\1{-\2}", text)


def _rate(run: Run, step: int) -> float:
    """The learning rate of step `step + 1`."""
    factor = run.method.schedule.factor(step + 1, **run.method.schedule_settings)
    return float(factor * run.method.settings["learning_rate"])

"""The numbers of a run at one step, in the places of the symbols of its equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from fallline.experiment.setting_names import layer_rate, schedule_setting
from fallline.lab.resolved_state import ResolvedState
from fallline.lab.work.equation_blocks import Written
from fallline.lab.work.number_places import Places, matrix_tex
from fallline.problems import LandscapeObjective, NetworkObjective
from fallline.readings.symbols import Partial, symbol
from fallline.readings.symbols.matrices import Matrix, matrix
from fallline.runs.run import Run
from fallline.settings import SETTINGS
from fallline.textbook.rates import length_of
from fallline.views.equations import Equation
from fallline.views.equations.latex import Latex
from fallline.views.equations.order import parts
from fallline.views.equations.rules import coordinates, setting_symbol
from fallline.views.equations.steps import layer_rate_symbol, layers_of

__all__ = ["Numbers", "next_step", "numbers_of"]


class Substituted(Latex):
    """A writer that puts places for numbers, or matrices of them, where some symbols stand.

    >>> x, y = sympy.symbols("x y")
    >>> places = Places()
    >>> text = Substituted({"x": places.of("x"), "y": places.of("y")}, r" \\cdot ").write(3 * x**2 + x * y)
    >>> places.filled(text, {"x": -0.5, "y": 2})
    '3 \\\\cdot \\\\left({-0.5}\\\\right)^{2} + \\\\left({-0.5}\\\\right) \\\\cdot 2'
    """

    def __init__(self, texts: Mapping[str, str], times: str = " ") -> None:
        self.texts, self.times = texts, times

    def symbol(self, name: str) -> str:
        return self.texts[name] if name in self.texts else super().symbol(name)

    def transpose(self, name: str, text: str) -> str:
        return rf"{{{self.texts[name]}}}^{{\top}}" if name in self.texts else super().transpose(name, text)


@dataclass(frozen=True)
class Numbers:
    """The equations' places for the numbers of a run at one of its steps.

    Attributes
    ----------
    places
        All of them. Their values are those of `numbers_of`.
    given
        The settings, and the coordinates of a landscape.
    rate
        The learning rate of the next step.
    objective, method
        Write the symbols of the objective and of the optimizer as places.
    results
        By left side, what its right side comes to.
    """

    places: Places
    given: Written
    rate: tuple[str, str]
    objective: Latex
    method: Latex
    results: dict[str, str]

    @classmethod
    def of(cls, resolved: ResolvedState, places: Places, *, gradient: bool = True) -> Numbers:
        """Those of the runs of a state; `gradient`: whether the gradient is among them."""
        method = resolved.spec.method
        known = [(setting_symbol(method.optimizer.declared[name]), name) for name in method.optimizer.settings]
        known += [
            (setting_symbol(method.schedule.declared[name]), schedule_setting(name))
            for name in method.schedule.settings
        ]
        rates = layers_of({*method.values, *resolved.spec.axes})
        known += [(layer_rate_symbol(layer), layer_rate(layer)) for layer in rates]
        letter = setting_symbol(SETTINGS["learning_rate"]).name
        settings = {s.name: places.of("settings", name) for s, name in known}
        settings |= {symbol(letter, None, "t+1").name: places.of("rate")}
        rows = [(Latex().write(s), places.of("settings", name, "plain")) for s, name in known]
        loss = places.of("loss", None, "plain")
        if resolved.network is None:
            assert isinstance(resolved.objective, LandscapeObjective)
            names = coordinates(resolved.objective.landscape)
            rows += [(Latex().write(name), places.of("w", k, "plain")) for k, name in enumerate(names)]
            objective = Substituted({name.name: places.of("w", k) for k, name in enumerate(names)}, r" \cdot ")
            results = {Latex().write(sympy.Function("f")(*names)): loss}
            slopes = {
                Latex().write(Partial(symbol("f"), name)): places.of("gradient", k, "plain")
                for k, name in enumerate(names)
            }
        else:
            texts, slopes = _of_network(resolved.network, places)
            objective, results = Substituted(texts), {"L": loss}
        own_rate = Latex().write(symbol(letter, None, places.of("next", None, "whole")))
        title = f"In numbers, at step {places.of('step', None, 'whole')}"
        return cls(
            places,
            Written(title, rows),
            (own_rate, places.of("rate", None, "plain")),
            objective,
            Substituted(settings, r" \cdot "),
            results | slopes if gradient else results,
        )

    def row(self, e: Equation, writer: Latex) -> tuple[str, str]:
        """An equation with places on its right side, and what it comes to."""
        left, right = Latex().write(e.left), self.places.in_context(writer.write(e.right))
        return left, f"{right} = {self.results[left]}" if left in self.results else right


def _of_network(net: NetworkObjective, places: Places) -> tuple[dict[str, str], dict[str, str]]:
    """The parameters by the names of their symbols, as matrices and one by one; and the partial derivatives by left side."""
    texts: dict[str, str] = {}
    results: dict[str, str] = {}
    for l, layer in enumerate(net.network.unpack(np.arange(net.dimension)), start=1):
        for letter, own in (("W", layer.W), ("b", layer.b)):
            if own is None:
                continue
            name, at = f"{letter}^{{({l})}}", np.atleast_2d(own)
            shape = (at.shape[0], at.shape[1])
            texts[name] = matrix_tex(*shape, lambda j, k, at=at: places.of("w", int(at[j, k]), "plain"))  # type: ignore[misc]
            whole = Matrix("partial", (matrix("L"), matrix(name, *shape)), shape)
            results[Latex().write(whole)] = matrix_tex(
                *shape,
                lambda j, k, at=at: places.of("gradient", int(at[j, k]), "plain"),  # type: ignore[misc]
            )
            for (j, k), index in np.ndenumerate(at):
                unit = symbol("w", l, j + 1, k + 1) if letter == "W" else symbol("b", l, k + 1)
                texts[unit.name] = places.of("w", int(index))
                results[Latex().write(Partial(symbol("L"), unit))] = places.of("gradient", int(index), "plain")
    return texts, results


def next_step(resolved: ResolvedState, places: Places) -> Written:
    """The next step of a landscape's run, coordinate by coordinate.

    For momentum v is how far the last step went, w_{t-1} - w_t, as its equation says.
    """
    name, number = resolved.spec.method.optimizer.name, places.of("next", None, "whole")
    rate = places.of("rate", None, "plain")
    rows: list[tuple[str, str]] = []
    for k, x in enumerate(resolved.objective.labels):
        base, _, down = parts(x)
        own = f"{base}_{{{down}{',' if down else ''}{number}}}"
        w, after = places.of("w", k, "plain"), places.of("after", k, "plain")
        slope = rf"{rate} \cdot {places.of('gradient', k)}"
        if name == "gradient_descent":
            rows.append((own, f"{w} - {slope} = {after}"))
        elif name == "momentum":
            last = rf"{places.of('settings', 'momentum', 'plain')} \cdot {places.of('last', k)}"
            rows.append((f"v_{{{number}}}^{{{x}}}", f"{last} + {slope} = {places.of('move', k, 'plain')}"))
            rows.append((own, f"{w} - {places.of('move', k)} = {after}"))
        else:
            rows.append((own, after))
    return Written(f"Step {number}", rows, of_next_step=True)


def numbers_of(run: Run, step: int) -> dict[str, Any]:
    """The values of the places before step `step + 1` of a run; without those of that step after the last one.

    A network has no "after", "move" and "last".
    """
    method = run.method
    w = np.asarray(run.path[step], dtype=np.float64)
    with np.errstate(all="ignore"):
        gradient = np.asarray(run.objective.loss_and_gradient(w)[1])
    t = min(step + 1, length_of(method.schedule.factor) or step + 1)  # a list of rates ends with the run
    factor = method.schedule.factor(t, **method.schedule_settings)
    values = {
        "step": step, "next": step + 1, "w": w, "gradient": gradient, "loss": run.losses[step], "settings": method.values,
        "rate": factor * method.settings["learning_rate"],
    }  # fmt: skip
    if step == run.steps or isinstance(run.objective, NetworkObjective):
        return values
    before, after = (np.asarray(run.path[max(k, 0)], dtype=np.float64) for k in (step - 1, step + 1))
    return values | {"after": after, "move": w - after, "last": before - w}

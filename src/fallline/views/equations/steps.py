"""The equations of a step as a method takes it: the optimizer's, with its schedule and the learning rate of each layer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy

from fallline.experiment.method import Method
from fallline.experiment.setting_names import is_layer_rate, layer_of, layer_rate, schedule_setting
from fallline.readings.symbols import symbol
from fallline.settings import SETTINGS
from fallline.textbook.layer_factors import rate_factor
from fallline.textbook.network import Network
from fallline.textbook.optimizers import Optimizer
from fallline.views.equations.rules import of_optimizer, of_schedule, setting_symbol
from fallline.views.equations.sections import Equation, Section
from fallline.views.equations.text import Text

__all__ = ["StepSections", "layer_rate_symbol", "layers_of", "rates_of_layers", "step_sections", "values_of"]

_RATE = setting_symbol(SETTINGS["learning_rate"])


@dataclass(frozen=True)
class StepSections:
    """The sections of a step.

    Attributes
    ----------
    update
        The optimizer's rule. The learning rate is that of a layer l where layers differ, and that of step t + 1 with a schedule.
    rates
        The learning rate of each layer; empty if all have the same.
    start
        The first values of the optimizer's state, if it has some.
    schedule
        The learning rate of step t; empty if it is constant.
    """

    update: Section
    rates: tuple[Section, ...]
    start: tuple[Section, ...]
    schedule: tuple[Section, ...]

    @property
    def all(self) -> tuple[Section, ...]:
        """All of them in order."""
        return (self.update, *self.rates, *self.start, *self.schedule)


def step_sections(how: Method, network: Network | None = None, axes: Iterable[str] = ()) -> StepSections:
    """The equations of a step.

    Parameters
    ----------
    how
        The method.
    network
        What it trains; None for a landscape.
    axes
        Names of settings that have values besides those of the method, such as "learning_rate.1" of a map's axis.

    Examples
    --------
    >>> from fallline.experiment.method import method
    >>> how = method("gradient_descent", "cosine", 100, **{"learning_rate.2": 0.01})
    >>> for section in step_sections(how, Network.of("2-3-3")).all:
    ...     print(*section.equations, sep="; ")
    wₜ₊₁ = wₜ − ε⁽ˡ⁾ₜ₊₁ gₜ
    ε⁽¹⁾ = ε; ε⁽²⁾ = ε₂
    ε⁽ˡ⁾ₜ = ε⁽ˡ⁾ (1 + cos(π min(T, t − 1) / T)) / 2
    """
    update, *start = of_optimizer(how.optimizer)
    rates = rates_of_layers(how.optimizer, network, {*how.values, *axes}) if network is not None else ()
    scheduled = how.schedule.name != "constant"
    layer = "l" if rates else None
    step = ("t+1",) if scheduled else ()
    note = update.note + (" w are the parameters of layer l." if rates else "")
    shown = _with(update, {_RATE: symbol(_RATE.name, layer, *step)}, note)
    plans = of_schedule(how.schedule) if scheduled else ()
    if rates:
        own = {_RATE: symbol(_RATE.name, "l"), symbol(_RATE.name, None, "t"): symbol(_RATE.name, "l", "t")}
        plans = tuple(_with(plan, own, plan.note) for plan in plans)
    sections = (Section("Learning rates of the layers", rates, _meaning(how, axes)),) if rates else ()
    return StepSections(shown, sections, tuple(start), plans)


def layer_rate_symbol(layer: int) -> sympy.Symbol:
    """The symbol of a layer's own learning rate, as it is set.

    >>> layer_rate_symbol(2).name
    '\\\\varepsilon_{2}'
    """
    return symbol(_RATE.name, None, layer)


def rates_of_layers(optimizer: Optimizer, network: Network, names: Iterable[str]) -> tuple[Equation, ...]:
    """The learning rate with which each layer is trained; nothing if all have the same.

    A layer's own rate takes the place of the common one, and the network's parametrization multiplies it.

    >>> from fallline.textbook.optimizers import OPTIMIZERS
    >>> net = Network.of("2-16-3", parametrization="mup")
    >>> for equation in rates_of_layers(OPTIMIZERS["momentum"], net, ["learning_rate.2"]):
    ...     print(equation)
    ε⁽¹⁾ = 16 ε
    ε⁽²⁾_W = 0.0625 ε₂
    ε⁽²⁾_b = ε₂
    """
    own = layers_of(names)
    equations: list[Equation] = []
    for layer in range(1, network.depth + 1):
        base = layer_rate_symbol(layer) if layer in own else _RATE
        factors = {"W": rate_factor(network, layer, True, optimizer)}
        if network.bias:
            factors["b"] = rate_factor(network, layer, False, optimizer)
        if len(set(factors.values())) == 1:
            factors = {"": factors["W"]}
        for part, factor in factors.items():
            left = symbol(_RATE.name, layer, *([part] if part else []))
            equations.append(Equation(left, base if factor == 1 else sympy.Float(f"{factor:.6g}") * base))
    return () if all(e.right == _RATE for e in equations) else tuple(equations)


def layers_of(names: Iterable[str]) -> list[int]:
    """The layers that have a learning rate of their own, by the names of settings.

    >>> layers_of(["learning_rate", "learning_rate.2"])
    [2]
    """
    return sorted({layer_of(name) for name in names if is_layer_rate(name)})


def values_of(how: Method, network: Network | None = None) -> Section:
    """The values of a method's settings; without the common learning rate where each layer has one of its own."""
    declared, idle = how.optimizer.declared, network is not None and len(how.learning_rates) == network.depth
    rows = [
        Equation(setting_symbol(declared[name]), sympy.Float(value))
        for name, value in how.settings.items()
        if not (idle and name == "learning_rate")
    ]
    rows += [Equation(layer_rate_symbol(layer), sympy.Float(rate)) for layer, rate in how.learning_rates.items()]
    own = how.schedule.declared
    rows += [
        Equation(setting_symbol(own[name]), sympy.Float(how.values[schedule_setting(name)]))
        for name in how.schedule.settings
    ]
    return Section("Settings", tuple(rows))


def _with(section: Section, symbols: dict[sympy.Symbol, sympy.Symbol], note: str) -> Section:
    def own(side: object) -> object:
        return side.xreplace(symbols) if isinstance(side, sympy.Basic) else side

    return Section(section.title, tuple(Equation(own(e.left), own(e.right), e.note) for e in section.equations), note)


def _meaning(how: Method, axes: Iterable[str]) -> str:
    own = layers_of({*how.values, *axes})
    symbols = {layer: Text().write(layer_rate_symbol(layer)) for layer in own}
    return "; ".join(f"{text}: setting {layer_rate(layer)}" for layer, text in symbols.items())

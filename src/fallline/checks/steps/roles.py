"""What the arguments of an optimizer's step are, by their names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fallline.textbook.optimizers import Optimizer

__all__ = ["SETTING_NAMES", "WEIGHTS", "Roles", "parameters_of", "plain_name", "roles_of", "setting_arguments"]

WEIGHTS = ("w", "weights", "weight", "theta", "thetas", "param", "params", "parameter", "parameters", "x", "p", "wts", "value",
           "values", "var", "vars", "variables", "layer", "model", "ws", "point", "position", "xk", "wt", "old")  # fmt: skip
GRADIENTS = ("g", "grad", "grads", "gradient", "gradients", "dw", "dtheta", "dx", "dparams", "gt", "dldw", "d", "dws", "gs",
             "gw", "nabla", "gradw", "dp", "gk", "delta", "derivative")  # fmt: skip
NUMBERS = ("t", "step", "i", "k", "iteration", "iter", "it", "n", "timestep", "epoch", "itr", "nstep", "count", "steps",
           "niter", "j")  # fmt: skip
DICTIONARIES = (
    "config",
    "cfg",
    "state",
    "opt",
    "optstate",
    "cache",
    "optimizer",
    "options",
    "hyper",
    "conf",
    "hparams",
)
SETTING_NAMES: dict[str, tuple[str, ...]] = {
    "learning_rate": ("learningrate", "lr", "eta", "alpha", "stepsize", "rate", "lrate", "a", "gamma", "h", "epsilon"),
    "momentum": ("momentum", "mu", "beta", "gamma", "rho", "mom", "alpha", "b", "beta1", "momentumrate"),
    "beta1": ("beta1", "b1", "betaone", "rho1", "decay1"),
    "beta2": ("beta2", "b2", "betatwo", "rho2", "decay2"),
    "epsilon": ("epsilon", "eps", "e", "delta", "eps0"),
    "decay": ("decay", "decayrate", "rho", "beta", "gamma", "alpha", "beta2", "b"),
    "weight_decay": ("weightdecay", "wd", "lambda", "lam", "lambd", "l2", "decay", "lmbda", "reg"),
    "initial_accumulator": ("initialaccumulator", "initialaccumulatorvalue", "s0", "init"),
}  # fmt: skip
"""Other names of settings, without underscores, the likeliest first."""


def plain_name(name: str) -> str:
    """The name in small letters, without underscores."""
    return name.lower().replace("_", "")


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of a function; none if its signature cannot be read."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []


def setting_arguments(names: Sequence[str], settings: Sequence[str]) -> dict[str, str]:
    """For each setting the argument that it is called by; settings that no argument takes are absent.

    >>> setting_arguments(["w", "dw", "lr", "beta"], ["learning_rate", "momentum"])
    {'learning_rate': 'lr', 'momentum': 'beta'}
    """
    found: dict[str, str] = {}
    plain = {plain_name(name): name for name in names}
    ranked = sorted(
        (rank, setting, name)
        for setting in settings
        for rank, name in enumerate(SETTING_NAMES.get(setting, (plain_name(setting),)))
    )
    for _, setting, name in ranked:
        if name in plain and setting not in found and plain[name] not in found.values():
            found[setting] = plain[name]
    return {setting: found[setting] for setting in settings if setting in found}


@dataclass(frozen=True)
class Roles:
    """What each argument of a function or method gets."""

    weights: str
    gradients: str
    number: str
    settings: Mapping[str, str]
    states: tuple[str, ...]
    dictionary: str
    betas: str


def roles_of(parameters: Sequence[inspect.Parameter], optimizer: Optimizer, *, method: bool = False) -> Roles | None:
    """The roles by the arguments' names; None if w or g is missing."""
    usable = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    names = [p.name for p in usable]
    settings = setting_arguments(names, optimizer.settings)
    left = [n for n in names if n not in settings.values()]

    def first(table: Sequence[str]) -> str:
        name = next((n for n in left if plain_name(n) in table), "")
        if name:
            left.remove(name)
        return name

    weights, gradients = first(WEIGHTS), first(GRADIENTS)
    betas = first(("betas",))
    if not gradients:
        gradients = next((n for n in left if plain_name(n).startswith(("d", "grad"))), "")
        if gradients:
            left.remove(gradients)
    if not weights and not gradients and left and not method:
        weights = left.pop(0)
    if not weights and not gradients:
        return None
    optional = {p.name for p in usable if p.default is not p.empty}
    dictionary = next((n for n in left if plain_name(n) in DICTIONARIES), "")
    if dictionary and dictionary in ("cache", "state") and len(optimizer.state) == 1 and dictionary not in optional:
        dictionary = ""
    if dictionary:
        left.remove(dictionary)
    number = first(NUMBERS)
    none = {p.name for p in usable if p.default is None}
    states = tuple(n for n in left if n not in optional or n in none)
    return Roles(weights, gradients, number, settings, states, dictionary, betas)

"""Arguments and settings under the names that other libraries use."""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Mapping
from typing import Any, ParamSpec, TypeVar

from fallline.errors import SettingError, UnknownNameError, UsageError, shown
from fallline.experiment.setting_names import layer_rate
from fallline.settings import Setting
from fallline.textbook.optimizers import Optimizer

__all__ = ["hint_of_setting", "own_axis", "own_settings", "understands_other_names"]

P = ParamSpec("P")
R = TypeVar("R")

_ARGUMENTS = {
    "batch_size": "batch", "random_state": "seed", "x0": "start", "n_steps": "steps", "num_steps": "steps",
    "iterations": "steps", "distribution": "initial",
}  # fmt: skip
"""Arguments of `descend`, `map` and `compare`: the other name, and ours."""

_SETTINGS = {
    "lr": "learning_rate", "eta": "learning_rate", "learning_rate_init": "learning_rate", "eps": "epsilon",
    "beta_1": "beta1", "beta_2": "beta2", "alpha": "decay", "rho": "decay", "gamma": "decay", "step_size": "every",
    "T_max": "steps", "beta": "momentum", "initial_accumulator_value": "initial_accumulator",
}  # fmt: skip
"""Settings of optimizers and schedules: the other name, and ours, where the optimizer or the schedule has it."""

_DIFFERENT = {
    "weight_decay": "The weight_decay of PyTorch's optimizers pulls all parameters; here l2 pulls the weights, not the biases: "
    "write l2=..., or take optimizer 'adamw', whose weight_decay is decoupled.",
    "epochs": "Write steps=..., the number of updates; one epoch takes as many as there are minibatches.",
    "max_iter": "Write steps=..., the number of updates; scikit-learn's max_iter counts epochs.",
    "nesterov": "Write optimizer 'nesterov' (learning rate inside the velocity) or 'nesterov_outside' (PyTorch).",
    "dampening": "No optimizer has dampening; 'momentum_outside' is PyTorch's SGD with momentum without it.",
    "amsgrad": "No optimizer has amsgrad; leave it out.",
    "samples": "It is an axis of maps; elsewhere take a part of the data, data.subset(32), or subset = 32 in [data] of a study.",
    "label_noise": "It is an axis of maps; elsewhere write data.with_label_noise(0.2), or label_noise = 0.2 in [data] of a study.",
    "tol": "Write until=..., a loss at which to stop.",
}
"""Settings that have no equal here, most of them of other libraries, and what to write instead."""

_MOMENTUM = (
    "There are two conventions: write optimizer 'momentum_outside', which is PyTorch's, or 'momentum', with the learning rate "
    "inside the velocity, which is Keras's and scikit-learn's."
)


def own_settings(given: Mapping[str, Any], declared: Mapping[str, Setting], owner: str) -> dict[str, Any]:
    """Return settings under our own names; {1: 0.1, 2: 0.01} for a learning rate becomes those of the layers.

    Raises
    ------
    SettingError
        If a setting is given twice.
    UnknownNameError
        If a name means something else here; the message names the difference.

    Examples
    --------
    >>> from fallline.textbook.optimizers import OPTIMIZERS
    >>> own_settings({"lr": 0.1, "betas": (0.9, 0.99)}, OPTIMIZERS["adam"].declared, "optimizer adam")
    {'learning_rate': 0.1, 'beta1': 0.9, 'beta2': 0.99}
    """
    settings: dict[str, Any] = {}
    source: dict[str, str] = {}
    for name, value in given.items():
        for own, part in _own(name, value, declared, owner):
            if own in settings:
                raise SettingError(f"{own} must be given once; it is given as {source[own]} and as {name}.")
            settings[own], source[own] = part, name
    return settings


def _own(name: str, value: Any, declared: Mapping[str, Setting], owner: str) -> list[tuple[str, Any]]:
    if name == "learning_rate" or (name not in declared and _SETTINGS.get(name) == "learning_rate"):
        return _by_layer(value)
    if name in declared:
        return [(name, value)]
    if name == "betas" and {"beta1", "beta2"} <= set(declared):
        if not isinstance(value, tuple | list) or len(value) != 2:
            raise SettingError(f"betas must be two numbers, beta1 and beta2; got {shown(value)}.")
        return [("beta1", value[0]), ("beta2", value[1])]
    own = _SETTINGS.get(name)
    if own in declared:
        return [(str(own), value)]
    hint = hint_of_setting(name, owner.removeprefix("optimizer "))
    if hint:
        raise UnknownNameError(f"setting of {owner}", name, declared, hint)
    return [(name, value)]


def _by_layer(value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        return [("learning_rate", value)]
    if not value:
        raise SettingError("learning_rate by layer must be {1: 0.1, 2: 0.01, ...}; got {}.")
    for layer in value:
        if isinstance(layer, bool) or not (isinstance(layer, int) or str(layer).isdigit()):
            raise SettingError(
                f"learning_rate by layer must be {{1: 0.1, 2: 0.01, ...}}; got the layer {shown(layer)}."
            )
    return [(layer_rate(int(layer)), rate) for layer, rate in value.items()]


def own_axis(name: str, declared: Container[str]) -> str:
    """Return our name of an axis that is named as another library names the setting; any other name as it is.

    Parameters
    ----------
    declared
        The settings of the map's optimizers.

    Examples
    --------
    >>> own_axis("batch_size", []), own_axis("lr.2", ["learning_rate"]), own_axis("alpha", ["learning_rate"])
    ('batch', 'learning_rate.2', 'alpha')
    """
    head, point, layer = name.partition(".")
    if head in declared:
        return name
    if head in _SETTINGS and _SETTINGS[head] in declared:
        return _SETTINGS[head] + point + layer
    return _ARGUMENTS.get(name, name)


def hint_of_setting(name: str, optimizer: str) -> str:
    """What to write instead of a setting of another library that has no equal here; "" for any other name."""
    return _MOMENTUM if name == "momentum" and optimizer == "gradient_descent" else _DIFFERENT.get(name, "")


def understands_other_names(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function take arguments under the names of other libraries: batch_size for batch, random_state for seed.

    >>> @understands_other_names
    ... def run(*, batch=None, **settings):
    ...     return batch, settings
    >>> run(batch_size=8, lr=0.1)
    (8, {'lr': 0.1})
    """

    @functools.wraps(function)
    def understanding(*args: P.args, **kwargs: P.kwargs) -> R:
        own = {name for value in (*args, *kwargs.values()) if isinstance(value, Optimizer) for name in value.declared}
        for name in [name for name in kwargs if name in _ARGUMENTS and name not in own]:
            ours = _ARGUMENTS[name]
            if ours in kwargs:
                raise UsageError(f"{ours} must be given once; it is given twice, also as {name}.")
            kwargs[ours] = kwargs.pop(name)
        return function(*args, **kwargs)

    return understanding

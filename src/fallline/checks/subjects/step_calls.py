"""The ways in which an optimizer's step is written: with a state, with m and v as arguments, with a dictionary, as a class."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, SideEffects, call, name_of
from fallline.checks.calling.names import returned_names
from fallline.checks.subjects.step_trials import TakeStep
from fallline.textbook.optimizers import Optimizer

__all__ = ["StepCall", "step_calls"]

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
KINDS = ("array", "d-dictionary", "dictionary", "list")
"""Of the containers of weights that a function may take."""
METHODS = ("step", "update", "update_params", "update_parameters", "update_weights", "apply", "apply_gradients", "__call__",
           "optimize", "minimize", "get_update", "take_step", "run")  # fmt: skip


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


class Parameter(np.ndarray):
    """An array with its gradient in `grad`, and itself in `data`."""

    grad: Any

    @property
    def data(self) -> Any:  # type: ignore[override]  # NumPy's own is a buffer; libraries of networks have the array here
        return self.view(np.ndarray)

    @data.setter
    def data(self, value: Any) -> None:
        self[...] = value


class Container:
    """How weights and gradients are handed over: an array, a list of one, a dictionary, a layer, a list of parameters."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def weights(self, w: Any) -> Any:
        if self.kind == "array":
            return w
        if self.kind == "list":
            return [w]
        if self.kind == "parameters":
            return [w.view(Parameter)]
        if self.kind == "layer":
            return SimpleNamespace(weights=w, biases=w.copy(), dweights=None, dbiases=None)
        return {"W1": w, "b1": w.copy()}

    def gradients(self, g: Any) -> Any:
        """The gradients, with the names of the weights, or with d before them."""
        if self.kind == "array":
            return g
        if self.kind == "list":
            return [g]
        before = "d" if self.kind == "d-dictionary" else ""
        return {f"{before}W1": g, f"{before}b1": g.copy()}

    def array(self, weights: Any) -> Any:
        if self.kind == "array":
            return weights
        if self.kind == "list":
            return weights[0]
        if self.kind == "parameters":
            return weights[0].view(np.ndarray)
        return weights.weights if self.kind == "layer" else weights["W1"]

    def zeros(self, w: Any) -> Any:
        """A state variable before the first step."""
        return self.gradients(np.zeros_like(w)) if self.kind != "layer" else None


@dataclass
class StepCall:
    """A way to call the function, and so a `Stepper`.

    Parameters
    ----------
    function
        The checked function, class or method.
    optimizer
        The optimizer whose step it should be.
    effects
        The side effects of the calls.
    described
        The call in words.
    begin
        Starts a run: maps w and the settings to a function that takes one step.
    fixed
        Settings that it does not take: they stand in the code.
    rate_varies
        Whether the learning rate is an argument of each step.
    counts_from
        The number of the first step, as it is given to the function.
    result
        What it returns: "weights", or the step that is to be added ("+") or subtracted ("-").
    likely
        Whether the names of the arguments say that it is meant in this way.
    single
        Whether it has returned single precision.
    """

    function: Callable[..., Any]
    optimizer: Optimizer
    effects: SideEffects
    described: str
    begin: Callable[[StepCall, Any, Mapping[str, float]], TakeStep]
    fixed: dict[str, float] = field(default_factory=dict)
    rate_varies: bool = True
    counts_from: int = 1
    result: str = "weights"
    likely: bool = True
    single: bool = False

    def start(self, w: Any, settings: Mapping[str, float]) -> TakeStep:
        inner = self.begin(self, w.copy(), settings)

        def step(w: Any, g: Any, t: int, settings: Mapping[str, float]) -> Any:
            try:
                result = self.weights(inner(w, g, t - 1 + self.counts_from, settings), w)
            except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:  # of reading the result
                raise MisbehaviourError(
                    f"the result of {name_of(self.function)} is not understood as weights, so it could not be checked."
                ) from error
            return result if self.result == "weights" else w + result if self.result == "+" else w - result

        return step

    def weights(self, result: Any, w: Any) -> Any:
        """The returned weights as an array shaped like w."""
        array = np.asarray(result)
        self.single |= array.dtype in (np.float32, np.float16)
        array = array.astype(float)
        if array.shape != np.shape(w):
            raise MisbehaviourError(
                f"{name_of(self.function)} must return weights of shape {np.shape(w)}; it returns {array.shape}, so it could "
                "not be checked."
            )
        return array.copy()

    def called(self, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
        """Call without copies: a step may change its arguments in place."""
        return call(functools.partial(function, *arguments, **keywords), (), {}, (), self.effects)


def step_calls(function: Callable[..., Any], optimizer: Optimizer, effects: SideEffects) -> Iterator[StepCall]:
    """The ways to call the function, the likeliest first."""
    owner, instance, method = _class_of(function)
    if owner is not None:
        yield from _of_class(owner, instance, method, function, optimizer, effects)
        return
    parameters = _parameters(function)
    names = [p.name for p in parameters]
    textbook = len(names) >= 4 and "state" in names
    if textbook:
        yield _with_state(function, optimizer, effects)
    yield from _with_arguments(function, parameters, optimizer, effects)
    if not textbook:
        yield _with_state(function, optimizer, effects)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []


def _with_state(function: Callable[..., Any], optimizer: Optimizer, effects: SideEffects) -> StepCall:
    """step(w, g, state, t, **settings), which returns (w, state)."""
    name = name_of(function)

    def begin(self: StepCall, w: Any, settings: Mapping[str, float]) -> TakeStep:
        state = optimizer.init(w, **settings)

        def step(w: Any, g: Any, t: int, settings: Mapping[str, float]) -> Any:
            nonlocal state
            result = self.called(function, w.copy(), g, state, t, **settings)
            if not isinstance(result, tuple | list) or len(result) != 2:
                raise MisbehaviourError(f"{name} must return (w, state), as an optimizer's step does.")
            w, state = result
            return w

        return step

    return StepCall(function, optimizer, effects, f"{name}(w, g, state, t, {', '.join(optimizer.settings)})", begin)


def setting_arguments(names: Sequence[str], settings: Sequence[str]) -> dict[str, str]:
    """For each setting the argument that it is called by; settings that no argument takes are absent.

    >>> setting_arguments(["w", "dw", "lr", "beta"], ["learning_rate", "momentum"])
    {'learning_rate': 'lr', 'momentum': 'beta'}
    """
    found: dict[str, str] = {}
    plain = {_plain(name): name for name in names}
    ranked = sorted(
        (rank, setting, name)
        for setting in settings
        for rank, name in enumerate(SETTING_NAMES.get(setting, (_plain(setting),)))
    )
    for _, setting, name in ranked:
        if name in plain and setting not in found and plain[name] not in found.values():
            found[setting] = plain[name]
    return {setting: found[setting] for setting in settings if setting in found}


@dataclass(frozen=True)
class _Roles:
    """What each argument of a function or method gets."""

    weights: str
    gradients: str
    number: str
    settings: Mapping[str, str]
    states: tuple[str, ...]
    dictionary: str
    betas: str


def _roles(parameters: Sequence[inspect.Parameter], optimizer: Optimizer, *, method: bool = False) -> _Roles | None:
    """The roles by the arguments' names; None if w or g is missing."""
    usable = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    names = [p.name for p in usable]
    settings = setting_arguments(names, optimizer.settings)
    left = [n for n in names if n not in settings.values()]

    def first(table: Sequence[str]) -> str:
        name = next((n for n in left if _plain(n) in table), "")
        if name:
            left.remove(name)
        return name

    weights, gradients = first(WEIGHTS), first(GRADIENTS)
    betas = first(("betas",))
    if not gradients:
        gradients = next((n for n in left if _plain(n).startswith(("d", "grad"))), "")
        if gradients:
            left.remove(gradients)
    if not weights and not gradients and left and not method:
        weights = left.pop(0)
    if not weights and not gradients:
        return None
    optional = {p.name for p in usable if p.default is not p.empty}
    dictionary = next((n for n in left if _plain(n) in DICTIONARIES), "")
    if dictionary and dictionary in ("cache", "state") and len(optimizer.state) == 1 and dictionary not in optional:
        dictionary = ""
    if dictionary:
        left.remove(dictionary)
    number = first(NUMBERS)
    none = {p.name for p in usable if p.default is None}
    states = tuple(n for n in left if n not in optional or n in none)
    return _Roles(weights, gradients, number, settings, states, dictionary, betas)


def _with_arguments(
    function: Callable[..., Any], parameters: Sequence[inspect.Parameter], optimizer: Optimizer, effects: SideEffects
) -> Iterator[StepCall]:
    """A function whose arguments are w, g, the state's variables, t and settings, by their names."""
    roles = _roles(parameters, optimizer)
    if roles is None or not roles.gradients:
        return
    taken = {*roles.settings, "initial_accumulator", *(("beta1", "beta2") if roles.betas else ())}
    numbers = (1,) if not roles.number or _plain(roles.number) == "t" else (1, 0)
    results = ("weights", "-", "+") if roles.weights else ("-", "+")
    states = ("dictionary",) if not roles.dictionary else ("dictionary", "tuple", "none")
    for result, kind, counts_from, memory in product(results, KINDS, numbers, states):
        if result != "weights" and kind != "array":
            continue
        has_settings = taken | (set(optimizer.settings) if roles.dictionary and memory == "dictionary" else set())
        fixed = {n: float(s.default) for n, s in optimizer.declared.items() if n not in has_settings}
        words = f"{name_of(function)}({', '.join(p.name for p in parameters)})"
        words += "" if kind == "array" else f", weights as a {kind.removeprefix('d-')}"
        words += "" if counts_from == 1 else f", {roles.number} from 0"
        yield StepCall(
            function, optimizer, effects, words, functools.partial(_begin, roles, Container(kind), memory), fixed,
            "learning_rate" in has_settings, counts_from, result, result == "weights" or not roles.weights,
        )  # fmt: skip


def _begin(
    roles: _Roles, container: Container, kept: str, self: StepCall, w: Any, settings: Mapping[str, float]
) -> TakeStep:
    zeros = np.zeros_like(w) + settings.get("initial_accumulator", 0.0)
    states: dict[str, Any] = {name: container.gradients(zeros.copy()) for name in roles.states}
    memory: Any = {}
    if kept == "tuple":
        memory = self.optimizer.init(w, **settings)
    elif kept == "none":
        memory = None
    elif roles.dictionary:
        memory = {alias: settings[s] for s in settings for alias in (s, *SETTING_NAMES.get(s, ())[:2])}
        memory |= {"decay_rate": settings["decay"]} if "decay" in settings else {}
    returned = [_plain(name) for name in returned_names(self.function)]
    order = [name for name in returned if name in {_plain(s) for s in states}]

    def step(w: Any, g: Any, t: int, settings: Mapping[str, float]) -> Any:
        nonlocal memory
        weights = container.weights(w.copy())
        keywords: dict[str, Any] = {roles.gradients: container.gradients(g), **states}
        keywords |= {roles.weights: weights} if roles.weights else {}
        keywords |= {argument: settings[s] for s, argument in roles.settings.items()}
        if roles.number:
            keywords[roles.number] = t
        if roles.betas:
            keywords[roles.betas] = (settings["beta1"], settings["beta2"])
        if roles.dictionary:
            if kept == "dictionary":
                memory |= {s: v for s, v in settings.items() if s in memory}
            keywords[roles.dictionary] = memory
        parameters = _parameters(self.function)
        positional = [keywords.pop(p.name) for p in parameters if p.kind is p.POSITIONAL_ONLY and p.name in keywords]
        result = self.called(self.function, *positional, **keywords)
        if result is None:
            return container.array(weights)
        parts = _parts(result, w, len(states) + (1 if roles.dictionary else 0))
        if len(parts) == 1:
            return container.array(parts[0])
        first, rest = parts[0], parts[1:]
        if roles.dictionary and (kept != "dictionary" or isinstance(rest[-1], dict)):
            memory = rest[-1]
        names = list(states)
        if len(order) == len(rest) == len(states):
            names = sorted(states, key=lambda name: order.index(_plain(name)))
        for name, value in zip(names, rest, strict=False):
            states[name] = value
        return container.array(first)

    return step


def _parts(result: Any, w: Any, states: int) -> list[Any]:
    """w and the state's variables of a result: (w, m, v), (w, (m, v)) or w alone."""
    if isinstance(result, tuple) or (isinstance(result, list) and len(result) != len(w) and len(result) > 1):
        first, *rest = result
        if len(rest) == 1 and states != 1 and isinstance(rest[0], tuple | list):
            rest = list(rest[0])
        return [first, *rest]
    return [result]


def _class_of(function: Any) -> tuple[type | None, Any, str]:
    """The class, an object of it if there is one, and the method's name ("" if it is to be found)."""
    if inspect.isclass(function):
        return function, None, ""
    if inspect.ismethod(function) and not inspect.isclass(function.__self__):
        return type(function.__self__), function.__self__, function.__name__
    parameters = _parameters(function)
    owner, _, name = getattr(function, "__qualname__", "").rpartition(".")
    if parameters and parameters[0].name == "self" and owner:
        found = getattr(function, "__globals__", {}).get(owner)
        if inspect.isclass(found):
            return found, None, name
    if (
        not inspect.isroutine(function)
        and not isinstance(function, functools.partial)
        and callable(function)
        and "__call__" in dir(type(function))
    ):
        return type(function), function, next((m for m in METHODS if hasattr(type(function), m)), "__call__")
    return None, None, ""


def _of_class(
    owner: type, instance: Any, method: str, function: Any, optimizer: Optimizer, effects: SideEffects
) -> Iterator[StepCall]:
    """An object that keeps the state: made anew for each run, or copied from the one whose method is checked."""
    method = method or next(
        (m for m in METHODS if m in dir(owner) and (m != "__call__" or "__call__" in vars(owner))), ""
    )
    if not method:
        return
    name = f"{owner.__name__}.{method}"
    arguments = _parameters(getattr(owner, method))[1:]
    roles = _roles(arguments, optimizer) or (None if arguments else _Roles("", "", "", {}, (), "", ""))
    if roles is None:
        return
    if instance is None:
        made = setting_arguments([p.name for p in _parameters(owner)], optimizer.settings)
        betas = next((p.name for p in _parameters(owner) if p.name == "betas"), "")
    else:
        made, betas = setting_arguments(list(vars(instance)), optimizer.settings), ""
    taken = {*made, *roles.settings, *(("beta1", "beta2") if betas else ())}
    fixed = {n: float(s.default) for n, s in optimizer.declared.items() if n not in taken}
    kinds = ("array", "list", "dictionary", "d-dictionary")
    if not roles.gradients:
        kinds = ("layer",) if roles.weights else ("parameters",)
    for kind in kinds:
        container = Container(kind)
        words = f"{name}({', '.join(p.name for p in arguments)}) of an object of {owner.__name__}"
        begin = functools.partial(_begin_object, owner, instance, method, made, betas, roles, container)
        yield StepCall(function, optimizer, effects, words, begin, fixed, "learning_rate" in roles.settings, 1)


def _begin_object(
    owner: type, instance: Any, method: str, made: Mapping[str, str], betas: str, roles: _Roles, container: Container,
    self: StepCall, w: Any, settings: Mapping[str, float],
) -> TakeStep:  # fmt: skip
    held: Any = None
    if not roles.weights and instance is not None:
        raise MisbehaviourError(f"{owner.__name__} holds the weights itself: check the class, not its object.")
    if instance is None:
        held = container.weights(w)
        keywords: dict[str, Any] = {argument: settings[s] for s, argument in made.items()}
        if betas:
            keywords[betas] = (settings["beta1"], settings["beta2"])
        for p in _parameters(owner):
            if p.default is p.empty and p.name not in keywords and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
                keywords[p.name] = _constructor_argument(p.name, held, w)
        target = self.called(owner, **keywords)
    else:
        target = copy.deepcopy(instance)
        for s, attribute in made.items():
            setattr(target, attribute, settings[s])
    before, after = getattr(target, "pre_update_params", None), getattr(target, "post_update_params", None)
    layer = container.weights(w) if container.kind == "layer" else None

    def step(w: Any, g: Any, t: int, settings: Mapping[str, float]) -> Any:
        weights = (container.weights(w.copy()) if layer is None else layer) if roles.weights else held
        arguments: dict[str, Any] = {roles.weights: weights} if roles.weights else {}
        if container.kind == "parameters":
            weights[0].grad = g
        if layer is not None:
            layer.weights, layer.biases, layer.dweights, layer.dbiases = w.copy(), w.copy(), g, g.copy()
        if roles.gradients:
            arguments[roles.gradients] = container.gradients(g)
        arguments |= {argument: settings[s] for s, argument in roles.settings.items()}
        arguments |= {roles.number: t} if roles.number else {}
        if before is not None and layer is not None:
            self.called(before)
        result = self.called(getattr(target, method), **arguments)
        if after is not None and layer is not None:
            self.called(after)
        if result is None or result is target or not roles.weights:
            return container.array(weights)
        return container.array(_parts(result, w, 0)[0])

    return step


def _constructor_argument(name: str, weights: Any, w: Any) -> Any:
    """The likeliest meaning of a constructor's argument that is no setting: the weights, their shape or their number."""
    plain = _plain(name)
    if plain in WEIGHTS:
        return weights
    if "shape" in plain:
        return np.shape(w)
    if plain in ("n", "size", "dim", "nparams", "dimension"):
        return int(np.size(w))
    raise MisbehaviourError(f"the argument {name} of the class is not understood, so it could not be checked.")

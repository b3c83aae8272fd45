"""Templates: structures that the user's own code makes for its parameters, with the place of each block in them.

They are instances of the user's classes, what functions such as `initialize_parameters(layer_dims)` return, and global
values. The draws' weights are put in their places.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fallline.checks.calling.arguments import Argument
from fallline.checks.calling.blocks import blocks_of
from fallline.checks.calling.calls import MisbehaviourError, SideEffects, call_on, name_of
from fallline.checks.calling.patterns import Constant, Pattern, Scene, fill
from fallline.checks.calling.places import Places, places_in
from fallline.checks.calling.point import Quantity
from fallline.checks.calling.roles import hyperparameter, meanings, plain
from fallline.checks.calling.structures import Path, replace
from fallline.checks.calling.surroundings import Surroundings
from fallline.checks.calling.usage import names_read, parameter_names
from fallline.textbook.network import Network

__all__ = ["Globals", "Holder", "Template", "globals_of", "instances_of", "templates_of", "without_weights"]

_INITIALISER = re.compile(
    r"init|^_?(build|setup|reset)$|(build|make|create|setup|new|get|random|reset).*(net|model|param|weight|layers|mlp)",
    re.IGNORECASE,
)
_LEFT_AT_DEFAULT = ("verbose", "seed", "lr", "learningrate", "eta", "alpha", "hiddenlayersizes")


@dataclass(frozen=True)
class Template:
    """A structure with places for the parameters.

    Parameters
    ----------
    words
        Where it comes from.
    make
        Makes a new one.
    places
        The way to each block of parameters.
    """

    words: str
    make: Callable[[Scene], Any] = field(compare=False)
    places: Places

    def __str__(self) -> str:
        return self.words

    def made(self, scene: Scene) -> Any:
        """A new structure with the weights of the scene."""
        return with_weights(self.make(scene), self.places, scene)


@dataclass(frozen=True)
class Globals:
    """Global values of the user's module that hold the weights."""

    namespace: Any = field(compare=False)
    names: tuple[str, ...]
    places: Places

    def __str__(self) -> str:
        return f"the module's own {', '.join(self.names)}"

    def made(self, scene: Scene) -> dict[str, Any]:
        """The values, with the weights of the scene."""
        values = copy.deepcopy({name: self.namespace[name] for name in self.names})
        return with_weights(values, self.places, scene)  # type: ignore[no-any-return]


Holder = Template | Globals


def with_weights(structure: Any, places: Places, scene: Scene) -> Any:
    """The structure with the scene's weights in those places, in place where this can be done."""
    for block, path in places:
        value = fill(Quantity(*block), scene)
        if hasattr(value, "detach"):  # a tensor that requires a gradient gives no array
            value = value.detach()
        old = _at(structure, path)
        if hasattr(old, "detach") and not np.iscomplexobj(value):  # a torch tensor
            old.data = old.data.new_tensor(np.asarray(value))
        elif (
            isinstance(old, np.ndarray)
            and isinstance(value, np.ndarray)
            and old.dtype == value.dtype
            and old.shape == value.shape
        ):
            old[...] = value  # other references to the same array see it too
        else:
            structure = replace(structure, path, value)
    return structure


def _at(structure: Any, path: Path) -> Any:
    for key in path:
        inside = isinstance(structure, Mapping | list | np.ndarray) or not isinstance(key, str)
        structure = structure[key] if inside else getattr(structure, key)
    return structure


def instances_of(surroundings: Surroundings, network: Network, scene: Scene) -> list[Template]:
    """Instances of the class of the surroundings that hold weights of the network, the likeliest first.

    Raises
    ------
    MisbehaviourError
        If the constructor cannot be called, or leaves no weights in the instance.
    """
    owner, instance = surroundings.owner, surroundings.instance
    assert owner is not None
    if instance is not None:
        places = places_in(instance, network)
        if places is not None:
            return [Template(f"a {owner.__name__}", lambda scene: copy.deepcopy(instance), places)]
    found, problem = _constructed(owner, network, scene)
    others = [
        t
        for t in (*_built(surroundings, network, scene), *_kept(surroundings, network))
        if isinstance(t.make(scene), owner)
    ]
    if not found and not others:
        raise problem or MisbehaviourError(
            f"{owner.__name__} holds no arrays that look like the weights of this network."
        )
    return [*found, *others]


def templates_of(surroundings: Surroundings, network: Network, scene: Scene) -> list[Template]:
    """Structures for all parameters in one argument: what initialisers return, global values, instances of classes."""
    found = [*_built(surroundings, network, scene), *_kept(surroundings, network)]
    for value in surroundings.namespace.values():
        if isinstance(value, type) and value.__module__ == surroundings.module and not issubclass(value, tuple):
            found += _constructed(value, network, scene)[0]
    return found


def _constructed(owner: type, network: Network, scene: Scene) -> tuple[list[Template], MisbehaviourError | None]:
    """Instances made by the constructor, the first kind of arguments with which it works; or why there is none."""
    problem = None
    for arguments in _arguments(owner, network):
        try:
            bare = _called(owner, arguments, scene)
        except MisbehaviourError as misbehaviour:
            problem = problem or MisbehaviourError(
                str(misbehaviour).replace(", so its gradient could not be checked", "")
            )
            continue
        for method, more in (("", ()), *_initialisers(bare, network)):

            def make(scene: Scene, arguments: Any = arguments, method: str = method, more: Any = more) -> Any:
                instance = _called(owner, arguments, scene)
                if method:
                    _called(getattr(instance, method), more, scene)
                return instance

            try:
                places = () if _gets_weights(arguments, network) else places_in(make(scene), network)
            except MisbehaviourError:
                continue
            if places is not None:
                return [Template(f"{owner.__name__}({', '.join(map(str, arguments))})", make, places)], None
    return [], problem


def _gets_weights(arguments: Sequence[Argument], network: Network) -> bool:
    """Whether all parameters of the network are among the arguments."""
    given = {tuple(a.pattern) for a in arguments if isinstance(a.pattern, Quantity)}
    return given >= set(blocks_of(network))


def without_weights(surroundings: Surroundings, network: Network, scene: Scene) -> Template | None:
    """An instance of the class that holds no weights, for a method that gets them; None if none can be made."""
    owner: Any = surroundings.owner
    if surroundings.instance is not None:
        return Template(f"a {owner.__name__}", lambda scene: copy.deepcopy(surroundings.instance), ())
    for arguments in _arguments(owner, network):

        def make(scene: Scene, arguments: tuple[Argument, ...] = arguments) -> Any:
            return _called(owner, arguments, scene)

        try:
            make(scene)
        except MisbehaviourError:
            continue
        return Template(f"{owner.__name__}({', '.join(map(str, arguments))})", make, ())
    return None


def _initialisers(instance: Any, network: Network) -> Iterator[tuple[str, tuple[Argument, ...]]]:
    """Methods of the instance that may make its first weights, and what they may get."""
    for name, method in inspect.getmembers(instance, inspect.ismethod):
        if _INITIALISER.search(name) and not name.startswith("__"):
            for arguments in _arguments(method, network):
                yield name, arguments


def _built(surroundings: Surroundings, network: Network, scene: Scene) -> Iterator[Template]:
    """What the module's functions for the first parameters return."""
    for name, function in surroundings.functions.items():
        if not _INITIALISER.search(name) or name.startswith("__") or surroundings.is_method(function):
            continue
        for arguments in _arguments(function, network):

            def make(scene: Scene, function: Any = function, arguments: tuple[Argument, ...] = arguments) -> Any:
                return _called(function, arguments, scene)

            try:
                places = places_in(make(scene), network)
            except MisbehaviourError:
                continue
            if places is not None:
                yield Template(f"what {name_of(function)} makes", make, places)
                break


def _kept(surroundings: Surroundings, network: Network) -> Iterator[Template]:
    """Global values that hold all parameters."""
    for name, value in surroundings.values(dict.fromkeys(surroundings.namespace)).items():
        places = None if name.startswith("__") else places_in(value, network)
        if places is not None:

            def make(scene: Scene, value: Any = value) -> Any:
                return copy.deepcopy(value)

            yield Template(f"the module's own {name}", make, places)


def _called(function: Callable[..., Any], arguments: tuple[Argument, ...], scene: Scene) -> Any:
    try:
        positional = [fill(a.pattern, scene) for a in arguments if not a.keyword]
        keyword = {a.name: fill(a.pattern, scene) for a in arguments if a.keyword}
    except LookupError as error:
        raise MisbehaviourError(f"{name_of(function)} could not be given its arguments ({error}).") from error
    return call_on(function, positional, keyword, SideEffects())


def _arguments(function: Callable[..., Any], network: Network) -> Iterator[tuple[Argument, ...]]:
    """What a constructor or initialiser may get: its parameters by their names, else the sizes as a list or one by one."""
    names = parameter_names(function)
    sizes = list(network.sizes)
    if names is None or (not names[0] and not names[1]):
        yield ()
        if names is None:
            yield (Argument("sizes", Constant(sizes)),)
            yield tuple(Argument(f"n{k}", Constant(n)) for k, n in enumerate(sizes))
        return
    required, defaults = [n for n in names[0] if n != "self"], names[1]
    filled = [(n, p[0] if p else _setting(n, network, None, required)) for n, p in meanings(required, network).items()]
    given = tuple(Argument(n, value) for n, value in filled if value is not None)
    if len(given) == len(required) and _gets_weights(given, network):  # Model(W1, b1, W2, b2)
        yield given
        return
    options = tuple(
        Argument(n, c, keyword=True)
        for n, v in defaults.items()
        if (c := _setting(n, network, v, [*required, *defaults])) is not None
        and (plain(n) not in _LEFT_AT_DEFAULT or isinstance(c, Quantity))
    )
    by_names = [(n, _setting(n, network, None, [*required, *defaults])) for n in required]
    unknown = [n for n, value in by_names if value is None]
    if not unknown:
        yield tuple(Argument(n, v) for n, v in by_names) + options
    if len(unknown) == 1:
        for value in (sizes, sizes[1:-1], sizes[1] if len(sizes) > 2 else sizes[0]):
            yield tuple(Argument(n, Constant(value) if v is None else v) for n, v in by_names) + options
    if len(required) == len(sizes):
        yield tuple(Argument(n, Constant(size)) for n, size in zip(required, sizes, strict=True)) + options
    if options:
        yield tuple(Argument(n, Constant(sizes) if v is None else v) for n, v in by_names)


def _setting(name: str, network: Network, default: Any, names: list[str]) -> Pattern | None:
    if plain(name) == "alpha" and any(plain(n).startswith(("learningrate", "lr", "eta")) for n in names):
        return Quantity("l2")  # as in scikit-learn
    constant = hyperparameter(name, network, default)
    if constant is not None:
        return constant
    known = meanings([name], network)[name]
    return known[0] if known and known[0] in (Quantity("X"), Quantity("T"), Quantity("l2")) else None


def globals_of(function: Any, surroundings: Surroundings, network: Network) -> Globals | None:
    """The global values that the function reads its weights from; None if it reads none."""
    values = surroundings.values(names_read(function, surroundings.functions))
    places = places_in(values, network)
    if places is None:
        return None
    return Globals(surroundings.namespace, tuple(dict.fromkeys(path[0] for _, path in places)), places)

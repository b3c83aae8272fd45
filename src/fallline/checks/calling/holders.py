"""Holders of weights outside the arguments: an instance of the user's class, or global values of the user's module."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.checks.calling.blocks import Block, blocks_of, by_name
from fallline.checks.calling.calls import MisbehaviourError, SideEffects, call_on
from fallline.checks.calling.patterns import Constant, Pattern, Scene, fill
from fallline.checks.calling.point import Quantity
from fallline.checks.calling.roles import hyperparameter, meanings, plain
from fallline.checks.calling.signatures import Argument
from fallline.checks.calling.structures import Path, leaves, replace
from fallline.checks.calling.surroundings import Surroundings
from fallline.checks.calling.usage import names_read, parameter_names
from fallline.textbook.network import Network

__all__ = ["Globals", "Holder", "Instance", "globals_of", "instances_of"]


@dataclass(frozen=True)
class Instance:
    """An instance of the user's class, made by its constructor, with the weights put into it.

    Parameters
    ----------
    owner
        The class; or an instance, which is copied.
    arguments
        What the constructor gets.
    places
        Where in the instance each block of parameters is.
    """

    owner: Any
    arguments: tuple[Argument, ...]
    places: tuple[tuple[Block, Path], ...]

    def __str__(self) -> str:
        if not isinstance(self.owner, type):
            return f"a {type(self.owner).__name__}"
        return f"{self.owner.__name__}({', '.join(map(str, self.arguments))})"

    def made(self, scene: Scene) -> Any:
        """A new instance with the weights of the scene."""
        instance = _constructed(self.owner, self.arguments, scene)
        return _with_weights(instance, self.places, scene)


@dataclass(frozen=True)
class Globals:
    """Global values of the user's module that hold the weights."""

    namespace: Any
    names: tuple[str, ...]
    places: tuple[tuple[Block, Path], ...]

    def __str__(self) -> str:
        return f"the module's own {', '.join(self.names)}"

    def made(self, scene: Scene) -> dict[str, Any]:
        """The values, with the weights of the scene."""
        values = copy.deepcopy({name: self.namespace[name] for name in self.names})
        return _with_weights(values, self.places, scene)  # type: ignore[no-any-return]


Holder = Instance | Globals


def _with_weights(structure: Any, places: tuple[tuple[Block, Path], ...], scene: Scene) -> Any:
    for block, path in places:
        value = fill(Quantity(*block), scene)
        old = _at(structure, path)
        if (
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
        structure = getattr(structure, key) if isinstance(key, str) and hasattr(structure, key) else structure[key]
    return structure


def _constructed(owner: Any, arguments: tuple[Argument, ...], scene: Scene) -> Any:
    if not isinstance(owner, type):
        return copy.deepcopy(owner)
    positional = [fill(a.pattern, scene) for a in arguments if not a.keyword]
    keyword = {a.name: fill(a.pattern, scene) for a in arguments if a.keyword}
    return call_on(owner, positional, keyword, SideEffects())


def instances_of(surroundings: Surroundings, network: Network, scene: Scene) -> Iterator[Instance]:
    """Instances of the class of the surroundings that hold weights of the network, the likeliest first.

    Raises
    ------
    MisbehaviourError
        If the constructor cannot be called, or leaves no weights in the instance.
    """
    owner = surroundings.owner
    assert owner is not None
    problem = MisbehaviourError(f"{owner.__name__} holds no arrays that look like the weights of this network.")
    tried: list[Any] = [()] if surroundings.instance is not None else list(_constructors(owner, network))
    subject = surroundings.instance if surroundings.instance is not None else owner
    found = False
    for arguments in tried:
        try:
            instance = _constructed(subject, arguments, scene)
        except MisbehaviourError as misbehaviour:
            problem = MisbehaviourError(
                str(misbehaviour).replace(", so its gradient could not be checked", ""), line=misbehaviour.line
            )
            continue
        places = _places(instance, network)
        if places is not None:
            found = True
            yield Instance(subject, arguments, places)
    if not found:
        raise problem


def _places(structure: Any, network: Network) -> tuple[tuple[Block, Path], ...] | None:
    paths = [leaf.path for leaf in leaves(structure) if leaf.value.ndim or network.sizes[-1] == 1]
    for blocks in (blocks_of(network), blocks_of(network, joined=True)):
        places = by_name(paths, blocks, marked=False)
        if places is not None:
            return tuple(places.items())
    return None


def _constructors(owner: type, network: Network) -> Iterator[tuple[Argument, ...]]:
    """What the constructor may get: its parameters by their names, else the sizes as a list or one by one."""
    names = parameter_names(owner)
    sizes = list(network.sizes)
    if names is None or (names[0] == [] and not names[1]):
        yield ()
        yield (Argument("sizes", Constant(sizes)),)
        yield tuple(Argument(f"n{k}", Constant(n)) for k, n in enumerate(sizes))
        return
    required, defaults = names
    options = tuple(
        Argument(n, c, keyword=True)
        for n, v in defaults.items()
        if (c := _setting(n, network, v)) is not None
        and plain(n) not in ("verbose", "seed", "lr", "learningrate", "eta", "alpha")
    )
    by_names = [(n, _setting(n, network, None)) for n in required]
    unknown = [n for n, value in by_names if value is None]
    if not unknown:
        yield tuple(Argument(n, v) for n, v in by_names) + options
    if len(unknown) == 1:
        for value in (sizes, tuple(sizes), sizes[1] if len(sizes) > 2 else sizes[0]):
            yield tuple(Argument(n, Constant(value) if v is None else v) for n, v in by_names) + options
    if len(required) == len(sizes):
        yield tuple(Argument(n, Constant(size)) for n, size in zip(required, sizes, strict=True)) + options
    yield tuple(Argument(n, Constant(sizes) if v is None else v) for n, v in by_names)


def _setting(name: str, network: Network, default: Any) -> Pattern | None:
    constant = hyperparameter(name, network, default)
    if constant is not None:
        return constant
    known = meanings([name], network)[name]
    return known[0] if known and known[0] in (Quantity("X"), Quantity("T"), Quantity("l2")) else None


def globals_of(function: Any, surroundings: Surroundings, network: Network) -> Globals | None:
    """The global values that the function reads its weights from; None if it reads none."""
    values = surroundings.values(names_read(function, surroundings.functions))
    places = _places(values, network)
    if places is None:
        return None
    return Globals(surroundings.namespace, tuple(dict.fromkeys(path[0] for _, path in places)), places)


def is_plain(function: Any) -> bool:
    """Whether it is a plain function."""
    return inspect.isfunction(function)

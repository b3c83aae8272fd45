"""A function to be checked, loaded from a file of the user's: FILE:FUNCTION or FILE:Class.method, or what FILE offers."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from fallline.checks.calling.calls import MisbehaviourError
from fallline.checks.calling.layer_chain import is_plain, layer_classes
from fallline.checks.user_files.candidates import ENOUGH, candidates, function_names, hidden_inside, unlikely_candidates
from fallline.checks.user_files.execution import Execution
from fallline.checks.user_files.source import read_source
from fallline.errors import OwnCodeError
from fallline.textbook.optimizers import Optimizer
from fallline.user_code import python_file
from fallline.views.numerals import listed

__all__ = ["Loaded", "UserFile", "function_of"]

MOST_NAMES = 20
"""Names of functions that a message lists."""


@dataclass(frozen=True)
class Loaded:
    """A function of the user's, with what stands around it.

    Parameters
    ----------
    function
        The function. A method that needs an instance is the plain function of its class, whose first parameter is `self`.
    module
        The module in which it stands, with the functions beside it and its global names; None if it is not known.
    owner
        The class of a method that needs an instance, else None.
    notes
        Sentences about the file: what could not be run, and which global names have no value therefore.
    """

    function: Callable[..., Any]
    module: ModuleType | None = None
    owner: type | None = None
    notes: tuple[str, ...] = ()


class UserFile:
    """A file of the user's that has been run as far as it goes.

    Parameters
    ----------
    path
        A Python file or a notebook.
    name
        The function that will be asked for, if it is known: what it needs is loaded even if the file fails.
    folder
        Where relative imports look, if not in the file's folder.
    stopped, report
        See `Execution`.

    Raises
    ------
    MisbehaviourError
        If the file is not Python.
    """

    def __init__(
        self, path: Path, name: str = "", *, folder: Path | None = None, stopped: Mapping[int, str] | None = None,
        report: Callable[[int, bool], None] = lambda number, library: None,
    ) -> None:  # fmt: skip
        self.path = path
        wanted = (name.partition(".")[0],) if name else ()
        try:
            source = read_source(path)
        except OwnCodeError as error:
            raise MisbehaviourError(str(error)) from error
        where = folder or path.resolve().parent
        self._execution = Execution(source, where, wanted=wanted, stopped=stopped, report=report)

    def candidates(self, name: str = "", *, network: bool) -> list[str]:
        """The names of the functions that may be the gradient, the likeliest first.

        Parameters
        ----------
        name
            That of a function, which is the only candidate, or of a class, whose methods are; "" for all of the file.
        network
            Whether it is the gradient of a network.

        Raises
        ------
        MisbehaviourError
            If there are none.
        """
        if name:
            name, way = self.find(name)
            return self._methods(name, network=network) if isinstance(way[-1], type) else [name]
        likely = candidates(self._statements, self._value, network=network)
        hidden = hidden_inside(self._statements)
        if hidden is not None and not any(c.score >= ENOUGH for c in likely):
            raise MisbehaviourError(_hidden(self.path.name, *hidden))
        if likely:
            return [c.name for c in likely]
        functions = self._functions()
        if not functions and self._execution.failure:
            raise MisbehaviourError(f"{self.path.name} defines no function: the file {self._execution.failure}.")
        raise MisbehaviourError(
            f"{self.path.name} must say which function is meant; it holds {_some(functions)}. "
            f"Write {self.path.name}:NAME, or call it gradient. Lines outside of functions cannot be checked: put them into one."
        )

    @property
    def module(self) -> ModuleType:
        """The module with what the file defines."""
        return self._execution.module

    def are_layers(self, names: Sequence[str]) -> bool:
        """Whether these are methods of single layers, of which the file defines several."""
        layers = {kind.__name__ for kind in layer_classes(self.module)}
        return len(layers) > 1 and all(name.rpartition(".")[0] in layers for name in names)

    def about_layers(self, network: str) -> str:
        """The sentence where single layers could not be put together as that network."""
        layers = [kind.__name__ for kind in layer_classes(self.module)]
        plain = next((kind.__name__ for kind in layer_classes(self.module) if is_plain(kind)), "")
        alone = f"; or check an activation alone, as in {self.path.name}:{plain}.backward --of relu" if plain else ""
        return (
            f"{self.path.name} defines the layers {listed(layers)}, but no function that gives the gradient of a whole network, "
            f"and fallline could not put them together as a {network} network. Write a function gradient(parameters, X, T) that "
            f"sets the weights of the layers, calls forward and backward, and returns the gradients{alone}."
        )

    def unlikely_candidates(self) -> list[str]:
        """The names of functions that compute gradients, but have names that usually mean something else."""
        return [c.name for c in unlikely_candidates(self._statements, self._value)]

    def _methods(self, name: str, *, network: bool = True) -> list[str]:
        """The methods of a class that may be the gradient, the likeliest first."""
        likely = candidates(self._statements, self._value, network=network, within=name)
        if likely:
            return [c.name for c in likely]
        methods = [f"{self.path.name}:{n}" for n in self._functions() if n.startswith(f"{name}.")]
        if not methods:
            raise MisbehaviourError(f"{name} of {self.path.name} is a class without methods, so it has no gradient.")
        raise MisbehaviourError(
            f"{name} of {self.path.name} is a class, and none of its methods seems to compute a gradient. "
            f"Name one of them: {_some(methods)}."
        )

    def load(self, name: str) -> Loaded:
        """The function of that name, or the method of the name Class.method.

        Raises
        ------
        MisbehaviourError
            If the file has no such function.
        """
        name, way = self.find(name)
        value, holder = way[-1], way[-2] if len(way) > 1 else None
        if isinstance(value, type):
            return self.load(self._methods(name)[0])  # as one of the settings
        if not callable(value):
            raise MisbehaviourError(
                f"{name} of {self.path.name} must be a function; it is of type {type(value).__name__}."
            )
        static = isinstance(holder, type) and isinstance(holder.__dict__.get(name.rpartition(".")[2]), staticmethod)
        owner = holder if isinstance(holder, type) and isinstance(value, FunctionType) and not static else None
        self._execution.complete(value, owner)
        return Loaded(value, self._execution.module, owner, self._execution.notes_on(name, value, owner))

    def find(self, name: str) -> tuple[str, list[Any]]:
        """The whole name, with classes before it, and the objects on the way to it; the last is what has the name.

        Raises
        ------
        MisbehaviourError
            If the file does not define it.
        """
        way = list(self._execution.find(name))
        return (name, way) if len(way) > name.count(".") else self._of_one_class(name)

    @property
    def _statements(self) -> Any:
        return tuple(self._execution.source.statements())

    def _value(self, name: str) -> Any:
        way = list(self._execution.find(name))
        return way[-1] if len(way) > name.count(".") else None

    def _functions(self) -> list[str]:
        return [name for name in function_names(self._statements) if callable(self._value(name))]

    def _of_one_class(self, name: str) -> tuple[str, list[Any]]:
        """The method of that name, where one class alone has it."""
        known = self._functions()
        methods = [n for n in known if n.endswith(f".{name}")]
        if len(methods) == 1:
            return methods[0], list(self._execution.find(methods[0]))
        raise MisbehaviourError(self._no_such_function(name, known))

    def _no_such_function(self, name: str, known: list[str]) -> str:
        sentence = f"{self.path.name} holds no function {name!r}"
        hidden = hidden_inside(self._statements, name)
        if hidden is not None:
            return _hidden(self.path.name, *hidden)
        if problem := self._execution.problems.get(name.partition(".")[0]):
            return f"{sentence}: the file {problem}."
        if not known:
            return " ".join([f"{sentence}; it holds none.", *self._execution.notes])
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        return f"{sentence}; it holds {_some(known)}.{hint}"


def _some(names: list[str]) -> str:
    """The names in words, not all if they are many."""
    more = [f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return listed([*names[:MOST_NAMES], *more]) if names else "none"


def _hidden(file: str, name: str, outer: str, line: int) -> str:
    return (
        f"{file} holds no function {name!r} that can be reached: it is defined inside {outer} (line {line}). "
        f"Move it out of {outer}."
    )


def function_of(text: str, beside: UserFile | None = None) -> Any:
    """The function of FILE:FUNCTION, or the optimizer; of the file `beside` if the text names that one, which then runs once.

    Raises
    ------
    MisbehaviourError
        If the file cannot be read or run, or has no such function.
    """
    path, name = python_file.split(text)
    if name:
        same = beside is not None and path.resolve() == beside.path.resolve()
        file = beside if beside is not None and same else UserFile(path, name)
        value = file.find(name)[1][-1]
        return value if isinstance(value, Optimizer) else file.load(name).function
    try:
        return python_file.load(path)
    except OwnCodeError as error:
        raise MisbehaviourError(str(error)) from error

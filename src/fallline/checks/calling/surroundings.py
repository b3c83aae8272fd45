"""The surroundings of a function: the functions and values of its file, and its class if it is a method."""

from __future__ import annotations

import functools
import inspect
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fallline.checks.calling.structures import leaves

__all__ = ["Surroundings", "surroundings_of"]

_FORWARD = re.compile(r"forward|fprop|feed|propagat|predict|hypothesis|inference|activations", re.IGNORECASE)
_NOT_FORWARD = re.compile(r"back|grad|test|check|accuracy|plot|update|train", re.IGNORECASE)
_COST = re.compile(r"loss|cost|objective|entropy|nll|mse|error|^j$|likelihood", re.IGNORECASE)
_NOT_COST = re.compile(
    r"grad|deriv|prime|back|delta|_d$|^d_|update|train|plot|error_rate|slope|test|check|assert", re.IGNORECASE
)


@dataclass(frozen=True)
class Surroundings:
    """What stands beside a function.

    Parameters
    ----------
    namespace
        The global names of its module.
    owner
        The class of which it is a method that needs an instance; None for a plain function.
    instance
        The instance that a bound method belongs to.
    """

    namespace: dict[str, Any] = field(default_factory=dict)
    owner: type | None = None
    instance: Any = None

    @property
    def module(self) -> str:
        """The name of its module."""
        return str(self.namespace.get("__name__", ""))

    @functools.cached_property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """The functions beside it, methods of its class first."""
        methods = {} if self.owner is None else dict(inspect.getmembers(self.owner, inspect.isfunction))
        return {**{n: f for n, f in self.namespace.items() if inspect.isfunction(f)}, **methods}

    def forwards(self) -> dict[str, Callable[..., Any]]:
        """Functions that seem to be a forward pass."""
        names = [n for n in self.functions if _FORWARD.search(n) and not _NOT_FORWARD.search(n)]
        rank = {n: (not self._is_method(n), "model" not in n, "forward" not in n, "predict" in n) for n in names}
        return {n: self.functions[n] for n in sorted(names, key=rank.__getitem__)}

    def costs(self) -> dict[str, Callable[..., Any]]:
        """Functions that seem to be a loss."""
        names = [n for n in self.functions if _COST.search(n) and not _NOT_COST.search(n)]
        return {n: self.functions[n] for n in sorted(names, key=lambda n: not self._is_method(n))}

    def values(self, names: Mapping[str, None]) -> dict[str, Any]:
        """The global values among those names that hold numbers."""
        plain = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)
        values = {n: self.namespace[n] for n in names if n in self.namespace}
        return {
            n: v
            for n, v in values.items()
            if not isinstance(v, plain) and not callable(v) and any(True for _ in leaves(v))
        }

    def is_method(self, function: Callable[..., Any]) -> bool:
        """Whether the function needs an instance of the class."""
        return self.owner is not None and next(iter(inspect.signature(function).parameters), "") == "self"

    def _is_method(self, name: str) -> bool:
        return self.owner is not None and self.is_method(self.functions[name])

    def imports(self, library: str) -> bool:
        """Whether the module has imported that library or a part of it."""
        return any(
            getattr(v, "__name__", "").split(".")[0] == library
            for v in self.namespace.values()
            if isinstance(v, types.ModuleType)
        )


def surroundings_of(function: Callable[..., Any]) -> Surroundings:
    """The surroundings of a function, method, `functools.partial` or wrapped function."""
    bound = getattr(function, "__self__", None)
    inner = inspect.unwrap(getattr(function, "func", function))
    namespace = getattr(inner, "__globals__", {})
    if bound is not None and not isinstance(bound, type | types.ModuleType):
        return Surroundings(namespace, type(bound), bound)
    path = getattr(inner, "__qualname__", "").split(".")
    parameters = list(inspect.signature(inner).parameters) if inspect.isfunction(inner) else []
    owner = namespace.get(path[0]) if len(path) == 2 and parameters[:1] == ["self"] else None
    return Surroundings(namespace, owner if isinstance(owner, type) else None)

"""Compare the shapes of arguments and results with the signatures that state them; `conftest.py` switches it on."""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Annotated, Any

import jaxtyping
import numpy as np
from beartype import beartype
from beartype.vale import Is

__all__ = ["CHECKED", "install", "with_shapes_checked"]

CHECKED = ("fallline.measures", "fallline.problems", "fallline.runs", "fallline.textbook")
"""Modules, with those inside of them, whose calls are compared."""


def _holds_objects(array: np.ndarray) -> bool:
    """Whether the array holds symbols, nodes or columns. A reading's array may have a `dtype` of its own."""
    return np.asarray(array).dtype == object


OTHER = Annotated[Any, Is[lambda value: not isinstance(value, np.ndarray) or _holds_objects(value)]]
"""What is no array of numbers: a list, or an array of symbols or nodes, whose axes its reading chooses."""

CURVE = "entries_of_a_curve"
"""The name that stands for `steps+1`, which jaxtyping could only compare after `steps`."""


class CheckedShape:
    """What `Shaped[Array, axes]` means under test."""

    def __class_getitem__(cls, item: tuple[Any, str]) -> Any:
        return jaxtyping.Shaped[np.ndarray, item[1].replace("steps+1", CURVE)] | OTHER


def check_shapes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compare the shapes that a signature states, and nothing else: wrong types have sentences of their own.

    Where an argument `steps` is a number, it is the length of the axis `steps`.
    """
    stated = {name: hint for name, hint in function.__annotations__.items() if "Shaped[" in str(hint)}
    function.__annotations__ = stated
    if not stated:
        return function
    compare = beartype(function)
    if "steps" not in function.__code__.co_varnames:
        return compare
    place = function.__code__.co_varnames.index("steps")

    def compare_with_steps(*args: Any, **kwargs: Any) -> Any:
        steps = args[place] if place < len(args) else kwargs.get("steps")
        if isinstance(steps, int):
            isinstance(np.broadcast_to(0, (steps, steps + 1)), jaxtyping.Shaped[np.ndarray, f"steps {CURVE}"])
        return compare(*args, **kwargs)

    return compare_with_steps


def with_shapes_checked(page: Any) -> Any:
    """The function with its shapes compared, or the dataclass with those of its fields.

    What states no shape is returned as it is: `quadratic` is recognised by what its function closes over. So are named
    tuples: a `Layer` may also hold a user's arrays in the user's own layout.
    """
    if isinstance(page, type) and not is_dataclass(page):
        return page
    if not _states_shapes(page, sys.modules[page.__module__]):
        return page
    compared = jaxtyping.jaxtyped(page, typechecker=check_shapes)
    return compared if isinstance(page, type) else _once(page, compared)


def _once(page: Callable[..., Any], compared: Callable[..., Any]) -> Callable[..., Any]:
    """The function, compared at the first call with arguments of these shapes: comparing takes longer than most calls."""
    passed = set()

    @functools.wraps(compared)
    def call(*args: Any, **kwargs: Any) -> Any:
        key = _shapes_of((args, tuple(kwargs), tuple(kwargs.values())))
        if key in passed:
            return page(*args, **kwargs)
        result = compared(*args, **kwargs)
        passed.add(key)
        return result

    return call


def _shapes_of(value: Any) -> Any:
    """What a comparison depends on: the shapes of arrays, whole numbers, and the type of all else."""
    if isinstance(value, np.ndarray):
        return value.shape, _holds_objects(value)
    if isinstance(value, tuple | list):
        return tuple(map(_shapes_of, value))
    return value if isinstance(value, int | str) else type(value)


def _states_shapes(page: Any, module: ModuleType) -> bool:
    """Whether an annotation names `Shaped`, or a type of the module that does, such as `State` of the optimizers."""
    names = re.findall(r"\w+", " ".join(map(str, page.__annotations__.values())))
    return "Shaped" in names or any("Shaped[" in str(getattr(module, name, "")) for name in names)


class _Loader(SourceFileLoader):
    """Loads a module with `CheckedShape` for `Shaped`, and with each function and class decorated."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "fallline.shapes":
                node.module, node.names = (
                    __name__,
                    [ast.alias(CheckedShape.__name__, "Shaped", lineno=node.lineno, col_offset=0)],
                )
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                decorator = ast.parse(f"__import__({__name__!r}).with_shapes_checked", mode="eval").body
                for part in ast.walk(decorator):
                    ast.copy_location(part, node)  # the line from which `inspect.getsource` reads
                # a function before `property` and its like see it, a class after `dataclass` has made it
                node.decorator_list.insert(0 if isinstance(node, ast.ClassDef) else len(node.decorator_list), decorator)
        return compile(tree, path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not any(fullname == module or fullname.startswith(f"{module}.") for module in CHECKED):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


def install() -> None:
    """Compare the calls of modules that are imported from here on."""
    sys.meta_path.insert(0, _Finder())

"""The surroundings in which a user's file runs: its arguments and folder, the modules beside it, no windows, no questions."""

from __future__ import annotations

import builtins
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["package_of", "settle"]

_KEPT = frozenset(
    ("fallline", "jax", "llvmlite", "matplotlib", "mpmath", "numpy", "PIL", "rich", "scipy", "sympy", "torch")
)
"""Modules that the check itself loads, perhaps later. A file of the same name beside the user's does not take their place."""


def settle(path: Path, folder: Path) -> None:
    """Prepare this process for the file, for good. Call it in a process of the file's own.

    The file gets itself as the only argument of its command line, and runs in the folder where it lies. Modules beside it
    are found first, as Python finds them for a script; those of Python's own library and of the check keep their names.
    Modules beside the original of a copy are found last: they may be other people's, and hide no library.
    matplotlib draws without windows, and `input()` raises EOFError.

    Parameters
    ----------
    path
        The file.
    folder
        Where the modules lie that it may import; another than the file's own if the file is a copy.
    """
    started_in = os.getcwd()
    sys.argv[:] = [str(path)]
    os.chdir(path.parent)
    sys.meta_path[:0] = [_WithoutWindows(), *([_Siblings(folder)] if folder == path.parent else [])]
    sys.path += [str(folder), started_in]
    builtins.input = _nobody_answers


def package_of(folder: Path, levels: int) -> str:
    """Return the name of a package whose modules are the files of the folder, so that the file can import relatively.

    Parameters
    ----------
    levels
        The dots of the file's longest relative import. The package has at least as many levels, and one more for each
        folder above that has an `__init__.py`.
    """
    folders = [folder, *folder.parents]
    marked = next((k for k, f in enumerate(folders) if not (f / "__init__.py").is_file()), 0)
    name = ""
    for directory in reversed(folders[: max(levels, marked)]):
        part = directory.name if directory.name.isidentifier() else "package"
        name = f"{name}.{part}" if name else f"own_{part}"
        if name not in sys.modules:
            _add_package(name, directory)
    return name


def _add_package(name: str, directory: Path) -> None:
    init = directory / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=[str(directory)])
    package = importlib.util.module_from_spec(spec) if spec is not None else ModuleType(name)
    package.__path__ = [str(directory)]
    sys.modules[name] = package
    if init.is_file() and spec is not None and spec.loader is not None:
        try:
            spec.loader.exec_module(package)
        except (Exception, SystemExit):  # the file may need only some of what it defines, and says so if it needs more
            return


class _Siblings(MetaPathFinder):
    """Modules and packages beside the file."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is not None or fullname in _KEPT or fullname in sys.stdlib_module_names:
            return None
        spec = PathFinder.find_spec(fullname, [self.folder])
        return spec if spec is not None and spec.origin is not None else None  # a plain folder is no module


class _WithoutWindows(MetaPathFinder):
    """matplotlib with the functions replaced that open windows, wait for them, or choose how they are opened."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in ("matplotlib", "matplotlib.pyplot"):
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_and_replace(module: ModuleType) -> None:
            load(module)
            if fullname == "matplotlib":
                vars(module)["use"] = _do_nothing
            else:
                choose: Callable[[str], None] = vars(module)["switch_backend"]
                vars(module).update(
                    show=_do_nothing, pause=_do_nothing, switch_backend=lambda newbackend: choose("agg")
                )

        spec.loader.exec_module = load_and_replace  # type: ignore[method-assign]  # of this loader alone
        return spec


def _do_nothing(*arguments: Any, **named: Any) -> None:
    return None


def _nobody_answers(prompt: object = "") -> str:
    raise EOFError("nobody answers input() while a file is checked")

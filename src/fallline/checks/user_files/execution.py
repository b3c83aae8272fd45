"""A run of a user's file, statement by statement, as far as it goes.

If a statement fails, what follows is not run as it stands; of it only the tame statements are (see `tame`). A cell of a
notebook fails alone, as in Jupyter. The names that have no value therefore are kept with the reason.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import contextlib
import linecache
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from fallline.checks.user_files.names import bound_names, changed_names, global_names, loaded_names, used_by_definitions
from fallline.checks.user_files.source import Cell, Source
from fallline.checks.user_files.surroundings import package_of
from fallline.checks.user_files.tame import is_main_guard, is_tame
from fallline.user_code.calling import describe_error

__all__ = ["Execution"]

_LOADED = "only imports, definitions and the values that they need were loaded"
_ABSENT: Any = object()


class Execution:
    """A file that has been run, and what came of it.

    Parameters
    ----------
    source
        The file.
    folder
        Where relative imports look.
    wanted
        Names that are needed, beside those that the file's definitions use.
    stopped
        Statements that are not run, by their number, and why: "was still running after 15 s". An earlier process was
        stopped there.
    report
        Called before each statement runs, with its number and whether it imports a library.

    Attributes
    ----------
    module
        The module with what the file defines.
    notes
        What could not be run.
    failure
        How the file failed last, as the predicate of a sentence; "" if it ran to its end.
    problems
        For each name that may lack its value, the reason.
    """

    def __init__(
        self, source: Source, folder: Path, *, wanted: tuple[str, ...] = (), stopped: Mapping[int, str] | None = None,
        report: Callable[[int, bool], None] = lambda number, library: None,
    ) -> None:  # fmt: skip
        self.source, self.folder, self.stopped, self.report = source, folder, stopped or {}, report
        self.notes = list(source.notes)
        self.problems: dict[str, str] = {}
        self.failure = ""
        self._flags = 0
        self._needed = used_by_definitions(source.statements(), wanted)
        self._left: list[tuple[ast.stmt, Cell]] = []  # statements of guards and of failed blocks, which were not run
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
        self.module = self._new_module()
        with _aside():
            self._run()

    def complete(self, *functions: Any) -> None:
        """Give values to global names that the functions use and that only statements under `if __name__` bind."""
        if self._used(functions) - vars(self.module).keys() - vars(builtins).keys():
            with _aside():
                self._run_left()

    def find(self, name: str) -> Iterator[Any]:
        """The objects on the way to `Class.method`: the class, then the method; fewer if the last ones do not exist."""
        if name.partition(".")[0] not in vars(self.module):
            with _aside():
                self._run_left()
        value: Any = self.module
        for part in name.split("."):
            value = vars(value).get(part, _ABSENT) if value is self.module else getattr(value, part, _ABSENT)
            if value is _ABSENT:
                return
            yield value

    def notes_on(self, name: str, *functions: Any) -> tuple[str, ...]:
        """The notes on the file, and those on the global names that the function of that name uses, or its class."""
        lacking = []
        for used in sorted(self._used(functions) & self.problems.keys()):
            failed = "may not have its final value" if used in vars(self.module) else "could not be computed"
            lacking.append(f"`{used}`, which {name} uses, {failed}, because the file {self.problems[used]}.")
        return (*self.notes, *lacking)

    # The run

    def _run(self) -> None:
        number, ended = 0, False
        for cell in self.source.cells:
            failed = ended  # a file that was stopped for its time is not run further, a cell that failed does not end the others
            if cell.problem:
                self.notes.append(f"{cell.label} was not run: it {cell.problem}.")
            for statement in cell.body:
                number += 1
                if failed:
                    self._load(statement, cell, number)
                    continue
                if is_main_guard(statement):
                    self._left.append((statement, cell))
                problem = self._problem(statement, cell, number)
                if not problem:
                    self._clear(statement)
                else:
                    failed, ended, self.failure = True, number in self.stopped, problem
                    of_cell = "" if ended or len(self.source.cells) == 1 else " in its cell"
                    note = f"The file {problem}, so of what follows{of_cell} {_LOADED}."
                    if note not in self.notes:
                        self.notes.append(note)
                    self._blame(statement, problem)
                    self._left.append((statement, cell))

    def _load(self, statement: ast.stmt, cell: Cell, number: int) -> None:
        """Run a statement that follows a failed one, if it is tame."""
        if is_main_guard(statement):
            self._left.append((statement, cell))
        elif is_tame(statement, vars(self.module), self._needed):
            problem = self._problem(statement, cell, number)
            if problem:
                self._blame(statement, problem)
            else:
                self._clear(statement)
        else:
            self._left.append((statement, cell))
            not_run = f"was loaded, not run as a script: line {statement.lineno} was left out"
            self._blame(statement, self.failure or not_run)

    def _run_left(self) -> None:
        """Load what stands under `if __name__` and the definitions of blocks that were not run."""
        left, self._left = self._left, []
        for statement, cell in left:
            for inner in _inner(statement):
                if is_main_guard(statement) or not isinstance(
                    inner, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr
                ):
                    self._load(inner, cell, 0)

    def _problem(self, statement: ast.stmt, cell: Cell, number: int) -> str:
        """Run one statement; return how it failed, or ""."""
        self.report(number, self._imports_library(statement))
        line = linecache.getline(cell.filename, statement.lineno).strip()
        place = f"on line {statement.lineno} of {cell.label}: `{line}`"
        if number in self.stopped:
            return f"{self.stopped[number]} {place}"
        tree = ast.Module([statement], [])
        try:
            code = compile(tree, cell.filename, "exec", flags=self._flags, dont_inherit=True)
            exec(code, vars(self.module))  # noqa: S102  # the file that the user has named
        except SystemExit as error:
            return describe_error(error, cell.filename).replace("raises SystemExit", "ends itself", 1)
        except MemoryError:
            for name in changed_names(statement):  # what has filled the memory would leave none for the check
                vars(self.module).pop(name, None)
            return f"needs too much memory {place}"
        except BaseException as error:
            return self._root_problem(statement, error) or describe_error(error, cell.filename)
        return ""

    def _imports_library(self, statement: ast.stmt) -> bool:
        """Whether it imports something that does not stand beside the file. That may take long, but it ends."""
        if isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            names = [statement.module]
        else:
            return False
        roots = [self.folder / name.partition(".")[0] for name in names]
        return not any(root.is_dir() or root.with_suffix(".py").exists() for root in roots)

    def _root_problem(self, statement: ast.stmt, error: BaseException) -> str:
        """If a name is missing because an earlier statement failed, how that one failed."""
        missing = error.name if isinstance(error, NameError) and error.name in loaded_names(statement) else None
        return self.problems.get(missing or "", "")

    def _blame(self, statement: ast.stmt, problem: str) -> None:
        for name in changed_names(statement):
            self.problems.setdefault(name, problem)

    def _clear(self, statement: ast.stmt) -> None:
        """Forget the problems of names that the statement has given new objects."""
        for name in bound_names(statement):
            self.problems.pop(name, None)

    def _used(self, functions: Iterable[Any]) -> set[str]:
        return {name for function in functions for name in global_names(function, self.module)}

    # The module

    def _new_module(self) -> ModuleType:
        path = self.source.path
        module = ModuleType(f"own_{path.stem}")
        module.__file__ = str(path)
        sys.modules[module.__name__] = module  # dataclasses and pickle need it there
        nodes = [node for statement in self.source.statements() for node in ast.walk(statement)]
        imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
        for feature in (alias.name for node in imports if node.module == "__future__" for alias in node.names):
            self._flags |= getattr(__future__, feature).compiler_flag
        levels = max((node.level for node in imports), default=0)
        if levels:
            module.__package__ = package_of(self.folder, levels)
        if len(self.source.cells) > 1 or path.suffix.lower() == ".ipynb" or "get_ipython" in map(_name, nodes):
            vars(module).update(get_ipython=_NoIPython, display=_NoIPython().display)
        return module


class _NoIPython:
    """Stands for IPython in notebooks: every magic does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments, **named: None


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _inner(statement: ast.stmt) -> list[ast.stmt]:
    """The statements inside a block; of `if __name__` those that run in a script."""
    if is_main_guard(statement):
        return statement.body if isinstance(statement, ast.If) else []
    blocks = [statement, *(getattr(statement, "handlers", None) or ())]
    return [child for block in blocks for child in ast.iter_child_nodes(block) if isinstance(child, ast.stmt)]


@contextlib.contextmanager
def _aside() -> Iterator[None]:
    """Drop what the file prints, and undo what it changes in this process that would change the check."""
    limit = sys.getrecursionlimit()
    with (
        open(os.devnull, "w", encoding="utf-8", errors="replace") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        warnings.catch_warnings(),
        np.errstate(),
    ):
        warnings.simplefilter("ignore")
        yield
    sys.setrecursionlimit(limit)

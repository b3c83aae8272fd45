"""A public name without documentation fails here; and the front door stays light."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import fallline

MODULES = sorted(["fallline", *(m.name for m in pkgutil.walk_packages(fallline.__path__, "fallline."))])
HEAVY = ("scipy", "sympy", "matplotlib", "llvmlite", "rich", "cyclopts")


def public(module: str) -> Iterator[tuple[str, Any]]:
    """The functions and classes that a module names in `__all__`, where they are at home.

    With their public members, if a user of the front door or of the textbook meets them. Inside, a printer's
    `on_fraction` or an assembler's `add` says what it does by its name.
    """
    found = importlib.import_module(module)
    for name in getattr(found, "__all__", []):
        value = getattr(found, name)
        if not (inspect.isclass(value) or inspect.isfunction(value)) or value.__module__ != module:
            continue
        yield f"{module}.{name}", value
        met = name in fallline.__all__ or ".textbook." in module
        for member, inner in vars(value).items() if met and inspect.isclass(value) else ():
            inner = getattr(inner, "__func__", getattr(inner, "func", inner))  # of a class method, a cached property
            if not member.startswith("_") and (inspect.isfunction(inner) or isinstance(inner, property)):
                yield f"{module}.{name}.{member}", inner


def written(value: Any) -> str:
    """The docstring that somebody wrote: a dataclass without one gets its signature instead, which says nothing."""
    text = inspect.getdoc(value) or ""
    return "" if inspect.isclass(value) and text.startswith(f"{value.__name__}(") else text


@pytest.mark.parametrize("module", MODULES)
def test_every_module_and_every_public_name_is_documented(module: str) -> None:
    assert importlib.import_module(module).__doc__, f"{module} has no docstring"
    missing = [name for name, value in public(module) if not written(value)]
    assert not missing, "no docstring: " + ", ".join(missing)


def front_door() -> Iterator[tuple[str, Any]]:
    """What a user meets first: names of `fallline` itself, and those of the textbook."""
    for name in fallline.__all__:
        value = getattr(fallline, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            yield f"fallline.{name}", value
    for module in MODULES:
        if module.startswith("fallline.textbook."):
            yield from ((name, value) for name, value in public(module) if name.count(".") == 3)


def test_every_name_of_the_front_door_has_an_example_that_runs() -> None:
    """An example is run by `--doctest-modules`; here it only has to exist. Errors and protocols have nothing to run."""
    finder = doctest.DocTestFinder(recurse=True)
    missing = []
    for name, value in front_door():
        exempt = inspect.isclass(value) and (issubclass(value, Exception) or getattr(value, "_is_protocol", False))
        if not exempt and not any(test.examples for test in finder.find(value)):
            missing.append(name)
    assert not missing, "no example: " + ", ".join(missing)


WORKED_WITH = ("Comparison", "Dataset", "Equations", "Map", "Network", "NetworkObjective", "Run")
"""The objects that a user works with; each of their methods has an example, of its own or in the class's docstring."""
INNER = {"Map.fill", "Map.lost", "Map.missing", "Map.plane", "Map.set", "Map.take", "Run.of", "Network.to_torch"}
"""Methods for the files and pictures of maps, not for users; and one that needs PyTorch, which the tests compare with."""


@pytest.mark.parametrize("name", WORKED_WITH)
def test_every_method_of_the_objects_that_a_user_works_with_has_an_example(name: str) -> None:
    record = getattr(fallline, name)
    finder = doctest.DocTestFinder(recurse=False)
    shown = "".join(example.source for test in finder.find(record) for example in test.examples)
    missing = []
    for member in dir(record):
        method = inspect.getattr_static(record, member)
        method = getattr(method, "__func__", method)
        inherited = inspect.isfunction(method) and not method.__module__.startswith("fallline.")
        if member.startswith("_") or not inspect.isfunction(method) or inherited or f"{name}.{member}" in INNER:
            continue
        written_by = (c.__dict__[member] for c in record.__mro__ if getattr(c.__dict__.get(member), "__doc__", None))
        documented = next(written_by, method)
        own = finder.find(getattr(documented, "__func__", documented), member)
        if f".{member}(" not in shown and not any(test.examples for test in own):
            missing.append(member)
    assert not missing, f"no example: {name}.{', '.join(missing)}"


TEXTBOOK = [m for m in MODULES if m.startswith("fallline.textbook.")]
NO_EQUATION = {"length_of",
    "coordinates_of", "loss_for", "own_name", "takes_any_number",
    "activation", "formula_of", "initial", "landscape", "let", "loss", "member", "optimizer", "parametrization",
    "parts_of_layers", "recording", "schedule",
}  # fmt: skip
"""Functions of the textbook that look up a record or name a value, and so have no equation."""


def pages(module: str) -> dict[str, Any]:
    """The functions that a module of the textbook defines without a leading underscore, in `__all__` or not."""
    functions = inspect.getmembers(importlib.import_module(module), inspect.isfunction)
    return {name: f for name, f in functions if f.__module__ == module and not name.startswith("_")}


def equations(function: Any) -> list[str]:
    """The lines of a docstring that hold an equation. Assignments in its examples do not count."""
    parts = doctest.DocTestParser().parse(inspect.getdoc(function) or "")
    prose = "\n".join(part for part in parts if isinstance(part, str))
    return [line for line in prose.splitlines() if re.search(r"\S = \S", line)]


@pytest.mark.parametrize("module", TEXTBOOK)
def test_every_function_of_the_textbook_shows_its_equation(module: str) -> None:
    missing = [name for name, f in pages(module).items() if name not in NO_EQUATION and not equations(f)]
    assert not missing, f"no equation in the docstring: {module}: {', '.join(missing)}"


def test_functions_without_an_equation_exist() -> None:
    assert {name for module in TEXTBOOK for name in pages(module)} >= NO_EQUATION


@pytest.mark.parametrize("module", ["fallline.textbook.optimizers", "fallline.textbook.schedules"])
def test_every_docstring_names_the_settings_of_its_page(module: str) -> None:
    """A docstring lists the keyword arguments of its page. That of adamw refers to those of adam."""
    for name, f in pages(module).items():
        settings = {p.name for p in inspect.signature(f).parameters.values() if p.kind is p.KEYWORD_ONLY}
        sentence = re.search(r"Settings: [^.]*", inspect.getdoc(f) or "")
        named = set(re.findall(r"`(\w+)`", sentence[0] if sentence else ""))
        if "adam" in named:
            named = named - {"adam"} | {"learning_rate", "beta1", "beta2", "epsilon"}
        if settings and not name.endswith("_state"):
            assert named == settings, name


@pytest.mark.parametrize("module", MODULES)
def test_a_standard_parser_reads_the_sections(module: str) -> None:
    """Each parameter that a parser of NumPy's form finds must exist and be described: an example must not pass for one."""
    parser = pytest.importorskip("docstring_parser")
    for name, value in public(module):
        read = parser.parse(written(value), parser.DocstringStyle.NUMPYDOC)
        for parameter in read.params:
            assert parameter.description, f"{name}: {parameter.arg_name}"
            if parameter.args[0] == "param":
                for each in parameter.arg_name.split(", "):
                    assert each.strip("*") in inspect.signature(value).parameters, f"{name}: {each}"
        for error in read.raises:
            assert str(error.type_name).endswith("Error"), f"{name}: {error.type_name}"
            assert error.description, f"{name}: {error.type_name}"


def test_the_front_door_is_sorted_and_every_name_opens() -> None:
    assert list(fallline.__all__) == sorted(fallline.__all__)
    for name in fallline.__all__:
        assert getattr(fallline, name) is not None
    assert set(fallline.__all__) <= set(dir(fallline))


def loaded(statement: str) -> set[str]:
    """Top-level names of what a fresh Python has loaded after the statement."""
    code = f"{statement}\nimport sys; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_fallline_stays_light() -> None:
    assert not loaded("import fallline") & {*HEAVY, "jinja2", "tomlkit", "ziamath", "sklearn", "torch", "jax"}


def test_so_does_a_first_run() -> None:
    """A descent needs NumPy alone; scipy is there for the error function and for intervals."""
    assert not loaded("import fallline; fallline.descend('booth', learning_rate=0.01, steps=3)") & set(HEAVY)

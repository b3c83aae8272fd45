"""What the members of a family have in common: a name, a label, a formula, and settings with their declarations."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from fallline.errors import SettingError, UnknownNameError, UsageError
from fallline.settings import SETTINGS, Setting, latex_symbol
from fallline.textbook.other_names import own_name

__all__ = ["Member", "MemberWithSettings", "formula_of", "member"]

T = TypeVar("T")


class Member:
    """What every record of a family has: a name, a label, and the formula that its function's docstring states.

    `page` is the name of the field that holds that function.

    >>> from fallline.textbook.activations import ACTIVATIONS
    >>> ACTIVATIONS["relu"].label, ACTIVATIONS["relu"].formula
    ('ReLU', 'relu(z) = max(z, 0)')
    """

    name: str
    label: str
    page: ClassVar[str]
    home: ClassVar[str] = ""
    """The module with the function that finds a member by its name; the record's own unless given."""

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", str(self.name).replace("_", " "))

    @property
    def formula(self) -> str:
        """The equation in one short text, as the docstring of its function has it; empty if that has none."""
        return formula_of(getattr(self, self.page))

    def _lookup(self) -> Callable[[str], Any] | None:
        """The public function that finds this record by its name; None for a record of the user's own."""
        lookup = getattr(sys.modules.get(self.home or type(self).__module__), type(self).__name__.lower(), None)
        try:
            return lookup if lookup is not None and lookup(self.name) is self else None
        except UsageError:  # the name is unknown, or that of something else
            return None

    def __reduce_ex__(self, protocol: Any) -> Any:
        """A record of the textbook is pickled by its name, so that it arrives as the record itself."""
        lookup = self._lookup()
        return super().__reduce_ex__(protocol) if lookup is None else (lookup, (self.name,))

    def __repr__(self) -> str:
        """For a record of the textbook what finds it: activation('relu')."""
        known = self._lookup() is not None
        return f"{type(self).__name__.lower() if known else type(self).__name__}({self.name!r})"


class MemberWithSettings(Member):
    """A record of a family whose function has settings: its keyword-only arguments.

    A setting is declared in the record (`own_settings`), or else in `fallline.SETTINGS`, or else may be any finite number.
    Its default is that of the argument, or else the declaration's. An argument whose default is not a number (True, a
    text, None) is not a setting, and stays at its default.

    >>> from fallline.textbook.optimizers import OPTIMIZERS
    >>> OPTIMIZERS["rmsprop"].settings
    ('learning_rate', 'decay', 'epsilon')
    >>> OPTIMIZERS["rmsprop"].declared["epsilon"].range
    'at least 0'
    """

    own_settings: tuple[Setting, ...]
    kinds: ClassVar[tuple[Any, ...]] = (inspect.Parameter.KEYWORD_ONLY,)
    """The kinds of arguments that are settings."""

    @property
    def settings(self) -> tuple[str, ...]:
        """The names of its settings."""
        return tuple(self.declared)

    @cached_property
    def declared(self) -> dict[str, Setting]:
        """The declaration of each of its settings.

        Raises
        ------
        SettingError
            If `own_settings` declares a name that is no keyword argument, or a default is out of range.
        """
        owner = f"{type(self).__name__.lower()} {self.name}"
        parameters = inspect.signature(getattr(self, self.page)).parameters.values()
        defaults = {p.name: p.default for p in parameters if p.kind in self.kinds}
        own = {s.name: s for s in self.own_settings}
        for name in own:
            if name not in defaults:
                raise SettingError(
                    f"{name} is declared as a setting of {owner}, but is not one of its arguments; "
                    f"they are {', '.join(defaults) or 'none'}."
                )
        declared = {}
        for name, default in defaults.items():
            declaration = own.get(name) or SETTINGS.get(name)
            if default is inspect.Parameter.empty:
                if declaration is None:
                    raise SettingError(
                        f"{name} of {owner} must have a default, or be declared: write {name}=1.0 in the function, or give "
                        "a Setting."
                    )
                declared[name] = declaration
            elif isinstance(default, int | float) and not isinstance(default, bool):
                declaration = declaration or Setting(name, latex_symbol(name), f"a setting of {owner}", 0.0)
                declared[name] = replace(declaration, default=declaration.check(default))
        return declared


def member(kind: str, name: object, family: Mapping[str, T]) -> T:
    """Look up a member of a family by its name, or by the name that other libraries use for the same (`other_names`).

    Raises
    ------
    UnknownNameError
        If no member has that name. The message lists the nearest names.
    UsageError
        If the name means something similar, but not the same.

    Examples
    --------
    >>> member("loss", "squared", {"squared_error": 1})
    Traceback (most recent call last):
    fallline.errors.UnknownNameError: loss must be one of squared_error; got 'squared'. Did you mean 'squared_error'?
    """
    own = own_name(kind, name, family) if isinstance(name, str) and name not in family else name
    if not isinstance(own, str) or own not in family:
        raise UnknownNameError(kind, name, family)
    return family[own]


def formula_of(function: Callable[..., Any]) -> str:
    """Return the equation in a docstring: its first sentence, or else its second paragraph; "" if neither is one.

    >>> def f(x):
    ...     "f(x) = max(x, 0): the ramp. Source: none."
    >>> formula_of(f)
    'f(x) = max(x, 0)'
    """
    first, second, *_ = [*(inspect.getdoc(function) or "").split("\n\n"), "", ""]
    sentence = re.split(r"(?<!\.)[.;:](?=\s|$)", " ".join(first.split()), maxsplit=1)[0]
    return next((text for text in (sentence, inspect.cleandoc(second)) if " = " in text), "")

"""Learning rates that a function does not get: in its instance, in the values of its module, or in its code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fallline.checks.calling.code_numbers import numbers_in
from fallline.checks.calling.roles import RATES, plain
from fallline.checks.calling.structures import leaves, words_of
from fallline.checks.calling.surroundings import surroundings_of
from fallline.checks.calling.usage import names_read

__all__ = ["rates_of"]

MOST = 6
"""How many rates are tried."""


def rates_of(function: Callable[..., Any], holder: Any = None) -> list[float]:
    """The rates of the step that the function may make, the likeliest first.

    Those with the name of a learning rate, in the instance or the module's values that the code reads, if there are any.
    Else every number of the module that the code reads (epsilon is a rate in one file and a small number in another), the
    numbers in the code, and 1.
    """
    surroundings = surroundings_of(function)
    read = surroundings.values(names_read(function, surroundings.functions))
    of_module = list(_numbers(read))
    for named in (_numbers(holder), of_module):
        rates = [value for words, value in named if any(plain(word) in RATES for word in words[:1])]
        if rates:
            return rates
    others = dict.fromkeys([*(value for _, value in of_module), *numbers_in(function)])
    return [*[value for value in others if 0 < value < 1][:MOST], 1.0]


def _numbers(structure: Any) -> Iterator[tuple[list[str], float]]:
    """The numbers in a structure that are not 0, with their names."""
    for leaf in leaves(structure):
        if not leaf.value.ndim and leaf.path and leaf.value:
            yield words_of(leaf.path), float(leaf.value)

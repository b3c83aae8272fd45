"""Tables of cases of which the usual run of the tests takes some, and `pytest -m long` the others."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest


def thinned(cases: Iterable[Any], every: int, single: bool = True) -> list[Any]:
    """The cases of a parametrized test; all but the first and every so many are marked `long`.

    A case is one argument if `single`, otherwise a sequence of arguments.
    """

    def case(k: int, values: Any) -> Any:
        arguments: Sequence[Any] = (values,) if single else values
        return pytest.param(*arguments, marks=[pytest.mark.long] if k % every else [])

    return [case(k, values) for k, values in enumerate(cases)]

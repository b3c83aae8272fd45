"""Gradient checks as assertions, for a test suite.

from fallline.testing import assert_gradient

def test_my_gradient():
    assert_gradient(gradient, "2-3-2-3", activation="tanh")
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fallline.checks.gradient import check_gradient
from fallline.checks.presentation.hints import hinted
from fallline.checks.presentation.verdict import Verdict

__all__ = ["assert_gradient"]


def assert_gradient(
    function: Callable[..., Any], network: Any, *, ascent: bool = False, hint: int | None = None, **settings: Any
) -> Verdict:
    """Assert that the gradient is right; otherwise fail with the whole verdict as text.

    The arguments and the returned verdict are those of `fallline.check_gradient`, but the gradient of minus the loss
    fails unless `ascent` is true: an optimizer that descends would climb with it. `hint` says how much of a fault is told:
    1 where it is, 2 also of what kind it is, 3 (and None) everything.

    >>> assert_gradient(lambda z: 1 - z**2, "tanh")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    AssertionError: the function is wrong as the slope of tanh: the slope is 1 - z^2, but 1 - a^2 is meant...
    >>> assert_gradient(lambda x, y: (-2 * x, -2 * y), lambda x, y: x**2 + y**2, ascent=True).right
    True
    """
    __tracebackhide__ = True  # pytest then shows the test's own line
    verdict = check_gradient(function, network, ascent=ascent, **settings)
    if not verdict.right:
        raise AssertionError((verdict if hint is None else hinted(verdict, hint)).text())
    return verdict

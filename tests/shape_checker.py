"""Compare the shapes of arguments and results with the signatures that state them; `conftest.py` switches it on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import jaxtyping
import numpy as np
from beartype import beartype
from beartype.vale import Is

from fallline import shapes

__all__ = ["CHECKED", "check_shapes", "install"]

CHECKED = ("fallline.problems",)
"""Modules, with those inside of them, whose calls are compared."""

OTHER = Annotated[Any, Is[lambda value: not isinstance(value, np.ndarray) or value.dtype == object]]
"""What is no array of numbers: a list, or an array of symbols or nodes, whose axes its reading chooses."""


class CheckedShape:
    """What `Shaped[Array, axes]` means under test."""

    def __class_getitem__(cls, item: tuple[Any, str]) -> Any:
        return jaxtyping.Shaped[np.ndarray, item[1]] | OTHER


def check_shapes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compare the shapes that a signature states, and nothing else: wrong types have sentences of their own."""
    stated = {name: hint for name, hint in function.__annotations__.items() if "Shaped[" in str(hint)}
    function.__annotations__ = stated
    return beartype(function) if stated else function


def install() -> None:
    """Compare the calls of modules that are imported from here on."""
    shapes.Shaped = CheckedShape  # type: ignore[misc]
    jaxtyping.install_import_hook(list(CHECKED), f"{__name__}.check_shapes")

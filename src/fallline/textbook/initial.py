"""Initial weights: how standard random numbers become the start of a network.

A page maps standard numbers (normal, or uniform in [-1, 1)) of shape (..., n_in, n_out) to weights; where they are
drawn from is not its concern. Biases start at 0, except under `normal` and `notebook`, which draw them too.
Sources: Glorot & Bengio 2010; He et al. 2015.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fallline.textbook.families import member

__all__ = ["INITIALS", "Initial", "initial"]


@dataclass(frozen=True)
class Initial:
    """A distribution of initial weights.

    Parameters
    ----------
    name: the field's name for it.
    variates: which standard numbers it takes: "normal" (mean 0, variance 1), "uniform" (in [-1, 1)), or "zeros".
    deviation: (n_in, n_out) to the factor on them.
    biases: whether biases are drawn too, with factor 1; else they are 0.
    order: "forward" draws W1, b1, W2, ...; "backward" draws the output layer first, as the notebook does: V, c, W2, b2, ...

    >>> INITIALS["glorot_uniform"].deviation(2, 4)
    1.0
    """

    name: str
    variates: Literal["normal", "uniform", "zeros"]
    deviation: Callable[[int, int], float]
    biases: bool = False
    order: Literal["forward", "backward"] = "forward"

    def __repr__(self) -> str:
        return f"Initial({self.name!r})"


def one(n_in: int, n_out: int) -> float:
    return 1.0


def glorot_normal(n_in: int, n_out: int) -> float:
    return math.sqrt(2 / (n_in + n_out))


def glorot_uniform(n_in: int, n_out: int) -> float:
    return math.sqrt(6 / (n_in + n_out))


def he_normal(n_in: int, n_out: int) -> float:
    return math.sqrt(2 / n_in)


def he_uniform(n_in: int, n_out: int) -> float:
    return math.sqrt(6 / n_in)


INITIALS: dict[str, Initial] = {
    i.name: i
    for i in (
        Initial("glorot_normal", "normal", glorot_normal),
        Initial("glorot_uniform", "uniform", glorot_uniform),
        Initial("he_normal", "normal", he_normal),
        Initial("he_uniform", "uniform", he_uniform),
        Initial("normal", "normal", one, biases=True),
        Initial("notebook", "normal", one, biases=True, order="backward"),
        Initial("uniform", "uniform", one, biases=True),
        Initial("zeros", "zeros", one),
    )
}


def initial(name: str | Initial) -> Initial:
    """The distribution of that name; an `Initial` of the user's own is returned as it is.

    >>> initial("zeros").variates
    'zeros'
    """
    if isinstance(name, Initial):
        return name
    return member("initial weights", name, INITIALS)

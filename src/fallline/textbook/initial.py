"""Initial weights: the factor that turns standard random numbers into the first weights of a network.

Each function takes a layer's numbers of inputs and outputs, n_in and n_out. It returns the factor on standard random
numbers of shape (..., n_in, n_out): normal, or uniform in [-1, 1). Drawing them is another module's task. Biases start
at 0, except under `normal`, `notebook` and `uniform`, which draw biases as well. Keras truncates its normal numbers at
two standard deviations; fallline and PyTorch do not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fallline.textbook.families import Member, member

__all__ = ["INITIALS", "Initial", "initial"]


@dataclass(frozen=True, repr=False)
class Initial(Member):
    """A distribution of initial weights.

    Parameters
    ----------
    name
        The usual name in the field.
    variates
        The standard random numbers that it needs: "normal" (mean 0, variance 1), "uniform" (in [-1, 1)), or "zeros".
    deviation
        Maps (n_in, n_out) to the factor on those numbers.
    biases
        True if biases are drawn as well, with factor 1; otherwise they are 0.
    order
        "forward" draws W1, b1, W2, ...; "backward" draws the output layer first, as the notebook: V, c, W2, b2, ...
    label
        Its name in words, for display; by default, the name with spaces.

    Examples
    --------
    >>> INITIALS["glorot_uniform"].deviation(2, 4)
    1.0
    """

    name: str
    variates: Literal["normal", "uniform", "zeros"]
    deviation: Callable[[int, int], float]
    biases: bool = False
    order: Literal["forward", "backward"] = "forward"
    label: str = ""
    page = "deviation"


def unit_factor(n_in: int, n_out: int) -> float:
    """W = z: the standard random numbers themselves, so the factor is 1."""
    return 1.0


def glorot_normal(n_in: int, n_out: int) -> float:
    """W = z sqrt(2 / (n_in + n_out)), z normal: variance 2 / (n_in + n_out). Source: Glorot & Bengio 2010.

    Convention: PyTorch's `xavier_normal_` with gain 1.

    >>> glorot_normal(3, 5)
    0.5
    """
    return math.sqrt(2 / (n_in + n_out))


def glorot_uniform(n_in: int, n_out: int) -> float:
    """W = z sqrt(6 / (n_in + n_out)), z uniform in [-1, 1): variance 2 / (n_in + n_out). Source: Glorot & Bengio 2010.

    Convention: PyTorch's `xavier_uniform_` with gain 1.

    >>> glorot_uniform(10, 14)
    0.5
    """
    return math.sqrt(6 / (n_in + n_out))


def he_normal(n_in: int, n_out: int) -> float:
    """W = z sqrt(2 / n_in), z normal: variance 2 / n_in. Source: He et al. 2015 (arXiv:1502.01852).

    Convention: fan-in, with the gain of relu: PyTorch's `kaiming_normal_` with its defaults.

    >>> he_normal(8, 5)
    0.5
    """
    return math.sqrt(2 / n_in)


def he_uniform(n_in: int, n_out: int) -> float:
    """W = z sqrt(6 / n_in), z uniform in [-1, 1): variance 2 / n_in. Source: He et al. 2015 (arXiv:1502.01852).

    Convention: fan-in, with the gain of relu: PyTorch's `kaiming_uniform_` with its defaults.

    >>> he_uniform(24, 5)
    0.5
    """
    return math.sqrt(6 / n_in)


INITIALS: dict[str, Initial] = {
    i.name: i
    for i in (
        Initial("glorot_normal", "normal", glorot_normal, label="Glorot normal"),
        Initial("glorot_uniform", "uniform", glorot_uniform, label="Glorot uniform"),
        Initial("he_normal", "normal", he_normal, label="He normal"),
        Initial("he_uniform", "uniform", he_uniform, label="He uniform"),
        Initial("normal", "normal", unit_factor, biases=True),
        Initial("notebook", "normal", unit_factor, biases=True, order="backward"),
        Initial("uniform", "uniform", unit_factor, biases=True),
        Initial("zeros", "zeros", unit_factor),
    )
}


def initial(name: str | Initial) -> Initial:
    """Look up a distribution of initial weights by its name; a user's own `Initial` is returned unchanged.

    Raises
    ------
    UnknownNameError
        If no distribution has that name.

    Examples
    --------
    >>> initial("zeros").variates
    'zeros'
    """
    if isinstance(name, Initial):
        return name
    return member("initial weights", name, INITIALS)

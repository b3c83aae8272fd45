"""Parametrizations: how initial weights and learning rates of the layers depend on the width of a network.

Notation, for a network of hidden layers with n units (Yang & Hu 2021, arXiv:2011.14522):

    Wl = n^(-a) wl              the weights are a multiple of the trained numbers wl
    wl = n^(-b) z               which begin as standard random numbers z
    rate of wl = n^(-c) epsilon

Three numbers for each layer are one too many: a + t, b - t and c - (1 + d) t give the same weights W at every step, for any t.
Here d is the degree of the optimizer: 1 if its steps grow as the gradient does, 0 if they do not depend on its size. So
fallline takes t = -a and trains the weights themselves:

    Wl = n^(-(a + b)) z,   rate of Wl = n^(-(c + (1 + d) a)) epsilon

The equations of a network are the same in every parametrization; only its start and its rates differ. An optimizer's own
constant that is compared with gradients, as Adam's epsilon, is compared with those of W.

n is counted in units of the `base_width`: a network of that width is the same in all parametrizations, with the weights
that the distribution of initial weights gives it and one learning rate. With the base width 1, the formulas are those of
the papers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from fallline import exact
from fallline.textbook.families import Member, member
from fallline.textbook.initial import Initial

__all__ = ["PARAMETRIZATIONS", "Parametrization", "Powers", "Role", "parametrization"]

Role = Literal["input", "hidden", "output"]
"""Where a layer of weights stands: it reads the inputs, or it gives the outputs, or it lies between hidden units."""


class Powers(NamedTuple):
    """The powers a, b and c of a layer; c is another one for optimizers of degree 0, as Adam.

    >>> Powers(0.5, 0.5, 0, 0.5).rate(degree=1), Powers(0.5, 0.5, 0, 0.5).rate(degree=0)
    (1.0, 1.0)
    """

    a: float
    b: float
    c: float
    c_adaptive: float

    @property
    def deviation(self) -> float:
        """a + b: the first weights are proportional to n^-(a + b)."""
        return self.a + self.b

    def rate(self, degree: int) -> float:
        """c + (1 + degree) a: the learning rate of the weights is proportional to n^-(c + (1 + degree) a)."""
        return (self.c if degree else self.c_adaptive) + (1 + degree) * self.a


@dataclass(frozen=True, repr=False)
class Parametrization(Member):
    """How a network's first weights and learning rates depend on its width.

    Parameters
    ----------
    name
        The usual name in the field.
    powers
        Maps a layer's role ("input", "hidden", "output") to its powers; None leaves the first weights as the distribution of
        initial weights has them, and one rate for all layers.
    label
        Its name in words, for display; by default, the name with spaces.

    Examples
    --------
    >>> PARAMETRIZATIONS["mup"].rate(16, 16, degree=1), PARAMETRIZATIONS["mup"].rate(16, 16, degree=0)
    (1.0, 0.0625)
    """

    name: str
    powers: Callable[[Role], Powers | None]
    label: str = ""
    page = "powers"

    @property
    def depends_on_width(self) -> bool:
        """Whether it changes anything: every one but the standard one. Nothing is called, since a stand-in cannot be."""
        return self.name != "standard"

    def deviation(self, role: Role, initial: Initial, n_in: int, n_out: int, base_width: int = 1) -> float:
        """The factor on the standard random numbers of a layer's weights.

        That of the layer at the base width, times n^-(a + b), where n is the number of hidden units beside the layer.

        >>> from fallline.textbook.initial import INITIALS
        >>> PARAMETRIZATIONS["mup"].deviation("output", INITIALS["normal"], 64, 3)
        0.015625
        """
        powers = self.powers(role)
        if powers is None:
            return initial.deviation(n_in, n_out)
        at_base = initial.deviation(
            n_in if role == "input" else base_width, n_out if role == "output" else base_width
        )  # fmt: skip
        return at_base * exact.power(n_out if role == "input" else n_in, base_width, -powers.deviation)

    def rate(self, n_in: int | None, n_out: int | None, degree: int, base_width: int = 1) -> float:
        """The factor on the learning rate of a layer's weights; n_in or n_out is None if no hidden units are there.

        n_out^-p n_in^-(q - p), where p is the power of the input layer and q that of the layer: n^-q for equal widths.
        With n_in = None this is also the factor of the biases of n_out hidden units (Yang & Hu count biases as weights
        of an input that is always 1), and 1 for those of the outputs.

        >>> PARAMETRIZATIONS["mup"].rate(None, 64, degree=1), PARAMETRIZATIONS["mup"].rate(64, None, degree=1)
        (64.0, 0.015625)
        """
        first, own = self.powers("input"), self.powers("output" if n_out is None else "hidden")
        if first is None or own is None:
            return 1.0
        factor = 1.0
        if n_out is not None:
            factor *= exact.power(n_out, base_width, -first.rate(degree))
        if n_in is not None:
            p = 0.0 if n_out is None else first.rate(degree)
            factor *= exact.power(n_in, base_width, p - own.rate(degree))
        return factor


def standard(role: Role) -> Powers | None:
    """a = 0, c = 0, and b as the distribution of initial weights has it: 1/2 after the input layer for He's and Glorot's.

    One learning rate for all layers, whatever the width.
    """
    return None


def neural_tangent(role: Role) -> Powers:
    """a = 0, 1/2, 1/2 (input, hidden, output), b = 0, c = 0.

    Wide networks train as linear functions of their parameters: features do not move (Jacot, Gabriel & Hongler 2018,
    arXiv:1806.07572). One learning rate for all w, of Adam as well.
    """
    return Powers(0 if role == "input" else 0.5, 0, 0, 0)


def mean_field(role: Role) -> Powers:
    """a = 0, 1, 1 (input, hidden, output), b = 0, c = -1, -2, -1; c = 0 for optimizers of degree 0.

    Each sum over hidden units is a mean (Mei, Montanari & Nguyen 2018, arXiv:1804.06561, for one hidden layer; deeper
    networks and c = -2 as in Hajjar, Chizat & Giraud 2021, arXiv:2110.15596). With one hidden layer it is `mup`. With more than
    two, the signal of a wide network at its random start vanishes, and it learns late or never.
    """
    return Powers(0 if role == "input" else 1, 0, -2 if role == "hidden" else -1, 0)


def maximal_update(role: Role) -> Powers:
    """a = -1/2, 0, 1/2 (input, hidden, output), b = 1/2, c = 0; c = 1/2, 1, 1/2 for optimizers of degree 0.

    Every layer learns features at the rate of the others, at any width, so that the best learning rate of a narrow network
    is that of a wide one. Source: Yang & Hu 2021 (arXiv:2011.14522); for Adam, table 9 of Yang et al. 2022 (arXiv:2203.03466).
    The weights W themselves have the deviations and rates of its table 3: n^0, n^-1/2, n^-1, and n, 1, 1/n for gradient
    descent, 1, 1/n, 1/n for Adam.
    """
    a = {"input": -0.5, "hidden": 0.0, "output": 0.5}[role]
    return Powers(a, 0.5, 0, 1 if role == "hidden" else 0.5)


PARAMETRIZATIONS: dict[str, Parametrization] = {
    p.name: p
    for p in (
        Parametrization("mean_field", mean_field, "mean-field"),
        Parametrization("mup", maximal_update, "µP (maximal update)"),
        Parametrization("ntk", neural_tangent, "NTK (neural tangent)"),
        Parametrization("standard", standard),
    )
}


def parametrization(name: str | Parametrization) -> Parametrization:
    """Look up a parametrization by its name; a user's own `Parametrization` is returned unchanged.

    Raises
    ------
    UnknownNameError
        If no parametrization has that name.

    Examples
    --------
    >>> parametrization("mup").powers("hidden")
    Powers(a=0.0, b=0.5, c=0, c_adaptive=1)
    """
    if isinstance(name, Parametrization):
        return name
    return member("parametrization", name, PARAMETRIZATIONS)

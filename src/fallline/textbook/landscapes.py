"""Landscapes: functions of a few coordinates whose descent one can see.

Each page takes its coordinates as arguments and stands beside its partial derivatives, worked by hand. Each coordinate
is a number or an array (runs,), and so are the value and each partial derivative. Pages of any dimension n take `*x`.
Sources, where no other is named: Surjanovic & Bingham 2013, Virtual Library of Simulation Experiments; Jamil & Yang
2013 (arXiv:1308.4008).
"""

from __future__ import annotations

import math
from itertools import pairwise

from fallline.textbook.families import member
from fallline.textbook.landscape import Landscape
from fallline.textbook.operations import Array, cos, exp, sin, sqrt, tanh

__all__ = ["LANDSCAPES", "Landscape", "landscape", "quadratic"]


def rosenbrock(*x: Array) -> Array:
    """f(x) = sum_i [(1 - x_i)^2 + 100 (x_(i+1) - x_i^2)^2], i = 1 .. n-1. Minimum 0 at (1, ..., 1). Rosenbrock 1960."""
    return sum((1 - a) ** 2 + 100 * (b - a**2) ** 2 for a, b in pairwise(x))


def rosenbrock_gradient(*x: Array) -> list[Array]:
    """df/dx_i = -2 (1 - x_i) - 400 x_i (x_(i+1) - x_i^2) + 200 (x_i - x_(i-1)^2).

    For i = 1 the last term is absent, for i = n it stands alone.
    """
    gradient = [0 * a for a in x]
    for i, (a, b) in enumerate(pairwise(x)):
        gradient[i] = gradient[i] - 2 * (1 - a) - 400 * a * (b - a**2)
        gradient[i + 1] = gradient[i + 1] + 200 * (b - a**2)
    return gradient


def himmelblau(x: Array, y: Array) -> Array:
    """f(x, y) = (x^2 + y - 11)^2 + (x + y^2 - 7)^2. Four minima of value 0. Himmelblau 1972."""
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def himmelblau_gradient(x: Array, y: Array) -> tuple[Array, Array]:
    """df/dx = 4 x p + 2 q, df/dy = 2 p + 4 y q, with p = x^2 + y - 11, q = x + y^2 - 7."""
    p, q = x**2 + y - 11, x + y**2 - 7
    return 4 * x * p + 2 * q, 2 * p + 4 * y * q


def beale(x: Array, y: Array) -> Array:
    """f(x, y) = sum_(k=1..3) (c_k - x + x y^k)^2, c = (1.5, 2.25, 2.625). Minimum 0 at (3, 0.5). Beale 1958."""
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def beale_gradient(x: Array, y: Array) -> tuple[Array, Array]:
    """df/dx = sum_k 2 p_k (y^k - 1), df/dy = sum_k 2 k p_k x y^(k-1), with p_k = c_k - x + x y^k, k = 1 .. 3."""
    p, q, r = 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3
    return (
        2 * p * (y - 1) + 2 * q * (y**2 - 1) + 2 * r * (y**3 - 1),
        2 * p * x + 4 * q * x * y + 6 * r * x * y**2,
    )


def booth(x: Array, y: Array) -> Array:
    """f(x, y) = (x + 2y - 7)^2 + (2x + y - 5)^2. Minimum 0 at (1, 3)."""
    return (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2


def booth_gradient(x: Array, y: Array) -> tuple[Array, Array]:
    """df/dx = 2 p + 4 q, df/dy = 4 p + 2 q, with p = x + 2y - 7, q = 2x + y - 5."""
    p, q = x + 2 * y - 7, 2 * x + y - 5
    return 2 * p + 4 * q, 4 * p + 2 * q


def rastrigin(*x: Array) -> Array:
    """f(x) = sum_i [10 + x_i^2 - 10 cos(2 pi x_i)]. Minimum 0 at the origin. Rastrigin 1974."""
    return sum(10 + a**2 - 10 * cos(2 * math.pi * a) for a in x)


def rastrigin_gradient(*x: Array) -> list[Array]:
    """df/dx_i = 2 x_i + 20 pi sin(2 pi x_i)."""
    return [2 * a + 20 * math.pi * sin(2 * math.pi * a) for a in x]


def ackley(*x: Array) -> Array:
    """f(x) = 20 + e - 20 exp(-r/5) - exp(c), r^2 = sum_i x_i^2 / n, c = sum_i cos(2 pi x_i) / n. Ackley 1987.

    Convention: the usual constants 20, 1/5, 2 pi. The minimum, 0 at the origin, is a cusp.
    """
    r = sqrt(sum(a**2 for a in x) / len(x))
    c = sum(cos(2 * math.pi * a) for a in x) / len(x)
    return 20 + math.e - 20 * exp(-r / 5) - exp(c)


def ackley_gradient(*x: Array) -> list[Array]:
    """df/dx_i = 4 exp(-r/5) x_i / (n r) + 2 pi/n sin(2 pi x_i) exp(c), with r, c of `ackley`; 0 at the cusp."""
    # At the minimum itself the function has a cusp; the gradient there is 0 / 0, so r is kept from 0 by the
    # smallest normal number, which gives the mean of the slopes around it: 0.
    r = sqrt(sum(a**2 for a in x) / len(x) + 1e-37)
    c = sum(cos(2 * math.pi * a) for a in x) / len(x)
    return [
        4 * exp(-r / 5) * a / (len(x) * r) + 2 * math.pi / len(x) * sin(2 * math.pi * a) * exp(c) for a in x
    ]  # fmt: skip


def styblinski_tang(*x: Array) -> Array:
    """f(x) = sum_i (x_i^4 - 16 x_i^2 + 5 x_i) / 2. Minimum -39.166166 n at x_i = -2.903534. Styblinski & Tang 1990."""
    return sum(a**4 - 16 * a**2 + 5 * a for a in x) / 2


def styblinski_tang_gradient(*x: Array) -> list[Array]:
    """df/dx_i = 2 x_i^3 - 16 x_i + 5/2."""
    return [2 * a**3 - 16 * a + 2.5 for a in x]


def three_hump_camel(x: Array, y: Array) -> Array:
    """f(x, y) = 2 x^2 - 1.05 x^4 + x^6 / 6 + x y + y^2. Minimum 0 at the origin."""
    return 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2


def three_hump_camel_gradient(x: Array, y: Array) -> tuple[Array, Array]:
    """df/dx = 4 x - 4.2 x^3 + x^5 + y, df/dy = x + 2 y."""
    return 4 * x - 4.2 * x**3 + x**5 + y, x + 2 * y


def monkey_saddle(x: Array, y: Array) -> Array:
    """f(x, y) = x^3 - 3 x y^2: the real part of (x + iy)^3; no minimum. Kühnel, Differential Geometry."""
    return x**3 - 3 * x * y**2


def monkey_saddle_gradient(x: Array, y: Array) -> tuple[Array, Array]:
    """df/dx = 3 x^2 - 3 y^2, df/dy = -6 x y."""
    return 3 * x**2 - 3 * y**2, -6 * x * y


def saddle(x: Array, y: Array) -> Array:
    """f(x, y) = x^2 - y^2. No minimum: it falls without bound along y."""
    return x**2 - y**2


def saddle_gradient(x: Array, y: Array) -> tuple[Array, Array]:
    """df/dx = 2 x, df/dy = -2 y."""
    return 2 * x, -2 * y


def plateau(x: Array, y: Array) -> Array:
    """f(x, y) = tanh((x^2 + y^2) / 4): a bowl whose slope vanishes far out, as behind a saturated unit."""
    return tanh((x**2 + y**2) / 4)


def plateau_gradient(x: Array, y: Array) -> tuple[Array, Array]:
    """df/dx = s x, df/dy = s y, with s = (1 - f(x, y)^2) / 2."""
    slope = (1 - tanh((x**2 + y**2) / 4) ** 2) / 2
    return slope * x, slope * y


def quadratic(condition: float = 10.0) -> Landscape:
    """The quadratic bowl f(x, y) = (x^2 + condition y^2) / 2, whose Hessian has the eigenvalues 1 and condition.

    If condition >= 1, the condition number is kappa = condition, and gradient descent converges for learning rates
    below 2 / condition.

    >>> quadratic(100.0)(1.0, 1.0)
    50.5
    """

    def bowl(x: Array, y: Array) -> Array:
        """f(x, y) = (x^2 + condition y^2) / 2, with the `condition` of the landscape."""
        return (x**2 + condition * y**2) / 2

    def bowl_gradient(x: Array, y: Array) -> tuple[Array, Array]:
        return x, condition * y

    return Landscape(
        "quadratic", bowl, bowl_gradient, start=(2.0, 1.0), window=((-2.5, 2.5), (-1.5, 1.5)), minima=((0.0, 0.0),)
    )


_TANG = -2.903534027771177
"""Root of 4 a^3 - 32 a + 5 = 0 that minimises (a^4 - 16 a^2 + 5 a) / 2."""

LANDSCAPES: dict[str, Landscape] = {
    record.name: record
    for record in (
        Landscape("ackley", ackley, ackley_gradient, (2.5, 1.5), ((-4, 4), (-4, 4)), ((0.0, 0.0),), label="Ackley"),
        Landscape("beale", beale, beale_gradient, (1.0, 1.0), ((-4.5, 4.5), (-4.5, 4.5)), ((3.0, 0.5),), 2, True, "Beale"),
        Landscape("booth", booth, booth_gradient, (-5.0, 5.0), ((-10, 10), (-10, 10)), ((1.0, 3.0),), 2, True, "Booth"),
        Landscape(
            "himmelblau", himmelblau, himmelblau_gradient, (0.0, 0.0), ((-5, 5), (-5, 5)),
            ((3.0, 2.0), (-2.805118086952745, 3.131312518250573),
             (-3.779310253377747, -3.283185991286170), (3.584428340330492, -1.848126526964404)), 2, True, "Himmelblau",
        ),
        Landscape("monkey_saddle", monkey_saddle, monkey_saddle_gradient, (1.0, 0.1), ((-2, 2), (-2, 2))),
        Landscape("plateau", plateau, plateau_gradient, (2.5, 1.5), ((-4, 4), (-4, 4)), ((0.0, 0.0),)),
        quadratic(),
        Landscape(
            "rastrigin", rastrigin, rastrigin_gradient, (2.3, 1.4), ((-5.12, 5.12), (-5.12, 5.12)), ((0.0, 0.0),),
            label="Rastrigin",
        ),
        Landscape(
            "rosenbrock", rosenbrock, rosenbrock_gradient, (-1.2, 1.0), ((-1.5, 1.5), (-1.0, 3.0)), ((1.0, 1.0),), 2, True,
            "Rosenbrock", least=2,
        ),
        Landscape("saddle", saddle, saddle_gradient, (1.5, 0.01), ((-2, 2), (-2, 2))),
        Landscape(
            "styblinski_tang", styblinski_tang, styblinski_tang_gradient, (0.0, 0.0), ((-5, 5), (-5, 5)), ((_TANG, _TANG),),
            label="Styblinski-Tang",
        ),
        Landscape(
            "three_hump_camel", three_hump_camel, three_hump_camel_gradient, (2.0, -1.0), ((-3, 3), (-3, 3)), ((0.0, 0.0),),
            2, True, "three-hump camel",
        ),
    )
}  # fmt: skip


def landscape(name: str | Landscape) -> Landscape:
    """Look up a landscape by its name; a user's own `Landscape` is returned unchanged.

    Raises
    ------
    UnknownNameError
        If no landscape has that name.

    Examples
    --------
    >>> landscape("booth").minima
    ((1.0, 3.0),)
    """
    if isinstance(name, Landscape):
        return name
    return member("landscape", name, LANDSCAPES)

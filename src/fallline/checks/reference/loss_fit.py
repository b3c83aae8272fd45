"""The fit of a user's own loss: which network's loss it is, read off its values.

The values of the loss at random weights are fitted by a data loss and sums of squared weights and biases. The data loss is
one of a small family (`loss_family`), for the declared activations or others. Coefficients are fitted to one half of the
values. Only a fit that gives the other half too, to rounding, is stated.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.checks.reference.draws import Group
from fallline.checks.reference.loss_family import FAMILY, FamilyMember, guarded, leaky, reweighted, smoothed
from fallline.checks.reference.own_loss import NoReferenceError, OwnLoss, number
from fallline.textbook import network as pages
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import Loss
from fallline.textbook.network import Network

__all__ = ["LossFit", "fit_loss"]

Floats = NDArray[np.float64]

_Form = Callable[[Network, Loss], list[list[Floats]]]
"""Columns for a network and a data loss: for each batch size a list of them, each (runs,)."""

EXACT = 1e-11
"""The largest difference between the values of a loss and of its fit, relative to the largest value."""
EXACT_SINGLE = 3e-6
NEAR = 0.1
"""Only if a fit is this near, a guard against log(0) or another slope is looked for."""
NONE = 1e-9
"""A penalty that is a smaller share of the loss is none."""
CANDIDATES = 12
"""The number of data losses, the nearest first, for which a guard, smoothed labels or weighted classes are tried."""
STEPS = 40
"""Of Newton's method, for an epsilon or a slope."""
IDLE = 5
"""Steps without a better fit, after which the method is stopped."""
SECONDS = 1.0
"""Time for the values of a loss."""


@dataclass(frozen=True)
class LossFit:
    """A loss of the user's own, as a data loss of a network and penalties.

    The value is factor m^power S + m^penalty_power (sum of c_l |W_l|^2 + d_l |b_l|^2), where S is the sum of the data loss over
    the m samples.

    Parameters
    ----------
    network
        The declared network with the activations that the loss has.
    member
        The data loss, without changes.
    factor, power
        On the data loss.
    weights, biases, penalty_power
        c_l and d_l of each layer.
    epsilon
        In log(p + epsilon); 0 for none.
    smoothing
        The amount of label smoothing; 0 for none.
    class_weights
        The weight of each class; empty for none.
    leak
        The slope of a leaky ReLU that the textbook does not have; None for other activations.
    biasless
        Whether the loss does not depend on the biases.
    """

    network: Network
    member: FamilyMember
    factor: float
    power: int
    weights: tuple[float, ...]
    biases: tuple[float, ...]
    penalty_power: int
    epsilon: float = 0.0
    smoothing: float = 0.0
    class_weights: tuple[float, ...] = ()
    leak: float | None = None
    biasless: bool = False

    @property
    def loss(self) -> Loss:
        """The data loss with smoothed labels or weighted classes, without the guard."""
        return self.changed(0.0)

    def changed(self, epsilon: float) -> Loss:
        """The data loss with smoothed labels or weighted classes, and with epsilon in its logarithm."""
        loss = _guarded(self.member.loss, epsilon)
        if self.smoothing:
            return smoothed(loss, self.smoothing)
        return reweighted(loss, self.class_weights) if self.class_weights else loss


class _Values(NamedTuple):
    """The values of the loss at runs of one batch size: weights (runs, P), X and T (runs, m, n), values (runs,)."""

    w: Floats
    X: Floats
    T: Floats
    values: Floats


class _Coefficients(NamedTuple):
    """Of one fit, for each batch size: those of the data loss's columns, of the squared weights, of the squared biases."""

    data: list[Floats]
    weights: list[Floats]
    biases: list[Floats]


def fit_loss(loss: OwnLoss, groups: Sequence[Group]) -> LossFit | None:
    """Find the network and the penalties whose loss this is; None if it is none of the family, or too slow to be read.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from fallline.checks.reference.draws import draw
    >>> groups = draw(Network.of("2-3-2", activation="tanh"))
    >>> def value(w, X, T):
    ...     return Group(groups[0].network, w, X, T).loss(w) / len(X) + 0.1 * (w[:6] ** 2).sum()
    >>> fit = fit_loss(SimpleNamespace(source="returned", value=value), groups)
    >>> fit.member.words, fit.power, [round(c, 9) for c in fit.weights]
    ('cross-entropy', -1, [0.1, 0.0])
    """
    try:
        with np.errstate(all="ignore"):
            return _Fitting(loss, groups).found()
    except NoReferenceError:
        return None


class _Fitting:
    """The values of one loss, and the fits to them."""

    def __init__(self, loss: OwnLoss, groups: Sequence[Group]) -> None:
        self.network = network = groups[0].network
        first = groups[0]
        times = [time.perf_counter()]
        values = []
        for w in (first.w[0], _without_biases(network, first.w[0]), first.w[-1]):
            values.append(number(loss, w, first.X[0], first.T[0]))
            times.append(time.perf_counter())
        self.biasless = network.bias and values[0] == values[1]
        affordable = SECONDS / max(np.diff(times).min(), 1e-6) / len(groups)  # the fastest call was interrupted least
        # Half of the runs must determine a coefficient for each class, its change by a slope, and those of the penalties.
        classes = 2 * network.sizes[-1]
        self.by_layer = 2 * (classes + 2 * network.depth + 2) <= affordable
        runs = 2 * (classes + (2 * network.depth if self.by_layer else 2) + 2)
        if runs > affordable:
            raise NoReferenceError("the loss is too slow to be read")
        self.values = [_values(loss, group, runs) for group in groups]
        single = all(float(np.float32(v)) == v for of in self.values for v in of.values)
        self.exact = EXACT_SINGLE if single else EXACT
        self.penalties = [_squares(network, of.w, self.by_layer) for of in self.values]
        self.samples = [group.samples for group in groups]

    def found(self) -> LossFit | None:
        """The first fit that gives all values."""
        for networks in ([self.network], self._others()):
            near: list[tuple[float, Network, FamilyMember]] = []
            for network in networks:
                for member in self._members():
                    coefficients, error = self._fit(self._plain(network, member.loss))
                    if error <= self.exact:
                        return self._read(network, member, coefficients, coefficients.data)
                    near.append((error, network, member))
            if networks != [self.network]:
                fit = self._with_another_slope()
                if fit is not None:
                    return fit
            for _, network, member in sorted(near, key=lambda candidate: candidate[0])[:CANDIDATES]:
                fit = self._changed(network, member)
                if fit is not None:
                    return fit
        return None

    # Candidates

    def _others(self) -> list[Network]:
        """The networks with one other activation in all hidden layers. Not gelu, whose erf takes half a second to load."""
        return [
            self.network.with_(activations=(activation,) * self.network.hidden)
            for activation in (ACTIVATIONS.values() if self.network.hidden else ())
            if activation.name != "gelu"
        ]

    def _members(self) -> list[FamilyMember]:
        """The family, the declared loss first."""
        name = self.network.loss.name.replace("half_", "").replace("squared", "half_squared")
        own = (
            []
            if any(m.loss.name == name for m in FAMILY)
            else [FamilyMember(self.network.loss, self.network.loss.label)]
        )
        return own + sorted(FAMILY, key=lambda m: m.loss.name != name)

    def _with_another_slope(self) -> LossFit | None:
        """The fit with leaky ReLUs of any slope; and with a guard, smoothed labels or weighted classes."""
        for member in self._members() if self.network.hidden else ():
            for k, form in enumerate(self._forms(member)):

                def columns(
                    slope: float, epsilon: float = 0.0, form: _Form = form, loss: Loss = member.loss
                ) -> list[list[Floats]]:
                    return form(self._leaky(slope), _guarded(loss, epsilon))

                rough = self._iterated(columns, (0.1,))
                if rough is None or not self._fit(columns(*rough))[1] <= NEAR:
                    continue
                found = self._newton(columns, (*rough, 0.0) if _has_guard(member) else rough)
                if found is not None:
                    slope, epsilon = (*found, 0.0)[:2]
                    coefficients, _ = self._fit(columns(*found))
                    return self._read_changed(k, self._leaky(slope), member, coefficients, epsilon, slope)
        return None

    def _forms(self, member: FamilyMember) -> tuple[_Form, ...]:
        """The columns of the loss as it is, with smoothed labels, and with weighted classes."""
        return (self._plain, self._smoothed, self._weighted) if member.targets_linear else (self._plain,)

    def _leaky(self, slope: float) -> Network:
        return self.network.with_(activations=(leaky(slope),) * self.network.hidden)

    def _changed(self, network: Network, member: FamilyMember) -> LossFit | None:
        """The fit with a guard against log(0), smoothed labels or weighted classes."""
        for k, form in enumerate(self._forms(member)):
            coefficients, error = self._fit(form(network, member.loss))
            epsilon = 0.0
            if self.exact < error <= NEAR and _has_guard(member):

                def columns(epsilon: float, form: _Form = form) -> list[list[Floats]]:
                    return form(network, _guarded(member.loss, epsilon))

                found = self._newton(columns, (0.0,))
                if found is not None:
                    (epsilon,) = found
                    coefficients, error = self._fit(columns(epsilon))
            if error <= self.exact:
                return self._read_changed(k, network, member, coefficients, epsilon, None)
        return None

    def _read_changed(
        self, form: int, network: Network, member: FamilyMember, coefficients: _Coefficients, epsilon: float,
        leak: float | None,
    ) -> LossFit | None:  # fmt: skip
        data = coefficients.data
        if form == 0:
            return self._read(network, member, coefficients, data, epsilon=epsilon, leak=leak)
        if form == 1:
            total = [c.sum(keepdims=True) for c in data]
            amounts = [float(c[1] / c.sum()) for c in data]
            if abs(amounts[0] - amounts[-1]) > 1e-6:
                return None
            amount = _rounded(amounts[0])
            return self._read(network, member, coefficients, total, epsilon=epsilon, leak=leak, smoothing=amount)
        power = _power([float(c.mean()) for c in data], self.samples)
        if power is None:
            return None
        weights = [c / float(m) ** power for c, m in zip(data, self.samples, strict=True)]
        if not np.allclose(weights[0], weights[-1], rtol=1e-6):
            return None
        of_classes = tuple(_rounded(float(v)) for v in weights[0])
        ones = [np.array([float(m) ** power]) for m in self.samples]
        return self._read(network, member, coefficients, ones, epsilon=epsilon, leak=leak, class_weights=of_classes)

    def _read(
        self, network: Network, member: FamilyMember, coefficients: _Coefficients, data: Sequence[Floats], **more: Any
    ) -> LossFit | None:  # fmt: skip
        """The fit from its coefficients; None if they do not depend on the batch size by a power."""
        factors = [float(c[0]) for c in data]
        power = _power(factors, self.samples)
        if power is None or not factors[0]:
            return None
        sizes = [float(np.abs(of.values).max()) for of in self.values]
        parts = []
        for of_groups, squares in ((coefficients.weights, 0), (coefficients.biases, 1)):
            shares = [
                np.where(np.abs(c) * np.abs(p[squares]).max(axis=1) <= NONE * size, 0, c)
                for c, p, size in zip(of_groups, self.penalties, sizes, strict=True)
            ]
            parts.append(shares)
        largest = [max((float(np.abs(c).max(initial=0)), float(c[np.abs(c).argmax()])) if len(c) else (0.0, 0.0)
                       for c in (w, b))[1] for w, b in zip(*parts, strict=True)]  # fmt: skip
        penalty_power = _power(largest, self.samples) if any(largest) else 0
        if penalty_power is None:
            return None
        m = float(self.samples[0]) ** penalty_power
        depth = self.network.depth
        of_layers = [tuple(_rounded(float(c)) for c in (np.resize(part[0] / m, depth))) for part in parts]
        return LossFit(
            network, member, _rounded(factors[0] / float(self.samples[0]) ** power), power,
            of_layers[0], of_layers[1], penalty_power, biasless=self.biasless, **more,
        )  # fmt: skip

    # Columns: for each batch size those of the data loss, (columns, runs)

    def _plain(self, network: Network, loss: Loss) -> list[list[Floats]]:
        return [[loss.value(self._logits(network, of), of.T).sum(axis=-1)] for of in self.values]

    def _smoothed(self, network: Network, loss: Loss) -> list[list[Floats]]:
        columns = []
        for of in self.values:
            Z = self._logits(network, of)
            even = np.full_like(of.T, 1 / of.T.shape[-1] if loss.targets == "classes" else 0.5)
            columns.append([loss.value(Z, T).sum(axis=-1) for T in (of.T, even)])
        return columns

    def _weighted(self, network: Network, loss: Loss) -> list[list[Floats]]:
        columns = []
        for of in self.values:
            each = loss.value(self._logits(network, of), of.T)
            columns.append([(each * of.T[..., k]).sum(axis=-1) for k in range(of.T.shape[-1])])
        return columns

    def _logits(self, network: Network, of: _Values) -> Any:
        w = _without_biases(network, of.w) if self.biasless else of.w
        return pages.forward(network, network.unpack(w), of.X)[0]

    # Fits

    def _fit(self, columns: list[list[Floats]]) -> tuple[_Coefficients, float]:
        """Fit the columns and the penalties to the first half of the values; the error on all of them."""
        worst, found = 0.0, _Coefficients([], [], [])
        for of, data, (weights, biases) in zip(self.values, columns, self.penalties, strict=True):
            table = np.vstack([data, weights, biases]).T
            half, size = len(of.values) // 2, np.abs(table).max(axis=0)
            if not np.isfinite(table).all() or not size.all():
                return found, np.inf
            fit, _, rank, _ = np.linalg.lstsq(table[:half] / size, of.values[:half], rcond=1e-10)
            if rank < len(size):
                return found, np.inf
            coefficients = fit / size
            scale = float(np.abs(of.values).max()) or 1.0
            worst = max(worst, float(np.abs(table @ coefficients - of.values).max()) / scale)
            n, k = len(data), len(weights)
            found.data.append(coefficients[:n])
            found.weights.append(coefficients[n : n + k])
            found.biases.append(coefficients[n + k :])
        return found, worst

    def _newton(self, columns: Callable[..., list[list[Floats]]], start: tuple[float, ...]) -> tuple[float, ...] | None:
        """The parameters of the data loss with which it fits all values, with few digits; None if there are none."""
        found = self._iterated(columns, start)
        if found is None or not self._fit(columns(*found))[1] <= self.exact:
            return None
        at = list(found)
        for k, value in enumerate(at):
            simple = itertools.chain(() if start[k] else (0.0,), _shortened(value))
            at[k] = next(v for v in simple if self._fit(columns(*at[:k], v, *at[k + 1 :]))[1] <= self.exact)
        return tuple(at)

    def _iterated(
        self, columns: Callable[..., list[list[Floats]]], start: tuple[float, ...]
    ) -> tuple[float, ...] | None:
        """The parameters that fit the first half of the values best, by Gauss and Newton's steps; None if those diverge."""
        at, best, idle = list(start), np.inf, 0
        for _ in range(STEPS):
            here = columns(*at)
            table = [list(of) for of in here]
            for k, value in enumerate(at):
                h = max(1e-4 * abs(value), 1e-9)
                lower = h if value else 0.0
                above, below = (columns(*(*at[:k], value + by, *at[k + 1 :])) for by in (h, -lower))
                for of, up, down in zip(table, above, below, strict=True):
                    of += [(b - c) / (h + lower) for b, c in zip(up, down, strict=True)]
            coefficients, error = self._fit(table)
            idle = 0 if error < best / 2 else idle + 1
            best = min(best, error)
            if not coefficients.data:
                return None
            if idle > IDLE:
                break
            n, c = len(here[0]), coefficients.data[0]
            moves = [float(c[n * (k + 1) : n * (k + 2)] @ c[:n] / (c[:n] @ c[:n])) for k in range(len(at))]
            at = [value + move for value, move in zip(at, moves, strict=True)]
            if not start[-1]:
                at[-1] = max(at[-1], 0.0)  # an epsilon, which begins at 0
            if not all(np.isfinite(value) and abs(value) < 1 for value in at):
                return None
            if all(abs(move) <= 1e-10 * abs(value) for value, move in zip(at, moves, strict=True)):
                break
        return tuple(at)


def _values(loss: OwnLoss, group: Group, runs: int) -> _Values:
    """The loss at random weights of several sizes. Raises NoReferenceError if too few values are finite."""
    count, draws = group.network.parameter_count, len(group.w)
    w = random.normal(1, "own loss in words", runs * count, group.samples).reshape(runs, count)
    w *= np.linspace(0.3, 1.0, runs)[np.argsort(random.uniform(2, "own loss in words", runs, group.samples)), None]
    at = np.arange(runs) % draws
    X, T = group.X[at], group.T[at]
    values = [number(loss, *arguments) for arguments in zip(w, X, T, strict=True)]
    return _Values(w, X, T, np.array(values))


def _squares(network: Network, w: Floats, by_layer: bool) -> tuple[Floats, Floats]:
    """The sums of squared weights and of squared biases at each run, (layers, runs), or (1, runs) if not `by_layer`."""
    layers = network.unpack(w)
    weights = np.array([(layer.W**2).sum(axis=(-2, -1)) for layer in layers])
    biases = np.array([(layer.b**2).sum(axis=-1) for layer in layers if layer.b is not None]).reshape(-1, len(w))
    if by_layer:
        return weights, biases
    return weights.sum(axis=0, keepdims=True), biases.sum(axis=0, keepdims=True) if len(biases) else biases


def _without_biases(network: Network, w: Any) -> Any:
    layers = network.unpack(np.asarray(w))
    return network.pack(tuple(layer._replace(b=None if layer.b is None else 0 * layer.b) for layer in layers))


def _guarded(loss: Loss, epsilon: float) -> Loss:
    return (guarded(loss, epsilon) if epsilon else None) or loss


def _has_guard(member: FamilyMember) -> bool:
    return guarded(member.loss, 0.0) is not None


def _power(coefficients: Sequence[float], samples: Sequence[int]) -> int | None:
    """The power of the number of samples in a coefficient, 0 or -1; None if it is another."""
    first, last = coefficients[0], coefficients[-1]
    for power in (0, -1):
        expected = first * (samples[-1] / samples[0]) ** power
        if abs(last - expected) <= 1e-6 * abs(expected):
            return power
    return None


def _shortened(value: float) -> Iterator[float]:
    """The value with 1, 2, ... digits, and at last as it is."""
    yield from (float(f"{value:.{digits}g}") for digits in (1, 2, 3, 4, 6))
    yield value


def _rounded(value: float) -> float:
    """The value to 6 digits if it is that to 9; else as it is."""
    short = float(f"{value:.6g}")
    return short if abs(short - value) <= 1e-8 * abs(value) else value

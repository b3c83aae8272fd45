"""The fit of a user's own loss: which network's loss it is, read off its values.

The values of the loss at random weights are fitted by a data loss and sums of squared weights and biases. The data loss is
one of a small family (`loss_family`), for the declared activations or others. Coefficients are fitted to one half of the
values. Only a fit that gives the other half too, to rounding, is stated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.checks.reference.draws import Group
from fallline.checks.reference.loss_family import FAMILY, FamilyMember, guarded, leaky, reweighted, smoothed
from fallline.checks.reference.loss_values import Coefficients, LossValues
from fallline.checks.reference.own_loss import NoReferenceError, OwnLoss
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import Loss
from fallline.textbook.network import Network

__all__ = ["LossFit", "fit_loss"]

Floats = NDArray[np.float64]

_Form = Callable[[Network, Loss], list[list[Floats]]]
"""Columns for a network and a data loss: for each batch size a list of them, each (runs,)."""

NEAR = 0.1
"""Only if a fit is this near, a guard against log(0) or another slope is looked for."""
NONE = 1e-9
"""A penalty with a smaller share of the loss counts as 0."""
CANDIDATES = 12
"""The number of data losses, the nearest first, for which a guard, smoothed labels or weighted classes are tried."""


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


def fit_loss(loss: OwnLoss, groups: Sequence[Group]) -> LossFit | None:
    """Find the network and the penalties whose loss this is; None if it is not one of the family, or too slow to be read.

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


class _Fitting(LossValues):
    """The search for the fit."""

    def found(self) -> LossFit | None:
        """The first fit that gives all values."""
        for networks in ([self.network], self._others()):
            near: list[tuple[float, Network, FamilyMember]] = []
            for network in networks:
                for member in self._members():
                    coefficients, error = self.fit(self.plain(network, member.loss))
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
                columns = partial(self._leaky_columns, form, member.loss)
                rough = self.iterated(columns, (0.1,))
                if rough is None or not self.fit(columns(*rough))[1] <= NEAR:
                    continue
                found = self.solved(columns, (*rough, 0.0) if _has_guard(member) else rough)
                if found is not None:
                    slope, epsilon = (*found, 0.0)[:2]
                    coefficients, _ = self.fit(columns(*found))
                    return self._read_changed(k, self._leaky(slope), member, coefficients, epsilon, slope)
        return None

    def _leaky_columns(self, form: _Form, loss: Loss, slope: float, epsilon: float = 0.0) -> list[list[Floats]]:
        return form(self._leaky(slope), _guarded(loss, epsilon))

    def _forms(self, member: FamilyMember) -> tuple[_Form, ...]:
        """The columns of the loss as it is, with smoothed labels, and with weighted classes."""
        return (self.plain, self.smoothed, self.weighted) if member.targets_linear else (self.plain,)

    def _leaky(self, slope: float) -> Network:
        return self.network.with_(activations=(leaky(slope),) * self.network.hidden)

    def _changed(self, network: Network, member: FamilyMember) -> LossFit | None:
        """The fit with a guard against log(0), smoothed labels or weighted classes."""
        for k, form in enumerate(self._forms(member)):
            coefficients, error = self.fit(form(network, member.loss))
            epsilon = 0.0
            if self.exact < error <= NEAR and _has_guard(member):
                columns = partial(_guarded_columns, form, network, member.loss)
                found = self.solved(columns, (0.0,))
                if found is not None:
                    (epsilon,) = found
                    coefficients, error = self.fit(columns(epsilon))
            if error <= self.exact:
                return self._read_changed(k, network, member, coefficients, epsilon, None)
        return None

    def _read_changed(
        self, form: int, network: Network, member: FamilyMember, coefficients: Coefficients, epsilon: float,
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
        self, network: Network, member: FamilyMember, coefficients: Coefficients, data: Sequence[Floats], **more: Any
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


def _guarded_columns(form: _Form, network: Network, loss: Loss, epsilon: float) -> list[list[Floats]]:
    return form(network, _guarded(loss, epsilon))


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


def _rounded(value: float) -> float:
    """The value to 6 digits if it is that to 9; else as it is."""
    short = float(f"{value:.6g}")
    return short if abs(short - value) <= 1e-8 * abs(value) else value

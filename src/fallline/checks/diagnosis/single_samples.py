"""What single samples show: the activations and the deltas that the checked function computed.

For a single sample db is the delta itself, and dW is the product of the layer's input and the delta. So the function's own
activations and deltas can be read off its gradient, and each step of the computation can be compared alone: the activation
of each layer with its pre-activation, the output's delta with the logits, each delta with the one after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.checks.diagnosis.activation_forms import EXACT, agree, examples, form_of, inverse_of, is_function
from fallline.checks.faults.coefficients import combination, constant_text
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.draws import Group
from fallline.textbook.activations import Activation
from fallline.textbook.network import Network, Parameters, forward

__all__ = ["ObservedNetwork", "StepFault", "observed"]

SMALL = 1e-6
"""Deltas below this share of the largest are left out of quotients."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StepFault:
    """A step of the computation that is wrong for single samples: the sentence, the cure, and whether it is a cause."""

    sentence: str
    cure: str
    cause: bool


@dataclass(frozen=True)
class ObservedNetwork:
    """The activations A1 ... and deltas D1 ... DL of single samples, (samples, units), read off the checked gradient."""

    network: Network
    group: Group
    A: tuple[Floats, ...]
    D: tuple[Floats, ...]
    convention: Convention

    @property
    def parameters(self) -> Parameters:
        return self.group.parameters

    def pre_activation(self, layer: int) -> Floats:
        """Z of a layer, from the observed activation of the layer before."""
        W, b = self.parameters[layer - 1]
        Z = self.network.scales[layer - 1] * np.einsum("si,sij->sj", self.A[layer - 1], W)
        return np.asarray(Z if b is None else Z + b)

    def faults(self) -> list[StepFault]:
        """The steps that are wrong, in the order of the computation.

        The activations are to blame only if the output's delta differs from the right one, and follows from them.
        """
        faults = []
        Z = forward(self.network, self.parameters, self.group.X)[0][:, 0]
        output_right = agree(
            self.D[-1], self.convention.data(self.group) * self.network.loss.delta(Z, self.group.T[:, 0])
        )
        if not output_right:
            wrong_output = self._output()
            faults += wrong_output or [f for layer in range(1, self.network.depth) for f in self._activation(layer)]
        for layer in range(self.network.depth - 1, 0, -1):
            faults += self._step(layer)
        return faults

    def _activation(self, layer: int) -> list[StepFault]:
        z, a = self.pre_activation(layer), self.A[layer]
        known = np.isfinite(a)
        activation = self.network.activations[layer - 1]
        if known.sum() < 20 or agree(a[known], activation(z)[known]):
            return []
        name = activation.label or activation.name
        form = form_of(z[known], a[known])
        if form:
            words = f"the forward pass computes {form} as the activation of layer {layer}"
            return [StepFault(words, f"apply {name}", True)]
        linear = self._linear(layer, a)
        if linear:
            return [
                StepFault(
                    f"the pre-activation of layer {layer} in the forward pass is {linear}", "compute it anew", True
                )
            ]
        if not is_function(z[known], a[known] - activation(z)[known]):
            words = f"the forward pass computes other activations in layer {layer} than {activation.name} of Z{layer}"
            return [StepFault(words, f"look at Z{layer} and at its activation in the forward pass", True)]
        values = examples(z[known], a[known], activation)
        return [
            StepFault(
                f"the forward pass computes another activation than {activation.name} in layer {layer}: {values}",
                f"look at the activation of layer {layer} in the forward pass", True,
            )
        ]  # fmt: skip

    def _linear(self, layer: int, a: Floats) -> str:
        """The pre-activation as c1 A W + c2 b, if the activation has an inverse and that is what gives a."""
        W, b = self.parameters[layer - 1]
        z = inverse_of(self.network.activations[layer - 1].name, a)
        if z is None or b is None:
            return ""
        product = np.einsum("si,sij->sj", self.A[layer - 1], W)
        known = np.isfinite(z)
        features, target = np.stack([product[known], b[known]], axis=-1), z[known]
        half = len(target) // 2  # the constants come from the first half, and must hold on the second
        constants, _, rank, _ = np.linalg.lstsq(features[:half], target[:half], rcond=1e-9)
        if rank < 2 or not agree(target, features @ constants):
            return ""
        names = [f"A{layer - 1} W{layer}" if layer > 1 else "X W1", f"b{layer}"]
        coded = combination(list(zip(map(float, constants), names, strict=True)))
        right = combination([(float(self.network.scales[layer - 1]), names[0]), (1.0, names[1])])
        return f"{coded}, where {right} is right"

    def _output(self) -> list[StepFault]:
        z, T = self.pre_activation(self.network.depth), self.group.T[:, 0]
        if agree(self.D[-1], self.convention.data(self.group) * self.network.loss.delta(z, T)):
            return []
        return [
            StepFault(
                "the output's delta is not what follows from the function's own activations",
                "look at the output's delta",
                False,
            )
        ]

    def _step(self, layer: int) -> list[StepFault]:
        scale, W = self.network.scales[layer], self.parameters[layer].W
        dA = scale * np.einsum("sj,sij->si", self.D[layer], W)
        activation, z, a = self.network.activations[layer - 1], self.pre_activation(layer), self.A[layer]
        for slope in (activation.slope(z), *_slopes_from(activation, a)):
            usable = np.isfinite(slope)
            if usable.sum() > 20 and agree(self.D[layer - 1][usable], (dA * slope)[usable]):
                return []
        expected = dA * activation.slope(z)
        return self._sample_factor(layer, expected)

    def _sample_factor(self, layer: int, expected: Floats) -> list[StepFault]:
        """A factor that differs from sample to sample and is the same for all units."""
        if expected.shape[-1] < 2:
            return []
        size = (expected**2).sum(axis=-1)
        used = size > SMALL * size.max()
        factor = (self.D[layer - 1] * expected).sum(axis=-1)[used] / size[used]
        if not agree(self.D[layer - 1][used], factor[:, None] * expected[used]) or np.ptp(factor) < 1e-6:
            return []
        known = self._known_factor(factor, used)
        between = f"between {factor.min():.3g} and {factor.max():.3g}"
        words = f"by {known}" if known else f"by a factor that differs from sample to sample ({between} here)"
        return [
            StepFault(
                f"the delta of layer {layer} is multiplied {words}, the same for all units",
                "leave that factor out",
                True,
            )
        ]

    def _known_factor(self, factor: Floats, used: Any) -> str:
        z, T = self.pre_activation(self.network.depth), self.group.T[:, 0]
        Y = self.network.loss.output(z)
        quantities: dict[str, Floats] = {"the sample's loss": self.network.loss.value(z, T)}
        if self.network.loss.targets == "classes":
            quantities |= {
                "the largest output": Y.max(axis=-1),
                "the output of the sample's class": (Y * T).sum(axis=-1),
            }
        for words, values in quantities.items():
            ratio = factor / values[used]
            if np.ptp(ratio) <= EXACT * np.abs(ratio).max():
                c = constant_text(float(ratio.mean()))
                return words if c == "1" else f"{c} times {words}"
        return ""


def observed(group: Group, numbers: Parameters) -> ObservedNetwork | None:
    """The activations and deltas that the gradients of single samples show; None if they are not of that form.

    They are if each dW is the product of a vector and db, and that of layer 1 is the product of the inputs and db1.
    """
    network = group.network
    if not network.bias or network.l2:
        return None
    A: list[Floats] = [group.X[:, 0]]
    D: list[Floats] = []
    for l, (dW, db) in enumerate(numbers, start=1):
        assert db is not None
        size = (db**2).sum(axis=-1)
        seen = size > SMALL**2 * size.max()
        with np.errstate(all="ignore"):
            inputs = (
                np.where(seen[:, None], np.einsum("sij,sj->si", dW, db) / size[:, None], np.nan) / network.scales[l - 1]
            )
        product = network.scales[l - 1] * inputs[:, :, None] * db[:, None, :]
        if not seen.any() or not agree(dW[seen], product[seen]):
            return None
        if l == 1 and not agree(inputs[seen], group.X[seen, 0]):
            return None
        if l > 1:
            A.append(inputs)
        D.append(np.asarray(db))
    whole = np.isfinite(np.concatenate(A, axis=-1)).all(axis=-1)
    if whole.sum() < 20:
        return None
    kept = Group(network, group.w[whole], group.X[whole], group.T[whole], group.declared)
    A, D = [a[whole] for a in A], [d[whole] for d in D]
    candidates = [ObservedNetwork(network, kept, tuple(A), tuple(D), c) for c in conventions(network, group.declared)]
    right = [o for o in candidates if not o._output()]
    return (right or candidates)[0]


def _slopes_from(activation: Activation, a: Floats) -> list[Floats]:
    """The slope as a function of the activation, as people write it."""
    return {"tanh": [1 - a**2], "logistic": [a * (1 - a)], "relu": [(a > 0).astype(float)]}.get(activation.name, [])

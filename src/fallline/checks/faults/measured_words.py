"""Faults with constants in words: each function makes a sentence and a cure from the constants that were read off.

Where a constant has a usual meaning (the strength of the penalty, the number of units) the sentence says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fallline.checks.faults.coefficients import NEAR, combination, constant_text, is_near
from fallline.checks.faults.fault import Wording
from fallline.checks.faults.right_delta import UNKNOWN, right_delta
from fallline.textbook.activations import identity
from fallline.textbook.network import Network

__all__ = [
    "class_weights",
    "early_update",
    "other_slope",
    "outputs_and_targets",
    "smoothed_targets",
    "terms_of_delta",
    "unit_weights",
    "with_penalty",
    "wrong_factor",
    "wrong_leak",
]

SLIGHT = 1e-3
"""A factor that differs from 1 by less is said as a relative error."""


def _factor(quantity: str, value: float, network: Network, layer: int) -> tuple[str, str]:
    """A quantity with a wrong factor, and where that number may come from."""
    if abs(value - 1) < SLIGHT:
        return f"{quantity} is off by a relative {abs(value - 1):.2g}", f"look for a factor {value:.12g}"
    sentence = f"{quantity} is {constant_text(value)} times what it should be"
    sizes = [f"{n}, the number of {words}" for n, words in _sizes(network, layer) if n > 1 and is_near(value * n, 1)]
    sizes += [f"times {n}, the number of {words}" for n, words in _sizes(network, layer) if n > 1 and is_near(value, n)]
    if not sizes:
        return sentence, f"leave out the factor {constant_text(value)}"
    if sizes[0].startswith("times"):
        return f"{sentence}: {sizes[0]}", "leave out that factor"
    return f"{sentence}: divided by {sizes[0]}", "leave out that division"


def _sizes(network: Network, layer: int) -> list[tuple[int, str]]:
    before, own = network.sizes[layer - 1], network.sizes[layer]
    words = {0: "inputs", network.depth: "outputs"}
    sizes = [
        (own, words.get(layer, f"units of layer {layer}")),
        (before, words.get(layer - 1, f"units of layer {layer - 1}")),
    ]
    return [*sizes, (network.sizes[0], "inputs"), (network.sizes[-1], "outputs")]


def wrong_factor(quantity: str) -> Wording:
    """Words for a quantity with a constant factor."""

    def words(network: Network, layer: int, constant: Any) -> tuple[str, str]:
        return _factor(quantity, float(constant[0]), network, layer)

    return words


def with_penalty(symbol: str, weights: str) -> Wording:
    """Words for c0 dW + c1 W + c2, and for the same of biases."""

    def words(network: Network, layer: int, constant: Any) -> tuple[str, str]:
        quantity, of = f"{symbol}{{l}}", f"{weights}{{l}}"
        factor, decay, added = (float(c) for c in constant)
        if decay == 0 and added == 0:
            return _factor(quantity, factor, network, layer)
        if weights == "W" and network.l2 and is_near(decay, (factor - 1) * network.l2) and abs(added) < NEAR:
            return _factor(quantity, factor, network, layer)
        if factor == 1 and decay == 0:
            return f"the constant {added:.3g} is added to {quantity}", "leave it out"
        if factor == 1 and added == 0:
            return _penalty(network.l2, decay, quantity, of, weights)
        if network.l2 and is_near(factor, 1 + network.l2) and is_near(decay, -network.l2) and abs(added) < NEAR:
            return f"the L2 penalty adds l2 {quantity} to {quantity}, not l2 {of}", f"add l2 {of}"
        right = quantity if not network.l2 or weights == "b" else f"{quantity} + l2 {of}"
        coded = combination([(factor, quantity), (decay + (network.l2 if weights == "W" else 0), of), (added, "")])
        return (
            f"{quantity} is {coded}, where {right} is right ({quantity} being the gradient of the data's loss)",
            f"write {right}",
        )

    return words


def _penalty(l2: float, decay: float, quantity: str, of: str, weights: str) -> tuple[str, str]:
    """Words for a block to which c W is added besides what is right."""
    if weights == "b":
        if l2 and is_near(decay, l2):
            return f"the L2 penalty is applied to {of} too", "leave the biases out"
        return f"{constant_text(decay)} {of} is added to {quantity}", "leave it out: biases have no penalty"
    if l2:
        for share, said, cure in (
            (-1.0, "the L2 penalty is missing from {q}", "add l2 {w}"),
            (1.0, "the L2 penalty is doubled in {q}", "add l2 {w}, not 2 l2 {w}"),
            (-2.0, "the L2 penalty has the wrong sign in {q}", "add l2 {w}, don't subtract it"),
            (-0.5, "the L2 penalty is halved in {q}", "add l2 {w}"),
        ):  # fmt: skip
            if is_near(decay, share * l2):
                return said.format(q=quantity), cure.format(w=of)
        return (
            f"{quantity} has {constant_text(decay + l2)} {of} where the L2 penalty adds {constant_text(l2)} {of}",
            f"add l2 {of}",
        )
    return (
        f"{constant_text(decay)} {of} is added to {quantity}, a penalty that the loss does not have",
        "leave it out, or declare the penalty with --l2",
    )


def unit_weights(quantity: str, units: str) -> Wording:
    """Words for a factor on each unit."""

    def words(network: Network, layer: int, constant: Any) -> tuple[str, str]:
        values = np.ravel(constant)
        ones = [k for k, v in enumerate(values) if is_near(float(v), 1)]
        zeros = [k for k, v in enumerate(values) if abs(v) < NEAR]
        if ones and len(ones) + len(zeros) == len(values):
            kept = f"{units} {', '.join(map(str, ones))}"
            return f"{quantity} is right for {kept} and 0 for the others (counted from 0)", "compute it for all"
        weights = ", ".join(constant_text(float(v)) for v in values)
        return f"{quantity} is multiplied by weights of the {units}s: {weights}", "leave the weights out"

    return words


def class_weights(network: Network, layer: int, constant: Any) -> tuple[str, str]:
    """Words for a factor on each sample that depends on its class."""
    values = [float(v) for v in np.ravel(constant)]
    used = [k for k, v in enumerate(values) if abs(v) >= NEAR]
    if len(used) < len(values) and all(is_near(values[k], 1) for k in used):
        classes = " and ".join(map(str, used))
        return f"only the samples of class {classes} count (counted from 0)", "take all samples"
    weights = ", ".join(constant_text(v) for v in values)
    return f"each sample is weighted by its class: {weights}", "leave the weights out, or declare a loss with them"


def smoothed_targets(network: Network, layer: int, constant: Any) -> tuple[str, str]:
    """Words for targets that are mixed with the same share for each output."""
    share, n = float(constant[0]), network.sizes[-1]
    other = f"/{n}" if network.loss.targets == "classes" else "/2"
    size = constant_text(abs(share))
    if share > 0:
        return (
            f"the targets are smoothed: (1 - {size}) T + {size}{other} where T is right",
            "take T itself, or declare a loss with smoothing",
        )
    return f"the targets are sharpened: (1 + {size}) T - {size}{other} where T is right", "take T itself"


def outputs_and_targets(network: Network, layer: int, constant: Any) -> tuple[str, str]:
    """Words for an output's delta c0 Y + c1 T + c2."""
    right, of_outputs = right_delta(network), "Z" if network.loss.output is identity else "Y"
    known = right != UNKNOWN
    terms = list(zip(map(float, constant), ("Y" if known else of_outputs, "T", ""), strict=True))
    coded = f"the output's delta is {combination(terms)}"
    if known:
        return f"{coded}, where {right} is right", f"write {right}"
    if _is_derivative_by_outputs(network, constant):
        return (
            f"{coded}, the derivative of the loss by the outputs Y, not by the pre-activation Z",
            "multiply by the derivative of the outputs by Z",
        )
    return f"{coded}, which is not {UNKNOWN}", f"write {UNKNOWN}"


def _is_derivative_by_outputs(network: Network, constant: Any) -> bool:
    """Whether c0 Y + c1 T + c2 is the derivative of a squared error of squashed outputs by these outputs."""
    Z, T = np.linspace(-1.3, 1.7, 4 * network.sizes[-1]).reshape(4, -1), np.eye(4, network.sizes[-1])
    of_outputs = ((network.loss.output(Z) - T) ** 2).sum(axis=-1) / 2
    factor = float(constant[0])
    return (
        network.loss.output is not identity
        and is_near(float(constant[1]), -factor)
        and abs(float(constant[2])) < NEAR
        and bool(np.allclose(network.loss.value(Z, T), factor * of_outputs, rtol=1e-7))
    )


def wrong_leak(network: Network, layer: int, constant: Any) -> tuple[str, str]:
    """Words for a slope with one constant where z > 0, and another elsewhere."""
    above, below = map(float, constant)
    right = constant_text(float(np.asarray(network.activations[layer - 1].slope(np.array([-1.0]))).item()))
    if is_near(above, 1):
        return (
            f"the slope of layer {{l}} is {constant_text(below)} where Z{{l}} < 0, but the activation's is {right} there",
            f"take {right} where Z{{l}} < 0",
        )
    return (
        f"the slope of layer {{l}} is {constant_text(above)} where Z{{l}} > 0, else {constant_text(below)}; "
        f"right is 1, else {right}",
        "take the slope of the activation",
    )  # fmt: skip


def other_slope(features: Sequence[str], right: str) -> Wording:
    """Words for a slope that is another combination of the features than the right one."""

    def words(network: Network, layer: int, constant: Any) -> tuple[str, str]:
        coded = combination(list(zip(map(float, constant), features, strict=True)))
        return f"the slope of layer {{l}} is {coded}, where {right} is right", f"write {right}"

    return words


def terms_of_delta(network: Network, layer: int, constant: Any) -> tuple[str, str]:
    """Words for a delta c0 dA * slope + c1 dA + c2 slope."""
    terms = list(zip(map(float, constant), ("dA{l} * slope", "dA{l}", "slope"), strict=True))
    return (
        f"the delta of layer {{l}} is {combination(terms)}, where dA{{l}} * slope is right (dA{{l}} being the delta before the slope)",
        "multiply dA{l} by the slope; look at the brackets",
    )


def early_update(network: Network, layer: int, constant: Any) -> tuple[str, str]:
    """Words for a delta that goes back through the weights after their update."""
    return (
        "the delta of layer {l} goes back through W{k} after its update, not before",
        "update the weights after all deltas",
    )

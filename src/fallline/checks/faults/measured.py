"""Faults with constants, which are read off the checked numbers: wrong factors, slopes, weights of classes, penalties.

The value at the site is affine in the constants, so a regression finds them. Each fault has a function that puts the
constants into words; where a constant has a usual meaning (the strength of the penalty, the number of units) it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fallline.checks.faults.conditions import activation_is, is_hidden, loss_is
from fallline.checks.faults.fault import Fault, Wording
from fallline.textbook.network import Network

__all__ = ["FAULTS", "combination", "constant_text"]

NEAR = 1e-9
"""A constant within this of a simple value is that value: constants are read off to about 1e-12."""

SLIGHT = 1e-3
"""A factor that differs from 1 by less is said as a relative error."""


def constant_text(value: float) -> str:
    """A constant in six digits; one that is a simple value to rounding as that value.

    >>> constant_text(0.1 + 0.2), constant_text(2 / 3), constant_text(1e-17)
    ('0.3', '0.666667', '0')
    """
    rounded = round(value, 9)
    return f"{0.0 if abs(value) < NEAR else rounded if abs(value - rounded) < NEAR else value:.6g}"


def combination(terms: Sequence[tuple[float, str]]) -> str:
    """The sum of the terms; "" stands for the number 1.

    >>> combination([(1.0, ""), (-2.0, "a^2"), (0.0, "a")])
    '1 - 2 a^2'
    """
    text = ""
    for value, name in terms:
        if abs(value) < NEAR:
            continue
        size = constant_text(abs(value))
        factor = name if name and size == "1" else f"{size} {name}".strip()
        sign = "-" if value < 0 else "+"
        text += f" {sign} {factor}" if text else f"{'-' if value < 0 else ''}{factor}"
    return text or "0"


def _near(value: float, other: float) -> bool:
    return abs(value - other) < NEAR * max(1, abs(other))


def _factor(quantity: str, value: float, network: Network, layer: int) -> tuple[str, str]:
    """A quantity with a wrong factor, and where that number may come from."""
    if abs(value - 1) < SLIGHT:
        return f"{quantity} is off by a relative {abs(value - 1):.2g}", f"look for a factor {value:.12g}"
    sentence = f"{quantity} is {constant_text(value)} times what it should be"
    sizes = [f"{n}, the number of {words}" for n, words in _sizes(network, layer) if n > 1 and _near(value * n, 1)]
    sizes += [f"times {n}, the number of {words}" for n, words in _sizes(network, layer) if n > 1 and _near(value, n)]
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


def _scaled(quantity: str) -> Wording:
    def words(network: Network, layer: int, constant: Any) -> tuple[str, str]:
        return _factor(quantity, float(constant[0]), network, layer)

    return words


def _with_penalty(symbol: str, weights: str) -> Wording:
    """Words for c0 dW + c1 W + c2, and for the same of biases."""

    def words(network: Network, layer: int, constant: Any) -> tuple[str, str]:
        quantity, of = f"{symbol}{{l}}", f"{weights}{{l}}"
        factor, decay, added = (float(c) for c in constant)
        if decay == 0 and added == 0:
            return _factor(quantity, factor, network, layer)
        if weights == "W" and network.l2 and _near(decay, (factor - 1) * network.l2) and abs(added) < NEAR:
            return _factor(quantity, factor, network, layer)
        if factor == 1 and decay == 0:
            return f"the constant {added:.3g} is added to {quantity}", "leave it out"
        if factor == 1 and added == 0:
            return _penalty(network.l2, decay, quantity, of, weights)
        if network.l2 and _near(factor, 1 + network.l2) and _near(decay, -network.l2) and abs(added) < NEAR:
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
        if l2 and _near(decay, l2):
            return f"the L2 penalty is applied to {of} too", "leave the biases out"
        return f"{constant_text(decay)} {of} is added to {quantity}", "leave it out: biases have no penalty"
    if l2:
        for share, said, cure in (
            (-1.0, "the L2 penalty is missing from {q}", "add l2 {w}"),
            (1.0, "the L2 penalty is doubled in {q}", "add l2 {w}, not 2 l2 {w}"),
            (-2.0, "the L2 penalty has the wrong sign in {q}", "add l2 {w}, don't subtract it"),
            (-0.5, "the L2 penalty is halved in {q}", "add l2 {w}"),
        ):  # fmt: skip
            if _near(decay, share * l2):
                return said.format(q=quantity), cure.format(w=of)
        return (
            f"{quantity} has {constant_text(decay + l2)} {of} where the L2 penalty adds {constant_text(l2)} {of}",
            f"add l2 {of}",
        )
    return (
        f"{constant_text(decay)} {of} is added to {quantity}, and no penalty was declared",
        "declare --l2, or leave it out",
    )


def _weighted(quantity: str, units: str, *, first: str = "") -> Wording:
    """Words for a factor on each unit."""

    def words(network: Network, layer: int, constant: Any) -> tuple[str, str]:
        values = np.ravel(constant)
        ones = [k for k, v in enumerate(values) if _near(float(v), 1)]
        zeros = [k for k, v in enumerate(values) if abs(v) < NEAR]
        if ones and len(ones) + len(zeros) == len(values):
            kept = f"{units} {', '.join(map(str, ones))}"
            return f"{quantity} is right for {kept} and 0 for the others (counted from 0)", "compute it for all"
        weights = ", ".join(constant_text(float(v)) for v in values)
        return f"{quantity} is multiplied by weights of the {units}s: {weights}", "leave the weights out"

    return words


def _class_weights(network: Network, layer: int, constant: Any) -> tuple[str, str]:
    values = [float(v) for v in np.ravel(constant)]
    used = [k for k, v in enumerate(values) if abs(v) >= NEAR]
    if len(used) < len(values) and all(_near(values[k], 1) for k in used):
        classes = " and ".join(map(str, used))
        return f"only the samples of class {classes} count (counted from 0)", "take all samples"
    weights = ", ".join(constant_text(v) for v in values)
    return f"each sample is weighted by its class: {weights}", "leave the weights out, or declare a loss with them"


def _smoothed(network: Network, layer: int, constant: Any) -> tuple[str, str]:
    share, n = float(constant[0]), network.sizes[-1]
    other = f"/{n}" if network.loss.name == "cross_entropy" else "/2"
    size = constant_text(abs(share))
    if share > 0:
        return (
            f"the targets are smoothed: (1 - {size}) T + {size}{other} where T is right",
            "take T itself, or declare a loss with smoothing",
        )
    return f"the targets are sharpened: (1 + {size}) T - {size}{other} where T is right", "take T itself"


def _outputs_and_targets(network: Network, layer: int, constant: Any) -> tuple[str, str]:
    right = "2 Y - 2 T" if network.loss.name == "squared_error" else "Y - T"
    terms = list(zip(map(float, constant), ("Y", "T", ""), strict=True))
    return f"the output's delta is {combination(terms)}, where {right} is right", f"write {right}"


def _leak(network: Network, layer: int, constant: Any) -> tuple[str, str]:
    above, below = map(float, constant)
    right = constant_text(float(np.asarray(network.activations[layer - 1].slope(np.array([-1.0]))).item()))
    if _near(above, 1):
        return (
            f"the slope of layer {{l}} is {constant_text(below)} where Z{{l}} < 0, but the activation's is {right} there",
            f"take {right} where Z{{l}} < 0",
        )
    return (
        f"the slope of layer {{l}} is {constant_text(above)} where Z{{l}} > 0, else {constant_text(below)}; "
        f"right is 1, else {right}",
        "take the slope of the activation",
    )  # fmt: skip


def _slope(features: Sequence[str], right: str) -> Wording:
    def words(network: Network, layer: int, constant: Any) -> tuple[str, str]:
        coded = combination(list(zip(map(float, constant), features, strict=True)))
        return f"the slope of layer {{l}} is {coded}, where {right} is right", f"write {right}"

    return words


def _terms(network: Network, layer: int, constant: Any) -> tuple[str, str]:
    terms = list(zip(map(float, constant), ("dA{l} * slope", "dA{l}", "slope"), strict=True))
    return (
        f"the delta of layer {{l}} is {combination(terms)}, where dA{{l}} * slope is right (dA{{l}} being the delta before the slope)",
        "multiply dA{l} by the slope; look at the brackets",
    )


def _rate(network: Network, layer: int, constant: Any) -> tuple[str, str]:
    return (
        "the delta of layer {l} goes back through W{k} after its update, not before",
        "update the weights after all deltas",
    )


def _count(number: int) -> Callable[[Network, int], int]:
    return lambda network, layer: number


def _outputs(network: Network, layer: int) -> int:
    return network.sizes[layer]


def _last_outputs(network: Network, layer: int) -> int:
    return network.sizes[-1]


def _inputs(network: Network, layer: int) -> int:
    return network.sizes[layer - 1]


def _several_units(network: Network, layer: int) -> bool:
    return network.sizes[layer] > 1


def _several_inputs(network: Network, layer: int) -> bool:
    return network.sizes[layer - 1] > 1


def _several_classes(network: Network, layer: int) -> bool:
    return network.loss.targets == "classes" and network.sizes[-1] > 1


def _measured(
    name: str,
    find: str,
    put: str,
    sentence: str,
    condition: Any,
    unknowns: Callable[[Network, int], int],
    wording: Wording,
) -> Fault:
    return Fault(name, find, put, sentence, "", condition, unknowns=unknowns, wording=wording)


_SLOPE = "network.activations[l - 2].slope(kept[l - 2].Z)"
_DELTA = "network.loss.delta(Z, T)"
_A, _Z = "kept[l - 1].A", "kept[l - 2].Z"
_LOGISTIC = f'ACTIVATIONS["logistic"]({_Z})'


def _sum(*features: str) -> str:
    return "(" + " + ".join(f"constant[{k}]{f' * {f}' if f else ''}" for k, f in enumerate(features)) + f" + 0 * {_Z})"


def _is_no_textbook_loss(network: Network, layer: int) -> bool:
    return network.loss.name not in ("cross_entropy", "logistic", "squared_error", "half_squared_error")


FAULTS = (
    # The output's delta
    _measured("delta_scaled", "", "constant[0] * it", "the whole gradient has a wrong factor", lambda n, l: True,
              _count(1), _scaled("the whole gradient")),
    _measured("delta_smoothed", _DELTA,
              '(it + constant[0] * (T - (1 / T.shape[-1] if network.loss.targets == "classes" else 0.5)))',
              "the targets are smoothed", loss_is("cross_entropy", "logistic"), _count(1), _smoothed),
    _measured("delta_unit_weights", "", "(it * constant)", "the output's delta has weights of the outputs",
              lambda n, l: n.sizes[-1] > 1, _last_outputs, _weighted("the output's delta", "output")),
    _measured("delta_class_weights", "", "(it * (T @ constant)[..., None])", "the samples are weighted by their classes",
              _several_classes, _last_outputs, _class_weights),
    _measured("delta_outputs_and_targets", _DELTA, "(constant[0] * network.loss.output(Z) + constant[1] * T + constant[2])",
              "the output's delta is another combination of outputs and targets", lambda n, l: True, _count(3),
              _outputs_and_targets),
    # Steps of the delta
    _measured("dA_weights_updated", "parameters[l - 1].W", "(it - constant[0] * dW)",
              "the delta of layer {l} goes back through W{k} after its update, not before", lambda n, l: True, _count(1), _rate),
    _measured("D_scaled", "", "constant[0] * it", "the delta of layer {l} has a wrong factor", is_hidden, _count(1),
              _scaled("the delta of layer {l}")),
    _measured("D_leak", _SLOPE, f"where({_Z} > 0, constant[0], constant[1])", "the leak of layer {l} is wrong",
              activation_is("relu", "leaky_relu"), _count(2), _leak),
    _measured("D_slope_polynomial", _SLOPE, _sum("", _A, f"{_A} ** 2", f"abs({_A})"), "the slope of layer {l} is another function",
              activation_is("tanh"), _count(4), _slope(("", "a", "a^2", "|a|"), "1 - a^2")),
    _measured("D_slope_polynomial_logistic", _SLOPE, _sum("", _A, f"{_A} ** 2"), "the slope of layer {l} is another function",
              activation_is("logistic"), _count(3), _slope(("", "a", "a^2"), "a - a^2")),
    _measured("D_slope_terms_silu", _SLOPE,
              _sum("", _LOGISTIC, f"{_LOGISTIC} ** 2", f"{_Z} * {_LOGISTIC}", f"{_Z} * {_LOGISTIC} ** 2"),
              "the slope of layer {l} is another function", activation_is("silu"), _count(5),
              _slope(("", "s", "s^2", "z s", "z s^2"), "s + z s - z s^2 (s being the logistic function of z)")),
    _measured("D_terms", "", f"(constant[0] * it + constant[1] * dA + constant[2] * {_SLOPE})",
              "the delta of layer {l} is another combination of dA{l} and the slope", is_hidden, _count(3), _terms),
    _measured("D_unit_weights", "", "(it * constant)", "the delta of layer {l} has weights of the units",
              lambda n, l: is_hidden(n, l) and _several_units(n, l), _outputs, _weighted("the delta of layer {l}", "unit")),
    # Blocks
    _measured("dW_combined", "", "(constant[0] * it + constant[1] * parameters[l - 1].W + constant[2])",
              "dW{l} has a wrong factor or penalty", lambda n, l: True, _count(3), _with_penalty("dW", "W")),
    _measured("dW_unit_weights", "", "(it * constant)", "dW{l} has weights of the units it goes to", _several_units, _outputs,
              _weighted("dW{l}", "column")),
    _measured("dW_row_weights", "", "(it * constant[:, None])", "dW{l} has weights of the units it comes from",
              _several_inputs, _inputs, _weighted("dW{l}", "row")),
    _measured("db_combined", "", "(constant[0] * it + constant[1] * parameters[l - 1].b + constant[2])",
              "db{l} has a wrong factor or penalty", lambda n, l: True, _count(3), _with_penalty("db", "b")),
    _measured("db_unit_weights", "", "(it * constant)", "db{l} has weights of the units", _several_units, _outputs,
              _weighted("db{l}", "entry")),
)  # fmt: skip
"""Those of one site stand in order of the number of their constants: the first that fits is named."""

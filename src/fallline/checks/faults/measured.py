"""Faults with constants, which are read off the checked numbers: wrong factors, slopes, weights of classes, penalties.

The value at the site is affine in the constants, so a regression finds them. `measured_words` puts them into words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fallline.checks.faults.conditions import activation_is, is_hidden, loss_is
from fallline.checks.faults.fault import Fault, Wording
from fallline.checks.faults.measured_words import (
    class_weights,
    early_update,
    other_slope,
    outputs_and_targets,
    smoothed_targets,
    terms_of_delta,
    unit_weights,
    with_penalty,
    wrong_factor,
    wrong_leak,
)
from fallline.textbook.network import Network

__all__ = ["FAULTS"]


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


FAULTS = (
    # The output's delta
    _measured("delta_scaled", "", "constant[0] * it", "the whole gradient has a wrong factor", lambda n, l: True,
              _count(1), wrong_factor("the whole gradient")),
    _measured("delta_smoothed", _DELTA,
              '(it + constant[0] * (T - (1 / T.shape[-1] if network.loss.targets == "classes" else 0.5)))',
              "the targets are smoothed", loss_is("cross_entropy", "logistic"), _count(1), smoothed_targets),
    _measured("delta_unit_weights", "", "(it * constant)", "the output's delta has weights of the outputs",
              lambda n, l: n.sizes[-1] > 1, _last_outputs, unit_weights("the output's delta", "output")),
    _measured("delta_class_weights", "", "(it * (T @ constant)[..., None])", "the samples are weighted by their classes",
              _several_classes, _last_outputs, class_weights),
    _measured("delta_outputs_and_targets", _DELTA, "(constant[0] * network.loss.output(Z) + constant[1] * T + constant[2])",
              "the output's delta is another combination of outputs and targets", lambda n, l: True, _count(3),
              outputs_and_targets),
    # Steps of the delta
    _measured("dA_weights_updated", "parameters[l - 1].W", "(it - constant[0] * dW)",
              "the delta of layer {l} goes back through W{k} after its update, not before", lambda n, l: True, _count(1), early_update),
    _measured("D_scaled", "", "constant[0] * it", "the delta of layer {l} has a wrong factor", is_hidden, _count(1),
              wrong_factor("the delta of layer {l}")),
    _measured("D_leak", _SLOPE, f"where({_Z} > 0, constant[0], constant[1])", "the leak of layer {l} is wrong",
              activation_is("relu", "leaky_relu"), _count(2), wrong_leak),
    _measured("D_slope_polynomial", _SLOPE, _sum("", _A, f"{_A} ** 2", f"abs({_A})"), "the slope of layer {l} is another function",
              activation_is("tanh"), _count(4), other_slope(("", "a", "a^2", "|a|"), "1 - a^2")),
    _measured("D_slope_polynomial_logistic", _SLOPE, _sum("", _A, f"{_A} ** 2"), "the slope of layer {l} is another function",
              activation_is("logistic"), _count(3), other_slope(("", "a", "a^2"), "a - a^2")),
    _measured("D_slope_terms_silu", _SLOPE,
              _sum("", _LOGISTIC, f"{_LOGISTIC} ** 2", f"{_Z} * {_LOGISTIC}", f"{_Z} * {_LOGISTIC} ** 2"),
              "the slope of layer {l} is another function", activation_is("silu"), _count(5),
              other_slope(("", "s", "s^2", "z s", "z s^2"), "s + z s - z s^2 (s being the logistic function of z)")),
    _measured("D_terms", "", f"(constant[0] * it + constant[1] * dA + constant[2] * {_SLOPE})",
              "the delta of layer {l} is another combination of dA{l} and the slope", is_hidden, _count(3), terms_of_delta),
    _measured("D_unit_weights", "", "(it * constant)", "the delta of layer {l} has weights of the units",
              lambda n, l: is_hidden(n, l) and _several_units(n, l), _outputs, unit_weights("the delta of layer {l}", "unit")),
    # Blocks
    _measured("dW_combined", "", "(constant[0] * it + constant[1] * parameters[l - 1].W + constant[2])",
              "dW{l} has a wrong factor or penalty", lambda n, l: True, _count(3), with_penalty("dW", "W")),
    _measured("dW_unit_weights", "", "(it * constant)", "dW{l} has weights of the units it goes to", _several_units, _outputs,
              unit_weights("dW{l}", "column")),
    _measured("dW_row_weights", "", "(it * constant[:, None])", "dW{l} has weights of the units it comes from",
              _several_inputs, _inputs, unit_weights("dW{l}", "row")),
    _measured("db_combined", "", "(constant[0] * it + constant[1] * parameters[l - 1].b + constant[2])",
              "db{l} has a wrong factor or penalty", lambda n, l: True, _count(3), with_penalty("db", "b")),
    _measured("db_unit_weights", "", "(it * constant)", "db{l} has weights of the units", _several_units, _outputs,
              unit_weights("db{l}", "entry")),
)  # fmt: skip
"""Those of one site stand in order of the number of their constants: the first that fits is named."""

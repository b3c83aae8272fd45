"""Faults at the delta of the output layer, with which back-propagation begins."""

from __future__ import annotations

from fallline.checks.faults.conditions import loss_is, loss_is_like, loss_is_not
from fallline.checks.faults.fault import Fault
from fallline.checks.faults.site import Role, SiteKind
from fallline.textbook.losses import LOSSES

__all__ = ["FAULTS", "KINDS"]

KINDS = (SiteKind("delta", Role.OUTPUT, "loss_and_gradient", lambda network: (network.depth,), let="D"),)

_DELTA = "network.loss.delta(Z, T)"
_of_difference = loss_is(*LOSSES)
"""Whether the right delta is Y - T, or twice that."""
_has_one_factor = loss_is_not("squared_error", "half_squared_error")
"""Of the squared error a factor is a convention."""

FAULTS = (
    Fault("delta_negated", "", "-it",
          "the sign of the output's delta is wrong, target minus output for output minus target", "write {delta}",
          _of_difference),
    Fault("delta_opposite", "", "-it", "the sign of the output's delta is wrong", "turn its sign", loss_is_not(*LOSSES)),
    Fault("delta_doubled", "", "2 * it", "the output's delta has a factor 2 that this loss does not have",
          "leave out the factor 2", _has_one_factor),
    Fault("delta_halved", "", "it / 2", "the output's delta has a factor 1/2 that this loss does not have",
          "leave out the factor 1/2", _has_one_factor),
    Fault("delta_over_m", "", "it / Z.shape[-2]", "the 1/m is put in twice", "divide by m once"),
    Fault("delta_times_m", "", "it * Z.shape[-2]", "the gradient is multiplied by the number of samples m",
          "leave out the factor m"),
    Fault("delta_over_outputs", "", "it / Z.shape[-1]", "the output's delta is divided by the number of outputs",
          "leave out the division by the number of outputs", _has_one_factor),
    Fault("delta_targets_omitted", _DELTA, "network.loss.output(Z)",
          "the targets are not subtracted in the output's delta", "write {delta}", _of_difference),
    Fault("delta_targets_added", _DELTA, "(network.loss.output(Z) + T)",
          "the targets are added in the output's delta, not subtracted", "write {delta}", _of_difference),
    Fault("delta_output_omitted", _DELTA, "(Z - T)",
          "the output's delta takes the pre-activation Z for the output Y (softmax or logistic is left out)",
          "write Y - T with Y the network's output", loss_is("cross_entropy", "logistic")),
    Fault("delta_slope_again", _DELTA, "(it * network.loss.output(Z) * (1 - network.loss.output(Z)))",
          "the output's delta is multiplied by Y (1 - Y), which cancels in Y - T already", "leave Y (1 - Y) out",
          loss_is_like("cross_entropy", "logistic")),
    Fault("delta_by_output", _DELTA, "(-T / network.loss.output(Z))",
          "the output's delta is the derivative by the probabilities Y, not by the pre-activation Z "
          "(softmax is not gone through)", "write Y - T", loss_is("cross_entropy")),
    Fault("delta_by_output_logistic", _DELTA, "(it / (network.loss.output(Z) * (1 - network.loss.output(Z))))",
          "the output's delta is the derivative by the probabilities Y, not by the pre-activation Z "
          "(logistic is not gone through)", "write Y - T", loss_is("logistic")),
    Fault("delta_unnormalised", _DELTA, "(exp(Z) - T)", "the softmax is not divided by its sum",
          "divide exp(Z) by its sum over the classes", loss_is("cross_entropy")),
    Fault("delta_softmax_over_samples", _DELTA, "(exp(Z) / exp(Z).sum(axis=-2, keepdims=True) - T)",
          "the softmax is summed over the samples, not over the classes", "sum over axis 1, the classes",
          loss_is("cross_entropy")),
    Fault("delta_logistic_for_softmax", _DELTA, '(ACTIVATIONS["logistic"](Z) - T)',
          "the output is logistic where the loss needs a softmax", "use softmax", loss_is("cross_entropy")),
    Fault("delta_softmax_for_logistic", _DELTA, "(softmax(Z) - T)",
          "the output is a softmax where the loss needs logistic", "use the logistic function of each output",
          loss_is("logistic")),
    Fault("delta_jacobian_diagonal", _DELTA, "(T * (network.loss.output(Z) - 1))",
          "of the softmax's Jacobian only the diagonal y_k (1 - y_k) is multiplied in", "write Y - T",
          loss_is("cross_entropy")),
    *(
        Fault(f"delta_{which}", "", put, sentence, cure)
        for which, put, sentence, cure in (
            ("first_sample_omitted", "(it - only_row(it, 0))", "the first sample is left out", "begin with sample 0"),
            ("last_sample_omitted", "(it - only_row(it, -1))", "the last sample is left out (range(m - 1)?)", "take all m samples"),
            ("first_sample_alone", "only_row(it, 0)", "only the first sample counts (a return inside the loop?)",
             "return after the loop"),
            ("last_sample_alone", "only_row(it, -1)", "only the last sample counts (= where += is meant?)",
             "sum over the samples"),
        )
    ),
    Fault("delta_hidden_slope", _DELTA, "(it * network.activations[-1].slope(Z))",
          "the output's delta is multiplied by the slope of the hidden layers' activation",
          "leave that slope out", lambda network, layer: network.hidden > 0),
)  # fmt: skip

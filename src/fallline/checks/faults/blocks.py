"""Faults at the blocks of the gradient: dW and db of each layer."""

from __future__ import annotations

from fallline.checks.faults.conditions import (
    has_layers_after,
    has_layers_before,
    is_hidden,
    is_scaled,
    is_square,
)
from fallline.checks.faults.fault import Fault, wrong_factors
from fallline.checks.faults.site import Role, SiteKind, every_layer, layers_with_biases

__all__ = ["FAULTS", "KINDS"]

KINDS = (
    SiteKind("dW", Role.BLOCK, "backward", every_layer, let="dW"),
    SiteKind("db", Role.BLOCK, "backward", layers_with_biases, let="db"),
)

_PRODUCT = "(A.mT @ D)"
_SUM = "D.sum(axis=-2)"
_NOT_IN_DB = "each dW is divided by the number of samples m once more than each db"
_NOT_IN_DW = "each db is divided by the number of samples m once more than each dW"

FAULTS = (
    *wrong_factors("dW", "dW{l}", over_m=_NOT_IN_DB, times_m=_NOT_IN_DW),
    *wrong_factors("db", "db{l}", over_m=_NOT_IN_DW, times_m=_NOT_IN_DB),
    Fault("dW_omitted", "", "0 * it", "dW{l} is 0", "compute it: A^T D"),
    Fault("dW_own_activation", "A", "kept[l].A", "dW{l} takes the layer's own activation for its input",
          "take the activation of the layer before", has_layers_after(1)),
    Fault("dW_earlier_activation", "A", "kept[l - 2].A", "dW{l} takes the activation of one layer too early",
          "take the input of layer {l}", has_layers_before(1)),
    Fault("dW_inputs", "A", "kept[0].A", "dW{l} takes the inputs X for the layer's own input",
          "take the activation of the layer before", has_layers_before(2)),
    Fault("dW_preactivation", "A", "kept[l - 2].Z",
          "dW{l} takes the pre-activation of the layer before, not its activation", "take the activation A",
          has_layers_before(1)),
    Fault("dW_slope_for_activation", "A", "network.activations[l - 2].slope(kept[l - 2].Z)",
          "dW{l} takes the slope of the layer before, not its activation (overwritten in place?)", "take the activation A",
          has_layers_before(1)),
    Fault("dW_before_slope", "D", "dA", "dW{l} takes the delta before the slope is multiplied in",
          "take the delta after the slope", is_hidden),
    Fault("dW_last_sample", _PRODUCT, "(A[..., -1:, :].mT @ D[..., -1:, :])",
          "dW{l} holds the last sample alone (= where += is meant?)", "sum over the samples"),
    Fault("dW_first_sample", _PRODUCT, "(A[..., :1, :].mT @ D[..., :1, :])", "dW{l} holds the first sample alone",
          "sum over the samples"),
    Fault("dW_rows_reversed", "", "it[..., ::-1, :]", "the rows of dW{l} are in reverse order", "keep the order of the rows",
          lambda network, layer: network.sizes[layer - 1] > 1),
    Fault("dW_columns_reversed", "", "it[..., ::-1]", "the columns of dW{l} are in reverse order",
          "keep the order of the columns", lambda network, layer: network.sizes[layer] > 1),
    Fault("dW_transposed", _PRODUCT, "(D.mT @ A)", "dW{l} is transposed", "write A^T D", is_square),
    Fault("dW_transposed_reshaped", _PRODUCT, "(D.mT @ A).reshape(it.shape)", "dW{l} is D^T A, reshaped",
          "write A^T D", lambda network, layer: not is_square(network, layer)),
    Fault("dW_reshaped_for_transposed", "A.mT", "A.reshape(it.shape)",
          "in dW{l} the input is reshaped where it should be transposed", "write A^T D"),
    Fault("dW_elementwise", _PRODUCT, "((A * D).sum(axis=-2)[..., None, :] + 0 * it)",
          "dW{l} multiplies input and delta entry by entry, not as matrices", "write A^T @ D", is_square),
    Fault("dW_outer_of_sums", _PRODUCT, "(A.sum(axis=-2)[..., :, None] @ D.sum(axis=-2)[..., None, :])",
          "dW{l} sums input and delta over the samples before it multiplies them", "multiply first, sum after"),
    Fault("dW_scale_omitted", "network.scales[l - 1]", "1", "the scale of layer {l} is left out of dW{l}",
          "multiply by the scale", is_scaled),
    Fault("db_omitted", "", "0 * it", "db{l} is 0", "compute it: the delta summed over the samples"),
    Fault("db_before_slope", "D", "dA", "db{l} takes the delta before the slope is multiplied in",
          "take the delta after the slope", is_hidden),
    Fault("db_last_sample", _SUM, "D[..., -1, :]", "db{l} holds the last sample alone (= where += is meant?)",
          "sum over the samples"),
    Fault("db_first_sample", _SUM, "D[..., 0, :]", "db{l} holds the first sample alone", "sum over the samples"),
    Fault("db_row_sums", _SUM, "dW.sum(axis=-2)", "db{l} is the sum of the rows of dW{l}", "sum the delta over the samples"),
    Fault("db_first_row", _SUM, "dW[..., 0, :]",
          "db{l} is the first row of dW{l}: the delta is multiplied by the first input before it is summed",
          "sum the delta alone over the samples"),
    Fault("db_summed_over_units", _SUM, "(D.sum(axis=(-2, -1))[..., None] + 0 * it)",
          "db{l} is summed over the units too, not over the samples alone", "sum over axis 0",
          lambda network, layer: network.sizes[layer] > 1),
)  # fmt: skip

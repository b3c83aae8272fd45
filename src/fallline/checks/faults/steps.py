"""Faults at the steps of the delta from one layer to the one before: dA (through the weights), D (by the slope)."""

from __future__ import annotations

from fallline.checks.faults.conditions import (
    activation_is,
    activation_is_not,
    has_layers_after,
    has_layers_before,
    is_hidden,
    is_scaled,
    is_square,
    next_layer,
)
from fallline.checks.faults.fault import Fault, wrong_factors
from fallline.checks.faults.site import Role, SiteKind, hidden_layers

__all__ = ["FAULTS", "KINDS"]

KINDS = (
    SiteKind("dA", Role.STEP, "backward", hidden_layers, let="dA"),
    SiteKind("D", Role.STEP, "backward", hidden_layers, let="D"),
)

_SLOPE = "network.activations[l - 2].slope(kept[l - 2].Z)"
_W = "parameters[l - 1].W.mT"

# Factors (sign, 2, 1/m) stand at D and not at dA too, as they would be the same function there.
FAULTS = (
    *wrong_factors("D", "the delta of layer {l}"),
    Fault("D_slope_omitted", _SLOPE, "1", "the slope of the activation of layer {l} is left out of its delta",
          "multiply by the slope at Z{l}"),
    Fault("D_slope_at_activation", _SLOPE, "network.activations[l - 2].slope(kept[l - 1].A)",
          "the slope of layer {l} is taken at the activation, not at the pre-activation", "take the slope at Z{l}"),
    Fault("D_formula_at_preactivation", _SLOPE, "(1 - kept[l - 2].Z ** 2)",
          "the slope of layer {l} is 1 - z^2, but 1 - a^2 is meant: it wants the activation, not the pre-activation",
          "write 1 - A{l}^2", activation_is("tanh")),
    Fault("D_logistic_formula_at_preactivation", _SLOPE, "(kept[l - 2].Z * (1 - kept[l - 2].Z))",
          "the slope of layer {l} is z (1 - z), but a (1 - a) is meant: it wants the activation, not the pre-activation",
          "write A{l} (1 - A{l})", activation_is("logistic")),
    Fault("D_square_omitted", _SLOPE, "(1 - kept[l - 1].A)",
          "the slope of layer {l} is 1 - a, and lacks the rest of it", "write the whole slope",
          activation_is("tanh", "logistic")),
    Fault("D_activation_for_slope", _SLOPE, "kept[l - 1].A",
          "the delta of layer {l} is multiplied by the activation itself, not by its slope",
          "multiply by the slope at Z{l}"),
    Fault("D_slope_twice", _SLOPE, "it ** 2", "the slope of layer {l} is multiplied in twice", "multiply it in once"),
    Fault("D_slope_inverted", _SLOPE, "(1 - it)",
          "the mask of layer {l} is inverted: 1 - slope where the slope belongs", "let pass where Z{l} > 0"),
    Fault("D_slope_of_next_layer", _SLOPE, "network.activations[l - 2].slope(kept[l - 1].Z)",
          "the slope in the delta of layer {l} is that of layer {k}", "take the slope at Z{l}"),
    Fault("D_slope_of_previous_layer", _SLOPE, "network.activations[l - 2].slope(kept[l - 3].Z)",
          "the slope in the delta of layer {l} is that of the layer before it", "take the slope at Z{l}",
          has_layers_before(1)),
    Fault("D_mask_of_delta", _SLOPE, "positive(dA)", "the mask of layer {l} is taken from the delta, not from Z{l}",
          "let pass where Z{l} > 0", activation_is("relu", "leaky_relu")),
    *(
        Fault(f"D_slope_of_{name}", _SLOPE, f'ACTIVATIONS["{name}"].slope(kept[l - 2].Z)',
              f"the slope of layer {{l}} is that of {name}, which is not its activation",
              "take the slope of the activation that the layer has", activation_is_not(name))
        for name in ("relu", "leaky_relu", "tanh", "logistic")
    ),
    Fault("dA_transpose_omitted", _W, "parameters[l - 1].W",
          "W{k} is not transposed on the way back to layer {l}", "write D{k} W{k}^T", next_layer(is_square)),
    Fault("dA_reshaped_for_transposed", _W, "parameters[l - 1].W.reshape(it.shape)",
          "W{k} is reshaped where it should be transposed, on the way back to layer {l}", "write D{k} W{k}^T"),
    Fault("dA_weights_of_next_layer", _W, "parameters[l].W.mT",
          "the weights on the way back to layer {l} are those of one layer too far", "write D{k} W{k}^T",
          has_layers_after(2)),
    Fault("dA_weights_of_own_layer", _W, "parameters[l - 2].W.mT",
          "the weights on the way back to layer {l} are W{l}, not W{k}", "write D{k} W{k}^T"),
    Fault("dA_weights_of_own_layer_untransposed", _W, "parameters[l - 2].W",
          "the weights on the way back to layer {l} are W{l}, not W{k} transposed", "write D{k} W{k}^T"),
    Fault("dA_gradient_for_weights", _W, "dW.mT",
          "the delta goes back to layer {l} through dW{k}, not through W{k}", "write D{k} W{k}^T"),
    Fault("dA_slope_passed_over", "(D @ parameters[l - 1].W.mT)", "(dA @ parameters[l - 1].W.mT)",
          "the delta that goes back to layer {l} lacks the slope of layer {k}", "go on with the delta after the slope",
          next_layer(is_hidden)),
    Fault("dA_scale_omitted", "network.scales[l - 1]", "1", "the scale of layer {k} is left out on the way back",
          "multiply by the scale", next_layer(is_scaled)),
)  # fmt: skip

"""Faults in the forward pass: they make the gradient that of another network."""

from __future__ import annotations

from fallline.checks.faults.conditions import activation_is_not
from fallline.checks.faults.fault import Fault
from fallline.checks.faults.site import Role, SiteKind, hidden_layers, layers_with_biases

__all__ = ["FAULTS", "KINDS"]

KINDS = (
    SiteKind("bias", Role.FORWARD, "forward", layers_with_biases, source="Z + rows(b)", layer="l"),
    SiteKind("A", Role.FORWARD, "forward", hidden_layers, let="A"),
)

FAULTS = (
    Fault("bias_omitted", "", "Z", "the forward pass leaves out the bias b{l}", "add b{l} to A W"),
    Fault("bias_subtracted", "", "Z - rows(b)", "the forward pass subtracts the bias b{l}", "add b{l} to A W"),
    Fault("A_omitted", "", "Z", "the forward pass leaves out the activation of layer {l}", "apply it to Z{l}"),
    *(
        Fault(f"A_{name}", "", f'ACTIVATIONS["{name}"](Z)',
              f"the activation of layer {{l}} in the forward pass is {name}",
              "apply the activation that the layer has", activation_is_not(name))
        for name in ("relu", "tanh", "logistic")
    ),
)  # fmt: skip

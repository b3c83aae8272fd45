"""Faults in the forward pass: they make the gradient that of another network."""

from __future__ import annotations

from fallline.checks.faults.conditions import activation_is_not, applies
from fallline.checks.faults.fault import Fault
from fallline.checks.faults.site import Role, SiteKind, hidden_layers, layers_with_biases

__all__ = ["FAULTS", "KINDS"]

KINDS = (
    SiteKind("bias", Role.FORWARD, "forward", layers_with_biases, source="Z + rows(b)", layer="l"),
    SiteKind("Z", Role.FORWARD, "forward", lambda network: (network.depth,), let="Z"),
    SiteKind("A", Role.FORWARD, "forward", hidden_layers, let="A"),
)

FAULTS = (
    Fault("bias_omitted", "", "Z", "the forward pass leaves out the bias b{l}", "add b{l} to A W"),
    Fault("bias_subtracted", "", "Z - rows(b)", "the forward pass subtracts the bias b{l}", "add b{l} to A W"),
    *(
        Fault(f"Z_{name}", "", f'ACTIVATIONS["{name}"](it)',
              f"the forward pass applies {name} to the output layer's pre-activation (the logits)",
              "leave the activation out: the loss reads the pre-activation", applies(name))
        for name in ("relu", "tanh", "logistic")
    ),
    Fault("A_omitted", "", "Z", "the forward pass leaves out the activation of layer {l}", "apply it to Z{l}"),
    *(
        Fault(f"A_{name}", "", f'ACTIVATIONS["{name}"](Z)',
              f"the activation of layer {{l}} in the forward pass is {name}",
              "apply the activation that the layer has", activation_is_not(name))
        for name in ("relu", "tanh", "logistic")
    ),
)  # fmt: skip

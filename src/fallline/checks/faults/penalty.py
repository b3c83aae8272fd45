"""Faults in the gradient of the L2 penalty."""

from __future__ import annotations

from fallline.checks.faults.fault import Fault
from fallline.checks.faults.site import Role, SiteKind

__all__ = ["FAULTS", "KINDS"]

KINDS = (
    SiteKind("penalty", Role.PENALTY, "penalty", lambda network: (None,) if network.l2 > 0 else (),
             source="Layer(l2 * W, None if b is None else 0 * b)"),
)  # fmt: skip

FAULTS = (
    Fault("penalty_omitted", "l2 * W", "0 * W", "the L2 penalty is forgotten", "add l2 W to each dW"),
    Fault("penalty_doubled", "l2 * W", "2 * l2 * W",
          "the L2 penalty is doubled: its gradient is l2 W, since it is l2/2 W^2", "add l2 W, not 2 l2 W"),
    Fault("penalty_halved", "l2 * W", "l2 / 2 * W", "the L2 penalty is halved", "add l2 W"),
    Fault("penalty_negated", "l2 * W", "-l2 * W", "the L2 penalty has the wrong sign", "add l2 W, don't subtract it"),
    Fault("penalty_over_m", "l2 * W", "l2 / samples * W", "the L2 penalty is divided by the number of samples",
          "add l2 W as it is"),
    Fault("penalty_on_biases", "0 * b", "l2 * b", "the L2 penalty is applied to the biases too", "leave the biases out",
          lambda network, layer: network.bias),
)  # fmt: skip

"""The laws by name."""

from __future__ import annotations

from fallline.laws.adaptive_edge import ADAPTIVE_EDGE
from fallline.laws.catapult import CATAPULT
from fallline.laws.catapult_relu import CATAPULT_RELU
from fallline.laws.deep_linear import MODE_CURVES
from fallline.laws.edge_of_stability import EDGE_OF_STABILITY
from fallline.laws.effective_rate import EFFECTIVE_RATE
from fallline.laws.fractal_dimension import FRACTAL_BOUNDARY
from fallline.laws.law import Law
from fallline.laws.momentum_batches import MOMENTUM_BATCHES
from fallline.laws.mup import MUP
from fallline.laws.quadratics import BEST_MOMENTUM, MOMENTUM_RATE

__all__ = ["LAWS"]

LAWS: dict[str, Law] = {
    law.name: law
    for law in (
        EDGE_OF_STABILITY, ADAPTIVE_EDGE, CATAPULT, CATAPULT_RELU, MODE_CURVES, MOMENTUM_RATE, BEST_MOMENTUM, EFFECTIVE_RATE,
        FRACTAL_BOUNDARY, MUP, MOMENTUM_BATCHES,
    )
}  # fmt: skip
"""All laws, each by its name."""

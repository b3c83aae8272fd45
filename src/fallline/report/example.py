"""The study's example: a few samples and weights, whose forward pass is shown number by number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.build import build_network, build_weights
from fallline.experiment.study_records import Study
from fallline.textbook.network import Network, forward

__all__ = ["Forward", "forward_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Forward:
    """The example's samples on their way through the network: X, then Z and A of each layer, and the output."""

    network: Network
    parameters: Floats
    X: Floats
    layers: tuple[tuple[Floats, Floats], ...]
    output: Floats


def forward_of(study: Study) -> Forward | None:
    """The forward pass of the study's example, if it has one."""
    if study.example is None or study.network is None:
        return None
    network = build_network(study.network)
    w, X = build_weights(study.example, network), np.array(study.example.samples, dtype=np.float64)
    Z, kept = forward(network, network.unpack(w), X)
    after = [kept[k + 1].A if k + 1 < len(kept) else Z for k in range(len(kept))]
    layers = tuple((layer.Z, A) for layer, A in zip(kept, after, strict=True))
    return Forward(network, w, X, layers, np.asarray(network.loss.output(Z)))

"""A model's ensemble as a module of PyTorch: the scaling of the inputs, its networks as `nn.Sequential`, the mean of their answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from fallline.data.preparing.scaling import CLIP
from fallline.models.ensemble import Ensemble
from fallline.models.exchange.torch_networks import load_torch, to_torch

__all__ = ["torch_module"]


def torch_module(ensemble: Ensemble) -> Any:
    """Return the module; see `Model.to_torch`."""
    torch = load_torch()
    nn: Any = torch.nn

    class NetworkEnsemble(nn.Module):  # type: ignore[misc]  # PyTorch is loaded on demand, and has no types here
        """Networks whose answers are averaged."""

        def __init__(self) -> None:
            super().__init__()
            dtype = ensemble.parameters.dtype
            scaling = ensemble.scaling
            self.register_buffer("centre", torch.tensor(np.where(scaling.factor == 0, 0.0, scaling.centre)))
            self.register_buffer("factor", torch.tensor(scaling.factor))
            self.register_buffer("target_centre", torch.tensor(ensemble.centre.astype(dtype)))
            self.register_buffer("target_spread", torch.tensor(ensemble.spread.astype(dtype)))
            self.members = nn.ModuleList(to_torch(ensemble.network, w, output=True) for w in ensemble.parameters)

        def forward(self, X: Any) -> Any:
            Z = (X.to(self.factor.dtype) - self.centre) * self.factor
            if ensemble.scaling.clipped:
                Z = Z.clamp(-1e100, 1e100)
                Z = Z / torch.sqrt(1 + (Z / CLIP) ** 2)
            Z = Z.to(self.target_spread.dtype)
            total = sum(member(Z) for member in self.members)
            return total / len(self.members) * self.target_spread + self.target_centre

    return NetworkEnsemble()

"""Layouts of matrices: samples as rows or columns, weights (n_in, n_out) or transposed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["LAYOUTS", "Layout"]


@dataclass(frozen=True)
class Layout:
    """Whether the user's weights are (n_in, n_out) or transposed, and samples rows or columns."""

    weights_transposed: bool
    columns: bool

    def weight(self, W: Any) -> Any:
        return W.T if self.weights_transposed else W

    def samples(self, A: Any) -> Any:
        return A.T if self.columns else A

    def bias(self, b: Any) -> Any:
        return b[:, None] if self.columns else b

    def __str__(self) -> str:
        weights = "(n_out, n_in)" if self.weights_transposed else "(n_in, n_out)"
        return f"samples as {'columns' if self.columns else 'rows'}, weights {weights}"


LAYOUTS = (Layout(False, False), Layout(True, True), Layout(True, False), Layout(False, True))
"""Every layout, the textbook's first."""

"""The right equations beside those that were coded, for the faults of an explanation.

Both come from the symbolic reading of a page in matrix form: the textbook's page, and the page with the fault. Where an
alternative does something that matrices cannot say (a reshape, a single sample), its source is shown instead.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import sympy

from fallline.checks.diagnosis.explanations import Explanation
from fallline.checks.diagnosis.measuring import EARLY_UPDATE
from fallline.checks.faults.catalogue import FAULTS, page
from fallline.checks.faults.coefficients import constant_text
from fallline.checks.faults.site import Site
from fallline.checks.presentation.equation_pair import EquationPair
from fallline.errors import FalllineError
from fallline.readings.symbols import SAMPLES
from fallline.readings.symbols.matrices import Matrix, call, matrix
from fallline.textbook.activations import ACTIVATIONS, Activation
from fallline.textbook.network import Network
from fallline.views.equations.network import matrix_equations

__all__ = ["equation_pairs"]

_BY_NAME = {
    a.name: Activation(a.name, partial(call, a.name), partial(call, f"{a.name}'"), a.analytic)
    for a in ACTIVATIONS.values()
}
"""The textbook's activations, to be called by name in matrix form."""

_OF_LOSSES = (ACTIVATIONS["logistic"], ACTIVATIONS["softplus"])  # the textbook's losses call no others


def equation_pairs(network: Network, explanation: Explanation) -> tuple[EquationPair, ...]:
    """One pair for each site at which the explanation has a fault; for a fault in every layer, one for all."""
    right = _equations(network, {})
    pairs = []
    for placed in explanation.faults:
        for site in placed.sites[:1] if placed.everywhere else placed.sites:
            coded = _equations(network, {site: placed.fault.name}, placed.constants)
            different = [(right[key], coded[key]) for key in right if key in coded and right[key] != coded[key]]
            pairs.append(
                EquationPair.of(*(different[0] if different else _as_source(site, placed.fault.name, placed.constants)))
            )
    return tuple(pairs)


def _equations(network: Network, chosen: dict[Site, str], constants: Any = None) -> dict[tuple[str, int | None], str]:
    """Every equation of the page in matrix form; empty if matrices cannot say it."""
    samples: Any = matrix(SAMPLES)
    measured: dict[tuple[Site, str], Any] = {}
    for key in chosen.items() if constants is not None else ():
        learning_rate = [matrix(sympy.Symbol(r"\eta"))]
        measured[key] = learning_rate if key[1] == EARLY_UPDATE else _Constants(constants)
    try:
        with page().choosing(chosen, samples=samples, measured=measured, named=_BY_NAME):
            equations = matrix_equations(network, page(), _OF_LOSSES)
    except (FalllineError, TypeError, ValueError, AttributeError, IndexError, KeyError):
        return {}
    return {key: equation.text.replace(r"^{\top}", "ᵀ") for key, (equation,) in equations.items()}


class _Constants:
    """The constants of a fault: numbers one by one, and together a row vector."""

    __array_ufunc__ = None  # so that the products below are tried

    def __init__(self, constants: Any) -> None:
        self.texts = [constant_text(float(c)) for c in np.ravel(constants)]

    def __getitem__(self, key: Any) -> Matrix:
        if isinstance(key, int):
            return matrix(sympy.Rational(self.texts[key]))
        return self.row[..., :, None]

    @property
    def row(self) -> Matrix:
        return matrix(f"({', '.join(self.texts)})".replace("-", "−"), 1, len(self.texts), vector=True)

    def __rmul__(self, other: Matrix) -> Any:
        return other * self.row

    def __rmatmul__(self, other: Matrix) -> Any:
        return replace(other @ self.row[..., :, None], axes=(0,))


def _as_source(site: Site, fault: str, constants: Any) -> tuple[str, str]:
    """The page's own line, and the line with the fault."""
    rewriting, source = FAULTS[fault].rewriting, page().sources[site.symbol]
    find = rewriting.find or source
    put = re.sub(r"\bit\b", find, rewriting.put)
    if constants is not None:
        numbers = [constant_text(float(c)) for c in constants]
        put = re.sub(r"constant\[(\d)\]", lambda match: numbers[int(match[1])], put)
        put = re.sub(r"\bconstant\b", f"[{', '.join(numbers)}]", put)
    layer = "" if site.layer is None else str(site.layer)
    return f"{site.symbol}{layer} = {source}", f"{site.symbol}{layer} = {source.replace(find, put)}"

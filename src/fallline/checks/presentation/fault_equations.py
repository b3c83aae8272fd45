"""The right equations beside those that were coded, for the faults of an explanation.

Both come from the symbolic reading of a page in matrix form: the textbook's page, and the page with the fault. Where an
alternative does something that matrices cannot say (a reshape, a single sample), its source is shown instead.
"""

from __future__ import annotations

import re
from typing import Any

import sympy

from fallline.checks.diagnosis.explanations import Explanation
from fallline.checks.diagnosis.measuring import EARLY_UPDATE
from fallline.checks.faults.catalogue import FAULTS, page
from fallline.checks.faults.coefficients import constant_text
from fallline.checks.faults.site import Site
from fallline.checks.presentation.equation_pair import EquationPair
from fallline.errors import FalllineError
from fallline.readings.symbols import SAMPLES
from fallline.readings.symbols.matrices import matrix
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.network import Network
from fallline.views.equations.network import matrix_equations

__all__ = ["equation_pairs"]

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
        if key[1] == EARLY_UPDATE:
            measured[key] = [matrix(sympy.Symbol(r"\eta"))]
        elif len(constants) > 1:
            return {}  # matrices would show each term, also those whose constant is 0
        else:
            measured[key] = [matrix(sympy.Float(constant_text(float(constants[0])), 6))]
    try:
        with page().choosing(chosen, samples=samples, measured=measured):
            equations = matrix_equations(network, page(), _OF_LOSSES)
    except (FalllineError, TypeError, ValueError, AttributeError, IndexError, KeyError):
        return {}
    return {key: equation.text.replace(r"^{\top}", "ᵀ") for key, (equation,) in equations.items()}


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

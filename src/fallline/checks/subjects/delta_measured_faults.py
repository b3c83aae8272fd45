"""Faults of a delta whose number is read off the checked numbers: the bound of a clipping, and a constant factor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from fallline.checks.subjects.delta_faults import Case, DeltaCandidate
from fallline.checks.subjects.delta_values import DeltaValues

__all__ = ["measured_candidates", "repeated_size"]

NEAR = 1e-8
"""Two factors this close to each other are one."""
FACTORS: dict[str, Callable[[Case], float]] = {
    "": lambda case: 1.0, " / m": lambda case: 1 / len(case.Z), " m": lambda case: len(case.Z),
    " / n": lambda case: 1 / case.Z.shape[1], " / (m n)": lambda case: 1 / case.Z.size,
}  # fmt: skip
"""What a constant factor may be multiplied by, with m samples and n outputs."""


def measured_candidates(checked: DeltaValues) -> Iterator[DeltaCandidate]:
    """The faults that the checked numbers suggest."""
    longest = repeated_size(checked.values[0])
    if longest:
        limited = partial(_limited, longest)
        yield DeltaCandidate(f"it is clipped to [−{longest:.6g}, {longest:.6g}]", "do not clip it", limited)
    yield from _factor(checked)


def repeated_size(values: Any) -> float | None:
    """The largest size of the values, if several have it; None otherwise.

    >>> repeated_size(np.array([2.0, -2.0, 1.0, 2.0])), repeated_size(np.array([2.0, 1.0, 1.0, 1.0]))
    (2.0, None)
    """
    largest = float(np.abs(values).max())
    several = np.isfinite(largest) and (np.abs(values) > largest * (1 - 1e-12)).sum() >= 3
    return largest if several and largest else None


def _factor(checked: DeltaValues) -> Iterator[DeltaCandidate]:
    """A constant factor, in any power of the numbers of samples and outputs."""
    ratios = _ratios(checked)
    if ratios is None or not all(ratios):
        return
    for unit, per in FACTORS.items():
        constants = [ratio / per(case) for ratio, case in zip(ratios, checked.cases, strict=True)]
        if np.ptp(constants) <= NEAR * abs(constants[0]):
            words = f"it is {constants[0]:.6g}{unit} times what it should be"
            words += ", with m samples" if " m" in unit or "(m" in unit else ""
            words += " and n outputs" if "n)" in unit else ", with n outputs" if "n" in unit else ""
            yield DeltaCandidate(words, "", partial(_scaled, constants[0], per))
            return


def _ratios(checked: DeltaValues) -> list[float] | None:
    """The factor on the right delta in each case; None if a case has several."""
    factors = []
    for case, value in zip(checked.cases, checked.values, strict=True):
        factor = float((value * case.right).sum() / (case.right**2).sum())
        if not checked.same(value, factor * case.right):
            return None
        factors.append(factor)
    return factors


def _limited(bound: float, case: Case) -> Any:
    return np.clip(case.right, -bound, bound)


def _scaled(constant: float, per: Callable[[Case], float], case: Case) -> Any:
    return constant * per(case) * case.right

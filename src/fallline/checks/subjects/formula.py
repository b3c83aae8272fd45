"""The verdict on one formula, a slope or a delta: right in a convention, or with a fault of the catalogue in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, name_of
from fallline.checks.faults.fault import Fault
from fallline.checks.presentation.parts import Status
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.comparison import BlockComparison, GradientBlock
from fallline.checks.reference.conventions import Convention
from fallline.textbook import operations
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES

__all__ = ["Case", "Formula", "array_of", "unreliable", "value_with", "without_layer"]


@dataclass(frozen=True)
class Case:
    """The arrays of one call.

    Parameters
    ----------
    checked, right
        The array that the checked function returned, and the right one.
    scope
        The variables of the page that a fault's source may use.
    position
        The words for an index of the arrays.
    factors
        The factor on the right array in each convention; empty where there is only one.
    """

    checked: Any
    right: Any
    scope: Mapping[str, Any]
    position: Callable[[Any], str]
    factors: Mapping[Convention, float] = field(default_factory=dict)

    def error(self, convention: Convention | None, expected: Any) -> float:
        """The largest relative error against the expected array in that convention."""
        expected = expected if convention is None else expected * self.factors[convention]
        return float(np.abs(self.checked - expected).max() / (np.abs(expected).max() or 1.0))


@dataclass(frozen=True)
class Formula:
    """A checked formula with everything that its verdict depends on.

    Parameters
    ----------
    function
        The checked function.
    quantity
        The quantity that it should compute: "the slope of tanh".
    block
        That quantity in one word, for the table.
    cases
        The calls.
    candidates
        Faults that can stand in such a formula.
    tolerance
        Relative error that counts as rounding.
    reference
        How well an independent derivative agrees.
    uncovered
        Faults that the cases could not show.
    """

    function: Callable[..., Any]
    quantity: str
    block: str
    cases: Sequence[Case]
    candidates: Sequence[Fault]
    tolerance: float
    reference: str
    uncovered: tuple[str, ...] = ()

    def verdict(self) -> Verdict:
        """Right in a convention; else the fault of the catalogue, in the same words as in a network, that fits."""
        name = name_of(self.function)
        self._refuse_infinite()
        for convention in self._conventions:
            if max(case.error(convention, case.right) for case in self.cases) <= self.tolerance:
                declared = convention is None or convention.declared
                return self._say("right", f"{name} is right{'' if declared else f', as the gradient of {convention}'}.")
        fitting = [fault for fault in self.candidates if self._fits(fault)]
        if not fitting:
            finding = self._finding()
            sentence = f"{name} is wrong as {self.quantity}, and no known fault explains it: {finding}."
            return self._say("wrong", sentence, findings=(finding,))
        first, *others = [without_layer(fault.sentence) for fault in fitting]
        return self._say(
            "wrong", f"{name} is wrong as {self.quantity}: {first}.", faults=(first,),
            cures=(fitting[0].cure.format(l="", k=""),), others=tuple(others),
            evidence=f"The textbook's formula with this fault in it gives the same {self._count} numbers.",
        )  # fmt: skip

    @property
    def _conventions(self) -> Sequence[Convention | None]:
        return list(self.cases[0].factors) or [None]

    @property
    def _count(self) -> int:
        return sum(case.right.size for case in self.cases)

    def _refuse_infinite(self) -> None:
        for k, case in enumerate(self.cases, start=1):
            bad = np.argwhere(~np.isfinite(case.checked))
            if len(bad):
                index = ", ".join(map(str, bad[0]))
                value = case.checked[tuple(bad[0])]
                raise MisbehaviourError(f"{name_of(self.function)} returns {value} at [{index}] of case {k}.", "wrong")

    def _fits(self, fault: Fault) -> bool:
        """Whether the formula with that fault gives the checked numbers in some convention."""
        values = [value_with(fault, case.scope, case.right.shape) for case in self.cases]
        return any(
            all(
                value is not None and case.error(convention, value) <= self.tolerance
                for case, value in zip(self.cases, values, strict=True)
            )
            for convention in self._conventions
        )

    def _finding(self) -> str:
        """A constant factor, or the position of the largest error."""
        case = self.cases[0]
        worst = np.unravel_index(np.abs(case.checked - case.right).argmax(), case.checked.shape)
        ratio = case.checked / np.where(case.right == 0, np.nan, case.right)
        constant = float(np.nanmedian(ratio))
        if np.nanmax(np.abs(ratio - constant)) < 1e-8 * max(1, abs(constant)):
            return f"it is {constant:.6g} times what it should be, everywhere"
        values = f"{case.checked[worst]:.6g} for {case.right[worst]:.6g}"
        return f"its largest error is at {case.position(worst)}: {values}"

    def _say(self, status: Status, sentence: str, **more: Any) -> Verdict:
        absolute = max(float(np.abs(case.checked - case.right).max()) for case in self.cases)
        relative = max(case.error(None, case.right) for case in self.cases)
        comparison = BlockComparison(GradientBlock(self.block), absolute, relative, relative <= self.tolerance)
        return Verdict(
            status, name_of(self.function), self.quantity, sentence,
            blocks=(comparison,) if status != "right" else (), uncovered=self.uncovered, reference=(self.reference,),
            **more,
        )  # fmt: skip


def unreliable(quantity: str, error: Any) -> str:
    """The sentence for a slope or delta of ours that disagrees with complex step."""
    return f"{quantity} disagrees with complex step by {error:.1e}, so nothing can be said."


def array_of(result: Any, shape: tuple[int, ...], function: Callable[..., Any]) -> Any:
    """The function's result as an array of that shape; a single number fills it.

    Raises
    ------
    MisbehaviourError
        If it is not an array of numbers, or has another shape.
    """
    try:
        array = np.asarray(result, dtype=float)
    except (TypeError, ValueError):
        raise MisbehaviourError(
            f"{name_of(function)} must return numbers; it returns {type(result).__name__}."
        ) from None
    if array.shape != shape and array.size != 1:
        raise MisbehaviourError(
            f"{name_of(function)} must return an array of shape {shape}; it returns {array.shape}.", "wrong"
        )
    return np.broadcast_to(array, shape)


def value_with(fault: Fault, scope: Mapping[str, Any], shape: tuple[int, ...]) -> Any:
    """The formula's value with that fault in it; None if the fault needs more of the page than the formula."""
    names = {**vars(operations), "ACTIVATIONS": ACTIVATIONS, "LOSSES": LOSSES, **scope}
    try:
        with np.errstate(all="ignore"):
            value = eval(fault.put, names)  # noqa: S307  # the catalogue's own source
        value = np.broadcast_to(np.asarray(value, dtype=float), shape)
    except (NameError, AttributeError, IndexError, TypeError, ValueError):
        return None
    return value if np.isfinite(value).all() else None


def without_layer(sentence: str) -> str:
    """A fault's sentence without the words for the layer and the delta."""
    return sentence.replace(" of layer {l}", "").replace(" in the delta", "").format(l="", k="")

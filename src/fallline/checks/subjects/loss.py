"""The delta of a loss, its gradient by the network's last pre-activation: checked at random, tied and saturated logits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.evaluation import SINGLE
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.comparison import TOLERANCE, BlockComparison, GradientBlock
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.declarations import Declarations
from fallline.checks.reference.derivatives import complex_step
from fallline.checks.reference.draws import draw
from fallline.checks.reference.extents import DELTAS, logit_sizes
from fallline.checks.subjects.delta_calls import DeltaCall, delta_calls
from fallline.checks.subjects.delta_faults import Case, DeltaCandidate, delta_candidates
from fallline.checks.subjects.formula import unreliable
from fallline.textbook.losses import Loss
from fallline.textbook.network import Network
from fallline.views.numerals import listed

__all__ = ["check_delta"]

NEAR = 1e-8
"""Two factors this close to each other are one."""
HALVINGS = 50
FACTORS: dict[str, Callable[[Case], float]] = {
    "": lambda case: 1.0, " / m": lambda case: 1 / len(case.Z), " m": lambda case: len(case.Z),
    " / n": lambda case: 1 / case.Z.shape[1], " / (m n)": lambda case: 1 / case.Z.size,
}  # fmt: skip
"""What a constant factor may be multiplied by, with m samples and n outputs."""


def check_delta(
    function: Callable[..., Any], loss: Loss, declared: Declarations, seed: int, tolerance: float | None,
    effects: SideEffects,
) -> Verdict:  # fmt: skip
    """The verdict on delta(Z, T) against the loss's own, which complex step confirms first."""
    return _DeltaCheck(function, loss, declared, seed, tolerance, effects).verdict()


class _DeltaCheck:
    def __init__(
        self, function: Callable[..., Any], loss: Loss, declared: Declarations, seed: int, tolerance: float | None,
        effects: SideEffects,
    ) -> None:  # fmt: skip
        self.name, self.loss, self.declared, self.asked, self.effects = (
            name_of(function),
            loss,
            declared,
            tolerance,
            effects,
        )
        self.ordinary, self.error = self._ordinary(seed)
        self.special = self._special()
        self.call = self._call(function)
        self.values = [self.call.values(case.Z, case.T) for case in self.ordinary]
        again = self.call.values(self.ordinary[0].Z, self.ordinary[0].T)
        if not np.array_equal(again, self.values[0], equal_nan=True):
            raise MisbehaviourError(
                f"{self.name} returns other numbers when it is called again, so it could not be checked."
            )

    def verdict(self) -> Verdict:
        convention = self._fitting(self.ordinary[0].factors)
        if convention is not None and str(convention) not in self.allowed:
            return self._say("wrong", f"{self.name} is wrong: {convention.fault}.", faults=(convention.fault,))
        if convention is not None:
            beyond = self._beyond(convention)
            return self._right(convention) if beyond is None else beyond
        return self._faulty()

    # Cases

    def _ordinary(self, seed: int) -> tuple[list[Case], float]:
        cases, error = [], 0.0
        for n in DELTAS.outputs:
            network = Network.of(f"{n}-{n}", loss=self.loss)
            for group in draw(network, seed=seed):
                Z, T = 2 * group.X[0], group.T[0]
                right = self.loss.delta(Z, T)
                for k, unit in enumerate(np.eye(n)):
                    slope = complex_step(partial(_value, self.loss, T), Z, unit)
                    error = max(error, float(np.abs(slope - right[:, k]).max()))
                factors = {convention: convention.data(group) for convention in conventions(network)}
                cases.append(Case(f"{n} outputs", network, Z, T, right, factors))
        if not error <= 1e-7:
            raise MisbehaviourError(unreliable(f"the delta of {self.loss.name}", error))
        self.allowed = {
            str(c) for n in DELTAS.outputs for c in conventions(Network.of(f"{n}-{n}", loss=self.loss), self.declared)
        }
        return cases, error

    def _special(self) -> list[Case]:
        """Ties, logits of 0, targets that equal the output, and logits of every size."""
        first = self.ordinary[0]
        cases = [
            self._like(first, "where all logits are equal", np.full_like(first.Z, 0.7)),
            self._like(first, "where all logits are 0", np.zeros_like(first.Z)),
        ]
        cases += [
            self._like(first, f"for logits of size {size:g}", self._scaled(first, size)) for size in logit_sizes()
        ]
        return [case for case in cases if np.isfinite(case.right).all()]

    def _like(self, case: Case, words: str, Z: Any) -> Case:
        with np.errstate(all="ignore"):
            right = self.loss.delta(Z, case.T)
        return Case(words, case.network, Z, case.T, right, case.factors)

    @staticmethod
    def _scaled(case: Case, size: float) -> Any:
        """The case's logits with `size` as the largest entry; the right class has the largest logit in half of the samples."""
        Z = case.Z / np.abs(case.Z).max()
        return size * np.where(np.arange(len(Z))[:, None] % 2 == 0, Z, np.sign(case.T - 0.5))

    # Numbers

    @property
    def tolerance(self) -> float:
        return self.asked or (SINGLE if self.call.single else TOLERANCE)

    def _same(self, checked: Any, expected: Any) -> bool:
        with np.errstate(all="ignore"):
            size = float(np.abs(expected).max()) or 1.0
            return bool((np.abs(checked - expected) <= self.tolerance * size).all())

    def _call(self, function: Callable[..., Any]) -> DeltaCall:
        """The call with which the delta is right in any convention; else the first that gives numbers."""
        first, failed = None, None
        for call in delta_calls(function, self.loss, self.effects):
            self.call = call
            try:
                self.values = [call.values(case.Z, case.T) for case in self.ordinary]
            except MisbehaviourError as misbehaviour:
                failed = failed or misbehaviour
                continue
            if self._fitting(self.ordinary[0].factors) is not None:
                return call
            first = first or call
        if first is None:
            raise failed or MisbehaviourError(f"{self.name} could not be called.")
        self.call = first
        return first

    def _fitting(self, factors: Mapping[Convention, float], delta: Callable[[Case], Any] | None = None) -> Any:
        """The convention in which all ordinary cases are right, or have that fault; None if there is none."""
        expected = [case.right if delta is None else delta(case) for case in self.ordinary]
        if any(value is None for value in expected):
            return None
        for k, convention in enumerate(factors):
            scaled = [
                list(case.factors.values())[k] * value for case, value in zip(self.ordinary, expected, strict=True)
            ]
            if all(map(self._same, self.values, scaled)):
                return convention
        return None

    # Verdicts

    def _say(self, status: Any, sentence: str, **more: Any) -> Verdict:
        with np.errstate(all="ignore"):
            errors = [np.abs(value - case.right).max() for case, value in zip(self.ordinary, self.values, strict=True)]
        absolute = float(np.nan_to_num(max(errors), nan=np.inf))
        size = max(float(np.abs(case.right).max()) for case in self.ordinary)
        block = BlockComparison(GradientBlock("delta"), absolute, absolute / size, status == "right")
        notes = (
            [f"It changes its argument {listed(list(self.effects.changed))} in place."] if self.effects.changed else []
        )
        notes += [f"It returns single precision, so it was compared to {SINGLE:g}."] if self.call.single else []
        return Verdict(
            status, self.name, f"the delta of {self.loss.name}", sentence, called=str(self.call), notes=tuple(notes),
            blocks=(block,) if status != "right" else (), uncovered=(DELTAS.uncovered,),
            reference=(f"complex step agrees to {self.error:.1e}",), **more,
        )  # fmt: skip

    def _right(self, convention: Convention) -> Verdict:
        words = "" if convention.declared else f", as the gradient of {convention}"
        layout = " It takes samples as columns." if self.call.columns else ""
        return self._say("right", f"{self.name} is right{words}.{layout}")

    def _faulty(self) -> Verdict:
        fitting = [c for c in self._candidates() if self._fitting(self.ordinary[0].factors, c.delta) is not None]
        if fitting:
            first, *others = fitting
            count = sum(case.right.size for case in self.ordinary)
            return self._say(
                "wrong", f"{self.name} is wrong as the delta of {self.loss.name}: {first.words}.", faults=(first.words,),
                cures=(first.cure,) if first.cure else (), others=tuple(other.words for other in others),
                evidence=f"The textbook's formula with this fault in it gives the same {count} numbers.",
            )  # fmt: skip
        finding = self._finding()
        sentence = f"{self.name} is wrong as the delta of {self.loss.name}, and no known fault explains it: {finding}."
        return self._say("wrong", sentence, findings=(finding,))

    def _candidates(self) -> Iterator[DeltaCandidate]:
        yield from delta_candidates(self.loss, self.ordinary[0].network)
        longest = _repeated(self.values[0])
        if longest:
            limited = partial(_limited, longest)
            yield DeltaCandidate(f"it is clipped to [−{longest:.6g}, {longest:.6g}]", "do not clip it", limited)
        yield from self._factor()

    def _ratios(self) -> list[float] | None:
        """The factor on the right delta in each case; None if a case has several."""
        factors = []
        for case, value in zip(self.ordinary, self.values, strict=True):
            factor = float((value * case.right).sum() / (case.right**2).sum())
            if not self._same(value, factor * case.right):
                return None
            factors.append(factor)
        return factors

    def _factor(self) -> Iterator[DeltaCandidate]:
        """A constant factor, in any power of the numbers of samples and outputs."""
        ratios = self._ratios()
        if ratios is None or not all(ratios):
            return
        for unit, per in FACTORS.items():
            constants = [ratio / per(case) for ratio, case in zip(ratios, self.ordinary, strict=True)]
            if np.ptp(constants) <= NEAR * abs(constants[0]):
                words = f"it is {constants[0]:.6g}{unit} times what it should be"
                words += ", with m samples" if " m" in unit or "(m" in unit else ""
                words += " and n outputs" if "n)" in unit else ", with n outputs" if "n" in unit else ""
                yield DeltaCandidate(words, "", partial(_scaled, constants[0], per))
                return

    def _finding(self) -> str:
        case, value = self.ordinary[0], self.values[0]
        bad = np.argwhere(~np.isfinite(value))
        if len(bad):
            return f"it is {value[tuple(bad[0])]} for sample {bad[0][0]}, output {bad[0][1]}"
        worst = np.unravel_index(np.abs(value - case.right).argmax(), value.shape)
        where = f"sample {worst[0]}, output {worst[1]}"
        return f"its largest error is at {where}: {value[worst]:.6g} for {case.right[worst]:.6g}"

    # Beyond ordinary logits

    def _beyond(self, convention: Convention) -> Verdict | None:
        """The verdict if it is wrong at special logits only."""
        factor = self.ordinary[0].factors[convention]
        wrong: list[tuple[Case, Any]] = []
        for case in self.special:
            try:
                value = self.call.values(case.Z, case.T)
            except MisbehaviourError:
                value = np.full(case.right.shape, np.nan)
            if not self._same(value, factor * case.right):
                wrong.append((case, value))
        if not wrong:
            return None
        fault = self._clipping(factor) or self._in_words(factor, wrong)
        sentence = f"{self.name} is right at ordinary logits, and wrong beyond: {fault}."
        return self._say("wrong", sentence, faults=(fault,))

    def _clipping(self, factor: float) -> str:
        """The bound to which probabilities are clipped, read off saturated logits and confirmed on others; "" if there is none."""
        if self.loss.targets == "values":
            return ""
        saturated = [case for case in self.special if np.abs(case.Z).max() <= 1e3]
        values = [self.call.values(case.Z, case.T) / factor for case in saturated]
        if not all(np.isfinite(value).all() for value in values):
            return ""
        case, value = saturated[-1], values[-1]
        none = (self.loss.output(case.Z) < 1e-30) & (case.T == 0)
        if not none.any():
            return ""
        eps = float(f"{np.median(value[none]):.6g}")
        if not 1e-13 < eps < 0.5:
            return ""
        clips: dict[str, Callable[[Any], Any]] = {
            f"the probabilities are clipped to [{eps:g}, 1 − {eps:g}]": lambda p: np.clip(p, eps, 1 - eps),
            f"probabilities below {eps:g} are raised to it": lambda p: np.maximum(p, eps),
            f"{eps:g} is added to the probabilities": lambda p: p + eps,
        }
        for words, clip in clips.items():
            expected = [clip(self.loss.output(c.Z)) - c.T for c in saturated]
            if all(map(self._same, values, expected)):
                return words
        return ""

    def _in_words(self, factor: float, wrong: Sequence[tuple[Case, Any]]) -> str:
        case, value = wrong[0]
        if "size" not in case.words:
            worst = np.unravel_index(
                np.nan_to_num(np.abs(value - factor * case.right), nan=np.inf).argmax(), value.shape
            )
            return f"{case.words} it is {value[worst]:.6g} for {factor * case.right[worst]:.6g}"
        longest = _repeated(wrong[-1][1])
        if longest and all(self._same(v, np.clip(factor * c.right, -longest, longest)) for c, v in wrong):
            return f"it is clipped to [−{longest:.6g}, {longest:.6g}]"
        bound = self._bound(factor, float(np.abs(case.Z).max()))
        if not np.isfinite(value).all():
            return f"it overflows where |z| is larger than {bound:.5g}"
        worst = np.unravel_index(np.abs(value - factor * case.right).argmax(), value.shape)
        numbers = f"{value[worst]:.6g} for {factor * case.right[worst]:.6g}"
        return f"it is wrong where |z| is larger than {bound:.5g}, as {case.words}: {numbers}"

    def _bound(self, factor: float, size: float) -> float:
        """The size of the logits up to which the delta is right."""

        def right(size: float) -> bool:
            case = self._like(self.ordinary[0], "", self._scaled(self.ordinary[0], size))
            try:
                return self._same(self.call.values(case.Z, case.T), factor * case.right)
            except MisbehaviourError:
                return False

        low, high = 1.0, size
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if right(middle) else (low, middle)
        return low


def _repeated(values: Any) -> float | None:
    """The largest size of the values, if several have it."""
    largest = float(np.abs(values).max())
    several = np.isfinite(largest) and (np.abs(values) > largest * (1 - 1e-12)).sum() >= 3
    return largest if several and largest else None


def _value(loss: Loss, T: Any, Z: Any) -> Any:
    return loss.value(Z, T)


def _limited(bound: float, case: Case) -> Any:
    return np.clip(case.right, -bound, bound)


def _scaled(constant: float, per: Callable[[Case], float], case: Case) -> Any:
    return constant * per(case) * case.right

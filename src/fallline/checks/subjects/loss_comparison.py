"""A gradient beside the user's own loss: whether it is the derivative of that loss, and which loss that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from fallline.checks.diagnosis.fresh_draws import GradientAt
from fallline.checks.reference.comparison import FLOOR, blocks_of, compare, right_numbers
from fallline.checks.reference.conventions import conventions
from fallline.checks.reference.draws import Group
from fallline.checks.reference.known_derivatives import Derivatives
from fallline.checks.reference.loss_fit import fit_loss
from fallline.checks.reference.loss_words import LossInWords
from fallline.checks.reference.own_loss import OwnLoss, ignored_samples, words_for
from fallline.sentences import capital
from fallline.textbook.network import Parameters
from fallline.views.numerals import listed

__all__ = ["LossComparison"]

NEARLY = 1e-4
"""The largest relative difference that a small number inside a logarithm makes."""


class LossComparison:
    """One gradient and one loss: whether the gradient is that of the loss, and what is known of the loss."""

    def __init__(
        self, name: str, groups: Sequence[Group], numbers: Sequence[Parameters], loss: OwnLoss, derivatives: Derivatives,
        tolerance: float, gradient_at: GradientAt, other_faults: Sequence[str],
    ) -> None:  # fmt: skip
        self.gradient_at = gradient_at
        self.name, self.groups, self.numbers, self.tolerance = name, groups, numbers, tolerance
        self.own, self.loss, self.derivatives, self.other_faults = (
            loss,
            words_for(loss),
            derivatives,
            list(other_faults),
        )
        self.declared = groups[0].network
        self.blocks = derivatives.compare(numbers, tolerance)
        fit = fit_loss(loss, groups)
        self.words = None if fit is None else LossInWords(fit, self.declared, groups[0].declared)

    @property
    def agreeing(self) -> int:
        """How many blocks agree with the derivatives."""
        return sum(b.agrees for b in self.blocks)

    @cached_property
    def is_right(self) -> bool:
        """Whether the gradient is that of the loss, or of the loss without the small epsilon in its logarithm."""
        return all(b.agrees for b in self.blocks) or self._is_of_recognised_loss()

    def reason_against(self) -> str:
        """Why the loss is no reference for this gradient, in a sentence; "" if it is one."""
        if self.words is not None and self.words.contradictions and self.is_declared():
            return (
                f"{capital(self.loss)} is not the declared one: {listed(self.words.contradictions)}. The gradient is that of "
                "the declared loss."
            )  # fmt: skip
        if self.words is None and not self.is_right and (self.derivatives.single or not self._is_related()):
            return (
                f"No block of the gradient is a derivative of {self.loss}, and it is no known loss of this network, so it was "
                "not used to check the gradient."
            )  # fmt: skip
        return ""

    @cached_property
    def ignored(self) -> str:
        """The samples on which the loss does not depend, in words; "" if it depends on all, as a known loss does."""
        if self.words is not None:
            return ""
        ignored = ignored_samples(self.own, self.groups[0])
        if not ignored:
            return ""
        m = self.groups[0].samples
        if len(ignored) == m:
            return "the samples"
        if len(ignored) == m - 1:
            (used,) = set(range(m)) - set(ignored)
            return f"any sample but {'the last' if used == m - 1 else f'number {used}'} (counted from 0)"
        if ignored == [m - 1]:
            return "the last sample"
        return f"sample{'s' * (len(ignored) > 1)} {listed([str(s) for s in ignored])} of {m} (counted from 0)"

    def is_declared(self) -> bool:
        """Whether the gradient is that of the declared loss, in a convention that the declarations allow."""
        allowed = conventions(self.declared, self.groups[0].declared)
        return any(self.agrees_with(right_numbers(self.groups, convention)) for convention in allowed)

    def _is_of_recognised_loss(self) -> bool:
        """Whether the gradient is that of the recognised loss, without the small epsilon in its logarithm."""
        if self.words is None or self.words.network is None:
            return False
        return self.agrees_with(self.words.right_numbers(self.groups))

    @cached_property
    def is_nearly_right(self) -> bool:
        """Whether the gradient is that of an unknown loss but for a small difference in all of it."""
        return self.words is None and all(b.relative <= NEARLY for b in self.blocks) and not self.is_right

    def _is_related(self) -> bool:
        """Whether the gradient has to do with the loss: a block agrees, or a constant factor is between them."""
        if self.is_nearly_right or self.derivatives.ratio(self.numbers, self.tolerance) is not None:
            return True
        largest = {
            block: max(
                float(np.abs(np.where(np.isfinite(e), s, 0)[:, [b == block for b in self.derivatives.blocks]]).max())
                for s, e in zip(self.derivatives.slopes, self.derivatives.errors, strict=True)
            )
            for block in blocks_of(self.declared)
        }
        floor = FLOOR * max(largest.values())
        return any(b.agrees and largest[b.block] > floor for b in self.blocks)

    def agrees_with(self, right: Sequence[Parameters]) -> bool:
        return all(b.agrees for b in compare(self.groups, self.numbers, right, self.tolerance))

    def references(self) -> Iterator[tuple[Sequence[Group], Sequence[Parameters], Sequence[Parameters]]]:
        """Draws with the checked gradient and the right one, by the derivatives and by the page of the recognised loss."""
        if self.derivatives.complete:
            checked, right = self.derivatives.first_draws(self.numbers), self.derivatives.gradient(self.numbers)
            yield self.derivatives.groups, checked, right
        if self.words is not None and self.words.network is not None:
            yield self.groups, self.numbers, self.words.right_numbers(self.groups)

    @property
    def evidence(self) -> str:
        worst = max(b.relative for b in self.blocks)
        return f"It agrees with {self.derivatives} of {self.loss} to {worst:.1e} on {self.derivatives.draws} draws."

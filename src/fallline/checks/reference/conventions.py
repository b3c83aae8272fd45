"""Conventions, which are not faults: sum or mean, ascent or descent, half or full squared error, mean over the outputs.

Each is a factor on the whole gradient. Conventions are tried before any fault, and the verdict names the one that fits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fallline.checks.faults.conditions import loss_is
from fallline.checks.reference.declarations import NOTHING, Declarations
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Layer, Network, Parameters

__all__ = ["Convention", "conventions"]

_CLIMBED = ", which you climb"


@dataclass(frozen=True)
class Convention:
    """A factor between the checked gradient and the textbook's.

    Parameters
    ----------
    sign
        -1 for the gradient of minus the loss.
    constant
        A factor on the loss besides that of sum or mean: 1/2 in half squared error.
    per_sample
        The power of m on the loss: -1 turns the sum into the mean, 1 the mean into the sum.
    penalty_too
        Whether that factor is on the L2 penalty as well.
    words
        The function that it is the gradient of, where that is not the declared loss.
    """

    sign: int
    constant: float
    per_sample: int
    penalty_too: bool
    words: tuple[str, ...]

    def data(self, group: Group) -> float:
        """The factor on the gradient of the data's loss."""
        return self.sign * self.constant * float(group.samples) ** self.per_sample

    def penalty(self, group: Group) -> float:
        """The factor on the gradient of the penalty."""
        return self.data(group) if self.penalty_too else self.sign

    def combined(self, group: Group, data: Parameters, penalty: Parameters) -> Parameters:
        """The gradient of the whole loss in this convention, from those of the data's loss and of the penalty."""
        c, p = self.data(group), self.penalty(group)
        return tuple(
            Layer(c * d.W + p * e.W, None if d.b is None or e.b is None else c * d.b + p * e.b)
            for d, e in zip(data, penalty, strict=True)
        )

    @property
    def declared(self) -> bool:
        """Whether the gradient is that of the declared loss."""
        return not self.words

    @property
    def fault(self) -> str:
        """The fault of a gradient in this convention where the declared settings exclude it."""
        if self.sign < 0 and len(self.words) == 1:
            return f"its sign is wrong: it is the gradient of {str(self).removesuffix(_CLIMBED)}"
        return f"it is the gradient of {self}, which is not the declared loss"

    def __str__(self) -> str:
        return ", ".join(self.words) or "the declared loss"


def conventions(network: Network, declared: Declarations = NOTHING) -> Iterator[Convention]:
    """The conventions that the declarations allow: the declared one first, then those that differ least from it."""
    other = ("the mean over the samples", -1) if network.reduction == "sum" else ("the sum over the samples", 1)
    likelihood = loss_is("cross_entropy", "logistic")(network, network.depth)
    climbed = "the log-likelihood, which you climb" if likelihood else "minus the loss, which you climb"
    constants: list[tuple[str, float]] = [("", 1.0)]
    squared, half = (loss_is(name)(network, network.depth) for name in ("squared_error", "half_squared_error"))
    if squared:
        constants.append(("half the squared error", 0.5))
    if half:
        constants.append(("the squared error without its 1/2", 2.0))
    n = network.sizes[-1]
    if (squared or half or network.loss.name.startswith("half_squared_error_of_")) and n > 1:
        constants += [
            (", ".join(filter(None, (words, "the mean over the outputs"))), c / n) for words, c in constants[:]
        ]
    seen = set()
    for words, constant in constants:
        for reduction, power in (("", 0), other):
            for sign in (1, -1):
                for penalty_too in (True, False):
                    plain = constant == 1 and power == 0
                    if not penalty_too and (not network.l2 or plain):
                        continue
                    names = [climbed] if sign < 0 else []
                    names += [w for w in (words, reduction) if w]
                    if network.l2 and not plain:
                        names.append("the penalty scaled too" if penalty_too else "the penalty as it is")
                    allowed = declared.allow(sign=sign, constant=constant, per_sample=power)
                    if allowed and (sign, constant, power, penalty_too) not in seen:
                        seen.add((sign, constant, power, penalty_too))
                        yield Convention(sign, constant, power, penalty_too, tuple(names))

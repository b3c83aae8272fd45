"""The user's own loss in words: in what it differs from the declared one, and the network of the textbook that has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from fallline.checks.reference.comparison import right_numbers
from fallline.checks.reference.conventions import conventions
from fallline.checks.reference.declarations import NOTHING, Declarations
from fallline.checks.reference.draws import Group
from fallline.checks.reference.loss_family import FAMILY, scaled
from fallline.checks.reference.loss_fit import LossFit
from fallline.textbook.network import Layer, Network, Parameters
from fallline.views.numerals import listed

__all__ = ["LossInWords", "added", "phrase"]

BINDING = Declarations(constant=True, ascent=False)
"""Of a loss that was recognised, everything is known: no other convention is right."""

SMALL = 1e-4
"""A guard against log(0) up to this size is meant to change nothing, and gradients leave it out."""


@dataclass(frozen=True)
class LossInWords:
    """A loss that was recognised, beside the declared network.

    Parameters
    ----------
    fit
        What the loss is.
    declared
        The network that the user declared.
    declarations
        The settings of its loss that bind.
    guard
        Whether `network` has the epsilon in its logarithm. Otherwise a small one is left out, and a large one not allowed.
    """

    fit: LossFit
    declared: Network
    declarations: Declarations = NOTHING
    guard: bool = False

    @property
    def with_guard(self) -> LossInWords | None:
        """The same with the epsilon in the logarithm of `network`'s loss; None if there is none."""
        return replace(self, guard=True) if self.fit.epsilon else None

    @cached_property
    def network(self) -> Network | None:
        """The network with that data loss, for the page and its faults; it has no penalty. None if there is none.

        Its loss takes the targets that the declared one takes, so that draws for it are draws for the user's function.
        """
        fit = self.fit
        if fit.biasless or (fit.epsilon > SMALL and not self.guard):
            return None
        loss = scaled(fit.changed(fit.epsilon if self.guard else 0.0), fit.factor)
        if loss.targets != self.declared.loss.targets:
            loss = replace(loss, targets=self.declared.loss.targets)
        return fit.network.with_(loss=loss, l2=0.0, reduction="mean" if fit.power else "sum")

    def groups(self, groups: Sequence[Group]) -> tuple[Group, ...]:
        """The draws for `network`, whose loss is declared in every respect."""
        assert self.network is not None
        declared = replace(BINDING, reduction=self.network.reduction)
        return tuple(replace(g, network=self.network, declared=declared) for g in groups)

    def right_numbers(self, groups: Sequence[Group]) -> tuple[Parameters, ...]:
        """The gradient of the loss for each group, its penalty included."""
        right = right_numbers(self.groups(groups), next(conventions(self.groups(groups)[0].network)))
        return tuple(added(r, self.penalty(g.w, g.samples)) for r, g in zip(right, groups, strict=True))

    def without_penalty(self, groups: Sequence[Group], numbers: Sequence[Parameters]) -> tuple[Parameters, ...]:
        """A gradient less that of the penalty."""
        return tuple(added(n, self.penalty(g.w, g.samples), -1) for n, g in zip(numbers, groups, strict=True))

    def penalty(self, w: Any, samples: int) -> Parameters:
        """The gradient of the penalty at weights w (..., P) with that number of samples."""
        fit = self.fit
        factor = 2 * float(samples) ** fit.penalty_power
        return tuple(
            Layer(factor * c * W, None if b is None else factor * d * b)
            for (W, b), c, d in zip(self.declared.unpack(w), fit.weights, fit.biases, strict=True)
        )

    @property
    def differences(self) -> tuple[str, ...]:
        """In what the loss differs from the declared one, as clauses about "it"; what it is, where it is itself declared."""
        return tuple(words for words, _ in self._differences())

    @property
    def contradictions(self) -> tuple[str, ...]:
        """The differences from what was declared on purpose: a setting that does not have its default."""
        return tuple(words for words, contradicts in self._differences() if contradicts)

    def _differences(self) -> list[tuple[str, bool]]:
        fit, declared = self.fit, self.declared
        words: list[tuple[str, bool]] = []
        binds = self.declarations
        own = phrase(fit, declared.sizes[-1])
        if binds.of_parameters:
            words.append((f"it is {own}", False))
        elif own != _phrase_of(declared):
            same = fit.member.loss.name == declared.loss.name
            words.append((f"it is {own}, not {_phrase_of(declared)}", same and binds.constant))
        if fit.factor < 0:
            words.append(("it has the opposite sign, so that it is to be made large", not binds.ascent))
        reduction = "mean" if fit.power else "sum"
        if binds.of_parameters:
            words.append((f"it is the {reduction} over the samples", False))
        elif reduction != declared.reduction:
            other = f", not the {declared.reduction}" if binds.reduction else ""
            words.append((f"it is the {reduction} over the samples{other}", bool(binds.reduction)))
        if fit.leak is not None:
            words.append((f"the slope of its leaky ReLU is {fit.leak:g}", not _are(declared, "relu", "leaky_relu")))
        elif fit.network.activations != declared.activations:
            name, other = (
                fit.network.activations[0].label,
                listed([*dict.fromkeys(a.label for a in declared.activations)]),
            )
            words.append((f"its hidden units are {name}, not {other}", not _are(declared, "relu")))
        if fit.smoothing:
            words.append((f"its labels are smoothed by {fit.smoothing:.6g}", False))
        if fit.class_weights:
            words.append((f"its classes have the weights {listed([f'{v:.6g}' for v in fit.class_weights])}", False))
        if fit.epsilon:
            words.append((f"its logarithm is log(p + {fit.epsilon:.6g})", False))
        penalty = self._penalty_words()
        if penalty:
            words.append((penalty, not (any(fit.weights) or any(fit.biases))))
        if fit.biasless:
            words.append(("it does not depend on the biases", False))
        return words

    def _penalty_words(self) -> str:
        fit, l2 = self.fit, self.declared.l2
        over = "/m" if fit.penalty_power else ""
        if not any(fit.weights) and not any(fit.biases):
            return f"it has no L2 penalty, and l2 = {l2:g} is declared" if l2 else ""
        if len(set(fit.weights)) == 1 and len({0.0, *fit.biases}) <= 2 and (not any(fit.biases) or all(fit.biases)):
            c, d = fit.weights[0], fit.biases[0]
            if l2 and not d and abs(c) == l2 / 2 and not over:
                return ""
            if l2 and not d and abs(c) in (l2 / 2, l2):
                factor = f"l2{over}" if abs(c) == l2 else "l2/(2m)" if over else "l2/2"
                return f"its penalty is {factor} sum W^2, not l2/2 sum W^2"
            terms = [f"{c:.6g}{over} sum W^2"] if c else []
            terms += [f"{d:.6g}{over} sum b^2 on the biases"] if d else []
        else:
            terms = [f"{c:.6g}{over} sum W{l}^2" for l, c in enumerate(fit.weights, start=1) if c]
            terms += [f"{d:.6g}{over} sum b{l}^2" for l, d in enumerate(fit.biases, start=1) if d]
        return f"its penalty is {' + '.join(terms)}"


def phrase(fit: LossFit, outputs: int) -> str:
    """What a sentence calls the data loss, without its sign.

    >>> from fallline.checks.reference.loss_fit import LossFit
    >>> n = Network.of("2-3-2")
    >>> phrase(LossFit(n, FAMILY[1], 2.0, 0, (), (), 0), 2)
    'the squared error'
    """
    return _times(fit.member.words, abs(fit.factor), outputs)


def _times(words: str, factor: float, outputs: int) -> str:
    half = words.startswith("half the ")
    names: list[tuple[float, str]] = [(1.0, words)]
    if half:
        names.append((2.0, words.removeprefix("half ")))
    for value, name in names[:] if outputs > 1 else ():
        names.append((value / outputs, f"{name}, as the mean over the outputs"))
    for value, name in names:
        if abs(factor - value) <= 1e-9 * value:
            return name
    return f"{factor:.6g} times {words}"


def _phrase_of(network: Network) -> str:
    """What a sentence calls the declared loss."""
    words = {member.loss.name: member.words for member in FAMILY} | {"squared_error": "the squared error"}
    return words.get(network.loss.name, network.loss.label)


def _are(network: Network, *names: str) -> bool:
    return all(activation.name in names for activation in network.activations)


def added(gradient: Parameters, other: Parameters, sign: int = 1) -> Parameters:
    """The sum of two gradients, or their difference if `sign` is -1."""
    return tuple(
        Layer(g.W + sign * o.W, None if g.b is None or o.b is None else g.b + sign * o.b)
        for g, o in zip(gradient, other, strict=True)
    )

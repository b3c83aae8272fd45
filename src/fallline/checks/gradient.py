"""`check_gradient`: is it right; if not, where does it go wrong, and why."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fallline.checks.calls import MUCH_PRINT, Misbehaviour, Observed, name_of
from fallline.checks.conventions import Convention, conventions
from fallline.checks.coverage import uncovered
from fallline.checks.draws import Group, draw
from fallline.checks.localise import joined, localise
from fallline.checks.mutation import Place
from fallline.checks.numbers import TOLERANCE, blocks_of, compare, get, right_numbers
from fallline.checks.reference import agree
from fallline.checks.signatures import Adapter, Read, adapters
from fallline.checks.verdict import Verdict
from fallline.data.dataset import Dataset
from fallline.errors import DataError, UsageError
from fallline.problems import NetworkObjective
from fallline.textbook.activations import ACTIVATIONS, Activation
from fallline.textbook.landscapes import Landscape
from fallline.textbook.losses import LOSSES, Loss
from fallline.textbook.network import Network, Parameters, Reduction
from fallline.textbook.optimizers import Optimizer

__all__ = ["check_gradient"]

SINGLE = 2e-5
"""Tolerance for results in single precision."""

REFERENCE = 1e-7
"""If the independent derivatives agree less well than this with our own page, nothing is said about the user's."""

Data = Dataset | tuple[ArrayLike, ArrayLike] | str | Path


def check_gradient(
    function: Callable[..., Any],
    network: Network | str | Sequence[int] | Landscape | Activation | Loss | Optimizer | Callable[..., Any],
    *,
    activation: str | Activation | Sequence[str | Activation] = "relu",
    loss: str | Loss = "cross_entropy",
    reduction: Reduction = "sum",
    l2: float = 0.0,
    data: Data | None = None,
    seed: int = 0,
    tolerance: float | None = None,
) -> Verdict:
    """Check a gradient: where it goes wrong, and why.

    Parameters
    ----------
    function: the gradient. `gradient(parameters, X, T)`, returning what has the parameters' structure (layers, a flat
        vector, a dictionary, a list), or a function whose arguments have the field's names (W1, b1, ..., V, H1, Y).
        Of a landscape: a function of its coordinates. Of an activation: its slope(z). Of a loss: its delta(Z, T).
        Of an optimizer: its step(w, g, state, t, **settings).
    network: what it is the gradient of: a network or its sizes; a landscape, a function of coordinates, or its name;
        an activation, a loss, an optimizer, or its name.
    activation, loss, reduction, l2: of the network, where only its sizes are given.
    data: samples to check it on, a `Dataset`, (X, T), or a file; drawn at random unless given.
    seed: key of the random weights and samples.
    tolerance: relative error that counts as rounding; 1e-9 unless given, 2e-5 for results in single precision.

    Conventions are no faults: sum or mean over the samples, ascent or descent, half or full squared error, samples as
    rows or columns. The verdict names them.

    >>> from fallline import Network
    >>> from fallline.textbook.network import loss_and_gradient
    >>> network = Network.of("2-3-2-3")
    >>> def gradient(parameters, X, T):
    ...     (W1, b1), (W2, b2), (V, c) = loss_and_gradient(network, parameters, X, T)[1]
    ...     return (W1, b1), (-W2, b2), (V, c)
    >>> verdict = check_gradient(gradient, network)
    >>> verdict.right, verdict.faults
    (False, ('the sign of dW2 is wrong',))
    >>> check_gradient(lambda x, y: (2 * x, 3 * y), lambda x, y: x**2 + y**2).faults
    ('∂f/∂y is 1.5 times what it should be',)
    """
    if not callable(function):
        raise UsageError(f"function must be a gradient that can be called; got {function!r}.")
    subject = _subject(network, function, activation=activation, loss=loss, reduction=reduction, l2=l2)
    if not isinstance(subject, Network):
        from fallline.checks.rules import check_rule

        return check_rule(function, subject, seed=seed, tolerance=tolerance)
    groups = draw(subject, _matching(_dataset(data, subject), subject), seed)
    try:
        return _Check(function, subject, groups, tolerance).verdict()
    except Misbehaviour as misbehaviour:
        return Verdict(misbehaviour.status, name_of(function), repr(subject), str(misbehaviour), network=subject)


class _Check:
    """One check of a network's gradient."""

    def __init__(
        self, function: Callable[..., Any], network: Network, groups: tuple[Group, ...], tolerance: float | None
    ) -> None:
        self.function, self.network, self.groups = function, network, groups
        self.observed = Observed()
        self.given_tolerance = tolerance
        self.conventions = tuple(conventions(network))

    def verdict(self) -> Verdict:
        reference = agree(self.groups)
        if any(not a.error < (1e-4 if "difference" in a.against else REFERENCE) for a in reference):
            raise Misbehaviour(
                "the reference disagrees with itself, so nothing can be said: "
                + "; ".join(map(str, reference)) + ". Is an activation's slope or a loss's delta of your own wrong?"
            )  # fmt: skip
        adapter, first = self._adapter()
        numbers, reads = self._numbers(adapter)
        tolerance = self.given_tolerance or (SINGLE if first.single else TOLERANCE)
        odd = {k: v for read in reads for k, v in read.odd.items()}
        fitting = [
            (c, compare(self.groups, numbers, right_numbers(self.groups, c), tolerance)) for c in self.conventions
        ]
        right = next((c for c, blocks in fitting if all(b.agrees for b in blocks)), None)
        notes = self._notes(first.single)
        common: dict[str, Any] = {
            "name": name_of(self.function), "subject": repr(self.network), "called": str(adapter),
            "notes": tuple(notes), "uncovered": tuple(uncovered(self.groups)), "network": self.network,
            "reference": tuple(map(str, reference)),
        }  # fmt: skip
        if right is not None:
            blocks = dict(fitting)[right]
            common |= {"blocks": tuple(blocks), "errors": self._errors(numbers, right)}
            return self._right(right, odd, common)
        return self._wrong(numbers, fitting, odd, adapter, tolerance, common)

    # Calling

    def _adapter(self) -> tuple[Adapter, Read]:
        """The way of calling it that gives the right numbers; else the likeliest that gives any."""
        group = self.groups[0]
        one = Group(self.network, group.w[:1], group.X[:1], group.T[:1])
        runs: list[tuple[int, Adapter, Read, Observed]] = []
        failed: list[Misbehaviour] = []
        for adapter in adapters(self.function, self.network):
            observed = Observed()
            try:
                read = adapter.gradient(group.w[0], group.X[0], group.T[0], observed)
            except Misbehaviour as misbehaviour:
                failed.append(misbehaviour)
                continue
            finite = all(np.isfinite(part).all() for layer in read.gradient for part in layer if part is not None)
            runs.append((len(read.odd) + (0 if finite else 100), adapter, read, observed))
            numbers = [_stacked([read.gradient])]
            tolerance = self.given_tolerance or (SINGLE if read.single else TOLERANCE)
            if finite and any(
                all(b.agrees for b in compare([one], numbers, right_numbers([one], c), tolerance))
                for c in self.conventions
            ):
                self.observed = observed
                return adapter, read
        if not runs:
            raise min(failed, key=lambda m: m.status != "wrong")
        _, adapter, read, self.observed = min(runs, key=lambda run: run[0])
        return adapter, read

    def _numbers(self, adapter: Adapter) -> tuple[tuple[Parameters, ...], list[Read]]:
        """The checked gradient on all draws; a sentence if it is random or not finite."""
        reads: list[list[Read]] = [
            [adapter.gradient(w, X, T, self.observed) for w, X, T in zip(g.w, g.X, g.T, strict=True)]
            for g in self.groups
        ]
        again = adapter.gradient(self.groups[0].w[0], self.groups[0].X[0], self.groups[0].T[0], self.observed)
        before = reads[0][0].gradient
        for block in blocks_of(self.network):
            if not np.array_equal(get(before, block), get(again.gradient, block), equal_nan=True):
                off = np.abs(get(before, block) - get(again.gradient, block)).max()
                if not off <= 1e-12 * np.abs(get(before, block)).max():
                    raise Misbehaviour(
                        f"{name_of(self.function)} is random or keeps a memory: called twice with the same arguments, "
                        f"{block} differs by {off:.3g}. Take out the randomness (or fix its seed inside) and check again."
                    )
        for g, group in enumerate(self.groups):
            for d, read in enumerate(reads[g]):
                for block in blocks_of(self.network):
                    bad = np.argwhere(~np.isfinite(get(read.gradient, block)))
                    if len(bad):
                        value = float(get(read.gradient, block)[tuple(bad[0])])
                        raise Misbehaviour(
                            f"{name_of(self.function)} returns {value} in {block}[{', '.join(map(str, bad[0]))}] on "
                            f"ordinary weights and {group.samples} samples (draw {d + 1}): look for a division by 0, "
                            "a log of 0 or an overflow of exp.", "wrong",
                        )  # fmt: skip
        flat = [read for group in reads for read in group]
        return tuple(_stacked([r.gradient for r in group]) for group in reads), flat

    # Saying

    def _notes(self, single: bool) -> list[str]:
        notes = []
        if self.observed.lines > MUCH_PRINT:
            per_call = self.observed.lines / self.observed.calls
            notes.append(f"{name_of(self.function)} prints {per_call:.0f} lines each time it is called.")
        if single:
            notes.append(f"It returns single precision, so it was compared to {SINGLE:g} of each block's size.")
        return notes

    def _changed(self) -> str:
        names = list(self.observed.changed)
        if not names:
            return ""
        return (
            f"{name_of(self.function)} changes its argument{'s' if len(names) > 1 else ''} {joined(names)} in place, "
            "so the caller's own arrays are no longer what they were. Work on a copy."
        )

    def _right(self, convention: Convention, odd: dict[str, str], common: dict[str, Any]) -> Verdict:
        changed = self._changed()
        draws = sum(len(g.w) for g in self.groups)
        what = "right" if convention.declared else f"right, as the gradient of {convention}"
        if not odd and not changed:
            worst = max(b.relative for b in common["blocks"])
            return Verdict("right", sentence=f"{common['name']} is {what}.",
                           evidence=f"It agrees with the reference to {worst:.1e} on {draws} draws.", **common)  # fmt: skip
        faults = [*odd.values(), *filter(None, [changed])]
        sentence = f"{common['name']} is wrong: {'; '.join(faults).rstrip('.')}. Its numbers are {what}."
        return Verdict("wrong", sentence=sentence, faults=tuple(faults), **common)

    def _wrong(
        self, numbers: Sequence[Parameters], fitting: Sequence[tuple[Convention, Any]], odd: dict[str, str],
        adapter: Adapter, tolerance: float, common: dict[str, Any],
    ) -> Verdict:  # fmt: skip
        from fallline.checks.explanations import alternatives
        from fallline.checks.search import explain

        extra = [*odd.values(), *filter(None, [self._changed()])]
        # Another network than the declared one has another output: then no block of the last layer is right.
        last = {b.block for _, blocks in fitting for b in blocks if b.agrees and b.block[1] == self.network.depth}
        meant = "" if last else self._meant(numbers, tolerance)
        if meant:
            convention, blocks = fitting[0]
            common |= {"blocks": tuple(blocks), "errors": self._errors(numbers, convention)}
            sentence = f"{common['name']} is wrong for this network, but right for one with {meant}. Was that meant?"
            return Verdict("wrong", sentence=sentence, faults=(f"it is the gradient for {meant}", *extra), **common)
        explanations = explain(self.groups, numbers, tolerance)
        if not explanations:
            convention, blocks = max(fitting, key=lambda f: sum(b.agrees for b in f[1]))
            right = right_numbers(self.groups, convention)
            findings = localise(self.groups, numbers, right, blocks, self._one_sample(adapter))
            sentence = (
                f"{common['name']} is wrong, and no known fault, or pair of them, explains it. {' '.join(findings[:2])}"
            )
            common |= {"blocks": tuple(blocks), "errors": self._errors(numbers, convention)}
            return Verdict("wrong", sentence=sentence, findings=tuple(findings), faults=tuple(extra), **common)
        first = explanations[0]
        blocks = dict(fitting)[first.convention]
        common |= {"blocks": tuple(blocks), "errors": self._errors(numbers, first.convention)}
        # A block that came back with an odd shape has had its word; what its filled-up numbers look like adds nothing.
        said_already = {Place(name[:2], int(name[2:])) for name in odd}
        faults = [str(f) for f in first.faults if not set(f.places) <= said_already]
        said = joined([*faults, *(e.rstrip(".") for e in extra)])
        where = "" if first.convention.declared else f" (It is taken as the gradient of {first.convention}.)"
        evidence = (
            f"The textbook's backward with {'this fault' if len(faults) == 1 else 'these faults'} in it gives the same "
            f"numbers to {max(first.error, 1e-16):.0e} on all {first.draws} draws."
        )
        if any(f.fault == "dA_weights_updated" for f in first.faults) and first.rate is not None:
            evidence += f" The learning rate of that update, read off the numbers, is {abs(first.rate):.6g}."
        return Verdict(
            "wrong", sentence=f"{common['name']} is wrong: {said}.{where}", faults=(*faults, *extra),
            cures=tuple(f.cure for f in first.faults if not set(f.places) <= said_already), evidence=evidence, explanation=first,
            others=tuple(dict.fromkeys(alternatives(explanations))) if not odd else (), **common,
        )  # fmt: skip

    def _meant(self, numbers: Sequence[Parameters], tolerance: float) -> str:
        """Another network of the same sizes for which the gradient is right: the likeliest fault is then in the question."""
        others: list[tuple[str, dict[str, Any]]] = [
            (f"{a.name} activations", {"activations": (a,) * self.network.hidden})
            for a in ACTIVATIONS.values()
            if self.network.hidden
        ]
        others += [(f"the loss {l.name}", {"loss": l}) for l in LOSSES.values()]
        for words, changes in others:
            other = self.network.with_(**changes)
            groups = [Group(other, g.w, g.X, g.T) for g in self.groups]
            for c in conventions(other):
                if all(b.agrees for b in compare(groups, numbers, right_numbers(groups, c), tolerance)):
                    return words
        return ""

    def _errors(self, numbers: Sequence[Parameters], convention: Convention) -> dict[str, Any]:
        """For each block the largest error of each entry over all draws, relative to the block's largest entry."""
        right = right_numbers(self.groups, convention)
        found = {}
        for block in blocks_of(self.network):
            parts = [
                np.abs(get(n, block) - get(r, block)).max(axis=0) / (np.abs(get(r, block)).max() or 1)
                for n, r in zip(numbers, right, strict=True)
            ]
            found[str(block)] = np.max(parts, axis=0)
        return found

    def _one_sample(self, adapter: Adapter) -> Callable[[int, int], Parameters]:
        g = self.groups[0]
        return lambda d, s: adapter.gradient(g.w[d], g.X[d, s : s + 1], g.T[d, s : s + 1], Observed()).gradient


def _stacked(gradients: Sequence[Parameters]) -> Parameters:
    from fallline.textbook.network import Layer

    return tuple(
        Layer(np.stack([l.W for l in layers]).astype(float),
              None if layers[0].b is None else np.stack([l.b for l in layers]).astype(float))
        for layers in zip(*gradients, strict=True)
    )  # fmt: skip


def _dataset(data: Data | None, network: Network) -> Dataset | None:
    """The samples to check on; a CSV file's first columns are the inputs, the others the targets."""
    if data is None or isinstance(data, Dataset):
        return data
    if isinstance(data, str | Path):
        from fallline.data.tables import read_csv

        try:
            header = Path(data).read_text(encoding="utf-8-sig").partition("\n")[0]
        except OSError as error:
            raise DataError(f"{data} cannot be read: {error.strerror}.") from None
        names = next(csv.reader([header]), [])
        n = network.sizes[0]
        if len(names) <= n:
            raise DataError(f"{data} must have {n} columns of inputs, then its targets; it has {len(names)} columns.")
        rest = names[n:]
        return read_csv(data, rest[0] if len(rest) == 1 else rest, inputs=names[:n])
    X, T = data
    return Dataset.of(X, T)


def _matching(data: Dataset | None, network: Network) -> Dataset | None:
    """The data, if its columns are those of the network."""
    if data is not None:
        NetworkObjective(network, data)  # its own sentences say what does not fit
    return data


def _subject(network: Any, function: Callable[..., Any], **settings: Any) -> Any:
    """The network, landscape, activation, loss or optimizer that is meant."""
    if isinstance(network, Network | Landscape | Activation | Loss | Optimizer):
        return network
    if isinstance(network, str) and not network.strip()[:1].isdigit():
        from fallline.checks.rules import by_name

        return by_name(network, function)
    if callable(network):
        from fallline.checks.rules import plain_function

        return plain_function(network, function)
    return Network.of(network, **settings)

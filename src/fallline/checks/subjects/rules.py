"""Checks of what is no network's gradient: of a landscape, an activation's slope, a loss's delta, an optimizer's step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fallline import random
from fallline.checks.calling.calls import Misbehaviour, Observed, call, name_of
from fallline.checks.diagnosis.faults import FAULTS, Fault
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.comparison import TOLERANCE, Block, Comparison
from fallline.checks.reference.conventions import conventions
from fallline.checks.reference.draws import draw
from fallline.errors import OwnCodeError, UnknownNameError, UsageError
from fallline.textbook import losses, operations
from fallline.textbook.activations import ACTIVATIONS, Activation
from fallline.textbook.landscapes import LANDSCAPES, Landscape
from fallline.textbook.losses import LOSSES, Loss
from fallline.textbook.network import Kept, Network
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer
from fallline.user_code.coordinates import page_of
from fallline.user_code.page import Page
from fallline.user_code.signature import coordinate_names

__all__ = ["by_name", "check_rule", "plain_function"]

Function = Callable[..., Any]
POINTS = 60


def by_name(name: str, function: Function) -> Any:
    """A landscape, activation, loss or optimizer; "logistic" is an activation for slope(z), a loss for delta(Z, T)."""
    found = [table[name] for table in (LANDSCAPES, ACTIVATIONS, LOSSES, OPTIMIZERS) if name in table]
    if not found:
        valid = {n: None for table in (LANDSCAPES, ACTIVATIONS, LOSSES, OPTIMIZERS) for n in table}
        raise UnknownNameError("what the gradient is of", name, [*valid, "2-3-2-3"])
    if len(found) > 1 and len(inspect.signature(function).parameters) > 1:
        return found[1]
    return found[0]


def plain_function(function: Function, gradient: Function) -> Landscape:
    """A function of coordinates f(x, y), or of one vector f(x), as a landscape."""
    names, many = coordinate_names(function)
    counts: Sequence[int] = (len(names),) if len(names) > 1 and not many else (2, 3, 4, 5, 1)
    pages = [page for n in counts if (page := _page(function, n)) is not None]
    fitting = [page for page in pages if _returns(gradient, page.dimension)]
    page = next(iter(fitting or pages), None) or page_of(function)
    return Landscape(page.__name__, page, dimension=page.dimension, start=(1.0,) * page.dimension)


def _page(function: Function, n: int) -> Page | None:
    try:
        return page_of(function, n)
    except UsageError:
        return None


def _returns(gradient: Function, n: int) -> bool:
    """Whether the gradient, called with one vector of n entries, returns as many."""
    try:
        return bool(np.size(gradient(0.5 + 0.25 * np.arange(n))) == n)
    except (Exception, SystemExit):  # a gradient of another number of coordinates
        return False


def check_rule(function: Function, subject: Any, *, seed: int = 0, tolerance: float | None = None) -> Verdict:
    """The verdict on a landscape's gradient, an activation's slope, a loss's delta or an optimizer's step."""
    from fallline.checks.subjects import landscape, optimizer

    observed = Observed()
    try:
        if isinstance(subject, Landscape):
            verdict = landscape.check(function, subject, seed, tolerance, observed)
        elif isinstance(subject, Optimizer):
            verdict = optimizer.check(function, subject, seed, tolerance, observed)
        elif isinstance(subject, Activation):
            verdict = _slope(function, subject, seed, tolerance or TOLERANCE, observed)
        elif isinstance(subject, Loss):
            verdict = _delta(function, subject, seed, tolerance or TOLERANCE, observed)
        else:
            raise UsageError(f"a gradient is of a network, landscape, activation, loss or optimizer; got {subject!r}.")
    except Misbehaviour as misbehaviour:
        return Verdict(misbehaviour.status, name_of(function), repr(subject), str(misbehaviour))
    except OwnCodeError as error:
        return Verdict("unchecked", name_of(function), repr(subject), str(error))
    return verdict


def _slope(function: Function, subject: Activation, seed: int, tolerance: float, observed: Observed) -> Verdict:
    z = 8 * random.uniform(seed, "slope check", POINTS) - 4
    right = np.broadcast_to(np.asarray(subject.slope(z), dtype=float), z.shape)
    h = 1e-30
    independent = np.asarray(subject.function(z + 1j * h)).imag / h
    reference = np.abs(independent - right).max()
    if not reference <= 1e-7 * max(1.0, np.abs(right).max()):
        raise Misbehaviour(
            f"the slope of {subject.name} disagrees with complex step by {reference:.1e}, so nothing can be said."
        )
    got = _array(call(function, [z], {}, ["z"], observed), z.shape, function)
    network = Network.of("1-1-1", activation=subject)
    a = subject.function(z)
    scope = {"network": network, "kept": [Kept(z, z), Kept(a, None)], "l": 2, "it": right}
    candidates = [f for f in FAULTS.values() if f.symbol == "D" and f.when(network, 1)]
    return _judged(
        function, f"the slope of {subject.name}", "slope", [(got, right, scope, {})], candidates, tolerance, observed,
        f"complex step agrees to {reference:.1e} on {POINTS} points",
        [f"Points within {np.abs(z).min():.1g} of 0 were not tried."] if not subject.analytic else [], ("negated",),
    )  # fmt: skip


def _delta(function: Function, subject: Loss, seed: int, tolerance: float, observed: Observed) -> Verdict:
    network = Network.of("3-3", loss=subject)
    cases = []
    reference = 0.0
    for group in draw(network, seed=seed):
        Z, T = 2 * group.X[0], group.T[0]
        right = subject.delta(Z, T)
        for k in range(Z.shape[-1]):
            h = 1e-30 * np.eye(Z.shape[-1])[k]
            slope = np.asarray(subject.value(Z + 1j * h, T)).imag / 1e-30
            reference = max(reference, float(np.abs(slope - right[:, k]).max()))
        got = _array(call(function, [Z, T], {}, ["Z", "T"], observed), Z.shape, function)
        scope = {"network": network, "Z": Z, "T": T, "it": right}
        cases.append((got, right, scope, {c: c.data(group) for c in conventions(network)}))
    if not reference <= 1e-7:
        raise Misbehaviour(
            f"the delta of {subject.name} disagrees with complex step by {reference:.1e}, so nothing can be said."
        )
    candidates = [f for f in FAULTS.values() if f.symbol == "delta" and f.when(network, 1)]
    return _judged(
        function, f"the delta of {subject.name}", "delta", cases, candidates, tolerance, observed,
        f"complex step agrees to {reference:.1e}", [], (),
    )  # fmt: skip


Case = tuple[Any, Any, Mapping[str, Any], Mapping[Any, float]]


def _judged(
    function: Function, what: str, block: str, cases: Sequence[Case], candidates: Sequence[Fault], tolerance: float,
    observed: Observed, reference: str, uncovered: Sequence[str], other: Sequence[str],
) -> Verdict:  # fmt: skip
    """Right in a convention; else the fault of the catalogue, in the same words as in a network, that gives the numbers."""
    name = name_of(function)
    for k, (got, *_) in enumerate(cases):
        bad = np.argwhere(~np.isfinite(got))
        if len(bad):
            place = ", ".join(map(str, bad[0]))
            raise Misbehaviour(f"{name} returns {got[tuple(bad[0])]} at [{place}] of case {k + 1}.", "wrong")
    plain = next(iter(cases[0][3]), None)
    for convention in cases[0][3] or (plain,):
        errors = [_relative(got, right * f.get(convention, 1)) for got, right, _, f in cases]
        if max(errors) <= tolerance:
            said = "right" if convention is None or convention.declared else f"right, as the gradient of {convention}"
            return _verdict("right", f"{name} is {said}.", name, what, block, cases, tolerance, reference, uncovered)
    found = []
    for fault in candidates:
        values = [_value(fault, scope, right.shape) for _, right, scope, _ in cases]
        for convention in cases[0][3] or (plain,):
            pairs = zip(cases, values, strict=True)
            if all(v is not None and _relative(c[0], v * c[3].get(convention, 1)) <= tolerance for c, v in pairs):
                found.append(fault)
                break
    if not found:
        got, right = cases[0][:2]
        worst = np.unravel_index(np.abs(got - right).argmax(), got.shape)
        ratio = got / np.where(right == 0, np.nan, right)
        constant = float(np.nanmedian(ratio))
        where = f"its largest error is at {_at(cases[0][2], worst)}: {got[worst]:.6g} for {right[worst]:.6g}"
        if np.nanmax(np.abs(ratio - constant)) < 1e-8 * max(1, abs(constant)):
            where = f"it is {constant:.6g} times what it should be, everywhere"
        sentence = f"{name} is wrong as {what}, and no known fault explains it: {where}."
        return _verdict("wrong", sentence, name, what, block, cases, tolerance, reference, uncovered, (where,))
    faults = [f.sentence.replace(" of layer {l}", "").replace(" in the delta", "").format(l="", k="") for f in found]
    return _verdict(
        "wrong", f"{name} is wrong as {what}: {faults[0]}.", name, what, block, cases, tolerance, reference, uncovered,
        (), (faults[0],), (found[0].cure.format(l="", k=""),), tuple(faults[1:]),
    )  # fmt: skip


def _verdict(
    status: Any, sentence: str, name: str, what: str, block: str, cases: Sequence[Case], tolerance: float,
    reference: str, uncovered: Sequence[str], findings: tuple[str, ...] = (), faults: tuple[str, ...] = (),
    cures: tuple[str, ...] = (), others: tuple[str, ...] = (),
) -> Verdict:  # fmt: skip
    absolute = max(float(np.abs(got - right).max()) for got, right, *_ in cases)
    relative = max(_relative(got, right) for got, right, *_ in cases)
    count = sum(right.size for _, right, *_ in cases)
    comparison = Comparison(Block((block, "")), absolute, relative, relative <= tolerance)
    evidence = f"The textbook's formula with this fault in it gives the same {count} numbers." if faults else ""
    return Verdict(
        status, name, what, sentence, blocks=(comparison,) if status != "right" else (), faults=faults, cures=cures,
        evidence=evidence, others=others, findings=findings, uncovered=tuple(uncovered), reference=(reference,),
    )  # fmt: skip


def _value(fault: Fault, scope: Mapping[str, Any], shape: tuple[int, ...]) -> Any:
    """What the formula gives with that fault in it, or None where it cannot stand alone."""
    names = {**vars(operations), "ACTIVATIONS": ACTIVATIONS, "LOSSES": losses.LOSSES, **scope}
    try:
        with np.errstate(all="ignore"):
            value = eval(fault.rewriting.put, names)  # noqa: S307  # the catalogue's own source
        value = np.broadcast_to(np.asarray(value, dtype=float), shape)
    except (NameError, AttributeError, IndexError, TypeError, ValueError):
        return None
    return value if np.isfinite(value).all() else None


def _relative(got: Any, right: Any) -> float:
    return float(np.abs(got - right).max() / (np.abs(right).max() or 1.0))


def _at(scope: Mapping[str, Any], place: Any) -> str:
    if "Z" in scope:
        return f"sample {place[0]}, output {place[1]}"
    return f"z = {scope['kept'][0].Z[place]:.4g}"


def _array(result: Any, shape: tuple[int, ...], function: Function) -> Any:
    try:
        array = np.asarray(result, dtype=float)
    except (TypeError, ValueError):
        raise Misbehaviour(f"{name_of(function)} must return numbers; it returns {type(result).__name__}.") from None
    if array.shape != shape and array.size != 1:
        raise Misbehaviour(
            f"{name_of(function)} must return an array of shape {shape}; it returns {array.shape}.", "wrong"
        )
    return np.broadcast_to(array, shape)

"""Hypotheses: the calls that a function may want, the likeliest first."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fallline.checks.calling.arguments import Helper
from fallline.checks.calling.call import Call, Stage
from fallline.checks.calling.calls import MisbehaviourError, SideEffects
from fallline.checks.calling.containers import Container, containers
from fallline.checks.calling.layouts import layouts
from fallline.checks.calling.point import Form, Point, Quantity
from fallline.checks.calling.roles import BIASES, PARAMETERS, VELOCITY, WEIGHTS
from fallline.checks.calling.signatures import Signature, helper_of, signatures
from fallline.checks.calling.surroundings import Surroundings, surroundings_of
from fallline.checks.calling.templates import (
    Holder,
    Template,
    globals_of,
    instances_of,
    templates_of,
    without_weights,
)
from fallline.checks.calling.usage import Usage, mentions, names_read, takes_one_sample, usage_of
from fallline.textbook.network import Network

__all__ = ["hypotheses"]

LATER = 20
"""Cost of what is tried only when all else has failed: one sample at a time."""

FOREIGN = 3
"""Cost of the arrays of a library that the file imports."""

SOON = 5
"""Cost of one sample at a time where the source speaks of one sample."""

JOINED = 4
"""Cost of biases apart from the weights where the source adds ones to the inputs."""

MOST_FORMS = 8
"""How many forms are tried for the arguments of a constructor."""


def hypotheses(function: Callable[..., Any], point: Point) -> Iterator[Call]:
    """The calls, the likeliest first.

    Raises
    ------
    MisbehaviourError
        If the names of the parameters do not say what they mean, or no instance can be made.
    """
    surroundings = surroundings_of(function)
    network = point.network
    alone = SOON if takes_one_sample(function) else LATER
    apart = JOINED if mentions(function, "ones") else 0
    forms = sorted(
        _forms(network, surroundings, alone, apart, mentions(function, "matrix", "mat", "asmatrix")),
        key=lambda costed: costed[0],
    )
    held = _held(function, surroundings, point, [form for _, form in forms])
    templates: list[Container] = []
    if any(_needs(PARAMETERS, signature) for _, signature, _ in held):
        stage = _stage(function, point, forms[0][1])
        templates = [(k, "template", t) for k, t in enumerate(templates_of(surroundings, network, stage))]
    calls = []
    for holder, signature, prelude in held:
        offered = {
            joined: list(_contained(function, signature, surroundings, network, joined, templates))
            for joined in (False, True)
        }
        for cost, form in forms:
            for more, chosen in offered[form.layout.joined]:
                total = cost + more + 2 * signature.cost + 3 * bool(prelude)
                calls.append(Call(function, network, signature, form, chosen, holder, prelude, total))
    yield from sorted(calls, key=lambda call: call.cost)


def _forms(
    network: Network, surroundings: Surroundings, alone: int, apart: int, matrices: bool
) -> Iterator[tuple[int, Form]]:
    targets = {"rows": 0}
    if network.loss.targets in ("classes", "labels") and network.sizes[-1] > 1:
        targets |= {"numbers": 1, "numbers from 1": 3, "column of numbers": 4, "column of numbers from 1": 5}
    if network.sizes[-1] == 1:
        targets["flat"] = 1
    libraries = ["numpy", *(library for library in ("torch", "jax") if surroundings.imports(library))]
    libraries += ["torch with gradients"] if "torch" in libraries else []
    libraries += ["matrix"] if matrices else []
    for (cost, layout), (form, more), library, sample in itertools.product(
        layouts(network), targets.items(), libraries, ("", "vector", "matrix")
    ):
        later = alone * bool(sample) + FOREIGN * (library != "numpy") + (sample == "matrix" and not layout.columns)
        later += 0 if layout.joined else apart
        if sample == "vector" and layout.columns:
            continue
        yield cost + more + later, Form(layout, form, sample, library)


def _contained(
    function: Callable[..., Any],
    signature: Signature,
    surroundings: Surroundings,
    network: Network,
    joined: bool,
    templates: Sequence[Container],
) -> Iterator[tuple[int, tuple[tuple[Quantity, Container], ...]]]:
    """The containers of all roles that the signature has, with their cost."""
    roles = [role for role in (PARAMETERS, WEIGHTS, BIASES, VELOCITY) if _needs(role, signature)]
    if joined and (
        BIASES in roles or any(isinstance(a.pattern, Quantity) and a.pattern.kind == "b" for a in signature.arguments)
    ):
        return
    own = {PARAMETERS: [] if joined else [(PARAMETERS, t) for t in templates]}
    usages = {role: _usage(role, function, signature, surroundings) for role in roles}
    offered = [
        [*own.get(role, []), *((role, c) for c in containers(role, usages[role], network, joined))] for role in roles
    ]
    for chosen in itertools.product(*offered):
        by_role = {role: family for role, (_, family, _) in chosen}
        if VELOCITY in by_role and by_role[VELOCITY] != by_role.get(PARAMETERS):
            continue
        yield sum(cost for _, (cost, _, _) in chosen), chosen


def _needs(role: Quantity, signature: Signature) -> bool:
    patterns = [a.pattern for a in signature.arguments]
    patterns += [a.pattern for helper in signature.helpers for a in helper.arguments]
    return role in patterns


def _usage(role: Quantity, function: Callable[..., Any], signature: Signature, surroundings: Surroundings) -> Usage:
    """How the argument of that role is used, by the function and by the helpers that get it too."""
    functions = [(function, signature.arguments), *((h.function, h.arguments) for h in signature.helpers)]
    usage = Usage()
    for user, arguments in functions:
        for argument in arguments:
            if argument.pattern == role:
                usage.add(usage_of(user, argument.name, surroundings.functions))
    return usage


_Held = tuple[Holder | None, Signature, tuple[Helper, ...]]


def _held(function: Callable[..., Any], surroundings: Surroundings, point: Point, forms: Sequence[Form]) -> list[_Held]:
    """What holds the weights, with the signatures that go with it."""
    network = point.network
    if surroundings.owner is None:
        elsewhere = globals_of(function, surroundings, network)
        try:
            held: list[_Held] = [(None, s, ()) for s in signatures(function, surroundings, network)]
        except MisbehaviourError:
            if elsewhere is None:
                raise
            held = []
        if elsewhere is not None:
            held += [(elsewhere, s, ()) for s in signatures(function, surroundings, network, weights_elsewhere=True)]
        return held
    preludes = [(), *((helper,) for helper in _preludes(function, surroundings, network))]
    try:
        instances = _instances(function, surroundings, point, forms)
    except MisbehaviourError:
        bare = without_weights(surroundings, network, _stage(function, point, forms[0]))
        if bare is None:
            raise
        try:
            with_weights = signatures(function, surroundings, network)
        except MisbehaviourError:
            with_weights = []
        if not with_weights:
            raise
        return [(bare, s, ()) for s in with_weights]
    known = signatures(function, surroundings, network, weights_elsewhere=True)
    return [(instance, s, prelude) for instance in instances for s in known for prelude in preludes]


def _instances(
    function: Callable[..., Any], surroundings: Surroundings, point: Point, forms: Sequence[Form]
) -> list[Template]:
    """Instances of the function's class; its constructor may want samples, in one of the forms."""
    problem: MisbehaviourError | None = None
    for form in forms[:MOST_FORMS]:
        try:
            return instances_of(surroundings, point.network, _stage(function, point, form))
        except MisbehaviourError as misbehaviour:
            problem = problem or misbehaviour
    assert problem is not None
    raise problem


def _stage(function: Callable[..., Any], point: Point, form: Form) -> Stage:
    """The scene in which instances are made."""
    return Stage(point, form, Call(function, point.network, Signature((), 0), form), SideEffects())


def _preludes(function: Callable[..., Any], surroundings: Surroundings, network: Network) -> Sequence[Helper]:
    """The forward methods that may have to be called first."""
    read = names_read(function, {}, 0)
    helpers = []
    for name, forward in surroundings.forwards().items():
        if name in read or not surroundings.is_method(forward) or name == getattr(function, "__name__", ""):
            continue
        helpers.append(helper_of(forward, surroundings, network, True))
    return [helper for helper in helpers if helper is not None]

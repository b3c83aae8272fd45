"""Signatures: what a function's parameters may mean, the likeliest first.

Names say most of it. A parameter that the names leave open may be what the user's own forward pass returns, or what is
still missing of parameters, X and T.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fallline.checks.calling.arguments import Argument, Helper, Made, patterns_for
from fallline.checks.calling.calls import MisbehaviourError, name_of
from fallline.checks.calling.patterns import Constant, Pattern, quantities_in
from fallline.checks.calling.point import Quantity
from fallline.checks.calling.roles import BIASES, PARAMETERS, RATE, RATES, WEIGHTS, meanings, plain
from fallline.checks.calling.spellings import spelling
from fallline.checks.calling.surroundings import Surroundings
from fallline.checks.calling.unknown_names import by_position, inside
from fallline.checks.calling.usage import parameter_names
from fallline.textbook.network import Network

__all__ = ["Signature", "helper_of", "signatures"]

MOST = 24
"""How many meanings of one signature are tried."""

_USUAL = (PARAMETERS, Quantity("X"), Quantity("T"))
_INSTEAD = (Quantity("Y"), Quantity("D"))
"""What a function may get instead of the weights."""


@dataclass(frozen=True)
class Signature:
    """One meaning of all parameters.

    Parameters
    ----------
    arguments
        The parameters that are passed.
    cost
        How unlikely the meaning is.
    rate
        The learning rate that the function gets, or has by default; None if it has none.
    """

    arguments: tuple[Argument, ...]
    cost: int
    rate: float | None = None

    @property
    def helpers(self) -> list[Helper]:
        """The helpers whose values it needs."""
        return list(dict.fromkeys(a.pattern.helper for a in self.arguments if isinstance(a.pattern, Made)))


def signatures(
    function: Callable[..., Any], surroundings: Surroundings, network: Network, *, weights_elsewhere: bool = False,
    weightless: bool = False, deep: bool = True,
) -> list[Signature]:  # fmt: skip
    """The meanings that the function's parameters may have.

    Parameters
    ----------
    weights_elsewhere
        Whether the weights are in an instance or in global values, so that no parameter needs to get them.
    weightless
        Whether the function may do without weights, as a loss of outputs and targets does.
    deep
        Whether values of the user's forward pass are considered.

    Raises
    ------
    MisbehaviourError
        If no meaning is found for some parameter.
    """
    names = parameter_names(function)
    if names is None:
        return [Signature(tuple(Argument(q.kind, q) for q in _USUAL), 0)]
    required, defaults = [n for n in names[0] if n != "self"], names[1]
    known = meanings([*required, *defaults], network, defaults)
    helpers = _helpers(function, surroundings, network) if deep else []
    choices = [
        list(enumerate(patterns_for(name, known[name], helpers, function, surroundings, network))) for name in required
    ]
    choices = _with_known_names(required, choices, network)
    filled = _filled(required, choices, weights_elsewhere or weightless)
    options = _options(defaults, known, required)
    rate = _rate(required, defaults)
    found: list[Signature] = []
    for combination in (*_combinations(filled), *_by_position(choices, network)):
        patterns = [p for _, p in combination]
        if (
            weightless
            or _has_weights(patterns)
            or weights_elsewhere
            or any(isinstance(p, Made) or p in _INSTEAD for p in patterns)
        ):
            passed = tuple(Argument(n, p) for n, p in zip(required, patterns, strict=True))
            extra = tuple(Argument(n, p, keyword=True) for n, p in options.items() if p not in patterns)
            found.append(Signature(passed + extra, sum(k for k, _ in combination), rate))
    if not weightless and len(required) == 3 and not any(PARAMETERS in [p for _, p in choice] for choice in choices):
        usual = tuple(Argument(n, q) for n, q in zip(required, _USUAL, strict=True))
        extra = tuple(Argument(n, p, keyword=True) for n, p in options.items())
        found.append(Signature(usual + extra, 2 if found else 0, rate))
    if not found:
        raise MisbehaviourError(_why_not(function, required, choices))
    return sorted(found, key=lambda s: s.cost)[:MOST]


def _helpers(function: Callable[..., Any], surroundings: Surroundings, network: Network) -> list[Helper]:
    """The user's forward functions whose own parameters are understood."""
    helpers = []
    for forward in surroundings.forwards().values():
        method = surroundings.is_method(forward)
        if forward is function or getattr(forward, "__name__", "") == getattr(function, "__name__", ""):
            continue
        helpers.append(helper_of(forward, surroundings, network, method))
    return [helper for helper in helpers if helper is not None]


def helper_of(forward: Callable[..., Any], surroundings: Surroundings, network: Network, method: bool) -> Helper | None:
    """A forward function of the user's in its likeliest meaning; None if its parameters are not understood."""
    try:
        own = signatures(forward, surroundings, network, weights_elsewhere=method, deep=False)
    except MisbehaviourError:
        return None
    return Helper(forward, own[0].arguments, method)


def _filled(
    required: Sequence[str], choices: list[list[tuple[int, Pattern]]], weights_elsewhere: bool
) -> list[list[tuple[int, Pattern]]]:
    """The choices, with what is missing of parameters, X and T for the parameters whose names are unknown."""
    unknown = [k for k, choice in enumerate(choices) if not choice]
    offered = [q for choice in choices for _, p in choice for q in (p, *quantities_in(p))]  # some cannot be hashed
    weights = _has_weights(offered) or weights_elsewhere
    missing = [q for q in _USUAL if q not in offered and not (q == PARAMETERS and weights)]
    if not unknown or len(unknown) > len(missing) or len(unknown) < len(missing) - 1:
        return choices
    filled = list(choices)
    for place, k in enumerate(unknown):
        order = sorted(range(len(missing)), key=lambda j: abs(j - place))
        filled[k] = [(1 + cost, missing[j]) for cost, j in enumerate(order)]
    return filled


def _with_known_names(
    required: Sequence[str], choices: list[list[tuple[int, Pattern]]], network: Network
) -> list[list[tuple[int, Pattern]]]:
    """The choices, with those of known names inside the names that are unknown."""
    words = {n: w for n, choice in zip(required, choices, strict=True) if not choice and (w := inside(n))}
    if not words or len({*words.values(), *required}) < len(words) + len(required):
        return choices
    known = meanings([words.get(n, n) for n in required], network)
    return [choice or list(enumerate(known[words.get(n, n)])) for n, choice in zip(required, choices, strict=True)]


def _by_position(
    choices: list[list[tuple[int, Pattern]]], network: Network
) -> Iterator[tuple[tuple[int, Pattern], ...]]:
    """Combinations in which the parameters with unknown names get the samples and blocks that are missing."""
    unknown = [k for k, choice in enumerate(choices) if not choice]
    offered = [choice[0][1] for choice in choices if choice]
    for cost, patterns in enumerate(by_position(len(unknown), offered, network) if unknown else (), start=1):
        filled = dict(zip(unknown, patterns, strict=True))
        yield tuple((cost, filled[k]) if k in filled else choice[0] for k, choice in enumerate(choices))


def _combinations(choices: list[list[tuple[int, Pattern]]]) -> Iterator[tuple[tuple[int, Pattern], ...]]:
    """The combinations in which no quantity comes twice."""
    for combination in itertools.islice(itertools.product(*choices), 400):
        quantities = [p for _, p in combination if isinstance(p, Quantity)]
        if len(set(quantities)) == len(quantities):
            yield combination


def _options(
    defaults: dict[str, Any], known: dict[str, tuple[Pattern, ...]], required: Sequence[str]
) -> dict[str, Pattern]:
    """The optional parameters that are passed: weights, samples, the penalty, and the number of steps."""
    passed: dict[str, Pattern] = {}
    for name in defaults:
        for pattern in known[name]:
            if isinstance(pattern, Quantity) and pattern.kind in (
                "X",
                "T",
                "W",
                "b",
                "l2",
                "parameters",
                "weights",
                "biases",
            ):
                if not any(pattern in known[n] for n in required):
                    passed[name] = pattern
                break
            if isinstance(pattern, Constant) and pattern.value == 1 and plain(name) not in RATES:
                if isinstance(defaults[name], int) and not isinstance(defaults[name], bool):
                    passed[name] = pattern
                break
    return passed


def _rate(required: Sequence[str], defaults: dict[str, Any]) -> float | None:
    for name in required:
        if plain(name) in RATES:
            return RATE
    for name, value in defaults.items():
        if plain(name) in RATES and isinstance(value, int | float):
            return float(value)
    return None


def _has_weights(patterns: Any) -> bool:
    kinds = {p.kind for p in patterns if isinstance(p, Quantity)}
    return bool(kinds & {"W", PARAMETERS.kind, WEIGHTS.kind, BIASES.kind})


def _why_not(function: Callable[..., Any], required: Sequence[str], choices: list[list[tuple[int, Pattern]]]) -> str:
    """Why no meaning was found."""
    name = name_of(function)
    gradients = [n for n in required if (s := spelling(n)) is not None and s.kind in "Wb" and s.marked]
    if gradients:
        return (
            f"{name} takes gradients ({', '.join(gradients)}), as an optimizer's step does. "
            "Check it as one: --of gradient_descent, --of momentum or --of adam."
        )
    for parameter, choice in zip(required, choices, strict=True):
        if not choice:
            return (
                f"{name} has a parameter {parameter!r} whose meaning is unknown. Known names are parameters, X (data), "
                "T (targets), Y (outputs), W1, b1, ..., V and c (last layer), H1 or A1, Z1, m, l2; "
                "or write gradient(parameters, X, T)."
            )
    quantities = [choice[0][1] for choice in choices if isinstance(choice[0][1], Quantity)]
    twice = next((q for q in quantities if quantities.count(q) > 1), None)
    if twice is not None:
        both = " and ".join(repr(n) for n, c in zip(required, choices, strict=True) if c[0][1] == twice)
        return f"{name} has two parameters that both seem to be {twice}: {both}. Rename one."
    return (
        f"{name} has no parameter that gets the weights; it has {', '.join(required) or 'no parameters'}. "
        "Write gradient(parameters, X, T), or name them W1, b1, W2, b2 and so on."
    )

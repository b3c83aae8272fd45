"""The sentences of runs that a page trains: Python's own, traced, with what their facts are found by."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fallline.lab.resolved_state import ResolvedState
from fallline.live.answers import finite_layers
from fallline.measures.outcome import OUTCOMES
from fallline.problems.curvature import DIFFERENCE, DISTANCES, LEAST_FALL, falls_along, stable_learning_rate
from fallline.problems.deaths import TOLD, all_dead, dead_layer, dead_unit
from fallline.readings.machine.layout import Measure
from fallline.readings.portable import Program, Trace, sentences
from fallline.runs.columns import statistics
from fallline.runs.evidence import LOOKS, goes_against, known_beforehand, of_statistics
from fallline.runs.explain import accuracy, ending

__all__ = ["describe_causes"]

Json = dict[str, Any]

WHOLE = ("steps", "window", "rises", "diverged_at", "overflowing_layer")
TRUTHS = (
    "hardly_moved", "above_start", "gradient_is_nan", "gradient_is_known", "gradient_is_small", "gradient_is_zero", "goes_back",
    "moved", "never_below_start", "has_dead_units", "falls", "falls_upward", "share_is_stuck",
)  # fmt: skip
REAL = (
    "first_loss", "last_loss", "loss_there", "largest_norm", "last_norm", "window_first", "window_low", "window_high", "change",
    "ranged", "spread", "learning_rate", "momentum", "low", "high", "low_at_start", "high_at_start", "share",
)  # fmt: skip
"""The facts of a run that a page finds by itself, by kind."""


class _Facts:
    """What the sentences of `runs.explain` read, as numbers of a trace."""

    trouble = "{trouble}"
    """A text that the page puts in."""

    def __init__(self, trace: Trace, beforehand: Json, parts: Json) -> None:
        self.beforehand, self.parts = beforehand, parts
        self.__dict__.update(beforehand)
        for names, kind in ((WHOLE, int), (TRUTHS, bool), (REAL, float)):
            self.__dict__.update({name: trace.number(name, kind) for name in names})

    def __getattr__(self, name: str) -> Any:  # those of the dictionary
        raise AttributeError(name)

    def part(self, write: Callable[..., str], **how: Any) -> str:
        """The place of a part, which is traced when it is asked for first."""
        name = "_".join([write.__name__, *how])
        if name not in self.parts:
            trace = Trace(exact=False)
            facts = _Facts(trace, self.beforehand, self.parts)
            self.parts[name] = sentences(trace, lambda: write(facts, **how))
        return f"{{{name}}}"

    @property
    def bound_at_end(self) -> Any:
        return stable_learning_rate(self.optimizer, self.high, self.momentum)

    @property
    def bound_at_start(self) -> Any:
        return stable_learning_rate(self.optimizer, self.high_at_start, self.momentum)


def describe_causes(resolved: ResolvedState) -> Json:
    """Everything that a page needs to say why a run ended as it did.

    Returns
    -------
    endings, accuracy, parts
        The sentences of `runs.explain`: how a run ended, by the kind that the curves show, with the kind that it has then; and how
        many samples are right. "{name}" in a text is a number, one of the "parts", or "trouble", which the page knows.
    dead_layer, dead_unit, all_dead
        Those of `problems.deaths`, by the number of texts for the last; `told`: how many are told at most.
    statistics
        The facts that the kernel's columns tell.
    goes_against, falls_along, finite
        The rules of facts that the page finds; the last one for networks alone.
    looks, difference, distances, least_fall
        How far the accuracy is watched, and how curvature is measured.
    """
    spec, net = resolved.spec, resolved.network
    beforehand = known_beforehand(
        spec.objective, spec.method, spec.batch is not None, spec.dtype, full_loss=spec.full_loss
    )
    parts: Json = {}
    return {
        "endings": {kind: _traced(partial(ending, kind), beforehand, parts) for kind in OUTCOMES},
        "accuracy": _traced(accuracy, beforehand, parts),
        "parts": parts,
        "dead_layer": _of_numbers(dead_layer, "layer", "units", "step"),
        "dead_unit": _of_numbers(dead_unit, "layer", "unit", "step"),
        "all_dead": [_all_dead(count) for count in range(1, TOLD + 1)],
        "told": TOLD,
        "statistics": _statistics(spec.dtype).as_data(),
        "goes_against": _goes_against().as_data(),
        "falls_along": _falls_along().as_data(),
        "finite": None if net is None else finite_layers(net, spec.dtype).as_data(),
        "looks": LOOKS,
        "difference": DIFFERENCE,
        "distances": DISTANCES.tolist(),
        "least_fall": LEAST_FALL,
    }


def _traced(write: Callable[[Any], Any], beforehand: Json, parts: Json) -> Json:
    trace = Trace(exact=False)
    facts = _Facts(trace, beforehand, parts)
    return sentences(trace, lambda: write(facts))


def _of_numbers(write: Any, *names: str) -> Json:
    trace = Trace()
    numbers = [trace.number(name) for name in names]
    return sentences(trace, lambda: write(*numbers))


def _all_dead(count: int) -> Json:
    trace = Trace()
    more, died, l2 = trace.number("more"), trace.number("died"), trace.number("l2", float)
    texts = [f"{{text{k}}}" for k in range(count)]
    return sentences(trace, lambda: all_dead(texts, more, died, l2))


def _statistics(dtype: str) -> Program:
    trace = Trace()
    columns: Any = np.stack([trace.column(measure.name.lower(), dtype) for measure in Measure])
    return trace.program(of_statistics(statistics(columns, trace.number("steps"), 0)))


def _goes_against() -> Program:
    trace = Trace(exact=False)
    given = (trace.column(name, np.float64) for name in ("product", "size", "before"))
    return trace.program({"against": goes_against(*given)})


def _falls_along() -> Program:
    trace = Trace()
    losses = trace.columns("losses", np.float64, len(DISTANCES))
    return trace.program({"falls": falls_along(losses, trace.number("here", float), trace.number("enough", float))})

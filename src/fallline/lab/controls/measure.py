"""The meaning of the map's colours, and every outcome, as the page draws them."""

from __future__ import annotations

from typing import Any

from fallline.lab.resolved_state import ResolvedState
from fallline.maps.film import played
from fallline.measures.measure import Measure
from fallline.measures.outcome import RULES
from fallline.problems import Objective
from fallline.sentences import sentence
from fallline.views.words import minima_words

__all__ = ["colours_of", "describe_measure", "describe_outcomes"]

Json = dict[str, Any]


def describe_measure(resolved: ResolvedState) -> Json:
    """The meaning of the map's colours; the names are those of `Measure`. `played`: whether a film of the map shows it."""
    wanted = resolved.spec.measures[0]
    filmed = played(resolved.spec) is wanted.measure
    return colours_of(wanted.measure, resolved.objective) | {"label": wanted.label, "played": filmed}


def colours_of(m: Measure, objective: Objective) -> Json:
    """The meaning of the colours of a measure, whatever its target is."""
    names = minima_words(objective) if m.kind == "minima" else ()
    return {"name": m.name, "label": m.label, "kind": m.kind, "log": m.log, "blank": m.blank,
            "lost_word": m.lost_word, "better": m.better, "names": list(names)}  # fmt: skip


def describe_outcomes() -> list[Json]:
    """Every outcome, at the place that tiles have for it; the names are those of `Rule`."""
    rules = sorted(RULES, key=lambda rule: rule.place)
    return [{"name": r.kind, "meaning": sentence(r.definition), "hatch": r.hatch, "failed": r.failed} for r in rules]

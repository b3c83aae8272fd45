"""What the colours of the map mean."""

from __future__ import annotations

from typing import Any

from fallline.lab.plan import Plan
from fallline.views.words import measure_word

__all__ = ["describe_measure"]


def describe_measure(plan: Plan) -> dict[str, Any]:
    """What the colours of the map mean."""
    name = plan.state.map.measure
    kind = {"outcome": "outcomes", "convergence": "ranks"}.get(name, "values")
    word = f"steps to loss {plan.spec.target:g}" if name == "steps_to" else measure_word(name)
    log = False if name in ("diverged_at", "accuracy", "diverged", "steps_to") else None
    return {"name": name, "label": word, "kind": kind, "log": log,
            "lost_word": "never reached" if name == "steps_to" else "diverged"}  # fmt: skip

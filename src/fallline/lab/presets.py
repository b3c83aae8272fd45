"""Examples to begin with, as parts of a state, and the colours of the page."""

from __future__ import annotations

from functools import cache
from typing import Any

from fallline.views.pictures.theme import THEMES, oklab_ramp

__all__ = ["PRESETS", "themes"]

Json = dict[str, Any]


def _axis(name: str, low: float, high: float, scale: str = "linear") -> Json:
    return {"name": name, "low": low, "high": high, "scale": scale}


PRESETS: list[Json] = [
    {"label": "The edge of training is a fractal", "picture": "example-fractal.png",
     "meaning": "Blue trains, orange diverges: zoom into the border as deep as you like.", "state": {
        "objective": {"kind": "network", "units": [2, 8, 2], "activations": ["tanh"], "loss": "squared_error",
                      "reduction": "mean", "bias": False},
        "data": {"kind": "generated", "name": "moons", "samples": 12}, "optimizer": "gradient_descent",
        "settings": {"learning_rate": 0.1}, "start": None, "steps": 200, "dtype": "float64",
        "map": {"x": _axis("learning_rate.1", 0.05, 500, "log"), "y": _axis("learning_rate.2", 0.02, 2, "log"),
                "measure": "convergence"},
    }},
    {"label": "Two spirals, a wider network", "picture": "example-spirals.png",
     "meaning": "How much of the spirals Adam learns, over rate and momentum.", "state": {
        "objective": {"kind": "network", "units": [2, 10, 10, 2], "activations": ["tanh", "tanh"], "reduction": "mean"},
        "data": {"kind": "generated", "name": "spirals", "samples": 40, "noise": 0.05}, "optimizer": "adam",
        "settings": {"learning_rate": 0.01}, "initial": "glorot_normal", "start": None, "steps": 200,
        "map": {"x": _axis("learning_rate", 1e-4, 1, "log"), "y": _axis("beta1", 0, 0.99), "measure": "accuracy"},
    }},
    {"label": "The notebook's four runs", "picture": "example-notebook.png",
     "meaning": "Four runs of a small network side by side: one of them loses a unit.", "state": {
        "pins": [{"x": 0.006, "y": 0.0}, {"x": 0.001, "y": 0.0}, {"x": 0.0065, "y": 0.0}, {"x": 0.001, "y": 0.9}],
    }},
    {"label": "Which valley? Himmelblau's four", "picture": "example-himmelblau.png",
     "meaning": "Every pixel is a start; its colour tells how well it ends.", "state": {
        "objective": {"kind": "landscape", "name": "himmelblau"}, "start": None, "steps": 200, "dtype": "float64",
        "settings": {"learning_rate": 0.004, "momentum": 0.9},
        "map": {"x": _axis("start.x", -5, 5), "y": _axis("start.y", -5, 5), "measure": "convergence"},
    }},
    {"label": "Rosenbrock: momentum over the learning rate", "picture": "example-rosenbrock-momentum.png",
     "meaning": "The banana valley: where momentum helps, and where it overshoots.", "state": {
        "objective": {"kind": "landscape", "name": "rosenbrock"}, "start": [0.86809884, -4.4326123],
        "steps": 180, "dtype": "float64",
        "map": {"x": _axis("learning_rate", 1e-6, 1e-2, "log"), "y": _axis("momentum", 0, 0.999)},
        "pins": [{"x": 8e-5, "y": 0.9}, {"x": 8e-5, "y": 0.7}, {"x": 1e-5, "y": 0.5}],
    }},
    {"label": "Rosenbrock: where gradient descent begins", "picture": "example-rosenbrock-starts.png",
     "meaning": "From which starts 100 steps come near the minimum.", "state": {
        "objective": {"kind": "landscape", "name": "rosenbrock"}, "optimizer": "gradient_descent",
        "settings": {"learning_rate": 0.002}, "start": None, "steps": 100, "dtype": "float64",
        "map": {"x": _axis("start.x", -2, 2), "y": _axis("start.y", -1, 3)},
    }},
    {"label": "Own formula", "picture": "example-formula.png",
     "meaning": "A landscape that you type: change a term and watch the basins move.", "state": {
        "objective": {"kind": "formula", "text": "sin(3*x) + cos(3*y) + (x^2 + y^2)/4"}, "optimizer": "momentum",
        "settings": {"learning_rate": 0.02, "momentum": 0.9}, "start": None, "steps": 150, "dtype": "float64",
        "map": {"x": _axis("start.x", -2, 2), "y": _axis("start.y", -2, 2)},
    }},
]  # fmt: skip
"""Entries of the page's menu of examples; `thumbnails` draws their pictures."""


@cache
def themes() -> Json:
    """Colours of the light and the dark page, ramps as 256 colours."""
    return {
        name: {
            "background": t.background, "ink": t.ink, "muted": t.muted, "faint": t.faint, "series": list(t.series),
            "heights": _ramp(t.heights), "values": _ramp(t.values), "diverged": _ramp(t.diverged),
            "outcomes": dict(t.outcomes),
        }
        for name, t in THEMES.items()
    }  # fmt: skip


def _ramp(colours: tuple[str, ...]) -> list[str]:
    return ["#" + "".join(f"{round(255 * c):02x}" for c in colour) for colour in oklab_ramp(colours, 256)]

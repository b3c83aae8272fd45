"""Prints hashes of maps, starts and data as JSON. With the word "wrong", C's and NumPy's functions err by a unit first.

Run as a script by `test_machine_independence.py`: every module must see the wrong functions from its first line on.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys

import numpy as np

MATH = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "cos",
    "cosh",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "gamma",
    "hypot",
    "lgamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "pow",
    "sin",
    "sinh",
    "tan",
    "tanh",
]
NUMPY = [
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cbrt",
    "cos",
    "cosh",
    "exp",
    "exp2",
    "expm1",
    "float_power",
    "geomspace",
    "hypot",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logspace",
    "power",
    "sin",
    "sinh",
    "tan",
    "tanh",
]


def one_unit_off(function):
    def wrong(*arguments, **options):
        right = function(*arguments, **options)
        if isinstance(right, float):
            return math.nextafter(right, math.inf)
        if isinstance(right, np.ndarray) and right.dtype.kind == "f":
            return np.nextafter(right, right.dtype.type(np.inf))
        return right  # symbols, traced scalars

    return wrong


class OnlyIntegers:
    """`RandomState` with nothing but the numbers that it makes from its integers without C's functions."""

    def __init__(self, seed):
        self.random_sample = RandomState(seed).random_sample


RandomState = np.random.RandomState


def spoil():
    for name in MATH:
        if hasattr(math, name):  # exp2 and cbrt came with Python 3.11
            setattr(math, name, one_unit_off(getattr(math, name)))
    for name in NUMPY:
        setattr(np, name, one_unit_off(getattr(np, name)))
    np.random.RandomState = OnlyIntegers
    np.dot = np.einsum = np.linalg.svd = np.linalg.eigh = None  # sums in an order of their own


def hashes():
    import fallline as fl
    from fallline.data.generated import GENERATED
    from fallline.data.standardize import Standardization
    from fallline.experiment.axis_text import axis
    from fallline.experiment.starts import draw_starts, notebook_uniform
    from fallline.formulas import formula_landscape, parse_formula
    from fallline.maps.fractal import fractal_spec
    from fallline.maps.map import compute_map
    from fallline.textbook.initial import INITIALS
    from fallline.textbook.schedules import SCHEDULES

    def of(array):
        return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]

    found = {}
    for text in ("learning_rate=1e-5..1e-2:log", "momentum=0..0.9", "learning_rate=1e-300..1e300:log:5-90/1000"):
        found[text] = of(axis(text, 300).values)
    rates = axis("learning_rate=1e-5..1e-2:log", 300)
    found["places"] = [rates.place(v) for v in (1e-5 + 9.9e-3 * np.arange(300) / 299).tolist()]
    for name in GENERATED:
        found[name] = of(fl.generate(name, samples=40, seed=3).X)
    data = fl.generate("three-gaussians")
    problem = fl.NetworkObjective(fl.Network.of("2-3-2-3"), data)
    found["seed study's data and start"] = of(data.X), of(fl.notebook_start(problem))
    found["notebook uniform"] = of(notebook_uniform(10, -1, 1.5, runs=30))
    for name in INITIALS:
        found[f"starts {name}"] = of(draw_starts(problem, 20, 5, initial=name))
    found["standardized"] = of(Standardization.of(data.X, ("a", "b"), "data")(data.X))
    found["constants"] = repr(parse_formula("exp(2)*x + sin(1) + cos(3) + log(7) + tanh(0.3) + 1.1^7 + 2^0.5"))
    maps = {
        "seed study": (
            problem,
            {"start": fl.notebook_start(problem)},
            "learning_rate=1e-4..2e-2:log",
            "momentum=0..0.99",
        ),
        "random starts": (problem, {"starts": 3, "batch": 7}, "seed=0..3", "learning_rate=1e-4..2e-2:log"),
        "formula": (formula_landscape("exp(2)*x^2 + 1.1^7*y^2"), {}, "start.x=-2..2", "learning_rate=1e-4..1e-2:log"),
    }
    for name, (objective, options, x, y) in maps.items():
        optimizer = "momentum" if "momentum" in y else "gradient_descent"
        found[name] = fl.map(objective, x=x, y=y, size=4, steps=12, optimizer=optimizer, **options).sha256
    gelu = fl.NetworkObjective(
        fl.Network.of("2-3-2", activation="gelu", loss="cross_entropy"), fl.generate("moons", samples=9)
    )
    for schedule in SCHEDULES:
        found[f"adam {schedule}"] = fl.map(
            gelu, x="learning_rate=1e-4..1e-1:log", y="seed=0..2", size=3, steps=12, optimizer="adam", schedule=schedule
        ).sha256
    found["fractal"] = compute_map(fractal_spec("tanh", size=2, steps=3, rows=2)).sha256
    return found


if __name__ == "__main__":
    if "wrong" in sys.argv:
        spoil()
        assert math.log(3) == math.nextafter(1.0986122886681098, 2)
    print(json.dumps(hashes()))

"""Damaged inputs by the thousand: studies, formulas, network texts and messages of the lab, from a seed, the same everywhere.

Each is a right input with a few faults put into it, or grows from a grammar. `probe` feeds one to what reads it and says how
that ended: "result", "refused" (a sentence), or an exception, which is a fault of fallline.
"""

from __future__ import annotations

import contextlib
import copy
import json
import random
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import tomlkit

from damaged_models import a_model, read_model
from damaged_tables import a_csv, a_frame, a_parquet, read_csv_bytes, read_frame, read_parquet
from fallline.data.tables import table
from fallline.errors import FalllineError
from fallline.experiment.build import build_method, build_start, objective_of
from fallline.experiment.starts import draw_starts
from fallline.experiment.studies import builtin_text, parse, to_toml
from fallline.formulas import EXAMPLES, formula_landscape, parse_formula, python_text
from fallline.formulas import symbolic as formula
from fallline.lab.presets import PRESETS
from fallline.lab.session.session import MESSAGES, Session
from fallline.lab.state import default_state
from fallline.problems import NetworkObjective
from fallline.runs.descent import descend
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES

NUMBERS = [
    0, 1, -1, 2, 3, 0.5, -0.0, 1e-9, 1e9, 1e20, 10**20, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, 1e308, -1e308, 5e-324, 10**400,
    float("inf"), float("-inf"), float("nan"),
]  # fmt: skip
TEXTS = [
    "", " ", "x", "0", "1e5", "-1", "nan", "2-3-3", "learning_rate", "learning_rate=0..1", "seed=0..1", "start.x=-1..1",
    "start.²=0..1", "learning_rate=1e-5..1:log", "start.9=0..1", "a" * 300, "\x00", "\x1b[31m", "\ud800", "é²٣", "'\"\\", "x^2+y^2",
    "1" * 5000, "__import__('os')", "../../etc/passwd", "name", "kind",
]  # fmt: skip
NAMES = [*ACTIVATIONS, *LANDSCAPES, *LOSSES, *OPTIMIZERS, *SCHEDULES]


def junk(rng: random.Random) -> Any:
    """A value that stands where another should."""
    pick: Any = rng.choice([
        lambda: rng.choice(NUMBERS), lambda: rng.choice(TEXTS), lambda: rng.choice(NAMES), lambda: rng.uniform(-3, 3),
        lambda: rng.randrange(-3, 40), lambda: rng.choice([True, False, None, [], {}]), lambda: [junk(rng)] * rng.randrange(4),
        lambda: {rng.choice(TEXTS): junk(rng)}, lambda: [rng.uniform(-1, 1) for _ in range(rng.randrange(30))],
    ])  # fmt: skip
    return pick()


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with a key of it, at any depth."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from places(inner)


def damaged(rng: random.Random, value: Any) -> Any:
    """A copy with one to three faults: another value, a missing or doubled key, one that stands elsewhere."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        found = list(places(value))
        if not found:
            return junk(rng)
        container, key = rng.choice(found)
        kind = rng.randrange(10)
        if kind == 0:
            del container[key]
        elif kind == 1 and isinstance(container, dict):
            container[rng.choice([*TEXTS, *NAMES])] = junk(rng)
        elif kind == 2:
            other, k = rng.choice(found)
            container[key] = (
                copy.deepcopy(other[k]) if k in other or (isinstance(other, list) and k < len(other)) else 0
            )
        elif kind == 3 and isinstance(container[key], int | float):
            container[key] = container[key] * rng.choice([-1, 0, 10, 1e6, 0.5])
        else:
            container[key] = junk(rng)
    return value


def scrambled(rng: random.Random, text: str) -> str:
    """A text with a few characters changed, pieces cut or doubled."""
    for _ in range(rng.choice([1, 1, 2, 4])):
        a, b = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        b = min(b, a + rng.choice([0, 1, 1, 3, 20]))
        new = rng.choice(
            [
                "",
                "",
                text[a:b] * 2,
                rng.choice("[]{}=\"'#.,\n-+e0_ \t\\²\x00é"),
                str(rng.choice(NUMBERS)),
                rng.choice(TEXTS),
            ]
        )
        text = text[:a] + new + text[b:]
    return text


# Studies --------------------------------------------------------------------------------------------------------------

SMALL = [
    "title = 'x'\n[landscape]\nname = 'rosenbrock'\n[[descents]]\nlearning_rate = 1e-3\nsteps = 20\nstart = [0.0, 1.0]\n"
    "[[descents]]\noptimizer = 'adam'\nschedule = { name = 'cosine' }\nstart = { draw = 'random', seed = 3 }\n"
    "[[comparisons]]\nstarts = 10\ntune = [0.1, 0.2]\nmethods = [{ optimizer = 'momentum', momentum = 0.5 }]\n"
    "[[maps]]\nx = 'learning_rate=1e-4..1e-2:log'\ny = 'start.x=-1..1'\nsize = '8x8'\n",
    "title = 'x'\n[landscape]\nformula = 'x^2 + 3*y^2'\nwindow = [[-1, 1], [-2, 2]]\n"
    "published = [{ id = 'd', quantity = 'derivative', of = 'x', value = '2*x' }]\n[[descents]]\nsteps = 3\n",
    "title = 'x'\n[network]\nsizes = '2-3-2'\nactivation = ['tanh']\nloss = 'cross_entropy'\nl2 = 0.1\n"
    "[data]\nname = 'moons'\nsamples = 5\nnoise = 0.1\n[[fits]]\nsteps = 3\nbatch = 2\n'learning_rate.1' = 0.1\n"
    "start = { draw = 'notebook_uniform', low = -1, high = 1 }\n[example]\nsamples = [[1, 2]]\n"
    "W1 = [[1, 0, 0], [0, 1, 0]]\nb1 = [0, 0, 0]\nW2 = [[1, 0], [0, 1], [1, 1]]\nb2 = [0, 1]\n"
    "published = [{ id = 'p', quantity = 'probabilities', of = '1', value = [0.5, 0.5], decimals = 2 }]\n",
    "title = 'x'\n[network]\nsizes = '2-2-2'\n[data]\npoints = [[0, 0, 0], [1, 1, 1], [2, 0, 1]]\n[[fits]]\nsteps = 2\n"
    "[[maps]]\nx = 'learning_rate.1=0.1..1'\ny = 'seed=0..3'\nsize = '4x4'\nmeasures = ['accuracy']\nstarts = 2\n",
]  # fmt: skip


@cache
def _tables() -> list[tuple[str, Any]]:
    return [(text, tomllib.loads(text)) for text in [*SMALL, *SMALL, builtin_text()]]


def a_study(rng: random.Random) -> str:
    """A study's TOML: damaged in its values, or in its text."""
    text, values = rng.choice(_tables())
    if rng.random() < 0.3:
        return scrambled(rng, text)
    try:
        return tomlkit.dumps(damaged(rng, values))
    except Exception:  # what TOML cannot hold, such as None
        return scrambled(rng, text)


def read_study(text: str) -> None:
    """Read it; the first runs are run, where they are small, and the study is written again."""
    read = parse(text)
    assert parse(to_toml(read)) == read
    for plans, name in ((read.descents, "landscape"), (read.fits, "network")):
        for plan in plans[:2]:
            target = objective_of(read, name)
            if plan.steps <= 50 and target.dimension < 100:
                start = build_start(plan.start, target)
                how = build_method(plan, plan.steps)
                descend(
                    target,
                    how.optimizer,
                    start=start,
                    steps=plan.steps,
                    batch=plan.batch,
                    seed=plan.seed,
                    **how.settings,
                )


# Formulas, networks, tables -------------------------------------------------------------------------------------------


def a_formula(rng: random.Random, depth: int = 4) -> str:
    """A formula of the grammar, or nearly."""
    if depth == 4 and rng.random() < 0.4:
        return scrambled(rng, rng.choice([*EXAMPLES, "x^20", "((x))", "2*x", "exp(exp(x))", "x/y", "log(x)^2"]))
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(
            ["x", "y", "pi", "e", "1", "2.5", "1e300", "0", "z", "1_0", "-x", "x²", "٣", "0x10", "1j", "x.real"]
        )
    a, b = a_formula(rng, depth - 1), a_formula(rng, depth - 1)
    return rng.choice([
        f"{a} + {b}", f"{a} - {b}", f"{a}*({b})", f"{a}/({b})", f"({a})^{rng.choice(['2', '2', '2', '3', '3', '20', '-1', '0.5', b, '1e9'])}",
        f"exp({a})", f"log({a})", f"sqrt({a})", f"max({a}, {b})", f"sin({a})", f"tanh({a})", f"abs({a})", f"-({a})", f"min({a})",
        *([f"{a} if {b} else 1", f"f({a})", f"{a} {b}", f"lambda: {a}", f"[{a}]", f"({a}, {b})"] if rng.random() < 0.1 else []),
    ])  # fmt: skip


def read_formula(text: str) -> None:
    """Both readers of formulas: the landscape's and the published derivative's."""
    with contextlib.suppress(FalllineError):
        formula(text, ("x", "y"))
    _as_landscape(text)


def _as_landscape(text: str) -> None:
    python_text(parse_formula(text))
    hill = formula_landscape(text)
    point = np.array([0.5, -2.0])
    assert all(isinstance(float(v), float) for v in (hill(*point), *hill.gradient(*point)))


def a_network(rng: random.Random) -> tuple[Any, ...]:
    """Sizes as text or numbers, and the rest of a network's words."""
    sizes: Any = "-".join(str(rng.choice([1, 2, 3, 5, 8, 64])) for _ in range(rng.randrange(1, 6)))
    sizes = rng.choice([sizes, sizes, scrambled(rng, sizes), [int(n) for n in sizes.split("-")], junk(rng)])
    words = (rng.choice(sorted(ACTIVATIONS)), rng.choice(sorted(LOSSES)), rng.choice(["sum", "mean"]), True, [], 0.1)
    return sizes, *(junk(rng) if rng.random() < 0.08 else word for word in words)


def read_network(given: tuple[Any, ...]) -> None:
    sizes, activation, loss, reduction, bias, scales, l2 = given
    network = Network.of(sizes, activation=activation, loss=loss, reduction=reduction, bias=bias, scales=scales, l2=l2)
    assert repr(network)
    assert network.label(network.parameter_count - 1)
    if network.parameter_count < 250:
        w = np.zeros(network.parameter_count)
        assert network.pack(network.unpack(w)).shape == w.shape
        X, classes = np.zeros((4, network.sizes[0])), network.sizes[-1]
        if classes > 1:
            problem = NetworkObjective(network, (X, np.arange(4) % classes))
            descend(problem, start=draw_starts(problem, 1)[0], steps=1)


# Messages of the lab --------------------------------------------------------------------------------------------------


def a_message(rng: random.Random) -> Any:
    """A message with a state, damaged anywhere."""
    state = default_state().json
    if rng.random() < 0.6:
        state = state | rng.choice(PRESETS)["state"]
    kind = rng.choice(["state"] * 8 + list(MESSAGES))
    csv = rng.choice(["a,b,k\n1,2,no\n3,4,yes\n", "x,y\n1,2\n", "a,b,k\n1,2,\ud800\n3,4,b\n", "a,a\n", '"', ""])
    message: dict[str, Any] = {
        "kind": kind, "id": rng.randrange(99), "state": state, "tiles": [[0, 0, 0]], "pin": 0, "x": 0.001, "y": 0.5, "from": 0,
        "to": 3, "window": [-1, 1, -1, 1], "form": "matrix", "what": rng.choice(["study", "python", "weights"]), "size": 8,
        "name": "t.csv", "text": csv, "step": 1, "numbers": True, "theme": "light",
    }  # fmt: skip
    if rng.random() < 0.5:
        message["changed"] = rng.choice(["objective.kind", "objective.name", "data.kind", "data.name", "optimizer", "schedule",
                                         "seed", "initial", "map.x", "steps", "objective.units", rng.choice(TEXTS)])  # fmt: skip
    return damaged(rng, message)


THOROUGH = {"runs": False}
"""Whether a message's runs are trained and its equations written, too: each new network is compiled for them."""


class _Desk:
    """Keeps nothing waiting: works at once, but for tiles, which are tested elsewhere."""

    def put(self, key: Any, work: Any, lane: Any = "runs", rank: int = 0) -> None:
        runs = key == "equations" or (isinstance(key, tuple) and key[0] in ("run", "frames"))
        if key in ("ranges", "export", "theory", "landscape") or (runs and THOROUGH["runs"]):
            for _ in work():
                pass

    def holds(self, key: Any) -> bool:
        return False

    def drop(self, which: Any) -> None:
        pass

    close = drop


class _Pool:
    def desk(self) -> _Desk:
        return _Desk()


class Fault(Exception):
    """A session answered that it is at fault."""


def read_message(message: Any) -> None:
    """A page that says hello, then this, then asks for what follows."""
    answers: list[Any] = []
    session = Session(lambda content, buffers: answers.append(json.dumps(content)), _Pool())  # type: ignore[arg-type]
    session.receive({"kind": "hello", "id": 0, "state": None})
    session.receive(message)
    session.receive({"kind": "ranges", "id": 1})
    for answer in answers:
        told = json.loads(answer)
        if told["kind"] == "refused" and "internal error" in told["sentence"]:
            raise Fault(told["sentence"])
    if any('"refused"' in answer for answer in answers):
        raise FalllineError("refused")


def a_table(rng: random.Random) -> tuple[Any, ...]:
    rows = [["a", "b", "kind"]] + [[str(k), str(k * k % 7), "no" if k % 2 else "yes"] for k in range(6)]
    text = "\n".join(",".join(row) for row in rows)
    return scrambled(rng, text), rng.choice(["kind", "b", "nothing", ["a", "b"], ["kind"]]), rng.random() < 0.5


def read_table(given: tuple[Any, ...]) -> None:
    text, target, standardize = given
    table(text, "t.csv", target, standardize=standardize)


KINDS: dict[str, tuple[Callable[[random.Random], Any], Callable[[Any], None]]] = {
    "study": (a_study, read_study), "formula": (a_formula, read_formula), "network": (a_network, read_network),
    "message": (a_message, read_message), "table": (a_table, read_table), "csv": (a_csv, read_csv_bytes),
    "parquet": (a_parquet, read_parquet), "frame": (a_frame, read_frame),
    "model": (lambda rng: a_model(rng, damaged), read_model),
}  # fmt: skip


def make(kind: str, number: int) -> Any:
    """Input `number` of a kind."""
    return KINDS[kind][0](random.Random(f"{kind} {number}"))


def probe(kind: str, value: Any) -> str:
    """How reading it ends: "result" or "refused". Anything else that is raised is a fault of fallline."""
    try:
        with np.errstate(all="ignore"):
            KINDS[kind][1](value)
    except FalllineError:
        return "refused"
    return "result"

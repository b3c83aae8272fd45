"""Training in a live page: the bits are those of Python, whatever is trained, on any number of workers, with both modules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fallline as fl
from fallline.experiment.axes import Axis
from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import map_spec
from fallline.lab.resolved_state import ResolvedState
from fallline.lab.work.pyramid import TilePlace, tile_spec
from fallline.live.kernels import describe_kernel
from fallline.live.problems import describe_problem
from fallline.maps.cell_training import training_of
from fallline.measures.measure import MEASURES, lacking
from fallline.measures.statistics import half, window
from fallline.runs.training import Training
from fallline.textbook.initial import INITIALS
from live_page import LivePage, differing, native, state_of

WHOLE, DEEP = TilePlace(0, 0, 0), TilePlace(5, 9, 17)


@pytest.fixture(scope="module")
def live(chromium: Any) -> Iterator[LivePage]:
    opened = LivePage(chromium)
    yield opened
    opened.page.close()


def some_cells(count: int, side: int = 64) -> tuple[Any, Any]:
    """Columns and rows of cells of a tile, in no order."""
    rng = np.random.default_rng(5)
    return rng.integers(0, side, count), rng.integers(0, side, count)


def same_cells(live: LivePage, spec: MapSpec, i: Any, j: Any, **request: Any) -> None:
    """Asserts that cells of a map have the processor's bits."""
    axes = {letter: axis.describe() if axis.exists else None for letter, axis in (("x", spec.x), ("y", spec.y))}
    found = live.train(**axes, i=i.tolist(), j=j.tolist(), history=True, parameters=True, path=True, **request)
    hits = not lacking(MEASURES["accuracy"], spec.objective)
    assert differing(found, native(training_of(spec, i, j), spec.target, hits=hits)) == {}


SEED_AXIS = ("map.x", {"name": "seed", "low": 0, "high": 100, "scale": "linear"})
SCALE_AXIS = ("map.y", {"name": "initial_scale", "low": 0.1, "high": 3, "scale": "log"})
FAST_AXIS = ("map.x", {"name": "learning_rate", "low": 1e-3, "high": 1e3, "scale": "log"})
START_AXIS = ("map.x", {"name": "start.W1[0,1]", "low": -2, "high": 2, "scale": "linear"})
LANDSCAPE = ("objective.kind", "landscape")
STATES: dict[str, tuple[tuple[str, Any], ...]] = {
    "the seed study": (),
    "runs that stop": (LANDSCAPE, FAST_AXIS),
    "adam in float64": (("optimizer", "adam"), ("dtype", "float64")),
    "minibatches": (("batch", 50),),
    "a seed axis": (("start", None), SEED_AXIS),
    "several starts": (("start", None), ("starts", 3)),
    "an axis of the start and its scale": (START_AXIS, SCALE_AXIS),
    "a schedule": (("schedule", "cosine"), ("steps", 40)),
    "weight decay": (("objective.l2", 0.1),),
    "a mean": (("objective.reduction", "mean"), ("batch", 7)),
    "a landscape": (LANDSCAPE,),
    "random starts on a landscape": (LANDSCAPE, ("starts", 2)),
}


@pytest.mark.parametrize("name", STATES)
def test_a_tile_has_the_processors_bits(live, name):
    """Wide and deep in the plane; with relaxed SIMD and, for some of the states, without."""
    resolved = state_of(*STATES[name])
    for relaxed in (True, False) if list(STATES).index(name) < 4 else (True,):
        assert live.open(resolved, relaxed=relaxed) == ("relaxed" if relaxed else "plain")
        for place in (WHOLE, DEEP):
            same_cells(live, tile_spec(resolved, place), *some_cells(60))


def test_other_numbers_have_the_processors_bits(live):
    """One kernel serves every number of the page."""
    live.open(state_of(("start", None), ("batch", 50)))
    changes = {
        "settings.momentum": 0.3,
        "steps": 17,
        "seed": 8,
        "starts": 2,
        "settings.initial_scale": 0.5,
        "batch": 33,
    }
    other = state_of(("start", None), ("batch", 50), *changes.items())
    assert other.spec.batch == 33
    keys = describe_problem(other)["keys"]
    values = {keys[key]: value for key, value in changes.items()}
    one = other.spec.over(Axis.of("learning_rate", [0.003]), Axis.of("momentum", [0.3]))
    same_cells(live, one, np.array([0]), np.array([0]), values=values)


def map_state(spec: MapSpec) -> ResolvedState:
    """A spec as the state of a page."""
    return ResolvedState(state_of().state, spec.objective, spec)


def test_axes_that_the_lab_does_not_have(live):
    """A learning rate of one layer; a number of steps and a batch of their own in each cell; one dimension."""
    problem = fl.NetworkObjective(fl.Network.of("2-3-3"), fl.generate("three-gaussians"))
    start = fl.draw_starts(problem, 1)[0]
    planes = [
        {"x": "learning_rate.2=1e-4..1e-2:log", "y": "learning_rate=1e-4..1e-2:log"},
        {"x": "steps=3..9", "y": "batch=5..40"},
        {"x": "seed=0..30"},
        {"x": "initial_offset.2=-2..2", "y": "initial_offset=-1..1"},
        {"x": "initial_offset=-1..1", "y": "initial_scale=0..2", "initial_offset.1": 0.3},
        {"x": "learning_rate=1e-4..1e-2:log", "y": "momentum=0..0.9", "replacement": True, "full_loss": True},
    ]
    for plane in planes:
        own = {"start": start} if plane["x"] != "seed=0..30" else {}
        batch = {} if "batch" in str(plane) else {"batch": 20}
        spec = map_spec(
            problem, **plane, size=7 if "y" in plane else 31, optimizer_="momentum", steps=6, **own, **batch
        )
        live.open(map_state(spec))
        i, j = some_cells(20, 7)
        j = j if "y" in plane else 0 * j
        for k in range(20) if "steps" in plane["x"] else [slice(None)]:  # the processor trains one length at a time
            at = np.atleast_1d(i[k]), np.atleast_1d(j[k])
            same_cells(live, spec, *at, start=None if "seed" in plane["x"] else start.tolist())
        if "steps" in plane["x"]:
            lengths = live.train(
                x=spec.x.describe(), y=spec.y.describe(), i=i.tolist(), j=j.tolist(), start=start.tolist()
            )
            alone = [native(training_of(spec, i[k : k + 1], j[k : k + 1]), hits=True)["columns"] for k in range(20)]
            assert differing(lengths, {"columns": np.concatenate(alone, axis=1)}) == {}


def test_a_layers_rate_is_that_of_the_others_where_no_axis_has_it(live):
    problem = fl.NetworkObjective(fl.Network.of("2-3-3"), fl.generate("three-gaussians"))
    options = {"size": 5, "optimizer_": "momentum", "steps": 9, "start": fl.draw_starts(problem, 1)[0]}
    live.open(map_state(map_spec(problem, x="learning_rate.2=1e-4..1e-2", y="momentum=0..0.9", **options)))
    other = map_spec(problem, x="learning_rate=1e-4..1e-2", y="momentum=0..0.9", **options)
    same_cells(live, other, *some_cells(9, 5), start=options["start"].tolist())


def test_no_piece_and_no_worker_changes_a_bit(live):
    resolved = state_of(("start", None), ("starts", 3))
    spec, (i, j) = resolved.spec, some_cells(700)
    request = {"x": spec.x.describe(), "y": spec.y.describe(), "i": i.tolist(), "j": j.tolist(), "begins": True}
    found = []
    for cores in (1, 3):
        live.open(resolved, cores=cores)
        assert live.page.evaluate("window.trainer.pool.size") == cores
        found.append(live.train(**request, history=[0, 7, 30]))
    training = training_of(spec, i, j)
    for values in found:
        assert (values.pop("begins") == training.starts.astype(np.float32).ravel()).all()
        expected = native(training, hits=True)
        assert differing(values, expected | {"history": expected["history"][:, [0, 7, 30]]}) == {}


def test_runs_from_given_points(live):
    resolved = state_of()
    live.open(resolved)
    points = fl.draw_starts(resolved.objective, 9, seed=3)
    found = live.train(points=points.ravel().tolist(), values={"steps": 2, "learning_rate": 0.002}, parameters=True)
    how = resolved.spec.method.with_({"learning_rate": 0.002})
    assert differing(found, native(Training(resolved.objective, how, 2, points, dtype="float32"), hits=True)) == {}


ABORTED = """async ({ x, y }) => {
    const ended = [];
    const stop = new AbortController();
    const all = { x, y, values: { steps: 100 } };
    const late = window.trainer.train({ ...all, priority: 2, signal: stop.signal }).catch((error) => ended.push(error.name));
    const next = window.trainer.train({ ...all, i: [1], j: [2], priority: 1 }).then(() => ended.push("next"));
    const first = window.trainer.train({ ...all, i: [1], j: [2] }).then(() => ended.push("first"));
    await first;
    await next;
    stop.abort();
    await late;
    return ended;
}"""


def test_urgent_requests_come_first_and_others_can_be_cancelled(live):
    resolved = state_of()
    live.open(resolved, cores=1)
    axes = {"x": resolved.spec.x.describe(), "y": resolved.spec.y.describe()}
    assert live.page.evaluate(ABORTED, axes) == ["first", "next", "AbortError"]
    same_cells(live, resolved.spec, *some_cells(5))


def test_a_failure_is_reported_and_the_next_request_is_served(live):
    resolved = state_of()
    live.open(resolved, cores=1)
    with pytest.raises(Exception, match="RangeError"):
        live.train(points=[1.0] * 26, values={"steps": 10**10}, history=True)
    same_cells(live, resolved.spec, *some_cells(5))


def test_a_browser_without_simd_runs_neither_module(live):
    kernel = describe_kernel(state_of())
    for module in kernel["modules"].values():
        module["base64"] = ""
    assert live.open(state_of(), kernel=kernel) is None


def test_a_processor_that_rounds_twice_gets_the_plain_module(live):
    kernel = describe_kernel(state_of())
    kernel["probe"]["results"]["base64"] = kernel["probe"]["operands"][2]["base64"]
    assert live.open(state_of(), kernel=kernel) == "plain"


def random_axes(count: int) -> list[Axis]:
    """Axes of every kind: linear and logarithmic, whole numbers, near and deep parts, extreme ends."""
    rng = np.random.default_rng(11)
    axes = []
    for k in range(count):
        widest = (3, 30, 300)[k % 3]
        low, high = np.sort(10.0 ** rng.uniform(-widest, widest, 2))
        scale = "log" if k % 2 else "linear"
        if scale == "linear":
            low = float(rng.choice([low, -low, -high, 0, round(low)]))
        low, high = min(low, high), max(low, high)
        cells = int(2 ** rng.integers(0, 52))
        part = None if k % 4 == 3 else (int(rng.integers(0, cells)), cells)
        n = min(4, cells - part[0]) if part else 5
        axes.append(Axis(("momentum", "seed")[k % 5 == 0], low, high, n, scale, part=part))
    smallest, largest = 5e-324, 1.7976931348623157e308
    axes += [Axis("momentum", smallest, largest, 9, "log"), Axis("momentum", smallest, 1e-310, 9, "log", part=(5, 99))]
    axes += [Axis("momentum", 0, 3 * smallest, 2, part=(k, 64)) for k in range(20)]
    axes += [Axis("momentum", 1 + k * 2**-52, 1 + (k + 1) * 2**-52, 3) for k in range(4)]  # halfway between two floats
    axes += [Axis("momentum", -smallest, 1e300, 5), Axis("seed", 3, 9, 7), Axis.of("momentum", [0.1, 0.25, 7])]
    return [*axes, Axis("momentum", 0.3, 0.3, 1), Axis("seed", 0, 2**32 - 1, 64, part=(64 * 99, 2**40))]


def test_axes_have_pythons_bits(live):
    axes = random_axes(400)
    found = live.ask("axis", "a.map(([axis, whole]) => [...m.valuesOf(axis, whole)])",
                     [[axis.describe(), axis.name == "seed"] for axis in axes])  # fmt: skip
    for axis, values in zip(axes, found, strict=True):
        assert np.array(values, np.float64).tobytes() == axis.values.tobytes(), axis


@pytest.mark.parametrize("initial", INITIALS)
def test_starts_of_networks_have_pythons_bits(live, initial):
    data = fl.generate("three-gaussians")
    problem = fl.NetworkObjective(fl.Network.of("2-5-4-3"), data)
    spec = map_spec(problem, x="seed=0..9", initial_=initial, size=2)
    described = describe_problem(map_state(spec))
    same_starts(live, problem, described, initial)


def test_starts_of_landscapes_have_pythons_bits(live):
    for name in ("rosenbrock", "himmelblau"):
        problem = fl.objective(name)
        same_starts(live, problem, describe_problem(map_state(map_spec(problem, x="seed=0..9", size=2))), "normal")


def same_starts(live: LivePage, problem: Any, described: Any, initial: str) -> None:
    seeds, count = (0, 1, 12345, 2**32 - 1, 2**40 + 5), 40
    asked = {"initial": described["initial"], "P": described["parameters"], "seeds": seeds, "count": count}
    code = """a.seeds.map((seed) => {
        const starts = new m.Starts(a.initial, a.P);
        return Array.from({ length: a.count }, (_, k) => [...starts.drawn(seed, k)]);
    })"""
    for seed, found in zip(seeds, live.ask("starts", code, asked), strict=True):
        expected = fl.draw_starts(problem, count, seed, initial=initial)
        assert np.array(found, np.float64).tobytes() == expected.tobytes()


def test_windows_of_a_run_are_pythons(live):
    code = """(() => {
        const rule = new m.Evaluator(a.program);
        return Array.from({ length: a.count }, (_, steps) => {
            const { window, half } = rule.run({ steps });
            return [Number(window[0]), Number(half[0])];
        });
    })()"""
    found = live.ask("evaluate", code, {"program": describe_kernel(state_of())["lengths"], "count": 500})
    assert found == [[window(steps), half(steps)] for steps in range(500)]

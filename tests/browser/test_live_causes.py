"""Why runs ended as they did, told by a page: Python's sentences, from decisions that were traced."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fallline as fl
from fallline.experiment.method import method
from fallline.live import causes, map_page
from fallline.live.gradients import describe_gradient, loss_and_gradient
from fallline.live.shown_map import show_map
from fallline.maps.replay import replay
from fallline.measures.outcome import OUTCOMES
from fallline.measures.statistics import Statistics
from fallline.problems.curvature import eigenvalues, stable_learning_rate
from fallline.problems.deaths import death_sentence
from fallline.runs.evidence import Ended, known_beforehand
from fallline.runs.explain import accuracy, ending
from live_page import LivePage, state_of
from live_programs import Programs

WRITTEN = """(() => {
    const told = (rule, facts) => m.written(rule, (name) => facts[name], (name) =>
        name === "trouble" ? facts.trouble : told(a.parts[name], facts)[0]);
    return a.facts.map((facts) => told(facts.kind === "accuracy" ? a.accuracy : a.endings[facts.kind], facts));
})()"""


@pytest.fixture(scope="module")
def live(chromium: Any) -> Iterator[LivePage]:
    opened = LivePage(chromium)
    yield opened
    opened.page.close()


class Facts(SimpleNamespace):
    """Facts as Python's sentences read them."""

    def part(self, write: Any, **how: Any) -> str:
        text: str = write(self, **how)
        return text

    @property
    def bound_at_end(self) -> float | None:
        return stable_learning_rate(self.optimizer, self.high, self.momentum)

    @property
    def bound_at_start(self) -> float | None:
        return stable_learning_rate(self.optimizer, self.high_at_start, self.momentum)


def any_facts(rng: np.random.Generator) -> dict[str, Any]:
    """Facts of all sizes, many of them equal or odd."""
    steps = int(rng.choice([0, 1, 7, 30, 400]))
    window = min(steps, max(8, steps // 4))
    whole = {"steps": steps, "window": window, "rises": int(rng.integers(0, window + 1)),
             "diverged_at": int(rng.integers(0, steps + 1)), "overflowing_layer": int(rng.integers(0, 3))}  # fmt: skip
    sizes = 10.0 ** rng.uniform(-9, 9, len(causes.REAL)) * rng.choice([-1, 1, 1, 1], len(causes.REAL))
    odd = rng.choice([0.0, 1.0, 0.125, 2.5, 1e6, np.nan, np.inf, -np.inf], len(causes.REAL))
    numbers = np.where(rng.random(len(causes.REAL)) < 0.25, odd, sizes)
    eigenvalues = rng.normal(size=4) * 10.0 ** rng.uniform(-6, 6, 4) if rng.random() < 0.8 else np.full(4, np.nan)
    curved = dict(zip(("low", "high", "low_at_start", "high_at_start"), eigenvalues.tolist(), strict=True))
    settings = {"learning_rate": 10.0 ** rng.uniform(-6, 3), "momentum": rng.uniform(0, 0.99)}
    share = curved | settings | {"share": float(rng.choice([0, 0.3337, 0.99999, 1, np.nan]))}
    return (
        whole
        | {name: bool(rng.random() < 0.5) for name in causes.TRUTHS}
        | {name: float(value) for name, value in zip(causes.REAL, numbers, strict=True)}
        | share
    )


@pytest.mark.parametrize("optimizer", ["momentum", "gradient_descent", "nesterov"])
def test_sentences_of_any_facts_are_pythons(live, optimizer):
    rng, resolved = np.random.default_rng(4), state_of()
    beforehand = known_beforehand(resolved.objective, method(optimizer), optimizer == "nesterov", "float32")
    parts: dict[str, Any] = {}
    traced = {
        kind: causes._traced(lambda facts, kind=kind: ending(kind, facts), beforehand, parts) for kind in OUTCOMES
    }
    told = {"endings": traced, "accuracy": causes._traced(accuracy, beforehand, parts), "parts": parts}
    drawn = [any_facts(rng) | {"kind": str(rng.choice([*OUTCOMES, "accuracy"])), "trouble": " Oh."} for _ in range(200)]
    found = live.ask("sentences", WRITTEN, told | {"facts": drawn})
    with np.errstate(all="ignore"):
        for facts, texts in zip(drawn, found, strict=True):
            read = Facts(**facts, **beforehand)
            expected = [accuracy(read)] if facts["kind"] == "accuracy" else [*ending(facts["kind"], read)]
            assert texts == expected, facts


def test_numbers_are_written_as_python_writes_them(live):
    rng = np.random.default_rng(1)
    values = [*(rng.normal(size=300) * 10.0 ** rng.integers(-12, 12, 300)), 0.0, -0.0, 1e-5, 1e-4, 999.5, 0.125, 0.375, 2.5,
              1234565.0, -1.5, 1e300, 5e-324]  # fmt: skip
    found = live.ask(
        "sentences", "a.map((v) => ['g', '.3g', '.6g', '.1g'].map((form) => m.formatted(v, form)))", values
    )
    assert found == [[format(v, form) for form in ("g", ".3g", ".6g", ".1g")] for v in values]


ASK = """async (places) => {
    const { host } = window.fallline;
    const show = host.onmessage;
    const found = [];
    for (const [x, y] of places) {
        found.push(await new Promise((done) => {
            host.onmessage = (content) => content.kind === "run" && content.x === x && content.y === y && done(content.outcome);
            host.send({ kind: "run", pin: 0, x, y });
        }));
    }
    host.onmessage = show;
    return found;
}"""


def network_map() -> Any:
    network = fl.Network.of("2-3-2-3", activation="relu", loss="cross_entropy")
    problem = fl.NetworkObjective(network, fl.generate("three-gaussians", samples=10))
    axes = {"x": "learning_rate=1e-3..10:log", "y": "momentum=0..0.99"}
    start = fl.notebook_start(problem)
    return fl.map(problem, **axes, size=2, steps=30, optimizer="momentum", start=start, dtype="float32")


def landscape_map() -> Any:
    return fl.map("saddle", x="learning_rate=1e-3..3:log", y="start.y=-2..0.5", size=2, steps=60)


@pytest.mark.parametrize("made", [network_map, landscape_map])
def test_a_page_tells_why_runs_ended_in_pythons_words(chromium, tmp_path, made):
    """Dead units, overflow, accuracy, curvature and bounds: found in the page, for other numbers than those stored."""
    m = made()
    rng = np.random.default_rng(7)
    places = [[float(10 ** rng.uniform(-3, 0.4)), float(rng.uniform(0, 0.5))] for _ in range(10)]
    page = chromium.new_page()
    page.goto(map_page(m, tmp_path / "page.html").as_uri())
    page.wait_for_function("window.fallline?.host.state", timeout=60_000)
    found = page.evaluate(ASK, places)
    page.close()
    spec = show_map(m.spec)
    for (x, y), outcome in zip(places, found, strict=True):
        run = replay(spec.run_spec(x, y), 0, 0)
        assert outcome == {"name": run.outcome.kind, "sentence": run.outcome.sentence, "step": run.outcome.step}
    assert len({outcome["name"] for outcome in found}) > 1


DEATHS = """(() => {
    const causes = new m.Causes({ causes: a.causes, problem: {}, labels: [] }, null);
    return a.all.map(({ died, l2 }) => causes.deaths(died, a.sizes, l2));
})()"""


def test_dead_units_are_told_in_pythons_words(live):
    rng, resolved = np.random.default_rng(2), state_of()
    sizes = [3, 1, 4]
    told = causes.describe_causes(resolved)
    cases = []
    for _ in range(60):
        places = [(layer + 1, unit + 1) for layer, units in enumerate(sizes) for unit in range(units)]
        some = sorted(places[k] for k in rng.choice(len(places), rng.integers(1, len(places) + 1), replace=False))
        died = [(layer, unit, int(rng.integers(0, 4))) for layer, unit in some]
        cases.append((died, float(rng.choice([0, 0.1]))))
    asked = [{"died": [{"layer": d[0], "unit": d[1], "step": d[2]} for d in died], "l2": l2} for died, l2 in cases]
    found = live.ask("causes", DEATHS, {"causes": told | {"finite": None}, "sizes": sizes, "all": asked})
    for (died, l2), sentence in zip(cases, found, strict=True):
        assert sentence == death_sentence(fl.Network.of("2-3-1-4-2", l2=l2), died)


CURVATURE = """(async () => {
    const { Gradient } = await import("/live/page/gradient.js");
    const gradient = new Gradient(a.figure);
    return a.points.map((point) => {
        const w = Float64Array.from(point);
        const { loss, gradient: slope } = gradient.at(w, a.l2, a.rows);
        const { low, high } = m.curvatureAt(gradient, w, a.l2, a.difference) ?? {};
        return { loss, slope: [...slope], low, high, alone: gradient.lossAt(w, a.l2) };
    });
})()"""


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_gradients_and_curvature_are_pythons(live, reduction):
    network = fl.Network.of("2-3-2", activation="tanh", reduction=reduction, l2=0.3)
    net = fl.NetworkObjective(network, fl.generate("moons", samples=20))
    check_gradients(live, net, 0.3, np.array([3, 7, 7, 20]))
    check_gradients(live, fl.objective("rosenbrock"), 0.0, None)


def check_gradients(live: LivePage, problem: Any, l2: float, rows: Any) -> None:
    points = np.random.default_rng(0).normal(size=(3, problem.dimension))
    resolved = SimpleNamespace(objective=problem)
    described = {"gradient": describe_gradient(resolved), "problem": {"parameters": problem.dimension, "samples": 0}}
    if rows is not None:
        data = problem.data
        arrays = {name: {"dtype": "float64", "shape": list(v.shape), "base64": _base64(v)} for name, v in
                  (("X", data.X), ("T", data.T))}  # fmt: skip
        described["problem"] |= arrays | {"samples": len(data), "sums": problem.network.reduction == "sum"}
    asked = {"figure": described, "points": points.tolist(), "l2": l2, "difference": 6e-6, "rows": None}
    for chosen in (None, rows):
        found = live.ask("curvature", CURVATURE, asked | {"rows": None if chosen is None else chosen.tolist()})
        for w, values in zip(points, found, strict=True):
            loss, slope = problem.loss_and_gradient(w) if chosen is None else problem.minibatch(w, chosen)[:2]
            np.testing.assert_allclose(values["loss"], loss, rtol=1e-12)
            np.testing.assert_allclose(values["slope"], slope, rtol=1e-9, atol=1e-11)
            np.testing.assert_allclose(values["alone"], problem.loss(w), rtol=1e-12)
            low, high = eigenvalues(problem, w)
            np.testing.assert_allclose([values["low"], values["high"]], [low, high], rtol=1e-6, atol=1e-6 * high)


def _base64(values: Any) -> str:
    import base64

    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def test_a_landscapes_program_has_its_gradient(chromium):
    programs = Programs(chromium)
    for name in fl.LANDSCAPES:
        problem = fl.objective(name)
        w = np.random.default_rng(3).uniform(-2, 2, (50, problem.dimension))
        found = programs.run(loss_and_gradient(problem), len(w), w=w)
        loss, slope = problem.loss_and_gradient(w)
        np.testing.assert_allclose(found["loss"], loss, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(np.reshape(found["gradient"], slope.T.shape), slope.T, rtol=1e-9, atol=1e-9)
    programs.page.close()


def test_steps_that_go_back_are_those_of_python(live):
    """Paths whose last steps turn round each time, but for one at most."""
    rng = np.random.default_rng(5)
    paths = []
    for length in (1, 2, 3, 7, 14):
        for still in (None, 0, -1, -2):
            moves = rng.uniform(0.9, 1.1, (length, 2)) * np.where(np.arange(length) % 2, -1, 1)[:, None]
            if still is not None and length > 2:
                moves[still] *= -1 if still else 0
            paths.append(np.concatenate([np.zeros((1, 2)), np.cumsum(moves, axis=0)]))
    code = """(() => {
        const causes = new m.Causes({ causes: a.causes, problem: {}, labels: [] }, null);
        return a.paths.map((path) => causes.goesBack(Float64Array.from(path.flat()), 2));
    })()"""
    told = causes.describe_causes(state_of()) | {"finite": None}
    found = live.ask("causes", code, {"causes": told, "paths": [path.tolist() for path in paths]})
    objective, how = fl.objective("booth"), method("gradient_descent")
    expected = []
    for path in paths:
        losses, norms = np.ones(len(path)), np.ones(len(path))
        statistics = Statistics.of_curves(losses, norms, path[-1])
        expected.append(Ended(objective, how, path, losses, norms, False, statistics, False).goes_back)
    assert found == expected
    assert len(set(expected)) == 2

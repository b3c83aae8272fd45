"""Portable programs in a browser: what the page computes has the bits of NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fallline
from fallline.experiment.method import method
from fallline.live import rules
from fallline.measures.measure import FOLDED, MEASURES, lacking
from fallline.measures.outcome import RULES
from fallline.measures.over_starts import over_starts
from fallline.measures.statistics import half, window
from fallline.problems import Objective, objective
from fallline.readings.machine.layout import Measure
from fallline.readings.portable import Trace
from fallline.runs.columns import results
from fallline.runs.held_out import OnTest
from fallline.runs.packing import Outputs
from fallline.runs.training import Training
from live_programs import Programs

Arrays = dict[str, NDArray[Any]]

NETWORK = objective("2-3-2-3", fallline.generate("three-gaussians").split(0.2))
HIMMELBLAU = objective("himmelblau")
STEPS = [0, 1, 8, 30, 1000]
RUNS = 1100  # more than pass through a program together


@pytest.fixture(scope="module")
def programs(chromium: Any) -> Iterator[Programs]:
    opened = Programs(chromium)
    yield opened
    opened.page.close()


def drawn(objective: Objective, dtype: str, steps: int, runs: int, seed: int) -> Arrays:
    """Columns as kernels write them and as they never do: NaN, infinities, zeros of both signs, equal and tiny numbers."""
    rng = np.random.default_rng(seed)
    odd = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, 1e-30, 1e30, 4.0, np.finfo(dtype).max, 5e-324], dtype)

    def numbers(*shape: int) -> NDArray[Any]:
        sizes = 10.0 ** rng.choice([-25, -7, -3, 0, 0, 0, 1, 6, 20], shape)
        with np.errstate(over="ignore"):
            values = (rng.normal(size=shape) * sizes).astype(dtype)
        return np.where(rng.random(shape) < 0.15, rng.choice(odd, shape), values)

    columns = numbers(len(Measure), runs)
    for k in range(0, len(Measure), 3):  # equal statistics are what rules compare
        columns[k] = np.where(rng.random(runs) < 0.3, columns[k - 1], columns[k])
    for k in (Measure.STEPS_TO, Measure.DIVERGED_AT, Measure.DIED_AT):
        columns[k] = np.where(rng.random(runs) < 0.5, -1, rng.integers(-1, steps + 1, runs))
    columns[Measure.HITS] = rng.integers(0, 300, runs)
    ends = numbers(runs, objective.dimension)
    ends[: runs // 2] = rng.uniform(-4, 4, (runs // 2, objective.dimension))
    return {
        "columns": columns, "start": numbers(runs, objective.dimension), "end": ends,
        "test_loss": numbers(runs), "test_right": rng.random(runs).astype(dtype),
    }  # fmt: skip


def of_python(objective: Objective, arrays: Arrays, steps: int) -> Arrays:
    """The measures as training in Python gives them."""
    outputs = Outputs(arrays["columns"].copy(), None, arrays["end"].copy(), None)
    training = Training(objective, method(), steps, arrays["start"], dtype=arrays["start"].dtype.name)
    tested = OnTest(arrays["test_loss"], arrays["test_right"])
    return results(outputs, [m.name for m in FOLDED.values() if not lacking(m, objective)], training, tested)


def bits(values: NDArray[Any]) -> NDArray[Any]:
    """The words of floats; whole numbers and truths as they are."""
    return values.view(f"u{values.itemsize}") if values.dtype.kind == "f" else values.astype(np.int64)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("problem", [NETWORK, HIMMELBLAU], ids=["network", "landscape"])
def test_every_measure_and_outcome_has_the_bits_of_numpy(programs, problem, dtype):
    program, seen = rules.measures(problem, dtype), set()
    assert {output.name for output in program.outputs} == {m.name for m in FOLDED.values() if not lacking(m, problem)}
    for seed, steps in enumerate(STEPS):
        arrays = drawn(problem, dtype, steps, RUNS, seed)
        columns = {measure.name.lower(): arrays["columns"][measure] for measure in Measure}
        inputs = columns | {name: values for name, values in arrays.items() if name != "columns"}
        computed = programs.run(program, RUNS, **inputs, steps=steps)
        for name, values in of_python(problem, arrays, steps).items():
            result = computed[name] if values.dtype.kind == "f" else computed[name].astype(values.dtype)
            assert result.dtype == values.dtype
            wrong = np.flatnonzero(bits(result) != bits(values))
            assert not len(wrong), f"{name} of run {wrong[0]} is {result[wrong[0]]!r}, not {values[wrong[0]]!r}"
        seen |= set(computed["outcome"].tolist())
    assert seen == set(range(len(RULES)))


def test_windows_of_any_number_of_steps(programs):
    program = rules.lengths()
    for steps in (*range(20), 31, 32, 33, 40, 41, 1000, 10**6):
        computed = programs.run(program, steps=steps)
        assert computed["window"] == window(steps)
        assert computed["half"] == half(steps)


@pytest.mark.parametrize("name", MEASURES)
def test_shown_values_are_those_of_python(programs, name):
    measure = MEASURES[name]
    values = np.array([0, 1, 7, 30, -1]).astype(measure.dtype or np.float32)
    for steps in (0, 30):
        shown = programs.run(rules.shown(name, "float32"), len(values), values=values, steps=steps)["shown"]
        np.testing.assert_array_equal(shown, measure.shown(values, steps))


@pytest.mark.parametrize("starts", [1, 2, 3, 8])
@pytest.mark.parametrize(
    "name", ["final_loss", "steps_to", "outcome", "diverged", "accuracy", "minimum", "diverged_at"]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_starts_of_a_cell_become_one_number(programs, name, starts, dtype):
    rng, how = np.random.default_rng(starts), MEASURES[name].over_starts
    if name in ("final_loss", "accuracy"):
        values = np.where(rng.random((300, starts)) < 0.2, np.inf, rng.normal(size=(300, starts)).round(1)).astype(
            dtype
        )
        values[rng.random((300, starts)) < 0.1] = np.nan
    else:
        values = rng.integers(-1 if how == "median" else 0, 5, (300, starts))
    kept = np.dtype(MEASURES[name].dtype or dtype)
    np.testing.assert_array_equal(programs.over_starts(values, how).astype(kept), over_starts(values, how).astype(kept))


# NumPy's maximum of 0 and -0 has the sign that its machine code happens to give, so nothing here is divided by -0.
REAL = [
    lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / np.abs(y), lambda x, y: 3 * x - 0.1,
    lambda x, y: np.minimum(x, y), lambda x, y: np.maximum(x, 0.25), lambda x, y: np.sqrt(np.abs(x)), lambda x, y: -x,
    lambda x, y: x**2, lambda x, y: np.floor(x / 3), lambda x, y: np.rint(x), lambda x, y: np.sign(x) * y,
    lambda x, y: np.clip(x, -1, 2.5), lambda x, y: np.nan_to_num(x, posinf=1.5), lambda x, y: x.astype(np.float32),
    lambda x, y: x.astype(np.float64), lambda x, y: np.where(np.isfinite(x), y, 1), lambda x, y: np.where(x > y, x, np.nan),
    lambda x, y: np.where((x <= y) & ~np.isnan(y) | (x == 0), 2, x), lambda x, y: np.stack([x, y, x * 0]).max(axis=0, initial=0),
    lambda x, y: np.cumsum(np.stack([x, y, x]), axis=0)[-1], lambda x, y: np.select([x < y, x < 1], [x, 7.0], y),
    lambda x, y: np.where(np.logical_or(x != x, y >= 2), np.ones_like(x), np.zeros_like(y)), lambda x, y: x + (y > 0),
]  # fmt: skip
WHOLE = [
    lambda x, y: np.clip(np.nan_to_num(x), -9, 9).astype(np.int64) // 3, lambda x, y: np.stack([x, y, -x]).argmax(axis=0),
    lambda x, y: np.stack([x, y, -x]).argmin(axis=0) - 4, lambda x, y: np.where(x > 0, 5, -2) // np.where(y > 0, 3, -2),
]  # fmt: skip


def test_any_expression_has_the_values_and_the_types_of_numpy(programs):
    """Hundreds of expressions of columns of each type in one program."""
    rng = np.random.default_rng(3)
    single, double = (drawn(HIMMELBLAU, dtype, 30, RUNS, 11)["columns"] for dtype in ("float32", "float64"))
    columns = {"a": single[0], "b": single[1], "c": double[2]}
    trace = Trace()
    traced = [trace.column(name, values.dtype) for name, values in columns.items()]
    known: list[Any] = list(columns.values())
    for _ in range(400):
        rules = WHOLE if rng.random() < 0.2 else REAL
        rule, (i, j) = rules[rng.integers(len(rules))], rng.integers(0, len(known), 2)
        with np.errstate(all="ignore"):
            values = rule(known[i], known[j])
        if values.dtype.kind == "i" and np.abs(values).max() > 2**52:  # beyond the whole numbers of a page
            continue
        known.append(values)
        traced.append(rule(traced[i], traced[j]))
    outputs = {str(k): result for k, result in enumerate(traced)}
    program = trace.program(outputs)
    computed = programs.run(program, RUNS, **columns)
    for output, values in zip(program.outputs, known, strict=True):
        assert output.dtype == values.dtype.name
        np.testing.assert_array_equal(computed[output.name], values)


def test_cells_of_several_starts_have_the_bits_of_a_map(programs):
    names, starts = ["final_loss", "steps_to", "outcome", "diverged", "accuracy", "convergence"], 3
    arrays = drawn(NETWORK, "float32", 30, 120 * starts, 5)
    runs = {name: values.reshape(-1, starts) for name, values in of_python(NETWORK, arrays, 30).items()}
    measured = programs.cells(
        rules.measures(NETWORK, "float32"), names, arrays["columns"].tolist(), starts=starts, steps=30, dtype="float32"
    )
    for name in names:
        kept = np.dtype(MEASURES[name].dtype or "float32")
        np.testing.assert_array_equal(measured[name], over_starts(runs[name], MEASURES[name].over_starts).astype(kept))

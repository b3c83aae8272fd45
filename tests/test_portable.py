"""The portable reading: what can be traced, and the sentences that refuse the rest. What programs compute, a browser tests."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fallline.errors import TraceError
from fallline.live import rules
from fallline.measures.measure import MEASURES
from fallline.problems import objective
from fallline.readings.portable import Trace


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (lambda x, n: x if x > 0 else -x, "where"),
        (lambda x, n: min(x, n), "minimum"),
        (lambda x, n: float(x), "astype"),
        (lambda x, n: np.asarray(x, np.float64), "astype"),
        (lambda x, n: np.exp(x), "the same bits"),
        (lambda x, n: x**1.5, "the same bits"),
        (lambda x, n: np.stack([x, x]).sum(), "cumsum"),
        (lambda x, n: x.astype(np.float16), "float16"),
        (lambda x, n: x.astype(np.uint8) + 1, "uint8"),
        (lambda x, n: x // 2, "floor_divide"),
        (lambda x, n: n & 3, "truth"),
        (lambda x, n: x.__iadd__(1), "in place"),
        (lambda x, n: x + "one", "str"),
        (lambda x, n: np.arctan(x), "arctan"),
    ],
)
def test_what_cannot_be_traced_is_refused_in_words(code, words):
    trace = Trace()
    with pytest.raises(TraceError, match=words):
        code(trace.column("x", np.float32), trace.number("n"))


def test_numbers_of_python_decide_no_type():
    trace = Trace()
    x, n = trace.column("x", np.float32), trace.number("n")
    assert (x * n).dtype == (x / (n // 4 + 1) - 0.5).dtype == (x + np.minimum(n, 8).item()).dtype == np.float32
    assert (x * np.minimum(n, 8)).dtype == (x + np.float64(1)).dtype == (x + np.ones(())).dtype == np.float64
    assert np.where(x > 0, n, 1.5).dtype == np.float64


def test_a_program_holds_what_its_outputs_need_once():
    trace = Trace()
    x, y = trace.column("x", np.float32), trace.column("y", np.float32)
    z = trace.columns("z", np.float32, 3)
    unused, twice = np.sqrt(y), (x + z[1]) * (x + z[1])
    program = trace.program({"twice": twice, "again": twice, "half": 0.5, "not zero": -0.0 + np.zeros_like(x)})
    assert unused.dtype == np.float32
    assert [i.name for i in program.inputs] == ["x", "z"]
    assert [node.op for node in program.nodes].count("add") == 2
    assert [(output.name, output.dtype) for output in program.outputs][2] == ("half", "float64")


@pytest.mark.parametrize("problem", ["rosenbrock", "monkey_saddle"])
def test_programs_are_plain_json(problem):
    program = rules.measures(objective(problem), "float32")
    text = json.dumps(program.as_data(), allow_nan=False)
    assert json.loads(text) == program.as_data()
    assert len(text) < 10_000
    assert ('"name": "minimum"' in text) == bool(objective(problem).landscape.minima)
    for name in MEASURES:
        json.dumps(rules.shown(name, "float64").as_data(), allow_nan=False)

"""The benchmark counts what it says it counts, and prints what it says it prints."""

from __future__ import annotations

import subprocess

import numpy as np

from fallline.bench import __main__ as main
from fallline.bench import rounds, workloads
from fallline.bench.__main__ import table
from fallline.bench.peers import ours
from fallline.data import Dataset
from fallline.problems import NetworkObjective
from fallline.readings.machine.target import INSTRUCTION_SETS, this_host
from fallline.textbook.network import Network


def tiny() -> workloads.Workload:
    network = Network.of("1-1", loss="half_squared_error")
    data = Dataset(np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]]), "line")
    return workloads.Workload(
        "tiny", NetworkObjective(network, data), "gradient_descent", np.array([0.5, 0.0]),
        {"learning_rate": np.full(16, 0.1)}, 3, "float64",
    )  # fmt: skip


def test_operations_are_those_of_the_page():
    # a sample: z = fma(x, w, b) 2, d = z - t 1, d^2 1 (its half is taken once a step), x d 1; three sums 3: 8 in all.
    # an update: w - lr g, one fma, for each of two parameters: 4.
    assert workloads.operations(tiny()) == 2 * 8 + 4


def test_unfolded_operations_are_those_of_the_instructions():
    assert workloads.operations(tiny(), unfolded=True) == workloads.operations(tiny())  # no function in it
    w = workloads.architecture(1, 1, "float32", 16)
    exps = 3 + 1  # softmax of three classes by a shifted log-sum-exp: three exp and a log, of two dozen operations each
    assert workloads.operations(w, unfolded=True) - workloads.operations(w) > 120 * exps * 15


def test_one_instruction_set_is_for_every_contestant(monkeypatch):
    """Libraries read the environment when they are loaded, so the benchmark starts again in a process that has it."""
    started = []

    def run(words, env, check):
        started.append((words, env))
        return subprocess.CompletedProcess(words, 0)

    monkeypatch.setattr(main.subprocess, "run", run)
    assert main.main(["--quick", "--instruction-set", "avx2"]) == 0
    ((words, env),) = started
    assert words[-3:] == ["--quick", "--instruction-set", "avx2"]
    assert main.HELD["avx2"].items() <= env.items()


def test_the_plan_is_for_the_instruction_set():
    w = workloads.architecture(4, 2, "float32", 16)
    for name in this_host().sets:
        _, plan = workloads.program_and_plan(w, name)
        assert (plan.lanes, plan.instruction_set) == (INSTRUCTION_SETS[name].register // 4, name)


def test_the_peak_is_a_core_of_this_machine():
    assert 0.1 < rounds.peak("float64", 128) < 1000


def test_a_round_reports_every_contestant(monkeypatch):
    monkeypatch.setattr(rounds, "WORKLOADS", {"tiny": tiny})
    monkeypatch.setattr(rounds, "PEERS", {"itself": (lambda: True, ours), "absent": (lambda: False, ours)})
    monkeypatch.setattr(rounds, "peak", lambda dtype: 10.0)
    found = rounds.compare(quick=True)
    result = found["tiny"]
    assert set(result["ratios"]) == {"itself"}
    low, high = result["spread"]["itself"]
    assert low <= result["ratios"]["itself"] <= high
    assert result["compile_seconds"] > 0
    assert "itself" in table(found)

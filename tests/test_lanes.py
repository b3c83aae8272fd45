"""The compiled engine: the same bits however it is laid out, and the numbers of the NumPy reading."""

import hashlib
import platform

import numpy as np
import pytest

import fallline as fl
from fallline.errors import FalllineError
from fallline.measures.outcome import judge
from fallline.measures.statistics import Statistics, diverged_at
from fallline.readings.machine.compiled import compile_text
from fallline.readings.machine.layout import Plan
from fallline.readings.machine.target import INSTRUCTION_SETS, Host, this_host
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES
from parity import same_as_numpy, small_problem
from side_by_side import train


def digest(values):
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def cells(count=37):
    return {"learning_rate": np.geomspace(1e-3, 0.3, count), "momentum": np.linspace(0, 0.95, count)}


@pytest.fixture(scope="module", params=["float32", "float64"])
def reference(request):
    problem = small_problem("relu", reduction="sum")
    start = fl.draw_starts(problem, 1, seed=4)[0]

    def run(threads=1, settings=None, **plan):
        given = {} if not plan else {"plan": Plan(**plan)}
        got = train(
            problem, "momentum", steps=15, starts=start, settings=settings or cells(), dtype=request.param,
            threads=threads, measures=("final_loss", "history", "parameters"), **given,
        )  # fmt: skip
        return got

    return run, digest(run()["history"])


@pytest.mark.parametrize("lanes", [4, 8, 16, 32])
@pytest.mark.parametrize("together", [1, 2, 3])
def test_layout_reaches_no_bit(reference, lanes, together):
    run, expected = reference
    assert digest(run(lanes=lanes, together=together)["history"]) == expected


@pytest.mark.parametrize("threads", [2, 4])
def test_threads_reach_no_bit(reference, threads):
    run, expected = reference
    assert digest(run(threads=threads)["history"]) == expected


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
def test_instruction_sets_reach_no_bit(reference, instruction_set):
    if instruction_set not in this_host().sets:
        pytest.skip(f"this machine does not run {instruction_set}")
    run, expected = reference
    assert digest(run(lanes=8, instruction_set=instruction_set)["history"]) == expected


def host(architecture, *features):
    return Host(architecture, "a test's", tuple((name, True) for name in features))


MACHINES = {
    "server": (host("x86_64", "sse2", "avx", "avx2", "fma", "avx512f"), "avx512 avx2 avx sse2", 64, True),
    "laptop": (host("x86_64", "sse2", "avx", "avx2", "fma"), "avx2 avx sse2", 32, True),
    "AVX2 without fma": (host("x86_64", "sse2", "avx", "avx2"), "avx sse2", 32, False),
    "Piledriver": (host("x86_64", "sse2", "avx", "fma"), "avx sse2", 32, True),
    "Sandy Bridge": (host("x86_64", "sse2", "avx"), "avx sse2", 32, False),
    "Nehalem, or AVX switched off": (host("x86_64", "sse2", "sse4.2"), "sse2", 16, False),
    "Arm": (host("aarch64"), "neon", 16, True),
    "Arm with SVE": (host("aarch64", "neon", "sve"), "neon", 16, True),
    "RISC-V": (host("riscv64", "v"), "", 16, True),
}


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_offers_the_sets_that_it_runs(name):
    machine, sets, register, fma = MACHINES[name]
    assert " ".join(machine.sets) == sets
    assert (machine.native.register, machine.native.fma) == (register, fma)
    for other in INSTRUCTION_SETS:
        if other in sets.split():
            assert machine.find(other) == INSTRUCTION_SETS[other]
        else:
            with pytest.raises(FalllineError, match=f"instruction set {other} needs .* It runs native"):
                machine.find(other)
    with pytest.raises(FalllineError, match=r"instruction set must be one of avx, .*; got 'sse9'"):
        machine.find("sse9")


def test_a_set_that_this_machine_lacks_is_refused():
    missing = next(name for name in INSTRUCTION_SETS if name not in this_host().sets)
    with pytest.raises(FalllineError, match=f"instruction set {missing} needs"):
        train("rosenbrock", steps=1, starts=[0.0, 0.0], plan=Plan(4, instruction_set=missing))


def test_order_and_neighbours_reach_no_bit(reference):
    run, _ = reference
    whole = run()["history"]
    shuffle = np.random.default_rng(0).permutation(37)
    mixed = run(settings={k: v[shuffle] for k, v in cells().items()})["history"]
    assert digest(mixed) == digest(whole[shuffle])
    alone = run(settings={k: v[5:6] for k, v in cells().items()})["history"]
    assert digest(alone[0]) == digest(whole[5])


def test_a_run_does_not_depend_on_how_long_the_runs_beside_it_live():
    """Quadratic runs whose losses stop being finite after few steps, after many, and never, in turn."""
    names = ("final_loss", "best_loss", "steps_to", "diverged_at", "outcome", "convergence", "mean_last", "history", "path",
             "parameters")  # fmt: skip

    def run(rates, lanes=8):
        return train(
            "quadratic", "momentum", steps=60, starts=[3.0, 1.0], settings={"learning_rate": rates}, measures=names,
            plan=Plan(lanes=lanes),
        )  # fmt: skip

    rates = np.resize([1e60, 1e10, 0.01], 12)
    together = run(rates)
    died = np.isnan(together["history"]).argmax(axis=1)
    assert len(set(died[:3])) == 3
    for i, k in enumerate(died[:2]):  # the parameters that gave the loss are there, and nothing after them
        assert not np.isnan(together["path"][i, : k + 1]).any()
        assert np.isnan(together["path"][i, k + 1 :]).all()
    for lanes in (4, 16):
        other = run(rates, lanes)
        assert {name: digest(other[name]) for name in names} == {name: digest(together[name]) for name in names}
    for i, rate in enumerate(rates[:3]):
        alone = run([rate])
        assert {name: digest(alone[name][0]) for name in names} == {name: digest(together[name][i]) for name in names}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_and_loss_equals_the_numpy_reading(activation, loss):
    same_as_numpy(small_problem(activation, loss), "momentum", learning_rate=0.02, momentum=0.5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_with_every_activation_equals_the_numpy_reading(optimizer):
    """Losses and precisions take turns; `tests/long/every_method.py` runs the whole product."""
    names, turn = list(LOSSES), list(OPTIMIZERS).index(optimizer)
    for k, activation in enumerate(ACTIVATIONS):
        loss, dtype = names[(k + turn) % len(names)], ("float32", "float64")[(k + turn // len(names)) % 2]
        problem = small_problem(activation, loss, sizes="2-2-3")
        same_as_numpy(problem, optimizer, dtype=dtype, runs=1, learning_rate=0.01)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_equals_the_numpy_reading(schedule):
    names = {"decay": 0.9, "every": 3}
    given = {k: v for k, v in names.items() if k in SCHEDULES[schedule].settings}
    same_as_numpy(small_problem(), "gradient_descent", schedule={"name": schedule, **given}, learning_rate=0.05)


@pytest.mark.parametrize("name", LANDSCAPES)
def test_every_landscape_equals_the_numpy_reading(name):
    same_as_numpy(fl.objective(name), "momentum", learning_rate=1e-4, momentum=0.5)


def test_penalty_scales_and_missing_biases():
    same_as_numpy(small_problem(l2=0.1), "adam", learning_rate=0.01)
    same_as_numpy(small_problem(bias=False, scales=(0.5, 0.25)), "nesterov", learning_rate=0.01, momentum=0.9)


def test_a_page_of_the_users_own_compiles():
    mine = fl.activation(lambda z: z / (1 + np.where(z > 0, z, -z)), name="softsign")
    problem = fl.NetworkObjective(fl.Network.of("2-3-3", activation=mine), fl.generate("gaussians", samples=7))
    same_as_numpy(problem, "gradient_descent", learning_rate=1e-3)
    same_as_numpy(fl.objective(lambda x, y: x**2 + 10 * (y - x**2) ** 2), "gradient_descent", learning_rate=1e-3)


@pytest.mark.parametrize("full_loss", [False, True])
@pytest.mark.parametrize("replacement", [False, True])
def test_minibatches_equal_the_numpy_reading(replacement, full_loss):
    problem = small_problem()
    start = fl.draw_starts(problem, 1)[0]
    draws = {"replacement": replacement, "full_loss": full_loss}
    run = fl.descend(problem, start=start, steps=9, batch=5, seed=3, learning_rate=0.1, **draws)
    from fallline import random

    rows = random.batches(3, len(problem.data), 5, 9, replacement=replacement)
    rates = {"learning_rate": 0.1}
    got = train(problem, steps=9, starts=start, rows=rows, settings=rates, measures=("history",), full_loss=full_loss)
    assert got["history"][0] == pytest.approx(run.losses, rel=1e-12)
    whole = np.array([problem.loss(w) for w in run.path])
    assert (np.abs(run.losses - whole) < 1e-12).all() == full_loss
    assert run.extend(4).losses == pytest.approx(
        fl.descend(problem, start=start, steps=13, batch=5, seed=3, learning_rate=0.1, **draws).losses, rel=1e-15
    )
    assert ("single minibatches" in run.outcome.sentence) != full_loss or "diverged" in run.outcome.kind


def test_measures_follow_from_the_history():
    problem = small_problem("relu", reduction="sum")
    start = fl.draw_starts(problem, 1, seed=4)[0]
    names = ("final_loss", "best_loss", "steps_to", "diverged_at", "mean_last", "convergence", "outcome", "accuracy")
    settings = {"learning_rate": np.geomspace(1e-4, 30, 50)}
    got = train(problem, steps=40, starts=start, settings=settings, target=10.0, measures=(*names, "history"))
    history = got["history"]
    finite = np.where(np.isfinite(history), history, np.inf)
    assert (got["final_loss"][np.isfinite(history[:, -1])] == history[:, -1][np.isfinite(history[:, -1])]).all()
    assert (got["best_loss"] == finite.min(axis=1)).all()
    reached = history <= 10.0
    assert (got["steps_to"] == np.where(reached.any(axis=1), reached.argmax(axis=1), -1)).all()
    assert (got["diverged_at"] == diverged_at(history)).all()
    runs = [fl.descend(problem, start=start, steps=40, learning_rate=rate) for rate in settings["learning_rate"][:20]]
    curves = (np.stack([getattr(r, name) for r in runs]) for name in ("losses", "gradient_norms", "end"))
    expected = judge(Statistics.of_curves(*curves))
    assert (got["outcome"][:20] == expected).all()
    assert got["accuracy"][:20] == pytest.approx([float(problem.accuracy(r.end)) for r in runs])


def test_no_graph_is_too_long_to_agree():
    problem = small_problem("tanh", sizes="2-24-24-3")
    same_as_numpy(problem, "gradient_descent", steps=4, learning_rate=0.01)


def test_a_library_that_switched_subnormal_numbers_off_is_told():
    """As one that was built with -ffast-math does when it is loaded: here by the very instruction, and undone again."""
    text = """
    declare void @llvm.x86.sse.stmxcsr(ptr)
    declare void @llvm.x86.sse.ldmxcsr(ptr)
    define void @swap(ptr %args) {
      %old = alloca i32
      call void @llvm.x86.sse.stmxcsr(ptr %old)
      call void @llvm.x86.sse.ldmxcsr(ptr %args)
      %kept = load i32, ptr %old
      store i32 %kept, ptr %args
      ret void
    }"""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("the switch is x86's")
    swap = compile_text(text, name="swap").call
    register = np.array([0x1F80 | 0x8000 | 0x0040], dtype=np.uint32)  # the default, flush to zero, denormals are zero
    swap(register.ctypes.data)
    try:
        with pytest.raises(FalllineError, match="subnormal numbers off"):
            train("rosenbrock", steps=3, starts=[0.0, 0.0])
    finally:
        swap(register.ctypes.data)
    train("rosenbrock", steps=3, starts=[0.0, 0.0])

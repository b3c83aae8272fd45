"""Maps on a device: launches, minibatches, the proof by comparison; on a stand-in that runs the device's own kernels here."""

import numpy as np
import pytest

import fallline as fl
from fallline.errors import DeviceError, DeviceMemoryError, UnknownNameError, UsageError
from fallline.maps.fractal import fractal_spec
from fallline.maps.map import compute_map
from fallline.readings.ptx.plan import DevicePlan
from fallline.runs import devices
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES
from host_device import install
from parity import small_problem
from side_by_side import train

EVERYTHING = ("final_loss", "best_loss", "steps_to", "diverged_at", "outcome", "convergence", "mean_last", "history", "path",
              "parameters")  # fmt: skip


@pytest.fixture
def stand_in(monkeypatch):
    yield lambda **options: install(monkeypatch, **options)
    devices.kernel_of.cache_clear()


@pytest.fixture
def device(stand_in):
    return stand_in()


def same(problem, optimizer="momentum", *, measures=EVERYTHING, plan=None, cells=21, starts=None, **options):
    """Asserts that the device's values are the processor's, to the bit."""
    start = fl.draw_starts(problem, 1, seed=4)[0] if starts is None else starts
    rates = {"learning_rate": np.geomspace(1e-3, 30.0, cells)} | options.pop("settings", {})  # the last runs diverge
    options = {"steps": 6, "starts": start, "settings": rates, "measures": measures, "target": 0.5} | options
    expected = train(problem, optimizer, **options)
    got = train(problem, optimizer, device="cuda", device_plan=plan, **options)
    for name in measures:
        assert got[name].tobytes() == expected[name].tobytes(), name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_gives_the_processors_bits(device, optimizer, dtype):
    same(small_problem("relu"), optimizer, dtype=dtype)


@pytest.mark.parametrize(
    ("activation", "loss"), [(a, list(LOSSES)[i % len(LOSSES)]) for i, a in enumerate(ACTIVATIONS)]
)
def test_every_activation_and_loss_give_the_processors_bits(device, activation, loss):
    same(small_problem(activation, loss), dtype="float32")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_gives_the_processors_bits(device, schedule):
    same(small_problem(), "adam", schedule_=schedule)


@pytest.mark.parametrize("plan", [
    DevicePlan(together=3), DevicePlan(together=2, unrolled=True), DevicePlan(together=3, tiled=True),
    DevicePlan(together=2, tiled=True, accumulators=8),
    DevicePlan(together=4, team=2, block=32), DevicePlan(together=2, team=8, block=32, accumulators=2),
    DevicePlan(together=3, team=32, block=64),
])  # fmt: skip
def test_a_plan_reaches_no_bit(device, plan):
    same(small_problem(l2=0.01), plan=plan, measures=(*EVERYTHING, "accuracy"))


@pytest.mark.parametrize("plan", [None, DevicePlan(together=2, team=4, block=32)])
@pytest.mark.parametrize("full_loss", [False, True])
def test_minibatches_give_the_processors_bits(device, plan, full_loss):
    rows = np.random.default_rng(0).integers(0, 7, (4, 3))
    same(small_problem(), "adam", rows=rows, steps=4, plan=plan, full_loss=full_loss)


@pytest.mark.parametrize(("sizes", "options"), [("2-5-4-3", {}), ("2-9-3", {"loss": "squared_error", "bias": False}),
                                                ("2-3", {"l2": 0.1})])  # fmt: skip
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_team_shares_any_network(device, sizes, options, dtype):
    plan = DevicePlan(together=4, team=4, block=32, accumulators=4)
    same(small_problem(sizes=sizes, **options), "adam", plan=plan, dtype=dtype, cells=9, steps=2)


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_every_landscape_gives_the_processors_bits(device, landscape):
    problem = fl.objective(landscape)
    starts = np.random.default_rng(1).normal(size=(21, problem.dimension))
    same(problem, "nesterov", starts=starts)


def test_a_map_has_the_processors_hash_however_it_is_cut(device):
    spec = fractal_spec(size=6, steps=2, rows=9)
    expected = compute_map(spec).sha256
    assert compute_map(spec, device="cuda").sha256 == expected
    assert compute_map(spec, device="cuda", tile_cells=16).sha256 == expected
    assert len(device.launches) > 2


def test_a_launch_takes_as_many_cells_as_a_second_allows(device, monkeypatch):
    monkeypatch.setattr(devices, "LAUNCH_SECONDS", 0.0)
    seen = []
    train(
        "rosenbrock", steps=3, starts=[1.0, 2.0], settings={"learning_rate": np.full(300, 1e-4)}, device="cuda",
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert device.launches == [128, 128, 44]
    assert seen == [(128, 300), (256, 300), (300, 300)]


def test_cells_that_need_more_memory_than_is_free_are_trained_in_parts(stand_in):
    """One run takes less than 2 KB, all of them 35 KB."""
    device = stand_in(free=7000)
    rates = {"learning_rate": np.geomspace(1e-3, 30.0, 21), "momentum": np.linspace(0, 0.9, 21)}
    same(small_problem(), settings=rates, starts=fl.draw_starts(small_problem(), 21, seed=4))
    assert len(device.launches) > 4
    assert sum(device.launches) == 21


def test_progress_goes_on_from_part_to_part(stand_in):
    stand_in(free=1500)
    seen = []
    train(
        "rosenbrock", steps=3, starts=np.ones((30, 2)), settings={"learning_rate": 1e-4}, device="cuda",
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert [total for _, total in seen] == [30] * len(seen)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert len(seen) > 1
    assert seen[-1] == (30, 30)


def test_a_run_that_does_not_fit_is_said(stand_in):
    stand_in(free=100)
    with pytest.raises(DeviceMemoryError, match="stand-in has too little free memory for a single run"):
        train("rosenbrock", steps=3, starts=[1.0, 2.0], settings={"learning_rate": np.full(8, 1e-4)}, device="cuda")


@pytest.mark.parametrize(("shared_memory", "threads"), [(1 << 20, 8 * 3), (1000, 3)])
def test_a_team_needs_its_shared_memory(stand_in, shared_memory, threads):
    device = stand_in(shared_memory=shared_memory)
    problem = small_problem(sizes="2-16-9-3")
    same(problem, cells=3, steps=2, measures=("final_loss",))
    assert device.launches == [threads]


def test_a_device_with_other_bits_is_refused(stand_in):
    stand_in(wrong=1e-9)
    with pytest.raises(DeviceError, match=r"stand-in does not give the processor's bits: first of cell 0 is"):
        train("rosenbrock", steps=3, starts=[1.0, 2.0], settings={"learning_rate": 1e-4}, device="cuda")


def test_what_cannot_run_on_a_device_is_said(device):
    with pytest.raises(UnknownNameError, match="device must be one of cpu, cuda; got 'gpu'"):
        train("rosenbrock", steps=3, starts=[1.0, 2.0], device="gpu")
    with pytest.raises(UsageError, match="workers must be 0 with a device"):
        compute_map(fractal_spec(size=2, steps=1), device="cuda", workers=2)
    wide = fl.NetworkObjective(fl.Network.of("70-70-3"), fl.Dataset(np.ones((9, 70)), np.eye(3)[np.zeros(9, int)]))
    with pytest.raises(UsageError, match="up to 5000 parameters"):
        fl.map(wide, x="learning_rate=0..1", y="seed=0..1", size=2, steps=1, device="cuda")


def test_the_sample_reaches_both_ends():
    assert devices.sample(1) == [(0, 1)]
    assert devices.sample(20) == [(0, 2), (2, 4), (4, 20)]
    assert devices.sample(1000) == [(0, 16), (492, 508), (984, 1000)]

"""Maps: equal to single runs, the same bits however the work is cut, and what a map object offers."""

from __future__ import annotations

import random

import numpy as np
import pytest

import fallline as fl
from fallline.errors import SettingError, UnknownNameError, UsageError
from fallline.experiment.map_spec import map_spec, rebuild_map_spec
from fallline.maps.cell_training import training_of
from fallline.maps.growing import growing
from fallline.maps.map import Map, compute_map
from fallline.maps.mapping import map as train_map
from fallline.maps.tiles import layout
from fallline.measures.measure import MEASURES
from fallline.runs import batched, engine

SEED = fl.NetworkObjective(fl.Network.of("2-3-2-3"), fl.generate("three-gaussians", samples=10))
KNOWN = {"float32": "2e21fb717e5127ec", "float64": "2aee7a6b061fc42c", "tanh adam": "aaba19eb92db3069"}

ALL = ["final_loss", "best_loss", "steps_to=10", "outcome", "diverged_at", "diverged", "accuracy", "convergence"]


def small(**options):
    given = {
        "x": "learning_rate=1e-3..1:log", "y": "momentum=0..0.9", "size": (20, 12), "optimizer_": "momentum",
        "steps": 12, "start": fl.notebook_start(SEED), "measures": ["final_loss", "outcome"],
    }  # fmt: skip
    return map_spec(SEED, **given | options)


def test_a_map_is_a_loop_of_runs():
    m = compute_map(small(measures=ALL))
    for i, j in [(0, 0), (7, 3), (19, 11), (12, 11)]:
        lr, mu = m.x.values[i], m.y.values[j]
        run = fl.descend(SEED, "momentum", start=fl.notebook_start(SEED), steps=12, learning_rate=lr, momentum=mu)
        np.testing.assert_allclose(m["final_loss"][j, i], run.loss, rtol=1e-9)
        np.testing.assert_allclose(m["best_loss"][j, i], run.best_loss, rtol=1e-9)
        assert m["steps_to"][j, i] == (-1 if run.steps_to(10) is None else run.steps_to(10))
        np.testing.assert_allclose(m["accuracy"][j, i], SEED.accuracy(run.end), rtol=1e-9)
        assert m["diverged"][j, i] == (run.outcome.kind == "diverged")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_engines_agree_on_every_measure(dtype):
    spec = small(measures=ALL, dtype=dtype, x="learning_rate=1e-3..0.05:log", y="momentum=0..0.5")
    m = compute_map(spec)
    j, i = (a.ravel() for a in np.indices(spec.shape))
    other = batched.train(training_of(spec, i, j), spec.names, target=10)
    for name in spec.names:
        np.testing.assert_allclose(
            m[name].ravel(),
            other[name],
            rtol=1e-9 if dtype == "float64" else 1e-3,
            atol=0.05 if name == "accuracy" else 0,
        )


def test_one_hash_over_every_way_of_cutting_the_work(tmp_path):
    spec = small(size=(70, 66), steps=8, measures=ALL)
    want = compute_map(spec).sha256
    assert want == compute_map(spec, threads=1).sha256
    for cells in (100, 900, 100_000):
        result = Map(spec)
        for _ in growing(result, tile_cells=cells, order=_shuffled):
            pass
        assert result.sha256 == want


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_one_hash_over_worker_processes(workers, tmp_path):
    spec = small(size=(40, 40), steps=8)
    assert compute_map(spec, workers=workers, tile_cells=100).sha256 == compute_map(spec).sha256


def _shuffled(work):
    random.Random(0).shuffle(work)
    return work


def test_known_hashes():
    """The bits of maps, pinned. Where a change of the arithmetic is meant, raise `engine.ARITHMETIC_VERSION` and renew these."""
    found = {}
    for dtype in ("float32", "float64"):
        found[dtype] = compute_map(small(dtype=dtype, measures=ALL)).sha256[:16]
    tanh = fl.NetworkObjective(fl.Network.of("2-4-3", activation="tanh"), SEED.data)
    start = fl.draw_starts(tanh, 1)[0]
    found["tanh adam"] = compute_map(
        map_spec(
            tanh, x="learning_rate=1e-3..1:log", y="beta1=0..0.9", size=9, optimizer_="adam", steps=20, start=start
        )
    ).sha256[:16]
    assert (engine.ARITHMETIC_VERSION, found) == (4, KNOWN)


def test_every_cell_is_in_one_tile():
    for size in [(1, 1), (7, 3), (64, 64), (65, 131), (300, 17)]:
        spec = small(size=size)
        for cells in (4, 64, 4096, None):
            seen = np.zeros(spec.shape, dtype=int)
            for tile in layout(spec, cells):
                i, j = tile.indices()
                seen[j, i] += 1
            assert (seen == 1).all()


def test_coarse_comes_first():
    spec = small(size=(128, 128))
    work = list(layout(spec, 256))
    assert [t.stride for t in work] == sorted((t.stride for t in work), reverse=True)
    assert work[0].stride == 16


def test_run_at_has_the_bits_of_the_cell():
    for dtype in ("float32", "float64"):
        m = compute_map(small(dtype=dtype, batch=7, replacement=dtype == "float32", full_loss=dtype == "float32"))
        for x, y in [(0.003, 0.4), (0.02, 0.0), (0.5, 0.88)]:
            run = m.run_at(x, y)
            cell = m.cell(x, y)
            assert run.path.shape == (13, SEED.dimension)
            with np.errstate(all="ignore"):
                np.testing.assert_allclose(run.path[1] - run.path[0], -run.method.settings["learning_rate"] * _gradient(run, m.spec), rtol=1e-2, atol=1e-6)  # fmt: skip
            last = run.losses[-1] if np.isfinite(run.losses[-1]) else np.inf
            assert last == cell["final_loss"]
            assert cell["outcome"] in (run.outcome.kind, "converged")
            assert run.method.settings["learning_rate"] == cell["learning_rate"]
            assert (run.path[0] == fl.notebook_start(SEED).astype(dtype)).all()


def _gradient(run, spec):
    rows = training_of(spec, np.array([0]), np.array([0])).rows[0]
    return SEED.loss_and_gradient(run.path[0], rows)[1]


def test_axes_over_starts_give_basins():
    m = train_map("himmelblau", x="start.x=-5..5", y="start.y=-5..5", size=9, learning_rate=0.01, steps=200)
    run = m.run_at(3.75, 2.5)
    assert run.start.tolist() == [3.75, 2.5]
    np.testing.assert_allclose(run.end, [3, 2], atol=1e-4)
    assert m.cell(3.75, 2.5)["final_loss"] == run.loss


def test_axis_over_seeds_uses_the_start_of_each_seed():
    m = train_map(
        SEED, x="learning_rate=0.001..0.3:log", y="seed=5..9", size=6, steps=10, measures=["final_loss", "outcome"]
    )
    assert m.values.shape == (5, 6)
    for seed in (5, 8):
        run = fl.descend(SEED, seed=seed, learning_rate=m.x.values[2], steps=10)
        np.testing.assert_allclose(m["final_loss"][seed - 5, 2], run.loss, rtol=1e-9)
        np.testing.assert_array_equal(m.run_at(m.x.values[2], seed).start, fl.draw_starts(SEED, 1, seed)[0])
    share = m.share("diverged")
    assert share["share"].shape == (6,)
    assert (share["low"] <= share["share"]).all()
    assert (share["share"] <= share["high"]).all()


def test_share_of_diverged_starts_with_its_interval():
    m = train_map(SEED, x="learning_rate=0.01..1:log", y="momentum=0..0.9", size=4, optimizer="momentum", steps=10,
                  starts=40, measures=["diverged", "final_loss", "outcome"])  # fmt: skip
    assert set((m["diverged"] * 40).ravel() % 1) == {0.0}
    low, high = m.interval()
    assert (low <= m["diverged"]).all()
    assert (m["diverged"] <= high).all()
    assert (high - low > 0.03).all()
    starts = fl.draw_starts(SEED, 40, 0)
    runs = [fl.descend(SEED, "momentum", start=w, steps=10, learning_rate=m.x.values[2], momentum=0.3) for w in starts]
    np.testing.assert_allclose(m["diverged"][1, 2], np.mean([r.outcome.kind == "diverged" for r in runs]))
    losses = [r.loss if np.isfinite(r.loss) else np.inf for r in runs]
    np.testing.assert_allclose(m["final_loss"][1, 2], np.median(losses), rtol=1e-8)


@pytest.mark.parametrize(
    "name",
    ["initial_scale", "initial_offset", "initial_offset.1", "l2", "learning_rate.2", "start.b1[1]", "start.W1[0,2]"],
)
def test_every_kind_of_axis_reaches_the_run(name):
    m = train_map(
        SEED, x=f"{name}=0.1..0.5", y="learning_rate=0.001..0.01", size=(3, 2), steps=5, start=fl.notebook_start(SEED)
    )
    run = m.run_at(0.3, 0.01)
    assert run.loss == m["final_loss"][1, 1]
    assert len(set(m["final_loss"].ravel())) == 6
    start = fl.notebook_start(SEED)
    want = start.copy()
    if name.startswith("start."):
        want[SEED.labels.index(name.removeprefix("start."))] = m.x.values[1]
    if name.startswith("initial_offset"):
        want[: 9 if name.endswith(".1") else None] += m.x.values[1]
    np.testing.assert_array_equal(run.start, want * m.x.values[1] if name == "initial_scale" else want)
    other = fl.descend(run.objective, run.method.optimizer, start=run.start, steps=5, **run.method.settings,
                       **{f"learning_rate.{k}": v for k, v in run.method.learning_rates.items()})  # fmt: skip
    np.testing.assert_allclose(run.losses, other.losses, rtol=1e-9)


def test_offsets_are_added_after_the_scale_and_a_layers_own_stands_in_the_place_of_the_other():
    start, data = fl.notebook_start(SEED), {"size": (2, 1), "steps": 3, "learning_rate": 1e-3}
    plane = {"x": ("initial_offset.1", [0.0, 2.0]), "y": ("initial_scale", [0.5])}
    m = train_map(SEED, **plane, initial_offset=1.0, start=start, **data)
    half = 0.5 * start
    np.testing.assert_array_equal(m.run_at(2.0, 0.5).start, np.concatenate([half[:9] + 2, half[9:] + 1]))
    np.testing.assert_array_equal(m.run_at(0.0, 0.5).start, np.concatenate([half[:9], half[9:] + 1]))
    again = rebuild_map_spec(*m.spec.describe())
    assert again.initial_offsets == {"initial_offset": 1.0}
    assert again.sha256 == m.spec.sha256
    plane = {"x": ("initial_offset", [0.0]), "y": ("seed", [1])}
    zero = train_map(SEED, **plane, initial="glorot_normal", **data).run_at(0.0, 1).start
    assert zero.tobytes() == fl.draw_starts(SEED, 1, 1, initial="glorot_normal")[0].tobytes()
    with pytest.raises(SettingError, match="where every layer has an initial offset of its own"):
        train_map(
            SEED, x="initial_offset.1=0..1", size=2, initial_offset=1, **{"initial_offset.2": 3, "initial_offset.3": 3}
        )
    with pytest.raises(UnknownNameError, match=r"got 'initial_offset\.4'"):
        train_map(SEED, x="learning_rate=0..1", size=2, **{"initial_offset.4": 3})


def test_minibatches_with_replacement_and_losses_of_all_samples():
    draws = {"replacement": True, "full_loss": True}
    m = compute_map(small(batch=4, seed=3, **draws))
    assert rebuild_map_spec(*m.spec.describe()).sha256 == m.spec.sha256 != small(batch=4, seed=3).sha256
    assert not {"replacement", "full_loss", "initial_offset"} & small(batch=4).describe()[0].keys()
    run = m.run_at(0.02, 0.5)
    want = fl.descend(SEED, "momentum", start=run.start, steps=12, batch=4, seed=3, **run.method.settings, **draws)
    np.testing.assert_allclose(run.losses, want.losses, rtol=1e-9)
    np.testing.assert_allclose(run.losses, [SEED.loss(w) for w in run.path], rtol=1e-12)
    np.testing.assert_allclose(run.gradient_norms, want.gradient_norms, rtol=1e-9)
    assert m.spec.work > small(batch=4).work
    for name in draws:
        with pytest.raises(SettingError, match=f"{name} is about minibatches; give batch, or leave {name} out"):
            small(**{name: True})


def test_schedule_on_an_axis():
    m = train_map(
        SEED, x="schedule.decay=0.5..1", y="learning_rate=0.001..0.01", size=3, steps=6, schedule="exponential"
    )
    run = fl.descend(SEED, seed=0, steps=6, learning_rate=0.01, schedule={"name": "exponential", "decay": 0.75})
    np.testing.assert_allclose(m["final_loss"][2, 1], run.loss, rtol=1e-9)
    assert m.run_at(0.75, 0.01).loss == m["final_loss"][2, 1]


def test_zoom_is_a_new_rectangle_of_the_same_spec():
    m = compute_map(small())
    deep = m.zoom(x=(0.01, 0.01 + 1e-9), y=(0.5, 0.5 + 1e-9), size=(5, 4))
    assert deep.values.shape == (4, 5)
    assert (deep.x.low, deep.x.high, deep.x.scale) == (0.01, 0.01 + 1e-9, "log")
    assert deep.spec.objective is m.spec.objective
    same = m.zoom()
    assert same.sha256 == m.sha256


def test_large_networks_train_with_numpy_and_say_so():
    big = fl.NetworkObjective(fl.Network.of("2-80-80-3"), fl.generate("three-gaussians", samples=3))
    assert big.dimension > 5000
    m = train_map(big, x="learning_rate=1e-4..1e-3:log", y="momentum=0..0.9", size=3, optimizer="momentum", steps=3)
    run = m.run_at(1e-3, 0.9)
    np.testing.assert_allclose(run.loss, m["final_loss"][2, 2], rtol=1e-10)


def test_a_function_of_ones_own():
    m = train_map(
        lambda x, y: (x - 1) ** 2 + 4 * y**2, x="learning_rate=0.01..0.3", y="start.x=-1..1", size=4, start=(0, 1)
    )
    assert m.complete
    np.testing.assert_allclose(m["final_loss"][:, 0], [fl.descend(lambda x, y: (x - 1) ** 2 + 4 * y**2, start=(a, 1), learning_rate=0.01).loss for a in m.y.values], rtol=1e-9)  # fmt: skip


def test_repr_and_errors_of_a_map():
    m = compute_map(small())
    assert repr(m).startswith(
        "Map(2-3-2-3 on three Gaussians, momentum: learning_rate=0.001..1:log by momentum=0..0.9, "
    )
    with pytest.raises(UsageError, match="measure of this map must be one of final_loss, outcome; got 'accuracy'"):
        m["accuracy"]
    with pytest.raises(UsageError, match=r"learning_rate must be in 0\.001\.\.1 on this map; got 7"):
        m.run_at(7, 0)
    with pytest.raises(UsageError, match="0 of 240 cells are known"):
        _ = Map(m.spec).sha256
    with pytest.raises(UsageError, match="needs a seed axis"):
        m.share()


def test_every_measure_has_its_meaning():
    assert all(m.meaning and m.over_starts in ("median", "mean", "mode") for m in MEASURES.values())


def test_picture_of_every_measure(tmp_path):
    m = compute_map(small(measures=ALL, size=(24, 20)))
    for name in m.measures:
        picture = m.plot(name, marks=[(0.01, 0.5, "here")], theory=name == "final_loss")
        assert picture.save(tmp_path / f"{name}.png").stat().st_size > 5000
    with pytest.raises(UsageError, match="without a single cell has no picture"):
        Map(m.spec).plot()

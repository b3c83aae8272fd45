"""Maps on executors: pools of threads and processes, and pools that fail."""

import dataclasses
import os
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

import fallline as fl
from fallline.errors import OutputError, UsageError
from fallline.experiment.map_spec import map_spec
from fallline.maps import executors
from fallline.maps.map import compute_map

PLANE = {"x": "learning_rate=1e-4..1e-2:log", "y": "momentum=0..0.99", "size": 48, "optimizer": "momentum", "steps": 12}
SPEC = map_spec("rosenbrock", **{"optimizer_" if k == "optimizer" else k: v for k, v in PLANE.items()})


@pytest.fixture(scope="module")
def expected():
    return compute_map(SPEC).sha256


class AtOnce(Executor):
    """Does its work when it is submitted, and changes the answers."""

    def __init__(self, change=lambda answer: answer):
        self.change, self.sizes = change, []

    def submit(self, function, job, requests):
        self.sizes.append(len(requests))
        future = Future()
        future.set_result(self.change(function(job, requests)))
        return future


def test_threads_give_the_hash(expected):
    with ThreadPoolExecutor(2) as pool:
        assert fl.map("rosenbrock", executor=pool, **PLANE).sha256 == expected


def test_processes_give_the_hash_and_resume(tmp_path, expected):
    path = tmp_path / "map.fallmap"
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:

        def stop(done, total):
            if done:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            compute_map(SPEC, out=path, executor=pool, progress=stop, tile_cells=64)
        half = fl.load_map(path)
        assert 0 < half.known.sum() < half.known.size
        assert half.resume(executor=pool).sha256 == expected


def test_kept_states_go_on(expected):
    short = fl.map("rosenbrock", keep="state", executor=AtOnce(), **PLANE | {"steps": 8})
    assert short.extend(4).sha256 == expected
    assert (
        compute_map(dataclasses.replace(SPEC, steps=16)).sha256 == fl.map("rosenbrock", **PLANE | {"steps": 16}).sha256
    )


def test_tasks_take_more_tiles_when_these_are_short(expected, monkeypatch):
    monkeypatch.setattr(executors, "WAITING", 2)
    pool = AtOnce(lambda answer: dataclasses.replace(answer, seconds=0.02 * len(answer.tiles)))
    assert compute_map(SPEC, executor=pool, tile_cells=16).sha256 == expected
    assert pool.sizes[0] == 1
    assert max(pool.sizes) == 50


def test_a_process_that_computes_other_bits_is_refused(tmp_path):
    other = AtOnce(lambda answer: dataclasses.replace(answer, proof="0" * 64, who="process 7 on old-machine"))
    with pytest.raises(
        OutputError, match="process 7 on old-machine is of no use: it computes other bits than this process"
    ):
        compute_map(SPEC, out=tmp_path / "map.fallmap", executor=other)
    assert not fl.load_map(tmp_path / "map.fallmap").known.any()


def test_a_killed_process_is_said(tmp_path):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(os._exit, 1)
        with pytest.raises(OutputError, match="the pool of processes is broken"):
            compute_map(SPEC, executor=pool)


def test_what_an_executor_has_of_its_own_is_refused():
    with pytest.raises(UsageError, match="leave workers and device out"):
        compute_map(SPEC, executor=AtOnce(), workers=2)

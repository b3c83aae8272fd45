"""Maps on a Dask cluster of real processes: killed, paused, started again, and workers that are of no use."""

import json
import subprocess
import sys
import threading
import time

import pytest

import fallline as fl
from fallline.cli.app import main
from fallline.errors import OutputError, UsageError
from fallline.experiment.map_spec import map_spec
from fallline.maps import cluster, cluster_client, pools
from fallline.maps.file import MapFile
from fallline.maps.map import compute_map

distributed = pytest.importorskip("distributed", reason="the extra cluster is not installed")

from dask_processes import Cluster, go_on, pause  # noqa: E402

PLANE = {
    "x": "learning_rate=1e-4..1e-2:log",
    "y": "momentum=0..0.99",
    "size": 128,
    "optimizer": "momentum",
    "steps": 400,
}
COMMAND = ["map", "rosenbrock", "--x", PLANE["x"], "--y", PLANE["y"], "--size", "128x128", "--steps", "400"]

SPEC = map_spec("rosenbrock", **{"optimizer_" if k == "optimizer" else k: v for k, v in PLANE.items()})


def hash_of(dask):
    """The hash of the map on a cluster, in many small tiles."""
    return compute_map(SPEC, client=dask.address, tile_cells=64).sha256


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    """A cluster without workers. Tests may run in any order and in several processes, so each says how many it needs."""
    processes = Cluster(tmp_path_factory.mktemp("dask"))
    yield processes
    processes.close()


@pytest.fixture(scope="module")
def expected():
    return fl.map("rosenbrock", **PLANE).sha256


@pytest.fixture
def small_tasks(monkeypatch):
    """Tasks of a single tile, so that there are always some under way."""
    monkeypatch.setattr(pools, "LARGEST", 1)


@pytest.fixture
def told(monkeypatch):
    """The sentences about the cluster. As warnings they can be lost: Dask's threads change the filters, too."""
    sentences = []
    monkeypatch.setattr(cluster, "tell", sentences.append)
    monkeypatch.setattr(cluster_client, "tell", sentences.append)
    return sentences


def during(monkeypatch, step, every=1):
    """Call `step` in the middle of a map: before each `every`th answer."""
    answer, count = cluster.ClusterPool._answer, 0

    def counting(pool, task, future):
        nonlocal count
        count += 1
        if count % every == 0:
            step()
        return answer(pool, task, future)

    monkeypatch.setattr(cluster.ClusterPool, "_answer", counting)


@pytest.mark.long
def test_the_first_worker_is_waited_for(dask, expected):
    dask.have(0)
    threading.Timer(0.1, dask.add).start()
    with pytest.warns(RuntimeWarning, match=f"the cluster at {dask.address} has no worker; waiting for the first"):
        assert fl.map("rosenbrock", client=dask.address, **PLANE).sha256 == expected


@pytest.mark.long
def test_a_cluster_gives_the_hash(dask, expected):
    dask.have(2)
    seen = []
    assert fl.map("rosenbrock", client=dask.address, progress=lambda *p: seen.append(p), **PLANE).sha256 == expected
    assert seen[-1] == (128 * 128, 128 * 128)
    with distributed.Client(dask.address, set_as_default=False) as client:
        assert fl.map("rosenbrock", client=client, **PLANE).sha256 == expected
        assert fl.map("rosenbrock", executor=client.get_executor(), **PLANE).sha256 == expected
        assert client.status == "running"


@pytest.mark.long
def test_large_jobs_and_states_travel(dask, monkeypatch, expected):
    dask.have(1)
    monkeypatch.setattr(cluster, "INLINE", 100)
    short = fl.map("rosenbrock", keep="state", client=dask.address, **PLANE | {"steps": 300})
    assert short.extend(100, client=dask.address).sha256 == expected


def test_five_workers_are_killed_and_replaced(dask, expected, small_tasks, told, monkeypatch):
    dask.have(2)
    kills = iter(range(5))

    def kill():
        if next(kills, None) is not None:
            dask.add()
            dask.kill(dask.workers[0])

    during(monkeypatch, kill, every=3)
    assert hash_of(dask) == expected
    assert next(kills, None) is None


@pytest.mark.long
def test_a_paused_worker_is_not_waited_for(dask, expected, small_tasks, monkeypatch):
    dask.have(2)
    monkeypatch.setattr(cluster, "LATE", 1)
    paused = dask.workers[0]
    pauses = iter([paused])
    during(monkeypatch, lambda: [pause(worker) for worker in pauses], every=5)
    try:
        assert hash_of(dask) == expected
    finally:
        go_on(paused)


@pytest.mark.long
def test_the_scheduler_is_killed_and_started_again(dask, expected, small_tasks, told, monkeypatch):
    """It is away until somebody notices."""

    def noticed(sentence):
        told.append(sentence)
        if not dask.workers:
            dask.start_scheduler()
            dask.add()

    monkeypatch.setattr(cluster_client, "tell", noticed)
    dask.have(1)
    stops = iter([dask.stop])
    during(monkeypatch, lambda: next(stops, lambda: None)(), every=9)
    assert hash_of(dask) == expected
    assert told[0] == f"the scheduler at {dask.address} does not answer; waiting until it is there again."
    assert f"the scheduler at {dask.address} answers again." in told


@pytest.mark.long
def test_a_killed_collector_is_started_again(dask, expected, tmp_path):
    dask.have(1)
    path = tmp_path / "map.fallmap"
    words = [*COMMAND, "--cluster", dask.address, "--out", str(path), "--json"]
    collector = subprocess.Popen([sys.executable, "-m", "fallline", *words], stdout=subprocess.DEVNULL)
    while collector.poll() is None and not (path.exists() and tiles(path)):
        time.sleep(0.01)
    dask.kill(collector)
    before = tiles(path)
    assert before
    done = subprocess.run([sys.executable, "-m", "fallline", *words], capture_output=True, text=True)
    assert json.loads(done.stdout)["sha256"] == expected, done.stderr
    assert before <= tiles(path)


def tiles(path):
    """The tiles in a file that may be just being begun."""
    try:
        with MapFile.open(path) as file:
            return file.keys()
    except (UsageError, OutputError):
        return set()


USELESS = {
    "it has no fallline: install": """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "fallline":
            raise ModuleNotFoundError(f"No module named {name!r}", name="fallline")
sys.meta_path.insert(0, Absent())
""",
    "it has fallline 0.0.1 there and 0.1.0 here": "import fallline; fallline.__version__ = '0.0.1'",
    "it computes other bits than this process (all versions are the same,": """
from fallline.maps import tasks
def other(spec, i, j, at_cells=tasks.at_cells):
    values = at_cells(spec, i, j)
    values["final_loss"][3] *= 1 + 1e-15
    return values
tasks.at_cells = other
""",
}


@pytest.mark.long
def test_useless_workers_are_turned_away(dask, expected, small_tasks, told, tmp_path):
    dask.have(0)
    for k, text in enumerate(USELESS.values()):
        (tmp_path / f"useless{k}.py").write_text(text)
        dask.add(tmp_path / f"useless{k}.py")
    dask.wait_for(3, exactly=True)
    with pytest.raises(OutputError, match=r"no worker of the cluster at .* can be used. tcp:"):
        hash_of(dask)
    assert len(told) == 3
    for why in USELESS:
        assert any(s.startswith("the worker tcp://127.0.0.1:") and f" is turned away: {why}" in s for s in told), why
    told.clear()
    dask.add()
    dask.wait_for(4)
    assert hash_of(dask) == expected
    assert told
    for worker in [*dask.workers]:
        dask.kill(worker)


def test_a_local_cluster(expected, capsys):
    assert main([*COMMAND, "--cluster", "local:1", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["sha256"] == expected
    assert not told.err


@pytest.mark.parametrize(("words", "sentence"), [
    (["tcp://127.0.0.1:9"], "no Dask scheduler answers at 'tcp://127.0.0.1:9' within 1 seconds: see whether it is running"),
    (["10.0.0.1:8786"], "the cluster must be tcp://HOST:PORT or local:N"),
    (["local:many"], "N of local:N must be a whole number"),
    (["local:0"], "N of local:N must be from 1 to 1,024; got 0."),
    (["local:2", "--workers", "2"], "leave workers and device out"),
])  # fmt: skip
def test_what_is_no_cluster_is_said(words, sentence, capsys, monkeypatch):
    monkeypatch.setattr(cluster_client, "ANSWER", 1.0)
    assert main([*COMMAND, "--cluster", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_what_is_no_client_is_said(monkeypatch):
    with pytest.raises(
        UsageError, match=r"the client must be a dask.distributed.Client, tcp://HOST:PORT or local:N; got 7\."
    ):
        fl.map("rosenbrock", client=7, **PLANE)
    with pytest.raises(UsageError, match="'bowl' is a function of your own, which worker processes cannot call"):
        fl.map(bowl, client="local:1", x="start.x=-1..1", size=4)
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with pytest.raises(UsageError, match=r"a cluster needs dask.distributed: pip install 'fallline\[cluster\]'"):
        fl.map("rosenbrock", client="local:1", **PLANE)


def bowl(x, y):
    return x**2 + y**2

"""Kernels in memory: made once, kept while there is room, freed when nobody holds them."""

from __future__ import annotations

import gc
import mmap
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.readings.graph import Graph
from fallline.readings.machine.compiled import compile_text
from fallline.runs import kernels
from fallline.runs.kernels import KernelCache
from parity import small_problem
from side_by_side import train


@dataclass
class Code:
    bytes: int


class Made:
    """A kernel as far as a cache knows it."""

    def __init__(self, size):
        self.compiled = Code(size - kernels._BESIDES)


def slopes(count):
    """Landscapes whose kernels differ."""
    return [fl.objective(lambda x, y, k=k: x**2 * (k + 1) + np.exp(y) * (k + 0.5)) for k in range(count)]


def losses(objective):
    return train(objective, steps=3, starts=[0.3, 0.2], settings={"learning_rate": 0.01})["final_loss"]


def test_a_kernel_is_made_once_and_the_oldest_leaves():
    cache, made = KernelCache(room=10 * 2**20), []

    def find(key, size=4 * 2**20):
        return cache.find(key, lambda: made.append(key) or Made(size))

    first = find("a")
    assert find("a") is first
    find("b")
    assert find("a") is first  # used again: b is the oldest now
    find("c")
    assert find("a") is first
    find("b")
    assert made == ["a", "b", "c", "b"]
    assert cache.bytes == 8 * 2**20
    find("larger than the room", 20 * 2**20)
    assert len(cache) == 1


def test_code_is_freed_with_its_last_user():
    text = "define void @run(ptr %args) { store i64 7, ptr %args ret void }"
    code = compile_text(text)
    assert compile_text(text) is code
    gone, call = weakref.ref(code), code.call
    del code
    word = np.zeros(1, dtype=np.int64)
    call(word.ctypes.data)  # the function holds its code
    assert word[0] == 7
    del call
    gc.collect()
    assert gone() is None


def test_a_traced_graph_is_freed():
    """Graphs are full of circles, and Python's collector does not look into NumPy's arrays."""
    graph = Graph()
    x = graph.inputs("x", (2, 2))
    (np.exp(x) @ x).sum()
    gone = weakref.ref(graph.groups[0].result)
    del graph, x
    gc.collect()
    assert gone() is None


def test_threads_may_use_kernels_that_leave_the_cache(monkeypatch):
    subjects = slopes(6)
    right = [losses(subject) for subject in subjects]
    monkeypatch.setattr(kernels, "_cache", KernelCache(room=1))  # holds one kernel at a time
    wrong = []

    def work(turn):
        for k in range(12):
            which = (turn + k) % len(subjects)
            if losses(subjects[which]) != right[which]:
                wrong.append(which)

    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.long
def test_memory_stays_bounded(monkeypatch):
    """`tests/long/kernels.py` makes ten thousand."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("the size of a process is read from /proc")
    monkeypatch.setattr(kernels, "_cache", KernelCache(room=4 * 2**20))
    for subject in slopes(40):
        losses(subject)
    before = memory()
    for subject in slopes(160):
        losses(subject)
    grown, mappings = (now - then for now, then in zip(memory(), before, strict=True))
    assert grown < 12 * 2**20  # of 160 kernels that take more than a megabyte each
    assert mappings < 40


def memory():
    """Bytes of this process, and its mappings."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * mmap.PAGESIZE, len(Path("/proc/self/maps").read_text().splitlines())


def test_a_kernel_serves_all_data_of_its_network():
    problem = small_problem("relu")
    other = fl.NetworkObjective(problem.network, problem.data)
    count = len(kernels._cache)
    for subject in (problem, other):
        train(subject, steps=1, starts=np.zeros(problem.dimension), settings={"learning_rate": 0.1})
    assert len(kernels._cache) <= count + 1

"""Kernels for CUDA devices, without a device: PTX has the text's arithmetic and no other, and the assembler takes it."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from fallline.problems import objective
from fallline.readings.ptx import target
from fallline.readings.ptx.kernel import text_of
from fallline.readings.ptx.plan import DevicePlan
from fallline.runs import devices
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network
from fallline.textbook.optimizers import OPTIMIZERS
from host_device import install
from parity import small_problem
from ptxas import assemble, complaints, find_ptxas, plans, program, ptx_of

CASES = list(itertools.product(OPTIMIZERS, ACTIVATIONS, LOSSES, (32, 64)))
SOME = CASES[::37]
needs_ptxas = pytest.mark.skipif(
    find_ptxas() is None, reason="ptxas is not installed (pip install nvidia-cuda-nvcc-cu12)"
)


def kernels(case):
    name, activation, loss, bits = case
    what = program(small_problem(activation, loss).network, name)
    for plan in plans(what, bits):
        yield plan, ptx_of(what, plan, bits)


@pytest.mark.parametrize("case", SOME, ids=str)
def test_every_operation_is_rounded_to_nearest(case):
    for _, ptx in kernels(case):
        assert "fma.rn" in ptx
        assert complaints(ptx) == []


@pytest.mark.long
def test_no_product_and_sum_are_fused_that_the_text_has_apart():
    """The PTX is that of LLVM forbidden to fuse and to approximate; allowed to, it writes another."""

    def digests(*options):
        command = [sys.executable, str(Path(__file__).with_name("ptxas.py")), *options]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    ours = digests()
    assert len(ours) == 8
    assert digests("-nvptx-fma-level=0", "-nvptx-prec-divf32=2") == ours
    assert all(a != b for a, b in zip(digests("-nvptx-fma-level=2"), ours, strict=True))


@needs_ptxas
@pytest.mark.parametrize("case", SOME[::4], ids=str)
def test_the_assembler_takes_it(case, tmp_path, record_property):
    for plan, ptx in kernels(case):
        registers, spills = assemble(find_ptxas(), ptx, tmp_path, most=plan.registers)
        record_property(f"{case}", f"{registers} registers, {spills} bytes of spills")
        assert registers <= (plan.registers or 255)


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_landscapes_too(landscape):
    what = program(objective(landscape), "adam", "cosine")
    assert complaints(ptx_of(what, DevicePlan.best(what, 64), 64)) == []


@pytest.mark.parametrize(("right", "wrong"), [
    ("add.rn.f32", "add.f32"), ("mul.rn.f32", "mul.rn.ftz.f32"), ("div.rn.f32", "div.full.f32"),
    ("rcp.rn.f32", "rcp.approx.f32"), ("fma.rn.f32", "mad.f32"),
])  # fmt: skip
def test_a_fault_in_ptx_would_be_seen(right, wrong):
    what = program(small_problem().network, "adam")
    ptx = ptx_of(what, plans(what, 32)[0], 32)
    assert right in ptx
    assert complaints(ptx.replace(right, wrong, 1))


def test_a_small_network_lives_in_registers():
    """No number of the seed study's network is read from or written to a thread's memory while it trains."""
    what = program(small_problem("relu", sizes="2-3-2-3", reduction="sum").network, "momentum")
    ptx = ptx_of(what, DevicePlan.best(what, 32), 32)
    assert ".local" not in ptx


@pytest.mark.parametrize(("sizes", "bits", "plan"), [
    ("2-3-2-3", 32, {"team": 1, "together": 1, "registers": 128, "unrolled": True}),
    ("2-3-2-3", 64, {"team": 1, "together": 1, "registers": 0, "unrolled": True}),
    ("4-4-4-3", 32, {"team": 1, "registers": 168, "unrolled": True}),
    ("4-11-3", 32, {"team": 1, "registers": 0, "unrolled": True}),
    ("4-4-4-3", 64, {"team": 1, "registers": 0, "unrolled": True}),  # too much would stand outside any bound
    ("4-8-3", 32, {"team": 1, "unrolled": True}),
    ("4-8-8-3", 32, {"team": 4, "together": 8, "block": 64}),  # two units a thread
    ("16-16-1", 32, {"team": 8, "together": 8, "block": 64}),
    ("16-16-1", 64, {"team": 8, "together": 4, "block": 64}),
    ("4-32-32-3", 32, {"team": 16, "block": 64}),
    ("4-32-32-3", 64, {"team": 32, "block": 64}),  # the memory of a block decides
    ("4-500-3", 64, {"team": 32, "block": 32}),
])  # fmt: skip
def test_a_plan_follows_from_what_a_thread_needs(sizes, bits, plan):
    what = program(Network.of(sizes), "momentum")
    best = DevicePlan.best(what, bits)
    assert {name: getattr(best, name) for name in plan} == plan


@pytest.mark.parametrize("capability", [70, 75, 80, 86, 89, 90, 100, 120])
def test_every_device_is_served(capability):
    what = program(small_problem().network, "adam")
    text, _ = text_of(what, plans(what, 32)[0], 32, services=target.DEVICE)
    ptx = target.to_ptx(text, capability)
    assert f".target sm_{min(capability, 90)}\n" in ptx
    assert ".visible .entry run(" in ptx


@pytest.mark.parametrize("unrolled", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_llvms_passes_reach_no_bit(monkeypatch, dtype, unrolled):
    """The text after the passes that the device's text goes through, run on this processor."""
    from test_device import same

    install(monkeypatch, passes=True)
    for activation, loss in zip(list(ACTIVATIONS)[::2], itertools.cycle(LOSSES), strict=False):
        same(
            small_problem(activation, loss),
            "adam",
            dtype=dtype,
            plan=DevicePlan(together=2, unrolled=unrolled),
            cells=9,
        )
    devices.kernel_of.cache_clear()

"""Samples' instructions alternate, LLVM leaves them so, and the mark that sees to it leaves nothing in the code."""

from __future__ import annotations

import re

import llvmlite.binding as llvm
import pytest

from fallline.readings.machine.compiled import assemble
from fallline.readings.machine.elementary import ELEMENTARY
from fallline.readings.machine.emit import operation
from fallline.readings.machine.layout import TOGETHER, TOGETHER_TILED, _together
from fallline.readings.machine.vectors import Vectors

MARK = "call void @llvm.codeview.annotation"


def rows(v: Vectors) -> list[list[str]]:
    """The instructions between two marks."""
    parts = v.text().split(f"  {MARK}(metadata !1)")
    return [part.strip("\n").split("\n") for part in parts if part.strip()]


@pytest.mark.parametrize("avx512", [False, True])
@pytest.mark.parametrize("op", ELEMENTARY)
def test_every_function_unfolds_into_rows(op, avx512):
    v = Vectors(32, 16, avx512)
    arguments = 2 if op == "power" else 1
    results = v.abreast(
        lambda u=u: operation(v, op, *(f"%x{u}_{k}" for k in range(arguments))) for u in range(3)
    )  # fmt: skip
    assert len(set(results)) == 3
    assert {len(row) for row in rows(v)} == {3}
    for row in rows(v):  # three times one instruction, on other values
        assert len({re.sub(r"%\w+", "%", line) for line in row}) == 1


def test_what_is_the_same_for_all_samples_is_written_once():
    v = Vectors(64, 4)
    v.abreast(lambda u=u: operation(v, "power", f"%x{u}", "%y") for u in range(3))
    assert {len(row) for row in rows(v)} == {1, 3}
    known = set()
    for line in v.text().split("\n"):  # nothing is used before it is written
        name, _, instruction = line.partition(" = ")
        assert set(re.findall(r"%v\d+", instruction)) <= known
        known.add(name.strip())


def test_nothing_new_leaves_no_mark():
    v = Vectors(64, 4)
    x = v.add("%a", "%b")
    assert v.abreast([lambda: v.add("%a", "%b")] * 2) == [x, x]
    assert MARK not in v.text()


SYSTEMS = (
    "x86_64-pc-linux-gnu", "x86_64-pc-windows-msvc", "x86_64-apple-darwin", "aarch64-linux-gnu", "arm64-apple-darwin",
    "aarch64-pc-windows-msvc",
)  # fmt: skip


def machine_code(system: str, v: Vectors) -> bytes:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        machine = llvm.Target.from_triple(system).create_target_machine(opt=2, jit=True)
    except RuntimeError as error:
        pytest.skip(f"this LLVM writes no code for {system}: {error}")
    module = llvm.parse_assembly(assemble(v))
    module.triple, module.data_layout = system, str(machine.target_data)
    return machine.emit_object(module)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_mark_makes_no_instruction_on_any_system(system):
    def chain(marked: bool) -> Vectors:
        """Code of one possible order, so that a mark has nothing to keep in place."""
        v = Vectors(64, 2)
        x = v.load("%args", 0)
        for k in range(9):
            x = v.mul(x, x) if k % 2 else v.add(x, x)
            if marked:
                v.mark()
        v.store(x, "%args", 1)
        return v

    assert machine_code(system, chain(True)) == machine_code(system, chain(False))


def test_llvm_keeps_the_rows():
    """Four chains of products in rows: in machine code they stand in the order of the text."""
    v = Vectors(32, 4)
    xs = [v.load("%args", u) for u in range(4)]

    def powers(x: str) -> str:
        for _ in range(6):
            x = v.mul(x, x)
        return x

    for u, x in enumerate(v.abreast(lambda x=x: powers(x) for x in xs)):
        v.store(x, "%args", u)
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(SYSTEMS[0]).create_target_machine(cpu="x86-64", opt=2, jit=True)
    module = llvm.parse_assembly(assemble(v))
    module.triple, module.data_layout = SYSTEMS[0], str(machine.target_data)
    registers = re.findall(r"mulps\s+%xmm(\d+), %xmm\1", machine.emit_assembly(module))
    assert len(registers) == 24
    assert registers == registers[:4] * 6
    assert len(set(registers[:4])) == 4


BLOCKS = {
    300: (5, 5),
    150: (5, 5),
    272: (5, 5),
    151: (5, 5),
    21: (5, 5),
    8: (4, 4),
    7: (6, 7),
    3: (3, 3),
    2: (2, 2),
    1: (1, 1),
}


@pytest.mark.parametrize("samples", BLOCKS)
def test_the_block_suits_the_number_of_samples(samples):
    for times, expected in zip((TOGETHER, TOGETHER_TILED), BLOCKS[samples], strict=True):
        cost = {u: samples // u * u * t + samples % u * times[1] for u, t in times.items()}
        assert cost[expected] == min(cost.values())
        assert _together(times, samples) == expected

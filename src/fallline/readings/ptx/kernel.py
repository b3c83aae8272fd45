"""A program as a kernel for a CUDA device: one thread trains one run, from its start to its last step.

The text is that of `machine.kernel` with vectors of one lane. Three things differ:

- a thread takes the cell FIRST + its own index, and none where that reaches END;
- scratch memory is the thread's own local memory, which the device interleaves over threads. Where all loops over
  parameters are unrolled, the compiler keeps what it can of it in registers;
- the rows of minibatches have been gathered by the caller, once for all runs, behind the rows of the data.
"""

from __future__ import annotations

from dataclasses import dataclass

from fallline.readings.graph import Node, topological
from fallline.readings.machine.frame import Frame
from fallline.readings.machine.kernel import KernelWriter
from fallline.readings.machine.layout import Plan, Slot
from fallline.readings.machine.program import Program, Samples
from fallline.readings.machine.samples import OverSamples
from fallline.readings.machine.straight import Rows, Straight
from fallline.readings.machine.tiles import Tiled
from fallline.readings.machine.vectors import Vectors
from fallline.readings.ptx import target

__all__ = ["DeviceKernel", "DevicePlan", "build", "host_text"]

STRAIGHT = 450
"""Nodes of a sample's graph up to which its code is straight-line; longer code leaves the cache of instructions."""

UNROLLED = 64
"""Parameters up to which loops over them are unrolled, so that they may stay in registers."""


@dataclass(frozen=True)
class DevicePlan:
    """How a program is laid out on a device. No choice here reaches a bit of the result.

    Parameters
    ----------
    together: samples taken at a time.
    tiled: loops over arrays in place of straight-line code.
    accumulators: numbers that a tile keeps in registers.
    unrolled: whether loops over parameters are written out.
    block: threads of a block.
    registers: most registers of a thread; 0 for what the assembler finds best.
    """

    together: int = 1
    tiled: bool = False
    accumulators: int = 32
    unrolled: bool = False
    block: int = 128
    registers: int = 0

    @classmethod
    def best(cls, program: Program) -> DevicePlan:
        """Straight-line code for small networks, tiles for others."""
        small = program.parameters <= UNROLLED
        if not isinstance(program.objective, Samples):
            return cls(unrolled=small)
        nodes = len(topological([program.objective.loss, *program.objective.gradient]))
        if nodes <= STRAIGHT:
            return cls(together=2, unrolled=small)
        return cls(together=8, tiled=True)


@dataclass(frozen=True)
class DeviceKernel:
    """A program's PTX: the function `run` takes `words` 64-bit words, the table, by value."""

    ptx: str
    plan: DevicePlan
    words: int
    local_bytes: int


def build(
    program: Program, plan: DevicePlan, bits: int, *, batches: bool = False, capability: int = 90
) -> DeviceKernel:
    """PTX for a program, for devices of that compute capability (90 for 9.0) and later ones."""
    writer = _DeviceWriter(program, plan, bits, batches)
    writer.body()
    words = Slot.SETTINGS + 2 * len(program.settings)
    ptx = target.to_ptx(_module(writer.f.v, words, target.THREAD_INDEX), capability)
    return DeviceKernel(ptx, plan, words, writer.f.size * writer.f.v.bytes)


def host_text(program: Program, plan: DevicePlan, bits: int, *, batches: bool = False) -> str:
    """The same text for this machine's processor, which finds the thread's index in the global `thread`: for tests."""
    writer = _DeviceWriter(program, plan, bits, batches)
    writer.body()
    return _module(writer.f.v, Slot.SETTINGS + 2 * len(program.settings), target.GIVEN_INDEX)


def _module(v: Vectors, words: int, index: str) -> str:
    """A module with the function `run`, and with `index`, the text of `thread_index`."""
    declarations = "\n".join(sorted(v.declared))
    kind, argument = ("ptx_kernel ", f"byval([{words} x i64]) align 8") if index == target.THREAD_INDEX else ("", "")
    return (
        f"{declarations}\n{index}\ndefine {kind}void @run(ptr {argument} %args) {{\nentry:\n{v.text()}\n  ret void\n}}\n"
        + "\n".join(v.notes if isinstance(v, _Scalars) else ())
    )


class _Scalars(Vectors):
    """Vectors of one lane, whose loops over a fixed number of turns may be unrolled."""

    def __init__(self, bits: int, unrolled: bool) -> None:
        super().__init__(bits, 1)
        self.unrolled = unrolled
        self.notes = ['!0 = !{!"llvm.loop.unroll.full"}', '!1 = !{!"llvm.loop.unroll.disable"}']

    def advice(self, count: int | str) -> str:
        number = len(self.notes)
        self.notes.append(
            f"!{number} = distinct !{{!{number}, !{int(not (self.unrolled and isinstance(count, int)))}}}"
        )
        return f", !llvm.loop !{number}"


class _DeviceFrame(Frame):
    def word(self, slot: int, kind: str) -> str:
        if slot == Slot.SCRATCH:
            return self.v.fresh(f"alloca [{self.size} x {self.v.scalar}], align 16")
        return super().word(slot, kind)

    def begin(self) -> None:
        super().begin()
        v = self.v
        v.declared.add("declare i64 @llvm.smin.i64(i64, i64)")
        first = v.let(f"add i64 {self.args[Slot.FIRST]}, {v.fresh('call i64 @thread_index()')}")
        following = v.let(f"add i64 {first}, 1")
        self.args[Slot.END] = v.let(f"call i64 @llvm.smin.i64(i64 {self.args[Slot.END]}, i64 {following})")
        self.args[Slot.FIRST] = first


class _DeviceSamples(OverSamples):
    def __init__(self, f: Frame, objective: Samples, plan: DevicePlan, batches: bool) -> None:
        self.accumulators = plan.accumulators
        super().__init__(f, objective, Plan(1, plan.together, plan.tiled), batches, remainder=True)

    def _body(self, outputs: list[tuple[int, Node]]) -> Straight | Tiled:
        columns, together = self.objective.columns, self.plan.together
        if not self.plan.tiled:
            return Straight(outputs, columns, together)
        return Tiled(outputs, columns, together, self.accumulators)

    def _rows(self, k: str, final: str) -> tuple[Rows, str]:
        v, args = self.f.v, self.f.args
        if not self.batches:
            return super()._rows(k, final)
        # the rows of step k's batch stand behind those of the data
        begin = v.let(f"add i64 {args[Slot.ROWS]}, {v.let(f'mul i64 {k}, {args[Slot.BATCH]}')}")
        first = v.let(f"select i1 {final}, i64 0, i64 {begin}")
        X, T = (
            v.at(address, v.index(first, "mul", n), v.scalar)
            for address, n in zip((args[Slot.X], args[Slot.T]), self.objective.columns, strict=True)
        )
        self.f.factor = v.splat(v.load_scalar(args[Slot.FACTORS], v.let(f"zext i1 {final} to i64")))
        return Rows(X, T), v.let(f"select i1 {final}, i64 {args[Slot.ROWS]}, i64 {args[Slot.BATCH]}")


class _DeviceWriter(KernelWriter):
    def __init__(self, program: Program, plan: DevicePlan, bits: int, batches: bool) -> None:
        self.f = _DeviceFrame(program, _Scalars(bits, plan.unrolled))
        objective = program.objective
        self.samples = _DeviceSamples(self.f, objective, plan, batches) if isinstance(objective, Samples) else None

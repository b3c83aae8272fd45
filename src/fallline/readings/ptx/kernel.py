"""A program as a kernel for a CUDA device: a thread, or a team of threads, trains one run from its start to its last step.

The text is that of `machine.kernel` with vectors of one lane, but for what a thread must know of its place: which cell
is its own, which part of a team's work, and where its numbers stand.
"""

from __future__ import annotations

from dataclasses import dataclass

from fallline.readings.machine import folding
from fallline.readings.machine.kernel import KernelWriter
from fallline.readings.machine.layout import Slot
from fallline.readings.machine.program import Program, Samples
from fallline.readings.machine.updating import stepper, update_all
from fallline.readings.ptx import target
from fallline.readings.ptx.frame import DeviceFrame
from fallline.readings.ptx.one_lane import OneLane
from fallline.readings.ptx.plan import DevicePlan
from fallline.readings.ptx.samples import DeviceSamples

__all__ = ["DeviceKernel", "build", "text_of"]


@dataclass(frozen=True)
class DeviceKernel:
    """A program's PTX: the function `run` takes the table's words by value.

    Parameters
    ----------
    shared
        Bytes of shared memory that a team takes.
    """

    ptx: str
    plan: DevicePlan
    shared: int

    def shared_by(self, threads: int) -> int:
        """Bytes of shared memory that a block of that many threads takes."""
        return self.shared * (threads // self.plan.team)


def build(
    program: Program, plan: DevicePlan, bits: int, *, batches: bool = False, capability: int = 90
) -> DeviceKernel:
    """PTX for a program, for devices of that compute capability (90 for 9.0) and later ones."""
    text, shared = text_of(program, plan, bits, batches=batches, services=target.DEVICE)
    return DeviceKernel(target.to_ptx(text, capability), plan, shared)


def text_of(
    program: Program, plan: DevicePlan, bits: int, *, batches: bool = False, services: str, kind: str = "ptx_kernel"
) -> tuple[str, int]:
    """The kernel's module in LLVM's text, and the bytes of shared memory that a team takes.

    `services` is the text of the functions that a thread calls for its place, for shared memory and for its team; `kind` is
    the function's calling convention, empty for a processor's.
    """
    writer = _DeviceWriter(program, plan, bits, batches)
    writer.body()
    v = writer.f.v
    words = Slot.SETTINGS + 2 * len(program.settings)
    declared = "\n".join(sorted(v.declared))
    argument = f"ptr byval([{words} x i64]) align 8 %args" if kind else "ptr %args"
    notes = "\n".join(v.notes)
    text = (
        f"{declared}\n{services}\ndefine {kind} void @run({argument}) {{\nentry:\n{v.text()}\n  ret void\n}}\n{notes}\n"
    )
    return text, writer.f.shared * v.bytes


class _DeviceWriter(KernelWriter):
    f: DeviceFrame

    def __init__(self, program: Program, plan: DevicePlan, bits: int, batches: bool) -> None:
        self.f = DeviceFrame(program, OneLane(bits, plan.unrolled, plan.team))
        objective = program.objective
        self.samples = DeviceSamples(self.f, objective, plan, batches) if isinstance(objective, Samples) else None

    def body(self) -> None:
        sources = self._open()
        self._train(self.f.cell, "1", self.f.writes, sources)

    def _steps(self, cell: str, lanes: str) -> None:
        super()._steps(cell, lanes)
        self.f.v.meet()  # the team's last parameters are known to all

    def _update(self, k: str, final: str, gradient: list[str] | None) -> None:
        """As `update_all`; a team's threads take the parameters in turn, and then each sums up the norm in order."""
        f, v = self.f, self.f.v
        if v.team == 1:
            update_all(f, k, final, gradient)
            return
        sums = f.base["sums"]
        for segment in f.program.segments:
            step = stepper(f, segment, k, final)
            with v.loop(segment.stop - segment.start, "update") as i:
                at = v.index(i, "add", segment.start)
                v.store(step(at, v.load(sums, at)), sums, at)
        v.meet()

        def more(i: str, norm: list[str]) -> list[str]:
            g = v.load(sums, i)
            return [v.fma(g, g, norm[0])]

        folding.fold_gradient(f, v.carry(0, f.program.parameters, [v.number(0.0)], more)[0])

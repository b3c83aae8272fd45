"""The kernel: it trains blocks of lanes, each from its start to its last step, in the processor's cache.

    for each block of lanes:
        read starts or checkpoints, and settings, one run a lane
        for step 0..steps, or a part of them:
            sums over the samples -> loss, gradient; over all of them first, if losses are those of all
            fold the measures; leave if no lane is alive, or after the last step
            update every parameter
        write the measures, or checkpoints

One call computes the blocks of a range of cells and never returns to Python meanwhile, so several threads work at the
same time. The function takes the address of a table of 64-bit words (`Slot`).
"""

from __future__ import annotations

from dataclasses import dataclass

from fallline.readings.machine import checkpoint, folding, target
from fallline.readings.machine.compiled import Compiled, assemble, compile_text
from fallline.readings.machine.emit import Writer
from fallline.readings.machine.frame import Frame
from fallline.readings.machine.layout import Measure, Plan, Slot
from fallline.readings.machine.program import Direct, Program, Samples
from fallline.readings.machine.samples.sums import OverSamples
from fallline.readings.machine.updating import update_all
from fallline.readings.machine.vectors import Vectors

__all__ = ["Kernel", "KernelWriter", "build"]


@dataclass(frozen=True)
class Kernel:
    """A compiled program: `compiled.call(address of table)`; `scratch` bytes of memory, aligned to 256, a thread.

    `remainder` says whether the number of samples may differ from a multiple of `plan.together`. The kernel keeps the names of
    its settings, in the table's order. It does not keep the program, whose graphs are as large as
    the code.
    """

    compiled: Compiled
    plan: Plan
    remainder: bool
    settings: tuple[str, ...]
    scratch: int
    instructions: int


def build(program: Program, plan: Plan, bits: int, *, batches: bool = False, remainder: bool = True) -> Kernel:
    """Compile a program.

    Parameters
    ----------
    bits
        32 or 64.
    batches
        Whether a step uses a minibatch; otherwise it uses all samples.
    remainder
        Whether the number of samples may differ from a multiple of `plan.together`.
    """
    vectors = target.vectors(bits, plan.lanes, plan.instruction_set)
    writer = KernelWriter(program, plan, vectors, batches, remainder)
    text = writer.write()
    compiled = compile_text(text, plan.instruction_set)
    return Kernel(compiled, plan, remainder, program.settings, writer.scratch, text.count("\n"))


class KernelWriter:
    """Writes a kernel's text, part by part. A subclass for other machines replaces some parts."""

    def __init__(self, program: Program, plan: Plan, vectors: Vectors, batches: bool, remainder: bool) -> None:
        self.f = Frame(program, vectors)
        objective = program.objective
        self.samples = (
            OverSamples(self.f, objective, plan, batches, remainder) if isinstance(objective, Samples) else None
        )

    @property
    def scratch(self) -> int:
        """Bytes of scratch memory of a thread."""
        return self.f.size * self.f.v.bytes

    def write(self) -> str:
        self.body()
        return assemble(self.f.v)

    def body(self) -> None:
        """Write the body of the function."""
        f, v = self.f, self.f.v
        sources = self._open()
        first, end = f.args[Slot.FIRST], f.args[Slot.END]
        span = v.let(f"sub i64 {end}, {first}")
        with v.loop(span, "block", step=v.width) as b:
            cell = v.let(f"add i64 {b}, {first}")
            left = v.let(f"sub i64 {end}, {cell}")
            lanes = v.let(f"call i64 @llvm.smin.i64(i64 {left}, i64 {v.width})")
            v.declared.add("declare i64 @llvm.smin.i64(i64, i64)")
            self._train(cell, left, lanes, sources)

    def _open(self) -> list[tuple[str, str]]:
        """Read the table; return each setting's address and the distance between the values of two cells."""
        f = self.f
        f.begin()
        if self.samples is not None:
            self.samples.begin()
        return [
            (f.word(Slot.SETTINGS + 2 * i, "ptr"), f.word(Slot.SETTINGS + 2 * i + 1, "i64"))
            for i in range(len(f.program.settings))
        ]

    def _train(self, cell: str, left: str, lanes: str, sources: list[tuple[str, str]]) -> None:
        """Train the cells from `cell` on. `left` cells are left, and the results of the first `lanes` are written."""
        self._begin(cell, left, sources)
        folding.begin(self.f)
        self._initial()
        checkpoint.read(self.f, cell, left)
        self._steps(cell, lanes)
        checkpoint.write(self.f, cell, lanes)
        folding.finish(self.f)
        self._finish(cell, lanes)

    # --- beginning and end of a block: its starts and settings are read, its results written ---

    def _begin(self, cell: str, left: str, sources: list[tuple[str, str]]) -> None:
        v = self.f.v
        with v.loop(v.width, "lane") as lane:
            # lanes beyond the last cell repeat it; their results are not written
            last = v.let(f"sub i64 {left}, 1")
            inside = v.let(f"call i64 @llvm.smin.i64(i64 {lane}, i64 {last})")
            mine = v.let(f"add i64 {cell}, {inside}")
            offset = v.let(f"mul i64 {mine}, {self.f.args[Slot.START_STRIDE]}")
            with v.loop(self.f.program.parameters, "parameter") as k:
                value = v.load_scalar(self.f.args[Slot.STARTS], v.let(f"add i64 {offset}, {k}"))
                self.f.store_lane(value, "w", k, lane)
            for i, (source, stride) in enumerate(sources):
                value = v.load_scalar(source, v.let(f"mul i64 {mine}, {stride}"))
                self.f.store_lane(value, "settings", i, lane)

    def _initial(self) -> None:
        """Write the optimizer's state before the first step."""
        v = self.f.v
        S = self.f.program.states
        for segment in self.f.program.segments if S else ():
            first = Writer(v, self.f.setting).write(segment.update.initial)
            with v.loop(segment.stop - segment.start, "state") as k:
                for s, value in enumerate(first):
                    at = v.index(v.index(v.index(k, "add", segment.start), "mul", S), "add", s)
                    v.store(value, self.f.base["state"], at)

    def _finish(self, cell: str, lanes: str) -> None:
        v = self.f.v
        v.put(f"; finish {cell}")
        with v.loop(lanes, "out") as lane:
            mine = v.let(f"add i64 {cell}, {lane}")
            with v.loop(len(Measure), "measure") as m:
                value = self.f.load_lane("measures", m, lane)
                at = v.let(f"add i64 {v.let(f'mul i64 {m}, {self.f.args[Slot.CELLS]}')}, {mine}")
                v.put(f"store {v.scalar} {value}, ptr {v.at(self.f.args[Slot.MEASURES], at, v.scalar)}")
            wanted = v.let(f"icmp ne ptr {self.f.args[Slot.FINALS]}, null")
            with v.when(wanted):
                offset = v.let(f"mul i64 {mine}, {self.f.program.parameters}")
                with v.loop(self.f.program.parameters, "final") as k:
                    value = self.f.load_lane("w", k, lane)
                    v.put(
                        f"store {v.scalar} {value}, "
                        f"ptr {v.at(self.f.args[Slot.FINALS], v.let(f'add i64 {offset}, {k}'), v.scalar)}"
                    )

    # --- steps ---

    def _steps(self, cell: str, lanes: str) -> None:
        f, v = self.f, self.f.v
        count = v.let(f"sub i64 {f.args[Slot.END_STEP]}, {f.args[Slot.FIRST_STEP]}")
        with v.loop(count, "step") as turn:
            k = v.let(f"add i64 {turn}, {f.args[Slot.FIRST_STEP]}")
            final = v.let(f"icmp eq i64 {k}, {f.args[Slot.STEPS]}")
            full = f.program.full_loss
            loss, gradient = self._objective(k, "true" if full else final)
            alive = folding.fold(f, loss, k, v.splat(v.let(f"sitofp i64 {k} to {v.scalar}")))
            folding.keep(f, loss, alive, cell, lanes, k)
            folding.leave_if_dead(f, alive)
            if full:  # the sums were those of all samples; now those of the step's own
                self._objective(k, final)
            self._update(k, final, gradient)
            v.leave_if(final)

    def _update(self, k: str, final: str, gradient: list[str] | None) -> None:
        update_all(self.f, k, final, gradient)

    def _objective(self, k: str, final: str) -> tuple[str, list[str] | None]:
        """Write the step's loss and gradient, and return their names; None for a gradient that stands in the sums."""
        if self.samples is not None:
            return self.samples.step(k, final), None
        objective = self.f.program.objective
        assert isinstance(objective, Direct)
        loss, *gradient = Writer(self.f.v, self.f.weight_or_setting).write([objective.loss, *objective.gradient])
        return loss, gradient

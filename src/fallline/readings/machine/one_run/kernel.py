"""The kernel of one run: it takes the steps of a training in a row, each on its minibatch, and never returns to Python meanwhile.

    for step first..end-1:
        for each block of the minibatch's samples: copy them, samples side by side; add to the sums -> loss, gradient
        update every parameter, and add up the penalty on what it was before
        keep the loss

Parameters and the optimizer's state stay in the caller's memory between two calls, in padded rows of whole vectors. The
table is that of the other kernels (`layout.Slot`): STARTS is not read, SCRATCH is the memory of the run, and FINALS takes the
answers to all samples, if the program has them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fallline.readings.graph import Node
from fallline.readings.machine import target
from fallline.readings.machine.compiled import Compiled, assemble, compile_text
from fallline.readings.machine.emit import Writer
from fallline.readings.machine.frame import Frame
from fallline.readings.machine.layout import Slot, vectors_together
from fallline.readings.machine.one_run.blocks import SampleBlocks
from fallline.readings.machine.one_run.sizes import NotScalableError, Part, Sizes
from fallline.readings.machine.program import Program, Samples, Segment
from fallline.readings.machine.samples.array_recovery import RecoveredArrays
from fallline.readings.machine.samples.sums import OverSamples
from fallline.readings.machine.samples.tiles import Index
from fallline.readings.machine.updating import stepper

__all__ = ["RunKernel", "build_loss", "build_training"]

NEVER = "false"
"""The condition that the step is the last, after which parameters stay unchanged."""


@dataclass(frozen=True)
class RunKernel:
    """A compiled kernel of one run: `compiled.call(address of table)`.

    Attributes
    ----------
    settings
        Names of the numbers that the run reads, in the table's order.
    parts
        Where the parameters stand.
    bits, width
        Of a number; numbers in a vector.
    vectors, states
        Vectors of parameters, which stand first in the memory of the run; states of each, which follow.
    scratch
        Bytes of the memory of the run, which begins at a multiple of 256.
    """

    compiled: Compiled
    settings: tuple[str, ...]
    parts: tuple[Part, ...]
    bits: int
    width: int
    vectors: int
    states: int
    scratch: int


def build_training(program: Program, other: Program, sizes: tuple[Sizes, Sizes], bits: int, batch: int, batches: bool,
                   instruction_set: str) -> RunKernel:  # fmt: skip
    """Compile the steps of a training.

    Parameters
    ----------
    program, other, sizes
        The programs of two small networks, and for which sizes they stand.
    bits
        32 or 64.
    batch
        Samples that a step sees.
    batches
        Whether these are a minibatch; otherwise they are all samples.

    Raises
    ------
    NotScalableError
        The two programs have other loops.
    """
    return _RunWriter(program, other, sizes, bits, batch, batches, instruction_set).build(training=True)


def build_loss(program: Program, other: Program, sizes: tuple[Sizes, Sizes], bits: int, rows: int,
               instruction_set: str) -> RunKernel:  # fmt: skip
    """Compile the loss of all samples, `rows` of them, and the answers to them."""
    return _RunWriter(program, other, sizes, bits, rows, False, instruction_set).build(training=False)


class _RunWriter:
    def __init__(
        self, program: Program, other: Program, sizes: tuple[Sizes, Sizes], bits: int, batch: int, batches: bool,
        instruction_set: str,
    ) -> None:  # fmt: skip
        self.instruction_set = instruction_set
        width = target.vector_bytes(instruction_set) * 8 // bits
        self.v = target.vectors(bits, width, instruction_set)
        self.small, self.other, self.sizes, self.batches = program, other, sizes, batches
        bias = len(program.segments) == 2 * (len(sizes[0].real) - 1)
        self.parts = sizes[0].parts(width, bias)
        self.other_parts = sizes[1].parts(width, bias)
        self.together = vectors_together(-(-batch // width))
        vectors = sum(part.rows * part.vectors for part in self.parts)
        segments = tuple(
            Segment(part.at, part.at + part.rows * part.vectors, segment.update)
            for part, segment in zip(self.parts, program.segments, strict=True)
        )
        self.f = Frame(replace(program, parameters=vectors, segments=segments), self.v)

    def build(self, training: bool) -> RunKernel:
        f, v = self.f, self.v
        objective = self.small.objective
        assert isinstance(objective, Samples)
        sums = _Sums(self, objective, training)
        f.begin()
        sums.begin()
        self._read_settings()
        first = f.args[Slot.FIRST_STEP]
        if training:
            with v.when(v.let(f"icmp eq i64 {first}, 0")):
                self._initial()
        count = v.let(f"sub i64 {f.args[Slot.END_STEP]}, {first}")
        with v.loop(count, "step") as turn:
            k = v.let(f"add i64 {turn}, {first}")
            sums.add(k)
            self._parameters(k if training else None)
            v.store(sums.loss(), f.base["sums"], f.spare)
            value = f.load_lane("sums", f.spare, "0")
            v.put(f"store {v.scalar} {value}, ptr {v.at(f.args[Slot.HISTORY], k, v.scalar)}")
        text = assemble(v)
        compiled = compile_text(text, self.instruction_set)
        return RunKernel(
            compiled, self.small.settings, tuple(self.parts), v.bits, v.width, f.program.parameters, self.small.states,
            f.size * v.bytes,
        )  # fmt: skip

    def _read_settings(self) -> None:
        f, v = self.f, self.v
        for i in range(len(f.program.settings)):
            source, stride = f.word(Slot.SETTINGS + 2 * i, "ptr"), f.word(Slot.SETTINGS + 2 * i + 1, "i64")
            value = v.load_scalar(source, v.let(f"mul i64 {f.args[Slot.FIRST]}, {stride}"))
            v.store(v.splat(value), f.base["settings"], i)

    def _initial(self) -> None:
        """Write the optimizer's state before the first step."""
        f, v, S = self.f, self.v, self.f.program.states
        for segment in f.program.segments if S else ():
            first = Writer(v, f.setting).write(segment.update.initial)
            with v.loop(segment.stop - segment.start, "state") as k:
                for s, value in enumerate(first):
                    at = v.index(v.index(v.index(k, "add", segment.start), "mul", S), "add", s)
                    v.store(value, f.base["state"], at)

    def _parameters(self, k: str | None) -> None:
        """Add up the penalty of each part, weight after weight in their order; and update the parameters in step `k`.

        The one waits for its last sum, the other for divisions, so both take little longer than one of them.
        """
        f, v = self.f, self.v
        for number, (segment, part) in enumerate(zip(f.program.segments, self.parts, strict=True)):
            if k is None and segment.update.penalty is None:
                continue
            step = stepper(f, segment, k, NEVER) if k is not None else None

            def one(at: Index, lanes: int, number: int = number, segment: Segment = segment, step: Any = step) -> None:
                if segment.update.penalty is not None:
                    self._penalise(number, segment.update.penalty, at, lanes)
                if step is not None:
                    step(at, v.load(f.base["sums"], at))

            v.store(v.number(0.0), f.base["penalties"], number)
            whole, rest = divmod(part.columns, v.width)
            with v.loop(part.rows, "row") as i:
                row = v.index(v.index(i, "mul", part.vectors), "add", part.at)
                with v.loop(whole, "parameters") as j:
                    one(v.index(row, "add", j), v.width)
                if rest:
                    one(v.index(row, "add", whole), rest)

    def _penalise(self, number: int, penalty: Node, at: Index, lanes: int) -> None:
        """Add the penalty of the first weights of a vector, one after the other, to the sum of the part."""
        f, v = self.f, self.v
        summed = penalty.graph.input("total") + penalty
        total = v.load(f.base["penalties"], number)
        for lane in range(lanes):
            w = v.load_scalar(f.base["w"], v.index(v.index(at, "mul", v.width), "add", lane))
            writer = Writer(v, f.setting)
            for name, value in (("total", total), ("w", v.splat(w))):
                writer.values[penalty.graph.input(name).index] = value
            (total,) = writer.write([summed])
        v.store(total, f.base["penalties"], number)


class _Sums(OverSamples):
    """The sums over samples whose lanes are the samples; the loss is the same in all lanes."""

    def __init__(self, writer: _RunWriter, objective: Samples, training: bool) -> None:
        self.f, self.objective, self.batches = writer.f, objective, writer.batches
        self.parts, self.width = writer.parts, writer.v.width

        def outputs(samples: Samples) -> list[tuple[int, Node]]:
            gradient = list(enumerate(samples.gradient)) if training else []
            return [*gradient, (len(samples.gradient), samples.loss)]

        registers = 20 if writer.v.avx512 else 10
        self.blocks = SampleBlocks(
            outputs(objective), writer.sizes[0], writer.parts, (writer.sizes[0].real[0], objective.columns[1]),
            writer.together, self.width, registers, objective.answers,
        )  # fmt: skip
        assert isinstance(writer.other.objective, Samples)
        other = RecoveredArrays(outputs(writer.other.objective), 1, writer.other.objective.answers)
        mine = self.blocks.arrays
        if writer.sizes[0].signature(mine, writer.parts) != writer.sizes[1].signature(other, writer.other_parts):
            raise NotScalableError
        self.rooms = {"buffers": self.f.room(self.blocks.scratch), "penalties": self.f.room(len(self.parts))}

    def begin(self) -> None:
        for name, at in self.rooms.items():
            self.f.base[name] = self.f.v.at(self.f.args[Slot.SCRATCH], at)

    def add(self, k: str) -> None:
        """Add all samples of the step to the sums."""
        f, v = self.f, self.f.v
        count = f.args[Slot.BATCH] if self.batches else f.args[Slot.ROWS]
        if self.batches:
            self._take_factors(NEVER)
        else:
            f.factor = v.splat(v.load_scalar(f.args[Slot.FACTORS], 1))
        with v.loop(f.program.parameters + 2, "zero") as i:
            v.store(v.number(0.0), f.base["sums"], i)
        order = v.at(f.args[Slot.ORDER], v.let(f"mul i64 {k}, {f.args[Slot.BATCH]}"), "i64")
        U = self.blocks.together
        vectors = v.let(f"sdiv i64 {v.let(f'add i64 {count}, {self.width - 1}')}, {self.width}")
        rest = v.let(f"urem i64 {vectors}, {U}")
        whole = v.let(f"sub i64 {vectors}, {rest}")
        with v.loop(whole, "samples", step=U) as i:
            self._samples(order, i, count, U)
        if U > 1:
            with v.loop(rest, "sample") as j:
                self._samples(order, v.let(f"add i64 {whole}, {j}"), count, 1)

    def loss(self) -> str:
        """Write the loss, after the penalties have been added up."""
        return self._loss(self.f.v.splat(self.f.load_lane("sums", self.f.program.parameters, "0")))

    def _samples(self, order: str, vector: str, count: str, together: int) -> None:
        """Copy the samples of a block, and add them to the sums."""
        f, v, blocks, width = self.f, self.f.v, self.blocks, self.width
        first = v.let(f"mul i64 {vector}, {width}")
        left = v.let(f"sub i64 {count}, {first}")
        v.declared.add("declare i64 @llvm.smin.i64(i64, i64)")
        samples = v.let(f"call i64 @llvm.smin.i64(i64 {left}, i64 {together * width})")
        last = v.let(f"sub i64 {samples}, 1")
        nx, nt = blocks.columns
        with v.loop(together, "pack") as u:
            rows = []
            for lane in range(width):
                at = v.let(f"add i64 {v.let(f'mul i64 {u}, {width}')}, {lane}")
                at = v.let(f"call i64 @llvm.smin.i64(i64 {at}, i64 {last})")  # lanes beyond the last sample repeat it
                at = v.let(f"add i64 {at}, {first}")
                rows.append(v.load_scalar(order, at, "i64") if self.batches else at)
            for source, to, n in ((f.args[Slot.X], blocks.x, nx), (f.args[Slot.T], blocks.t, nt)):
                begins = [v.at(source, v.let(f"mul i64 {row}, {n}"), v.scalar) for row in rows]
                self._copy(begins, v.at(v.at(f.base["buffers"], to), u), n)
        if self.objective.answers:
            begin = v.let(f"mul i64 {vector}, {len(self.objective.answers)}")
            f.base["answers"] = v.at(f.args[Slot.FINALS], begin)
        blocks.block(v, f.weight_or_setting, samples, first, together, f.base)

    def _copy(self, begins: list[str], target: str, columns: int) -> None:
        """Write each column of a vector of samples, of which row i begins at begins[i], as one vector."""
        v, width, apart = self.f.v, self.width, self.blocks.together
        whole = columns - columns % width
        with v.loop(whole // width, "square") as square:
            self._copy_square(begins, target, v.index(square, "mul", width))
        if whole and whole < columns:  # the last square overlaps the one before
            self._copy_square(begins, target, columns - width)
        elif not whole:
            for j in range(columns):
                values = v.fresh("freeze " + v.type + " poison")
                for lane, begin in enumerate(begins):
                    number = v.load_scalar(begin, j)
                    values = v.let(f"insertelement {v.type} {values}, {v.scalar} {number}, i64 {lane}")
                v.store(values, target, j * apart)

    def _copy_square(self, begins: list[str], target: str, column: int | str) -> None:
        v = self.f.v
        rows = [v.fresh(f"load {v.type}, ptr {v.at(begin, column, v.scalar)}, align {v.bits // 8}") for begin in begins]
        for j, values in enumerate(v.transposed(rows)):
            v.store(values, target, v.index(v.index(column, "add", j), "mul", self.blocks.together))

    def _penalty(self, segment: Segment) -> str:
        number = next(i for i, part in enumerate(self.parts) if part.at == segment.start)
        return self.f.v.load(self.f.base["penalties"], number)

"""The kernel of one run: it takes the steps of a training in a row, each on its minibatch, and never returns to Python meanwhile.

    for step first..end-1:
        for each block of the minibatch's samples: copy them, samples side by side; add to the sums -> loss, gradient
        keep the loss
        update every parameter

Parameters and the optimizer's state stay in the caller's memory between two calls, in padded rows of whole vectors. The
table is that of the other kernels (`layout.Slot`): STARTS is not read, SCRATCH is the memory of the run, and FINALS takes the
answers to all samples, if the program has them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
            loss = sums.step(k, NEVER)
            v.store(loss, f.base["sums"], f.spare)
            value = f.load_lane("sums", f.spare, "0")
            v.put(f"store {v.scalar} {value}, ptr {v.at(f.args[Slot.HISTORY], k, v.scalar)}")
            if training:
                self._update(k)
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

    def _update(self, k: str) -> None:
        f, v = self.f, self.v
        for segment in f.program.segments:
            step = stepper(f, segment, k, NEVER)
            with v.loop(segment.stop - segment.start, "update") as i:
                at = v.index(i, "add", segment.start)
                step(at, v.load(f.base["sums"], at))


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
        self.buffers = self.f.room(self.blocks.scratch)

    def begin(self) -> None:
        self.f.base["buffers"] = self.f.v.at(self.f.args[Slot.SCRATCH], self.buffers)

    def step(self, k: str, final: str) -> str:
        f, v = self.f, self.f.v
        count = f.args[Slot.BATCH] if self.batches else f.args[Slot.ROWS]
        if self.batches:
            self._take_factors(final)
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
        total = v.splat(f.load_lane("sums", f.program.parameters, "0"))
        return self._loss(total)

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
        """Write the penalty of a part's weights, added one by one in their order."""
        f, v, node = self.f, self.f.v, segment.update.penalty
        assert node is not None
        part = next(part for part in self.parts if part.at == segment.start)
        summed = node.graph.input("total") + node
        v.store(v.number(0.0), f.base["sums"], f.spare)
        with v.loop(part.rows, "row") as i:
            row = v.at(f.base["w"], v.index(v.index(i, "mul", part.vectors), "add", part.at))

            def add_weight(j: int | str, totals: list[str]) -> list[str]:
                writer = Writer(v, f.setting)
                for name, value in (("total", totals[0]), ("w", v.splat(v.load_scalar(row, j)))):
                    writer.values[node.graph.input(name).index] = value
                return writer.write([summed])

            (value,) = v.carry(0, part.columns, [v.load(f.base["sums"], f.spare)], add_weight)
            v.store(value, f.base["sums"], f.spare)
        return v.load(f.base["sums"], f.spare)

"""The kernel: blocks of lanes, each trained from its start to its last step without leaving the cache.

    for each block of lanes:
        read starts and settings, one run a lane
        for step 0..steps:
            sums over the samples -> loss, gradient
            fold the measures; leave if no lane is alive, or after the last step
            update every parameter
        write the measures

One call works through the blocks of a range of cells and never calls back, so threads scale. The function takes the
address of a table of 64-bit words (`Slot`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import Any

from fallline.readings.graph import Node, add, multiply, topological
from fallline.readings.machine import target
from fallline.readings.machine.emit import Writer
from fallline.readings.machine.program import Program, Samples, Segment, depends_on
from fallline.readings.machine.straight import Rows, Straight
from fallline.readings.machine.tiles import Tiled
from fallline.readings.machine.vectors import Vectors

__all__ = ["CAP", "CONVERGENCE_CAP", "Kernel", "Measure", "Plan", "Slot", "build"]

STRAIGHT = 300
"""Nodes of a sample's graph up to which straight-line code is the fastest."""

CAP = 1e6
CONVERGENCE_CAP = 1e6
LAST = 20


class Slot(IntEnum):
    """Words of the kernel's table. After them two for each setting: address and stride (0: the same for all cells)."""

    X = 0
    T = auto()
    ROWS = auto()
    ORDER = auto()
    BATCH = auto()
    FACTORS = auto()
    STARTS = auto()
    START_STRIDE = auto()
    FIRST = auto()
    END = auto()
    SCRATCH = auto()
    STEPS = auto()
    MEASURES = auto()
    CELLS = auto()
    HISTORY = auto()
    FINALS = auto()
    PATH = auto()
    WINDOW = auto()
    SETTINGS = auto()


class Measure(IntEnum):
    """Columns that the kernel folds step by step; lanes keep what they had when the loss stopped being finite."""

    FIRST = 0
    LAST = auto()
    BEST = auto()
    STEPS_TO = auto()
    DIVERGED_AT = auto()
    SUM = auto()
    SUM_INVERSE = auto()
    SUM_LAST = auto()
    LARGEST_GRADIENT = auto()
    LAST_GRADIENT = auto()
    RISES = auto()
    WINDOW_LOW = auto()
    WINDOW_HIGH = auto()
    WINDOW_FIRST = auto()
    ALIVE = auto()
    DIED_AT = auto()
    HITS = auto()


@dataclass(frozen=True)
class Plan:
    """How a program is laid out on a machine. No choice here reaches a bit of the result.

    Parameters
    ----------
    lanes: runs side by side in a vector.
    together: samples taken at a time.
    tiled: loops over arrays in place of straight-line code.
    """

    lanes: int
    together: int = 1
    tiled: bool = False
    instruction_set: str = "native"

    @classmethod
    def best(cls, program: Program, bits: int, rows: Sequence[int] = (), instruction_set: str = "native") -> Plan:
        """What measured fastest: straight-line up to about 300 nodes a sample, tiles beyond.

        `rows` are the numbers of samples in a step; a block that divides them needs no second code for the rest.
        """
        lanes = target.vector_bytes(instruction_set) * 8 // bits
        if not isinstance(program.objective, Samples):
            return cls(4 * lanes, 1, False, instruction_set)  # several vectors hide the latency of a step
        nodes = len(topological([program.objective.loss, *program.objective.gradient]))
        if nodes <= STRAIGHT:
            together = next((u for u in (2, 3) if all(n % u == 0 for n in rows)), 1)
            return cls(lanes, together, False, instruction_set)
        together = next((u for u in (6, 5, 4, 7, 3) if all(n % u == 0 for n in rows)), 4)
        return cls(lanes, together, True, instruction_set)


@dataclass(frozen=True)
class Kernel:
    """A compiled program: `compiled.call(address of table)`; `scratch` bytes of memory, aligned to 256, a thread."""

    compiled: target.Compiled
    plan: Plan
    scratch: int
    instructions: int


def build(program: Program, plan: Plan, bits: int, *, batches: bool = False, remainder: bool = True) -> Kernel:
    """Machine code for a program.

    Parameters
    ----------
    bits: 32 or 64.
    batches: whether steps see minibatches; else all samples.
    remainder: whether the number of samples may be no multiple of `plan.together`.
    """
    writer = _KernelWriter(program, plan, bits, batches, remainder)
    text = writer.write()
    compiled = target.compile_text(text, plan.instruction_set)
    return Kernel(compiled, plan, writer.vectors_needed * writer.v.bytes, text.count("\n"))


class _KernelWriter:
    def __init__(self, program: Program, plan: Plan, bits: int, batches: bool, remainder: bool) -> None:
        self.program, self.plan, self.batches, self.remainder = program, plan, batches, remainder
        self.v = Vectors(bits, plan.lanes)
        self.vectors_needed = 0
        P, S = program.parameters, program.states
        self.w = self._room(P)
        self.state = self._room(P * S)
        self.sums = self._room(P + 2)  # gradient, loss, hits
        self.settings = self._room(max(1, len(program.settings)))
        self.measures = self._room(len(Measure))
        self.bodies: list[Any] = []
        if isinstance(program.objective, Samples):
            main = [*enumerate(program.objective.gradient), (P, program.objective.loss)]
            self.bodies.append(self._body(main))
            if program.objective.hits is not None:
                self.bodies.append(self._body([(P + 1, program.objective.hits)]))
            self.buffers = self._room(max(body.scratch for body in self.bodies))

    def _body(self, outputs: list[tuple[int, Node]]) -> Straight | Tiled:
        assert isinstance(self.program.objective, Samples)
        columns, together = self.program.objective.columns, self.plan.together
        if not self.plan.tiled:
            return Straight(outputs, columns, together)
        # of 32 registers (AVX-512) or 16, accumulators may take these; the rest holds operands
        registers = 20 if target.vector_bytes(self.plan.instruction_set) == 64 else 10
        return Tiled(outputs, columns, together, registers)

    def _room(self, count: int) -> int:
        at, self.vectors_needed = self.vectors_needed, self.vectors_needed + count
        return at

    def write(self) -> str:
        v = self.v
        self.args = {slot: self._argument(slot) for slot in Slot if slot != Slot.SETTINGS}
        self.base = {
            name: v.at(self.args[Slot.SCRATCH], getattr(self, name))
            for name in ("w", "state", "sums", "settings", "measures")
        }
        if self.bodies:
            self.base["buffers"] = v.at(self.args[Slot.SCRATCH], self.buffers)
            self.packed = v.at(self.args[Slot.SCRATCH], self.vectors_needed)
        sources = [
            (self._word(Slot.SETTINGS + 2 * i, "ptr"), self._word(Slot.SETTINGS + 2 * i + 1, "i64"))
            for i in range(len(self.program.settings))
        ]
        first, end = self.args[Slot.FIRST], self.args[Slot.END]
        span = v.let(f"sub i64 {end}, {first}")
        with v.loop(span, "block", step=v.width) as b:
            cell = v.let(f"add i64 {b}, {first}")
            left = v.let(f"sub i64 {end}, {cell}")
            lanes = v.let(f"call i64 @llvm.smin.i64(i64 {left}, i64 {v.width})")
            v.declared.add("declare i64 @llvm.smin.i64(i64, i64)")
            self._begin(cell, left, sources)
            self._initial()
            self._steps(cell, lanes)
            self._finish(cell, lanes)
        return target.assemble(v)

    # --- the table ---

    def _word(self, slot: int, type_: str) -> str:
        return self.v.load_scalar("%args", slot, type_) if type_ == "i64" else self._pointer(slot)

    def _pointer(self, slot: int) -> str:
        return self.v.fresh(f"load ptr, ptr {self.v.at('%args', slot, 'i64')}")

    def _argument(self, slot: Slot) -> str:
        pointers = (
            Slot.X, Slot.T, Slot.ORDER, Slot.FACTORS, Slot.STARTS, Slot.SCRATCH, Slot.MEASURES, Slot.HISTORY,
            Slot.FINALS, Slot.PATH,
        )  # fmt: skip
        return self._word(slot, "ptr" if slot in pointers else "i64")

    # --- a block's beginning and end: scalars in, scalars out ---

    def _begin(self, cell: str, left: str, sources: list[tuple[str, str]]) -> None:
        v = self.v
        with v.loop(v.width, "lane") as lane:
            # lanes beyond the last cell repeat it, and are not written out
            last = v.let(f"sub i64 {left}, 1")
            inside = v.let(f"call i64 @llvm.smin.i64(i64 {lane}, i64 {last})")
            mine = v.let(f"add i64 {cell}, {inside}")
            offset = v.let(f"mul i64 {mine}, {self.args[Slot.START_STRIDE]}")
            with v.loop(self.program.parameters, "parameter") as k:
                value = v.load_scalar(self.args[Slot.STARTS], v.let(f"add i64 {offset}, {k}"))
                self._store_lane(value, "w", k, lane)
            for i, (source, stride) in enumerate(sources):
                value = v.load_scalar(source, v.let(f"mul i64 {mine}, {stride}"))
                self._store_lane(value, "settings", i, lane)

    def _store_lane(self, value: str, where: str, index: int | str, lane: str) -> None:
        v = self.v
        at = v.index(v.index(index, "mul", v.width), "add", lane)
        v.put(f"store {v.scalar} {value}, ptr {v.at(self.base[where], at, v.scalar)}")

    def _load_lane(self, where: str, index: int | str, lane: str) -> str:
        v = self.v
        return v.load_scalar(self.base[where], v.index(v.index(index, "mul", v.width), "add", lane))

    def _initial(self) -> None:
        v = self.v
        start = {
            Measure.BEST: math.inf, Measure.STEPS_TO: -1.0, Measure.DIVERGED_AT: -1.0, Measure.ALIVE: 1.0, Measure.DIED_AT: -1.0,
            Measure.WINDOW_LOW: math.inf, Measure.WINDOW_HIGH: -math.inf,
        }  # fmt: skip
        for measure in Measure:
            v.store(v.number(start.get(measure, 0.0)), self.base["measures"], measure)
        S = self.program.states
        for segment in self.program.segments if S else ():
            first = Writer(v, self._setting).write(segment.update.initial)
            with v.loop(segment.stop - segment.start, "state") as k:
                for s, value in enumerate(first):
                    at = v.index(v.index(v.index(k, "add", segment.start), "mul", S), "add", s)
                    v.store(value, self.base["state"], at)

    def _setting(self, key: tuple[Any, ...]) -> str:
        if key == ("factor",):
            return self.factor
        return self.v.load(self.base["settings"], self.program.settings.index(key[1]))

    def _finish(self, cell: str, lanes: str) -> None:
        v = self.v
        v.put(f"; finish {cell}")
        with v.loop(lanes, "out") as lane:
            mine = v.let(f"add i64 {cell}, {lane}")
            with v.loop(len(Measure), "measure") as m:
                value = self._load_lane("measures", m, lane)
                at = v.let(f"add i64 {v.let(f'mul i64 {m}, {self.args[Slot.CELLS]}')}, {mine}")
                v.put(f"store {v.scalar} {value}, ptr {v.at(self.args[Slot.MEASURES], at, v.scalar)}")
            wanted = v.let(f"icmp ne ptr {self.args[Slot.FINALS]}, null")
            with v.when(wanted):
                offset = v.let(f"mul i64 {mine}, {self.program.parameters}")
                with v.loop(self.program.parameters, "final") as k:
                    value = self._load_lane("w", k, lane)
                    v.put(
                        f"store {v.scalar} {value}, "
                        f"ptr {v.at(self.args[Slot.FINALS], v.let(f'add i64 {offset}, {k}'), v.scalar)}"
                    )

    # --- steps ---

    def _steps(self, cell: str, lanes: str) -> None:
        v = self.v
        count = v.let(f"add i64 {self.args[Slot.STEPS]}, 1")
        with v.loop(count, "step") as k:
            final = v.let(f"icmp eq i64 {k}, {self.args[Slot.STEPS]}")
            loss, gradient_of = self._objective(k, final)
            step = self._float(k)
            alive = self._fold(loss, k, step)
            self._history(loss, alive, cell, lanes, k)
            self._leave_if_dead(alive)
            self._updates(k, final, gradient_of)
            v.leave_if(final)

    def _float(self, k: str) -> str:
        v = self.v
        return v.splat(v.let(f"sitofp i64 {k} to {v.scalar}"))

    def _objective(self, k: str, final: str) -> tuple[str, Any]:
        """Loss of the step; its gradient stands in the sums."""
        v, objective = self.v, self.program.objective
        if not isinstance(objective, Samples):
            writer = Writer(v, lambda key: v.load(self.base["w"], key[1]) if key[0] == "w" else self._setting(key))
            loss, *gradient = writer.write([objective.loss, *objective.gradient])
            return loss, gradient
        rows, count = self._rows(k, final)
        with v.loop(self.program.parameters + 2, "zero") as i:
            v.store(v.number(0.0), self.base["sums"], i)
        self._sum_samples(self.bodies[0], rows, count)
        if objective.hits is not None:
            with v.when(final):
                self._sum_samples(self.bodies[1], rows, count)
                v.store(v.load(self.base["sums"], self.program.parameters + 1), self.base["measures"], Measure.HITS)
        total = v.load(self.base["sums"], self.program.parameters)
        loss = self._loss(total)
        return loss, None

    def _rows(self, k: str, final: str) -> tuple[Rows, str]:
        v, args, objective = self.v, self.args, self.program.objective
        assert isinstance(objective, Samples)
        if not self.batches:
            self.factor = v.splat(v.load_scalar(args[Slot.FACTORS], 1))
            return Rows(args[Slot.X], args[Slot.T]), args[Slot.ROWS]
        # the rows of the step's batch are copied side by side, so that the loop over samples is one and the same
        nx, nt = objective.columns
        packed_T = v.at(self.packed, v.let(f"mul i64 {args[Slot.BATCH]}, {nx}"), v.scalar)
        begin = v.let(f"mul i64 {k}, {args[Slot.BATCH]}")
        count = v.let(f"select i1 {final}, i64 0, i64 {args[Slot.BATCH]}")
        with v.loop(count, "pack") as i:
            row = v.load_scalar(args[Slot.ORDER], v.let(f"add i64 {begin}, {i}"), "i64")
            for source, to, n in ((args[Slot.X], self.packed, nx), (args[Slot.T], packed_T, nt)):
                out, from_ = v.let(f"mul i64 {i}, {n}"), v.let(f"mul i64 {row}, {n}")
                with v.loop(n, "column") as j:
                    value = v.load_scalar(source, v.let(f"add i64 {from_}, {j}"))
                    v.put(f"store {v.scalar} {value}, ptr {v.at(to, v.let(f'add i64 {out}, {j}'), v.scalar)}")
        X = v.let(f"select i1 {final}, ptr {args[Slot.X]}, ptr {self.packed}")
        T = v.let(f"select i1 {final}, ptr {args[Slot.T]}, ptr {packed_T}")
        all_ = v.let(f"zext i1 {final} to i64")
        self.factor = v.splat(v.load_scalar(args[Slot.FACTORS], all_))
        return Rows(X, T), v.let(f"select i1 {final}, i64 {args[Slot.ROWS]}, i64 {args[Slot.BATCH]}")

    def _sum_samples(self, body: Straight | Tiled, rows: Rows, count: str) -> None:
        v, U = self.v, self.plan.together
        whole = count
        if U > 1:
            rest = v.let(f"urem i64 {count}, {U}")
            whole = v.let(f"sub i64 {count}, {rest}")
        with v.loop(whole, "samples", step=U) as i:
            self._block(body, rows, i, U)
        if U > 1 and self.remainder:
            with v.loop(rest, "sample") as j:
                self._block(body, rows, v.let(f"add i64 {whole}, {j}"), 1)

    def _block(self, body: Straight | Tiled, rows: Rows, first: str, count: int) -> None:
        v = self.v

        def read(key: tuple[Any, ...]) -> str:
            return v.load(self.base["w"], key[1]) if key[0] == "w" else self._setting(key)

        body.block(v, read, rows, first, count, self.base)

    def _loss(self, total: str) -> str:
        """factor times the sum, and the penalty's parts, one segment after another."""
        v, objective = self.v, self.program.objective
        assert isinstance(objective, Samples)
        graph = objective.loss_factor.graph
        known = graph.input("total")
        value = multiply(objective.loss_factor, known)
        extras = []
        for i, segment in enumerate(self.program.segments):
            if segment.update.penalty is not None:
                extras.append((i, segment, self._penalty(segment)))
        names = {("total",): total}
        loss = Writer(v, lambda key: names.get(key) or self._setting(key)).write([value])[0]
        for _, segment, summed in extras:
            factor = segment.update.penalty_factor
            assert factor is not None
            loss = v.fma(Writer(v, self._setting).write([factor])[0], summed, loss)
        return loss

    def _penalty(self, segment: Segment) -> str:
        v, node = self.v, segment.update.penalty
        assert node is not None
        slot = self.program.parameters + 1
        v.store(v.number(0.0), self.base["sums"], slot)
        with v.loop(segment.stop - segment.start, "penalty") as k:
            w = v.load(self.base["w"], v.index(k, "add", segment.start))
            total = v.load(self.base["sums"], slot)
            summed = add(node.graph.input("total"), node)
            writer = Writer(v, self._setting)
            for name, value in (("total", total), ("w", w)):
                writer.values[node.graph.input(name).index] = value
            v.store(writer.write([summed])[0], self.base["sums"], slot)
        return v.load(self.base["sums"], slot)

    def _updates(self, k: str, final: str, direct: list[str] | None) -> None:
        """Every parameter's step, and the gradient's norm on the way. After the last step only the norm is wanted."""
        v = self.v
        t = v.splat(v.let(f"sitofp i64 {v.let(f'add i64 {k}, 1')} to {v.scalar}"))
        keep = v.let(f"insertelement <{v.width} x i1> poison, i1 {final}, i32 0")
        keep = v.let(
            f"shufflevector <{v.width} x i1> {keep}, <{v.width} x i1> poison, <{v.width} x i32> zeroinitializer"
        )
        norm_slot = self.program.parameters + 1
        v.store(v.number(0.0), self.base["sums"], norm_slot)
        S = self.program.states
        for segment in self.program.segments:
            update = segment.update
            outputs = [update.gradient, *update.outputs]
            inside = depends_on(outputs, lambda key: key[0] in ("w", "g", "s"))
            outer = Writer(v, lambda key: t if key == ("t",) else self._setting(key))
            outer.write(_frontier(outputs, inside))

            def one(index: int | str, g: str, update: Any = update, outer: Writer = outer) -> None:
                def read(key: tuple[Any, ...]) -> str:
                    if key[0] == "w":
                        return v.load(self.base["w"], index)
                    if key[0] == "g":
                        return g
                    if key[0] == "s":
                        return v.load(self.base["state"], v.index(v.index(index, "mul", S), "add", key[1]))
                    return t if key == ("t",) else self._setting(key)

                writer = Writer(v, read, outer.values)
                gradient, w, *states = writer.write([update.gradient, *update.outputs])
                old = writer.value(update.gradient.graph.input("w"))
                v.store(v.fma(gradient, gradient, v.load(self.base["sums"], norm_slot)), self.base["sums"], norm_slot)
                v.store(v.select(keep, old, w), self.base["w"], index)
                for s, value in enumerate(states):
                    v.store(value, self.base["state"], v.index(v.index(index, "mul", S), "add", s))

            if direct is not None:
                for index in range(segment.start, segment.stop):
                    one(index, direct[index])
            else:
                with v.loop(segment.stop - segment.start, "update") as i:
                    at = v.index(i, "add", segment.start)
                    one(at, v.load(self.base["sums"], at))
        norm = v.load(self.base["sums"], norm_slot)
        largest = self._measure(Measure.LARGEST_GRADIENT)
        v.store(v.clamp_below(norm, largest), self.base["measures"], Measure.LARGEST_GRADIENT)
        v.store(norm, self.base["measures"], Measure.LAST_GRADIENT)

    # --- measures ---

    def _measure(self, which: Measure) -> str:
        return self.v.load(self.base["measures"], which)

    def _fold(self, loss: str, k: str, step: str) -> str:
        """Fold the step's loss into every measure; returns who is alive after it."""
        v, base = self.v, self.base["measures"]
        zero, one, cap = v.number(0.0), v.number(1.0), v.number(CONVERGENCE_CAP)
        start = v.let(f"icmp eq i64 {k}, 0")
        with v.when(start):
            v.store(loss, base, Measure.FIRST)
            v.store(loss, base, Measure.LAST)
        first, previous = self._measure(Measure.FIRST), self._measure(Measure.LAST)
        was_alive = v.compare("ogt", self._measure(Measure.ALIVE), zero)
        finite = v.compare("olt", v.call("fabs", loss), v.number(math.inf))
        alive = v.both(was_alive, finite)
        v.store(v.select(alive, one, zero), base, Measure.ALIVE)
        v.store(v.select(alive, loss, v.number(math.nan)), base, Measure.LAST)
        best = self._measure(Measure.BEST)
        v.store(v.select(v.both(alive, v.compare("olt", loss, best)), loss, best), base, Measure.BEST)

        limit = v.mul(v.number(CAP), v.clamp_below(v.call("fabs", first), one))
        dying = v.let(f"xor <{v.width} x i1> {finite}, splat (i1 true)")
        for which, happens in (
            (Measure.DIED_AT, dying),
            (Measure.DIVERGED_AT, v.either(dying, v.compare("ogt", v.call("fabs", loss), limit))),
            (Measure.STEPS_TO, v.both(alive, v.compare("ole", loss, self._setting(("setting", "target"))))),
        ):
            at = self._measure(which)
            new = v.both(v.both(was_alive, happens), v.compare("olt", at, zero))
            v.store(v.select(new, step, at), base, which)

        # Sohl-Dickstein's measure: v_t / v_0, capped. The steps of the dead are added when results are read.
        relative = v.select(alive, v.clamp_above(v.div(loss, first), cap), zero)
        v.store(v.add(self._measure(Measure.SUM), relative), base, Measure.SUM)
        inverse = v.select(alive, v.div(one, relative), zero)
        v.store(v.add(self._measure(Measure.SUM_INVERSE), inverse), base, Measure.SUM_INVERSE)
        late = v.let(f"icmp sgt i64 {k}, {v.let(f'sub i64 {self.args[Slot.STEPS]}, {LAST}')}")
        with v.when(late):
            v.store(v.add(self._measure(Measure.SUM_LAST), relative), base, Measure.SUM_LAST)
        # the last steps, for "oscillating"
        begin = v.let(f"sub i64 {self.args[Slot.STEPS]}, {self.args[Slot.WINDOW]}")
        with v.when(v.let(f"icmp eq i64 {k}, {begin}")):
            v.store(loss, base, Measure.WINDOW_FIRST)
        with v.when(v.let(f"icmp sge i64 {k}, {begin}")):
            v.store(v.clamp_above(loss, self._measure(Measure.WINDOW_LOW)), base, Measure.WINDOW_LOW)
            v.store(v.clamp_below(loss, self._measure(Measure.WINDOW_HIGH)), base, Measure.WINDOW_HIGH)
        with v.when(v.let(f"icmp sgt i64 {k}, {begin}")):
            rises = self._measure(Measure.RISES)
            v.store(v.select(v.compare("ogt", loss, previous), v.add(rises, one), rises), base, Measure.RISES)
        return alive

    def _history(self, loss: str, alive: str, cell: str, lanes: str, k: str) -> None:
        v = self.v
        wanted = v.let(f"icmp ne ptr {self.args[Slot.HISTORY]}, null")
        with v.when(wanted):
            v.store(v.select(alive, loss, v.number(math.nan)), self.base["sums"], self.program.parameters + 1)
            length = v.let(f"add i64 {self.args[Slot.STEPS]}, 1")
            with v.loop(lanes, "history") as lane:
                value = self._load_lane("sums", self.program.parameters + 1, lane)
                row = v.let(f"mul i64 {v.let(f'add i64 {cell}, {lane}')}, {length}")
                at = v.at(self.args[Slot.HISTORY], v.let(f"add i64 {row}, {k}"), v.scalar)
                v.put(f"store {v.scalar} {value}, ptr {at}")
        wanted = v.let(f"icmp ne ptr {self.args[Slot.PATH]}, null")
        with v.when(wanted):
            length = v.let(f"add i64 {self.args[Slot.STEPS]}, 1")
            with v.loop(lanes, "walker") as lane:
                row = v.let(f"mul i64 {v.let(f'add i64 {cell}, {lane}')}, {length}")
                offset = v.let(f"mul i64 {v.let(f'add i64 {row}, {k}')}, {self.program.parameters}")
                with v.loop(self.program.parameters, "place") as p:
                    value = self._load_lane("w", p, lane)
                    at = v.at(self.args[Slot.PATH], v.let(f"add i64 {offset}, {p}"), v.scalar)
                    v.put(f"store {v.scalar} {value}, ptr {at}")

    def _leave_if_dead(self, alive: str) -> None:
        v = self.v
        packed = v.let(f"bitcast <{v.width} x i1> {alive} to i{v.width}")
        v.leave_if(v.let(f"icmp eq i{v.width} {packed}, 0"))


def _frontier(outputs: list[Node], inside: set[int]) -> list[Node]:
    """The nodes outside `inside` that nodes inside use: what can be computed once for all parameters."""
    return [
        a for n in topological(outputs) if n.index in inside for a in n.args if a.index not in inside and a.op != "number"
    ] + [o for o in outputs if o.index not in inside]  # fmt: skip

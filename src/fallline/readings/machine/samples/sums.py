"""Loss and gradient of a step on data: sums over the samples in their order, and the penalty on the weights."""

from __future__ import annotations

from fallline.readings.graph import Node
from fallline.readings.machine.emit import Writer
from fallline.readings.machine.frame import Frame
from fallline.readings.machine.layout import Measure, Plan, Slot
from fallline.readings.machine.program import Samples, Segment
from fallline.readings.machine.samples.straight import Rows, Straight
from fallline.readings.machine.samples.tiles import Tiled

__all__ = ["OverSamples"]


class OverSamples:
    """Writes the sums over samples of an objective.

    Parameters
    ----------
    batches
        Whether a step uses a minibatch; otherwise it uses all samples.
    remainder
        Whether the number of samples may differ from a multiple of `plan.together`.
    """

    def __init__(self, f: Frame, objective: Samples, plan: Plan, batches: bool, remainder: bool) -> None:
        self.f, self.objective, self.plan = f, objective, plan
        self.batches, self.remainder = batches, remainder
        P = f.program.parameters
        moving = [(k, g) for k, g in enumerate(objective.gradient) if g.op != "number" or g.payload != 0]
        self.main = self._body([*moving, (P, objective.loss)])
        self.hits = None if objective.hits is None else self._body([(f.spare, objective.hits)])
        self.buffers = f.room(max(body.scratch for body in (self.main, self.hits) if body is not None))

    def begin(self) -> None:
        """Set the address of the buffers, and of a batch's rows behind all other memory. The table must be read before."""
        f = self.f
        f.base["buffers"] = f.v.at(f.args[Slot.SCRATCH], self.buffers)
        self.packed = f.v.at(f.args[Slot.SCRATCH], f.size)

    def step(self, k: str, final: str) -> str:
        """Write the step, leave its gradient in the sums, and return its loss."""
        f, v = self.f, self.f.v
        rows, count = self._rows(k, final)
        with v.loop(f.program.parameters + 2, "zero") as i:
            v.store(v.number(0.0), f.base["sums"], i)
        self._sum_samples(self.main, rows, count)
        if self.hits is not None:
            with v.when(final):
                self._sum_samples(self.hits, rows, count)
                v.store(v.load(f.base["sums"], f.spare), f.base["measures"], Measure.HITS)
        return self._loss(v.load(f.base["sums"], f.program.parameters))

    def _body(self, outputs: list[tuple[int, Node]]) -> Straight | Tiled:
        columns, together = self.objective.columns, self.plan.together
        if not self.plan.tiled:
            return Straight(outputs, columns, together)
        # accumulators take so many of 32 registers (AVX-512) or 16; operands take the others
        registers = 20 if self.f.v.avx512 else 10
        return Tiled(outputs, columns, together, registers)

    def _rows(self, k: str, final: str) -> tuple[Rows, str]:
        v, args = self.f.v, self.f.args
        if not self.batches:
            self.f.factor = v.splat(v.load_scalar(args[Slot.FACTORS], 1))
            return Rows(args[Slot.X], args[Slot.T]), args[Slot.ROWS]
        # the rows of the step's batch are copied side by side, so that one loop over samples serves batches, too
        nx, nt = self.objective.columns
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
        self._take_factors(final)
        return Rows(X, T), v.let(f"select i1 {final}, i64 {args[Slot.ROWS]}, i64 {args[Slot.BATCH]}")

    def _take_factors(self, final: str) -> None:
        """Set the step's factor and scale: those of all samples after the last step, those of a minibatch before."""
        v, factors = self.f.v, self.f.args[Slot.FACTORS]
        all_ = v.let(f"zext i1 {final} to i64")
        self.f.factor = v.splat(v.load_scalar(factors, all_))
        self.f.scale = v.splat(v.load_scalar(factors, v.let(f"add i64 {all_}, 2")))

    def _sum_samples(self, body: Straight | Tiled, rows: Rows, count: str) -> None:
        v, U = self.f.v, self.plan.together
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
        body.block(self.f.v, self.f.weight_or_setting, rows, first, count, self.f.base)

    def _loss(self, total: str) -> str:
        """Write the factor times the sum, plus the penalty of one segment after another."""
        v, objective = self.f.v, self.objective
        graph = objective.loss_factor.graph
        known = graph.input("total")
        value = objective.loss_factor * known
        extras = []
        for i, segment in enumerate(self.f.program.segments):
            if segment.update.penalty is not None:
                extras.append((i, segment, self._penalty(segment)))
        names = {("total",): total}
        loss = Writer(v, lambda key: names.get(key) or self.f.setting(key)).write([value])[0]
        if self.batches:
            loss = v.mul(self.f.scale, loss)
        for _, segment, summed in extras:
            factor = segment.update.penalty_factor
            assert factor is not None
            loss = v.fma(Writer(v, self.f.setting).write([factor])[0], summed, loss)
        return loss

    def _penalty(self, segment: Segment) -> str:
        v, node = self.f.v, segment.update.penalty
        assert node is not None
        slot = self.f.spare
        v.store(v.number(0.0), self.f.base["sums"], slot)
        with v.loop(segment.stop - segment.start, "penalty") as k:
            w = v.load(self.f.base["w"], v.index(k, "add", segment.start))
            total = v.load(self.f.base["sums"], slot)
            summed = node.graph.input("total") + node
            writer = Writer(v, self.f.setting)
            for name, value in (("total", total), ("w", w)):
                writer.values[node.graph.input(name).index] = value
            v.store(writer.write([summed])[0], self.f.base["sums"], slot)
        return v.load(self.f.base["sums"], slot)

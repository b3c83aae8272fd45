"""Sums over the samples of a step, on a device.

The rows of minibatches have been gathered by the caller, once for all runs, behind the rows of the data. For teams
all rows come in blocks of `together`, sample beside sample: the number k of all samples of a block stands together.
"""

from __future__ import annotations

from fallline.readings.graph import Node
from fallline.readings.machine.layout import Measure, Plan, Slot
from fallline.readings.machine.program import Samples
from fallline.readings.machine.samples.straight import Rows, Straight
from fallline.readings.machine.samples.sums import OverSamples
from fallline.readings.machine.samples.tiles import Tiled
from fallline.readings.ptx.frame import DeviceFrame
from fallline.readings.ptx.plan import DevicePlan
from fallline.readings.ptx.team import TeamBlocks

__all__ = ["DeviceSamples"]


class DeviceSamples(OverSamples):
    """Writes the sums over samples of an objective; see `machine.samples`."""

    f: DeviceFrame

    def __init__(self, f: DeviceFrame, objective: Samples, plan: DevicePlan, batches: bool) -> None:
        self.device_plan = plan
        super().__init__(f, objective, Plan(1, plan.together, plan.tiled or plan.team > 1), batches, remainder=True)
        self.scratch = max(body.scratch for body in (self.main, self.hits) if body is not None)
        self.shared = f.shared_room(self.scratch) if plan.team > 1 else 0

    def begin(self) -> None:
        f, v = self.f, self.f.v
        f.base["buffers"] = v.at(f.team_memory, self.shared) if v.team > 1 else v.room(self.scratch)
        for body in (self.main, self.hits):
            if isinstance(body, TeamBlocks):
                body.begin(v)

    def step(self, k: str, final: str) -> str:
        f, v = self.f, self.f.v
        if v.team == 1:
            return super().step(k, final)
        rows, count = self._rows(k, final)
        v.meet()  # the last step's parameters are known to all
        self._sum(self.main, rows, count)
        total = v.load(f.base["sums"], f.program.parameters)
        if self.hits is not None:
            with v.when(final):
                self._sum(self.hits, rows, count)
                v.store(v.load(f.base["sums"], f.spare), f.base["measures"], Measure.HITS)
        return self._loss(total)

    def _sum(self, body: Straight | Tiled, rows: Rows, count: str) -> None:
        assert isinstance(body, TeamBlocks)
        body.clear(self.f.v)
        self._sum_samples(body, rows, count)
        body.hand_over(self.f.v, self.f.base["sums"])
        self.f.v.meet()

    def _body(self, outputs: list[tuple[int, Node]]) -> Straight | Tiled:
        columns, plan = self.objective.columns, self.device_plan
        if plan.team > 1:
            return TeamBlocks(outputs, columns, plan.together, plan.team, plan.accumulators)
        if not plan.tiled:
            return Straight(outputs, columns, plan.together)
        return Tiled(outputs, columns, plan.together, plan.accumulators)

    def _rows(self, k: str, final: str) -> tuple[Rows, str]:
        v, args = self.f.v, self.f.args
        if not self.batches:
            return super()._rows(k, final)
        before, each = (self._padded(args[slot]) for slot in (Slot.ROWS, Slot.BATCH))
        begin = v.let(f"add i64 {before}, {v.let(f'mul i64 {k}, {each}')}")
        first = v.let(f"select i1 {final}, i64 0, i64 {begin}")
        X, T = (
            v.at(address, v.index(first, "mul", n), v.scalar)
            for address, n in zip((args[Slot.X], args[Slot.T]), self.objective.columns, strict=True)
        )
        self._take_factors(final)
        return Rows(X, T), v.let(f"select i1 {final}, i64 {args[Slot.ROWS]}, i64 {args[Slot.BATCH]}")

    def _padded(self, count: str) -> str:
        """The number of rows with which that many are stored: whole blocks for teams."""
        v, U = self.f.v, self.plan.together
        if v.team == 1:
            return count
        blocks = v.let(f"udiv i64 {v.let(f'add i64 {count}, {U - 1}')}, {U}")
        return v.let(f"mul i64 {blocks}, {U}")

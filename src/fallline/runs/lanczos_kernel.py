"""Lanczos's method as compiled code: every lane is one operator, the Hessian of one network at one point.

    for each block of lanes:
        read w, a vector to begin with, and settings
        first pass over the samples: what depends on w alone
        for m = 1, 2, ...:
            second pass over the samples -> u = H q for the last vector q of the basis
            take the part of every vector of the basis away from u
            the largest eigenvalue of the tridiagonal matrix, and its residual
            keep the results of the lanes that are done; leave if no lane is left
            u / |u| joins the basis

The arithmetic is that of `fallline.runs.eigenvalues`, operation by operation, and so are the bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from fallline.readings.machine import target
from fallline.readings.machine.compiled import assemble, compile_text
from fallline.readings.machine.emit import Writer
from fallline.readings.machine.frame import Frame
from fallline.readings.machine.kernel import Kernel, KernelWriter
from fallline.readings.machine.layout import Plan, Slot
from fallline.readings.machine.program import Direct, Program, Samples
from fallline.readings.machine.samples.two_passes import TwoPasses
from fallline.readings.machine.vectors import Vectors
from fallline.runs import tridiagonal
from fallline.runs.eigenvalues import EMPTY, MOST
from fallline.runs.lane_numbers import LaneNumbers

__all__ = ["BESIDES", "LanczosKernel", "build", "directions"]

BESIDES = ("value", "residual", "products")
"""What stands behind the eigenvector in a row of results."""


@dataclass(frozen=True)
class LanczosKernel(Kernel):
    """A compiled kernel that needs `stored` bytes of memory for a block of samples, besides its scratch memory."""

    stored: int


def build(
    program: Program, plan: Plan, bits: int, *, remainder: bool, preconditioned: bool, store: bool
) -> LanczosKernel:
    """Compile the method for a program of products (`fallline.runs.second_order`).

    Parameters
    ----------
    remainder
        Whether the number of samples may differ from a multiple of `plan.together`.
    preconditioned
        Whether a row of starts also has the roots of the preconditioner's diagonal.
    store
        Whether what depends on the parameters alone is computed once for all products.
    """
    vectors = target.vectors(bits, plan.lanes, plan.instruction_set)
    writer = _LanczosWriter(program, plan, vectors, remainder, preconditioned, store)
    text = writer.write()
    compiled = compile_text(text, plan.instruction_set)
    stored = writer.passes.size * vectors.bytes if writer.passes is not None else 0
    return LanczosKernel(compiled, plan, remainder, program.settings, writer.scratch, text.count("\n"), stored)


def directions(program: Program) -> Callable[[tuple[Any, ...]], bool]:
    """Which inputs are a direction's, by their keys."""
    return lambda key: key[0] == "w" and key[1] >= program.parameters // 2


class _LanczosWriter(KernelWriter):
    passes: TwoPasses | None = None

    def __init__(
        self, program: Program, plan: Plan, v: Vectors, remainder: bool, preconditioned: bool, store: bool
    ) -> None:
        self.f, self.v = Frame(program, v), v
        self.P = P = program.parameters // 2
        self.preconditioned = preconditioned
        self.most = min(MOST, P)
        rooms = {
            "basis": P * self.most, "u": P, "root": P if preconditioned else 0, "found": P + len(BESIDES),
            "alphas": self.most, "betas": self.most, "weights": self.most,
        }  # fmt: skip
        self.n = LaneNumbers(self.f, rooms, _NUMBERS)
        objective = program.objective
        if isinstance(objective, Samples):
            self.passes = TwoPasses(self.f, objective, plan, remainder, directions(program), store)
        self.samples = self.passes

    def write(self) -> str:
        self.body()
        return assemble(self.v)

    def _open(self) -> list[tuple[str, str]]:
        sources = super()._open()
        self.n.begin()
        return sources

    def _train(self, cell: str, left: str, lanes: str, sources: list[tuple[str, str]]) -> None:
        self._begin(cell, left, sources)
        self._start()
        with self.v.loop(self.most, "product") as j:
            self._product(j)
            self._orthogonalise(j)
            count = self.v.let(f"add i64 {j}, 1")
            self._look(j, count)
            last = self.v.let(f"icmp eq i64 {count}, {self.most}")
            self._keep(count, last)
            self.v.leave_if(last)
            self._next(count)
        self._finish(cell, lanes)

    def _basis(self, j: int | str, k: int | str) -> int | str:
        """The place of entry k of vector j of the basis."""
        return self.v.index(self.v.index(j, "mul", self.P), "add", k)

    def _begin(self, cell: str, left: str, sources: list[tuple[str, str]]) -> None:
        """Read w, the first vector, the roots of the preconditioner and the settings, one run a lane."""
        f, v, P = self.f, self.v, self.P
        parts = [("w", 0), ("basis", P)] + ([("root", 2 * P)] if self.preconditioned else [])
        with v.loop(v.width, "lane") as lane:
            # lanes beyond the last cell repeat it; their results are not written
            last = v.let(f"sub i64 {left}, 1")
            inside = v.let(f"call i64 @llvm.smin.i64(i64 {lane}, i64 {last})")
            mine = v.let(f"add i64 {cell}, {inside}")
            offset = v.let(f"mul i64 {mine}, {f.args[Slot.START_STRIDE]}")
            for base, at in parts:
                with v.loop(P, "entry") as k:
                    row = v.let(f"add i64 {v.index(offset, 'add', at)}, {k}")
                    f.store_lane(v.load_scalar(f.args[Slot.STARTS], row), base, k, lane)
            for i, (source, stride) in enumerate(sources):
                f.store_lane(v.load_scalar(source, v.let(f"mul i64 {mine}, {stride}")), "settings", i, lane)

    def _start(self) -> None:
        first = partial(self.n.load, "basis")
        length = np.sqrt(self.n.dot(first, first, self.P))
        with self.v.loop(self.P, "first") as k:
            self.n.store(first(k) / length, "basis", k)
        if self.passes is not None:
            loss = self.passes.first()
        else:
            objective = self.f.program.objective
            assert isinstance(objective, Direct)
            (loss,) = Writer(self.v, self.f.weight_or_setting).write([objective.loss])
        self.n.set("finite", self.n.condition(np.abs(self.n.of(loss)) < math.inf))
        for name, value in (("open", 1.0), ("top", -math.inf), ("largest", 0.0), ("beside", 0.0)):
            self.n.set(name, value)

    def _product(self, j: str) -> None:
        """u = H q, in which q and u are divided by the root of the preconditioner; NaN where the loss is not finite."""
        f, v, P = self.f, self.v, self.P
        with v.loop(P, "direction") as k:
            q = self.n.load("basis", self._basis(j, k))
            self.n.store(q / self.n.load("root", k) if self.preconditioned else q, "w", v.index(k, "add", P))
        if self.passes is not None:
            self.passes.again()
        else:
            objective = f.program.objective
            assert isinstance(objective, Direct)
            for place, value in enumerate(Writer(v, f.weight_or_setting).write(objective.gradient)):
                v.store(value, f.base["sums"], place)
        for segment in f.program.segments:
            with v.loop(segment.stop - segment.start, "term") as i:
                at = v.index(i, "add", segment.start)
                v.store(self._term(segment.update.outputs[0], at), f.base["sums"], at)
        with v.loop(P, "u") as k:
            u = self.n.load("sums", k) + self.n.load("sums", v.index(k, "add", P))
            u = np.where(self.n.number("finite") > 0, u, math.nan)
            self.n.store(u / self.n.load("root", k) if self.preconditioned else u, "u", k)

    def _term(self, output: Any, at: int | str) -> str:
        """A term of the product: a sum over the samples with its factor, and with the penalty's part."""
        f, v = self.f, self.v

        def read(key: tuple[Any, ...]) -> str:
            return v.load(f.base[{"w": "w", "g": "sums"}[key[0]]], at) if key[0] in ("w", "g") else f.setting(key)

        return Writer(v, read).write([output])[0]

    def _orthogonalise(self, j: str) -> None:
        v, P = self.v, self.P
        u = partial(self.n.load, "u")
        self.n.store(self.n.dot(lambda k: self.n.load("basis", self._basis(j, k)), u, P), "alphas", j)
        # against all that came before: rounding would bring found directions back
        with v.loop(v.let(f"add i64 {j}, 1"), "before") as i:

            def q(k: str | int) -> Any:
                return self.n.load("basis", self._basis(i, k))

            part = self.n.dot(q, u, P)
            with v.loop(P, "part") as k:
                self.n.store(u(k) - part * q(k), "u", k)
        self.n.store(np.sqrt(self.n.dot(u, u, P)), "betas", j)

    def _look(self, j: str, count: str) -> None:
        """Take the largest eigenvalue of the tridiagonal matrix, and its residual."""
        v = self.v
        alpha = self.n.load("alphas", j)
        self.n.set("largest", np.maximum(self.n.number("largest"), np.abs(alpha)))
        several = v.let(f"icmp sgt i64 {count}, 1")
        before = self.n.number("top")
        self.n.set("top", alpha)
        self.n.store(self.n.of(v.number(1.0)), "weights", 0)
        with v.when(several):
            beside = self.n.load("betas", v.let(f"sub i64 {j}, 1"))
            self.n.set("beside", np.maximum(self.n.number("beside"), beside))
            self.n.set("top", tridiagonal.from_above(alpha, beside, before))
            self._descend(count)
            self._eigenvector(count)
        self.n.set("residual", np.abs(self.n.load("betas", j) * self.n.load("weights", j)))

    def _descend(self, count: str) -> None:
        """Laguerre's method, from above."""
        v, m = self.v, self.n.whole(count)
        self.n.set("moving", self.n.condition((np.abs(self.n.number("top")) < math.inf) & (self.n.number("open") > 0)))
        with v.loop(tridiagonal.MOST, "laguerre") as _:
            x = self.n.number("top")

            def more(k: str, names: list[str]) -> list[str]:
                pivots = tuple(map(self.n.of, names))
                b = self.n.load("betas", v.index(k, "add", -1))
                return [p.name for p in tridiagonal.next_pivot(pivots, self.n.load("alphas", k), b, x)]

            first = tridiagonal.first_pivot(self.n.load("alphas", 0), x)
            names = [self.n.name(p) for p in first]
            pivots = tuple(map(self.n.of, v.carry(1, count, names, more)))
            step = tridiagonal.laguerre(pivots, m)
            size = self.n.number("largest") + 2 * self.n.number("beside")
            moving = (self.n.number("moving") > 0) & tridiagonal.moves(pivots, step, size)
            v.leave_if(self.n.none(moving))
            self.n.set("moving", self.n.condition(moving))
            self.n.set("top", np.where(moving, x - step, x))

    def _eigenvector(self, count: str) -> None:
        v, x = self.v, self.n.number("top")

        def more(k: str, names: list[str]) -> list[str]:
            pivot, s = map(self.n.of, names)
            b = self.n.load("betas", v.index(k, "add", -1))
            s = tridiagonal.component(pivot, s, b)
            self.n.store(s, "weights", k)
            return [tridiagonal.pivot_of(pivot, self.n.load("alphas", k), b, x).name, s.name]

        v.carry(1, count, [(self.n.load("alphas", 0) - x).name, v.number(1.0)], more)
        weights = partial(self.n.load, "weights")
        length = np.sqrt(self.n.dot(weights, weights, count))
        with v.loop(count, "weight") as k:
            self.n.store(weights(k) / length, "weights", k)

    def _keep(self, count: str, last: str) -> None:
        """Keep the results of the lanes that are done from now on, and leave if none is open."""
        f, v, P = self.f, self.v, self.P
        top, residual, is_open = self.n.number("top"), self.n.number("residual"), self.n.number("open") > 0
        beta = self.n.load("betas", v.let(f"sub i64 {count}, 1"))
        tolerance = self.n.of(f.setting(("setting", "tolerance")))
        done = (residual <= tolerance * np.abs(top)) | (beta <= EMPTY * self.n.number("largest"))
        done = done | ~(np.abs(top) < math.inf)
        now = is_open & (done | self.n.everywhere(last))
        with v.when(v.let(f"xor i1 {self.n.none(now)}, true")):
            with v.loop(P, "vector") as k:

                def more(i: str, total: list[str]) -> list[str]:
                    term = self.n.load("weights", i) * self.n.load("basis", self._basis(i, k))
                    return [(self.n.of(total[0]) + term).name]

                entry = self.n.of(v.carry(0, count, [v.number(0.0)], more)[0])
                self.n.store(np.where(now, entry, self.n.load("found", k)), "found", k)
            for i, value in enumerate((top, residual, self.n.whole(count))):
                self.n.store(np.where(now, value, self.n.load("found", P + i)), "found", P + i)
            self.n.set("open", self.n.condition(is_open & ~now))
        v.leave_if(self.n.none(self.n.number("open") > 0))

    def _next(self, count: str) -> None:
        beta = self.n.load("betas", self.v.let(f"sub i64 {count}, 1"))
        with self.v.loop(self.P, "next") as k:
            self.n.store(self.n.load("u", k) / beta, "basis", self._basis(count, k))

    def _finish(self, cell: str, lanes: str) -> None:
        f, v, numbers = self.f, self.v, self.P + len(BESIDES)
        with v.loop(lanes, "out") as lane:
            row = v.let(f"mul i64 {v.let(f'add i64 {cell}, {lane}')}, {numbers}")
            with v.loop(numbers, "result") as k:
                at = v.at(f.args[Slot.FINALS], v.let(f"add i64 {row}, {k}"), v.scalar)
                v.put(f"store {v.scalar} {f.load_lane('found', k, lane)}, ptr {at}")


_NUMBERS = ("finite", "open", "moving", "top", "largest", "beside", "residual")
"""Numbers of a lane that stand in memory."""

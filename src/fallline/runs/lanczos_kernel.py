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
from fallline.readings.machine.compiled import Compiled, assemble, compile_text
from fallline.readings.machine.emit import Writer
from fallline.readings.machine.frame import Frame
from fallline.readings.machine.kernel import KernelWriter
from fallline.readings.machine.layout import Plan, Slot
from fallline.readings.machine.program import Direct, Program, Samples
from fallline.readings.machine.samples.two_passes import TwoPasses, second_length
from fallline.readings.machine.vectors import Vectors
from fallline.readings.machine.written import Written
from fallline.runs import tridiagonal
from fallline.runs.eigenvalues import EMPTY, MOST

__all__ = ["BESIDES", "LanczosKernel", "best_plan", "build"]

BESIDES = ("value", "residual", "products")
"""What stands behind the eigenvector in a row of results."""


@dataclass(frozen=True)
class LanczosKernel:
    """A compiled kernel, as `fallline.readings.machine.Kernel`; `stored` bytes of memory are needed for a block of samples."""

    compiled: Compiled
    plan: Plan
    remainder: bool
    settings: tuple[str, ...]
    scratch: int
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
    compiled = compile_text(writer.write(), plan.instruction_set)
    stored = writer.passes.size * vectors.bytes if writer.passes is not None else 0
    return LanczosKernel(compiled, plan, remainder, program.settings, writer.scratch, stored)


def best_plan(program: Program, samples: tuple[int, ...]) -> Plan:
    """The plan for which products take the least time: that of their second pass."""
    if not isinstance(program.objective, Samples):
        return Plan.best(program, 64, samples)
    return Plan.best(program, 64, samples, length=second_length(program.objective, directions(program), 64))


def directions(program: Program) -> Callable[[tuple[Any, ...]], bool]:
    """Which inputs are a direction's, by their keys: they change from product to product."""
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
            "alphas": self.most, "betas": self.most, "weights": self.most, "numbers": len(_NUMBERS),
        }  # fmt: skip
        self.rooms = {name: self.f.room(count) for name, count in rooms.items()}
        objective = program.objective
        if isinstance(objective, Samples):
            self.passes = TwoPasses(self.f, objective, plan, remainder, directions(program), store)
        self.samples = self.passes

    def write(self) -> str:
        self.body()
        return assemble(self.v)

    def _open(self) -> list[tuple[str, str]]:
        sources = super()._open()
        self.f.base |= {name: self.v.at(self.f.args[Slot.SCRATCH], at) for name, at in self.rooms.items()}
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

    # --- numbers in memory ---

    def load(self, base: str, index: int | str = 0) -> Written:
        return Written(self.v, self.v.load(self.f.base[base], index))

    def store(self, value: Written, base: str, index: int | str = 0) -> None:
        self.v.store(value.name, self.f.base[base], index)

    def number(self, name: str) -> Written:
        return self.load("numbers", _NUMBERS.index(name))

    def set(self, name: str, value: Any) -> None:
        """Set a number; conditions are kept as 1 or 0."""
        name_of = value.name if isinstance(value, Written) else self.v.number(value)
        self.v.store(name_of, self.f.base["numbers"], _NUMBERS.index(name))

    def condition(self, value: Written) -> Written:
        return Written(self.v, self.v.select(value.name, self.v.number(1), self.v.number(0)))

    def whole(self, count: str) -> Written:
        """A count in every lane, as a number."""
        return Written(self.v, self.v.splat(self.v.let(f"sitofp i64 {count} to {self.v.scalar}")))

    def basis(self, j: int | str, k: int | str) -> int | str:
        """The place of entry k of vector j of the basis."""
        return self.v.index(self.v.index(j, "mul", self.P), "add", k)

    def any(self, condition: Written) -> str:
        """Whether a condition holds in any lane, an i1."""
        v = self.v
        packed = v.let(f"bitcast <{v.width} x i1> {condition.name} to i{v.width}")
        return v.let(f"icmp ne i{v.width} {packed}, 0")

    def dot(self, a: Callable[[str | int], Written], b: Callable[[str | int], Written], count: int | str) -> Written:
        """The sum of products, in order."""

        def more(k: str, total: list[str]) -> list[str]:
            return [(Written(self.v, total[0]) + a(k) * b(k)).name]

        return Written(self.v, self.v.carry(1, count, [(a(0) * b(0)).name], more)[0])

    # --- the method ---

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
        first = partial(self.load, "basis")
        length = np.sqrt(self.dot(first, first, self.P))
        with self.v.loop(self.P, "first") as k:
            self.store(first(k) / length, "basis", k)
        if self.passes is not None:
            loss = self.passes.first()
        else:
            objective = self.f.program.objective
            assert isinstance(objective, Direct)
            (loss,) = Writer(self.v, self.f.weight_or_setting).write([objective.loss])
        self.set("finite", self.condition(np.abs(Written(self.v, loss)) < math.inf))
        for name, value in (("open", 1.0), ("top", -math.inf), ("largest", 0.0), ("beside", 0.0)):
            self.set(name, value)

    def _product(self, j: str) -> None:
        """u = H q, in which q and u are divided by the root of the preconditioner; NaN where the loss is not finite."""
        f, v, P = self.f, self.v, self.P
        with v.loop(P, "direction") as k:
            q = self.load("basis", self.basis(j, k))
            self.store(q / self.load("root", k) if self.preconditioned else q, "w", v.index(k, "add", P))
        if self.passes is not None:
            self.passes.again()
        else:
            objective = f.program.objective
            assert isinstance(objective, Direct)
            for k, value in enumerate(Writer(v, f.weight_or_setting).write(objective.gradient)):
                v.store(value, f.base["sums"], k)
        for segment in f.program.segments:
            with v.loop(segment.stop - segment.start, "term") as i:
                at = v.index(i, "add", segment.start)
                v.store(self._term(segment.update.outputs[0], at), f.base["sums"], at)
        with v.loop(P, "u") as k:
            u = self.load("sums", k) + self.load("sums", v.index(k, "add", P))
            u = np.where(self.number("finite") > 0, u, math.nan)
            self.store(u / self.load("root", k) if self.preconditioned else u, "u", k)

    def _term(self, output: Any, at: int | str) -> str:
        """A term of the product: a sum over the samples with its factor, and with the penalty's part."""
        f, v = self.f, self.v

        def read(key: tuple[Any, ...]) -> str:
            return v.load(f.base[{"w": "w", "g": "sums"}[key[0]]], at) if key[0] in ("w", "g") else f.setting(key)

        return Writer(v, read).write([output])[0]

    def _orthogonalise(self, j: str) -> None:
        v, P = self.v, self.P
        u = partial(self.load, "u")
        self.store(self.dot(lambda k: self.load("basis", self.basis(j, k)), u, P), "alphas", j)
        # against all that came before: rounding would bring found directions back
        with v.loop(v.let(f"add i64 {j}, 1"), "before") as i:

            def q(k: str | int) -> Written:
                return self.load("basis", self.basis(i, k))

            part = self.dot(q, u, P)
            with v.loop(P, "part") as k:
                self.store(u(k) - part * q(k), "u", k)
        self.store(np.sqrt(self.dot(u, u, P)), "betas", j)

    def _look(self, j: str, count: str) -> None:
        """Take the largest eigenvalue of the tridiagonal matrix, and its residual."""
        v = self.v
        alpha = self.load("alphas", j)
        self.set("largest", np.maximum(self.number("largest"), np.abs(alpha)))
        several = v.let(f"icmp sgt i64 {count}, 1")
        before = self.number("top")
        self.set("top", alpha)
        self.store(Written(v, v.number(1.0)), "weights", 0)
        with v.when(several):
            beside = self.load("betas", v.let(f"sub i64 {j}, 1"))
            self.set("beside", np.maximum(self.number("beside"), beside))
            self.set("top", tridiagonal.from_above(alpha, beside, before))
            self._descend(count)
            self._eigenvector(count)
        self.set("residual", np.abs(self.load("betas", j) * self.load("weights", j)))

    def _descend(self, count: str) -> None:
        """Laguerre's method, from above."""
        v, m = self.v, self.whole(count)
        self.set("moving", self.condition((np.abs(self.number("top")) < math.inf) & (self.number("open") > 0)))
        with v.loop(tridiagonal.MOST, "laguerre") as _:
            x = self.number("top")

            def more(k: str, names: list[str]) -> list[str]:
                pivots = tuple(Written(v, name) for name in names)
                b = self.load("betas", v.index(k, "add", -1))
                return [p.name for p in tridiagonal.next_pivot(pivots, self.load("alphas", k), b, x)]  # type: ignore[arg-type]

            first = tridiagonal.first_pivot(self.load("alphas", 0), x)
            names = [p.name if isinstance(p, Written) else v.number(p) for p in first]
            pivots = tuple(Written(v, name) for name in v.carry(1, count, names, more))
            step = tridiagonal.laguerre(pivots, m)  # type: ignore[arg-type]
            size = self.number("largest") + 2 * self.number("beside")
            moving = (self.number("moving") > 0) & tridiagonal.moves(pivots, step, size)  # type: ignore[arg-type]
            v.leave_if(v.let(f"xor i1 {self.any(moving)}, true"))
            self.set("moving", self.condition(moving))
            self.set("top", np.where(moving, x - step, x))

    def _eigenvector(self, count: str) -> None:
        v, x = self.v, self.number("top")

        def more(k: str, names: list[str]) -> list[str]:
            pivot, s = (Written(v, name) for name in names)
            b = self.load("betas", v.index(k, "add", -1))
            s = tridiagonal.component(pivot, s, b)
            self.store(s, "weights", k)
            return [tridiagonal.pivot_of(pivot, self.load("alphas", k), b, x).name, s.name]

        v.carry(1, count, [(self.load("alphas", 0) - x).name, v.number(1.0)], more)
        weights = partial(self.load, "weights")
        length = np.sqrt(self.dot(weights, weights, count))
        with v.loop(count, "weight") as k:
            self.store(weights(k) / length, "weights", k)

    def _keep(self, count: str, last: str) -> None:
        """Keep the results of the lanes that are done from now on, and leave if none is open."""
        f, v, P = self.f, self.v, self.P
        top, residual, is_open = self.number("top"), self.number("residual"), self.number("open") > 0
        beta = self.load("betas", v.let(f"sub i64 {count}, 1"))
        tolerance = Written(v, f.setting(("setting", "tolerance")))
        done = (residual <= tolerance * np.abs(top)) | (beta <= EMPTY * self.number("largest"))
        done = done | ~(np.abs(top) < math.inf)
        all_ = v.let(f"insertelement <{v.width} x i1> poison, i1 {last}, i32 0")
        all_ = v.let(
            f"shufflevector <{v.width} x i1> {all_}, <{v.width} x i1> poison, <{v.width} x i32> zeroinitializer"
        )
        now = is_open & (done | Written(v, all_))
        with v.when(self.any(now)):
            with v.loop(P, "vector") as k:

                def more(i: str, total: list[str]) -> list[str]:
                    return [
                        (Written(v, total[0]) + self.load("weights", i) * self.load("basis", self.basis(i, k))).name
                    ]

                entry = Written(v, v.carry(0, count, [v.number(0.0)], more)[0])
                self.store(np.where(now, entry, self.load("found", k)), "found", k)
            for i, value in enumerate((top, residual, self.whole(count))):
                self.store(np.where(now, value, self.load("found", P + i)), "found", P + i)
            self.set("open", self.condition(is_open & ~now))
        v.leave_if(v.let(f"xor i1 {self.any(self.number('open') > 0)}, true"))

    def _next(self, count: str) -> None:
        beta = self.load("betas", self.v.let(f"sub i64 {count}, 1"))
        with self.v.loop(self.P, "next") as k:
            self.store(self.load("u", k) / beta, "basis", self.basis(count, k))

    def _finish(self, cell: str, lanes: str) -> None:
        f, v, numbers = self.f, self.v, self.P + len(BESIDES)
        with v.loop(lanes, "out") as lane:
            row = v.let(f"mul i64 {v.let(f'add i64 {cell}, {lane}')}, {numbers}")
            with v.loop(numbers, "result") as k:
                at = v.at(f.args[Slot.FINALS], v.let(f"add i64 {row}, {k}"), v.scalar)
                v.put(f"store {v.scalar} {f.load_lane('found', k, lane)}, ptr {at}")


_NUMBERS = ("finite", "open", "moving", "top", "largest", "beside", "residual")
"""Numbers of a lane that stand in memory."""

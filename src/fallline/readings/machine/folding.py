"""Measures of a run, updated after each step, so that no history has to be kept."""

from __future__ import annotations

import math

from fallline.readings.machine.frame import Frame
from fallline.readings.machine.layout import CAP, CONVERGENCE_CAP, LAST, Measure, Slot

__all__ = ["begin", "finish", "fold", "fold_gradient", "keep", "leave_if_dead", "measure"]


def begin(f: Frame) -> None:
    """Write every measure's value before the first loss."""
    v = f.v
    start = {
        Measure.BEST: math.inf, Measure.STEPS_TO: -1.0, Measure.DIVERGED_AT: -1.0, Measure.ALIVE: 1.0, Measure.DIED_AT: -1.0,
        Measure.HIGHEST: -math.inf, Measure.WINDOW_LOW: math.inf, Measure.WINDOW_HIGH: -math.inf,
    }  # fmt: skip
    for which in Measure:
        v.store(v.number(start.get(which, 0.0)), f.base["measures"], which)


def measure(f: Frame, which: Measure) -> str:
    """Return the present value of a measure."""
    return f.v.load(f.base["measures"], which)


def fold(f: Frame, loss: str, k: str, step: str) -> str:
    """Update every measure with the loss of step `k`; return the mask of runs whose loss is still finite.

    `step` is k as a vector of numbers.
    """
    v, base = f.v, f.base["measures"]
    zero, one, cap = v.number(0.0), v.number(1.0), v.number(CONVERGENCE_CAP)
    start = v.let(f"icmp eq i64 {k}, 0")
    with v.when(start):
        v.store(loss, base, Measure.FIRST)
        v.store(loss, base, Measure.LAST)
    first, previous = measure(f, Measure.FIRST), measure(f, Measure.LAST)
    was_alive = v.compare("ogt", measure(f, Measure.ALIVE), zero)
    finite = v.compare("olt", v.call("fabs", loss), v.number(math.inf))
    alive = v.both(was_alive, finite)
    v.store(v.select(alive, one, zero), base, Measure.ALIVE)
    v.store(v.select(alive, loss, v.number(math.nan)), base, Measure.LAST)
    best = measure(f, Measure.BEST)
    v.store(v.select(v.both(alive, v.compare("olt", loss, best)), loss, best), base, Measure.BEST)
    v.store(v.clamp_below(loss, measure(f, Measure.HIGHEST)), base, Measure.HIGHEST)

    limit = v.mul(v.number(CAP), v.clamp_below(v.call("fabs", first), one))
    dying = v.let(f"xor <{v.width} x i1> {finite}, splat (i1 true)")
    for which, happens in (
        (Measure.DIED_AT, dying),
        (Measure.DIVERGED_AT, v.either(dying, v.compare("ogt", v.call("fabs", loss), limit))),
        (Measure.STEPS_TO, v.both(alive, v.compare("ole", loss, f.setting(("setting", "target"))))),
    ):
        at = measure(f, which)
        new = v.both(v.both(was_alive, happens), v.compare("olt", at, zero))
        v.store(v.select(new, step, at), base, which)

    # Sohl-Dickstein's measure: v_t / v_0, capped. Steps after a divergence are added when results are read.
    relative = v.select(alive, v.clamp_above(v.div(loss, first), cap), zero)
    v.store(v.add(measure(f, Measure.SUM), relative), base, Measure.SUM)
    inverse = v.select(alive, v.div(one, relative), zero)
    v.store(v.add(measure(f, Measure.SUM_INVERSE), inverse), base, Measure.SUM_INVERSE)
    late = v.let(f"icmp sgt i64 {k}, {v.let(f'sub i64 {f.args[Slot.STEPS]}, {LAST}')}")
    with v.when(late):
        v.store(v.add(measure(f, Measure.SUM_LAST), relative), base, Measure.SUM_LAST)
    # the last steps show whether the loss still falls
    begin = v.let(f"sub i64 {f.args[Slot.STEPS]}, {f.args[Slot.WINDOW]}")
    with v.when(v.let(f"icmp eq i64 {k}, {begin}")):
        v.store(loss, base, Measure.WINDOW_FIRST)
    with v.when(v.let(f"icmp sge i64 {k}, {begin}")):
        v.store(v.clamp_above(loss, measure(f, Measure.WINDOW_LOW)), base, Measure.WINDOW_LOW)
        v.store(v.clamp_below(loss, measure(f, Measure.WINDOW_HIGH)), base, Measure.WINDOW_HIGH)
        early = v.let(f"icmp slt i64 {k}, {v.let(f'add i64 {begin}, {f.args[Slot.HALF]}')}")
        with v.when(early):
            v.store(v.sub(measure(f, Measure.DRIFT), loss), base, Measure.DRIFT)
    with v.when(v.let(f"icmp sgt i64 {k}, {v.let(f'sub i64 {f.args[Slot.STEPS]}, {f.args[Slot.HALF]}')}")):
        v.store(v.add(measure(f, Measure.DRIFT), loss), base, Measure.DRIFT)
    with v.when(v.let(f"icmp sgt i64 {k}, {begin}")):
        climbed, rise = measure(f, Measure.CLIMBED), v.sub(loss, previous)
        v.store(v.select(v.compare("ogt", rise, zero), v.add(climbed, rise), climbed), base, Measure.CLIMBED)
    return alive


def keep(f: Frame, loss: str, alive: str, cell: str, lanes: str, k: str) -> None:
    """Write the step's losses and parameters to the history and the path, if the caller has asked for them."""
    v = f.v
    wanted = v.let(f"icmp ne ptr {f.args[Slot.HISTORY]}, null")
    with v.when(wanted):
        v.store(v.select(alive, loss, v.number(math.nan)), f.base["sums"], f.spare)
        length = v.let(f"add i64 {f.args[Slot.STEPS]}, 1")
        with v.loop(lanes, "history") as lane:
            value = f.load_lane("sums", f.spare, lane)
            row = v.let(f"mul i64 {v.let(f'add i64 {cell}, {lane}')}, {length}")
            at = v.at(f.args[Slot.HISTORY], v.let(f"add i64 {row}, {k}"), v.scalar)
            v.put(f"store {v.scalar} {value}, ptr {at}")
    wanted = v.let(f"icmp ne ptr {f.args[Slot.PATH]}, null")
    with v.when(wanted):
        length = v.let(f"add i64 {f.args[Slot.STEPS]}, 1")
        with v.loop(lanes, "walker") as lane:
            row = v.let(f"mul i64 {v.let(f'add i64 {cell}, {lane}')}, {length}")
            offset = v.let(f"mul i64 {v.let(f'add i64 {row}, {k}')}, {f.program.parameters}")
            with v.loop(f.program.parameters, "place") as p:
                value = f.load_lane("w", p, lane)
                at = v.at(f.args[Slot.PATH], v.let(f"add i64 {offset}, {p}"), v.scalar)
                v.put(f"store {v.scalar} {value}, ptr {at}")


def leave_if_dead(f: Frame, alive: str) -> None:
    """Leave the loop over steps if no lane's loss is finite."""
    v = f.v
    packed = v.let(f"bitcast <{v.width} x i1> {alive} to i{v.width}")
    v.leave_if(v.let(f"icmp eq i{v.width} {packed}, 0"))


def fold_gradient(f: Frame, squared_norm: str) -> None:
    """Update the measures of the gradient with its squared norm."""
    v, base = f.v, f.base["measures"]
    v.store(v.clamp_below(squared_norm, measure(f, Measure.LARGEST_GRADIENT)), base, Measure.LARGEST_GRADIENT)
    v.store(squared_norm, base, Measure.LAST_GRADIENT)


def finish(f: Frame) -> None:
    """Update the measure of the parameters after the last step."""
    v = f.v
    with v.loop(f.program.parameters, "largest") as k:
        size = v.call("fabs", v.load(f.base["w"], k))
        v.store(
            v.clamp_below(size, measure(f, Measure.LARGEST_PARAMETER)), f.base["measures"], Measure.LARGEST_PARAMETER
        )

"""A step's update of every parameter, by the optimizer's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fallline.readings.graph import Node, topological
from fallline.readings.machine.emit import Writer
from fallline.readings.machine.folding import fold_gradient
from fallline.readings.machine.frame import Frame
from fallline.readings.machine.program import Segment, depends_on

__all__ = ["stepper", "update_all"]


Stepper = Callable[[int | str, str], str]


def update_all(f: Frame, k: str, final: str, direct: list[str] | None) -> None:
    """Write the step of every parameter, and the norm of the gradient. After the last step only the norm is computed."""
    v = f.v
    norm_slot = f.spare
    v.store(v.number(0.0), f.base["sums"], norm_slot)
    for segment in f.program.segments:
        step = stepper(f, segment, k, final)

        def update(index: int | str, g: str, step: Stepper = step) -> None:
            gradient = step(index, g)
            v.store(v.fma(gradient, gradient, v.load(f.base["sums"], norm_slot)), f.base["sums"], norm_slot)

        if direct is not None:
            for index in range(segment.start, segment.stop):
                update(index, direct[index])
        else:
            with v.loop(segment.stop - segment.start, "update") as i:
                at = v.index(i, "add", segment.start)
                update(at, v.load(f.base["sums"], at))
    fold_gradient(f, v.load(f.base["sums"], norm_slot))


def stepper(f: Frame, segment: Segment, k: str, final: str) -> Stepper:
    """Write what all parameters of a segment share, and return a function that writes one parameter's step.

    That function takes the parameter's index and its sum over samples, and returns the gradient on the scale of all
    samples. The parameter stays unchanged where `final` holds.
    """
    v, S, update = f.v, f.program.states, segment.update
    t = v.splat(v.let(f"sitofp i64 {v.let(f'add i64 {k}, 1')} to {v.scalar}"))
    keep = v.let(f"insertelement <{v.width} x i1> poison, i1 {final}, i32 0")
    keep = v.let(f"shufflevector <{v.width} x i1> {keep}, <{v.width} x i1> poison, <{v.width} x i32> zeroinitializer")
    outputs = [update.gradient, *update.outputs]
    inside = depends_on(outputs, lambda key: key[0] in ("w", "g", "s"))
    outer = Writer(v, lambda key: t if key == ("t",) else f.setting(key))
    outer.write(_frontier(outputs, inside))

    def write_step(index: int | str, g: str) -> str:
        def read(key: tuple[Any, ...]) -> str:
            if key[0] == "w":
                return v.load(f.base["w"], index)
            if key[0] == "g":
                return g
            if key[0] == "s":
                return v.load(f.base["state"], v.index(v.index(index, "mul", S), "add", key[1]))
            return t if key == ("t",) else f.setting(key)

        writer = Writer(v, read, outer.values)
        gradient, w, *states = writer.write(outputs)
        old = writer.value(update.gradient.graph.input("w"))
        if f.scale:
            recorded = v.mul(f.scale, g)
            gradient = Writer(v, lambda key: recorded if key[0] == "g" else read(key), outer.values).value(
                update.gradient
            )
        v.store(v.select(keep, old, w), f.base["w"], index)
        for s, value in enumerate(states):
            v.store(value, f.base["state"], v.index(v.index(index, "mul", S), "add", s))
        return gradient

    return write_step


def _frontier(outputs: list[Node], inside: set[int]) -> list[Node]:
    """Return the nodes outside `inside` that nodes inside use. These are computed once for all parameters."""
    return [
        a for n in topological(outputs) if n.index in inside for a in n.args if a.index not in inside and a.op != "number"
    ] + [o for o in outputs if o.index not in inside]  # fmt: skip

"""The rules by which a page without Python reads what its kernel wrote: measures, outcomes, and lengths of windows, traced."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from fallline.lab.work.film import MOST_FRAMES
from fallline.maps.film import frame_count, step_of_frame
from fallline.measures.measure import FOLDED, MEASURES, lacking
from fallline.measures.statistics import half, window
from fallline.problems import NetworkObjective, Objective, on_test_samples
from fallline.readings.machine.layout import Measure
from fallline.readings.portable import Program, Trace
from fallline.runs.columns import of_ends, statistics

__all__ = ["frames", "lengths", "measures", "shown", "tested"]


def lengths() -> Program:
    """The lengths of the window and of its halves, from `steps`: words of a kernel's table.

    >>> [output.name for output in lengths().outputs]
    ['window', 'half']
    """
    trace = Trace()
    steps = trace.number("steps")
    return trace.program({"window": window(steps), "half": half(steps)})


def measures(objective: Objective, dtype: str, names: Collection[str] = tuple(FOLDED)) -> Program:
    """Measures of runs by name: those of the names that the objective has, and that need no Hessian.

    The inputs are the columns that a kernel folded, by their names in small letters, and

    - `steps`
    - `start`, `end`: the first and last parameters, (runs, P), for measures that read them, with eight operations for each
      parameter
    - `test_loss`, `test_right`: loss and share of right answers on test samples, for measures that read them

    >>> from fallline.problems import objective
    >>> program = measures(objective("himmelblau"), "float64")
    >>> [output.name for output in program.outputs][-4:]
    ['distance', 'minimum', 'gradient_norm', 'convergence']
    """
    trace = Trace()
    columns: Any = np.stack([trace.column(measure.name.lower(), dtype) for measure in Measure])
    wanted = [m for name, m in MEASURES.items() if name in names and not (m.reads_sharpness or lacking(m, objective))]
    samples = len(objective.data) if isinstance(objective, NetworkObjective) else 0
    s = statistics(columns, trace.number("steps"), samples)
    if any(m.reads_ends for m in wanted):
        starts, ends = (trace.columns(name, dtype, objective.dimension) for name in ("start", "end"))
        s = of_ends(s, wanted, objective, starts, np.where(columns[Measure.DIED_AT] >= 0, np.nan, ends))
    s = replace(s, test_last=trace.column("test_loss", dtype), test_right=trace.column("test_right", dtype))
    return trace.program({m.name: m.rule(s) for m in wanted})


def tested(objective: Objective, dtype: str) -> Program:
    """Loss and share of right answers on test samples, from the columns of the kernel that takes no step: "test_loss", "test_right".

    >>> import fallline as fl
    >>> problem = fl.objective("2-3-2-3", fl.generate("three-gaussians").split(0.2))
    >>> [output.name for output in tested(problem, "float32").outputs]
    ['test_loss', 'test_right']
    """
    trace = Trace()
    columns: Any = np.stack([trace.column(measure.name.lower(), dtype) for measure in Measure])
    problem = on_test_samples(objective)
    s = statistics(columns, 0, len(problem.data))
    judged = {} if lacking(MEASURES["accuracy"], problem) else {"test_right": MEASURES["accuracy"].rule(s)}
    return trace.program({"test_loss": MEASURES["final_loss"].rule(s), **judged})


def frames() -> Program:
    """The number of frames of a played map, "count", from `steps`; and the step of each `frame`, "step".

    >>> [output.name for output in frames().outputs]
    ['count', 'step']
    """
    trace = Trace()
    steps = trace.number("steps")
    count = frame_count(steps, MOST_FRAMES)
    return trace.program({"count": count, "step": step_of_frame(trace.column("frame", np.float64), count, steps)})


def shown(name: str, dtype: str) -> Program:
    """The values that are drawn, `shown`, from the `values` of a measure and `steps`.

    >>> [node.op for node in shown("steps_to", "float32").nodes]
    ['number', 'less', 'number', 'astype', 'select']
    """
    trace = Trace()
    measure = MEASURES[name]
    values: Any = trace.column("values", np.dtype(measure.dtype or dtype).name)
    return trace.program({"shown": measure.shown(values, trace.number("steps"))})

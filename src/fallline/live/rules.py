"""The rules by which a page without Python reads what its kernel wrote: measures, outcomes, and lengths of windows, traced."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from fallline.measures.measure import MEASURES, lacking
from fallline.measures.statistics import half, window
from fallline.problems import NetworkObjective, Objective
from fallline.readings.machine.layout import Measure
from fallline.readings.portable import Program, Trace
from fallline.runs.columns import of_ends, statistics

__all__ = ["lengths", "measures", "shown"]


def lengths() -> Program:
    """The lengths of the window and of its halves, from `steps`: words of a kernel's table.

    >>> [output.name for output in lengths().outputs]
    ['window', 'half']
    """
    trace = Trace()
    steps = trace.number("steps")
    return trace.program({"window": window(steps), "half": half(steps)})


def measures(objective: Objective, dtype: str, names: Collection[str] = tuple(MEASURES)) -> Program:
    """Measures of runs by name: those of the names that the objective has.

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
    wanted = [m for name, m in MEASURES.items() if name in names and not lacking(m, objective)]
    samples = len(objective.data) if isinstance(objective, NetworkObjective) else 0
    s = statistics(columns, trace.number("steps"), samples)
    if any(m.reads_ends for m in wanted):
        starts, ends = (trace.columns(name, dtype, objective.dimension) for name in ("start", "end"))
        s = of_ends(s, wanted, objective, starts, np.where(columns[Measure.DIED_AT] >= 0, np.nan, ends))
    s = replace(s, test_last=trace.column("test_loss", dtype), test_right=trace.column("test_right", dtype))
    return trace.program({m.name: m.rule(s) for m in wanted})


def shown(name: str, dtype: str) -> Program:
    """The values that are drawn, `shown`, from the `values` of a measure and `steps`.

    >>> [node.op for node in shown("steps_to", "float32").nodes]
    ['number', 'less', 'number', 'astype', 'select']
    """
    trace = Trace()
    measure = MEASURES[name]
    values: Any = trace.column("values", np.dtype(measure.dtype or dtype).name)
    return trace.program({"shown": measure.shown(values, trace.number("steps"))})

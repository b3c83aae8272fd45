"""The time and memory that a map takes, in words, and the refusal of a map that takes too much."""

from __future__ import annotations

from fallline.errors import UsageError
from fallline.experiment.map_record import MapSpec
from fallline.limits import MEMORY, check_memory, gigabytes

__all__ = ["estimate", "refuse_large_map", "refuse_large_values"]

YEARS = 10
"""A map with a longer estimated time is refused."""

MOST_CELLS = 2**34
"""A map with more cells is refused: 131,072 x 131,072."""

RATE = 5e10
"""Floating-point operations a second of an ordinary machine, for estimates."""


def estimate(spec: MapSpec, rate: float = RATE) -> str:
    """The time and memory that a map takes, in words. `rate`: floating-point operations a second."""
    seconds = spec.work / rate
    for name, unit in (("years", 365 * 86400), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * unit:
            many = seconds / unit
            time = f"about {many:,.0f} {name}" if many < 1e9 else f"about {many:.0e} {name}"
            break
    else:
        time = f"about {seconds:.0f} seconds" if seconds >= 2 else "a second or two"
    runs = spec.cells * spec.starts
    memory = gigabytes(spec.memory) if spec.memory >= 2**29 else f"{max(1, spec.memory / 2**20):.0f} MB"
    return f"{runs:,} runs of {spec.steps:,} steps take {time} and {memory} of memory"


def refuse_large_values(spec: MapSpec) -> None:
    """Refuse a map whose values need too much memory.

    Raises
    ------
    UsageError
        With the estimate.
    """
    if spec.memory > MEMORY:
        raise UsageError(
            f"size must be smaller than {spec.size_text}: {estimate(spec)}; at most {MEMORY // 2**30} GB "
            "are allowed. Choose a smaller size, or zoom into the part that matters; the command fallline map keeps a larger map in "
            "its file alone, --out FILE.fallmap."
        )


def refuse_large_map(spec: MapSpec) -> None:
    """Refuse a map of too many cells, or one that takes too much time, wherever its values are kept.

    Raises
    ------
    UsageError
        With the estimate.
    """
    if spec.cells > MOST_CELLS:
        raise UsageError(f"size must give at most {MOST_CELLS:,} cells; {spec.size_text} are {spec.cells:,}.")
    batches = "" if spec.batch is None else f" and {spec.steps:,} minibatches"
    check_memory(
        spec.memory_of_a_cell,
        f"a cell with {spec.starts:,} starts{batches}",
        "Take fewer starts, or fewer steps with batch.",
    )
    if spec.work > YEARS * 365 * 86400 * RATE:
        raise UsageError(
            f"the map must be smaller: {estimate(spec)}; at most {YEARS} years are allowed. Take fewer steps, starts or cells."
        )

"""A map in parts that never talk to each other: each is computed on a machine of its own, into a file of its own.

The tiles of a map are dealt out to its parts in turn, so each part has coarse tiles and fine ones from everywhere. About one
tile in a hundred is given to two parts: merging compares them, so a machine that computes other bits is found.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fallline.errors import UsageError
from fallline.experiment.map_record import MapSpec
from fallline.maps.tiles import Tile, layout, tile_size
from fallline.number_text import read_whole
from fallline.random import uniform

__all__ = ["MOST_PARTS", "Part"]

MOST_PARTS = 100_000

TILES = 8
"""Tiles of a part, at least, so that all parts take about the same time."""

TWICE = 0.01
"""Share of the tiles that two parts compute."""

_ARRAYS = (
    ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX"),
    ("SGE_TASK_ID", "SGE_TASK_FIRST", "SGE_TASK_LAST"),
    ("LSB_JOBINDEX", "", "LSB_JOBINDEX_END"),
    ("PBS_ARRAY_INDEX", "", ""),
)
"""Variables of job arrays: the task's number, the first number and the last; empty where a scheduler does not tell it."""


@dataclass(frozen=True)
class Part:
    """Part `number` of `count`, from 1 on.

    >>> print(Part.of("3/64"))
    3/64
    >>> Part.of("65/64")
    Traceback (most recent call last):
    fallline.errors.UsageError: the part must be K/N with K from 1 to N, such as 3/64, or auto in a job array; got '65/64'.
    """

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def of(cls, text: str, environment: Mapping[str, str] = os.environ) -> Part:
        """The part of that text: "3/64"; or "auto/64" or "auto" for the part of a job array's task.

        Task K computes part K, and task 0 the last one, so that an array may begin with 0 or 1. "auto" takes the number of
        parts from the array; give it where single tasks of an array are repeated.

        >>> array = {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_MAX": "63"}
        >>> print(Part.of("auto", array), Part.of("auto/100", array))
        7/64 7/100
        """
        word, slash, count = (piece.strip() for piece in text.partition("/"))
        if word == "auto":
            number, parts = _task(environment, None if not slash else read_whole(count, "N of the part auto/N"))
            number = number % max(1, parts) or parts
        elif slash:
            number, parts = (read_whole(n, f"{name} of the part K/N") for n, name in ((word, "K"), (count, "N")))
        else:
            number, parts = 0, 0
        if not 1 <= number <= parts:
            raise UsageError(
                f"the part must be K/N with K from 1 to N, such as 3/64, or auto in a job array; got {text[:40]!r}."
            )
        if parts > MOST_PARTS:
            raise UsageError(f"a map has at most {MOST_PARTS:,} parts; got {parts:,}.")
        return cls(number, parts)

    def tiles(self, spec: MapSpec) -> list[Tile]:
        """The tiles of this part, coarse first. They depend on the spec and the part alone."""
        own = dealt(spec, self.count)
        twice = set(_computed_twice(len(own)))
        before = (self.number - 2) % self.count
        return [
            tile for k, tile in enumerate(own)
            if k % self.count == self.number - 1 or (k in twice and k % self.count == before)
        ]  # fmt: skip


def _task(environment: Mapping[str, str], parts: int | None) -> tuple[int, int]:
    """The number of the job array's task in which this process runs, and the number of parts."""
    for task, first, last in _ARRAYS:
        if environment.get(task, "undefined") == "undefined":  # Grid Engine's word outside of arrays
            continue
        number = read_whole(environment[task], task)
        if parts is None:
            ends = [environment.get(first, "1"), environment.get(last, "")]
            if ends[0] not in ("0", "1") or not ends[1]:
                raise UsageError(
                    f"the part auto needs an array of tasks from 0 or 1 on, of which all run; this is task {number}"
                    f"{f' of {ends[0]} to {ends[1]}' if ends[1] else ''}. Say how many parts there are: auto/64."
                )
            parts = read_whole(ends[1], last) - int(ends[0]) + 1
        return number, parts
    names = ", ".join(task for task, _, _ in _ARRAYS)
    raise UsageError(
        f"the part auto is that of a job array's task, but none of {names} is set: give K/N, such as 3/64."
    )


def dealt(spec: MapSpec, count: int) -> list[Tile]:
    """The tiles of a map in so many parts: tile k is one of part k mod `count`, plus 1."""
    return list(layout(spec, min(tile_size(spec), max(1, spec.cells // (TILES * count)))))


def _computed_twice(tiles: int) -> list[int]:
    """The numbers of the tiles that two parts compute: one at least."""
    chosen = np.flatnonzero(uniform(0, "tiles computed twice", 1, np.arange(tiles))[:, 0] < TWICE)
    return [int(k) for k in chosen] if chosen.size else [0]

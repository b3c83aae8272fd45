"""A task: some tiles of a map, computed in any process that has fallline, with the proof that it computes the same bits."""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Self

import numpy as np

from fallline.experiment.map_record import MapSpec
from fallline.maps.cells import at_cells
from fallline.maps.cells import compute as compute_tile
from fallline.maps.requests import packed_spec, read_request, unpacked_spec
from fallline.maps.rows import pack
from fallline.runs import engine

__all__ = ["Answer", "Job", "compute", "installed", "objection"]

PROBED = 16
"""Cells that each process computes to prove its bits."""

DECISIVE = ("fallline", "arithmetic")
"""Versions that must be the same, whatever the probe gives."""


@dataclass(frozen=True)
class Job:
    """What all tasks of a map share: the packed spec, the proof of this process, and the threads of a task."""

    packed: bytes
    proof: str
    threads: int

    @classmethod
    def of(cls, spec: MapSpec, threads: int | None) -> Self:
        """The job of a map, with one thread for a task by default."""
        return cls(packed_spec(spec), _proof(spec), threads or 1)


@dataclass(frozen=True)
class Answer:
    """What a task gives.

    Attributes
    ----------
    proof
        Digest of the versions and of the probe, some cells from the whole plane.
    seconds
        How long the tiles took.
    tiles
        Their packed values; none where the proof is another one than the job's.
    who
        Who computed them, as messages name him.
    versions
        What is installed there.
    """

    proof: str
    seconds: float
    tiles: tuple[bytes, ...]
    who: str
    versions: Mapping[str, str]


def compute(job: Job, requests: list[bytes]) -> Answer:
    """Compute the tiles of some requests, in whatever process this is called."""
    spec, proof = _prepared(job.packed)
    begin = time.perf_counter()
    tiles: tuple[bytes, ...] = ()
    if proof == job.proof:
        values = (compute_tile(spec, *read_request(spec, message, job.threads)) for message in requests)
        tiles = tuple(pack(spec, tile) for tile in values)
    who = f"process {os.getpid()} on {platform.node()}"
    return Answer(proof, time.perf_counter() - begin, tiles, who, installed())


def objection(answer: Answer, job: Job) -> str | None:
    """Why the tiles of an answer are not used, as the end of a sentence; None if they are."""
    if answer.proof == job.proof:
        return None
    here, there = installed(), answer.versions
    decisive = [name for name in DECISIVE if there.get(name) != here[name]]
    names = decisive or [name for name in here if there.get(name) != here[name]]
    differences = ", ".join(f"{name} {there.get(name)} there and {here[name]} here" for name in names)
    if decisive:
        return f"it has {differences}"
    reason = differences or "all versions are the same, so its processor or memory may be at fault"
    return f"it computes other bits than this process ({reason})"


@lru_cache(maxsize=1)
def installed() -> dict[str, str]:
    """The versions that may decide the bits of a map: fallline's first, which always do."""
    from fallline import __version__

    return {
        "fallline": __version__,
        "arithmetic": str(engine.ARITHMETIC_VERSION),
        "NumPy": np.__version__,
        "llvmlite": version("llvmlite"),
        "Python": platform.python_version(),
        "machine": platform.machine(),
    }


@lru_cache(maxsize=4)
def _prepared(packed: bytes) -> tuple[MapSpec, str]:
    """The spec, and the proof of this process; once for each map."""
    spec = unpacked_spec(packed)
    return spec, _proof(spec)


def _proof(spec: MapSpec) -> str:
    some = np.linspace(0, spec.cells - 1, min(PROBED, spec.cells)).astype(np.int64)
    values = at_cells(spec, some % spec.shape[1], some // spec.shape[1])
    versions = " ".join(installed()[name] for name in DECISIVE)
    return hashlib.sha256(versions.encode() + b"\n" + pack(spec, values)).hexdigest()

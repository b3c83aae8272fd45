"""How runs are carried out: threads, device, progress, layout of the code."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from fallline.errors import UnknownNameError
from fallline.readings.machine.layout import Plan
from fallline.readings.ptx.plan import DevicePlan

__all__ = ["DEVICES", "EVERY_CORE", "Execution", "Progress", "cores"]

DEVICES = ("cpu", "cuda")
"""Where runs can be trained."""

Progress = Callable[[int, int], None]
"""Called with (runs done, runs in all). It may end the work by raising."""


@dataclass(frozen=True)
class Execution:
    """How runs are carried out. It changes no bit of their results.

    Attributes
    ----------
    threads
        Workers; one for each core if None.
    device
        "cpu", or "cuda" for a CUDA device. Some of the first runs of each kernel are computed on the processor too, and a
        device whose bits differ is refused.
    progress
        Called now and then with (runs done, runs in all).
    plan, device_plan
        How the compiled code is laid out; chosen for the machine if None.

    Raises
    ------
    UnknownNameError
        fallline knows no device of that name.
    """

    threads: int | None = None
    device: str = "cpu"
    progress: Progress | None = None
    plan: Plan | None = None
    device_plan: DevicePlan | None = None

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise UnknownNameError("device", self.device, DEVICES)


EVERY_CORE = Execution()
"""Threads of this process, one for each core."""


def cores() -> int:
    """The cores that this process may use, which a job's may be fewer than the machine's, where the system says so."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

"""The most memory that this process has had."""

from __future__ import annotations

import sys
from pathlib import Path


def peak_memory() -> float:
    """Megabytes. On Linux `getrusage` would count the process that started this one, too: its figure survives exec."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:  # Windows does not tell
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)

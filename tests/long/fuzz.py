"""Damaged inputs by the thousand, with time and memory: a result or a sentence, within 5 seconds and 500 MB.

    python tests/long/fuzz.py --count 10000
    python tests/long/fuzz.py --count 5000 --kind message

Each kind runs in a process of its own, whose memory is what it took at most. The first ten faults are shown with their
numbers: `damaged.make(kind, number)` gives the input back.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import damaged
from peak_memory import peak_memory

SECONDS, MEGABYTES = 5, 500


def run(kind: str, count: int, first: int) -> bool:
    """Probe so many inputs of a kind and print one line of what came of it."""
    warnings.simplefilter("error")
    ends: Counter[str] = Counter()
    slowest = (0.0, 0)
    for number in range(first, first + count):
        value = damaged.make(kind, number)
        start = time.process_time()
        try:
            ends[damaged.probe(kind, value)] += 1
        except BaseException as error:
            ends["faults"] += 1
            if ends["faults"] <= 10:
                where = traceback.extract_tb(error.__traceback__)[-1]
                print(
                    f"  {kind} {number}: {type(error).__name__}: {str(error)[:200]} ({where.filename}:{where.lineno})"
                )
        slowest = max(slowest, (time.process_time() - start, number))
    memory = peak_memory()
    print(
        f"{kind}: {count} inputs, {ends['result']} read, {ends['refused']} refused, {ends['faults']} faults; slowest "
        f"{slowest[0]:.2f} s (number {slowest[1]}); {memory:.0f} MB", flush=True,
    )  # fmt: skip
    return ends["faults"] == 0 and slowest[0] < SECONDS and memory < MEGABYTES


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--kind", choices=sorted(damaged.KINDS))
    given = parser.parse_args()
    if given.kind:
        return 0 if run(given.kind, given.count, given.first) else 1
    words = ["--count", str(given.count), "--first", str(given.first), "--kind"]
    return max(
        subprocess.run([sys.executable, __file__, *words, kind], check=False).returncode for kind in damaged.KINDS
    )


if __name__ == "__main__":
    sys.exit(main())

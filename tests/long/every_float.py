"""The functions of a part of their range (`elementary.NARROW`) beside the general ones, for every float32 of that part.

    python tests/long/every_float.py

tests/test_elementary.py compares a sample of numbers, of float64 too.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from elementwise import elementwise
from fallline.readings.machine.target import this_host

CHUNK = 1 << 22
PARTS = {
    "exp": [(0x80000000, 0x100000000), (0x00000000, 0x00000001), (0x7F800001, 0x80000000)],  # all x <= 0, +0 and NaN
    "log": [(0x3F800000, 0x49800000), (0x7F800001, 0x80000000), (0xFF800001, 0x100000000)],  # 1 <= x <= 2^20 and NaN
}
"""Ranges of bit patterns."""


def numbers(part: list[tuple[int, int]]) -> Iterator[np.ndarray]:
    for begin, end in part:
        for start in range(begin, end, CHUNK):
            yield np.arange(start, min(start + CHUNK, end), dtype=np.uint64).astype(np.uint32).view(np.float32)


def differing(general: Callable, narrow: Callable, x: np.ndarray) -> int:
    a, b = general(x), narrow(x)
    same = (a.view(np.uint32) == b.view(np.uint32)) | (np.isnan(a) & np.isnan(b))
    return int((~same).sum())


def main() -> int:
    begin, wrong = time.perf_counter(), 0
    for instruction_set in this_host().sets:
        for op, part in PARTS.items():
            general = elementwise(op, np.float32, 1, instruction_set)
            narrow = elementwise(op, np.float32, 1, instruction_set, narrow=True)
            count = tested = 0
            for x in numbers(part):
                count, tested = count + differing(general, narrow, x), tested + len(x)
            print(
                f"{op} on {instruction_set}: {tested:,} numbers, {count} differ ({time.perf_counter() - begin:.0f} s)"
            )
            wrong += count
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())

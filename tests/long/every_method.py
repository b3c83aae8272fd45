"""Every optimizer with every activation and loss, float32 and float64, beside the NumPy reading.

    python tests/long/every_method.py

tests/test_lanes.py runs every pair of them.
"""

import itertools
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES
from fallline.textbook.optimizers import OPTIMIZERS
from parity import TOLERANCE, same_as_numpy, small_problem


def main() -> int:
    begin, failures, count = time.perf_counter(), [], 0
    for case in itertools.product(OPTIMIZERS, ACTIVATIONS, LOSSES, TOLERANCE):
        optimizer, activation, loss, dtype = case
        try:
            problem = small_problem(activation, loss)
            same_as_numpy(problem, optimizer, dtype=dtype, learning_rate=0.01)
        except AssertionError as error:
            failures.append((case, error))
        count += 1
    for case, error in failures:
        print(*case, str(error).splitlines()[0])
    print(f"{count} cases, {len(failures)} differ ({time.perf_counter() - begin:.0f} s)")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())

"""The long campaign of gradient mutants: every fault in many random networks, singles and pairs; and right gradients.

    python bench/gradient_mutants.py --networks 50 --pairs 4000 --right 10000

Prints one line for each kind of mutant, and each failure. The tests run a short form.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import mutants  # beside the tests, which run a short form of it
import right_gradients


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=50, help="random networks for each single fault")
    parser.add_argument("--pairs", type=int, default=4000)
    parser.add_argument("--right", type=int, default=10000, help="right gradients, none of which may raise an alarm")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--failures", type=int, default=20, help="how many failures to print")
    given = parser.parse_args()
    bad = False
    for what, made, floor in (
        ("singles", mutants.singles(given.networks, given.seed), 0.98),
        ("in every layer", mutants.everywhere(max(1, given.networks // 5), given.seed + 1), 0.98),
        ("pairs", mutants.pairs(given.pairs, given.seed + 2), 0.85),
    ):
        if (given.networks if what != "pairs" else given.pairs) == 0:
            continue
        start = time.perf_counter()
        tally = mutants.campaign(made)
        seconds = time.perf_counter() - start
        counts = ", ".join(f"{k} {v}" for k, v in sorted(tally.counts.items()))
        print(
            f"{what}: {tally.faults} faults, named {100 * tally.share_named:.2f} %  ({counts}; {seconds:.0f} s)",
            flush=True,
        )
        for failure in tally.failures[: given.failures]:
            print("   ", failure)
        bad |= tally.share_named < floor or tally.counts["called right"] > 0
    if given.right:
        start = time.perf_counter()
        alarms = right_gradients.alarms(right_gradients.right(given.right, given.seed + 3))
        print(
            f"right gradients: {given.right:,}, {len(alarms)} alarms  ({time.perf_counter() - start:.0f} s)", flush=True
        )
        for alarm in alarms[: given.failures]:
            print("   ", alarm)
        bad |= bool(alarms)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())

"""Live pages give the processor's bits for every optimizer, activation, loss and precision, with both modules, in headless Chromium.

    python tests/long/live_bits.py [--first 0] [--count 640] [--seconds 3600] [--seed 0]

The combinations stand in a random order that the seed decides; `--first` and `--count` take a part of them, so that several shorter
calls cover all. Each trains runs with a wide range of learning rates, some of which diverge. Prints a line for each combination with
its place in the order, the numbers compared and those that differ, and their sums at the end; exit status 1 if any differs.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from fallline.experiment.map_spec import map_spec
from fallline.lab.resolved_state import ResolvedState
from fallline.maps.cell_training import training_of
from fallline.measures.measure import MEASURES, lacking
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES
from fallline.textbook.optimizers import OPTIMIZERS
from live_page import LivePage, differing, native, state_of
from parity import small_problem


def combination(live: LivePage, optimizer: str, activation: str, loss: str, dtype: str) -> tuple[int, int]:
    """How many numbers were compared, and how many differ."""
    spec = map_spec(
        small_problem(activation, loss, sizes="2-2-3"), x="learning_rate=1e-3..30:log", y="seed=0..4", size=(7, 5),
        optimizer_=optimizer, steps=6, dtype=dtype,
    )  # fmt: skip
    j, i = np.divmod(np.arange(spec.cells), spec.x.count)
    hits = not lacking(MEASURES["accuracy"], spec.objective)
    expected = native(training_of(spec, i, j), hits=hits)
    compared = wrong = 0
    for relaxed in (True, False):
        live.open(ResolvedState(state_of().state, spec.objective, spec), relaxed=relaxed)
        found = live.train(x=spec.x.describe(), y=spec.y.describe(), history=True, parameters=True, path=True)
        compared += sum(values.size for values in found.values())
        wrong += sum(differing(found, expected).values())
    return compared, wrong


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=3600, help="time after which no other combination is tried")
    options.add_argument("--seed", type=int, default=0, help="decides the order")
    options.add_argument("--first", type=int, default=0, help="place in the order of the first combination to try")
    options.add_argument("--count", type=int, help="combinations to try from there; default: all that follow")
    chosen = options.parse_args()
    from playwright.sync_api import sync_playwright

    all_ = list(itertools.product(OPTIMIZERS, ACTIVATIONS, LOSSES, ("float32", "float64")))
    np.random.default_rng(chosen.seed).shuffle(all_)
    stop = len(all_) if chosen.count is None else chosen.first + chosen.count
    end, tried, compared, wrong = time.monotonic() + chosen.seconds, 0, 0, 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        live = LivePage(browser)
        for place, names in list(enumerate(all_))[chosen.first : stop]:
            if time.monotonic() > end:
                break
            count, different = combination(live, *map(str, names))
            tried, compared, wrong = tried + 1, compared + count, wrong + different
            print(f"{place} {', '.join(names)}: {different} of {count:,} numbers differ", flush=True)
        browser.close()
    print(
        f"{tried} of {len(all_)} combinations from place {chosen.first}, {compared:,} numbers compared, {wrong} differ."
    )
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()

"""Settings under warranty on tables: do fresh starts keep it, and does the nested estimate agree with rows that were held out?

    python tests/long/tuned_tables.py [--keel FOLDER] [--only NAME ...] [--outer-folds 5] [--set NAME=VALUE ...]

A third of each table is held out from everything. On the others, settings are tuned; 1,000 fresh starts in the neighbourhood of the
chosen settings are counted; and a nested estimate is made. It agrees with the held-out third if their difference, with the interval of
95 % that the rows of both allow (Newcombe 1998), includes 0. For the folder of `--keel` see `tables_accuracy.py`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from tables_accuracy import _value, bundled, keel

from fallline.models.fitting import fit_samples
from fallline.models.folds import row_folds
from fallline.models.nested import nested_estimate, score_interval
from fallline.models.settings import fit_settings
from fallline.models.tuning import tune_samples


def row(X, T, kind: str, settings: dict, outer: int, starts: int) -> dict:
    """What is found of one table."""
    held = row_folds(X, T, kind, 3, seed=77) == 0
    chosen = fit_settings(**settings)
    learned = X[~held], T[~held]

    def made(some, show):
        own = tune_samples(learned[0][some], learned[1][some], kind, chosen, starts=0).settings(chosen)
        return fit_samples(learned[0][some], learned[1][some], kind, own).ensemble.answers(learned[0][~some])

    nested = nested_estimate(*learned, kind, outer, chosen.seed, made, tuned=True).estimate
    tuning = tune_samples(*learned, kind, chosen, starts=starts)
    model = fit_samples(*learned, kind, tuning.settings(chosen)).ensemble
    fresh = score_interval(model.answers(X[held]), T[held], kind)
    difference = nested.value - fresh.value
    low = difference - np.hypot(nested.value - nested.low, fresh.high - fresh.value)
    high = difference + np.hypot(nested.high - nested.value, fresh.value - fresh.low)
    return {
        "settings": " ".join(f"{value:.3g}" for value in tuning.chosen.values()), "lost": tuning.warranty.lost.value,
        "rise": tuning.warranty.margin, "cliff": tuning.warranty.cliff, "holds": tuning.holds, "nested": nested, "held out": fresh,
        "agrees": bool(low <= 0 <= high), "inside": nested.low <= fresh.value <= nested.high,
        "inside held out": fresh.low <= nested.value <= fresh.high,
    }  # fmt: skip


def main() -> None:
    """Print a row of a Markdown table for each table, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keel", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--outer-folds", type=int, default=5)
    parser.add_argument("--starts", type=int, default=1000)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    settings = {name: _value(value) for name, _, value in (text.partition("=") for text in options.set)}
    sources = [
        s
        for s in (*bundled(), *(keel(options.keel) if options.keel else ()))
        if not options.only or s[0] in options.only
    ]
    print(
        "| table | rows | learning rate, L2 penalty | lost | rise at the edges | cliff | nested | held-out third | agree |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    rows = []
    for name, (X, T, kind) in sorted(sources, key=lambda source: source[1][0].size):
        begun = time.process_time()
        found = row(X, T, kind, settings, options.outer_folds, options.starts)
        rows.append(found)
        cliff = "none" if found["cliff"] is None else f"x {float(format(found['cliff'], '.2g')):g}"
        nested, held = (
            f"{100 * e.value:.1f} [{100 * e.low:.1f}, {100 * e.high:.1f}]" for e in (found["nested"], found["held out"])
        )
        print(
            f"| {name} | {len(X)} | {found['settings']} | {100 * found['lost']:.1f} % | {100 * found['rise']:.0f} % | {cliff} | {nested} | "
            f"{held} | {'yes' if found['agrees'] else 'no'} |  <!-- {time.process_time() - begun:.0f} s of processor time -->", flush=True,
        )  # fmt: skip
    print(
        f"\nAt most 1 % lost: {sum(r['lost'] <= 0.01 for r in rows)} of {len(rows)}; both limits kept: {sum(r['holds'] for r in rows)}."
    )
    for key, words in (("agrees", "Nested and held out agree"), ("inside held out", "Nested estimate within the interval of the held-out third"),
                       ("inside", "Score of the held-out third within the interval of the nested estimate")):  # fmt: skip
        print(f"{words}: {sum(r[key] for r in rows)} of {len(rows)}.")


if __name__ == "__main__":
    main()

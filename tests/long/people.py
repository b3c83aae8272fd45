"""Gradient programs as people write them: what `fallline check` says of each program of a folder.

    python tests/long/people.py                                    # the programs of tests/layouts
    python tests/long/people.py FOLDER --only 'torch|jax' --cold
    python tests/long/people.py --write FOLDER                     # the programs of tests/layouts as files
    python tests/long/people.py --json > figures.json

FOLDER has an `index.json` (`tests/checked_programs.py` describes it). Exit status 1 if a right program was called wrong, a
wrong one right, or the command crashed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from checked_programs import ENDINGS, SECONDS, Outcome, Score, check_all, programs_in
from layouts import LAYOUTS
from layouts.layout import sampled, write

WIDTH = 150


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="folder of programs; those of tests/layouts unless given")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write the programs of tests/layouts and stop")
    parser.add_argument("--sample", action="store_true", help="of tests/layouts: 24 layouts, and a few faults")
    parser.add_argument("--only", default="", metavar="PATTERN", help="check the files whose name matches")
    parser.add_argument(
        "--cold", action="store_true", help="start Python anew for each, to measure a user's waiting time"
    )
    parser.add_argument("--time-limit", type=float, default=SECONDS, metavar="SECONDS", help="for each program")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--full", action="store_true", help="do not shorten the sentences; list the good ones too")
    chosen = parser.parse_args()
    layouts = sampled(LAYOUTS) if chosen.sample else LAYOUTS
    if chosen.write:
        write(layouts, chosen.write)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        if chosen.folder is None:
            write(layouts, Path(scratch))
        return _checked(chosen, (chosen.folder or Path(scratch)).resolve())


def _checked(chosen: argparse.Namespace, folder: Path) -> int:
    programs = [p for p in programs_in(folder) if re.search(chosen.only, p.file)]
    outcomes: list[Outcome] = []
    for outcome in check_all(programs, seconds=chosen.time_limit, cold=chosen.cold):
        outcomes.append(outcome)
        if sys.stderr.isatty():
            print(f"\r{len(outcomes)} of {len(programs)}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    score = Score.of(outcomes)
    if chosen.json:
        print(json.dumps(_figures(outcomes, score), indent=1))
    else:
        _print(outcomes, score, full=chosen.full)
    return 1 if any(o.intolerable for o in outcomes) else 0


def _figures(outcomes: list[Outcome], score: Score) -> dict[str, object]:
    return {
        "counts": {expect: dict(counts) for expect, counts in score.counts.items()},
        "seconds": sum(o.seconds for o in outcomes),
        "programs": [
            {"file": o.program.file, "function": o.program.function, "expect": o.program.expect, "fault": o.program.fault,
             "ending": o.ending, "intolerable": o.intolerable, "sentence": o.sentence, "seconds": round(o.seconds, 3), "owner": o.program.owner}
            for o in outcomes
        ],
    }  # fmt: skip


def _print(outcomes: list[Outcome], score: Score, *, full: bool) -> None:
    seconds = sorted(o.seconds for o in outcomes) or [0.0]
    print(score.table())
    print(f"{sum(seconds):.0f} s in all, median {seconds[len(seconds) // 2]:.2f} s, longest {seconds[-1]:.2f} s")
    good = {"right": "taken", "wrong": "named", "unchecked": "unchecked"}
    for expect, endings in ENDINGS.items():
        for ending in endings:
            listed = [o for o in outcomes if o.program.expect == expect and o.ending == ending]
            if not listed or (ending == good[expect] and not full):
                continue
            print(f"\n{expect}, {ending}")
            for o in listed:
                fault = f" [{o.program.fault}]" if o.program.fault else ""
                sentence = o.sentence if full or len(o.sentence) <= WIDTH else o.sentence[:WIDTH] + "..."
                print(f"  {o.program.file}:{o.program.function}{fault}\n      {sentence}")


if __name__ == "__main__":
    sys.exit(main())

"""False statements of diagnoses, counted over every fault of the catalogue, many pairs, and folders of programs.

    python tests/long/statements.py --networks 5 --pairs 500
    python tests/long/statements.py --networks 0 --pairs 0 FOLDER ...

For mutants the truth is known, and each sentence is checked on draws that the check never saw. For the programs of a folder
(with an `index.json`, see `tests/checked_programs.py`) it is not: there a statement counts as false if the same check with
other draws does not repeat it. Exit status 1 if there is any.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import mutants
from test_checks_statements import false_of_mutants

SEEDS = (0, 1, 2)
NUMBERS = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", help="folders of programs")
    parser.add_argument("--networks", type=int, default=5, help="random networks for each single fault")
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    false = 0
    for words, made in (
        ("singles", mutants.singles(chosen.networks, chosen.seed)),
        ("in every layer", mutants.everywhere(chosen.networks, chosen.seed + 1)),
        ("pairs", mutants.pairs(chosen.pairs, chosen.seed + 2)),
    ):
        start = time.perf_counter()
        lines = false_of_mutants(made)
        print(
            f"{words}: {len(lines)} false statements ({time.perf_counter() - start:.0f} s)",
            *lines,
            sep="\n    ",
            flush=True,
        )
        false += len(lines)
    for folder in chosen.folders:
        lines = [
            line
            for program in json.loads((folder / "index.json").read_text("utf-8"))
            for line in unsteady(folder, program)
        ]
        print(f"{folder}: {len(lines)} statements that other draws do not repeat", *lines, sep="\n    ", flush=True)
        false += len(lines)
    return int(false > 0)


def unsteady(folder: Path, program: dict[str, object]) -> list[str]:
    """The faults and findings that are not said with every seed, numbers that depend on the draws aside."""
    said = []
    for seed in SEEDS:
        command = [sys.executable, "-m", "fallline", "check", f"{folder / str(program['file'])}:{program['function']}"]
        for flag, value in dict(program["flags"]).items():  # type: ignore[call-overload]
            command += [f"--{flag.replace('_', '-')}", *([] if value is True else [str(value)])]
        out = subprocess.run(
            [*command, "--json", "--time-limit", "120", "--seed", str(seed)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        try:
            verdict = json.loads(out)
        except ValueError:
            return [f"{program['file']}: no verdict with seed {seed}"]
        said.append({NUMBERS.sub("#", s) for s in (verdict["status"], *verdict["faults"], *verdict["findings"])})
    everywhere = set.intersection(*said)
    return [f"{program['file']}: {sentence}" for sentence in sorted(set.union(*said) - everywhere)]


if __name__ == "__main__":
    sys.exit(main())

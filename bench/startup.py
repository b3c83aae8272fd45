"""How long a user waits: `import fallline`, `fallline --help`, a first map, the whole report. Each in fresh processes.

    python bench/startup.py [--repeat 10] [--report] [--json]

Targets: import under 0.25 s, help under 0.6 s, after the import a first map of 64 x 64 of an architecture that was
never compiled under 0.5 s, the report under 30 s on two cores. The minimum is what the machine can
do, the median what one meets; the first call of a series, which fills the disk's cache, is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

TARGETS = {"import": 0.25, "help": 0.6, "first map": 0.5, "report": 30.0}

FIRST_MAP = """
import fallline as fl, time
begin = time.perf_counter()
problem = fl.NetworkObjective(fl.Network.of("2-3-2-2"), fl.generate("moons", samples=150))
axes = {"x": "learning_rate=1e-5..1e-2:log", "y": "momentum=0..0.99"}
fl.map(problem, **axes, optimizer="momentum", size=64, steps=30, dtype="float32")
print(time.perf_counter() - begin)
"""


def seconds(command: list[str], repeat: int) -> list[float]:
    """Wall-clock seconds of each of `repeat` runs, after one that is not counted."""
    measured = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True)
        measured.append(time.perf_counter() - start)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return measured[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=10, help="runs of each; the report runs a third as often")
    parser.add_argument("--report", action="store_true", help="measure the whole report too")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args()
    python = sys.executable
    bare = statistics.median(seconds([python, "-c", "pass"], options.repeat))
    numpy = statistics.median(seconds([python, "-c", "import numpy"], options.repeat))
    results = {
        "import": seconds([python, "-c", "import fallline"], options.repeat),
        "help": seconds([python, "-m", "fallline", "--help"], options.repeat),
    }
    said = [subprocess.run([python, "-c", FIRST_MAP], capture_output=True, text=True, check=True) for _ in range(5)]
    results["first map"] = [float(done.stdout) for done in said]
    if options.report:
        with tempfile.TemporaryDirectory() as folder:
            runs = []
            for k in range(max(1, options.repeat // 3)):
                out = os.path.join(folder, str(k))
                # No warm-up: the first report is the one that a newcomer waits for.
                start = time.perf_counter()
                subprocess.run([python, "-m", "fallline", "report", "--out", out], check=True, capture_output=True)
                runs.append(time.perf_counter() - start)
        results["report"] = runs
    table = {
        name: {
            "min": round(min(times), 4), "median": round(statistics.median(times), 4), "runs": len(times),
            "target": TARGETS[name], "within": statistics.median(times) < TARGETS[name],
        }
        for name, times in results.items()
    }  # fmt: skip
    if options.json:
        print(
            json.dumps(
                {"python": sys.version.split()[0], "cores": os.cpu_count(), "bare": bare, "seconds": table}, indent=2
            )
        )
        return
    print(f"Python alone {bare:.3f} s, with NumPy {numpy:.3f} s; {os.cpu_count()} cores")
    for name, row in table.items():
        verdict = "within" if row["within"] else "OVER"
        print(
            f"{name:<9} min {row['min']:.3f} s, median {row['median']:.3f} s of {row['runs']}: {verdict} {row['target']} s"
        )


if __name__ == "__main__":
    main()

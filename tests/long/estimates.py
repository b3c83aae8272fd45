"""How good `--estimate` is: maps, zooms and tests of laws, estimated and then computed, each in a process of its own.

    python tests/long/estimates.py               # all of them
    python tests/long/estimates.py "seed study"  # some of them

Times are those of the processor, so that other work on the machine does not count. Memory is the peak of the process.
Fails if an estimate is off by more than 25 %.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TASKS = {
    "seed study": "map three-gaussians --x learning_rate=1e-4..2e-2:log --y momentum=0..0.99 --size 1024x1024 --dtype float32",
    "seeds": "map three-gaussians --x learning_rate=1e-4..2e-2:log --y seed=0..511 --size 512x512 --steps 60",
    "optimizers": "map three-gaussians --x learning_rate=1e-4..2e-2:log --y optimizer=momentum,adam,rmsprop,adagrad --size 4096x4 --steps 60",
    "Rosenbrock": "map rosenbrock --x start.x=-2..2 --y start.y=-1..3 --size 1536x1536 --steps 1000 --learning-rate 1e-3",
    "fractal, linear": "map fractal-linear --size 256x256",
    "fractal, tanh": "map fractal-tanh --size 80x80",
    "zoom, linear, along the boundary": "zoom fractal-linear --size 48x48 --depth 1e6 --frames 2",
    "zoom, Adam, to a centre": "zoom three-gaussians --x learning_rate=1e-3..10:log --y beta1=0..0.99 --optimizer adam --steps 200 "
    "--size 128x128 --depth 1e4 --frames 2 --center 0.1 0.5",
    "laws, three, with regions": "reproduce edge-of-stability catapult effective-rate --region 8",
    "laws, two, with pages": "reproduce catapult-relu momentum-rate --region 8 --out PAGES",
    "laws of fractals": "reproduce fractal-boundary",
    "law of muP": "reproduce mup",
}  # fmt: skip

_RUN = """
import resource, sys, time
from fallline.cli.app import main
begin = time.process_time()
status = main(sys.argv[1:])
print("took", time.process_time() - begin, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(status)
"""


def run(words: list[str]) -> str:
    """What a command prints, in a process of its own, and then the seconds and the bytes that it took."""
    done = subprocess.run([sys.executable, "-c", _RUN, *words], capture_output=True, text=True)
    if done.returncode > (words[0] == "reproduce"):  # a law may fail
        raise RuntimeError(done.stderr)
    return done.stdout


def measured(words: list[str], folder: Path) -> list[tuple[float, float]]:
    """What a command is estimated to take, and takes: seconds of the processor, bytes of memory, and of the files of maps."""
    command = words[0]
    out = folder / {"map": "it.fallmap", "zoom": "it"}.get(command, "pages")
    words = [str(out) if word == "PAGES" else word for word in words]
    if command != "reproduce":
        words += ["--out", str(out)]
    said = json.loads(run([*words, "--json", "--estimate"]).splitlines()[0])
    took = re.search(r"took (\S+) (\S+)", run([*words, "--json"]))
    assert took is not None
    pairs = [(said["processor_seconds"], float(took[1])), (said["memory"], float(took[2]))]
    if command != "reproduce":
        files = [out] if command == "map" else list(Path(f"{out}.keys").glob("key-*"))
        pairs.append((said["file"], sum(f.stat().st_size for f in files)))
    return pairs


def main() -> int:
    chosen = sys.argv[1:] or list(TASKS)
    worst = 0.0
    print("| | estimated s | took s | ratio | estimated MB | took MB | ratio | estimated file MB | was MB | ratio |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            pairs = measured(TASKS[name].split(), Path(folder))
        cells = [""] * 9
        for k, (estimated, took) in enumerate(pairs):
            unit = 2**20 if k else 1
            cells[3 * k : 3 * k + 3] = [f"{estimated / unit:.3g}", f"{took / unit:.3g}", f"{estimated / took:.2f}"]
        worst = max(worst, *(abs(a / b - 1) for a, b in pairs))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print(f"largest error: {worst:.0%}")
    return int(worst > 0.25)


if __name__ == "__main__":
    sys.exit(main())

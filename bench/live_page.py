"""How long a live page takes for a tile of the seed study, 64 x 64 runs of 30 steps, in one worker and on all cores; and how soon
it shows its first picture.

    python bench/live_page.py [--repeat 5] [--json]

Each row is one module in a headless Chromium: with relaxed SIMD, and without. "First" is the time of a page that has just been
opened, from the request to the last cell, and includes the start of its workers; "again" is the best of the later ones. Processor
time is that of all threads and processes of the browser, since other work on the machine does not change it much. The tile is also
trained by Python, on one thread and on all cores, between the rows; a ratio is a page's time by Python's on as many cores.

The first picture is that of a page of the same study that is opened from a disk, with a pinned run, in a window of 1440 x 900: from
the beginning of navigation to the drawn map. "Script" is the time that the page's own thread spent on it, which waits for no other
process.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from fallline.experiment.build import build_map, objective_of
from fallline.experiment.studies import study
from fallline.lab.resolved_state import ResolvedState
from fallline.live import map_page
from fallline.maps.cells import at_cells
from fallline.maps.map import compute_map
from fallline.runs.execution import Execution
from live_page import LivePage, state_of

TARGETS = {1: 1.0, 4: 0.35}
"""Seconds of an idle machine, by workers."""

FIRST = 0.5
"""Seconds of an idle machine until the first picture."""

_TIMED = """async request => {
    const start = performance.now();
    await window.trainer.train(request);
    return (performance.now() - start) / 1000;
}"""


def python(resolved: ResolvedState, threads: int, repeat: int) -> dict[str, float]:
    """Seconds of Python for the tile: the best by the clock, and of processor time."""
    j, i = np.divmod(np.arange(64 * 64), 64)
    took = []
    for _ in range(repeat + 1):
        clock, used = time.perf_counter(), time.process_time()
        at_cells(resolved.spec, i, j, Execution(threads=threads))
        took.append((time.perf_counter() - clock, time.process_time() - used))
    return {"again": min(clock for clock, _ in took[1:]), "processor": min(used for _, used in took[1:])}


def page(browser: Any, resolved: ResolvedState, relaxed: bool, workers: int, repeat: int) -> dict[str, Any]:
    """Seconds of a page for the tile."""
    live = LivePage(browser)
    chosen = live.open(resolved, relaxed=relaxed, cores=workers)
    request = {"x": resolved.spec.x.describe(), "y": resolved.spec.y.describe()}
    took = [_used(lambda: float(live.page.evaluate(_TIMED, request))) for _ in range(repeat + 1)]
    live.page.close()
    return {
        "module": chosen, "first": took[0][0], "again": min(clock for clock, _ in took[1:]),
        "processor": min(used for _, used in took[1:]),
    }  # fmt: skip


def first_picture(browser: Any, path: Path, repeat: int) -> dict[str, float]:
    """Seconds from opening a page to its first picture, and those that its thread worked: the best of some."""
    took = []
    for _ in range(repeat + 1):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        opened = context.new_page()
        told = context.new_cdp_session(opened)
        told.send("Performance.enable", {"timeDomain": "threadTicks"})
        opened.goto(path.as_uri())
        at = opened.wait_for_function("performance.getEntriesByName('lab: first picture')[0]?.startTime").json_value()
        values = {metric["name"]: metric["value"] for metric in told.send("Performance.getMetrics")["metrics"]}
        took.append((at / 1000, values["TaskDuration"]))
        context.close()
    return {"clock": min(clock for clock, _ in took), "script": min(script for _, script in took)}


def _written(folder: str) -> Path:
    """The page of the seed study."""
    described = study("three-gaussians")
    spec = build_map(described.maps[0].model_copy(update={"size": "64x64"}), objective_of(described))
    path = Path(folder) / "page.html"
    map_page(compute_map(spec), path, pins=[(0.006, 0.0)])
    return path


def _used(work: Callable[[], float]) -> tuple[float, float]:
    """What the work returns, and the processor time that all processes below this one took meanwhile."""
    before = _ticks()
    value = work()
    return value, (_ticks() - before) / os.sysconf("SC_CLK_TCK")


def _ticks() -> int:
    """Processor time of all processes below this one; 0 where the system does not tell."""
    parents, ticks = {}, {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        parents[int(entry.parent.name)] = int(fields[1])
        ticks[int(entry.parent.name)] = int(fields[11]) + int(fields[12])
    below = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    return sum(ticks[process] for process in below - {os.getpid()})


def table(results: dict[str, Any]) -> str:
    """The results as text."""
    lines = [f"Load of the machine {results['load']:.1f}, on {results['cores']} cores. Seconds:", ""]
    lines.append(f"{'':<28}{'first':>8}{'again':>8}{'processor':>11}{'by Python':>11}")
    for row in results["rows"]:
        first = f"{row['first']:8.2f}" if "first" in row else " " * 8
        ratio = f"{row['ratio']:10.1f}x" if "ratio" in row else ""
        over = "  over" if row["name"].startswith("relaxed") and row["again"] > row["wanted"] else ""
        lines.append(f"{row['name']:<28}{first}{row['again']:8.3f}{row['processor']:11.3f}{ratio}{over}")
    wanted = " and ".join(f"{seconds:g} s on {workers}" for workers, seconds in TARGETS.items())
    first, size = results["first_picture"], results["compressed"] / 1000
    lines += ["", f"First picture from a disk: {first['clock']:.2f} s by the clock, {first['script']:.2f} s of the page's thread;",
              f"wanted of an idle machine: {FIRST:g} s. The page has {size:.0f} kB compressed."]  # fmt: skip
    return "\n".join([*lines, "", f"Wanted of an idle machine, with relaxed SIMD: {wanted}."])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeat", type=int, default=5, help="times that each row is measured")
    options.add_argument("--json", action="store_true", help="for machines")
    chosen = options.parse_args()
    from playwright.sync_api import sync_playwright

    cores, resolved, rows = os.cpu_count() or 1, state_of(), []
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for workers in sorted({1, cores}):
            native = python(resolved, workers, chosen.repeat)
            rows.append({"name": f"Python, {workers} threads" if workers > 1 else "Python, one thread"} | native)
            for relaxed in (True, False):
                row = page(browser, resolved, relaxed, workers, chosen.repeat)
                name = f"{row['module']}, {workers} workers" if workers > 1 else f"{row['module']}, one worker"
                wanted = min((s for w, s in TARGETS.items() if w <= workers), default=1.0)
                rows.append({"name": name, "ratio": row["again"] / native["again"], "wanted": wanted} | row)
        with tempfile.TemporaryDirectory() as folder:
            written = _written(folder)
            compressed, first = len(gzip.compress(written.read_bytes())), first_picture(browser, written, chosen.repeat)
        browser.close()
    results = {
        "load": os.getloadavg()[0],
        "cores": cores,
        "rows": rows,
        "first_picture": first,
        "compressed": compressed,
    }
    print(json.dumps(results, indent=2) if chosen.json else table(results))


if __name__ == "__main__":
    main()

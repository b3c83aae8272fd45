"""How fast the page of the lab is: from each slider to its pictures, frames while playing, long tasks, opening of examples.

    python bench/lab_page.py [--changes 30] [--repeat 1] [--only sliders] [--instructions avx2] [--source OTHER/src] [--json]

Each change waits for the pictures of the one before. Times are those of the page's own clock (User Timing, PerformanceObserver,
animation frames): a tool that drives a browser copies WebSocket frames and would measure itself. "First" is the first picture of
the new state, of at least 32 x 32 runs; "full" has all 64 x 64. The processor time of server and page is told beside them, since
other work on the machine does not change it. With `--repeat`, the best median and the best 95th percentile are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from lab_browser import Browser, Server

TARGETS = {"first": (50, 80), "full": (120, 200)}
"""Milliseconds: median and 95th percentile, on two cores with AVX2."""

GOLDEN = 0.381966
"""Places of a slider: multiples of this share of its length, each far from the one before."""

RANDOM = {"start": None}


def _axes(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    return {"map": {"x": x, "y": y, "measure": "final_loss"}} | RANDOM


_SCALE = {"name": "initial_scale", "low": 0.1, "high": 3, "scale": "linear"}
_RATE = {"name": "learning_rate", "low": 1e-5, "high": 1e-2, "scale": "log"}
_MOMENTUM = {"name": "momentum", "low": 0, "high": 0.99, "scale": "linear"}

SLIDERS: list[tuple[str, str, dict[str, Any]]] = [
    ("learning rate", "settings.learning_rate range", _axes(_SCALE, _MOMENTUM)),
    ("momentum", "settings.momentum range", _axes(_SCALE, _RATE)),
    ("initial scale", "settings.initial_scale range", {}),
    ("seed", "seed range", RANDOM),
    ("steps", "steps range", {}),
    ("starts of each cell", "starts range", RANDOM),
    ("batch", "batch range", {}),
    ("samples", "data.samples range", {}),
    ("seed of the data", "data.seed range", {}),
    ("weight decay", "objective.l2 range", {}),
]
"""Name, control, and what the state differs in from the default one."""

TYPED: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("axis from ... to", "map.x high", {}, ["0.02", "0.011", "0.005", "0.03", "0.008", "0.012"]),
    ("units of a layer", "objective.units 0", RANDOM, ["4", "5", "6", "5", "4", "3", "2", "3"]),
]
"""The same for boxes, with the values that are typed in turn."""


def sliders(browser: Browser, changes: int, repeat: int, some: str) -> dict[str, Any]:
    """Milliseconds from a change to its pictures, for every slider."""
    rows = {}
    boxes = [(name, focus, state, typed * 9) for name, focus, state, typed in TYPED]
    ranges = [(name, focus, state, None) for name, focus, state in SLIDERS]
    for name, focus, state, typed in [*ranges, *boxes]:
        if some not in name:
            continue
        browser.show(state)
        if not browser.has(focus):
            print(f"the page has no control {focus}", file=sys.stderr)
            continue
        shares = [(k * GOLDEN) % 1 for k in range(1, repeat * changes + 1)]
        runs = []
        for k in range(repeat):
            # Other places each time, since the server keeps the tiles of the last ones. The values of boxes come again.
            values = shares[k * changes : (k + 1) * changes] if typed is None else typed[: max(4, changes // 3)]
            runs.append(browser.drag(focus, values, typed is None))
        rows[name] = {
            which: [round(min(run[which][k] for run in runs), 1) for k in (0, 1)] for which in ("first", "full")
        } | {key: round(min(run[key] for run in runs), 1) for key in ("server", "page", "task", "longest")}
    return rows


def frames(browser: Browser) -> dict[str, Any]:
    """Animation frames a second while the reader scrubs and while the map plays."""
    rows = {}
    for name, state in (("network", {}), ("longer run", {"steps": 200})):
        browser.show(state)
        browser.settle()
        rows[f"scrubbing, {name}"] = browser.scrub()
        rows[f"playing the map, {name}"] = browser.play()
    return rows


def examples(browser: Browser) -> dict[str, Any]:
    """Seconds in which each example opens from the menu: its first picture, and the whole one."""
    return {label: browser.example(k) for k, label in enumerate(browser.labels())}


def table(results: dict[str, Any]) -> str:
    """The results as text."""
    load = f"Load of the machine {results['load']:.1f}"
    lines = [f"{load}, on {results['cores']} cores; instructions {results['instructions']}"]
    opened = results["opened"]
    lines += [
        f"Server answers after {opened['server']:.2f} s, first picture {opened['picture']:.2f} s after the command",
        "",
    ]
    if rows := results.get("sliders"):
        lines.append(
            f"{'milliseconds':<22}{'first':>7}{'95 %':>7}{'full':>8}{'95 %':>7}{'server':>9}{'page':>7}{_TASKS}"
        )
        for name, row in rows.items():
            over = "" if all(row[w][k] <= TARGETS[w][k] for w in TARGETS for k in (0, 1)) else "  over"
            times = "".join(
                f"{value:{width}.0f}" for value, width in zip((*row["first"], *row["full"]), (7, 7, 8, 7), strict=True)
            )
            lines.append(f"{name:<22}{times}{row['server']:9.0f}{row['page']:7.0f}{_tasks(row)}{over}")
        lines += ["Wanted: first 50 and 80, full 120 and 200. Server and page: processor time a change.", ""]
    if rows := results.get("frames"):
        lines.append(f"{'frames a second':<34}{'mean':>7}{'late frames':>13}{_TASKS}")
        lines += [f"{name:<34}{row['rate']:7.1f}{row['late']:13.0%}{_tasks(row)}" for name, row in rows.items()]
        lines += ["Wanted: 60.", ""]
    if rows := results.get("examples"):
        lines.append(f"{'seconds':<46}{'first':>7}{'full':>7}{_TASKS}")
        lines += [f"{name[:45]:<46}{row['first']:7.2f}{row['full']:7.2f}{_tasks(row)}" for name, row in rows.items()]
        lines += ["Wanted: open in under 2 s.", ""]
    lines.append(
        "Longest task of the page: by its processor time, and by the clock if over 50 ms. Wanted: none over 50."
    )
    return "\n".join(lines)


_TASKS = f"{'task':>8}{'clock':>7}"


def _tasks(row: dict[str, Any]) -> str:
    return f"{row['task']:8.0f}{row['longest']:7.0f}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--changes", type=int, default=30, help="changes of each slider")
    options.add_argument("--repeat", type=int, default=1, help="times that each slider is measured")
    options.add_argument("--slider", default="", help="only sliders with this in their names")
    options.add_argument("--only", choices=["sliders", "frames", "examples"], help="one part of the measurement")
    options.add_argument("--instructions", default="native", help="instruction set, such as avx2")
    options.add_argument("--source", type=Path, help="the folder of another fallline to measure, such as an older one")
    options.add_argument("--json", action="store_true", help="for machines")
    chosen = options.parse_args()
    results: dict[str, Any] = {
        "load": os.getloadavg()[0], "cores": os.cpu_count(), "instructions": chosen.instructions,
    }  # fmt: skip
    with Server(chosen.instructions, chosen.source) as server, Browser(server) as browser:
        results["opened"] = browser.opened
        if chosen.only in (None, "examples"):
            results["examples"] = examples(browser)
        if chosen.only in (None, "sliders"):
            results["sliders"] = sliders(browser, chosen.changes, chosen.repeat, chosen.slider)
        if chosen.only in (None, "frames"):
            results["frames"] = frames(browser)
    print(json.dumps(results, indent=2) if chosen.json else table(results))


if __name__ == "__main__":
    main()

"""The box-counting dimensions of the trainability boundary, and the checks of them.

    python bench/fractal.py [--size 512] [--frames 7] [--starts 3] [--device cuda] [--only fractal-tanh,...] [--out FOLDER]

For each variant and start: windows that follow the boundary inwards (`fallline.maps.key_frames`), 500 steps, float64. The
first window, the whole plane, is left out of the dimension. Beside them: a quadratic through the same pipeline, the share of
the boundary's cells that change sides when the learning rate moves by one ulp, and float32 beside float64. Every line is
printed at once, and all results are kept in FOLDER/fractal.json as they come.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fallline.experiment.axes import Axis
from fallline.laws.fractal_dimension import null_spec
from fallline.maps.boundary import boundary, local_slopes
from fallline.maps.dimension import dimension
from fallline.maps.fractal import PRESETS, preset
from fallline.maps.key_frames import key_frames, trains
from fallline.maps.map import compute_map


def moved(axis: Axis) -> Axis:
    """The axis with every value one ulp higher."""
    return Axis.of(axis.name, np.nextafter(axis.values, np.inf))


def checks(m: Any, options: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Shares of the boundary's cells that change sides: by one ulp of the learning rate, and in float32."""
    inside = trains(m)
    edge = boundary(inside)
    if not edge.any():
        return
    if np.all(np.diff(np.nextafter(m.spec.x.values, np.inf)) > 0):
        other = compute_map(m.spec.over(moved(m.spec.x), m.spec.y), **options)
        yield "ulp", float((trains(other) != inside)[edge].mean())
    other = compute_map(replace(m.spec, dtype="float32"), **options)
    yield "float32", float((trains(other) != inside)[edge].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--frames", type=int, default=7, help="windows of each start, with the whole plane")
    parser.add_argument("--zoom", type=int, default=8)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no start after so many seconds")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", default="null," + ",".join(PRESETS))
    parser.add_argument("--out", type=Path, default=Path("fractal"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    options = {"device": given.device} if given.device != "cpu" else {}
    begin, kept = time.perf_counter(), []

    def say(**facts: Any) -> None:
        facts["seconds"] = round(time.perf_counter() - begin, 1)
        print("  ".join(f"{k} {v}" for k, v in facts.items() if k != "slopes"), flush=True)
        kept.append(facts)
        (given.out / "fractal.json").write_text(json.dumps(kept) + "\n")

    wanted = [name.strip() for name in given.only.split(",")]
    slopes: dict[str, list[list[Any]]] = {name: [] for name in wanted}
    for seed in range(given.starts):  # start by start, so that every variant has some when the time is over
        for name in wanted:
            if time.perf_counter() - begin > given.seconds or (name == "null" and seed):
                continue
            if name == "null":
                spec = null_spec(given.size)
            else:
                spec = preset(name).spec(seed, size=given.size, steps=given.steps)
            slopes[name].append([])
            for number, m in enumerate(key_frames(spec, given.frames, zoom=given.zoom, seed=seed, **options)):
                found = local_slopes(trains(m))
                if number:
                    slopes[name][-1].append(found)
                middle = float(np.median(found)) if found.size else float("nan")
                say(
                    variant=name, start=seed, frame=number, median=round(middle, 3),
                    slopes=[round(float(v), 4) for v in found], edge=int(boundary(trains(m)).sum()), sha256=m.sha256[:16],
                )  # fmt: skip
            if name != "null" and seed == 0:
                for check, share in checks(m, options):
                    say(variant=name, check=check, share=round(share, 4))
    for name in wanted:
        published = PRESETS[name].published if name in PRESETS else 1.0
        d = dimension(slopes[name])
        say(variant=name, published=published, dimension=str(d), windows=d.windows)


if __name__ == "__main__":
    main()

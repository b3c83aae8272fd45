"""`python -m fallline.bench`: prints tables, or JSON."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from fallline.bench.rounds import compare, sweep

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and print its table, or JSON; returns the exit status."""
    parser = argparse.ArgumentParser(prog="fallline bench", description="Our kernels beside installed peers.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and architectures")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--no-sweep", action="store_true", help="leave out the table of architectures")
    given = parser.parse_args(arguments)

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    found: dict[str, Any] = compare(quick=given.quick, say=say)
    if not given.no_sweep:
        found["sweep"] = sweep(quick=given.quick, say=say)
    print(json.dumps(found, indent=2) if given.json else table(found))
    return 0


def table(found: dict[str, Any]) -> str:
    """The results as text for people."""
    lines = []
    for name, result in found.items():
        if name == "sweep":
            continue
        lines.append(
            f"{name}: {result['microseconds_per_step']['fallline']:.3f} us a run and step, "
            f"{result['share_of_peak']:.0%} of the matrix product's {result['peak_gigaflops_a_core']:.0f} GFLOP/s a core "
            f"({result['share_unfolded']:.0%} with elementary functions unfolded), "
            f"compiled in {result['compile_seconds']:.2f} s"
        )
        for peer, ratio in result["ratios"].items():
            low, high = result["spread"][peer]
            lines.append(
                f"  {peer:14} {result['microseconds_per_step'][peer]:9.2f} us   {ratio:7.1f} times as long "
                f"[{low:.1f}, {high:.1f}]"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

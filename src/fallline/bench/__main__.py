"""`python -m fallline.bench`: prints tables, or JSON."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from fallline.bench.rounds import compare, sweep
from fallline.readings.machine.target import INSTRUCTION_SETS

__all__ = ["main"]

HELD = {
    "avx2": {
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    },
}
"""Environment variables that limit the libraries of the comparison to an instruction set."""


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and print its table, or JSON; returns the exit status."""
    parser = argparse.ArgumentParser(prog="fallline bench", description="Our kernels beside installed peers.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and architectures")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--no-sweep", action="store_true", help="leave out the table of architectures")
    parser.add_argument(
        "--instruction-set", choices=("native", *INSTRUCTION_SETS), default="native",
        help="of every contestant and of the matrix product that shares are taken of, where they can be held to it",
    )  # fmt: skip
    given = parser.parse_args(arguments)
    held = HELD.get(given.instruction_set, {})
    if any(os.environ.get(name) != value for name, value in held.items()):  # libraries read these when they are loaded
        words = [sys.executable, "-m", "fallline.bench", *(sys.argv[1:] if arguments is None else arguments)]
        return subprocess.run(words, env=os.environ | held, check=False).returncode  # noqa: S603  # our own words

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    options: dict[str, Any] = {"quick": given.quick, "instruction_set": given.instruction_set, "say": say}
    found: dict[str, Any] = compare(**options)
    if not given.no_sweep:
        found["sweep"] = sweep(**options)
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

"""The PTX of every optimizer with every activation and loss, float32 and float64, through the assembler of CUDA's toolkit.

    python tests/long/every_device_kernel.py [--chip sm_90]

Each is made for one thread a run and for a team. Printed are the registers of a thread and the bytes that it spills.
tests/test_ptx.py assembles some of them.
"""

import argparse
import itertools
import os
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES
from fallline.textbook.optimizers import OPTIMIZERS
from parity import small_problem
from ptxas import assemble, complaints, find_ptxas, plans, program, ptx_of


def kernels(case):
    """(faults, registers, spills) of the kernel of each plan."""
    (optimizer, activation, loss, bits), chip = case
    what = program(small_problem(activation, loss).network, optimizer)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for plan in plans(what, bits):
            ptx = ptx_of(what, plan, bits)
            try:
                registers, spills = assemble(find_ptxas(), ptx, folder, chip, plan.registers)
                found.append((complaints(ptx), registers, spills))
            except AssertionError as error:
                found.append(([str(error)], 0, 0))
    return case[0], found


def span(values):
    return f"{min(values)} to {max(values)}"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--chip", default="sm_90", help="the device that the assembler writes for")
    chip = parser.parse_args().chip
    if find_ptxas() is None:
        print("skipped: ptxas is not installed (pip install nvidia-cuda-nvcc-cu12)")
        return 0
    begin, count, faults = time.perf_counter(), 0, 0
    print(f"{'optimizer':<20} {'bits':>4} {'by':<7} {'kernels':>7}  {'registers':<12} bytes of spills", flush=True)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for optimizer, bits in itertools.product(OPTIMIZERS, (32, 64)):
            cases = [
                ((optimizer, activation, loss, bits), chip)
                for activation, loss in itertools.product(ACTIVATIONS, LOSSES)
            ]
            table = defaultdict(list)
            for case, found in pool.map(kernels, cases):
                for by, (wrong, registers, spills) in zip(("thread", "team"), found, strict=True):
                    table[by].append((registers, spills))
                    count, faults = count + 1, faults + len(wrong)
                    for sentence in wrong:
                        print(f"{case} by a {by}: {sentence}")
            for by, rows in table.items():
                registers, spills = zip(*rows, strict=True)
                print(
                    f"{optimizer:<20} {bits:>4} {by:<7} {len(rows):>7}  {span(registers):<12} {span(spills)}",
                    flush=True,
                )
    print(f"{count} kernels for {chip}, {faults} faults ({time.perf_counter() - begin:.0f} s)")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())

"""PTX read and assembled without a device, for tests."""

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

from fallline.experiment.method import method
from fallline.readings.machine.program import Samples
from fallline.readings.ptx import target
from fallline.readings.ptx.kernel import text_of
from fallline.readings.ptx.plan import DevicePlan
from fallline.runs.programs import Recipe, program_of
from fallline.textbook.optimizers import optimizer
from fallline.textbook.schedules import schedule

ARITHMETIC = re.compile(r"\b(add|sub|mul|mad|fma|div|rcp|sqrt|rsqrt|ex2|lg2|sin|cos|tanh|min|max)\.(\S*f(?:32|64))\b")
ROUNDED = re.compile(r"(add|sub|mul|fma|div|rcp|sqrt)\.rn\.f(32|64)")


def find_ptxas():
    """The assembler of CUDA's toolkit or of the package nvidia-cuda-nvcc-cu12, or None."""
    spec = importlib.util.find_spec("nvidia")
    for folder in spec.submodule_search_locations if spec else ():
        found = Path(folder, "cuda_nvcc", "bin", "ptxas")
        if found.exists():
            return str(found)
    return shutil.which("ptxas")


def program(what, name, decay="constant"):
    """The program of an optimizer and a schedule with all of their settings."""
    record, plan = optimizer(name), schedule(decay)
    return program_of(Recipe(what, record, plan, tuple(method(record, plan).values)))


def plans(what, bits):
    """The plan that is chosen for a program, and a team."""
    return [
        DevicePlan.best(what, bits),
        *([DevicePlan(together=4, team=8, block=64)] if isinstance(what.objective, Samples) else []),
    ]


def ptx_of(what, plan, bits, **options):
    text, _ = text_of(what, plan, bits, services=target.DEVICE, **options)
    return target.to_ptx(text, 90)


def complaints(ptx):
    """What in PTX could give other bits than the text: a list of sentences."""
    found = [
        f"{op}.{kind} is not rounded to nearest as IEEE 754 has it"
        for op, kind in ARITHMETIC.findall(ptx) if not ROUNDED.fullmatch(f"{op}.{kind}")
    ]  # fmt: skip
    return found + [f"there is {word}" for word in ("ftz", "approx", ".full.", ".sat.") if word in ptx]


def assemble(ptxas, ptx, folder, chip="sm_90", most=0):
    """(registers, bytes of spills) of assembled PTX, with `most` registers a thread at most unless 0."""
    source = Path(folder, "kernel.ptx")
    source.write_text(ptx)
    bound = ["--maxrregcount", str(most)] if most else []
    command = [ptxas, "-v", "--gpu-name", chip, *bound, "-o", str(Path(folder, "kernel.cubin")), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    registers = int(re.search(r"Used (\d+) registers", said)[1])
    spills = sum(int(n) for n in re.findall(r"(\d+) bytes spill", said))
    return registers, spills


def main():
    """Print a digest of each kernel's PTX, made with options of LLVM's own that hold for the whole process."""
    import llvmlite.binding as llvm

    from parity import small_problem

    for option in sys.argv[1:]:
        llvm.set_option("test", option)
    for activation, loss, name in (("gelu", "cross_entropy", "nesterov"), ("tanh", "squared_error", "adam")):
        what = program(small_problem(activation, loss).network, name)
        for bits in (32, 64):
            for plan in plans(what, bits):
                print(hashlib.sha256(ptx_of(what, plan, bits).encode()).hexdigest())


if __name__ == "__main__":
    main()

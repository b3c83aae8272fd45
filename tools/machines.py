#!/usr/bin/env python3
"""The known bits (tests/known_bits.py) on machines that this one is not: emulated by QEMU, program by program.

    python tools/machines.py                        all of them
    python tools/machines.py nehalem haswell        some of them

Nehalem has neither AVX nor an fma, Sandy Bridge has AVX alone, Haswell has AVX2, AArch64 has NEON. Needs Debian's packages
qemu-user-static and, for AArch64, mmdebstrap. What cannot be had is skipped in one line; a wrong hash is an error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
KNOWN = HERE / "tests" / "known_bits.py"
PACKAGES = ("numpy", "llvmlite", "lazy-loader", "packaging", "mpmath")
"""What the known bits need of what fallline needs."""

DEBIAN = {(3, 11): "bookworm", (3, 13): "trixie"}
"""Releases by their Python: with our own version, files compiled here serve there, and a start takes a third of the time."""

LIMIT = 420
"""Seconds that one machine may take."""


class SkippedError(Exception):
    """A machine that cannot be had here, with the reason."""


def x86(cpu: str) -> Callable[[], dict[str, str]]:
    def run() -> dict[str, str]:
        if platform.machine() not in ("x86_64", "AMD64"):
            raise SkippedError("this machine is no x86")
        qemu = program("qemu-x86_64-static")
        python = os.path.realpath(sys.executable)
        if not Path(python).read_bytes().startswith(b"\x7fELF"):
            raise SkippedError(f"{python} is no program that QEMU can load")
        path = os.pathsep.join([str(HERE / "src"), *(p for p in sys.path if p.endswith("-packages"))])
        return known_bits([qemu, python], PYTHONPATH=path, QEMU_CPU=cpu)

    return run


def aarch64() -> dict[str, str]:
    """A tree of Debian's with Python in it; wheels of the packages beside it. Nothing in the tree is started but Python."""
    qemu, mmdebstrap = program("qemu-aarch64-static"), program("mmdebstrap")
    version = sys.version_info[:2] if sys.version_info[:2] in DEBIAN else (3, 13)
    dotted = ".".join(map(str, version))
    with tempfile.TemporaryDirectory() as folder:
        tree, wheels = Path(folder) / "tree", Path(folder) / "wheels"
        have([
            mmdebstrap, "--quiet", "--variant=extract", "--arch=arm64", f"--include=python{dotted},libstdc++6",
            DEBIAN[version], str(tree),
        ])  # fmt: skip
        if not (tree / "lib").exists():  # packages that are only unpacked leave out this link
            (tree / "lib").symlink_to("usr/lib")
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        platforms = [f"--platform=manylinux{name}_aarch64" for name in ("2014", "_2_17", "_2_27", "_2_28")]
        have([
            *pip, "--target", str(wheels), *platforms, "--only-binary=:all:", f"--python-version={dotted}", "--no-deps",
            "-c", str(HERE / "constraints.txt"), *PACKAGES,
        ])  # fmt: skip
        if version == sys.version_info[:2]:
            library = tree / "usr" / "lib" / f"python{dotted}"
            compiled = [sys.executable, "-m", "compileall", "-q", "-x", "test|bad", str(library), str(wheels)]
            subprocess.run(compiled, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        python = [qemu, "-L", str(tree), str(tree / "usr" / "bin" / f"python{dotted}")]
        return known_bits(python, PYTHONPATH=os.pathsep.join([str(HERE / "src"), str(wheels)]))


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SkippedError(f"{name} is not installed")
    return found


def have(command: list[str]) -> None:
    """Run a command that fetches something."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SkippedError(f"{Path(command[0]).name} failed: {last}")


def known_bits(python: list[str], **environment: str) -> dict[str, str]:
    """The hashes that a Python gives."""
    where = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | environment
    done = subprocess.run([*python, str(KNOWN)], capture_output=True, text=True, env=where, timeout=LIMIT, check=False)
    if done.returncode:
        raise RuntimeError(f"Python ended with status {done.returncode}:\n{done.stderr}")
    return dict(json.loads(done.stdout))


MACHINES: dict[str, Callable[[], dict[str, str]]] = {
    "nehalem": x86("Nehalem"), "sandybridge": x86("SandyBridge"), "haswell": x86("Haswell"), "aarch64": aarch64,
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("machines", nargs="*", metavar="MACHINE", help=f"{', '.join(MACHINES)}; all unless given")
    chosen = parser.parse_args().machines or list(MACHINES)
    if unknown := set(chosen) - set(MACHINES):
        parser.error(f"machine must be one of {', '.join(MACHINES)}; got {', '.join(sorted(unknown))}.")
    right = json.loads(KNOWN.with_suffix(".json").read_text(encoding="utf-8"))
    failed = False
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each waits for a program of its own
        for status, line in pool.map(lambda name: result(name, right), chosen):
            failed |= status == "FAILED"
            print(f"{status:<8} {line}", flush=True)
    return 1 if failed else 0


def result(name: str, right: dict[str, str]) -> tuple[str, str]:
    """What became of one machine, in a word and in a line."""
    start = time.perf_counter()
    try:
        hashes = MACHINES[name]()
    except SkippedError as reason:
        return "skipped", f"{name:<12} {reason}"
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return "FAILED", f"{name:<12} {error}"
    wrong = [key for key in right if hashes.get(key) != right[key]]
    says = f"{len(wrong)} of {len(right)} hashes differ: {', '.join(wrong)}" if wrong else f"{len(right)} hashes"
    return "FAILED" if wrong else "ok", f"{name:<12} {time.perf_counter() - start:5.0f} s  {says}"


if __name__ == "__main__":
    sys.exit(main())

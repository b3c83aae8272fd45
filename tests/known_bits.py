"""Fixed inputs and the hashes of their results, which every machine and every instruction set must give.

    python tests/known_bits.py                    print this machine's hashes, as JSON
    python tests/known_bits.py --set sse2         those of one of its other instruction sets
    python tests/known_bits.py --record           write them to known_bits.json: only with a new ARITHMETIC_VERSION

The inputs are made of whole numbers, so that no library has a part in them. Needs nothing but fallline and NumPy.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from elementwise import elementwise
from fallline.data import Dataset
from fallline.problems import NetworkObjective, objective
from fallline.readings.constants import INEXACT, constant
from fallline.readings.machine.elementary import ELEMENTARY
from fallline.readings.machine.layout import Plan
from fallline.readings.machine.target import vector_bytes
from fallline.textbook.network import Network
from side_by_side import train

RECORDED = Path(__file__).with_suffix(".json")
DTYPES = ("float32", "float64")
MEASURES = ("history", "parameters", "convergence", "outcome", "diverged_at")


def digest(*arrays: Any) -> str:
    """One hash; all NaN count as the same."""
    sha = hashlib.sha256()
    for values in arrays:
        clean = np.array(values)
        if clean.dtype.kind == "f":
            clean[np.isnan(clean)] = np.nan
        sha.update(clean.tobytes())
    return sha.hexdigest()[:16]


def scattered(count: int, step: int = 37, modulus: int = 101) -> Any:
    """Numbers between -1 and 1, all exact."""
    return (np.arange(count) * step % modulus - modulus // 2) / 64.0


def problem(sizes: str, activation: str, loss: str, rows: int = 23) -> NetworkObjective:
    network = Network.of(sizes, activation=activation, loss=loss, reduction="mean")
    inputs, outputs = network.sizes[0], network.sizes[-1]
    T = scattered(rows * outputs, 53).reshape(rows, outputs)
    if network.loss.targets != "values":
        T = np.eye(outputs)[np.arange(rows) * 7 % outputs]
    return NetworkObjective(network, Dataset(scattered(rows * inputs).reshape(rows, inputs), T, "scattered"))


def maps(instruction_set: str) -> Iterator[tuple[str, str]]:
    """Maps of 16 x 16 cells, from settings that converge to settings that diverge."""
    rate, momentum = (axis.ravel() for axis in np.meshgrid(2.0 ** np.arange(-10, 6), np.arange(16) / 16))
    subjects = {
        "tanh": (problem("2-2-2", "tanh", "cross_entropy"), "momentum", False),
        "relu, tiles": (problem("2-3-1", "relu", "squared_error"), "nesterov", True),
        "ackley": (objective("ackley"), "momentum", None),
    }
    for name, (subject, optimizer, tiled) in subjects.items():
        for dtype in DTYPES:
            lanes = vector_bytes(instruction_set) // np.dtype(dtype).itemsize
            got = train(
                subject, optimizer, steps=10, starts=scattered(subject.dimension, 29, 67), dtype=dtype, measures=MEASURES,
                settings={"learning_rate": rate, "momentum": momentum},
                plan=Plan(lanes, 1, bool(tiled), instruction_set),
            )  # fmt: skip
            yield f"map of {name}, {dtype}", digest(*(got[key] for key in MEASURES))


def patterns(dtype: str, count: int, seed: int) -> Any:
    """Numbers of every kind: patterns of bits, and ordinary numbers beside each other."""
    bits = 8 * np.dtype(dtype).itemsize
    kinds = np.uint32 if bits == 32 else np.uint64
    mixed = (np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15 + 2 * seed)) >> np.uint64(
        64 - bits
    )
    ordinary = scattered(count, 2 * seed + 37, 1009) * 2.0 ** (np.arange(count) % 12 - 6)
    return np.concatenate([mixed.astype(kinds).view(dtype), ordinary.astype(dtype)])


def functions(instruction_set: str) -> Iterator[tuple[str, str]]:
    for op in (*ELEMENTARY, "fma"):
        count = {"power": 2, "fma": 3}.get(op, 1)
        for dtype in DTYPES:
            operands = [patterns(dtype, 1500, seed) for seed in range(count)]
            with np.errstate(all="ignore"):
                if op == "fma":  # the last operand almost cancels the product
                    operands[2] = np.nextafter(-(operands[0] * operands[1]), operands[2])
                yield f"{op}, {dtype}", digest(elementwise(op, dtype, count, instruction_set)(*operands))


def constants() -> Iterator[tuple[str, str]]:
    x = scattered(200)
    for op in INEXACT:
        given = (np.abs(x), np.roll(x, 1)) if op == "power" else (np.abs(x),)
        yield f"constants, {op}", digest([constant(op, *map(float, numbers)) for numbers in zip(*given, strict=True)])


def hashes(instruction_set: str = "native") -> dict[str, str]:
    """Name of each computation to the hash of what this machine gives."""
    return {**dict(maps(instruction_set)), **dict(functions(instruction_set)), **dict(constants())}


def recorded() -> dict[str, str]:
    """The hashes that are right."""
    return dict(json.loads(RECORDED.read_text(encoding="utf-8")))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="native", metavar="NAME", help="instruction set")
    parser.add_argument("--record", action="store_true", help="write them to known_bits.json")
    chosen = parser.parse_args()
    text = json.dumps(hashes(chosen.set), indent=1) + "\n"
    if chosen.record:
        RECORDED.write_text(text, encoding="utf-8")
    else:
        print(text, end="")

"""A program as a WebAssembly module: the kernel of `machine.kernel` with vectors of 128 bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fallline.readings.machine.kernel import KernelWriter
from fallline.readings.machine.layout import Plan
from fallline.readings.machine.program import Program
from fallline.readings.wasm.binary import exporting
from fallline.readings.wasm.target import to_object
from fallline.readings.wasm.vectors import PlainVectors, RelaxedVectors

__all__ = ["WasmKernel", "build"]

REGISTER = 16
"""Bytes of a vector."""


@dataclass(frozen=True)
class WasmKernel:
    """A program's module: the function `run` takes the address of a table of 64-bit words (`machine.layout.Slot`).

    Addresses are places in the imported memory. They are as wide as the table's words, of which the lower half counts.

    Parameters
    ----------
    module
        The bytes of the module.
    settings
        The names of the settings that it reads, in the table's order.
    scratch
        Bytes of scratch memory that a call needs, at a multiple of 16.
    relaxed
        Whether it uses relaxed SIMD.
    """

    module: bytes
    plan: Plan
    settings: tuple[str, ...]
    scratch: int
    relaxed: bool


def build(
    program: Program, bits: int, rows: Sequence[int] = (1000,), *, batches: bool = False, relaxed: bool = True,
    any_batch: bool = False,
) -> WasmKernel:  # fmt: skip
    """Return the module of a program.

    Parameters
    ----------
    bits
        32 or 64.
    rows
        The number of all samples and, if steps use minibatches, the size of a batch.
    batches
        Whether a step uses a minibatch; otherwise it uses all samples.
    relaxed
        Whether the module may use relaxed SIMD; without it, a b + c with one rounding is composed of other instructions.
    any_batch
        Whether it serves batches of every size; otherwise only those of `rows`.
    """
    plan = Plan.for_register(program, bits, rows, REGISTER, several=1)
    vectors = RelaxedVectors(bits) if relaxed else PlainVectors(bits)
    writer = KernelWriter(program, plan, vectors, batches, remainder=any_batch or not plan.divides(rows))
    module = exporting(to_object(writer.write(), relaxed=relaxed), "run")
    return WasmKernel(module, plan, program.settings, writer.scratch, relaxed)

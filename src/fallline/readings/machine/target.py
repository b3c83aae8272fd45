"""Instruction sets: which of them this machine runs, and the writer of vectors for each.

A named set switches on the features of its row and no others, so its code is the same on every machine: `sse2` on a new
processor is the code that an old one gets. `native` is everything that this machine has, as LLVM reports it. LLVM also
knows whether the operating system saves the registers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from fallline.errors import UnknownNameError, UsageError
from fallline.readings.machine.vectors import Vectors
from fallline.readings.machine.vectors.exact_fma import ExactVectors

__all__ = ["INSTRUCTION_SETS", "Host", "InstructionSet", "machine", "this_host", "vector_bytes", "vectors"]


@dataclass(frozen=True)
class InstructionSet:
    """A row of the table.

    Parameters
    ----------
    architecture
        The first part of LLVM's triple.
    features
        Features that the processor must have, by LLVM's names.
    register
        Bytes of a vector register.
    fma
        Whether the set has an instruction that multiplies and adds with one rounding.
    """

    name: str
    architecture: str
    features: tuple[str, ...]
    register: int
    fma: bool


INSTRUCTION_SETS = {
    row.name: row
    for row in (
        InstructionSet("avx512", "x86_64", ("avx512f", "avx2", "fma"), 64, fma=True),
        InstructionSet("avx2", "x86_64", ("avx2", "fma"), 32, fma=True),
        InstructionSet("avx", "x86_64", ("avx",), 32, fma=False),
        InstructionSet("sse2", "x86_64", ("sse2",), 16, fma=False),
        InstructionSet("neon", "aarch64", (), 16, fma=True),
    )
}
"""The named sets, the best of each architecture first. Every AArch64 processor that runs Python has NEON."""


@dataclass(frozen=True)
class Host:
    """A machine as LLVM reports it: architecture, processor, each feature and whether it may be used."""

    architecture: str
    cpu: str
    flags: tuple[tuple[str, bool], ...]

    @property
    def features(self) -> frozenset[str]:
        return frozenset(name for name, on in self.flags if on)

    @property
    def sets(self) -> tuple[str, ...]:
        """The named sets that the machine runs, the best first."""
        return tuple(
            name
            for name, row in INSTRUCTION_SETS.items()
            if row.architecture == self.architecture and self.features.issuperset(row.features)
        )

    @property
    def native(self) -> InstructionSet:
        """All features of the machine. One outside the table gets vectors of 16 bytes, which LLVM splits if necessary."""
        best = INSTRUCTION_SETS[self.sets[0]] if self.sets else None
        # some AMD processors have an fma without AVX2; others outside the table have one, or LLVM calls the library's
        fma = best is None or best.fma or not self.features.isdisjoint(("fma", "fma4"))
        register = best.register if best else 16
        return InstructionSet("native", self.architecture, tuple(sorted(self.features)), register, fma)

    def find(self, name: str) -> InstructionSet:
        """Return the set of this name, or raise an error that says what the machine lacks."""
        if name == "native":
            return self.native
        if name not in INSTRUCTION_SETS:
            raise UnknownNameError("instruction set", name, ["native", *INSTRUCTION_SETS])
        if name not in self.sets:
            row = INSTRUCTION_SETS[name]
            missing = sorted(set(row.features) - self.features)
            lacks = f"has no {' and no '.join(missing)}" if row.architecture == self.architecture else "is another"
            raise UsageError(
                f"instruction set {name} needs {row.architecture} with {', '.join(row.features) or 'nothing more'}; "
                f"this machine ({self.architecture}, {self.cpu}) {lacks}. It runs {', '.join(('native', *self.sets))}."
            )
        return INSTRUCTION_SETS[name]


@cache
def this_host() -> Host:
    """This machine."""
    import llvmlite.binding as llvm

    architecture = llvm.get_process_triple().split("-")[0]
    try:
        features = llvm.get_host_cpu_features()
    except RuntimeError:  # some systems do not report them; then no named set is offered
        features = {}
    return Host(
        {"arm64": "aarch64", "amd64": "x86_64"}.get(architecture, architecture),
        llvm.get_host_cpu_name(),
        tuple(sorted(features.items())),
    )


@cache
def vector_bytes(instruction_set: str = "native") -> int:
    """Return the bytes of a vector register of this set."""
    return this_host().find(instruction_set).register


def vectors(bits: int, width: int, instruction_set: str = "native") -> Vectors:
    """Return a writer of code for this set, with `width` lanes of float32 or float64."""
    row = this_host().find(instruction_set)
    if not row.fma:
        return ExactVectors(bits, width)
    return Vectors(bits, width, avx512=row.register == 64)


def machine(instruction_set: str = "native") -> Any:
    """Return a new LLVM target machine for this set. An engine takes it over, so each engine needs its own."""
    import llvmlite.binding as llvm

    host = this_host()
    row = host.find(instruction_set)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    if row.name == "native":
        flags = [("+" if on else "-") + name for name, on in host.flags]
        cpu = host.cpu
    else:
        flags = ["+" + name for name in row.features]
        cpu = "x86-64" if row.architecture == "x86_64" else "generic"
    if row.register == 64:
        flags.append("-prefer-256-bit")
    return llvm.Target.from_default_triple().create_target_machine(cpu=cpu, features=",".join(flags), opt=2, jit=True)

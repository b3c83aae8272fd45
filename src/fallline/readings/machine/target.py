"""From LLVM's text to machine code in memory, for this machine or for a lesser instruction set.

Only code generation runs, no optimization passes: the text is already what we want, and passes cost more time than
they save. Compiled functions are kept for the life of the process, keyed by their text.
"""

from __future__ import annotations

import ctypes
import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from fallline.errors import UnknownNameError
from fallline.readings.machine.vectors import Vectors

__all__ = ["INSTRUCTION_SETS", "Compiled", "assemble", "compile_text", "native_set", "vector_bytes"]

INSTRUCTION_SETS: dict[str, tuple[str, int]] = {
    "native": ("", 0),
    "avx512": ("", 64),
    "avx2": ("avx512", 32),
    "sse2": ("avx512,avx2,avx,fma,sse4.1,sse4.2,ssse3,sse3", 16),
}
"""Name to (features switched off, bytes of a vector register; 0: found out)."""

compiling = threading.Lock()
"""LLVM's global tables are not made for two compilers at once."""

_compiled: dict[str, Compiled] = {}


@dataclass(frozen=True)
class Compiled:
    """A function in machine code that takes one pointer; calling it releases the interpreter's lock."""

    call: Callable[[int], None]
    seconds: float
    engine: Any


@cache
def _machine(instruction_set: str) -> tuple[Any, Any]:
    import llvmlite.binding as llvm

    if instruction_set not in INSTRUCTION_SETS:
        raise UnknownNameError("instruction set", instruction_set, INSTRUCTION_SETS)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = dict(llvm.get_host_cpu_features())
    off = [f for f in INSTRUCTION_SETS[instruction_set][0].split(",") if f]
    for name in features:
        if any(name == f or (f == "avx512" and name.startswith("avx512")) for f in off):
            features[name] = False
    flags = ",".join(("+" if on else "-") + name for name, on in sorted(features.items()))
    if features.get("avx512f"):
        flags += ",-prefer-256-bit"
    cpu = llvm.get_host_cpu_name() if not off else "x86-64"
    target = llvm.Target.from_default_triple().create_target_machine(cpu=cpu, features=flags, opt=2, jit=True)
    return target, features


@cache
def vector_bytes(instruction_set: str = "native") -> int:
    """Bytes of the widest vector register worth using."""
    known = INSTRUCTION_SETS.get(instruction_set, ("", 0))[1]
    if known:
        return known
    features = _machine(instruction_set)[1]
    return 64 if features.get("avx512f") else 32 if features.get("avx2") else 16


def native_set() -> str:
    """The name of this machine's own instruction set."""
    return {64: "avx512", 32: "avx2"}.get(vector_bytes("native"), "sse2")


def assemble(v: Vectors, name: str = "run") -> str:
    """A module with one function `name(ptr %args)` whose body has been written."""
    declarations = "\n".join(sorted(v.declared))
    return f'{declarations}\ndefine void @{name}(ptr noalias %args) "stackrealign" {{\nentry:\n{v.text()}\n  ret void\n}}\n'


def compile_text(text: str, instruction_set: str = "native", name: str = "run") -> Compiled:
    """Machine code for the text; the same text is compiled once in a process."""
    key = hashlib.sha256(f"{instruction_set}\n{text}".encode()).hexdigest()
    with compiling:
        if key not in _compiled:
            _compiled[key] = _compile(text, instruction_set, name)
        return _compiled[key]


def _compile(text: str, instruction_set: str, name: str) -> Compiled:
    import llvmlite.binding as llvm

    start = time.perf_counter()
    target = _machine(instruction_set)[0]
    module = llvm.parse_assembly(text)
    module.triple = llvm.get_default_triple()
    module.data_layout = str(target.target_data)
    engine = llvm.create_mcjit_compiler(module, target)
    engine.finalize_object()
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(engine.get_function_address(name))
    return Compiled(call, time.perf_counter() - start, engine)

"""Machine code in memory, compiled from LLVM's text. It is freed with the last object that refers to it.

Only code generation runs. Optimization passes would cost more time than they save, because the text is already written
as it should run.
"""

from __future__ import annotations

import ctypes
import hashlib
import threading
import time
from typing import Any
from weakref import WeakValueDictionary

from fallline.readings.machine.target import machine
from fallline.readings.machine.vectors import Vectors

__all__ = ["Compiled", "assemble", "compile_text", "compiling"]


class Compiled:
    """A function in machine code that takes one pointer.

    The code lives as long as this object. A caller holds the object during a call, so no thread loses the code that it runs.

    Attributes
    ----------
    seconds
        Time that compiling took.
    bytes
        Size of the object file that the code was loaded from.
    """

    def __init__(self, text: str, instruction_set: str = "native", name: str = "run") -> None:
        start = time.perf_counter()
        self._engine, self.bytes = _load(text, instruction_set)
        self._function = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._engine.get_function_address(name))
        self.seconds = time.perf_counter() - start

    def call(self, table: int) -> None:
        """Run the code. Other threads may run Python during the call."""
        self._function(table)


compiling = threading.Lock()
"""Held while LLVM compiles: its global tables do not allow two compilations at the same time."""
_living: WeakValueDictionary[str, Compiled] = WeakValueDictionary()


def assemble(v: Vectors, name: str = "run") -> str:
    """Return a module with one function `name(ptr %args)` and the body that `v` has written."""
    declarations = "\n".join(sorted(v.declared))
    return f'{declarations}\ndefine void @{name}(ptr noalias %args) "stackrealign" {{\nentry:\n{v.text()}\n  ret void\n}}\n'


def compile_text(text: str, instruction_set: str = "native", name: str = "run") -> Compiled:
    """Compile the text, or return its code if it is still in memory."""
    key = hashlib.sha256(f"{instruction_set}\n{name}\n{text}".encode()).hexdigest()
    with compiling:
        compiled = _living.get(key)
        if compiled is None:
            compiled = _living[key] = Compiled(text, instruction_set, name)
        return compiled


def _load(text: str, instruction_set: str) -> tuple[Any, int]:
    """Return an engine that holds the code of the text, and the size of its object file in bytes."""
    import llvmlite.binding as llvm

    # An engine owns its target machine and frees it with itself, so each engine has one of its own.
    target_machine = machine(instruction_set)
    module = llvm.parse_assembly(text)
    module.triple = llvm.get_default_triple()
    module.data_layout = str(target_machine.target_data)
    engine = llvm.create_mcjit_compiler(module, target_machine)
    sizes: list[int] = []
    engine.set_object_cache(lambda _, code: sizes.append(len(code)))
    engine.finalize_object()
    engine.remove_module(module)  # the code no longer needs its text, which takes ten times as much memory
    module.close()
    return engine, sum(sizes)

"""From LLVM's text to machine code in memory, freed when nobody holds it any more.

Only code generation runs, no optimization passes: the text is already what we want, and passes cost more time than
they save.
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

    The code lives as long as this object: a caller holds it during the call, so no thread loses the code that it runs.

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
        """Run the code; other threads may run Python meanwhile."""
        self._function(table)


compiling = threading.Lock()
"""LLVM's global tables are not made for two compilers at once."""
_living: WeakValueDictionary[str, Compiled] = WeakValueDictionary()


def assemble(v: Vectors, name: str = "run") -> str:
    """A module with one function `name(ptr %args)` whose body has been written."""
    declarations = "\n".join(sorted(v.declared))
    return f'{declarations}\ndefine void @{name}(ptr noalias %args) "stackrealign" {{\nentry:\n{v.text()}\n  ret void\n}}\n'


def compile_text(text: str, instruction_set: str = "native", name: str = "run") -> Compiled:
    """Machine code for the text. While somebody holds the code of a text, that text is not compiled again."""
    key = hashlib.sha256(f"{instruction_set}\n{name}\n{text}".encode()).hexdigest()
    with compiling:
        compiled = _living.get(key)
        if compiled is None:
            compiled = _living[key] = Compiled(text, instruction_set, name)
        return compiled


def _load(text: str, instruction_set: str) -> tuple[Any, int]:
    """An engine that holds the code of the text, and the bytes of the object file that it was loaded from."""
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
    engine.remove_module(module)  # the code needs its text no longer: ten times as much memory as itself
    module.close()
    return engine, sum(sizes)

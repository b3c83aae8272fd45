"""From LLVM's text to an object file for WebAssembly."""

from __future__ import annotations

from typing import Any

from fallline.readings.machine.compiled import compiling

__all__ = ["to_object"]

TRIPLE = "wasm32-unknown-unknown"
FEATURES = "+simd128,+bulk-memory,+sign-ext,+nontrapping-fptoint"


def to_object(text: str, *, relaxed: bool) -> bytes:
    """Return the object of a module, with or without the instructions of relaxed SIMD."""
    import llvmlite.binding as llvm

    with compiling:
        of = _machine(relaxed)
        module = llvm.parse_assembly(text)
        module.triple = TRIPLE
        module.data_layout = str(of.target_data)
        return bytes(of.emit_object(module))


def _machine(relaxed: bool) -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    features = f"{FEATURES},+relaxed-simd" if relaxed else FEATURES
    return llvm.Target.from_triple(TRIPLE).create_target_machine(features=features, opt=2)

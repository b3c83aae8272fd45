"""From LLVM's text to PTX, the assembly language of CUDA devices; the device's driver turns it into machine code."""

from __future__ import annotations

from functools import cache
from typing import Any

from fallline.readings.machine.compiled import compiling

__all__ = ["DEVICE", "machine", "optimised", "to_ptx"]

DEVICE = """
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare void @llvm.nvvm.bar.warp.sync(i32) convergent
declare i1 @llvm.nvvm.vote.all.sync(i32, i1) convergent
@memory = external addrspace(3) global [0 x i8], align 16
define internal i64 @thread_in_block() alwaysinline {
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %wide = zext i32 %thread to i64
  ret i64 %wide
}
define internal i64 @thread_index() alwaysinline {
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %size = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %before = mul i32 %size, %block
  %index = add i32 %before, %thread
  %wide = zext i32 %index to i64
  ret i64 %wide
}
define internal ptr @shared_memory() alwaysinline {
  ret ptr addrspacecast (ptr addrspace(3) @memory to ptr)
}
define internal void @meet() alwaysinline convergent {
  call void @llvm.nvvm.bar.warp.sync(i32 -1)
  ret void
}
define internal i1 @all_agree(i1 %mine) alwaysinline convergent {
  %all = call i1 @llvm.nvvm.vote.all.sync(i32 -1, i1 %mine)
  ret i1 %all
}
"""
"""The functions through which a thread finds its place, the memory of its block, and the other threads of its warp."""

CAPABILITIES = {70: 63, 75: 63, 80: 70, 86: 71, 89: 78, 90: 78}
"""The version of PTX for each compute capability: one that knows it and has every instruction that is used here."""


@cache
def machine(capability: int) -> Any:
    """Return LLVM's target machine for this compute capability, or for the newest known one before it."""
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    known = max((c for c in CAPABILITIES if c <= capability), default=min(CAPABILITIES))
    target = llvm.Target.from_triple("nvptx64-nvidia-cuda")
    return target.create_target_machine(cpu=f"sm_{known}", features=f"+ptx{CAPABILITIES[known]}", opt=3)


def optimised(text: str, of: Any) -> Any:
    """Return the module after LLVM's passes. They keep the written IEEE 754 arithmetic, because no flag allows otherwise."""
    import llvmlite.binding as llvm

    module = llvm.parse_assembly(text)
    module.triple = of.triple
    module.data_layout = str(of.target_data)
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.slp_vectorization = False
    builder = llvm.create_pass_builder(of, tuning)
    builder.getModulePassManager().run(module, builder)
    return module


def to_ptx(text: str, capability: int) -> str:
    """Return the PTX of a module."""
    with compiling:
        of = machine(capability)
        return str(of.emit_assembly(optimised(text, of)))

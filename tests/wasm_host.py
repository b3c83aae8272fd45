"""A stand-in for a browser that runs WebAssembly modules with `wasmtime`: for tests."""

import numpy as np
import wasmtime

from fallline.readings.machine.layout import Slot
from fallline.readings.wasm import kernel as wasm
from fallline.readings.wasm.binary import exporting
from fallline.readings.wasm.target import to_object
from fallline.runs import lanes
from fallline.runs.programs import program_of

PAGE = 65536
STACK = 4 * PAGE
"""The first bytes of the memory. The stack grows downwards from there."""

_config = wasmtime.Config()
_config.wasm_relaxed_simd = True
ENGINE = wasmtime.Engine(_config)


class Instance:
    """A module with memory of `size` bytes behind its stack."""

    def __init__(self, module, size):
        self.store = wasmtime.Store(ENGINE)
        pages = wasmtime.Limits(-(-(STACK + size) // PAGE), None)
        self.memory = wasmtime.Memory(self.store, wasmtime.MemoryType(pages))
        pointer = wasmtime.GlobalType(wasmtime.ValType.i32(), mutable=True)
        given = {
            "__linear_memory": self.memory,
            "__stack_pointer": wasmtime.Global(self.store, pointer, wasmtime.Val.i32(STACK)),
        }
        compiled = wasmtime.Module(ENGINE, module)
        instance = wasmtime.Instance(self.store, compiled, [given[i.name] for i in compiled.imports])
        self.run, self.end = instance.exports(self.store)["run"], STACK

    def room(self, size):
        """The place of that many bytes."""
        place, self.end = self.end, self.end + size + -size % 256
        return place

    def write(self, array):
        place = self.room(array.nbytes)
        self.memory.write(self.store, array.tobytes(), place)
        return place

    def read(self, place, like):
        """Fill an array with the bytes at a place."""
        found = self.memory.read(self.store, place, place + like.nbytes)
        like[...] = np.frombuffer(found, like.dtype).reshape(like.shape)

    def call(self, table):
        self.run(self.store, self.write(np.asarray(table, np.int64)))


def run(kernel, arguments, *_):
    """Fill the outputs of a kernel's arguments, as `pieces.run` does."""
    arrays, scratch = arguments.inputs | arguments.outputs, kernel.scratch + arguments.batch_bytes
    instance = Instance(kernel.module, sum(a.nbytes + 256 for a in arrays.values()) + scratch + PAGE)
    table = arguments.table.copy()
    for slot, array in arrays.items():
        table[slot] = instance.write(array)
    table[Slot.SCRATCH], table[Slot.FIRST], table[Slot.END] = instance.room(scratch), 0, arguments.cells
    instance.call(table)
    for slot, array in arguments.outputs.items():
        instance.read(int(table[slot]), array)


def install(monkeypatch, relaxed=True):
    """Let `train` run kernels as WebAssembly modules."""

    def kernel_of(recipe, plan, bits, *, batches, samples, steps):
        return wasm.build(program_of(recipe), bits, samples or (1000,), batches=batches, relaxed=relaxed)

    monkeypatch.setattr(lanes, "kernel_of", kernel_of)
    monkeypatch.setattr(lanes, "run", run)


def elementwise(text, relaxed, *operands):
    """The results of a text of `elementwise.text_of` for those operands, whose length is a multiple of a vector's."""
    operands = [np.ascontiguousarray(x) for x in operands]
    instance = Instance(
        exporting(to_object(text, relaxed=relaxed), "run"), sum(x.nbytes + 256 for x in operands) * 2 + PAGE
    )
    out = np.empty_like(operands[0])
    places = [*map(instance.write, operands), instance.room(out.nbytes)]
    instance.call([*places, out.nbytes // 16])
    instance.read(places[-1], out)
    return out

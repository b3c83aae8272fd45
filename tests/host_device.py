"""A stand-in for a CUDA device that runs a device's kernels on this processor: for tests.

Threads of one member run one after the other; those of larger teams run as threads of this process that meet at barriers,
a block after the other.
"""

import ctypes
import threading
from contextlib import contextmanager

import numpy as np

from fallline.devices.cuda import Function
from fallline.errors import DeviceMemoryError
from fallline.readings.machine.compiled import compile_text
from fallline.readings.machine.target import machine as host_machine
from fallline.readings.ptx import kernel as ptx
from fallline.readings.ptx.kernel import DeviceKernel, text_of
from fallline.readings.ptx.plan import WARP
from fallline.readings.ptx.target import optimised
from fallline.runs import devices


class Place(threading.local):
    """Where the thread that asks stands."""

    index, in_block, barrier, votes, shared = 0, 0, None, None, 0


here = Place()


def meet():
    if here.barrier is not None:
        here.barrier.wait(30)


def all_agree(mine):
    here.votes[here.in_block % WARP] = mine
    here.barrier.wait(30)
    answer = all(here.votes)
    here.barrier.wait(30)
    return answer


CALLBACKS = {
    "i64 @thread_index()": ctypes.CFUNCTYPE(ctypes.c_int64)(lambda: here.index),
    "i64 @thread_in_block()": ctypes.CFUNCTYPE(ctypes.c_int64)(lambda: here.in_block),
    "ptr @shared_memory()": ctypes.CFUNCTYPE(ctypes.c_int64)(lambda: here.shared),
    "void @meet()": ctypes.CFUNCTYPE(None)(meet),
    "i1 @all_agree(i1 %mine)": ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_bool)(all_agree),
}


def services():
    """The functions that a kernel asks, as calls back into this module."""
    parts = []
    for head, function in CALLBACKS.items():
        kind, argument = head.split()[0], head[head.index("(") :]
        address = ctypes.cast(function, ctypes.c_void_p).value
        call = f"call {kind} inttoptr (i64 {address} to ptr){argument}"
        body = call if kind == "void" else f"%answer = {call}"
        parts.append(f"define internal {head} {{\n  {body}\n  ret {kind}{'' if kind == 'void' else ' %answer'}\n}}")
    return "\n".join(parts)


class HostDevice:
    """Answers as `devices.cuda.Cuda` does; its "PTX" is text for this processor."""

    name, capability, processors, driver = "stand-in", 90, 2, 0

    def __init__(self, wrong=0.0, passes=False, free=1 << 40, shared_memory=1 << 20):
        self.wrong, self.passes, self.functions, self.launches = wrong, passes, {}, []
        self.free, self.shared_memory = free, shared_memory

    def load(self, text, name, block, shared=0, registers=0):
        handle = hash((text, block, registers))
        if self.passes:
            text = str(optimised(text, host_machine("native")))
        self.functions[handle] = compile_text(text, name=name)
        return Function(handle, 32, 0, shared, block, 128)

    @contextmanager
    def memory(self):
        yield HostMemory(self.wrong, self.free)

    def launch(self, function, threads, table):
        self.launches.append(threads)
        call, address = self.functions[function.handle].call, table.ctypes.data
        for first in range(0, threads, function.block):
            if function.shared_bytes:
                self._block(function, first, call, address)
            else:
                for here.index in range(first, first + function.block):
                    call(address)

    def _block(self, function, first, call, address):
        memory = np.zeros(function.shared_bytes + 16, np.uint8)
        shared = memory.ctypes.data + -memory.ctypes.data % 16
        warps = [(threading.Barrier(WARP), [False] * WARP) for _ in range(function.block // WARP)]

        def run(i):
            here.index, here.in_block, here.shared = first + i, i, shared
            here.barrier, here.votes = warps[i // WARP]
            call(address)

        members = [threading.Thread(target=run, args=(i,)) for i in range(function.block)]
        for member in members:
            member.start()
        for member in members:
            member.join()


class HostMemory:
    def __init__(self, wrong, free):
        self.wrong, self.free, self.held = wrong, free, {}

    def room(self, size):
        self.free -= size
        if self.free < 0:
            raise DeviceMemoryError("the device stand-in has no memory left for this.")
        piece = np.zeros(size + 16, np.uint8)
        address = piece.ctypes.data + -piece.ctypes.data % 16
        self.held[address] = piece
        return address

    def upload(self, array):
        address = self.room(array.nbytes)
        ctypes.memmove(address, array.ctypes.data, array.nbytes)
        return address

    def download(self, address, array):
        ctypes.memmove(array.ctypes.data, address, array.nbytes)
        if self.wrong:
            array += self.wrong


def install(monkeypatch, **options):
    """Let `device="cuda"` mean the stand-in, which knows no kernel yet."""
    devices.kernel_of.cache_clear()
    devices._proven.clear()
    device = HostDevice(**options)

    def build(program, plan, bits, *, batches=False, capability=90):
        text, shared = text_of(program, plan, bits, batches=batches, services=services(), kind="")
        return DeviceKernel(text, plan, shared)

    monkeypatch.setattr(ptx, "build", build)
    monkeypatch.setattr(devices, "cuda", lambda: device)
    devices._seconds.clear()
    return device

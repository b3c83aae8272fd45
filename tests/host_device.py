"""A stand-in for a CUDA device that runs a device's kernels on this processor, thread after thread: for tests."""

import ctypes
from contextlib import contextmanager

import numpy as np

from fallline.devices.cuda import Function
from fallline.readings.machine.layout import Slot
from fallline.readings.machine.target import compile_text
from fallline.readings.ptx import kernel as ptx
from fallline.readings.ptx.kernel import DeviceKernel, host_text
from fallline.runs import devices


class HostDevice:
    """Answers as `devices.cuda.Cuda` does; "PTX" is the text for this processor."""

    name, capability, processors, driver = "stand-in", 90, 2, 0

    def __init__(self, wrong=0.0):
        self.wrong, self.functions, self.launches = wrong, {}, []

    def load(self, text, name, block, registers=0):
        handle = hash((text, block, registers))
        self.functions[handle] = compile_text(text, name=name)
        return Function(handle, 32, 0, block, 16)

    @contextmanager
    def memory(self):
        yield HostMemory(self.wrong)

    def launch(self, function, threads, table):
        self.launches.append(threads)
        compiled = self.functions[function.handle]
        index = ctypes.c_int64.from_address(compiled.engine.get_global_value_address("thread"))
        for index.value in range(-(-threads // function.block) * function.block):
            compiled.call(table.ctypes.data)


class HostMemory:
    def __init__(self, wrong):
        self.wrong, self.held = wrong, {}

    def room(self, size):
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
    """Let `device="cuda"` mean the stand-in."""
    device = HostDevice(**options)

    def build(program, plan, bits, *, batches=False, capability=90):
        words = Slot.SETTINGS + 2 * len(program.settings)
        return DeviceKernel(host_text(program, plan, bits, batches=batches), plan, words, 0)

    monkeypatch.setattr(ptx, "build", build)
    monkeypatch.setattr(devices, "cuda", lambda: device)
    return device

"""A CUDA device, used through its driver's own interface by ctypes. No toolkit and no package is needed.

The driver's library is part of every installation of the driver, and its functions keep their meaning from version to
version. About twenty of them are enough here. A package around them would add 9 MB and would have to match the driver.
The arguments of each function are declared, so that ctypes rejects a wrong one, and each status is checked.
"""

from __future__ import annotations

import ctypes
import hashlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p
from dataclasses import dataclass
from functools import cache
from typing import Any

from numpy.typing import NDArray

from fallline.errors import DeviceError, DeviceMemoryError

__all__ = ["Cuda", "Function", "cuda"]

_OUT_OF_MEMORY = 2
_LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"

_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "cuInit": (c_uint,),
    "cuDriverGetVersion": (POINTER(c_int),),
    "cuDeviceGetCount": (POINTER(c_int),),
    "cuDeviceGet": (POINTER(c_int), c_int),
    "cuDeviceGetName": (c_char_p, c_int, c_int),
    "cuDeviceGetAttribute": (POINTER(c_int), c_int, c_int),
    "cuDevicePrimaryCtxRetain": (POINTER(c_void_p), c_int),
    "cuCtxSetCurrent": (c_void_p,),
    "cuCtxSynchronize": (),
    "cuModuleLoadDataEx": (POINTER(c_void_p), c_char_p, c_uint, POINTER(c_int), POINTER(c_void_p)),
    "cuModuleGetFunction": (POINTER(c_void_p), c_void_p, c_char_p),
    "cuFuncGetAttribute": (POINTER(c_int), c_int, c_void_p),
    "cuFuncSetAttribute": (c_void_p, c_int, c_int),
    "cuOccupancyMaxActiveBlocksPerMultiprocessor": (POINTER(c_int), c_void_p, c_int, c_size_t),
    "cuMemGetInfo_v2": (POINTER(c_size_t), POINTER(c_size_t)),
    "cuMemAlloc_v2": (POINTER(c_uint64), c_size_t),
    "cuMemFree_v2": (c_uint64,),
    "cuMemcpyHtoD_v2": (c_uint64, c_void_p, c_size_t),
    "cuMemcpyDtoH_v2": (c_void_p, c_uint64, c_size_t),
    "cuLaunchKernel": (c_void_p, *[c_uint] * 7, c_void_p, POINTER(c_void_p), POINTER(c_void_p)),
}

# constants of the driver's header
_PROCESSORS, _MAJOR, _MINOR, _SHARED_MEMORY = 16, 75, 76, 97
_MAX_REGISTERS, _ERROR_LOG, _ERROR_LOG_BYTES = 0, 5, 6
_LOCAL_BYTES, _REGISTERS, _SHARED_BYTES = 3, 4, 8


@dataclass(frozen=True)
class Function:
    """A function on the device: its handle, the memory of a thread and a block, and how many threads can run at once."""

    handle: int
    registers: int
    local_bytes: int
    shared_bytes: int
    block: int
    at_once: int


class Cuda:
    """One device, in this process's primary context.

    Attributes
    ----------
    name
        Its name, as the driver reports it.
    capability
        Its compute capability: 90 for 9.0.
    processors
        Number of its multiprocessors.
    shared_memory
        Bytes of shared memory that a block may use.
    driver
        The newest version of CUDA that the driver supports: 13000 for 13.0.
    """

    def __init__(self, number: int = 0) -> None:
        self._library = _library()
        self._lock = threading.Lock()
        self._functions: dict[tuple[str, int, int, int], Function] = {}
        self._call("cuInit", 0)
        count = c_int()
        self._call("cuDeviceGetCount", byref(count))
        if number >= count.value:
            raise DeviceError(f"the CUDA driver knows {count.value} devices; there is no device {number}.")
        device, version, name, context = c_int(), c_int(), ctypes.create_string_buffer(256), c_void_p()
        self._call("cuDeviceGet", byref(device), number)
        self._call("cuDriverGetVersion", byref(version))
        self._call("cuDeviceGetName", name, 256, device)
        self._call("cuDevicePrimaryCtxRetain", byref(context), device)
        self._context = context
        self.name, self.driver = name.value.decode(), version.value
        self.processors, self.shared_memory = (self._attribute(a, device) for a in (_PROCESSORS, _SHARED_MEMORY))
        major, minor = (self._attribute(a, device) for a in (_MAJOR, _MINOR))
        self.capability = 10 * major + minor

    def load(self, ptx: str, name: str, block: int, shared: int = 0, registers: int = 0) -> Function:
        """Return the function `name` of a PTX module, for blocks of `block` threads. The same module is loaded once.

        `shared` is the number of bytes that a block's threads share. `registers` bounds the registers of a thread; 0 leaves
        the choice to the driver.
        """
        key = (hashlib.sha256(f"{name}\n{ptx}".encode()).hexdigest(), block, shared, registers)
        with self._lock:
            if key not in self._functions:
                self._current()
                self._functions[key] = self._load(ptx, name, block, shared, registers)
            return self._functions[key]

    def free_memory(self) -> int:
        """Return the bytes of memory that are free."""
        free, total = c_size_t(), c_size_t()
        self._current()
        self._call("cuMemGetInfo_v2", byref(free), byref(total))
        return free.value

    @contextmanager
    def memory(self) -> Iterator[Memory]:
        """Yield memory that is freed at the end of the `with` block."""
        self._current()
        held = Memory(self)
        try:
            yield held
        finally:
            held.free()

    def launch(self, function: Function, threads: int, argument: NDArray[Any]) -> None:
        """Run `threads` threads of a function that takes the bytes of `argument` by value, and wait for their end."""
        parameters = (c_void_p * 1)(argument.ctypes.data)
        blocks = -(-threads // function.block)
        self._current()
        size = (blocks, 1, 1, function.block, 1, 1, function.shared_bytes)
        self._call("cuLaunchKernel", function.handle, *size, None, parameters, None)
        self._call("cuCtxSynchronize")

    def _current(self) -> None:
        self._call("cuCtxSetCurrent", self._context)

    def _attribute(self, which: int, device: c_int) -> int:
        value = c_int()
        self._call("cuDeviceGetAttribute", byref(value), which, device)
        return value.value

    def _load(self, ptx: str, name: str, block: int, shared: int, registers: int) -> Function:
        log = ctypes.create_string_buffer(8192)
        options: dict[int, Any] = {_ERROR_LOG: ctypes.cast(log, c_void_p), _ERROR_LOG_BYTES: c_void_p(8192)}
        if registers:
            options[_MAX_REGISTERS] = c_void_p(registers)
        module, handle = c_void_p(), c_void_p()
        keys, values = (c_int * len(options))(*options), (c_void_p * len(options))(*options.values())
        try:
            self._call("cuModuleLoadDataEx", byref(module), ptx.encode(), len(options), keys, values)
        except DeviceError as error:
            message = log.value.decode(errors="replace").strip()
            raise DeviceError(f"{error} The driver's assembler says: {message or 'nothing'}") from None
        self._call("cuModuleGetFunction", byref(handle), module, name.encode())
        if shared:
            self._call("cuFuncSetAttribute", handle, _SHARED_BYTES, shared)
        used, local, blocks = c_int(), c_int(), c_int()
        self._call("cuFuncGetAttribute", byref(used), _REGISTERS, handle)
        self._call("cuFuncGetAttribute", byref(local), _LOCAL_BYTES, handle)
        self._call("cuOccupancyMaxActiveBlocksPerMultiprocessor", byref(blocks), handle, block, shared)
        at_once = max(1, blocks.value) * self.processors * block
        return Function(handle.value or 0, used.value, local.value, shared, block, at_once)

    def _call(self, name: str, *arguments: Any) -> None:
        status = getattr(self._library, name)(*arguments)
        if status == _OUT_OF_MEMORY:
            raise DeviceMemoryError(f"the device {getattr(self, 'name', '')} has no memory left for this.")
        if status:
            raise DeviceError(f"the CUDA driver refused {name.removesuffix('_v2')}: {self._words(status)}.")

    def _words(self, status: int) -> str:
        text = c_char_p()
        self._library.cuGetErrorString(c_int(status), byref(text))
        return f"{(text.value or b'unknown error').decode()} (error {status})"


class Memory:
    """Pieces of a device's memory. `Cuda.memory` makes it."""

    def __init__(self, device: Cuda) -> None:
        self._device, self._pieces = device, list[int]()

    def room(self, size: int) -> int:
        """Allocate `size` bytes and return their address."""
        address = c_uint64()
        self._device._call("cuMemAlloc_v2", byref(address), max(1, size))
        self._pieces.append(address.value)
        return address.value

    def upload(self, array: NDArray[Any]) -> int:
        """Copy the array to the device and return its address."""
        address = self.room(array.nbytes)
        if array.nbytes:
            self._device._call("cuMemcpyHtoD_v2", address, array.ctypes.data, array.nbytes)
        return address

    def download(self, address: int, array: NDArray[Any]) -> None:
        """Fill the array with the bytes at an address of the device."""
        if array.nbytes:
            self._device._call("cuMemcpyDtoH_v2", array.ctypes.data, address, array.nbytes)

    def free(self) -> None:
        """Free all pieces."""
        while self._pieces:
            self._device._call("cuMemFree_v2", self._pieces.pop())


@cache
def cuda(number: int = 0) -> Cuda:
    """Return the device of this number. It is made once in a process."""
    return Cuda(number)


def _library() -> Any:
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        raise DeviceError(
            f"no CUDA driver was found on this machine ({_LIBRARY} cannot be loaded). Leave the device out: the "
            "processor computes the same values."
        ) from None
    for name, arguments in _FUNCTIONS.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise DeviceError(f"the CUDA driver of this machine is too old: it has no {name}.") from None
        function.argtypes, function.restype = arguments, c_int
    library.cuGetErrorString.argtypes, library.cuGetErrorString.restype = (c_int, POINTER(c_char_p)), c_int
    return library

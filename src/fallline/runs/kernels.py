"""Compiled kernels: compiled once, and kept while they are in use and while there is room for them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from fallline.readings.machine.kernel import Kernel, build
from fallline.readings.machine.layout import Plan
from fallline.runs.programs import Recipe, program_of

__all__ = ["KernelCache", "kernel_of"]

ROOM = 128 * 2**20
"""Bytes that kernels may take: some hundred of them."""

_BESIDES = 2**20
"""Bytes that a kernel takes besides its code: LLVM keeps a description of the processor with each."""


class KernelCache:
    """The kernels used last, as many as fit into `room` bytes.

    A kernel that leaves the cache is freed as soon as no run holds it.
    """

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self.bytes = 0
        self._kernels: OrderedDict[Hashable, Kernel] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kernels)

    def find(self, key: Hashable, make: Callable[[], Kernel]) -> Kernel:
        """The kernel of that key. If the cache does not hold it, `make` compiles it."""
        with self._lock:
            if key in self._kernels:
                self._kernels.move_to_end(key)
                return self._kernels[key]
        kernel = make()  # outside of the lock: threads that find their kernel do not wait for this compiler
        with self._lock:
            if key not in self._kernels:
                self._kernels[key] = kernel
                self.bytes += _size(kernel)
            while self.bytes > self.room and len(self._kernels) > 1:
                _, oldest = self._kernels.popitem(last=False)
                self.bytes -= _size(oldest)
        return kernel


def _size(kernel: Kernel) -> int:
    return kernel.compiled.bytes + _BESIDES


_cache = KernelCache()


def kernel_of(recipe: Recipe, plan: Plan | None, bits: int, *, batches: bool, samples: tuple[int, ...]) -> Kernel:
    """The kernel of a recipe: a map asks for the same one tile after tile.

    Parameters
    ----------
    plan
        How the code is laid out; chosen for the machine if None.
    bits
        32 or 64.
    batches
        Whether steps see minibatches.
    samples
        The numbers of samples that a step may see.
    """

    def make() -> Kernel:
        program = program_of(recipe)
        layout = plan or Plan.best(program, bits, samples)
        remainder = any(n % layout.together for n in samples)
        return build(program, layout, bits, batches=batches, remainder=remainder)

    return _cache.find((recipe, plan, bits, batches, samples), make)

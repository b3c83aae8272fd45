"""Compiled kernels: compiled once, and kept while they are in use and while there is room for them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

from fallline.readings.machine.compiled import Compiled
from fallline.readings.machine.kernel import Kernel, build
from fallline.readings.machine.layout import Plan
from fallline.readings.machine.program import Program
from fallline.runs.programs import Recipe, program_of
from fallline.runs.spent import NOTHING, Spent

__all__ = ["KernelCache", "cached", "compiling", "kernel_of"]


class _Kernel(Protocol):
    @property
    def compiled(self) -> Compiled: ...


K = TypeVar("K", bound=_Kernel)

ROOM = 128 * 2**20
"""Bytes that kernels may take: some hundred of them."""

_BESIDES = 2**20
"""Bytes that a kernel takes besides its code: LLVM keeps a description of the processor with each."""

_TOLERATED = 0.1
"""The share of a step's time by which a kernel that is compiled already may be slower than the best."""

_COMPILING = 5e8
"""Instructions that take less time than to compile another kernel."""


class OtherRecipe(Protocol):
    """What makes a program that does not train. Equal recipes give the same program."""

    def __hash__(self) -> int: ...

    def program(self) -> Program: ...


class KernelCache(Generic[K]):
    """The kernels used last, as many as fit into `room` bytes.

    A kernel that leaves the cache is freed as soon as no run holds it. Kernels of one key leave it together.
    """

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self.bytes = 0
        self.compiling = NOTHING
        self._kernels: OrderedDict[Hashable, list[K]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return sum(map(len, self._kernels.values()))

    def find(self, key: Hashable, make: Callable[[], K], fits: Callable[[K], bool] = lambda kernel: True) -> K:
        """A kernel of that key that fits. If the cache does not hold one, `make` compiles it."""
        with self._lock:
            known = next(filter(fits, self._kernels.get(key, ())), None)
            if known is not None:
                self._kernels.move_to_end(key)
                return known
        begin = Spent.now()
        kernel = make()  # outside of the lock: threads that find their kernel do not wait for this compiler
        with self._lock:
            self.compiling += Spent.now() - begin
            kernels = self._kernels.setdefault(key, [])
            self._kernels.move_to_end(key)
            if not any(map(fits, kernels)):
                kernels.append(kernel)
                self.bytes += _size(kernel)
            while self.bytes > self.room and len(self._kernels) > 1:
                _, oldest = self._kernels.popitem(last=False)
                self.bytes -= sum(map(_size, oldest))
        return kernel


def _size(kernel: _Kernel) -> int:
    return kernel.compiled.bytes + _BESIDES


_cache: KernelCache[Kernel] = KernelCache()


def cached(key: Hashable, make: Callable[[], Kernel], fits: Callable[[Kernel], bool]) -> Kernel:
    """A kernel of that key that fits, from the cache of this process."""
    return _cache.find(key, make, fits)


def compiling() -> Spent:
    """The time that this process has spent on compiling kernels.

    >>> compiling().seconds >= 0
    True
    """
    return _cache.compiling


def kernel_of(
    recipe: Recipe | OtherRecipe, plan: Plan | None, bits: int, *, batches: bool, samples: tuple[int, ...], steps: int
) -> Kernel:
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
    steps
        The steps of all runs together. A kernel serves other numbers of samples too if it loses little time with them, or
        less than compiling another takes: a map over the size of a batch, or a slider of it, does not wait for the compiler
        at each value.
    """

    def make() -> Kernel:
        program = program_of(recipe) if isinstance(recipe, Recipe) else recipe.program()
        layout = plan or Plan.best(program, bits, samples)
        return build(program, layout, bits, batches=batches, remainder=not layout.divides(samples))

    def fits(kernel: Kernel) -> bool:
        if not (kernel.remainder or kernel.plan.divides(samples)):
            return False
        if plan is not None or not samples:
            return True
        lost = kernel.plan.lost(samples)
        each = kernel.instructions / (kernel.plan.together * kernel.plan.lanes)
        return lost <= _TOLERATED * samples[-1] or lost * steps * each < _COMPILING

    return cached((recipe, plan, bits, batches), make, fits)

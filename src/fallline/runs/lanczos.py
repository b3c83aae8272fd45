"""The largest eigenvalues of Hessians by the compiled Lanczos method, for many points side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.problems import LandscapeObjective, NetworkObjective
from fallline.readings.machine.kernel import Kernel
from fallline.readings.machine.layout import Measure, Plan
from fallline.readings.machine.program import Program, Samples
from fallline.readings.machine.samples.two_passes import blocks_of, second_length
from fallline.runs.eigenvalues import Largest
from fallline.runs.execution import EVERY_CORE, Execution, cores
from fallline.runs.kernels import cached
from fallline.runs.lanczos_kernel import BESIDES, LanczosKernel, build, directions
from fallline.runs.packing import Outputs, pack
from fallline.runs.pieces import pieces, run
from fallline.runs.second_order import Curved
from fallline.shapes import Shaped

__all__ = ["largest_of_hessians"]

Floats = NDArray[Any]

STORED = 64 * 2**20
"""Bytes of a thread in which values may be stored that all products at one point share. Beyond, they are computed again."""


def largest_of_hessians(
    objective: NetworkObjective | LandscapeObjective,
    w: Shaped[Floats, "runs P"],
    start: Shaped[Floats, "runs P"],
    *,
    roots: Shaped[Floats, "runs P"] | None = None,
    l2: Floats | float | None = None,
    tolerance: float = 1e-6,
    alike: Shaped[Floats, " runs"] | None = None,
    execution: Execution = EVERY_CORE,
) -> Largest:
    """The largest eigenvalue of the Hessian at each point: what `largest_eigenvalues` finds from `hessian_products`, bit by bit.

    Parameters
    ----------
    start, tolerance
        As for `largest_eigenvalues`.
    roots
        Diagonals S, if the eigenvalue of S^-1 H S^-1 is wanted.
    l2
        Strength of the penalty of each run, or of all; that of the network if None.
    alike
        Numbers about as large as the products that each run will take. Runs that share a vector wait for the slowest of them, so
        runs are put side by side by these numbers. They change no bit.

    Examples
    --------
    >>> from fallline.problems import objective
    >>> largest_of_hessians(objective("quadratic"), np.ones((1, 2)), np.ones((1, 2))).values.round(12).tolist()
    [10.0]
    """
    runs, P = w.shape
    curved = Curved.of(objective, l2)
    kernel = _kernel_of(curved, execution.plan, roots is not None)
    order = np.arange(runs) if alike is None else np.argsort(alike, kind="stable")
    rows = np.concatenate([w, start] if roots is None else [w, start, roots], axis=1)[order]
    training = curved.training(rows, 1)
    columns = {"l2": curved.l2[order] if curved.l2.ndim else curved.l2, "tolerance": np.asarray(tolerance)}
    found = np.empty((runs, P + len(BESIDES)))
    arguments = pack(training, columns, kernel.settings, Outputs(np.empty((len(Measure), runs)), None, found, None))
    arguments = replace(arguments, batch_bytes=_stored(kernel, curved))
    threads = execution.threads or cores()
    run(kernel, arguments, pieces(runs, kernel.plan.lanes, threads), threads, execution.progress)
    sorted_back = np.empty_like(found)
    sorted_back[order] = found
    values, residuals, products = sorted_back[:, P:].T
    return Largest(values.copy(), sorted_back[:, :P].copy(), residuals.copy(), products.astype(np.int64))


def _kernel_of(curved: Curved, plan: Plan | None, preconditioned: bool) -> LanczosKernel:
    """The kernel for these Hessians, which stores what it may."""
    samples = curved.samples

    def make(store: bool) -> LanczosKernel:
        program = replace(curved.recipe.program(), settings=("l2", "tolerance"))
        layout = plan or _best_plan(program, samples)
        remainder = not layout.divides(samples)
        return build(program, layout, 64, remainder=remainder, preconditioned=preconditioned, store=store)

    def fits(kernel: Kernel) -> bool:
        return kernel.remainder or kernel.plan.divides(samples)

    def find(store: bool) -> LanczosKernel:
        kernel = cached((LanczosKernel, curved.recipe, plan, preconditioned, store), lambda: make(store), fits)
        assert isinstance(kernel, LanczosKernel)
        return kernel

    kernel = find(True)
    return kernel if _stored(kernel, curved) <= STORED else find(False)


def _stored(kernel: LanczosKernel, curved: Curved) -> int:
    """Bytes of the values that a thread stores."""
    return kernel.stored * sum(blocks_of(count, kernel.plan.together) for count in curved.samples)


def _best_plan(program: Program, samples: tuple[int, ...]) -> Plan:
    """The plan for which products take the least time: that of their second pass."""
    if not isinstance(program.objective, Samples):
        return Plan.best(program, 64, samples)
    return Plan.best(program, 64, samples, length=second_length(program.objective, directions(program), 64))

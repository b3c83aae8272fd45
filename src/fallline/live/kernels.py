"""The kernel of a live page: the modules that train its map's runs, and how the page calls them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fallline.errors import UsageError
from fallline.experiment.choices import CHOICES, NUMBERS
from fallline.lab.resolved_state import ResolvedState
from fallline.live.arrays import as_json_array
from fallline.live.rules import lengths
from fallline.maps.cell_training import training_of
from fallline.measures.measure import MEASURES, lacking
from fallline.readings.machine.layout import Measure, Slot
from fallline.readings.wasm.kernel import build
from fallline.readings.wasm.probe import probe
from fallline.runs import engine
from fallline.runs.lanes import recipe_of, samples_seen
from fallline.runs.packing import columns_of
from fallline.runs.programs import program_of
from fallline.runs.training import Training

__all__ = ["describe_kernel", "kernel_settings"]

Json = dict[str, Any]

STACK = 4 * 65536
"""Bytes of a module's stack."""


def describe_kernel(resolved: ResolvedState) -> Json:
    """The modules of a state, and how they are called.

    Returns
    -------
    bits
        32 or 64.
    lanes
        Runs of a vector.
    settings
        The names of the numbers that each run reads, in the table's order.
    batches
        Whether a step sees a minibatch, of any size; otherwise it sees all samples.
    slots, columns
        The numbers of the table's words (`Slot`) and of what is kept of a run (`Measure`), by name.
    lengths
        The program of the lengths of a run's window, see `fallline.live.rules`.
    stack, scratch
        Bytes of the stack, and those that each module needs besides.
    modules
        "relaxed" and "plain", see `fallline.readings.wasm`.
    probe
        "module", "operands" and "results", see `fallline.readings.wasm.probe`.

    Raises
    ------
    UsageError
        A page cannot train these runs.
    """
    _refuse(resolved)
    spec = resolved.spec
    training = training_of(spec, np.array([0]), np.array([0]))
    recipe = recipe_of(training, _settings(training), hits=not lacking(MEASURES["accuracy"], spec.objective))
    bits, batches, rows = 8 * np.dtype(spec.dtype).itemsize, spec.batch is not None, samples_seen(training)
    relaxed, plain = (
        build(program_of(recipe), bits, rows or (1000,), batches=batches, relaxed=way, any_batch=batches)
        for way in (True, False)
    )
    tried = probe(bits)
    return {
        "bits": bits,
        "lanes": relaxed.plan.lanes,
        "settings": list(relaxed.settings),
        "batches": batches,
        "slots": {slot.name: slot.value for slot in Slot},
        "columns": {column.name: column.value for column in Measure},
        "lengths": lengths().as_data(),
        "stack": STACK,
        "scratch": {"relaxed": relaxed.scratch, "plain": plain.scratch},
        "modules": {"relaxed": as_json_array(relaxed.module), "plain": as_json_array(plain.module)},
        "probe": {
            "module": as_json_array(tried.module), "operands": [as_json_array(values) for values in tried.operands],
            "results": as_json_array(tried.results),
        },
    }  # fmt: skip


def kernel_settings(resolved: ResolvedState) -> list[str]:
    """The names of the numbers that a kernel reads for each run: those of the method, "target", and "l2" if there is a penalty."""
    return _settings(training_of(resolved.spec, np.array([0]), np.array([0])))


def _settings(training: Training) -> list[str]:
    return list(columns_of(training, None))


def _refuse(resolved: ResolvedState) -> None:
    spec = resolved.spec
    for name in spec.axes:
        if name in CHOICES and name not in ("steps", "batch"):
            what = "network" if name in NUMBERS else name
            raise UsageError(
                f"a live page has one kernel, and an axis of {name} needs one for each {what}. Choose another axis."
            )
    if engine.name_of(spec.objective) != "machine":
        raise UsageError(
            f"a live page trains landscapes, and networks of up to {engine.LARGEST:,} parameters; "
            f"{spec.objective.name} has {spec.objective.dimension:,}."
        )

"""The kernel of a live page: the modules that train its map's runs, and how the page calls them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fallline.errors import UsageError
from fallline.lab.resolved_state import ResolvedState
from fallline.live.arrays import as_json_array
from fallline.live.rules import lengths
from fallline.maps.cell_training import training_of
from fallline.measures.measure import MEASURES, lacking
from fallline.problems import has_test_samples
from fallline.readings.machine.layout import Measure, Slot
from fallline.readings.wasm.kernel import build
from fallline.readings.wasm.probe import probe
from fallline.runs import engine
from fallline.runs.held_out import beginning_on_test
from fallline.runs.lanes import recipe_of, samples_seen
from fallline.runs.packing import columns_of
from fallline.runs.programs import program_of
from fallline.runs.training import Training

__all__ = ["describe_kernel", "kernel_settings", "test_settings"]

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
    test
        "lanes", "settings", "batches", "scratch" and "modules" of the kernel whose loss is that on test samples; None if there
        are none.
    probe
        "module", "operands" and "results", see `fallline.readings.wasm.probe`.

    Raises
    ------
    UsageError
        A page cannot train these runs.
    """
    _refuse(resolved)
    training = _training(resolved)
    bits = _bits(training)
    tried = probe(bits)
    return _modules(training) | {
        "bits": bits,
        "slots": {slot.name: slot.value for slot in Slot},
        "columns": {column.name: column.value for column in Measure},
        "lengths": lengths().as_data(),
        "stack": STACK,
        "test": _modules(_on_test(training)) if has_test_samples(resolved.objective) else None,
        "probe": {
            "module": as_json_array(tried.module), "operands": [as_json_array(values) for values in tried.operands],
            "results": as_json_array(tried.results),
        },
    }  # fmt: skip


def kernel_settings(resolved: ResolvedState) -> list[str]:
    """The names of the numbers that a kernel reads for each run: those of the method, "target", and "l2" if there is a penalty."""
    return _settings(_training(resolved))


def test_settings(resolved: ResolvedState) -> list[str]:
    """The names of the numbers that the kernel of test samples reads for each run."""
    return _settings(_on_test(_training(resolved)))


def _modules(training: Training) -> Json:
    """The kernel of some runs, compiled in both ways."""
    recipe = recipe_of(training, _settings(training), hits=not lacking(MEASURES["accuracy"], training.objective))
    batches, rows = training.rows is not None, samples_seen(training)
    relaxed, plain = (
        build(program_of(recipe), _bits(training), rows or (1000,), batches=batches, relaxed=way, any_batch=batches)
        for way in (True, False)
    )
    return {
        "lanes": relaxed.plan.lanes,
        "settings": list(relaxed.settings),
        "batches": batches,
        "scratch": {"relaxed": relaxed.scratch, "plain": plain.scratch},
        "modules": {"relaxed": as_json_array(relaxed.module), "plain": as_json_array(plain.module)},
    }


def _training(resolved: ResolvedState) -> Training:
    """The runs of the first cell."""
    return training_of(resolved.spec, np.array([0]), np.array([0]))


def _on_test(training: Training) -> Training:
    return beginning_on_test(training, np.zeros((1, training.objective.dimension)))


def _bits(training: Training) -> int:
    return 8 * np.dtype(training.dtype).itemsize


def _settings(training: Training) -> list[str]:
    return list(columns_of(training, None))


def _refuse(resolved: ResolvedState) -> None:
    spec = resolved.spec
    if engine.name_of(spec.objective) != "machine":
        raise UsageError(
            f"a live page trains landscapes, and networks of up to {engine.LARGEST:,} parameters; "
            f"{spec.objective.name} has {spec.objective.dimension:,}."
        )

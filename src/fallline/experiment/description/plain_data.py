"""Objectives and rules as plain data, which a map file keeps and from which another process builds them again.

Arrays stand under their SHA-256, so the same data are kept once and a change in them shows. A user's own function can be
recognised by its fingerprint, but not rebuilt.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from fallline.data.dataset import Dataset
from fallline.errors import UnknownNameError, UsageError
from fallline.experiment.description.absent import AbsentFunction, AbsentObjective, absent_landscape, absent_record
from fallline.experiment.description.fingerprints import array_key, fingerprint, landscape_fingerprint
from fallline.formulas import formula_landscape, formula_of
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.landscapes import LANDSCAPES, quadratic
from fallline.textbook.losses import LOSSES, Loss
from fallline.textbook.network import Network
from fallline.textbook.optimizers import Optimizer
from fallline.textbook.parametrizations import PARAMETRIZATIONS
from fallline.textbook.schedules import Schedule

__all__ = [
    "Arrays",
    "canonical",
    "describe_objective",
    "describe_record",
    "named_arrays",
    "rebuild_objective",
    "rebuild_record",
]

Arrays = dict[str, NDArray[Any]]


def canonical(description: Mapping[str, Any]) -> str:
    """The one JSON text of a description: sorted keys, shortest numbers that read back to the same bits."""
    return json.dumps(description, sort_keys=True, separators=(",", ":"), allow_nan=False)


def describe_record(record: Any, table: Mapping[str, Any], function: Callable[..., Any]) -> str | dict[str, Any]:
    """A textbook's record by its name; a user's own by name, fingerprint, and the further data that a stand-in needs."""
    name = str(record.name)
    if table.get(name) is record:
        return name
    own: dict[str, Any] = {"own": name, "sha256": fingerprint(function)}
    if isinstance(record, Optimizer | Schedule):
        own["settings"] = list(record.settings)
        whole = [s.name for s in record.own_settings if s.whole]
        own |= {"whole": whole} if whole else {}
    if isinstance(record, Loss):
        own["targets"] = record.targets
    return own


def rebuild_record(description: str | Mapping[str, Any], table: Mapping[str, Any], what: str) -> Any:
    """The inverse of `describe_record`; a user's own function becomes a stand-in."""
    if not isinstance(description, str):
        return absent_record(description, what)
    if description in table:
        return table[description]
    raise UnknownNameError(what, description, table)


def describe_objective(objective: Objective, arrays: Arrays) -> dict[str, Any]:
    """An objective as plain data; its arrays are put into `arrays`."""
    if isinstance(objective, NetworkObjective):
        n, data = objective.network, objective.data
        return {
            "network": {
                "sizes": n.text,
                "activations": [describe_record(a, ACTIVATIONS, a.function) for a in n.activations],
                "loss": describe_record(n.loss, LOSSES, n.loss.value),
                "reduction": n.reduction,
                "bias": n.bias,
                "scales": [float(s) for s in n.scales],
                "l2": float(n.l2),
                **_described_widths(n),
            },
            "data": {
                "name": data.name, "samples": len(data), "columns": list(data.columns), "classes": list(data.classes),
                **_described_samples(data, arrays), **_described_parts(data, arrays),
            },
        }  # fmt: skip
    if isinstance(objective, LandscapeObjective):
        record = objective.landscape
        ours = LANDSCAPES.get(record.name)
        text = formula_of(record)
        window = {"window": [[float(v) for v in pair] for pair in record.window]}  # random starts are drawn from it
        if getattr(record.function, "__qualname__", "") == "quadratic.<locals>.bowl":
            assert record.function.__closure__ is not None
            return {"landscape": "quadratic", "condition": float(record.function.__closure__[0].cell_contents)} | window
        if text is not None:
            return {"formula": text} | window
        if ours is not None and record.function is ours.function:
            return {"landscape": record.name, "dimension": record.dimension} | window
        own = {"own": record.name, "sha256": landscape_fingerprint(objective)}
        if (
            isinstance(record.function, AbsentFunction) and not record.function.arguments
        ):  # as map files of format 1 have it
            return {"landscape": own, "dimension": record.dimension}
        return {"landscape": own | {"coordinates": list(objective.labels)}, "dimension": record.dimension} | window
    loss = objective.loss_and_gradient
    return {"objective": {"own": objective.name, "sha256": fingerprint(loss)}, "dimension": objective.dimension}


def _described_widths(network: Network) -> dict[str, Any]:
    """The parametrization and its base width; nothing for the standard one, so that its description is what it always was."""
    record = network.parametrization
    if not record.depends_on_width and network.base_width == 1:
        return {}
    return {
        "parametrization": describe_record(record, PARAMETRIZATIONS, record.powers),
        "base_width": int(network.base_width),
    }


def _described_samples(data: Dataset, arrays: Arrays) -> dict[str, Any]:
    """The arrays of samples: inputs, targets, and raw inputs where the inputs are features."""
    raw = {} if data.features is None else {"raw": _put(data.features.raw, arrays)}
    return {"X": _put(data.X, arrays), "T": _put(data.T, arrays), **raw}


def _described_parts(data: Dataset, arrays: Arrays) -> dict[str, Any]:
    """Test samples and features; nothing without any, so that the description of other data is what it always was."""
    parts: dict[str, Any] = {}
    if data.test is not None:
        parts["test"] = {"samples": len(data.test)} | _described_samples(data.test, arrays)
    if data.features is not None:
        standardized = data.features.standardization is not None
        parts["features"] = {"columns": list(data.features.columns), "standardized": standardized}
    return parts


def _rebuilt_data(d: Mapping[str, Any], arrays: Arrays) -> Dataset:
    features = d.get("features")
    letter, columns = ("raw", features["columns"]) if features else ("X", d["columns"])

    def samples(table: Mapping[str, Any], test: Dataset | None) -> Dataset:
        return Dataset(arrays[table[letter]], arrays[table["T"]], d["name"], tuple(columns), tuple(d["classes"]), test)

    if any(letter not in table for table in (d, d.get("test", d))):
        raise UsageError("data of features must have raw inputs.")
    data = samples(d, samples(d["test"], None) if "test" in d else None)
    if features is None:
        return data
    data = data.with_features(*d["columns"])  # their values must have the hash of the description's own
    return data.standardized() if features["standardized"] else data


def named_arrays(description: Mapping[str, Any]) -> set[str]:
    """The keys of the arrays that a map's description names."""
    data = description.get("data", {})
    tables = [
        table[letter] for table in (data, data.get("test", {})) for letter in ("X", "T", "raw") if letter in table
    ]
    return {description["start"], *tables} - {None}


def rebuild_objective(description: Mapping[str, Any], arrays: Arrays) -> Objective:
    """The inverse of `describe_objective`; functions of the user's own become stand-ins, which cannot be called."""
    objective = _rebuilt(description, arrays)
    if "minima" not in description:
        return objective
    if not isinstance(objective, LandscapeObjective) or any(
        len(m) != objective.dimension for m in description["minima"]
    ):
        raise UsageError(f"minima must be points of a landscape; {objective.name} has none such.")
    minima = tuple(tuple(point) for point in description["minima"])
    return replace(objective, landscape=replace(objective.landscape, minima=minima))


def _rebuilt(description: Mapping[str, Any], arrays: Arrays) -> Objective:
    if "network" in description:
        n, d = description["network"], description["data"]
        network = Network.of(
            n["sizes"],
            activation=[rebuild_record(a, ACTIVATIONS, "activation") for a in n["activations"]],
            loss=rebuild_record(n["loss"], LOSSES, "loss"),
            reduction=n["reduction"], bias=n["bias"], scales=n["scales"], l2=n["l2"],
            parametrization=rebuild_record(n.get("parametrization", "standard"), PARAMETRIZATIONS, "parametrization"),
            base_width=n.get("base_width", 1),
        )  # fmt: skip
        return NetworkObjective(network, _rebuilt_data(d, arrays))
    if "formula" in description:
        return LandscapeObjective(formula_landscape(description["formula"], _window(description)))
    if "condition" in description:
        return LandscapeObjective(replace(quadratic(description["condition"]), window=_window(description)))
    if "objective" in description:
        own = description["objective"]
        return AbsentObjective(own["own"], description["dimension"], AbsentFunction(own["own"], own["sha256"]))
    if isinstance(description["landscape"], Mapping):
        window = _window(description) if "window" in description else None  # files of version 0.1 lack it
        return absent_landscape(description["landscape"], description["dimension"], window)
    record = rebuild_record(description["landscape"], LANDSCAPES, "landscape")
    return LandscapeObjective(replace(record, dimension=description["dimension"], window=_window(description)))


def _window(description: Mapping[str, Any]) -> tuple[tuple[float, float], tuple[float, float]]:
    (a, b), (c, d) = description["window"]
    return (a, b), (c, d)


def differences(kept: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """The differences of two descriptions, a phrase for each: "steps is 30 there and 40 here".

    >>> differences({"steps": 30, "y": {"high": 0.9}}, {"steps": 40, "y": {"high": 0.9}})
    ['steps is 30 there and 40 here']
    """
    a, b = _flat(kept), _flat(asked)
    return [
        f"{key.removesuffix('.sha256')} is another function there"
        if key.endswith(".sha256")
        else f"{key} is {a.get(key, 'not given')} there and {b.get(key, 'not given')} here"
        for key in sorted(a.keys() | b.keys())
        if a.get(key) != b.get(key)
    ]


def _flat(description: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in description.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list) and any(isinstance(entry, Mapping) for entry in value):
            flat |= _flat({f"{key}[{k}]": entry for k, entry in enumerate(value)}, prefix)
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _put(values: NDArray[Any], arrays: Arrays) -> str:
    key = array_key(values)
    arrays[key] = values
    return key

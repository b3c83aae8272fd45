"""Objectives and rules as plain data: what a map file keeps, and what another process needs to build them again.

Arrays stand under their SHA-256, so the same data are kept once and any change in them shows. A user's own function is
known by the hash of its text and of what it closes over: it can be recognised, but not rebuilt.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.dataset import Dataset
from fallline.errors import UnknownNameError, UsageError
from fallline.formulas import formula_landscape, formula_of
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.landscapes import LANDSCAPES, quadratic
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network

__all__ = [
    "Arrays",
    "OwnFunctionError",
    "array_key",
    "canonical",
    "describe_objective",
    "named",
    "rebuild_named",
    "rebuild_objective",
]

Arrays = dict[str, NDArray[Any]]


class OwnFunctionError(UsageError):
    """A description names a user's own function, which cannot be built from it."""


def canonical(description: Mapping[str, Any]) -> str:
    """The one JSON text of a description: sorted keys, shortest numbers that read back to the same bits."""
    return json.dumps(description, sort_keys=True, separators=(",", ":"), allow_nan=False)


def array_key(values: NDArray[Any]) -> str:
    """SHA-256 of an array: type, shape and little-endian bytes.

    >>> array_key(np.zeros(3))[:8]
    '7e9aa208'
    """
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return hashlib.sha256(f"{little.dtype.str}{little.shape}".encode() + little.tobytes()).hexdigest()


def fingerprint(function: Callable[..., Any]) -> str:
    """SHA-256 of a function's text and of the values it closes over."""
    function = inspect.unwrap(function)  # the user's own, not the page around it
    try:
        text = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        text = repr((code.co_code, code.co_consts, code.co_names)) if code is not None else repr(function)
    cells = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    bound = [array_key(c) if isinstance(c, np.ndarray) else fingerprint(c) if callable(c) else repr(c) for c in cells]
    defaults = repr(getattr(function, "__defaults__", None)) + repr(getattr(function, "__kwdefaults__", None))
    return hashlib.sha256("\n".join([text, *bound, defaults]).encode()).hexdigest()


def named(record: Any, table: Mapping[str, Any], function: Callable[..., Any]) -> str | dict[str, str]:
    """A record of one of our tables by its name; a user's own by name and fingerprint."""
    name = str(record.name)
    if table.get(name) is record:
        return name
    return {"own": name, "sha256": fingerprint(function)}


def rebuild_named(description: str | Mapping[str, str], table: Mapping[str, Any], what: str) -> Any:
    """The inverse of `named`, for records of ours."""
    if isinstance(description, str):
        if description not in table:
            raise UnknownNameError(what, description, table)
        return table[description]
    name = description["own"]
    raise OwnFunctionError(
        f"the {what} {name!r} is a function of your own: a map file and other processes know it by name only. Run from "
        "Python with the function itself, without worker processes."
    )


def describe_objective(objective: Objective, arrays: Arrays) -> dict[str, Any]:
    """An objective as plain data; its arrays are put into `arrays`."""
    if isinstance(objective, NetworkObjective):
        n, data = objective.network, objective.data
        return {
            "network": {
                "sizes": n.text,
                "activations": [named(a, ACTIVATIONS, a.function) for a in n.activations],
                "loss": named(n.loss, LOSSES, n.loss.value),
                "reduction": n.reduction,
                "bias": n.bias,
                "scales": [float(s) for s in n.scales],
                "l2": float(n.l2),
            },
            "data": {
                "name": data.name, "samples": len(data), "columns": list(data.columns), "classes": list(data.classes),
                "X": _put(data.X, arrays), "T": _put(data.T, arrays),
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
        return {
            "landscape": {"own": record.name, "sha256": fingerprint(record.function)},
            "dimension": record.dimension,
        }
    loss = objective.loss_and_gradient
    return {"objective": {"own": objective.name, "sha256": fingerprint(loss)}, "dimension": objective.dimension}


def rebuild_objective(description: Mapping[str, Any], arrays: Arrays) -> Objective:
    """The inverse of `describe_objective`, for objectives made of our own pages."""
    if "network" in description:
        n, d = description["network"], description["data"]
        network = Network.of(
            n["sizes"],
            activation=[rebuild_named(a, ACTIVATIONS, "activation") for a in n["activations"]],
            loss=rebuild_named(n["loss"], LOSSES, "loss"),
            reduction=n["reduction"], bias=n["bias"], scales=n["scales"], l2=n["l2"],
        )  # fmt: skip
        data = Dataset(arrays[d["X"]], arrays[d["T"]], d["name"], tuple(d["columns"]), tuple(d["classes"]))
        return NetworkObjective(network, data)
    if "formula" in description:
        return LandscapeObjective(formula_landscape(description["formula"], _window(description)))
    if "condition" in description:
        return LandscapeObjective(replace(quadratic(description["condition"]), window=_window(description)))
    record = rebuild_named(description.get("landscape", description.get("objective", "")), LANDSCAPES, "objective")
    return LandscapeObjective(replace(record, dimension=description["dimension"], window=_window(description)))


def _window(description: Mapping[str, Any]) -> tuple[tuple[float, float], tuple[float, float]]:
    (a, b), (c, d) = description["window"]
    return (a, b), (c, d)


def differences(kept: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """What differs between two descriptions, one phrase each: "steps is 30 there and 40 here".

    >>> differences({"steps": 30, "y": {"high": 0.9}}, {"steps": 40, "y": {"high": 0.9}})
    ['steps is 30 there and 40 here']
    """
    a, b = _flat(kept), _flat(asked)
    return [
        f"{key} is {a.get(key, 'not given')} there and {b.get(key, 'not given')} here"
        for key in sorted(a.keys() | b.keys())
        if a.get(key) != b.get(key)
    ]


def _flat(description: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in description.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _put(values: NDArray[Any], arrays: Arrays) -> str:
    key = array_key(values)
    arrays[key] = values
    return key

"""A study of a table of the user's own: a small network on it, a few fits, and a map over learning rate and momentum."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fallline.errors import UsageError
from fallline.experiment.formats.toml import parse
from fallline.experiment.sources import Files
from fallline.experiment.study_records import Study
from fallline.experiment.table_sources import Table

__all__ = ["table_study"]

LOSSES = {"classes": "cross_entropy", "labels": "logistic", "values": "half_squared_error"}

UNITS = 8
"""Units of the hidden layer."""

TEMPLATE = """
title = {title}
question = {question}

[network]
sizes = "{inputs}-{units}-{outputs}"
activation = "tanh"
loss = "{loss}"
reduction = "mean"

[data]
{data}
standardize = true

[[fits]]
name = "gradient descent"
optimizer = "gradient_descent"
learning_rate = 0.1
steps = 100
start = {{ draw = "random", distribution = "glorot_normal" }}

[[fits]]
name = "momentum"
optimizer = "momentum"
learning_rate = 0.1
momentum = 0.9
steps = 100
start = {{ draw = "random", distribution = "glorot_normal" }}

[[maps]]
x = "learning_rate=1e-2..100:log"
y = "momentum=0..0.99"
size = "64x64"
optimizer = "momentum"
steps = 100
start = {{ draw = "random", distribution = "glorot_normal" }}
measures = ["final_loss", "outcome"]
"""


def table_study(
    file: str | Path,
    target: str | Sequence[str],
    *,
    inputs: Sequence[str] = (),
    task: str | None = None,
    missing: str = "refuse",
    categories: Sequence[str] = (),
) -> Study:
    """Return a study of a table: a network with one hidden layer on its standardized columns, two fits and a map.

    Parameters
    ----------
    file, target, inputs, task, missing, categories
        As for `read_data`.

    Raises
    ------
    DataError
        The table cannot be read, or cannot be used as it is.

    Examples
    --------
    >>> import tempfile; folder = tempfile.TemporaryDirectory()
    >>> _ = Path(folder.name, "trees.csv").write_text("size,bark,kind\\n1,rough,oak\\n2,smooth,ash\\n3,rough,oak\\n")
    >>> study = table_study(Path(folder.name, "trees.csv"), "kind")
    >>> study.network.units, study.data.target, study.maps[0].x
    ((3, 8, 2), 'kind', 'learning_rate=1e-2..100:log')
    >>> folder.cleanup()
    """
    path = Path(file)
    names = [target] if isinstance(target, str) else list(target)
    if not names:
        raise UsageError(f"{path.name} needs the column to learn: give --target COLUMN.")
    told: dict[str, Any] = {"file": path.name, "target": names[0] if len(names) == 1 else names}
    told |= {name: list(value) for name, value in {"inputs": inputs, "categories": categories}.items() if value}
    told |= {"task": task} if task else {}
    told |= {"missing": missing} if missing != "refuse" else {}
    own: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    source = Table(**own, standardize=True)
    data = source.build(Files(path.parent))
    values = bool(((data.T != 0) & (data.T != 1)).any()) or task == "regression"
    kind = "classes" if data.classes else "values" if values else "labels"
    text = TEMPLATE.format(
        title=json.dumps(f"{' and '.join(names)} from {path.name}"), units=UNITS,
        question=json.dumps(f"With which learning rate and momentum does a small network learn {' and '.join(names)}?"),
        inputs=data.X.shape[1], outputs=data.T.shape[1], loss=LOSSES[kind],
        data="\n".join(f"{name} = {json.dumps(value)}" for name, value in told.items()),
    )  # fmt: skip
    return parse(text, name=path.stem, source=path.name, folder=path.parent)

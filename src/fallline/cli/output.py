"""A run as a file: its picture, its path step by step, or all of it for machines."""

from __future__ import annotations

import io
import json
from pathlib import Path

from fallline import files
from fallline.errors import UnknownNameError
from fallline.runs.run import Run

__all__ = ["save_run"]

_PICTURES = (".svg", ".png", ".pdf")


def save_run(run: Run, path: Path, *, overwrite: bool = False) -> None:
    """Write a run; the suffix decides the format: .svg, .png, .pdf, .csv or .json."""
    suffix = path.suffix.lower()
    if suffix in _PICTURES:
        run.plot().save(path, overwrite=overwrite)
    elif suffix == ".csv":
        files.write(path, _table(run).encode(), overwrite=overwrite)
    elif suffix == ".json":
        files.write(path, json.dumps(run.to_dict(), indent=1).encode() + b"\n", overwrite=overwrite)
    else:
        raise UnknownNameError("the suffix of --out", suffix, (*_PICTURES, ".csv", ".json"))


def _table(run: Run) -> str:
    """One row a step: step, each parameter by name, loss, gradient norm; numbers read back to the same bits."""
    stream = io.StringIO()
    files.write_csv(stream, [["step", *run.objective.labels, "loss", "gradient_norm"]])
    steps = enumerate(zip(run.path, run.losses, run.gradient_norms, strict=True))
    files.write_csv(stream, ([k, *map(float, w), float(loss), float(norm)] for k, (w, loss, norm) in steps))
    return stream.getvalue()

"""The command `export`: a model as a file for other programs."""

from __future__ import annotations

from pathlib import Path

from fallline.cli.options import Force
from fallline.errors import UsageError

__all__ = ["export"]


def export(model: Path, out: Path, *, force: Force = False) -> int:
    """Write a model that `fit` wrote as an ONNX file, for other programs.

    The file takes the columns of a table as they are: numbers, with NaN for a missing cell, and texts, with "" for one. It needs
    the extra fallline[onnx].

    Args:
        model: MODEL.safetensors.
        out: The file to write, MODEL.onnx.
    """
    from fallline import files
    from fallline.models.model import Model

    if out.suffix != ".onnx":
        raise UsageError(f"the file to write must be MODEL.onnx; got {out.name!r}.")
    files.refuse_existing(out, overwrite=force)
    read = Model.load(model)
    read.to_onnx(out, overwrite=force)
    columns = ", ".join(read.preparation.columns[:6]) + (", ..." if len(read.preparation.columns) > 6 else "")
    answers = "value" if read.kind == "values" else "label and probability"
    print(f"Written to {out}: inputs {columns}; outputs {answers}.")
    return 0

"""The application: its commands, and how errors leave it.

Exit status: 0 done, 1 failure (a result cannot be written, a check found a fault), 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

import fallline
from fallline.cli import commands, encoding
from fallline.cli.terminal import escaped_output
from fallline.errors import ExistsError, FalllineError, UsageError, visible

__all__ = ["app", "main"]

app = App(
    name="fallline",
    help="Maps of how neural networks learn: equations, runs, comparisons and maps from one text.",
    version=fallline.__version__,
    help_format="markdown",
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
for command in commands.COMMANDS:
    app.command(command)
# These have the flags of optimizers, which load NumPy; each is imported when it is used.
app.command("fallline.cli.descend:descend", help="Descend a landscape and say how it ended.")
app.command("fallline.cli.fit:fit", help="Fit an ensemble of small networks to your own table, and say how good it is.")
app.command("fallline.cli.fit:predict", help="Answer for each row of a table, with a model that `fit` wrote.")
app.command("fallline.cli.export:export", help="Write a model that `fit` wrote as an ONNX file, for other programs.")

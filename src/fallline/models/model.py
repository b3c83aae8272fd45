"""`Model`: a fitted ensemble with all that is done to a table before and after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.preparing import Preparation, Target
from fallline.data.reading import Dialect, Table, read_table
from fallline.errors import UsageError
from fallline.models.description import Summary
from fallline.models.ensemble import Ensemble
from fallline.models.file import Parts, load_parts, save_parts
from fallline.models.fitting import Fit, Kind
from fallline.models.scores import scores
from fallline.models.summary_text import summary_text
from fallline.models.tuning import Tuning
from fallline.shapes import Shaped

__all__ = ["Model"]

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A model of a table: which columns it reads, how they become inputs, the networks, and what their answers mean.

    `fallline.fit` makes one, `Model.load` reads one from a file.

    Attributes
    ----------
    target, preparation
        What is learned, and how columns become inputs.
    kind
        Of the targets: "classes", "labels" or "values".
    ensemble
        The networks.
    summary
        What is told of the fit: scores, what was done to the table, how the training ended.
    fit
        The fit with its curves; None for a model from a file.
    tuning
        The grid of settings and the chosen neighbourhood; None if nothing was tuned, and for a model from a file.

    Examples
    --------
    >>> import fallline as fl
    >>> flowers = fl.read_table("size,kind\\n" + "1,rose\\n2,rose\\n5,tulip\\n6,tulip\\n" * 5)
    >>> model = fl.fit(flowers, "kind", hidden=(4,), ensemble=4, epochs=60)
    >>> model.predict(fl.read_table("size\\n1.5\\n5.5\\n")).tolist()
    ['rose', 'tulip']
    """

    target: Target
    preparation: Preparation
    kind: Kind
    ensemble: Ensemble
    summary: Summary
    fit: Fit | None = field(default=None)
    tuning: Tuning | None = field(default=None)

    @classmethod
    def load(cls, path: str | Path) -> Model:
        """Read a model from its file. No code of the file is run.

        Raises
        ------
        DataError
            It is no model file.
        """
        return cls(*load_parts(path))

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the model as a safetensors file, and return its path.

        Raises
        ------
        UsageError
            Its network has functions of the user's own, which a file cannot hold.
        OutputError
            The file cannot be written, or exists.
        """
        parts = Parts(self.target, self.preparation, self.kind, self.ensemble, self.summary)
        return save_parts(parts, path, overwrite=overwrite)

    def predict(self, source: Any, *, dialect: Dialect | None = None) -> NDArray[Any]:
        """Return the class, the labels or the values of each row of a table: a file, a data frame, or what `read_table` read.

        Raises
        ------
        DataError
            A column is absent, or a cell is not what it was in training.
        """
        return self.named(self.answers(source, dialect=dialect))

    def answers(self, source: Any, *, dialect: Dialect | None = None) -> Shaped[Floats, "rows n_out"]:
        """Return the probability of each class or label, or the values, of each row of a table."""
        return self.ensemble.answers(self.preparation(read_table(source, dialect=dialect)))

    def named(self, answers: Shaped[Floats, "rows n_out"]) -> NDArray[Any]:
        """Return what answers mean: names of classes, labels 0 or 1, or values; one for each row, or for each column."""
        if self.kind == "classes":
            return np.asarray(np.array(self.target.classes)[answers.argmax(axis=-1)])
        if self.kind == "labels":
            answers = (answers > 0.5).astype(np.int64)
        return np.asarray(answers[:, 0] if answers.shape[1] == 1 else answers)

    def scores(self, source: Any, *, dialect: Dialect | None = None) -> dict[str, float]:
        """Return how good the answers are on a table with its target: accuracy and log loss, or RMSE and R²."""
        table: Table = read_table(source, dialect=dialect)
        return scores(self.answers(table), self.target(table), self.kind)

    def plot_map(self, **options: Any) -> Any:
        """Draw the map of the tuning: the loss of each neighbourhood, where starts are lost, and the chosen one.

        Parameters
        ----------
        **options
            As for `Tuning.plot`.

        Raises
        ------
        UsageError
            The model was fitted without `tune`, or comes from a file.
        """
        if self.tuning is None:
            raise UsageError("plot_map needs a model that was fitted with tune=True in this session.")
        return self.tuning.plot(**options)

    def __str__(self) -> str:
        """What was done to the table, the network, how good it is beside a constant and a linear model, how training ended."""
        return summary_text(self)

    def __repr__(self) -> str:
        of = f"{len(self.target.classes)} classes of " if self.kind == "classes" else ""
        learned = ", ".join(self.target.columns)
        return f"Model({of}{learned!r} from {len(self.preparation.columns)} columns, {self.ensemble.members} networks {self.ensemble.network.text})"

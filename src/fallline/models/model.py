"""`Model`: a fitted ensemble with all that is done to a table before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import files
from fallline.data.preparing import Preparation, Target
from fallline.data.reading import Dialect, Table, read_table
from fallline.errors import DataError, UsageError
from fallline.models.description import Summary
from fallline.models.ensemble import Ensemble
from fallline.models.evidence import Evidence
from fallline.models.file import Parts, load_parts, save_parts
from fallline.models.fitting import Fit, Kind
from fallline.models.scores import scores
from fallline.models.summary_text import summary_text
from fallline.models.tuning import Tuning
from fallline.plotting import draw
from fallline.runs.progress import Progress, showing
from fallline.shapes import Shaped
from fallline.textbook.network import Network

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
    evidence
        The table that it was fitted to, for its report; None for a model from a file.

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
    evidence: Evidence | None = field(default=None)

    @classmethod
    def load(cls, path: str | Path) -> Model:
        """Read a model from its file. No code of the file is run.

        Raises
        ------
        DataError
            It is no model file.
        """
        return cls(*load_parts(path))

    @classmethod
    def of(
        cls,
        network: Network,
        parameters: Shaped[Floats, "*runs P"],
        *,
        columns: Sequence[Any] | None = None,
        classes: Sequence[Any] | None = None,
        target: str | Sequence[str] = "target",
    ) -> Model:
        """Make a model of a network that was trained elsewhere, whose inputs are columns of numbers as they are.

        Parameters
        ----------
        network, parameters
            The network, and its flat parameter vector; several vectors, (networks, P), are an ensemble.
        columns
            Names of the input columns; x1, x2, ... by default.
        classes
            Names of the classes; 0, 1, ... by default. With two classes the network may have a single logistic output.
        target
            The column that is learned; for several values or labels, one name each.

        Raises
        ------
        ShapeError
            The parameters are those of another network.
        UsageError
            There are too few or too many names.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.neural_network import MLPClassifier
        >>> import fallline as fl
        >>> iris = load_iris(as_frame=True)
        >>> mlp = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(iris.data, iris.target_names[iris.target])
        >>> model = Model.of(*fl.from_sklearn(mlp), columns=mlp.feature_names_in_, classes=mlp.classes_, target="species")
        >>> model
        Model(3 classes of 'species' from 4 columns, 1 network 4-4-3)
        >>> bool(abs(model.answers(iris.data) - mlp.predict_proba(iris.data)).max() < 1e-12)
        True
        """
        from fallline.models.exchange.made_parts import parts_of

        return cls(*parts_of(network, parameters, columns, classes, target))

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the model as a safetensors file, and return its path.

        Raises
        ------
        UsageError
            Its network has functions of the user's own, which a file cannot hold.
        OutputError
            The file cannot be written, or exists.
        """
        return save_parts(self._parts, path, overwrite=overwrite)

    def report(self, folder: str | Path = "report", *, overwrite: bool = False, progress: Progress = False) -> Any:
        """Write a page on the model: the data, the network and its equations, curves, errors, what the inputs are worth.

        The folder gets report.html, results.json with the numbers, and figures/ with the pictures. It needs the table, so it is a
        method of what `fit` returned; a model file does not hold the table.

        Parameters
        ----------
        folder
            It is created.
        overwrite
            Whether to replace an earlier report in the folder.
        progress
            True for a bar, or a function of (work done, total work).

        Returns
        -------
        ReportFiles
            The paths of the files.

        Raises
        ------
        UsageError
            The model is from a file.
        OutputError
            The folder holds a report already, or cannot be written.
        """
        if self.fit is None or self.evidence is None:
            raise UsageError(
                "a report needs the table and the curves, which a model file does not hold: fit the model again."
            )
        with showing(progress, "report") as show:
            return draw("model report", self, folder=Path(folder), overwrite=overwrite, progress=show)

    def to_onnx(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the model as an ONNX file with everything that is done to a table, and return its path.

        The file has an input for each column, of the shape (rows, 1): float64 for numbers, where NaN is a missing cell, and
        strings for categories, where "" is one. Its outputs are `label` and `probability`, or `value`. Answers are equal to
        those of `answers` to 1e-6 in onnxruntime. A cell that this model would refuse makes the answers of its row NaN.

        Raises
        ------
        UsageError
            Its network has functions of the user's own; or the package onnx, the extra `fallline[onnx]`, is not installed.
        OutputError
            The file cannot be written, or exists.

        Examples
        --------
        >>> import tempfile; folder = tempfile.TemporaryDirectory()
        >>> import fallline as fl
        >>> flowers = fl.read_table("size,kind\\n" + "1,rose\\n2,rose\\n5,tulip\\n6,tulip\\n" * 5)
        >>> model = fl.fit(flowers, "kind", hidden=(4,), ensemble=4, epochs=60)
        >>> model.to_onnx(Path(folder.name, "flowers.onnx")).name
        'flowers.onnx'
        >>> folder.cleanup()
        """
        from fallline.models.exchange.onnx_file import onnx_file

        return files.write(
            path, onnx_file(self.target, self.preparation, self.kind, self.ensemble), overwrite=overwrite
        )

    def to_torch(self) -> Any:
        """Return the ensemble as a module of PyTorch: from prepared inputs, `model.preparation(table)`, to answers.

        Its `members` are an `nn.Sequential` each. It can be trained further, and saved by its `state_dict`.

        Raises
        ------
        UsageError
            Its network has functions of the user's own; or PyTorch is not installed.
        """
        from fallline.models.exchange.torch_model import torch_module

        return torch_module(self.ensemble)

    def predict(self, source: Any, *, dialect: Dialect | None = None) -> NDArray[Any]:
        """Return the class, the labels or the values of each row of a table: a file, a data frame, or what `read_table` read.

        Raises
        ------
        DataError
            A column is absent, or a cell is not what it was in training.
        """
        return self.named(self.answers(source, dialect=dialect))

    def answers(self, source: Any, *, dialect: Dialect | None = None) -> Shaped[Floats, "rows n_out"]:
        """Return the probability of each class or label, or the values, of each row of a table.

        Raises
        ------
        DataError
            A column is absent, a cell is not what it was in training, or an answer is too large for a float.
        """
        table = read_table(source, dialect=dialect)
        answers = self.ensemble.answers(self.preparation(table))
        wrong = np.flatnonzero(~np.isfinite(answers).all(axis=-1))
        if len(wrong):
            raise DataError(
                f"{table.file}, {table.place(int(wrong[0]))}: the answer of the networks is too large for a float."
            )
        return answers

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
        return summary_text(self._parts)

    @property
    def _parts(self) -> Parts:
        return Parts(self.target, self.preparation, self.kind, self.ensemble, self.summary)

    def __repr__(self) -> str:
        of = f"{len(self.target.classes)} classes of " if self.kind == "classes" else ""
        learned = ", ".join(self.target.columns)
        count = f"{self.ensemble.members} network{'s' if self.ensemble.members != 1 else ''}"
        return (
            f"Model({of}{learned!r} from {len(self.preparation.columns)} columns, {count} {self.ensemble.network.text})"
        )

"""The commands `fit` and `predict`: a model of a user's own table."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from fallline.cli.method_flags import Assigned, assignment, optimizer_of
from fallline.cli.options import Force, Json, Number, Out, Whole
from fallline.cli.progress import bar
from fallline.errors import UsageError
from fallline.models.settings import DECLARED, INITIAL, FitSettings
from fallline.sentences import capital

__all__ = ["fit", "predict"]


BY_SAMPLES = {"batch": "about a sixteenth of the samples", "l2": "2 divided by the number of samples, and at most 0.01"}
"""Defaults that depend on the table."""


def _flag(name: str) -> Parameter:
    s = DECLARED[name]
    default = BY_SAMPLES.get(name, f"{s.default:g}")
    return Parameter(help=f"{capital(s.meaning)}; {s.range}. Default {default}.", show_default=False, group="Training")


Columns = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]


def fit(
    data: Path,
    *,
    target: Columns,
    inputs: Columns = (),
    task: Literal["classification", "regression"] | None = None,
    missing: Literal["refuse", "impute"] = "refuse",
    categories: Columns = (),
    weights: str | None = None,
    balanced: Annotated[bool, Parameter(negative="")] = False,
    test: Number = 0.0,
    warranty: Annotated[bool, Parameter(negative="")] = False,
    tune: Annotated[bool, Parameter(negative="")] = False,
    outer_folds: Annotated[Whole | None, Parameter(show_default=False)] = None,
    map_file: Annotated[Path | None, Parameter(name="--map", show_default=False)] = None,
    hidden: Annotated[str, Parameter(group="Training")] = ",".join(map(str, FitSettings.hidden)),
    activation: Annotated[str, Parameter(group="Training")] = "relu",
    optimizer: Annotated[str, Parameter(group="Training")] = "adam",
    learning_rate: Annotated[Number | None, Parameter(group="Training", show_default=False)] = None,
    assigned: Assigned = (),
    schedule: Annotated[str, Parameter(group="Training")] = "cosine",
    initial: Annotated[str, Parameter(group="Training")] = INITIAL,
    scaling: Annotated[Literal["robust", "standard", "none"], Parameter(group="Training")] = FitSettings.scaling,
    dtype: Annotated[Literal["float32", "float64"], Parameter(group="Training")] = "float64",
    ensemble: Annotated[Whole | None, _flag("ensemble")] = None,
    folds: Annotated[Whole | None, _flag("folds")] = None,
    validation: Annotated[Number | None, _flag("validation")] = None,
    epochs: Annotated[Whole | None, _flag("epochs")] = None,
    patience: Annotated[Whole | None, _flag("patience")] = None,
    batch: Annotated[Whole | None, _flag("batch")] = None,
    refit: Annotated[bool | None, Parameter(group="Training", show_default=False)] = None,
    label_smoothing: Annotated[Number | None, _flag("label_smoothing")] = None,
    l2: Annotated[Number | None, _flag("l2")] = None,
    seed: Annotated[Whole | None, _flag("seed")] = None,
    out: Out = None,
    report: Path | None = None,
    force: Force = False,
    json: Json = False,
) -> int:
    """Fit an ensemble of small networks to a table, and say how good it is beside a constant and a linear model.

    Args:
        data: A CSV file in any usual dialect, or a Parquet file.
        target: The column to learn; given several times, several labels or values.
        inputs: The input columns; all others unless given.
        task: Whether the target holds classes or values; guessed, and said, unless given.
        missing: What is done with missing cells: refuse them, or impute the median or the most frequent category.
        categories: Columns of numbers that are categories, such as a code.
        weights: A column with the weight of each row.
        balanced: Give all classes the same weight together.
        test: Share of the rows that is kept from everything, for a last judgement.
        warranty: Train fresh starts around the settings, and tell how many are lost and how far the cliff is.
        tune: Choose learning rate and L2 penalty (or momentum) with a margin from the cliff. The exit status is 1 if no settings
            have such a margin.
        outer_folds: Parts of the rows that are each kept from everything once, for an honest estimate; 5 with --tune, else 0.
        map_file: Picture of the settings that were tried, to write: MAP.png, .svg or .pdf.
        hidden: Units of the hidden layers, joined by commas.
        activation: Of the hidden layers.
        optimizer: adam, momentum, gradient_descent, ..., or one of your own, FILE.py:NAME.
        learning_rate: Of the optimizer; its default unless given.
        schedule: Of the learning rate, over the whole run: cosine, constant, step_decay, ...
        initial: Distribution of the first weights.
        scaling: Of the inputs: median and quartiles with smooth clipping, mean and deviation, or none.
        dtype: Precision of the arithmetic.
        refit: Train the starts again on all rows, up to the epoch that their fold chose; by default, if there are at most 1,000.
        out: Model file to write, MODEL.safetensors.
        report: Folder for a page on the model: data, network, curves, errors, what each column is worth.
    """
    import fallline as fl
    from fallline import files
    from fallline.report.folder import refuse_report

    if report is not None:
        refuse_report(report, force)

    if out is not None:
        if out.suffix != ".safetensors":
            raise UsageError(f"--out must be a file MODEL.safetensors; got {out.name!r}.")
        files.refuse_existing(out, overwrite=force)
    if map_file is not None:
        if not tune:
            raise UsageError("--map needs --tune, which tries the settings that it shows.")
        files.refuse_existing(map_file, overwrite=force)
    numbers: dict[str, Any] = {
        "ensemble": ensemble, "folds": folds, "validation": validation, "epochs": epochs, "patience": patience, "batch": batch,
        "label_smoothing": label_smoothing, "l2": l2, "seed": seed,
    }  # fmt: skip
    with bar("fit") as progress:
        model = fl.fit(
            data, target[0] if len(target) == 1 else target, inputs=inputs, task=task, missing=missing, categories=categories,
            weights=weights, balanced=balanced, test=test, warranty=warranty, tune=tune,
            outer_folds=outer_folds, progress=progress, hidden=hidden, activation=activation,
            optimizer=optimizer_of(optimizer), learning_rate=learning_rate, optimizer_settings=dict(map(assignment, assigned)),
            schedule=schedule, initial=initial, scaling=scaling, dtype=dtype, refit=refit,
            **{name: value for name, value in numbers.items() if value is not None},
        )  # fmt: skip
    if out is not None:
        model.save(out, overwrite=force)
    if map_file is not None:
        model.plot_map().save(map_file, overwrite=force)
    status = 0 if model.tuning is None or model.tuning.holds else 1
    written = {name: str(file) for name, file in (("model", out), ("map", map_file)) if file is not None}
    page = None
    if report is not None:
        with bar("report") as progress:
            page = model.report(report, overwrite=force, progress=progress)
        written["report"] = str(page.html)
    if json:
        print(json_module.dumps({**model.summary.model_dump(), "network": model.ensemble.network.text} | written))
        return status
    print(model)
    files_written = [str(file) for file in (out, map_file) if file is not None]
    if files_written:
        print(f"Written to {' and '.join(files_written)}.")
    if page is not None:
        print(page)
    return status


def predict(model: Path, data: Path, *, out: Out = None, force: Force = False, json: Json = False) -> int:
    """Answer for each row of a table, with a model that `fit` wrote: its class and the probability of each, or its value.

    Args:
        model: MODEL.safetensors.
        data: A CSV or Parquet file with the columns that the model reads.
        out: CSV file to write; printed unless given.
    """
    import io
    import sys

    from fallline import files
    from fallline.data.reading import read_table
    from fallline.models.model import Model

    read = Model.load(model)
    table = read_table(data)
    answers = read.answers(table)
    heading, rows = _rows(read, answers)
    told = read.preparation.unseen(table)
    if json:
        print(json_module.dumps({"columns": heading, "rows": rows, "notes": told}))
        return 0
    text = io.StringIO()
    files.write_csv(text, [heading, *rows])
    if out is None:
        print(text.getvalue().replace("\r\n", "\n"), end="")
    else:
        files.write(out, text.getvalue().encode(), overwrite=force)
        print(f"{len(rows):,} answers written to {out}.")
    for sentence in told:
        print(f"fallline: {sentence}", file=sys.stderr)
    return 0


def _rows(model: Any, answers: Any) -> tuple[list[str], list[list[Any]]]:
    """Return the heading of the answers, and a row for each."""
    columns = list(model.target.columns)
    named = model.named(answers)
    if model.kind == "values":
        return columns, answers.tolist()
    if model.kind == "classes":
        heading = [columns[0], *(f"p({name})" for name in model.target.classes)]
        return heading, [[name, *row] for name, row in zip(named.tolist(), answers.tolist(), strict=True)]
    heading = [*columns, *(f"p({name})" for name in columns)]
    named = named.reshape(len(answers), -1)
    return heading, [[*name, *row] for name, row in zip(named.tolist(), answers.tolist(), strict=True)]

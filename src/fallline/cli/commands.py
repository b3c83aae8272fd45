"""The commands. Each reads its arguments, calls one function of the package, and prints the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from fallline.cli.encoding import print_document
from fallline.cli.options import (
    Force,
    Json,
    Number,
    Out,
    Whole,
    bounded,
    objective_of,
)
from fallline.cli.progress import bar
from fallline.cli.table_flags import TableFlags, study_or_table
from fallline.errors import UsageError
from fallline.user_code.python_file import names_file, split

__all__ = ["COMMANDS"]


def draw(
    what: str,
    *,
    activation: str = "relu",
    theme: Literal["light", "dark"] = "light",
    out: Out = None,
    force: Force = False,
) -> int:
    """Draw a network such as 2-3-2-3, or the contours of a landscape.

    Args:
        what: Sizes of the layers, 2-3-2-3, or a landscape's name, or FILE.py:NAME.
        activation: Of the hidden layers.
        theme: Light or dark.
        out: Picture to write, .svg, .png or .pdf; WHAT.svg unless given.
    """
    import fallline as fl
    from fallline import views

    if what[:1].isdigit() and not names_file(what):
        picture = views.draw_network(fl.Network.of(what, activation=activation), theme=theme)
    else:
        picture = views.draw_contours(fl.objective(objective_of(what)), theme=theme)
    path = out or Path(f"{(split(what)[1] or split(what)[0].stem) if names_file(what) else what}.svg")
    picture.save(path, overwrite=force)
    print(f"{picture.alt}\nWritten to {path}.")
    return 0


def report(
    study: str = "three-gaussians",
    *,
    table: TableFlags | None = None,
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> int:
    """Run a whole study and write its report: report.html, results.json and figures/.

    Args:
        study: A built-in study's name, a TOML file, or a table (CSV, Parquet) with --target.
        out: Folder to write to; `report` unless given.
    """
    from fallline.report import report as write

    with bar("report") as progress:
        files = write(study_or_table(study, table), out or Path("report"), overwrite=force, progress=progress)
    if json:
        print_document(files.results.read_text(encoding="utf-8") + "\n")
    else:
        print(files)
    return 0


def study(name: str = "three-gaussians", *, table: TableFlags | None = None) -> int:
    """Print a built-in study as TOML, with a comment for each key: a starting point for your own.

    Args:
        name: A built-in study's name; or a table (CSV, Parquet) with --target, for a study of it.
    """
    from fallline.data.reading.sources import is_table
    from fallline.experiment.formats.schema import directive
    from fallline.experiment.studies import builtin_text, to_toml

    told = table is not None and bool(table.told)
    text = to_toml(study_or_table(name, table)) if told or is_table(name) else builtin_text(name)
    print_document(f"{directive()}\n{text}")
    return 0


def check(
    what: str,
    *,
    network: str = "",
    of: str = "",
    activation: str = "relu",
    loss: str = "cross_entropy",
    reduction: Literal["sum", "mean"] | None = None,
    l2: Number = 0.0,
    bias: bool = True,
    data: str | None = None,
    seed: Whole = 0,
    hint: Whole | None = None,
    format: Literal["gradescope", "otter", "github"] | None = None,
    points: Number = 1.0,
    csv: Path | None = None,
    time_limit: Number | None = None,
    memory_limit: Whole | None = None,
    workers: Whole = 1,
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> int:
    """Check a gradient derived by hand: where it goes wrong, why, and the equation that is right.

    The file is executed, in a process of its own. A file that fails, or that trains for hours, is loaded as far as
    it goes. Exit status 0 right, 1 wrong, 2 could not check.

    Args:
        what: FILE:FUNCTION or FILE:Class.method; FILE or FILE:Class for its likeliest functions; or a folder of submissions.
            FILE is a Python file or a notebook.
        network: Sizes of the network that it is the gradient of; 2-3-2-3 unless given.
        of: Instead of a network: a landscape, activation, loss or optimizer, or FILE.py:FUNCTION of coordinates.
        activation: Of the hidden layers; several joined by commas. Your own function of z is FILE.py:NAME.
        loss: Of the network. Your own is FILE.py:NAME, a function of logits and targets or of parameters, inputs and targets.
        reduction: Sum or mean of the loss over the samples; either is right unless given.
        l2: L2 penalty.
        bias: Whether the network has biases.
        data: CSV to check it on; random samples unless given.
        seed: Key of the random weights and samples.
        hint: How much is told of a fault: 1 where it is, 2 also of what kind, 3 also the equations and the cure;
            everything unless given.
        format: Print the results as an autograder reads them.
        points: Points for a right gradient, for --format.
        csv: Of a folder: a table to write, one row a file.
        time_limit: Seconds for each file; 30 unless given.
        memory_limit: Megabytes for each file; 2048 unless given.
        workers: Files of a folder checked at a time.
        out: Picture of the errors to write.
    """
    from fallline.checks.command import check as run

    bounded(time_limit, "--time-limit", 0.1, 86400)
    bounded(memory_limit, "--memory-limit", 16, 2**20, whole=True)
    bounded(workers, "--workers", 1, 1024, whole=True)
    bounded(hint, "--hint", 1, 3, whole=True)
    bounded(points, "--points", 0, 1e6)
    limits: dict[str, Any] = {"time_limit": time_limit, "memory_limit": memory_limit}
    with bar("check") as progress:
        return run(
            what, network=network, of=of, activation=activation, loss=loss, reduction=reduction, l2=l2, bias=bias,
            data=data, seed=seed, hint=hint, json=json, format=format, points=points, csv=csv, out=out, force=force,
            workers=workers, progress=progress,
            **{name: value for name, value in limits.items() if value is not None},
        )  # fmt: skip


def bench(*, quick: bool = False, sweep: bool = True, json: Json = False, instruction_set: str = "native") -> int:
    """Time our kernels beside whichever peers are installed (NumPy, scikit-learn, PyTorch, JAX), on this machine.

    Args:
        quick: Fewer rounds and architectures.
        sweep: Also the table of architectures.
        instruction_set: "avx2" holds every contestant to it on a machine that has AVX-512.
    """
    from fallline.bench.__main__ import main as run

    flags = {"--quick": quick, "--no-sweep": not sweep, "--json": json}
    return run([*(flag for flag, given_ in flags.items() if given_), "--instruction-set", instruction_set])


def lab(
    study: str | None = None,
    *,
    data: Path | None = None,
    target: str | None = None,
    task: Literal["classification", "regression"] | None = None,
    missing: Literal["refuse", "impute"] | None = None,
    port: Whole | None = None,
    browser: bool = True,
) -> int:
    """Open the lab in the browser: every slider moves a whole map. Ctrl-C ends it.

    Args:
        study: A built-in study's name, or a TOML file; the page begins with its first map. Or a CSV file, as --data. Or a
            map file (.fallmap) of any size, whose cells the page shows, and whose runs it trains again.
        data: A CSV file to begin with.
        target: Of that table: the column to learn; the last one unless given.
        task: Of that table: whether the target is learned as classes or as values; guessed unless given.
        missing: Of that table: whether missing cells are refused or imputed; refused unless given.
        port: Of the local server; the first free one from 8421 on unless given.
        browser: Whether to open the browser; the address is printed in any case.
    """
    from fallline.data.reading.sources import is_table
    from fallline.lab import serve

    bounded(port, "--port", 0, 65535, whole=True)
    if study is not None and Path(study).suffix.lower() == ".fallmap":
        from fallline.live import serve_map

        if data is not None or target is not None or task is not None or missing is not None:
            raise UsageError(
                f"{study} is a map file, which has its own data: leave out --data, --target, --task, --missing."
            )
        return serve_map(study, port=port, browser=browser)
    if study is not None and data is None and is_table(study):
        data, study = Path(study), None
    return serve(study, data=data, target=target, task=task, missing=missing, port=port, browser=browser)


COMMANDS: tuple[Any, ...] = (report, study, draw, check, bench, lab)

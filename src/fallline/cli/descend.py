"""The `descend` command."""

from __future__ import annotations

import json as json_module
from typing import Literal

from fallline.cli.method_flags import Assigned, MethodFlags, chosen_settings, optimizer_of
from fallline.cli.options import Force, Json, Out, Point, Whole, objective_of

__all__ = ["descend"]


def descend(
    objective: str,
    *,
    optimizer: str = "gradient_descent",
    flags: MethodFlags = None,
    assigned: Assigned = (),
    schedule: str = "constant",
    start: Point = None,
    steps: Whole = 100,
    seed: Whole = 0,
    dtype: Literal["float32", "float64"] = "float64",
    out: Out = None,
    force: Force = False,
    json: Json = False,
) -> int:
    """Descend a landscape, print how the run ended, and write it where `--out` says.

    Args:
        objective: A landscape (rosenbrock, himmelblau, ...) or a function of your own, FILE.py:NAME.
        optimizer: gradient_descent, momentum, nesterov, adagrad, rmsprop, adam, ..., or one of your own, FILE.py:NAME;
            `--set` gives its own settings.
        schedule: Of the learning rate: constant, step_decay, exponential, inverse_time, cosine, warmup.
        start: First point, numbers joined by commas, as -1.2,1; the landscape's classical start unless given.
        steps: Number of updates.
        seed: Key of random numbers.
        dtype: Precision of the arithmetic.
        out: Picture (.svg, .png, .pdf), path step by step (.csv), or the whole run (.json).
    """
    import fallline as fl

    settings, schedule_table = chosen_settings(schedule, flags, assigned)
    run = fl.descend(
        objective_of(objective),
        optimizer_of(optimizer),
        start=start,
        steps=steps,
        schedule=schedule_table,
        seed=seed,
        dtype=dtype,
        **settings,
    )
    if out is not None:
        from fallline.cli.output import save_run

        save_run(run, out, overwrite=force)
    if json:
        print(json_module.dumps(run.to_dict()))
        return 0
    labels = run.objective.labels
    for what, w, loss in (("start", run.start, run.losses[0]), ("end", run.end, run.losses[-1])):
        where = ", ".join(f"{label} = {value:.6f}" for label, value in zip(labels, w, strict=True))
        print(f"{what:<6} {where}   loss {loss:.6g}")
    print(f"{'method':<6} {run.method}, {run.steps} steps")
    print(run.outcome)
    if out is not None:
        print(f"Written to {out}.")
    return 0

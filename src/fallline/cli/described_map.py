"""The map that the words of a command describe: the first map of a study, or a preset, with what flags change of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal

from fallline.cli.map_objective import map_objective
from fallline.cli.method_flags import chosen_settings, optimizer_of
from fallline.cli.table_flags import TableFlags
from fallline.errors import UsageError

if TYPE_CHECKING:
    from fallline.experiment.axis_forms import AxisForm
    from fallline.experiment.map_record import MapSpec

__all__ = ["described_map"]


def described_map(
    study: str | None,
    *,
    preset: str | None = None,
    table: TableFlags | None = None,
    x: str | None = None,
    y: str | None = None,
    size: str | None = None,
    steps: int | None = None,
    optimizer: str | None = None,
    flags: Any = None,
    assigned: tuple[str, ...] = (),
    schedule: str | None = None,
    measure: tuple[str, ...] = (),
    start: list[float] | None = None,
    initial: str | None = None,
    seed: int | None = None,
    starts: int | None = None,
    batch: int | None = None,
    replacement: bool | None = None,
    full_loss: bool | None = None,
    features: str | None = None,
    test_share: float | None = None,
    split_seed: int | None = None,
    label_noise: float | None = None,
    subset: int | None = None,
    draw_seed: int | None = None,
    parametrization: str | None = None,
    base_width: int | None = None,
    dtype: str | None = None,
    keep: Literal["values", "state"] = "values",
    in_memory: bool = True,
) -> tuple[MapSpec, bool]:
    """Return the spec, and whether its samples are the user's own. The arguments are the flags of `fallline map`.

    Raises
    ------
    UsageError
        Neither a study nor a preset is given, or both; or no axis is named.
    """
    from fallline.experiment.axis_forms import axis_of
    from fallline.experiment.idle_arguments import refuse_idle
    from fallline.experiment.map_spec import map_spec, own_axis_forms
    from fallline.maps.fractal import PRESETS

    if preset is None and study in PRESETS:
        study, preset = None, study
    if (study is None) == (preset is None):
        raise UsageError("a map needs a study, such as three-gaussians, or a preset, such as --preset fractal-tanh.")
    inputs = None if features is None else [name.strip() for name in features.split(",")]
    of_data = {
        "features": inputs, "test_share": test_share, "split_seed": split_seed, "label_noise": label_noise, "subset": subset,
        "draw_seed": draw_seed,
    }  # fmt: skip
    of_network = {"parametrization": parametrization, "base_width": base_width}
    objective, defaults = map_objective(study, table, of_data, of_network, preset, 0 if seed is None else seed)
    for note in getattr(getattr(objective, "data", None), "notes", ()):  # of a table
        print(note, file=sys.stderr)
    own_data = bool(defaults.get("own_data", False))
    redrawn = {"seed", "initial", "width", "depth"}
    if y is None and x is None:
        y = defaults.get("y") or None
    else:
        redrawn |= {"initial_scale"}  # of random starts; a study's own axis scales the study's start
    x = x or defaults.get("x")
    if x is None:
        raise UsageError("--x must name a setting and its range, such as learning_rate=1e-4..1e-1:log.")
    record = None if optimizer is None else optimizer_of(optimizer)
    across, up = own_axis_forms(
        _axis_form(x), None if y is None else _axis_form(y), record or defaults.get("optimizer") or "gradient_descent"
    )
    names = {axis_of(form).name for form in (across, up) if form is not None}
    if defaults.get("data") is not None:
        defaults["data"].refuse_axes(names)
    # What is an axis has no value from the study.
    defaults = {name: value for name, value in defaults.items() if name not in names}
    own = defaults.get("settings", {}) if optimizer is None and "optimizer" not in names else {}
    chosen, decay = chosen_settings(schedule or defaults.get("schedule", "constant"), flags, assigned)
    own_choice = defaults.get("optimizer") or ("momentum" if "momentum" in names else "gradient_descent")
    size = size or defaults.get("size", "256x256")
    if up is None:
        size = size.partition("x")[0]
    starts = _first(starts, defaults.get("starts"), 1)
    drawn = starts > 1 or bool(names & redrawn)
    spec = map_spec(
        objective, x=across, y=up, size=size, optimizer_=record or own_choice,
        steps=_first(steps, defaults.get("steps"), 100), measures=measure or defaults.get("measures", ("final_loss",)),
        schedule_=decay, start=start if start is not None else None if drawn else defaults.get("start"),
        initial_=initial or defaults.get("initial", "normal"), in_memory=in_memory,
        seed=_first(seed, defaults.get("seed"), 0), starts=starts, batch=_first(batch, defaults.get("batch"), None),
        replacement=_first(replacement, defaults.get("replacement"), False),
        full_loss=_first(full_loss, defaults.get("full_loss"), False),
        dtype=dtype or defaults.get("dtype", "float64"), keep=keep,
        **({k: v for k, v in own.items() if k not in names} | chosen),
    )  # fmt: skip
    refuse_idle(
        spec, settings=chosen, schedule=chosen_settings("", flags, assigned)[1], steps=steps, batch=batch, start=start,
        initial=initial, seed=seed,
    )  # fmt: skip
    return spec, own_data


def _axis_form(text: str) -> AxisForm:
    """The axis of that text; optimizers of an axis may be of the user's own, FILE.py:NAME, which executes that file."""
    name, _, names = (part.strip() for part in text.partition("="))
    if name != "optimizer" or not names:
        return text
    return name, [optimizer_of(word.strip()) for word in names.split(",")]


def _first(*values: Any) -> Any:
    """The first value that is not None, else the last."""
    return next((value for value in values if value is not None), values[-1])

"""What the `map` command trains: a landscape, a function of the user's own, a study's network, or a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallline.cli.options import objective_of
from fallline.cli.table_flags import TableFlags, study_or_table
from fallline.errors import UsageError
from fallline.user_code.python_file import names_file

if TYPE_CHECKING:
    from fallline.experiment.sources import Source
    from fallline.experiment.study_records import Study

__all__ = ["map_objective"]


def _fitting(described: Study, data: Source) -> Any:
    """The study's network with as many inputs as the data have features."""
    network = described.network
    if network is None or not data.features:
        return network
    return network.model_copy(update={"units": (len(data.features), *network.units[1:])})


def map_objective(
    word: str | None,
    table: TableFlags | None,
    of_data: dict[str, Any],
    of_network: dict[str, Any],
    preset: str | None = None,
    seed: int = 0,
) -> tuple[Any, dict[str, Any]]:
    """The objective of that name, and the axes, size, optimizer, start and steps of the first map of its study.

    `of_data` and `of_network` hold what flags change of the study's data and network; None where no flag is given. A preset stands in the place of a
    study; the seed is the key of its data and its start.
    """
    from fallline.data.noise import DRAW_SEED, LABEL_NOISE, SUBSET
    from fallline.data.split import SPLIT_SEED, TEST_SHARE
    from fallline.experiment.build import build_start, schedule_words
    from fallline.experiment.build import objective_of as of_study
    from fallline.experiment.sources import Generated
    from fallline.textbook.landscapes import LANDSCAPES

    changes = {name: value for name, value in of_data.items() if value is not None}
    widths = {name: value for name, value in of_network.items() if value is not None}
    given = [*changes, *widths, *([] if table is None else table.told)]
    first = next((f"--{name.replace('_', '-')}" for name in given), "")
    if word is None:
        return _of_preset(preset, seed, first)
    if names_file(word) or word in LANDSCAPES:
        if given:
            raise UsageError(
                f"{first} needs a study of a network on data; {word} has no {'samples' if changes else 'network'}."
            )
        return objective_of(word), {"own_data": names_file(word)}
    described = study_or_table(word, table)
    if changes:
        if described.data is None:
            raise UsageError(f"{first} needs a study of a network on data; {word} has no [data].")
        for setting in (TEST_SHARE, SPLIT_SEED, LABEL_NOISE, SUBSET, DRAW_SEED):
            if setting.name in changes:
                setting.check(changes[setting.name])
        data = described.data.with_(**changes)
        described = described.model_copy(update={"data": data, "network": _fitting(described, data)})
    if widths:
        if described.network is None:
            raise UsageError(f"{first} needs a study of a network on data; {word} has no [network].")
        described = described.model_copy(update={"network": described.network.with_(**widths)})
    defaults = next(iter(described.maps), None)
    target = of_study(described, defaults.objective if defaults else "")
    own_data = {
        "own_data": described.data is not None and not isinstance(described.data, Generated),
        "data": described.data,
    }
    if defaults is None:
        return target, own_data
    return target, dict(defaults) | own_data | {
        "start": build_start(defaults.start, target),
        "schedule": schedule_words(defaults.schedule),
    }


def _of_preset(name: str | None, seed: int, flag: str) -> tuple[Any, dict[str, Any]]:
    from fallline.maps.fractal import preset

    chosen = preset(name or "")
    if flag:
        raise UsageError(f"{flag} needs a study of a network on data; the preset {name} has its own samples.")
    return chosen.objective(seed), chosen.plane(seed)

"""Controls of an objective or a data source, made from the declarations of its record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fallline.data.csv_file import CsvFile
from fallline.data.features import FEATURES
from fallline.data.generated import SAMPLES_IN_ALL
from fallline.experiment.fields import about, kind_of
from fallline.experiment.kinds import Choice, Flag, OfSetting, Text
from fallline.experiment.part import Part
from fallline.formulas import EXAMPLES, LONGEST
from fallline.lab.controls.fields import Json, choice, number, options
from fallline.lab.limits import MOST, MOST_LAYERS, MOST_POINTS, MOST_UNITS
from fallline.sentences import sentence
from fallline.settings import Setting
from fallline.textbook.activations import ACTIVATIONS

__all__ = ["kind_control", "part_controls"]


def kind_control(key: str, label: str, meaning: str, kinds: Mapping[str, type[Part]]) -> Json:
    """The choice among the kinds of a part."""
    return choice(f"{key}.kind", label, meaning, ({"value": kind, "label": part.label} for kind, part in kinds.items()))


def part_controls(key: str, part: Part, table: CsvFile | None = None) -> Iterator[Json]:
    """A control for each field of a part, and for each setting of the member of a family that it names."""
    record = type(part)
    free = kind_of(record.model_fields[record.free]) if record.free else None
    declared = free.family[getattr(part, free.chooser)].declared if free else {}
    own = _own_controls(table)
    for name, field in record.model_fields.items():
        dotted, facts = f"{key}.{name}", about(record, name)
        words: Json = {"label": facts.label, "meaning": sentence(facts.meaning)}
        kind = kind_of(field)
        if name == record.free:
            continue
        if dotted in own:
            yield {"key": dotted, "symbol": None} | words | own[dotted]
        elif isinstance(kind, Choice):
            yield choice(dotted, **words, entries=options(kind.family))
        elif isinstance(kind, Flag):
            yield {"key": dotted, "kind": "toggle", "symbol": None} | words
        elif isinstance(kind, Text):
            yield {"key": dotted, "kind": "text", "symbol": None, "max": LONGEST, "examples": []} | words
        elif isinstance(kind, OfSetting) or name in declared:
            words |= {"high": MOST[dotted]} if dotted in MOST else {}
            setting = declared.get(name) or kind.setting
            if setting.label == SAMPLES_IN_ALL.label:  # the set has no classes
                words |= {"label": setting.label, "meaning": sentence(setting.meaning)}
            yield number(dotted, setting, **words)
        if free and name == free.chooser:
            settings = {n: s for n, s in declared.items() if n not in record.model_fields}
            yield from (_within_slider(f"{key}.{n}", s) for n, s in settings.items())


def _within_slider(key: str, setting: Setting) -> Json:
    slider = setting.slider_range
    return number(key, setting, low=slider.low, high=slider.high)


def _own_controls(table: CsvFile | None) -> dict[str, Json]:
    """What the page needs for controls of a kind of their own."""
    columns = [] if table is None else table.columns
    return {
        "objective.units": {"kind": "units", "max_layers": MOST_LAYERS, "max_units": MOST_UNITS},
        "objective.activations": {"kind": "activations", "options": options(ACTIVATIONS)},
        "objective.text": {"kind": "text", "max": LONGEST, "examples": list(EXAMPLES)},
        "data.features": {"kind": "features", "options": options(FEATURES), "plain": ["x1", "x2"]},
        "data.points": {"kind": "points", "classes": 4, "max": MOST_POINTS},
        "data.digest": {"kind": "table", "columns": columns},
        "data.target": {"kind": "choice", "options": [{"value": c, "label": c} for c in columns]},
    }

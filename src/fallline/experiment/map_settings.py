"""The settings that a map of a study may have: those of its optimizer, or of the optimizers of an axis."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationInfo

from fallline.errors import UsageError
from fallline.experiment.axis_forms import axis_of
from fallline.experiment.choice_axis import ChoiceAxis
from fallline.experiment.fields import Free
from fallline.experiment.kinds import Json, Kind

__all__ = ["MapSettings"]

_AXES = ("x", "y")
_OF_OPTIMIZERS = r"^\s*optimizer\s*="


class MapSettings(Free):
    """An annotation of the field that gathers the settings of a map, whose axes stand in the fields x and y.

    >>> from fallline.experiment.study_records import Map
    >>> Map(x="learning_rate=0.1..1", y="optimizer=sgd,momentum", momentum=0.5).settings
    {'momentum': 0.5}
    """

    def kind(self, name: str, member: str) -> Kind | None:
        """The kind of a key: that of the member, or else of the first optimizer that declares it."""
        declared = (self.kinds(record).get(name) for record in self.family.values())
        return super().kind(name, member) or next((kind for kind in declared if kind), None)

    def read(self, value: Any, info: ValidationInfo) -> dict[str, Any]:
        members = [self.family[info.data[self.chooser]]] if info.data.get(self.chooser) in self.family else []
        for axis in _AXES:
            members = _optimizers_of(info.data.get(axis, "")) or members
        declared = {key: kind for member in members for key, kind in self.kinds(member).items()}
        return Free(self.chooser, self.family, lambda _: declared, self.patterns).read(value, info)

    def schema(self, table: Json) -> Json:
        """The JSON Schema of the table, in which the optimizer decides on the keys unless an axis has optimizers."""
        schema = super().schema(table)
        on_axis = [{"properties": {axis: {"pattern": _OF_OPTIMIZERS}}, "required": [axis]} for axis in _AXES]
        for rule in schema.get("allOf", []):
            rule["if"] = {"allOf": [rule["if"], {"not": {"anyOf": on_axis}}]}
        return schema


def _optimizers_of(text: str) -> list[Any]:
    """The optimizers of an axis; none if the axis is another one, or wrong, which is reported elsewhere."""
    if text.partition("=")[0].strip() != "optimizer":
        return []
    try:
        axis = axis_of(text)
    except UsageError:
        return []
    return [choice.record for choice in axis.choices] if isinstance(axis, ChoiceAxis) else []

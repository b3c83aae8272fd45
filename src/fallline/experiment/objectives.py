"""The objective of an experiment: a network's loss on data, a landscape by its name, or a formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from fallline.experiment.fields import key
from fallline.experiment.kinds import Choice, Json, Kind
from fallline.experiment.part import OneOf, Part
from fallline.experiment.records import Landscape, Network
from fallline.formulas import EXAMPLES, parse_formula
from fallline.textbook.landscapes import LANDSCAPES

__all__ = ["OBJECTIVES", "Formula", "NamedLandscape", "Objective"]


@dataclass(frozen=True)
class FormulaText(Kind):
    """A formula in x and y."""

    def read(self, value: Any) -> str:
        parse_formula(value)
        return str(value).strip()

    def schema(self) -> Json:
        return {"type": "string"}


class NamedLandscape(Part):
    """A landscape of the textbook."""

    kind, label = "landscape", "landscape"

    name: Annotated[str, Choice("landscape", LANDSCAPES)] = key(
        "rosenbrock", "a function of two coordinates", label="landscape"
    )

    @property
    def landscape(self) -> Landscape:
        """The same as a study has it."""
        return Landscape(name=self.name)


class Formula(Part):
    """A function of x and y, typed as text.

    >>> Formula(text=" x^2 + y^2 ").text
    'x^2 + y^2'
    """

    kind, label = "formula", "formula"

    text: Annotated[str, FormulaText()] = key(
        EXAMPLES[0], "a formula in x and y: + - * / ^, brackets, abs, cos, exp, log, max, min, sin, sqrt, tanh, pi, e",
        label="f(x, y) =",
    )  # fmt: skip

    @property
    def landscape(self) -> Landscape:
        """The same as a study has it."""
        return Landscape(formula=self.text)


OBJECTIVES: dict[str, type[Part]] = {part.kind: part for part in (Network, NamedLandscape, Formula)}
"""The objectives that a page offers, by kind."""

Objective: TypeAlias = Annotated[Network | NamedLandscape | Formula, OneOf("objective", OBJECTIVES)]
"""What is minimised."""

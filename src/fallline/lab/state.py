"""The state of the lab: an experiment within the lab's limits, and how the page shows it. An address holds it as JSON."""

from __future__ import annotations

import json
from functools import cache, cached_property
from typing import Annotated, Any

from pydantic import ValidationError

from fallline.experiment.experiment import Experiment
from fallline.experiment.fields import key
from fallline.experiment.kinds import KEY, Choice, Flag, Json, ListOf, Numbers, OfSetting, Whole
from fallline.experiment.mistakes import mistakes_in
from fallline.experiment.part import FORGIVING, PartError, as_json
from fallline.experiment.record import Record
from fallline.lab.limits import check_limits
from fallline.settings import SETTINGS

__all__ = ["Look", "State", "canonical_state", "default_state", "read_state"]

Pair = Annotated[tuple[Annotated[int, Whole()], ...], ListOf("the numbers of two inputs", 2, 2)]


class Look(Record):
    """How the page shows an experiment."""

    theory: Annotated[bool, Flag()] = key(True, "whether the map shows the curves of theory")
    form: Annotated[str, Choice("form", ("matrix", "units"))] = key("matrix", "how equations are written")
    numbers: Annotated[bool, Flag()] = key(False, "whether equations are written with numbers")
    colours: Numbers | None = key(None, "the values at the ends of the colours")
    step: Annotated[int, OfSetting(SETTINGS["steps"])] | None = key(
        None, "the step that is shown; the last unless given"
    )
    plane: Pair | None = key(
        None, "the two inputs over which networks are drawn; the first two principal components unless given"
    )
    gradients: Annotated[bool, Flag()] = key(False, "whether connections show the gradient instead of the weights")
    confusion: Annotated[bool, Flag()] = key(False, "whether each run shows its confusion matrix")


class State(Experiment):
    """An experiment and how the page shows it.

    >>> default_state()["map"]["x"]
    {'name': 'learning_rate', 'low': 1e-05, 'high': 0.01, 'scale': 'log'}
    """

    look: Look = key(Look(), "how the page shows it")

    @cached_property
    def json(self) -> Json:  # type: ignore[override]  # in place of a method that pydantic keeps for its first version
        """The state as JSON with all of its keys; not to be changed."""
        return dict(as_json(self))

    @cached_property
    def text(self) -> str:
        """The canonical text of the state."""
        return canonical_state(self.json)

    @cached_property
    def computing(self) -> str:
        """The canonical text of what decides results: without view, pins and look."""
        return canonical_state({k: v for k, v in self.json.items() if k not in ("view", "pins", "look")})

    def __getitem__(self, name: str) -> Any:
        return self.json[name]


def canonical_state(value: Any) -> str:
    """Return the one JSON text of a state."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


@cache
def default_state() -> State:
    """Return the state of a fresh page."""
    return State()


def read_state(value: Any, *, forgiving: bool = False) -> State:
    """Read a state from JSON. Keys that are left out have the default state's values.

    Parameters
    ----------
    value
        An object of JSON.
    forgiving
        Drop settings that the optimizer, the schedule or the data set does not have; otherwise they are refused.

    Raises
    ------
    PartError
        If the state is not valid. The message is a sentence about the first mistake; `where` is its key.

    Examples
    --------
    >>> read_state({"steps": 40})["steps"]
    40
    >>> read_state({"step": 40})
    Traceback (most recent call last):
    fallline.experiment.part.PartError: a key of the state must be one of batch, data, dtype, initial, look, map, objective,
    optimizer, pins, schedule, schedule_settings, seed, settings, start, starts, steps, view; got 'step'. Did you mean
    'steps' or 'seed'?
    """
    try:
        state = State.model_validate(value, context=FORGIVING if forgiving else None)
    except ValidationError as error:
        mistake = mistakes_in(error, State, value)[0]
        where = ".".join(map(str, mistake.path)) or None
        sentence = mistake.text if mistake.text and KEY not in mistake.text else mistake.sentence
        raise PartError(sentence, where) from None
    check_limits(state)
    return state

"""A call: one way to call the checked function with weights and samples, and what it leaves behind."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fallline.checks.calling.arguments import Argument, Helper, Made
from fallline.checks.calling.calls import MisbehaviourError, SideEffects, add_changes, call_on, name_of
from fallline.checks.calling.containers import Container
from fallline.checks.calling.patterns import Pattern, fill
from fallline.checks.calling.point import Form, Point, Quantity
from fallline.checks.calling.signatures import Signature
from fallline.checks.calling.structures import Leaf, leaves
from fallline.checks.calling.templates import Globals, Holder, Template
from fallline.checks.calling.usage import returned_names
from fallline.textbook.network import Network

__all__ = ["Call", "Outcome", "Stage"]


@dataclass(frozen=True)
class Outcome:
    """What a call leaves behind.

    Parameters
    ----------
    result
        What the function returned.
    leaves
        The numbers in it, copied, with the names of the function's `return` in the ways to them.
    arguments
        The arguments after the call, by name.
    holder
        The instance or the global values after the call; None if the weights were arguments.
    """

    result: Any
    leaves: tuple[Leaf, ...]
    arguments: dict[str, Any]
    holder: Any


@dataclass
class Stage:
    """The scene of one call: the point, the form, and what the user's other functions make there."""

    point: Point
    form: Form
    call: Call
    effects: SideEffects
    holder: Any = None
    results: dict[Helper, Any] = field(default_factory=dict)

    def made(self, pattern: Any) -> Any:
        """The value of a pattern that needs the user's code."""
        if isinstance(pattern, Made):
            result = self.result_of(pattern.helper)
            return copy.deepcopy(result if pattern.part is None else result[pattern.part])
        return pattern.made(self) if isinstance(pattern, Template) else pattern

    def result_of(self, helper: Helper) -> Any:
        """What the helper returns here; it is called once."""
        if helper not in self.results:
            function = getattr(self.holder, name_of(helper.function)) if helper.method else helper.function
            try:
                self.results[helper] = self.applied(function, self.call.filled(helper.arguments, self))
            except MisbehaviourError as misbehaviour:
                sentence = str(misbehaviour).replace("its gradient", name_of(self.call.function))
                raise MisbehaviourError(sentence, line=0) from misbehaviour
        return self.results[helper]

    def applied(self, function: Callable[..., Any], arguments: Sequence[tuple[Argument, Any]]) -> Any:
        """Call the function on those arguments."""
        positional = [value for argument, value in arguments if not argument.keyword]
        keyword = {argument.name: value for argument, value in arguments if argument.keyword}
        return call_on(function, positional, keyword, self.effects)


@dataclass(frozen=True)
class Call:
    """One way to call the function.

    Parameters
    ----------
    signature
        The meaning of its parameters.
    form
        How quantities are handed over.
    containers
        The container of each role (all parameters, all weights, all biases).
    holder
        What holds the weights, if no argument does.
    prelude
        Helpers that are called first, for what they leave in the instance.
    cost
        How unlikely it is.
    """

    function: Callable[..., Any]
    network: Network
    signature: Signature
    form: Form
    containers: tuple[tuple[Quantity, Container], ...] = ()
    holder: Holder | None = None
    prelude: tuple[Helper, ...] = ()
    cost: int = 0

    @property
    def family(self) -> tuple[Any, ...]:
        """What calls must share to differ by numbers alone, such as the layout or the order of a vector."""
        return (self.signature.arguments, *(family for _, (_, family, _) in self.containers))

    def __str__(self) -> str:
        inside = ", ".join(str(Argument(a.name, self.contained(a.pattern))) for a in self.signature.arguments)
        name = name_of(self.function)
        before = f"{self.holder}." if isinstance(self.holder, Template) else ""
        text = f"{before}{name}({inside}); {self.form}"
        if isinstance(self.holder, Globals):
            text += f"; weights in {self.holder}"
        if self.prelude:
            text += f"; after {' and '.join(name_of(h.function) for h in self.prelude)}"
        return text

    def contained(self, pattern: Pattern) -> Pattern:
        """The pattern with the containers in their places."""
        for role, (_, _, container) in self.containers:
            if pattern == role:
                return container
        return pattern

    def filled(self, arguments: Sequence[Argument], stage: Stage) -> list[tuple[Argument, Any]]:
        """The arguments with their values."""
        try:
            return [(argument, fill(self.contained(argument.pattern), stage)) for argument in arguments]
        except (
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
        ) as error:  # the pattern does not suit the user's code
            raise MisbehaviourError(f"{name_of(self.function)} could not be given its arguments ({error}).") from error

    def run(self, point: Point, effects: SideEffects) -> Outcome:
        """Call the function at that point.

        Raises
        ------
        MisbehaviourError
            If the user's code raises anything.
        """
        stage = Stage(point, self.form, self, effects)
        function = self.function
        if self.holder is not None:
            try:
                stage.holder = self.holder.made(stage)
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                raise MisbehaviourError(f"{self.holder} could not be given the weights ({error}).") from error
        if isinstance(self.holder, Globals):
            return self._with_globals(stage, self.holder)
        if isinstance(self.holder, Template):
            function = getattr(stage.holder, name_of(self.function), self.function)
        return self._outcome(function, stage)

    def _with_globals(self, stage: Stage, holder: Globals) -> Outcome:
        """Call the function with its module's own weights replaced for the time of the call."""
        before = {name: holder.namespace[name] for name in holder.names}
        holder.namespace.update(stage.holder)
        try:
            outcome = self._outcome(self.function, stage)
            after = {name: holder.namespace[name] for name in holder.names}
            return Outcome(outcome.result, outcome.leaves, outcome.arguments, after)
        finally:
            holder.namespace.update(before)

    def _outcome(self, function: Callable[..., Any], stage: Stage) -> Outcome:
        for helper in self.prelude:
            stage.result_of(helper)
        arguments = self.filled(self.signature.arguments, stage)
        before = copy.deepcopy([value for _, value in arguments])
        result = stage.applied(function, arguments)
        names = [argument.name for argument, _ in arguments]
        add_changes(names, before, [value for _, value in arguments], stage.effects)
        named = tuple(_named(leaf, self._returned) for leaf in leaves(result))
        return Outcome(result, named, {a.name: value for a, value in arguments}, stage.holder)

    @cached_property
    def _returned(self) -> tuple[Any, ...]:
        return returned_names(self.function)


def _named(leaf: Leaf, names: Any) -> Leaf:
    """The leaf with the names of the `return` on the way to it: (0, 1) of `return (dW1, db1), loss` is (0, 'db1')."""
    path = leaf.path
    front: list[Any] = []
    while path and isinstance(path[0], int) and isinstance(names, tuple) and path[0] < len(names):
        index, path = path[0], path[1:]
        names = names[index]
        front.append(names if isinstance(names, str) and names else index)
    return Leaf((*front, *path), leaf.value)

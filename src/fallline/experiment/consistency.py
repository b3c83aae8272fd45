"""Whether the parts of a study fit together: starts the objective, batches the data, figures the runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from fallline.errors import FalllineError
from fallline.experiment.build import (
    build_landscape,
    build_map,
    build_method,
    build_network,
    build_objective,
    build_start,
    build_weights,
)  # fmt: skip
from fallline.experiment.minibatches import refuse_without_batch
from fallline.experiment.mistakes import Mistake, Path, dotted
from fallline.experiment.sources import Files
from fallline.experiment.study_records import Comparison, Figure, Run, Study
from fallline.formulas import symbolic
from fallline.number_text import is_whole
from fallline.problems import LandscapeObjective, NetworkObjective, Objective

__all__ = ["inconsistencies"]

T = TypeVar("T")


def inconsistencies(study: Study) -> list[Mistake]:
    """The mistakes that only several parts of a study show together."""
    check = _StudyCheck(study)
    check.objectives()
    if not check.mistakes:
        check.example()
        check.runs()
        for k, comparison in enumerate(study.comparisons):
            check.comparison(comparison, ("comparisons", k))
        for k, plane in enumerate(study.maps):
            target = check.chosen(plane.objective, ("maps", k))
            if target is None:
                continue
            before = len(check.mistakes)
            if study.data is not None and target is check.problem:
                names = [text.partition("=")[0].strip() for text in (plane.x, plane.y)]
                check.call(("maps", k), study.data.refuse_axes, names)
            if len(check.mistakes) == before:
                check.call(("maps", k), build_map, plane, target)
        check.figures()
    return check.mistakes


class _StudyCheck:
    """The mistakes found so far, and the objectives of the study."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.mistakes: list[Mistake] = []
        self.problem: NetworkObjective | None = None
        self.hill: LandscapeObjective | None = None

    def call(self, path: Path, function: Callable[..., T], *arguments: Any) -> T | None:
        """The function's value; its complaint, if it has one, becomes a mistake."""
        try:
            return function(*arguments)
        except (FalllineError, TypeError) as error:
            self.mistakes.append(Mistake(path, text=str(error)))
            return None

    def wrong(self, path: Path, rule: str, value: object) -> None:
        self.mistakes.append(Mistake(path, rule=rule, value=value))

    def say(self, path: Path, sentence: str) -> None:
        self.mistakes.append(Mistake(path, text=sentence, bare=True))

    def objectives(self) -> None:
        study = self.study
        if study.network is None and study.landscape is None:
            self.say((), "a study must have [network] or [landscape]: there is nothing to run.")
        if study.network and self.call(("network",), build_network, study.network) and study.data:
            self.problem = self.call(("data",), build_objective, study.network, study.data, Files(study.folder))
        if study.data and not study.network:
            self.say(("data",), "[data] needs [network]: a landscape has no samples.")
        if study.landscape:
            self.hill = self.call(("landscape",), build_landscape, study.landscape)

    def chosen(self, name: str, path: Path) -> Objective | None:
        """The objective that a comparison or map names."""
        network = (name or ("network" if self.study.network else "landscape")) == "network"
        target = self.problem if network else self.hill
        if target is None:
            self.say(path, f"{dotted(path)} needs {'[network] and [data]' if network else '[landscape]'}.")
        return target

    def example(self) -> None:
        example, network = self.study.example, self.study.network
        if example is None:
            return
        if network is None:
            return self.say(("example",), "[example] needs [network].")
        self.call(("example",), build_weights, example, build_network(network))
        if len(example.samples[0]) != network.units[0]:
            rule = f"rows of {network.units[0]} numbers, one for each input"
            self.wrong(("example", "samples"), rule, example.samples)

    def runs(self) -> None:
        for kind, runs, target, needs in (
            ("descents", self.study.descents, self.hill, "[landscape]"),
            ("fits", self.study.fits, self.problem, "[network] and [data]"),
        ):
            for k, run in enumerate(runs):
                if target is None:
                    self.say((kind, k), f"{kind} need {needs}.")
                else:
                    self.run(run, target, (kind, k))

    def run(self, run: Run, target: Objective, path: Path) -> None:
        how = self.call(path, build_method, run, run.steps)
        if how is not None:
            self.call(path, how.learning_rate, target)
        self.call((*path, "start"), build_start, run.start, target)
        flags = {"replacement": run.replacement, "full_loss": run.full_loss}
        self.call(path, partial(refuse_without_batch, run.batch, **flags))
        if run.batch is None:
            return
        if not isinstance(target, NetworkObjective):
            self.say((*path, "batch"), f"batch needs a network on data; {target.name} has no samples.")
        elif run.batch > len(target.data):
            self.wrong((*path, "batch"), f"at most the number of samples, {len(target.data)}", run.batch)

    def comparison(self, comparison: Comparison, path: Path) -> None:
        target = self.chosen(comparison.objective, path)
        names: set[str] = set()
        for k, record in enumerate(comparison.methods):
            here = (*path, "methods", k)
            how = self.call(here, build_method, record, comparison.steps)
            if how is None:
                continue
            if target is not None:
                self.call(here, how.learning_rate, target)
            name = record.name or str(how)
            if name in names:
                self.say(here, f"two methods are called {name!r}; give each a name of its own.")
            names.add(name)

    def figures(self) -> None:
        """Published figures have ids of their own, and quantities that the thing they belong to has."""
        seen: set[str] = set()
        for path, owner, quantities in self._owners():
            for k, figure in enumerate(owner.published):
                here = (*path, "published", k)
                if figure.id in seen:
                    self.wrong((*here, "id"), "an id that no other figure has", figure.id)
                seen.add(figure.id)
                if figure.quantity not in quantities:
                    self.wrong((*here, "quantity"), f"one of {', '.join(quantities)} here", figure.quantity)
                else:
                    self.figure(figure, here)

    def _owners(self) -> Iterator[tuple[Path, Any, tuple[str, ...]]]:
        if self.study.example:
            yield ("example",), self.study.example, ("probabilities", "sums")
        if self.study.landscape:
            yield ("landscape",), self.study.landscape, ("derivative",)
        for kind in ("descents", "fits"):
            for k, run in enumerate(getattr(self.study, kind)):
                yield (kind, k), run, ("start", "end", "start_loss", "end_loss")

    def figure(self, figure: Figure, path: Path) -> None:
        if figure.quantity == "probabilities":
            rows = len(self.study.example.samples) if self.study.example else 0
            if not (is_whole(figure.of) and 1 <= int(figure.of) <= rows):
                self.wrong((*path, "of"), f"the number of a sample, 1 to {rows}, as a text", figure.of)
        if figure.quantity == "derivative":
            names = self.hill.labels if self.hill else ()
            if figure.of not in names:
                self.wrong((*path, "of"), f"a coordinate: {', '.join(names)}", figure.of)
            if not isinstance(figure.value, str):
                self.wrong((*path, "value"), "a formula as text", figure.value)
            else:
                self.call((*path, "value"), symbolic, figure.value, names)
        elif isinstance(figure.value, str):
            self.wrong((*path, "value"), "a number or a list of numbers", figure.value)

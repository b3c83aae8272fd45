"""Compare methods over many starts, paired by start, with intervals: which one converges more efficiently?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import SettingError, ShapeError, TraceError, shown
from fallline.experiment.method import Method, method
from fallline.experiment.starts import draw_starts
from fallline.limits import check_memory
from fallline.problems import Objective, objective_at
from fallline.runs.comparison import Comparison, final_losses, summary
from fallline.runs.descent import trajectory
from fallline.runs.engine import name_of
from fallline.runs.intervals import median
from fallline.runs.training import Training
from fallline.settings import SETTINGS
from fallline.shapes import Shaped

__all__ = ["compare"]

Floats = NDArray[Any]


def compare(
    objective: str | Objective | Callable[..., Any],
    methods: Mapping[str, Method | Mapping[str, Any]] | Iterable[Method],
    *,
    starts: int | ArrayLike = 1000,
    steps: int = 100,
    target: float | None = None,
    seed: int = 0,
    distribution: str = "normal",
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Run several methods from the same starts.

    Parameters
    ----------
    objective
        As for `descend`.
    methods
        By label: a `Method`, or its settings, {"optimizer": "momentum", "learning_rate": 0.1}.
    starts
        The number of random starts, or the starts themselves, (starts, P).
    steps
        Number of updates of each run.
    target
        The loss that counts as reached. By default the median final loss of the best method.
    seed, distribution
        Of random starts; see `fallline.experiment.starts.draw_starts`.
    progress
        Called with the number of finished runs and the number of all runs.

    Examples
    --------
    >>> result = compare(
    ...     "quadratic",
    ...     {"plain": {"learning_rate": 0.1}, "momentum": {"optimizer": "momentum", "learning_rate": 0.1, "momentum": 0.5}},
    ...     starts=200, steps=50, target=1e-6,
    ... )
    >>> result.sentence[:15]
    'More efficient:'
    """  # fmt: skip
    target_objective = objective_at(objective, None if isinstance(starts, int) else starts)
    steps = int(SETTINGS["steps"].check(steps))
    target = None if target is None else SETTINGS["target"].check(target)
    how = _methods(methods, steps)
    count = int(SETTINGS["starts"].check(starts)) if isinstance(starts, int) else len(np.asarray(starts))
    check_memory(
        8.0 * count * (2 * target_objective.dimension + (len(how) + 1) * (steps + 1)),
        f"{len(how)} methods from {count:,} starts for {steps:,} steps each", "Take fewer starts or steps.",
    )  # fmt: skip
    if isinstance(starts, int):
        points = draw_starts(target_objective, count, seed, distribution=distribution)
    else:
        try:
            points = np.asarray(starts, dtype=np.float64)
        except (TypeError, ValueError):
            raise ShapeError(f"starts must be a number of starts, or rows of numbers; got {shown(starts)}.") from None
        if points.ndim != 2 or points.shape[1] != target_objective.dimension:
            raise ShapeError(f"starts must have shape (starts, {target_objective.dimension}); got {points.shape}.")
    total = len(how) * len(points)
    losses: dict[str, Floats] = {}
    for label, one in how.items():
        parts = []
        for part in _histories(target_objective, one, points, steps):
            parts.append(part)
            if progress is not None:
                progress(len(losses) * len(points) + sum(map(len, parts)), total)
        losses[label] = np.concatenate(parts)
    if target is None:
        target = min(median(final_losses(history)).value for history in losses.values())
        if not np.isfinite(target):  # every method diverges from most starts: take the best loss of all
            target = float(min(np.nanmin(np.where(np.isfinite(h), h, np.nan)) for h in losses.values()))
    summaries = tuple(summary(label, how[label], history, target) for label, history in losses.items())
    return Comparison(target_objective, steps, target, losses, summaries)


def _methods(methods: Mapping[str, Method | Mapping[str, Any]] | Iterable[Method], steps: int) -> dict[str, Method]:
    if not isinstance(methods, Mapping):
        if not isinstance(methods, Iterable):
            raise SettingError(f"methods must be methods by label, or a list of them; got {shown(methods)}.")
        methods = {str(m): m for m in methods}
    if not methods:
        raise SettingError("methods must name at least one method to run; got none.")
    return {label: _method(label, value, steps) for label, value in methods.items()}


def _method(label: str, value: Method | Mapping[str, Any], steps: int) -> Method:
    """A method from its settings by name."""
    if isinstance(value, Method):
        return value
    if not isinstance(value, Mapping):
        raise SettingError(f"method {label!r} must be a method, or its settings by name; got {shown(value)}.")
    options = dict(value)
    return method(options.pop("optimizer", "gradient_descent"), options.pop("schedule", "constant"), steps, **options)


def _histories(
    objective: Objective, how: Method, starts: Shaped[Floats, "starts P"], steps: int
) -> Iterator[Shaped[Floats, "starts steps+1"]]:
    """Losses of all starts, block by block: compiled where that is faster, if the objective can be compiled."""

    def compiled(points: Shaped[Floats, "starts P"]) -> Shaped[Floats, "starts steps+1"]:
        from fallline.runs.lanes import train  # late: it loads LLVM

        return train(Training(objective, how, steps, points), ("history",))["history"]

    def block(points: Shaped[Floats, "starts P"]) -> Shaped[Floats, "starts steps+1"]:
        return np.stack([loss for _, loss, _ in trajectory(objective, how, points, steps)], axis=-1)

    if len(starts) * steps >= 2000 and name_of(objective) == "machine":
        try:
            for points in np.array_split(starts, max(1, len(starts) // 4096)):
                yield compiled(points)
            return
        except TraceError:
            pass  # a user's own function that only NumPy can evaluate
    # Small blocks keep the arrays of a step in the cache. NumPy releases the interpreter lock, so two threads help.
    blocks = np.array_split(starts, max(1, len(starts) // 32))
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(block, blocks)

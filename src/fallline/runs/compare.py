"""Compare methods over many starts, paired by start, with intervals: which one converges more efficiently?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import SettingError, ShapeError, TraceError, shown
from fallline.experiment.method import Method, method
from fallline.experiment.minibatches import checked_batch, minibatches, refuse_without_batch
from fallline.experiment.other_names import understands_other_names
from fallline.experiment.starts import draw_starts, only_network
from fallline.limits import check_memory
from fallline.problems import Data, Objective, Problem, objective_at
from fallline.runs.comparison import Comparison
from fallline.runs.engine import name_of
from fallline.runs.intervals import median
from fallline.runs.progress import Progress, showing
from fallline.runs.summaries import final_losses, summary
from fallline.runs.training import Training
from fallline.runs.trajectory import trajectory
from fallline.settings import SETTINGS
from fallline.shapes import Shaped
from fallline.textbook.initial import Initial
from fallline.textbook.network import Network
from fallline.textbook.optimizers import Optimizer

__all__ = ["compare"]

Floats = NDArray[Any]
MethodLike: TypeAlias = Method | str | Optimizer | Mapping[str, Any]
Methods: TypeAlias = Mapping[str, MethodLike] | Iterable[MethodLike]


@understands_other_names
def compare(
    objective: Problem,
    data: Data | Methods | None = None,
    methods: Methods | None = None,
    *,
    starts: int | ArrayLike = 1000,
    steps: int = 100,
    target: float | None = None,
    batch: int | None = None,
    replacement: bool = False,
    seed: int = 0,
    initial: str | Initial | None = None,
    l2: float | None = None,
    progress: Progress = False,
) -> Comparison:
    """Run several methods from the same starts.

    Parameters
    ----------
    objective
        As for `descend`.
    data
        The data of a network, as for `descend`. Without a network, the methods stand here.
    methods
        By label, or as a list: a `Method`, the name of an optimizer, which then has its default settings, or a method's
        settings, {"optimizer": "momentum", "learning_rate": 0.1}.
    starts
        The number of random starts, or the starts themselves, (starts, P).
    steps
        Number of updates of each run.
    target
        The loss that counts as reached. By default the median final loss of the best method.
    batch
        Samples in a minibatch; all of them by default. Every run sees the same minibatches. A loss before the last step
        is that of the batch that the next step sees, as in a `Run`.
    replacement
        Whether each sample of a minibatch is drawn from all samples, as for `descend`.
    seed, initial
        Of random starts, see `fallline.experiment.starts.draw_starts`; the seed is that of the minibatches as well.
    l2
        Strength of a network's L2 penalty, in place of its own.
    progress
        True for a bar; or a function of the number of finished runs and the number of all runs.

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
    if methods is None and not isinstance(objective, Network):
        data, methods = None, cast("Methods", data)
    if isinstance(starts, np.ndarray | list | tuple):
        count, points = None, _points(starts)
    else:
        count, points = int(SETTINGS["starts"].check(starts)), None
    target_objective = objective_at(objective, points, cast("Data | None", data), l2=l2)
    steps = int(SETTINGS["steps"].check(steps))
    target = None if target is None else SETTINGS["target"].check(target)
    how = _methods(methods, steps)
    batch = checked_batch(batch, target_objective)
    refuse_without_batch(batch, replacement=replacement)
    rows = minibatches(target_objective, batch, steps, seed, replacement)
    many = count or len(cast(Floats, points))
    check_memory(
        8.0 * many * (2 * target_objective.dimension + (len(how) + 1) * (steps + 1)),
        f"{len(how)} methods from {many:,} starts for {steps:,} steps each", "Take fewer starts or steps.",
    )  # fmt: skip
    if points is None:
        points = draw_starts(target_objective, many, seed, initial=only_network(initial, target_objective))
    elif initial is not None:
        raise SettingError("initial must be left out where starts are points; it is the distribution of random starts.")
    elif points.shape[1] != target_objective.dimension:
        raise ShapeError(f"starts must have shape (starts, {target_objective.dimension}); got {points.shape}.")
    total = len(how) * len(points)
    losses: dict[str, Floats] = {}
    with showing(progress, "compare") as show:
        for label, each in how.items():
            parts = []
            for part in _histories(target_objective, each, points, steps, rows):
                parts.append(part)
                show(len(losses) * len(points) + sum(map(len, parts)), total)
            losses[label] = np.concatenate(parts)
    if target is None:
        target = min(median(final_losses(history)).value for history in losses.values())
        if not np.isfinite(target):  # every method diverges from most starts: take the best loss of all
            target = float(min(np.nanmin(np.where(np.isfinite(h), h, np.nan)) for h in losses.values()))
    summaries = tuple(summary(label, how[label], history, target) for label, history in losses.items())
    return Comparison(target_objective, steps, target, losses, summaries)


def _points(starts: ArrayLike) -> Floats:
    """Starts as finite numbers, (starts, P)."""
    try:
        points = np.array(starts, dtype=np.float64)
    except (TypeError, ValueError):
        raise ShapeError(f"starts must be a number of starts, or rows of numbers; got {shown(starts)}.") from None
    if points.ndim != 2 or not len(points):
        raise ShapeError(f"starts must have the shape (starts, parameters); got {points.shape}.")
    if not np.isfinite(points).all():
        raise SettingError(f"starts must be finite numbers; start {np.argwhere(~np.isfinite(points))[0][0]} is not.")
    return points


def _methods(methods: Methods | None, steps: int) -> dict[str, Method]:
    if isinstance(methods, Mapping):
        named = {label: _method(repr(label), value, steps) for label, value in methods.items()}
    elif isinstance(methods, Iterable) and not isinstance(methods, str):
        named = {}
        for place, value in enumerate(methods, start=1):
            how = _method(str(place), value, steps)
            label = value if isinstance(value, str) else str(how)
            if label in named:
                raise SettingError(
                    f"methods must have a label each; two are called {label!r}. Give them as {{label: method}}."
                )
            named[label] = how
    else:
        raise SettingError(f"methods must be methods by label, or a list of them; got {shown(methods)}.")
    if not named:
        raise SettingError("methods must name at least one method to run; got none.")
    return named


def _method(label: str, value: MethodLike, steps: int) -> Method:
    """A method from an optimizer's name, or from its settings by name."""
    if isinstance(value, Method):
        return value
    if isinstance(value, str | Optimizer):
        return method(value, "constant", steps)
    if not isinstance(value, Mapping):
        raise SettingError(
            f"method {label} must be a method, the name of an optimizer, or its settings by name; got {shown(value)}."
        )
    options = dict(value)
    return method(options.pop("optimizer", "gradient_descent"), options.pop("schedule", "constant"), steps, **options)


def _histories(
    objective: Objective,
    how: Method,
    starts: Shaped[Floats, "starts P"],
    steps: int,
    rows: Shaped[NDArray[np.int64], "steps batch"] | None,
) -> Iterator[Shaped[Floats, "starts steps+1"]]:
    """Losses of all starts, block by block: compiled where that is faster, if the objective can be compiled."""

    def compiled(points: Shaped[Floats, "starts P"]) -> Shaped[Floats, "starts steps+1"]:
        from fallline.runs.lanes import train  # late: it loads LLVM

        return train(Training(objective, how, steps, points, rows), ("history",))["history"]

    def block(points: Shaped[Floats, "starts P"]) -> Shaped[Floats, "starts steps+1"]:
        return np.stack([loss for _, loss, _ in trajectory(objective, how, points, steps, rows=rows)], axis=-1)

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

"""Whether the parts of a study fit together, and the objects that they describe."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.dataset import Dataset
from fallline.data.generated import generate
from fallline.data.points import points_by_hand
from fallline.data.tables import read_csv
from fallline.errors import SettingError, StudyError
from fallline.experiment.fields import Place
from fallline.experiment.map_spec import MapSpec, map_spec
from fallline.experiment.method import Method, method
from fallline.experiment.records import (
    ComparisonPlan,
    DataPlan,
    Example,
    MapPlan,
    MethodPlan,
    NetworkPlan,
    RunPlan,
    SchedulePlan,
    StartPlan,
    Study,
)  # fmt: skip
from fallline.experiment.starts import draw_starts, notebook_start, notebook_uniform
from fallline.formulas import formula_landscape
from fallline.number_text import is_whole, read_number
from fallline.problems import LandscapeObjective, NetworkObjective, Objective, as_vector
from fallline.textbook.landscapes import landscape
from fallline.textbook.network import Network

__all__ = [
    "build_data", "build_landscape", "build_map", "build_method", "build_network", "build_objective", "build_start",
    "build_weights", "check", "objective_of", "schedule_words",
]  # fmt: skip

Floats = NDArray[np.float64]


def build_network(plan: NetworkPlan) -> Network:
    """The network that a plan describes."""
    hidden = plan.sizes.count("-") - 1
    activation = plan.activation if isinstance(plan.activation, tuple) else (plan.activation,) * hidden
    return Network.of(
        plan.sizes, activation=activation, loss=plan.loss, reduction=plan.reduction, bias=plan.bias, l2=plan.l2,  # type: ignore[arg-type]  # read as one of its two values
    )  # fmt: skip


def build_data(plan: DataPlan, study: Study) -> Dataset:
    """The samples that a plan describes."""
    if plan.file:
        inputs = (plan.inputs,) if isinstance(plan.inputs, str) else plan.inputs
        return read_csv(study.folder / plan.file, plan.target, inputs=inputs, standardize=plan.standardize)
    if plan.points:
        return points_by_hand(plan.points)
    options = dict(plan.options) | ({} if plan.seed is None else {"seed": plan.seed})
    if "arms" in options:
        options["arms"] = int(options["arms"])
    return generate(plan.name, samples=plan.samples, **options)


def build_objective(study: Study) -> NetworkObjective:
    """The network on its data."""
    if study.network is None or study.data is None:
        raise SettingError("fits need [network] and [data].")
    return NetworkObjective(build_network(study.network), build_data(study.data, study))


def build_landscape(study: Study) -> LandscapeObjective:
    """The landscape."""
    if study.landscape is None:
        raise SettingError("descents need [landscape].")
    text = study.landscape.formula
    return LandscapeObjective(formula_landscape(text) if text else landscape(study.landscape.name))


def objective_of(study: Study, name: str) -> Objective:
    """The objective that a comparison or map names; the network, if there is one, unless it names one."""
    return (
        build_objective(study)
        if (name or ("network" if study.network else "landscape")) == "network"
        else build_landscape(study)
    )


def build_method(plan: RunPlan | MethodPlan | MapPlan, steps: int) -> Method:
    """The optimizer with its settings and schedule."""
    return method(plan.optimizer, schedule_words(plan), steps, **plan.settings)


def schedule_words(plan: RunPlan | MethodPlan | MapPlan) -> str | dict[str, Any]:
    """The schedule of a plan as `method` and `map_spec` take it: a name, or {"name": ..., setting: ...}."""
    words = plan.schedule
    return {"name": words.name} | words.settings if isinstance(words, SchedulePlan) else words


def build_start(start: tuple[float, ...] | StartPlan | None, objective: Objective) -> Floats | None:
    """The first parameters that a plan describes; None for the objective's own choice."""
    if not isinstance(start, StartPlan):
        return None if start is None else as_vector(start, objective)
    if start.draw == "notebook_normal":
        if not isinstance(objective, NetworkObjective):
            raise SettingError(f'draw = "notebook_normal" needs a network; {objective.name} is a landscape.')
        return notebook_start(objective, start.seed)
    if start.draw == "notebook_uniform":
        if not 0 < start.high - start.low < float("inf"):
            raise SettingError(f"low must be below high; got {start.low:g} and {start.high:g}.")
        return np.asarray(
            notebook_uniform(start.seed, start.low, start.high, start.index + 1, objective.dimension)[start.index]
        )
    return np.asarray(draw_starts(objective, 1, start.seed, distribution=start.distribution, first=start.index)[0])


def build_map(plan: MapPlan, objective: Objective) -> MapSpec:
    """The plane of runs that a plan describes."""
    options: dict[str, Any] = dict(plan.settings)
    measures = (plan.measures,) if isinstance(plan.measures, str) else plan.measures
    return map_spec(
        objective, x=plan.x, y=plan.y, size=plan.size, optimizer_=plan.optimizer, steps=plan.steps,
        start=build_start(plan.start, objective), measures=measures, schedule_=schedule_words(plan), batch=plan.batch, seed=plan.seed,
        starts=plan.starts, initial_=plan.distribution, dtype=plan.dtype, **options,
    )  # fmt: skip


def build_weights(example: Example, network: Network) -> Floats:
    """The example's weights and biases as one parameter vector."""
    parts = []
    for layer, (shape_W, shape_b) in enumerate(network.shapes, start=1):
        for letter, shape in (("W", shape_W), ("b", shape_b)):
            if shape is None:
                continue
            name = f"{letter}{layer}"
            if name not in example.weights:
                raise SettingError(f"example must have {name}, of shape {shape}, for the network {network.text}.")
            values = np.array(example.weights[name], dtype=np.float64)
            if values.shape != shape:
                raise SettingError(
                    f"{name} must have shape {shape} for the network {network.text}; got {values.shape}."
                )
            parts.append(values.ravel())
    known = {
        f"{letter}{layer}" for layer in range(1, network.depth + 1) for letter in ("W", "b" if network.bias else "W")
    }
    for name in example.weights:
        if name not in known:
            raise SettingError(f"{name} is no parameter of the network {network.text}.")
    return np.concatenate(parts)


def check(study: Study, place: Place) -> None:
    """Raise a sentence with its line where parts of the study do not fit together."""
    if study.network is None and study.landscape is None:
        raise place.error("a study must have [network] or [landscape]: there is nothing to run.")
    network = place.at("network").call(build_network, study.network) if study.network else None
    if study.data is not None:
        _check_data(study.data, place.at("data"))
        if network is None:
            raise place.at("data").error("[data] needs [network]: a landscape has no samples.")
    problem = (
        place.at("data" if study.data else "network").call(build_objective, study) if network and study.data else None
    )
    if study.landscape and bool(study.landscape.name) == bool(study.landscape.formula):
        raise place.at("landscape").error("[landscape] must have a name or a formula, one of the two.")
    hill = place.at("landscape").call(build_landscape, study) if study.landscape else None
    if study.landscape and study.landscape.window is not None:
        window = study.landscape.window
        if len(window) != 2 or any(len(side) != 2 or not side[0] < side[1] for side in window):
            raise place.at("landscape", "window").wrong("[[x low, x high], [y low, y high]]", window)
    if study.example is not None:
        here = place.at("example")
        if network is None:
            raise here.error("[example] needs [network].")
        here.call(build_weights, study.example, network)
        if len(study.example.samples[0]) != network.sizes[0]:
            raise here.at("samples").wrong(
                f"rows of {network.sizes[0]} numbers, one for each input", study.example.samples
            )
    for what, plans, target, needs in (
        ("descents", study.descents, hill, "[landscape]"), ("fits", study.fits, problem, "[network] and [data]"),
    ):  # fmt: skip
        for k, plan in enumerate(plans):
            here = place.at(what, k)
            if target is None:
                raise here.error(f"{what} need {needs}.")
            _check_run(plan, target, here)
    for k, comparison in enumerate(study.comparisons):
        _check_comparison(comparison, study, problem, hill, place.at("comparisons", k))
    for k, plane in enumerate(study.maps):
        here = place.at("maps", k)
        here.call(build_map, plane, _chosen(plane.objective, problem, hill, study, here))
    _check_names(study, place)


def _chosen(name: str, problem: Objective | None, hill: Objective | None, study: Study, here: Place) -> Objective:
    wanted = name or ("network" if study.network else "landscape")
    found = problem if wanted == "network" else hill
    if found is None:
        raise here.error(f"{here.name} needs {'[network] and [data]' if wanted == 'network' else '[landscape]'}.")
    return found


def _check_data(plan: DataPlan, here: Place) -> None:
    if bool(plan.name) + bool(plan.file) + bool(plan.points) != 1:
        raise here.error(
            'data must have either name = "...", a generated set, or file = "...", a table of your own, or points = [[x, y, class], ...].'
        )
    if plan.file and not plan.target:
        raise here.error("data with a file must have the key target: the column to be learned.")
    if not plan.file and (plan.target or plan.inputs or plan.standardize):
        raise here.error("target, inputs and standardize belong to a file; other data have none of them.")


def _check_run(plan: RunPlan, target: Objective, here: Place) -> None:
    how = here.call(build_method, plan, plan.steps)
    here.call(how.learning_rate, target)
    here.at("start").call(build_start, plan.start, target)
    if plan.batch is not None:
        if not isinstance(target, NetworkObjective):
            raise here.at("batch").error(f"batch needs a network on data; {target.name} has no samples.")
        if plan.batch > len(target.data):
            raise here.at("batch").wrong(f"at most the number of samples, {len(target.data)}", plan.batch)


def _check_comparison(
    plan: ComparisonPlan, study: Study, problem: Objective | None, hill: Objective | None, here: Place
) -> None:
    target = _chosen(plan.objective, problem, hill, study, here)
    if not plan.methods:
        raise here.error("a comparison must have at least one method.")
    names: set[str] = set()
    for k, one in enumerate(plan.methods):
        how = here.at("methods", k).call(build_method, one, plan.steps)
        here.at("methods", k).call(how.learning_rate, target)
        name = one.name or str(how)
        if name in names:
            raise here.at("methods", k).error(f"two methods are called {name!r}; give each a name of its own.")
        names.add(name)
    for k, rate in enumerate(plan.tune):
        if not rate > 0:
            raise here.at("tune", k).wrong("a learning rate above 0", rate)


def _check_names(study: Study, place: Place) -> None:
    """Published figures have ids of their own, and quantities that the thing they belong to has."""
    seen: set[str] = set()
    groups: list[tuple[Place, Any, tuple[str, ...]]] = []
    if study.example:
        groups.append((place.at("example"), study.example, ("probabilities", "sums")))
    if study.landscape:
        groups.append((place.at("landscape"), study.landscape, ("derivative",)))
    for what in ("descents", "fits"):
        for k, plan in enumerate(getattr(study, what)):
            groups.append((place.at(what, k), plan, ("start", "end", "start_loss", "end_loss")))
    for here, owner, quantities in groups:
        for k, figure in enumerate(owner.published):
            at = here.at("published", k)
            if figure.id in seen:
                raise at.at("id").wrong("an id that no other figure has", figure.id)
            seen.add(figure.id)
            if figure.quantity not in quantities:
                raise at.at("quantity").wrong(f"one of {', '.join(quantities)} here", figure.quantity)
            _check_figure(figure, owner, study, at)


def _check_figure(figure: Any, owner: Any, study: Study, at: Place) -> None:
    if figure.quantity == "probabilities":
        rows = len(study.example.samples) if study.example else 0
        if not (is_whole(figure.of) and 1 <= int(figure.of) <= rows):
            raise at.at("of").wrong(f"the number of a sample, 1 to {rows}, as a text", figure.of)
    if figure.quantity == "derivative":
        names = build_landscape(study).labels
        if figure.of not in names:
            raise at.at("of").wrong(f"a coordinate: {', '.join(names)}", figure.of)
        if not isinstance(figure.value, str):
            raise at.at("value").wrong("a formula as text", figure.value)
        at.at("value").call(formula, figure.value, names)
    elif isinstance(figure.value, str):
        raise at.at("value").wrong("a number or a list of numbers", figure.value)


def formula(text: str, names: tuple[str, ...]) -> Any:
    """A SymPy expression from a text of numbers, coordinates, + - * / ** and brackets; nothing is evaluated as code.

    >>> formula("200*(y - x**2)", ("x", "y"))
    -200*x**2 + 200*y
    """
    import ast
    import operator

    import sympy

    binary = {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.Pow: operator.pow,
    }

    def walk(node: ast.AST) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            read_number(ast.get_source_segment(text, node) or "", "a number in a formula")
            return sympy.nsimplify(node.value)
        if isinstance(node, ast.Name) and node.id in names:
            return sympy.Symbol(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -walk(node.operand)
        if isinstance(node, ast.BinOp) and type(node.op) in binary:
            if isinstance(node.op, ast.Pow) and not (
                isinstance(node.right, ast.Constant) and node.right.value in range(13)
            ):
                raise StudyError("an exponent must be a whole number from 0 to 12")
            return binary[type(node.op)](walk(node.left), walk(node.right))
        raise SettingError(f"a formula may hold numbers, {', '.join(names)}, + - * / ** and brackets; got {text!r}.")

    try:
        body = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise SettingError(f"a formula must read like 200*(y - x**2); got {text!r}.") from None
    return walk(body)

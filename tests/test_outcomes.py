"""Outcomes: the rules, the same for curves and kernels, and runs whose truth is known."""

import itertools
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline import random
from fallline.measures.measure import FOLDED
from fallline.measures.outcome import OUTCOMES, RULES, Statistics, judge
from fallline.measures.statistics import diverged_at
from fallline.problems.curvature import stable_learning_rate
from side_by_side import train, training
from statements import Truth, false_statements

BOUNDED = ["gradient_descent", "momentum", "momentum_outside", "nesterov", "nesterov_outside"]
FACTORS = [0.05, 0.5, 0.9, 0.999, 1.0, 1.001, 1.005, 1.0375, 1.05, 1.5]
STEPS = [0, 1, 2, 3, 5, 8, 60, 400]


def holds(run, truth=Truth()):  # noqa: B008  # frozen
    wrong = false_statements(run, truth)
    assert not wrong, (run.outcome.kind, run.outcome.sentence, wrong)
    return run.outcome


def names(kinds):
    return [OUTCOMES[k] for k in kinds]


# --- rules ---------------------------------------------------------------------------------------------------------


def test_old_map_files_keep_their_outcomes():
    assert OUTCOMES[:5] == ("converged", "still descending", "stalled", "oscillating", "diverged")
    assert {rule.kind for rule in RULES} == set(OUTCOMES)


def test_the_documentation_shows_the_rules():
    page = (Path(__file__).parents[1] / "docs/outcomes.md").read_text(encoding="utf-8")
    rows = [f"| {rule.kind} | {rule.definition.replace('|', chr(92) + '|')} |" for rule in RULES]
    assert "\n".join(rows) in page


t = np.arange(101.0)
CURVES = [
    (0.5**t, 0.5**t, "converged"),
    (0.5**t, 1 + 0 * t, "still descending"),
    (100 - t, 1 + 0 * t, "still descending"),
    (3 + 0 * t, 1 + 0 * t, "stalled"),
    (3 + 1e-3 * np.sin(t), 1 + 0 * t, "stalled"),
    (3 + 3 * (t < 9), 1 + 0 * t, "stalled"),
    (2 + (-1) ** t, 1 + 0 * t, "oscillating"),
    (2 + (-1) ** (t + 1), 1 + 0 * t, "oscillating"),
    (2 + np.sin(t), 1 + 0 * t, "oscillating"),
    (np.where(t % 30 == 29, 9, 5 - t % 30 / 9), 1 + 0 * t, "oscillating"),  # falls for long, rises in bursts
    (
        np.array([9, 8, 7, 2.18, 1, 5, 0.3, 2, 0.1, 0.5, 0.2, 0.00126]),
        np.ones(12),
        "still descending",
    ),  # swings, but falls
    (5 * 1.02**t, 1 + 0 * t, "rising"),
    (5 * 1.3 ** np.minimum(t, 40), 1 + 0 * t, "stalled"),
    (np.where(t < 50, 100 - t, t), 1 + 0 * t, "rising"),
    (np.where(t < 9, 5, 500 - t), 1 + 0 * t, "still descending"),  # from far above its start
    (5 * 1.3**t, 1 + 0 * t, "diverged"),
    (np.where(t < 9, 5, np.nan), 1 + 0 * t, "diverged"),
    (np.where(t < 1, -np.inf, 1), 1 + 0 * t, "diverged"),
]


@pytest.mark.parametrize(("losses", "norms", "kind"), CURVES)
def test_rules_on_curves(losses, norms, kind):
    assert names([judge(Statistics.of_curves(losses, norms, np.ones(2)))]) == [kind]


@pytest.mark.parametrize("steps", range(1, 41))
def test_an_oscillation_of_period_two_is_no_trend_at_any_length(steps):
    losses = 2 + (-1.0) ** np.arange(steps + 1)
    kind = names([judge(Statistics.of_curves(losses, 1 + 0 * losses, np.ones(2)))])[0]
    assert kind == ("oscillating" if steps > 1 else "rising" if losses[-1] > losses[0] else "still descending")


def test_the_first_loss_that_is_not_finite_diverges():
    losses = np.array([[np.inf, 1, 1], [-np.inf, 1, 1], [np.nan, 1, 1], [1, 1, 1e7], [1, -1e7, 1], [20, 1, 1e7]])
    assert diverged_at(losses).tolist() == [0, 0, 0, 2, 1, -1]


# --- the same from curves and from a kernel's columns ----------------------------------------------------------------


def same_by_both(problem, optimizer, steps, starts, settings, rows=None, dtype="float64"):
    """Judges runs by the kernel's columns, and again by their curves: the same statistics and the same outcomes."""
    judged = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FOLDED, "outcome", replace(FOLDED["outcome"], rule=lambda s: judged.append(s) or judge(s)))
        got = _train(problem, optimizer, steps, starts, settings, rows, dtype)
    what = fl.objective(problem) if isinstance(problem, str) else problem
    norms = np.empty(got["history"].shape)
    with np.errstate(all="ignore"):
        for k in range(steps + 1):
            w = got["path"][:, k]
            gradient = what.loss_and_gradient(w)[1] if rows is None or k == steps else what.minibatch(w, rows[k])[1]
            norms[:, k] = np.linalg.norm(gradient.astype(np.float64), axis=-1)
    again = Statistics.of_curves(got["history"], norms, got["path"][:, -1])
    alive = again.diverged_at < 0
    for field in fields(Statistics):
        if getattr(again, field.name) is None:  # nobody asked for it
            continue
        one, other = (np.asarray(getattr(s, field.name)) for s in (judged[0], again))
        pick = alive if one.ndim else ...
        exact = "gradient" not in field.name
        tolerance = (
            {"rtol": 0}
            if exact
            else {"rtol": 1e-3 if dtype == "float32" else 1e-9, "atol": 1e-4 if dtype == "float32" else 1e-12}
        )
        np.testing.assert_allclose(one[pick], other[pick], **tolerance, err_msg=field.name)
    assert names(got["outcome"]) == names(judge(again))
    return set(names(got["outcome"]))


def _train(problem, optimizer, steps, starts, settings, rows, dtype):
    return train(problem, optimizer, steps=steps, starts=starts, settings=settings, rows=rows, dtype=dtype,
                 measures=("outcome", "history", "path"))  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("steps", [0, 1, 7, 30, 75])
def test_curves_and_kernels_agree(dtype, steps):
    """About 8,000 runs in all."""
    seen = set()
    problem = fl.NetworkObjective(fl.Network.of("2-3-2-3"), fl.generate("gaussians", samples=10))
    starts = np.repeat(fl.draw_starts(problem, 20, seed=1), 12, axis=0)
    rates = np.tile(np.geomspace(1e-5, 3, 12), 20)
    rows = random.batches(0, 30, 7, steps)
    for batches in (None, rows):
        seen |= same_by_both(
            problem, "momentum", steps, starts, {"learning_rate": rates, "momentum": 0.5}, batches, dtype
        )
    for name, low, top in (("quadratic", 0.19, 0.206), ("quadratic", 1e-7, 0.21), ("rosenbrock", 1e-7, 0.003),
                           ("himmelblau", 1e-7, 0.05), ("saddle", 1e-7, 0.1)):  # fmt: skip
        rates = np.geomspace(low, top, 90)
        starts = fl.draw_starts(fl.objective(name), 90, seed=2)
        seen |= same_by_both(name, "gradient_descent", steps, starts, {"learning_rate": rates}, None, dtype)
    assert steps < 30 or seen == set(OUTCOMES)


# --- sentences over runs whose truth is known -------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", BOUNDED)
def test_quadratics_around_their_bound(optimizer):
    """810 runs below, at and above 2/L and its kin; nothing that a sentence says of them is false."""
    for momentum in (0.5, 0.9) if optimizer != "gradient_descent" else (0.0,):
        settings = {} if optimizer == "gradient_descent" else {"momentum": momentum}
        bound = stable_learning_rate(optimizer, 10.0, momentum)
        for factor, (steps, start) in itertools.product(FACTORS, [*((n, (1, 1)) for n in STEPS), (400, (0, 1))]):
            run = fl.descend("quadratic", optimizer, start=start, learning_rate=factor * bound, steps=steps, **settings)
            outcome = holds(run, Truth(lowest=0.0, point="minimum", bound=bound, unstable=factor >= 1))
            if factor > 1.002 and steps == 400:
                assert outcome.kind in ("rising", "diverged")
                assert "lies above the stability bound" in outcome.sentence
            if factor < 0.95 and steps == 400:
                assert outcome.kind in ("converged", "still descending", "oscillating")
            if factor == 1 and steps == 400 and start == (0, 1):
                assert outcome.kind == "stalled"


def ln(x, y):
    return np.log(x) + y**2


def steep(x, y):
    return x**20 + y**2


def cliff(x, y):
    return x**2 + y**2 - np.log(1 - x)


def two_wells(x, y):
    return (x**2 - 1) ** 2 + y**2


def trough(x, y):
    return 1 - 1 / (1 + x**2) + y**2


def hill(x, y):
    return -(x**2) - y**2


def ridge(x, y):
    return -(x**2) + 0 * y


def slope(x, y):
    return -(x**2) - y**3


def flat_bottom(x, y):
    return x**2 + 0 * y


def constant(x, y):
    return 3 + 0 * x


def tiny(x, y):
    return 1e-30 * (x**2 + y**2)


def huge(x, y):
    return 1e22 * (x**2 + y**2)


def saturated(x, y):
    return np.where(x > 0, np.exp(800 * x), np.sqrt(x)) + y**2  # what overflows in the other branch is not the cause


def towards_nothing(x, y):
    return np.sqrt(x) + y**2


# objective, options, truth, words of the sentence
KNOWN = [
    ("quadratic", {"learning_rate": 0.1, "steps": 200}, Truth(0.0, "minimum", 0.2, kinds=("converged",)), "Converged to loss"),
    ("quadratic", {"start": (0, 0)}, Truth(0.0, "minimum", 0.2, kinds=("stalled",)), "the gradient is 0 from the start, at a minimum"),
    ("quadratic", {"steps": 0}, Truth(kinds=("stalled",)), "No step was taken"),
    ("saddle", {"start": (1, 0), "learning_rate": 0.1, "steps": 200}, Truth(point="saddle", kinds=("stalled",)), "on a saddle"),
    ("saddle", {"start": (0, 0)}, Truth(point="saddle", kinds=("stalled",)), "from the start, on a saddle"),
    ("saddle", {"start": (1, 0.1), "learning_rate": 0.1, "steps": 200}, Truth(kinds=("diverged",)), "Diverged downward at step 51: the loss fell below -1e+06."),
    (two_wells, {"start": (0, 1), "learning_rate": 0.1, "steps": 200}, Truth(point="saddle", kinds=("stalled",)), "on a saddle"),
    (two_wells, {"start": (0.1, 1), "learning_rate": 0.1, "steps": 400}, Truth(0.0, "minimum", kinds=("converged",)), "Converged to loss"),
    ("monkey_saddle", {"start": (0, 0)}, Truth(point="no minimum", kinds=("stalled",)), "leads further down"),
    (slope, {"start": (0, 0)}, Truth(point="no minimum", kinds=("stalled",)), "leads further down"),
    (hill, {"start": (0, 0)}, Truth(point="maximum", kinds=("stalled",)), "at a maximum"),
    (ridge, {"start": (0, 1)}, Truth(point="no minimum", kinds=("stalled",)), "from the start, but a straight way without a rise leads further down"),
    (flat_bottom, {"start": (1, 1), "learning_rate": 0.1, "steps": 200}, Truth(0.0, "minimum", kinds=("converged",)), "does not tell whether this is a minimum"),
    (trough, {"start": (3e3, 1), "learning_rate": 0.1, "steps": 300}, Truth(point="no minimum", kinds=("stalled",)), "which is no minimum"),
    (constant, {"steps": 20}, Truth(3.0, kinds=("stalled",)), "the loss did not change in 20 steps; the gradient is 0 from the start"),
    (steep, {"start": (2.0, 3.2), "learning_rate": 1e-7, "steps": 9000}, Truth(0.0, unstable=True, kinds=("still descending",)), "loss 1.04859e+06 to 10.5"),
    (ln, {"start": (-1, 0)}, Truth(kinds=("diverged",)), "The start has no finite loss: it is nan. Its computation meets an operation without a value"),
    (ln, {"start": (0, 0)}, Truth(kinds=("diverged",)), "The start has no finite loss: it is -inf. Its computation meets a division by 0 or the log of 0."),
    (saturated, {"start": (-1, 0)}, Truth(kinds=("diverged",)), "The start has no finite loss: it is nan. Its computation meets an operation without a value, such as"),
    (huge, {"start": (1e30, 1), "dtype": "float32"}, Truth(kinds=("diverged",)), "The start has no finite loss: it is inf. Its computation meets a number that is too large."),
    (towards_nothing, {"start": (0.01, 0), "learning_rate": 0.1}, Truth(kinds=("diverged",)), "Diverged at step 1: the loss was no longer a finite number. Its computation meets an operation without a value"),
    (cliff, {"start": (0.9, 1), "learning_rate": 1.5}, Truth(kinds=("diverged", "rising"), bound=0.01961), "at step"),
    (tiny, {"start": (1, 1), "learning_rate": 0.1, "steps": 50, "dtype": "float32"}, Truth(bound=1e30, kinds=("stalled",)), "too small for float32, so its norm does not tell"),
    (tiny, {"start": (1, 1), "learning_rate": 4e29, "steps": 50}, Truth(0.0, "minimum", kinds=("converged",)), "Converged"),
    (huge, {"start": (1, 1), "learning_rate": 4e-23, "steps": 9, "dtype": "float32"}, Truth(kinds=("still descending",)), "too large for float32, so its norm does not tell"),
    ("quadratic", {"start": (1, 1), "learning_rate": 0.1, "steps": 900, "dtype": "float32"}, Truth(0.0, "minimum", kinds=("converged",)), "e-42 in 900 steps"),
    ("rosenbrock", {"learning_rate": 1e-9, "steps": 50}, Truth(bound=0.001329, kinds=("stalled",)), "lies far below the stability bound 2/L"),
    ("rosenbrock", {"learning_rate": 0.1, "steps": 50}, Truth(bound=0.001329, kinds=("diverged",)), "lies above the stability bound 2/L = 0.00133 at the start"),
    ("himmelblau", {"start": (0, 0), "learning_rate": 0.03}, Truth(kinds=("oscillating",)), "Each of the last steps goes back against the one before"),
]  # fmt: skip


@pytest.mark.parametrize(("objective", "options", "truth", "words"), KNOWN)
def test_runs_whose_truth_is_known(objective, options, truth, words):
    assert words in holds(fl.descend(objective, **options), truth).sentence


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8, 40, 300])
@pytest.mark.parametrize("optimizer", ["gradient_descent", "momentum", "nesterov", "adam", "rmsprop", "adagrad"])
def test_landscapes_at_many_learning_rates(optimizer, steps):
    """About 350 runs in all."""
    for name, rate in itertools.product(["rosenbrock", "himmelblau", "beale", "booth"], [1e-7, 1e-4, 1e-2, 0.3]):
        run = fl.descend(name, optimizer, learning_rate=rate, steps=steps)
        with np.errstate(all="ignore"):
            highest = np.linalg.eigvalsh(_hessian(run, 0 if run.outcome.kind == "diverged" else -1))[-1]
        bound = stable_learning_rate(optimizer, highest, run.method.settings.get("momentum", 0.0))
        holds(run, Truth(lowest=0.0, point=None, bound=bound))


def _hessian(run, at):
    w, h = run.path[at], 1e-5
    if not np.isfinite(w).all():
        return np.zeros((2, 2))
    rows = [
        (run.objective.loss_and_gradient(w + h * e)[1] - run.objective.loss_and_gradient(w - h * e)[1]) / (2 * h)
        for e in np.eye(2)
    ]
    return np.nan_to_num(np.array(rows))


def test_the_cause_of_a_divergence_comes_first():
    """Where the loss rose from the start, the learning rate is the cause; where it fell at first, it is named last."""
    rose = holds(
        fl.descend("quadratic", start=(1, 1), learning_rate=0.25, steps=400), Truth(bound=0.2, kinds=("diverged",))
    )
    assert rose.sentence.startswith(
        "Learning rate 0.25 lies above the stability bound 2/L = 0.2 at the start. Diverged at step "
    )
    fell = holds(
        fl.descend("quadratic", start=(1, 1e-6), learning_rate=0.25, steps=400), Truth(bound=0.2, kinds=("diverged",))
    )
    assert fell.sentence.startswith("Diverged at step ")
    assert fell.sentence.endswith("Learning rate 0.25 lies above the stability bound 2/L = 0.2 at the start.")


@pytest.mark.parametrize(("rate", "kind"), [(0.2, "stalled"), (0.201, "rising")])
def test_the_bound_stands_before_how_a_run_ended_above_it(rate, kind):
    outcome = fl.descend("quadratic", start=(1, 1), learning_rate=rate, steps=200).outcome
    assert outcome.kind == kind
    assert outcome.sentence.startswith(f"Learning rate {rate} ")
    assert f" at the end. {kind.capitalize()}" in outcome.sentence


def test_the_bound_stands_before_an_oscillation():
    run = fl.descend("himmelblau", start=(3.1, 2.1), learning_rate=0.025, steps=400)
    assert run.outcome.kind == "oscillating"
    assert run.outcome.sentence.startswith(
        "Learning rate 0.025 lies above the stability bound 2/L = 0.02 at the end. Oscillating: "
    )


def test_dead_units():
    """70 runs: none, some or all units of a layer dead, from the start or on the way; with and without minibatches."""
    kinds, counts = set(), set()
    problem = fl.NetworkObjective(fl.Network.of("2-3-2-3"), fl.generate("gaussians", samples=10))
    for seed, rate, batch in itertools.product(range(7), [1e-4, 1e-2, 0.05, 0.2, 1.0], [None, 7]):
        run = fl.descend(problem, start=fl.draw_starts(problem, 7)[seed], learning_rate=rate, steps=40, batch=batch)
        kinds.add(holds(run, Truth(bound=_bound(run))).kind)
        counts.add(len(run.outcome.evidence["died"]))
    assert len(counts) > 3
    assert kinds >= {"still descending", "oscillating"}


def _bound(run):
    from fallline.problems.curvature import eigenvalues

    return stable_learning_rate(
        "gradient_descent", eigenvalues(run.objective, run.path[0 if run.outcome.kind == "diverged" else -1])[1]
    )


def test_a_layer_that_is_dead_is_named_as_a_whole():
    problem = fl.NetworkObjective(fl.Network.of("2-3-2-3"), fl.generate("gaussians", samples=10))
    start = np.array(fl.draw_starts(problem, 1)[0])
    layers = problem.network.unpack(start)  # views of the start
    layers[1].W[:], layers[1].b[:] = 0, -1
    run = fl.descend(problem, start=start, learning_rate=0.01, steps=2000)
    outcome = holds(run)
    assert outcome.kind == "stalled"
    assert outcome.sentence.startswith(
        "All units of layer 2 are dead from the start: slope 0 for every sample, so no gradient"
    )


# --- minibatches: one scale for all losses ------------------------------------------------------------------------------


@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_losses_of_minibatches_are_on_the_scale_of_all_samples(reduction, l2):
    network = fl.Network.of("2-4-3", activation="tanh", reduction=reduction, l2=l2)
    problem = fl.NetworkObjective(network, fl.generate("gaussians", samples=10))
    rows = random.batches(0, 30, 6, 5)  # five batches make the whole
    w = fl.draw_starts(problem, 1)[0]
    parts = [problem.minibatch(w, r) for r in rows]
    loss, gradient = problem.loss_and_gradient(w)
    np.testing.assert_allclose(np.mean([p[0] for p in parts]), loss, rtol=1e-13)
    np.testing.assert_allclose(np.mean([p[1] for p in parts], axis=0), gradient, rtol=1e-12, atol=1e-14)
    for r, part in zip(rows, parts, strict=True):
        assert (part[2] == problem.loss_and_gradient(w, r)[1]).all()


@pytest.mark.parametrize("l2", [None, 0.3])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_every_engine_records_the_same_losses_of_minibatches(reduction, l2):
    from fallline.runs import batched, lanes

    problem = fl.NetworkObjective(
        fl.Network.of("2-4-3", activation="tanh", reduction=reduction), fl.generate("gaussians", samples=10)
    )
    start, rows = fl.draw_starts(problem, 1)[0], random.batches(3, 30, 7, 12)
    settings = {"learning_rate": 0.01} | ({} if l2 is None else {"l2": l2})
    runs = training(problem, steps=12, starts=start, rows=rows, settings=settings)
    got = lanes.train(runs, ("history", "best_loss", "final_loss", "steps_to"), target=20.0)
    again = batched.train(runs, ("best_loss", "final_loss", "steps_to"), target=20.0)
    for name in ("best_loss", "final_loss", "steps_to"):
        np.testing.assert_allclose(got[name], again[name], rtol=1e-12)
    single = fl.NetworkObjective(problem.network.with_(l2=l2 or 0.0), problem.data)
    run = fl.descend(single, start=start, steps=12, batch=7, seed=3, learning_rate=0.01)
    np.testing.assert_allclose(got["history"][0], run.losses, rtol=1e-12)
    assert run.best_loss == pytest.approx(got["best_loss"][0], rel=1e-12)
    whole = np.array([float(single.loss(w)) for w in run.path])
    assert (np.abs(run.losses / whole - 1) < 0.9).all(), "a batch of 7 of 30 is no longer a quarter of the whole"
    assert run.losses[-1] == whole[-1]

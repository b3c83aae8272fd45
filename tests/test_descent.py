"""A single run: the notebook's figures, laws, and how runs end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallline as fl
from fallline.errors import SettingError, ShapeError, UnknownNameError
from fallline.experiment.method import method
from fallline.experiment.starts import notebook_uniform
from fallline.measures.outcome import Statistics, judge
from fallline.measures.statistics import diverged_at
from fallline.problems.curvature import eigenvalues, stable_learning_rate
from fallline.runs.trajectory import trajectory


@pytest.fixture(scope="module")
def seed_problem():
    return fl.NetworkObjective(fl.Network.of("2-3-2-3"), fl.generate("three-gaussians"))


@pytest.mark.parametrize(
    ("run", "rate", "start", "end"),
    [
        (0, 5**-6, (0.92830161, -0.94812013), (0.157429, 0.010189)),
        (1, 5**-7, (0.58412059, 0.87200971), (0.814040, 0.707355)),
        (2, 5**-3, (0.24626753, -0.43800839), (0.256715, 0.036640)),
    ],
)
def test_the_notebooks_descents(run, rate, start, end):
    first = notebook_uniform(10, -1, 1.5, runs=3)[run]
    assert first == pytest.approx(start, abs=5e-9)
    assert fl.descend("rosenbrock", start=first, learning_rate=rate, steps=300).end == pytest.approx(end, abs=5e-7)


@pytest.mark.parametrize(
    ("rate", "momentum", "end"),
    [
        (8e-5, 5**-6, (0.009469, -0.240424)),
        (1e-5, 0.5, (0.009039, -2.134359)),
        (8e-4, 5**-6, (0.219261, 0.045229)),
        (8e-5, 1, (-1.889617, 7.751843)),
        (8e-5, 0.9, (1.270353, 1.614794)),
        (8e-5, 0.7, (0.071021, 0.003838)),
    ],
)
def test_the_notebooks_descents_with_momentum(rate, momentum, end):
    start = notebook_uniform(100, -10, 10)[0]
    run = fl.descend("rosenbrock", "momentum", start=start, learning_rate=rate, momentum=momentum, steps=180)
    assert run.end == pytest.approx(end, abs=5e-7)


@pytest.mark.parametrize(
    ("rate", "momentum", "end"), [(6e-3, 0, 33.51), (1e-3, 0, 63.92), (6.5e-3, 0, 148.33), (1e-3, 0.9, 34.47)]
)
def test_the_notebooks_fits(seed_problem, rate, momentum, end):
    start = fl.notebook_start(seed_problem)
    run = fl.descend(seed_problem, "momentum", start=start, learning_rate=rate, momentum=momentum, steps=30)
    assert round(float(run.losses[0]), 2) == 232.49
    assert round(run.loss, 2) == end


def test_a_dead_unit_is_named_with_its_step(seed_problem):
    run = fl.descend(seed_problem, start=fl.notebook_start(seed_problem), learning_rate=6.5e-3, steps=30)
    assert run.outcome.evidence["died"] == [{"layer": 2, "unit": 2, "step": 1}]
    assert "Layer 2 unit 2 died at step 1" in run.outcome.sentence


# One row for each outcome: objective, settings, what the sentence must say.
ENDINGS = [
    ("quadratic", {"learning_rate": 0.1, "steps": 200}, "converged", "Converged to loss"),
    ("rosenbrock", {"learning_rate": 1e-3, "steps": 50}, "still descending", "Still descending after 50 steps"),
    ("saddle", {"learning_rate": 0.1, "start": (1, 0), "steps": 100}, "stalled", "on a saddle"),
    ("rosenbrock", {"learning_rate": 1e-9, "steps": 50}, "stalled", "lies far below the stability bound 2/L"),
    ("quadratic", {"learning_rate": 0.2, "start": (0, 1), "steps": 50}, "stalled", "Stalled"),
    (
        "himmelblau",
        {"learning_rate": 0.03, "start": (0, 0), "steps": 100},
        "oscillating",
        "Each of the last steps goes back",
    ),
    (
        "rosenbrock",
        {"learning_rate": 0.1, "steps": 50},
        "diverged",
        "lies above the stability bound 2/L = 0.00133 at the start",
    ),
    ("saddle", {"learning_rate": 0.1, "start": (1, 0.1), "steps": 200}, "diverged", "Diverged downward"),
]


@pytest.mark.parametrize(("objective", "options", "kind", "words"), ENDINGS)
def test_endings(objective, options, kind, words):
    run = fl.descend(objective, **options)
    assert run.outcome.kind == kind, run.outcome.sentence
    assert words in run.outcome.sentence


def test_divergence_in_a_network_names_step_and_layer(seed_problem):
    regression = fl.NetworkObjective(
        fl.Network.of("2-4-3", activation="relu", loss="squared_error"), fl.generate("three-gaussians")
    )
    run = fl.descend(regression, learning_rate=1e3, steps=60)
    assert run.outcome.kind == "diverged"
    assert run.outcome.step == diverged_at(run.losses)
    assert "Diverged at step" in run.outcome.sentence
    assert run.to_dict()["losses"][-1] is None or np.isfinite(run.losses[-1])


def test_judge_is_the_same_for_one_run_and_a_batch():
    def statistics(losses, norms, end):
        return Statistics.of_curves(np.array(losses), np.array(norms), np.array(end))

    runs = [fl.descend(name, learning_rate=rate, steps=60) for name in ("rosenbrock", "saddle") for rate in (1e-3, 0.1)]
    together = judge(statistics([r.losses for r in runs], [r.gradient_norms for r in runs], [r.end for r in runs]))
    assert together.tolist() == [int(judge(statistics(r.losses, r.gradient_norms, r.end))) for r in runs]


@given(
    momentum=st.just(0.0),
    rate=st.floats(1e-5, 1e-3),
    name=st.sampled_from(["momentum", "momentum_outside", "nesterov"]),
)
@settings(max_examples=25, deadline=None)
def test_momentum_zero_is_gradient_descent(momentum, rate, name):
    plain = fl.descend("rosenbrock", learning_rate=rate, steps=40)
    other = fl.descend("rosenbrock", name, learning_rate=rate, momentum=momentum, steps=40)
    assert (plain.path == other.path).all()


def test_a_batch_of_runs_equals_a_loop(seed_problem):
    starts = fl.draw_starts(seed_problem, 5, seed=3)
    how = method("adam", learning_rate=0.05)
    together = [loss for _, loss, _ in trajectory(seed_problem, how, starts, 12)]
    for k, start in enumerate(starts):
        alone = fl.descend(seed_problem, "adam", start=start, learning_rate=0.05, steps=12)
        assert [loss[k] for loss in together] == pytest.approx(alone.losses.tolist(), rel=1e-12)


def test_each_layer_may_have_its_own_learning_rate(seed_problem):
    start = fl.draw_starts(seed_problem, 1)[0]
    frozen = fl.descend(seed_problem, start=start, steps=5, learning_rate=1e-3, **{"learning_rate.1": 0})
    first = np.array(seed_problem.network.layer_of) == 1
    assert (frozen.path[-1][first] == start[first]).all()
    assert (frozen.path[-1][~first] != start[~first]).any()


def test_minibatches_are_keyed_by_the_seed(seed_problem):
    def run(seed):
        start = fl.draw_starts(seed_problem, 1)[0]
        return fl.descend(seed_problem, start=start, steps=20, batch=32, learning_rate=0.01, seed=seed).end

    assert (run(1) == run(1)).all()
    assert (run(1) != run(2)).any()


def test_schedules_scale_the_learning_rate():
    run = fl.descend("quadratic", start=(1.0, 0.0), learning_rate=0.1, steps=2, schedule={"name": "warmup", "every": 2})
    assert run.path[:, 0].tolist() == pytest.approx([1.0, 0.95, 0.855])


def test_float32_stays_float32(seed_problem):
    run = fl.descend(seed_problem, "adam", steps=3, dtype="float32")
    assert run.path.dtype == np.float32


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: fl.descend("rosenbrok"), UnknownNameError, "Did you mean 'rosenbrock'"),
        (lambda: fl.descend("rosenbrock", "momentun"), UnknownNameError, "'momentum'"),
        (lambda: fl.descend("rosenbrock", "momentum", momentum=1.5), SettingError, "in [0, 1]; got 1.5"),
        (lambda: fl.descend("rosenbrock", momentum=0.5), UnknownNameError, "must be one of learning_rate"),
        (lambda: fl.descend("booth", start=(1, 2, 3)), ShapeError, "(2,)"),
        (lambda: fl.descend("rosenbrock", steps=-1), SettingError, "steps must be a whole number"),
        (lambda: fl.descend("rosenbrock", batch=3), SettingError, "has no samples"),
        (lambda: fl.descend("rosenbrock", **{"learning_rate.1": 0.1}), SettingError, "no layers"),
        (lambda: fl.descend("rosenbrock", dtype="float16"), UnknownNameError, "float32, float64"),
        (lambda: fl.descend("rosenbrock", schedule="cosin"), UnknownNameError, "'cosine'"),
    ],
)
def test_wrong_use_is_a_sentence(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)


def test_curvature_by_products_equals_the_whole_hessian(monkeypatch):
    problem = fl.NetworkObjective(fl.Network.of("2-8-3", activation="tanh"), fl.generate("three-gaussians"))
    w = fl.draw_starts(problem, 1)[0]
    dense = eigenvalues(problem, w)
    monkeypatch.setattr("fallline.problems.curvature.DENSE", 0)
    assert eigenvalues(problem, w) == pytest.approx(dense, rel=1e-2)


@pytest.mark.parametrize("name", ["gradient_descent", "momentum", "momentum_outside", "nesterov", "nesterov_outside"])
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_stability_bound_separates_convergence_from_divergence(name, momentum):
    if name == "gradient_descent" and momentum:
        pytest.skip("gradient descent has no momentum")
    settings = {} if name == "gradient_descent" else {"momentum": momentum}
    bound = stable_learning_rate(name, 10.0, momentum)
    for factor, kind in ((0.99, "converged"), (1.01, "diverged")):
        run = fl.descend("quadratic", name, start=(1.0, 1.0), learning_rate=factor * bound, steps=4000, **settings)
        assert run.outcome.kind == kind

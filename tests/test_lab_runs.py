"""What the lab shows of a run: its network over a plane of inputs, gradients, confusion matrices, and changed weights."""

import numpy as np
import pytest

import fallline as fl
from fallline.data.dataset import Dataset
from fallline.lab.resolved_state import resolve_state
from fallline.lab.state import read_state
from fallline.lab.work.input_plane import input_plane
from fallline.lab.work.pool import Pool
from fallline.lab.work.runs import train_run
from test_lab_session import Talk

PLACE = {"pin": 0, "x": 6e-3, "y": 0.0}
VALUES = "x,y,z\n" + "\n".join(f"{k % 7},{k % 5},{0.37 * k % 3:.2f}" for k in range(30)) + "\n"
FOUR = "a,b,c,d,kind\n" + "\n".join(
    f"{k % 7},{k % 5},{(k * k) % 11},{k % 3},{'abc'[k % 3]}" for k in range(40)
)  # fmt: skip


@pytest.fixture(scope="module")
def pool():
    pool = Pool()
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def talk(pool):
    talk = Talk(pool)
    yield talk
    talk.session.close()


def trained(state=None, x=6e-3, y=0.0):
    return train_run(resolve_state(read_state(state or {}), {}), x, y)


def refusal(talk, kind, **more):
    talk.say(kind, **more)
    return talk.until("refused")[0]["sentence"]


def test_gradients_are_the_engines_own(talk):
    _, arrays = talk.ask("detail", of="gradients", **PLACE)
    run = trained()
    assert np.array_equal(arrays["gradients"], run.gradients.astype(np.float32))
    assert np.linalg.norm(arrays["layer_norms"], axis=1) == pytest.approx(run.gradient_norms, rel=1e-6)
    assert arrays["layer_norms"].shape == (31, 3)


def test_a_dead_unit_gets_no_gradient(pool):
    """In the run beyond the cliff layer 2 unit 2 dies at step 1: its incoming weights have gradient 0 from then on."""
    run = trained(x=6.5e-3)
    first = run.network.unpack(run.gradients)[1]
    assert (first.W[1:, :, 1] == 0).all()
    assert (first.W[1:, :, 0] != 0).any()


def test_confusion_matrices_agree_with_the_accuracy(talk):
    _, arrays = talk.ask("detail", of="confusion", **PLACE)
    counts, run = arrays["confusion"], trained()
    assert counts.shape == (31, 3, 3)
    assert (counts.sum(axis=2) == 100).all()  # 100 samples of each class
    assert counts.trace(axis1=1, axis2=2) / 300 == pytest.approx(run.accuracy(step=slice(None)))


def test_samples_for_the_test_have_a_matrix_of_their_own(pool):
    data = {"kind": "generated", "name": "three-gaussians", "samples": 20, "test_share": 0.25}
    talk = Talk(pool, {"data": data})
    _, arrays = talk.ask("detail", of="confusion", **PLACE)
    assert arrays["confusion"].sum() == 31 * 45
    assert arrays["test_confusion"].sum() == 31 * 15
    _, changed = talk.ask("what_if", step=30, changes=[], **PLACE)
    assert np.array_equal(changed["test_confusion"], arrays["test_confusion"][30])
    told, samples = talk.ask("data")
    assert (told["test"], len(samples["points"])) == (15, 60)
    talk.session.close()


def test_confusion_matrices_are_scikit_learns():
    metrics = pytest.importorskip("sklearn.metrics")
    for sizes, loss in (("2-3-2", "cross_entropy"), ("2-3-1", "logistic")):
        net = fl.NetworkObjective(fl.Network.of(sizes, loss=loss), fl.generate("moons", samples=40))
        run = fl.descend(net, "adam", initial="he_normal", learning_rate=0.05, steps=12)
        output = run.output()
        predicted = output.argmax(axis=1) if output.shape[1] > 1 else output[:, 0] > 0.5
        truth = fl.generate("moons", samples=40).labels
        assert run.confusion_matrix().tolist() == metrics.confusion_matrix(truth, predicted).tolist()


def test_samples_of_a_single_logit_keep_their_classes(pool):
    units = {"objective": {"kind": "network", "units": [2, 3, 1], "activations": ["relu"], "loss": "logistic"}}
    talk = Talk(pool, units | {"data": {"kind": "generated", "name": "moons", "samples": 20}, "start": None})
    assert sorted(set(talk.ask("data")[1]["classes"].tolist())) == [0, 1]
    talk.session.close()


def test_values_have_no_confusion_matrix_and_diverged_weights_are_no_numbers(pool):
    talk = Talk(pool)
    told, _ = talk.ask("csv", name="values.csv", text=VALUES)
    wanted = {"data": {"kind": "table", "digest": told["digest"], "target": "z"}, "steps": 60}
    state = talk.ask("state", state=talk.welcome["state"] | wanted, changed="data.digest")[0]["state"]
    assert state["objective"]["units"][-1] == 1
    assert "needs one class for each sample" in refusal(talk, "detail", of="confusion", **PLACE)
    facts, arrays = talk.ask("what_if", step=3, changes=[[0, 0.5]], **PLACE)
    assert facts["scale"] == [0.0, 2.96]
    assert "accuracy" not in facts
    assert "confusion" not in arrays
    diverged = {"pin": 1, "x": 1e5, "y": 0.0}
    assert "had diverged before step 60" in refusal(talk, "what_if", step=60, changes=[[0, 1.0]], **diverged)
    talk.session.close()


def test_a_changed_weight_changes_this_network_alone(talk):
    run = trained()
    facts, arrays = talk.ask("what_if", step=12, changes=[[4, 1.5], [25, -1.0]], **PLACE)
    w = np.array(run.path[12])
    before = run.objective.loss(w)
    w[[4, 25]] = 1.5, -1.0
    assert np.array_equal(arrays["w"], w)
    assert facts["loss"] == [before, run.objective.loss(w)]
    assert facts["accuracy"] == [run.accuracy(step=12), float(run.objective.accuracy(w))]
    assert np.array_equal(arrays["gradients"], run.objective.gradient(w).astype(np.float32))
    assert arrays["confusion"].trace() == round(300 * facts["accuracy"][1])
    _, same = talk.ask("what_if", step=12, changes=[], **PLACE)
    assert same["w"].dtype == np.float32  # as the run
    _, frames = talk.ask("frames", **{"from": 12, "to": 12}, **PLACE)
    assert np.array_equal(same["regions"], frames["regions"])
    assert np.array_equal(same["units"], frames["units"])
    assert not np.array_equal(arrays["regions"], frames["regions"])
    assert np.array_equal(talk.ask("run", **PLACE)[1]["path"], run.path)  # the run is what it was


@pytest.mark.parametrize(
    ("kind", "more", "sentence"),
    [
        ("what_if", {"step": 31, "changes": []}, "step must be a whole number from 0 to 30; got 31."),
        ("what_if", {"step": 3, "changes": [[26, 1.0]]}, "the network 2-3-2-3 has 26 parameters; there is no number 26."),
        ("what_if", {"step": 3, "changes": [[0, "1e"]]}, "value must be a finite number; got '1e'."),
        ("what_if", {"step": 3, "changes": 7}, "changes must be a list of at most 1000 pairs [number, value]; got 7."),
        ("frames", {"from": 0, "to": 3, "plane": [0, 2]}, "plane must be two different inputs, numbers from 0 to 1"),
        ("frames", {"from": 0, "to": 3, "plane": [0]}, "plane must be the numbers of two inputs, [0, 1]; got [0]."),
        ("detail", {"of": "loss"}, "detail of a run"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused_in_a_sentence(talk, kind, more, sentence):
    assert sentence in refusal(talk, kind, **more, **PLACE)


def test_four_inputs_are_drawn_over_two_of_them_or_over_components(pool):
    talk = Talk(pool)
    told, _ = talk.ask("csv", name="four.csv", text=FOUR)
    data = {"kind": "table", "digest": told["digest"], "target": "kind", "standardize": False}
    state = talk.ask("state", state=talk.welcome["state"] | {"data": data}, changed="data.digest")[0]["state"]
    assert state["objective"]["units"] == [4, 3, 2, 3]
    net = resolve_state(read_state(state), talk.session.page.tables).network
    for inputs, names in (([2, 0], ["c", "a"]), (None, ["component 1", "component 2"])):
        told, samples = talk.ask("data", plane=inputs)
        assert told["axes"] == names
        plane = input_plane(net.data, inputs and tuple(inputs))
        assert np.array_equal(samples["points"], plane.coordinates)
        facts, arrays = talk.ask("frames", **{"from": 5, "to": 5}, plane=inputs, **PLACE)
        assert (facts["plane"], facts["window"]) == (inputs, told["window"])
        _, run = talk.ask("run", **PLACE)
        expected = net.predict(run["path"][5].astype(np.float64), plane.points(48)).argmax(axis=-1)
        assert np.array_equal(arrays["regions"].ravel(), expected)
    talk.session.close()


class TestPlane:
    def test_components_are_scikit_learns(self):
        decomposition = pytest.importorskip("sklearn.decomposition")
        X = np.random.default_rng(0).normal(size=(30, 5)) @ np.diag([3, 1, 2, 0.5, 0.1]) + 4
        plane, peer = input_plane(Dataset(X, range(30))), decomposition.PCA(2)
        scores = peer.fit_transform(X)
        assert np.abs(plane.coordinates) == pytest.approx(np.abs(scores))
        share = f"{100 * peer.explained_variance_ratio_.sum():.0f} %"
        assert share in plane.note
        assert plane.centre == pytest.approx(X.mean(axis=0))

    def test_coordinates_lead_back_to_the_plane(self):
        X = np.random.default_rng(1).normal(size=(20, 3))
        for inputs in (None, (2, 1)):
            plane = input_plane(Dataset(X, range(20)), inputs)
            points = plane.points(4)
            u, v = (points - plane.centre) @ plane.across, (points - plane.centre) @ plane.up
            assert np.ptp(u.reshape(4, 4), axis=0).max() < 1e-12  # the same along a column
            assert np.ptp(v.reshape(4, 4), axis=1).max() < 1e-12
            (u0, u1, *_), cell = plane.window, (plane.window[1] - plane.window[0]) / 4
            assert u[:4] == pytest.approx(u0 + cell * (np.arange(4) + 0.5))
            assert u1 > plane.coordinates[:, 0].max()

    @pytest.mark.parametrize("X", [[[1.0, 2.0, 3.0]], [[5.0, 5.0, 5.0]] * 4, [[1e300, 0, 1.0], [-1e300, 0, 2.0]]])
    def test_data_without_spread_or_beyond_squares_have_a_plane(self, X):
        plane = input_plane(Dataset(X, [0.5] * len(X)))
        assert np.isfinite(plane.points(3)).all()
        assert plane.window[0] < plane.window[1]

"""Models in other libraries: ONNX files in onnxruntime, PyTorch's `nn.Sequential` both ways, scikit-learn's networks."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import fallline as fl
from fallline.data.preparing import Preparation
from fallline.data.preparing.scaling import SCALINGS
from fallline.data.reading import read_table
from fallline.errors import FalllineError, ShapeError, UsageError
from fallline.models.ensemble import Ensemble
from fallline.models.exchange.graph import Graph
from fallline.models.exchange.onnx_inputs import add_inputs, column_types
from fallline.models.model import Model
from fallline.models.scaling import Scaling
from fallline.textbook.activations import ACTIVATIONS, Activation
from fallline.textbook.network import Network, forward

RNG = np.random.default_rng(3)
X = 3 * RNG.normal(size=(40, 3))
SAMPLE = np.where(RNG.random(90) < 0.2, "", np.char.mod("%.3f", 100 * RNG.normal(size=90)))
COLOURS = RNG.choice(["red", "blue", "very dark, green", "NA", '"é'], 90)
ROWS = [
    f"{a};{c};{z};{b:.4g};{k}"
    for a, c, z, b, k in zip(
        SAMPLE,
        COLOURS,
        RNG.choice([1, 2, 50], 90),
        1e5 * RNG.normal(size=90),
        RNG.choice(["no", "yes", "x"], 90),
        strict=True,
    )
]
TABLE = read_table("a;colour;zip;b;kind\n" + "\n".join(row.replace('"', '""') for row in ROWS).replace('""é', '"""é"') + "\n", name="t.csv")  # fmt: skip
FIT = {"hidden": (4,), "ensemble": 3, "folds": 3, "epochs": 4}


def session(content: bytes):
    runtime = pytest.importorskip("onnxruntime")
    return runtime.InferenceSession(content, providers=["CPUExecutionProvider"])


def fed(ready, table, rows=slice(None)):
    """The outputs by name for the rows of a table."""
    feed = {}
    for one in ready.get_inputs():
        column = table[one.name]
        texts = np.array([[text or ""] for text in column.texts], dtype=object)
        feed[one.name] = (column.numbers[:, None] if one.type == "tensor(double)" else texts)[rows]
    return dict(zip([o.name for o in ready.get_outputs()], ready.run(None, feed), strict=True))


def of_network(network: Network, members: int = 2) -> Model:
    return Model.of(network, RNG.normal(size=(members, network.parameter_count)))


def named(values) -> fl.Table:
    return read_table("\n".join([",".join(f"x{k + 1}" for k in range(values.shape[1])), *(",".join(map(repr, map(float, row))) for row in values)]) + "\n")  # fmt: skip


# ONNX


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_onnx_has_each_activation(activation, tmp_path):
    pytest.importorskip("onnx")
    model = of_network(Network.of("3-5-4-2", activation=activation))
    table = named(X)
    out = fed(session(model.to_onnx(tmp_path / "m.onnx").read_bytes()), table)
    np.testing.assert_allclose(out["probability"], model.answers(table), atol=1e-6 if activation == "gelu" else 1e-12)
    assert out["label"].tolist() == model.predict(table).tolist()


@pytest.mark.parametrize("target", ["kind", "b", "labels"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_onnx_answers_as_the_model_with_categories_and_imputed_cells(target, dtype, tmp_path):
    pytest.importorskip("onnx")
    table = TABLE
    if target == "labels":
        lines = [f"{row[0]},{row[1]},{int(row[0] > 0)},{int(row[1] > 1)}" for row in X]
        table = read_table("a,b,p,q\n" + "\n".join(lines) + "\n")
    columns = ["p", "q"] if target == "labels" else target
    categories = [] if target == "labels" else ["zip"]
    model = fl.fit(table, columns, missing="impute", categories=categories, dtype=dtype, **FIT)
    ready = session(model.to_onnx(tmp_path / "m.onnx").read_bytes())
    out = fed(ready, table)
    ours = model.answers(table)
    scale = np.abs(ours).max()
    name = "value" if target == "b" else "probability"
    np.testing.assert_allclose(out[name], ours, atol=1e-6 * scale if dtype == "float64" else 2e-5 * scale)
    if target == "kind":
        assert (out["label"] == model.predict(table)).all()
        assert {i.name: i.type for i in ready.get_inputs()}["colour"] == "tensor(string)"
    if target == "labels":
        assert (out["label"] == model.predict(table)).all()


@pytest.mark.parametrize("scaling", SCALINGS)
def test_onnx_prepares_columns_as_a_preparation(scaling):
    pytest.importorskip("onnx")
    columns = ["a", "colour", "zip", "b"]
    fitted = Preparation.of(TABLE, columns, scaling=scaling, missing="impute", categories=["zip"])
    graph = Graph()
    out = graph.add("Identity", add_inputs(graph, fitted), output="X")
    ready = session(graph.file(column_types(fitted), {out: ("float64", len(fitted.names))}, {}))
    new = read_table("a,colour,zip,b\n,red,1,1e9\n-7,purple,3,0\n1e300,NA,50.0,\n")
    for table in (TABLE, new):
        np.testing.assert_allclose(fed(ready, table)["X"], fitted(table), rtol=1e-12, atol=1e-12)


def test_onnx_answers_nan_where_the_model_refuses_a_cell(tmp_path):
    pytest.importorskip("onnx")
    table = read_table("a,k,y\n" + "1,u,0\n2,v,1\n3,u,1\n4,v,0\n" * 5)
    model = fl.fit(table, "y", **FIT)
    ready = session(model.to_onnx(tmp_path / "m.onnx").read_bytes())
    feed = {"a": np.array([[1.0], [np.nan], [np.inf], [2.0]]), "k": np.array([["u"], ["u"], ["u"], [""]], dtype=object)}
    label, probability = ready.run(None, feed)
    assert np.isfinite(probability[0]).all()
    assert np.isnan(probability[1:]).all()
    assert label.tolist() == [model.predict(table)[0], "", "", ""]


def test_onnx_refuses_a_function_of_the_users_own_and_an_absent_package(tmp_path, monkeypatch):
    own = Activation("cube", lambda z: z**3, lambda z: 3 * z**2)
    model = Model.of(Network.of("2-2-2", activation=own), np.zeros(12))
    with pytest.raises(UsageError, match="cube"):
        model.to_onnx(tmp_path / "m.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UsageError, match=r"pip install 'fallline\[onnx\]'"):
        of_network(Network.of("2-2")).to_onnx(tmp_path / "m.onnx")


# PyTorch


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_torch_and_back(activation, dtype):
    torch = pytest.importorskip("torch")
    for loss, end in (
        ("cross_entropy", True),
        ("logistic", True),
        ("half_squared_error", False),
        ("cross_entropy", False),
    ):
        network = Network.of("3-4-5-2", activation=activation, loss=loss, reduction="mean")
        w = RNG.normal(size=network.parameter_count).astype(dtype)
        module = fl.to_torch(network, w, output=end)
        Z, _ = forward(network, network.unpack(w), X.astype(dtype))
        wanted = network.loss.output(Z) if end else Z
        found = module(torch.tensor(X.astype(dtype))).detach().numpy()
        np.testing.assert_allclose(found, wanted, rtol=1e-9 if dtype == "float64" else 1e-5, atol=1e-9 if dtype == "float64" else 1e-5)  # fmt: skip
        again, v = fl.from_torch(module, loss=loss)
        assert again == network
        assert v.dtype == dtype
        assert (v == w).all()


def test_torch_has_no_scales_and_may_have_no_biases():
    torch = pytest.importorskip("torch")
    network = Network.of("3-4-2", scales=(0.5, 2.0), bias=False)
    w = RNG.normal(size=network.parameter_count)
    module = fl.to_torch(network, w)
    Z, _ = forward(network, network.unpack(w), X)
    np.testing.assert_allclose(module(torch.tensor(X)).detach().numpy(), Z, atol=1e-12)
    nn = torch.nn
    mixed = nn.Sequential(
        nn.Flatten(), nn.Sequential(nn.Linear(3, 4, bias=False), nn.Dropout()), nn.Linear(4, 2)
    ).eval()
    again, v = fl.from_torch(mixed, loss="squared_error")
    assert again.text == "3-4-2"
    found, _ = forward(again, again.unpack(v), X.astype(np.float32))
    np.testing.assert_allclose(found, mixed(torch.tensor(X, dtype=torch.float32)).detach().numpy(), atol=1e-5)


def test_torch_takes_a_whole_model():
    torch = pytest.importorskip("torch")
    table = read_table("a,k,y\n" + "1,u,0.5\n2,v,1\n3,u,1.5\n4,v,0\n" * 5)
    for dtype in ("float64", "float32"):
        model = fl.fit(table, "y", dtype=dtype, **FIT)
        found = model.to_torch()(torch.tensor(model.preparation(table))).detach().numpy()
        np.testing.assert_allclose(found, model.answers(table), rtol=1e-12 if dtype == "float64" else 1e-5)


def test_torch_modules_without_a_counterpart_are_refused():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    for module, sentence in (
        (nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)), "module 1, BatchNorm1d, has no counterpart"),
        (nn.Sequential(nn.ReLU(), nn.Linear(2, 2)), "stands after a linear layer"),
        (nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)), "say what its outputs mean"),
        (nn.Sequential(nn.Linear(2, 3), nn.Softmax(dim=0)), "dim=-1; it has dim=0"),
        (nn.Sequential(nn.Linear(2, 3), nn.Softmax(dim=1), nn.Linear(3, 3)), "softmax before its last layer"),
        (nn.Sequential(nn.Linear(2, 3), nn.ReLU()), "ends in relu"),
        (nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.ReLU(), nn.Linear(3, 3)), "module 2, ReLU, has no counterpart"),
        (nn.Sequential(nn.Linear(2, 3), nn.LeakyReLU(0.2), nn.Linear(3, 3)), "negative_slope=0.01; got 0.2"),
        (nn.Sequential(nn.Linear(2, 3), nn.GELU("tanh"), nn.Linear(3, 3)), "approximate='none'"),
        (nn.Sequential(nn.Linear(2, 3), nn.Softplus(threshold=1), nn.Linear(3, 3)), "threshold is at least 20"),
        (nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 3)), "takes 4 inputs; the layer before it has 3"),
        (nn.Sequential(nn.Linear(2, 3).half()), "it is of float16"),
        (nn.Sequential(), "no linear layer"),
        (nn.LazyLinear(3), "LazyLinear, has no counterpart"),
        ([nn.Linear(2, 2)], "got list"),
    ):
        with pytest.raises(FalllineError, match=sentence):
            fl.from_torch(module)
    with pytest.raises(UsageError, match="output of the loss 'cross_entropy'"):
        fl.from_torch(nn.Sequential(nn.Linear(2, 3), nn.Softmax(dim=1)), loss="logistic")
    own = Activation("cube", lambda z: z**3, lambda z: 3 * z**2)
    with pytest.raises(UsageError, match="cube"):
        fl.to_torch(Network.of("2-2-2", activation=own), np.zeros(12))
    with pytest.raises(ShapeError, match="one network"):
        fl.to_torch(Network.of("2-2"), np.zeros((2, 6)))


# scikit-learn


@pytest.mark.filterwarnings("ignore:.*")
@pytest.mark.parametrize("activation", ["identity", "logistic", "relu", "tanh"])
def test_networks_of_scikit_learn_answer_the_same(activation, tmp_path):
    neural = pytest.importorskip("sklearn.neural_network")
    options = {"hidden_layer_sizes": (4, 3), "activation": activation, "max_iter": 5, "random_state": 0}
    table = named(X)
    for y in (X[:, 0] > 0, np.where(X[:, 0] > 0, "u", np.where(X[:, 1] > 0, "v", "w")), (X[:, :2] > 0).astype(int)):
        theirs = neural.MLPClassifier(**options).fit(X, y)
        network, w = fl.from_sklearn(theirs)
        classes = None if y.ndim > 1 else theirs.classes_
        model = Model.of(network, w, classes=classes)
        np.testing.assert_allclose(model.answers(table), theirs.predict_proba(X), atol=1e-12)
        assert model.predict(table).astype(str).tolist() == theirs.predict(X).astype(str).tolist()
        again = Model.load(model.save(tmp_path / "m.safetensors", overwrite=True))
        assert (again.answers(table) == model.answers(table)).all()
    for y in (X[:, 0], X[:, :2]):
        theirs = neural.MLPRegressor(**options).fit(X.astype(np.float32), y.astype(np.float32))
        network, w = fl.from_sklearn(theirs)
        assert w.dtype == np.float32
        found = Model.of(network, w).predict(table)
        np.testing.assert_allclose(found, theirs.predict(X.astype(np.float32)), rtol=1e-4, atol=1e-5)


def test_other_estimators_and_wrong_names_are_refused():
    neural = pytest.importorskip("sklearn.neural_network")
    with pytest.raises(UsageError, match="not fitted"):
        fl.from_sklearn(neural.MLPClassifier())
    with pytest.raises(UsageError, match="got BernoulliRBM"):
        fl.from_sklearn(neural.BernoulliRBM())
    network = Network.of("2-2")
    for words, sentence in (
        ({"columns": ["a"]}, "columns must be 2 different names"),
        ({"columns": ["a", "a"]}, "columns must be 2 different names"),
        ({"classes": ["a", "b", "c"]}, "classes must be 2 different names"),
        ({"columns": ["a", "target"]}, "target must be no input column"),
        ({"target": ["a", "b"]}, "target must be 1 different"),
    ):
        with pytest.raises(UsageError, match=sentence):
            Model.of(network, np.zeros(6), **words)
    with pytest.raises(ShapeError, match=r"\(6,\)"):
        Model.of(network, np.zeros(7))
    with pytest.raises(UsageError, match="classes need the loss"):
        Model.of(network.with_(loss=fl.LOSSES["squared_error"]), np.zeros(6), classes=["a", "b"])


def test_an_ensemble_keeps_its_parts_in_every_export():
    """A part that an export does not know would be lost in silence."""
    assert [*Ensemble.__dataclass_fields__] == ["network", "parameters", "scaling", "centre", "spread"]
    assert [*Scaling.__dataclass_fields__] == ["centre", "factor", "clipped"]

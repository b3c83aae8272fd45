"""What a user of NumPy, matplotlib and PyTorch does without reading: pictures on his own axes, and the habits of objects."""

import copy
import io
import pickle
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

import fallline as fl
from fallline import views
from fallline.cli.app import main
from fallline.errors import ExistsError, ShapeError, UnknownNameError, UsageError
from fallline.experiment.axes import Axis
from fallline.views.pictures.map import Mark

# A user's own functions, at the level of a module.


def soft(z):
    return z / (1 + np.where(z > 0, z, -z))


def pseudo_huber(Z, T):
    return (np.sqrt(1 + (Z - T) ** 2) - 1).sum(axis=-1)


def bowl(x, y):
    return x**2 + 3 * y**2


def power_step(w, g, state, t, *, learning_rate, power=0.5):
    return w - learning_rate * np.sign(g) * abs(g) ** power, ()


@pytest.fixture(scope="module")
def plane():
    return fl.map(
        "quadratic", optimizer="momentum", steps=60, x="learning_rate=1e-3..1:log", y="momentum=0..0.9", size=(30, 20),
        measures=["final_loss", "outcome", "convergence"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def problem():
    return fl.NetworkObjective(fl.Network.of("2-3-3"), fl.generate("three-gaussians"))


@pytest.fixture(scope="module")
def run(problem):
    return fl.descend(problem, learning_rate=1e-3, steps=20)


@pytest.fixture(scope="module")
def paths():
    return [fl.descend("rosenbrock", "momentum", learning_rate=rate, steps=50) for rate in (1e-4, 2e-4)]


@pytest.fixture(scope="module")
def comparison():
    methods = {"a slow method": {"learning_rate": 0.01}, "a fast method": {"learning_rate": 0.1}}
    return fl.compare("booth", methods, starts=30, steps=20)


def small_axes(**settings):
    """What `plt.subplots(figsize=(3.3, 2.5))` gives."""
    with matplotlib.rc_context(settings):
        return Figure(figsize=(3.3, 2.5)).subplots()


def saved(figure):
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=100)
    return stream.getvalue()


def assert_nothing_is_cropped(figure):
    saved(figure)
    (width, height), box = figure.get_size_inches(), figure.get_tightbbox()
    assert max(-box.x0, -box.y0, box.x1 - width, box.y1 - height) < 0.02


# Pictures on my axes


def test_a_map_on_my_axes_is_an_image_over_real_scales(plane):
    ax = small_axes()
    picture = plane.plot("final_loss", ax=ax, cmap="magma")
    (line,) = ax.plot([0.2, 0.38], [0.0, 0.9], "w--")

    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "linear")
    assert picture.axes is ax
    assert picture.figure is ax.get_figure()
    assert picture.image.get_cmap().name == "magma"
    np.testing.assert_array_equal(picture.image.get_array().data, plane.values)
    assert_nothing_is_cropped(ax.get_figure())
    # The overlay lies where the cells say that it does: the pixel of a value has the colour of its cell.
    x, y = float(plane.x.values[7]), float(plane.y.values[11])
    place = ax.transData.transform((x, y))
    event = type("event", (), {"x": place[0], "y": place[1]})
    assert picture.image.get_cursor_data(event) == plane.values[11, 7]
    assert line.get_xdata()[0] == 0.2


def test_pixels_of_a_map_on_log_axes_are_its_cells(plane):
    ax = small_axes()
    image = plane.plot(ax=ax, colorbar=False).image
    figure = ax.get_figure()
    rgba = matplotlib.image.imread(io.BytesIO(saved(figure)))[..., :3]
    colours = image.to_rgba(image.get_array())[..., :3]
    for row, column in ((2, 3), (10, 20), (18, 12)):
        x, y = ax.transData.transform((plane.x.values[column], plane.y.values[row]))
        np.testing.assert_allclose(rgba[rgba.shape[0] - 1 - int(y), int(x)], colours[row, column], atol=0.01)


def test_set_cmap_keeps_the_colour_of_diverged_cells(plane):
    ax = small_axes()
    image = plane.plot(ax=ax, colorbar=False).image
    image.set_cmap("viridis")
    rgba = matplotlib.image.imread(io.BytesIO(saved(ax.get_figure())))
    x, y = ax.transData.transform((float(plane.x.values[-1]), float(plane.y.values[1])))
    np.testing.assert_allclose(rgba[rgba.shape[0] - 1 - int(y), int(x) - 1, :3], (213 / 255, 94 / 255, 0), atol=0.01)
    assert "diverged: " in " ".join(t.get_text() for t in ax.legend().get_texts())


def test_limits_and_log(plane):
    image = plane.plot(limits=(1e-3, 1e2), log=True).image
    assert (image.norm.vmin, image.norm.vmax, type(image.norm).__name__) == (1e-3, 1e2, "LogNorm")
    assert type(plane.plot(limits=(0, 1), log=False).image.norm).__name__ == "Normalize"
    with pytest.raises(UsageError, match="logarithmic colours need positive values; the lowest is 0"):
        plane.plot(limits=(0, 1), log=True)
    with pytest.raises(UsageError, match="limits must be"):
        plane.plot(limits=(2, 1))
    with pytest.raises(UnknownNameError, match="Did you mean 'magma'"):
        plane.plot(cmap="magna")


def test_listed_values_stand_where_they_belong():
    values = np.arange(12.0).reshape(3, 4)
    uneven, ratios = Axis.of("momentum", [0.0, 0.1, 0.5]), Axis.of("learning_rate", [0.001, 0.01, 0.1, 1.0])
    picture = views.draw_map(values, ratios, uneven)
    ax = picture.axes
    assert ax.get_xscale() == "log"
    assert type(picture.image).__name__ == "QuadMesh"
    corners = picture.image.get_coordinates()
    np.testing.assert_allclose(corners[:, 0, 1], [-0.05, 0.05, 0.3, 0.7])
    np.testing.assert_allclose(corners[0, :, 0], 10.0 ** np.array([-3.5, -2.5, -1.5, -0.5, 0.5]))
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0.001", "0.01", "0.1", "1"]
    assert type(views.draw_map(values, ratios, Axis("momentum", 0, 1, 3)).image).__name__ == "Cells"
    assert len(picture.bytes("svg")) > 1000


DRAWN = {
    "map": lambda p, **k: p["plane"].plot(**k),
    "outcomes": lambda p, **k: p["plane"].plot("outcome", **k),
    "ranks": lambda p, **k: p["plane"].plot("convergence", **k),
    "loss": lambda p, **k: p["run"].plot(view="loss", **k),
    "regions": lambda p, **k: p["run"].plot(**k),
    "path": lambda p, **k: p["paths"][0].plot(**k),
    "paths": lambda p, **k: views.draw_contours("rosenbrock", p["paths"], **k),
    "curves": lambda p, **k: views.draw_curves(p["paths"], **k),
    "data": lambda p, **k: views.draw_data(p["problem"].data, **k),
    "network": lambda p, **k: views.draw_network(p["problem"].network, p["run"].end, **k),
    "comparison": lambda p, **k: p["comparison"].plot(**k),
    "reached": lambda p, **k: p["comparison"].plot("reached", **k),
    "study": lambda p, **k: fl.study().plot(**k),
}


@pytest.fixture(scope="module")
def parts(plane, run, paths, problem, comparison):
    return {"plane": plane, "run": run, "paths": paths, "problem": problem, "comparison": comparison}


@pytest.mark.parametrize("name", DRAWN)
def test_every_picture_draws_on_my_axes(parts, name):
    ax = small_axes()
    picture = DRAWN[name](parts, ax=ax)
    assert picture.axes is ax
    assert ax.get_title() == ""
    assert len(ax.get_figure().axes) <= 2, "the picture and a colour bar"
    assert_nothing_is_cropped(ax.get_figure())
    assert picture._repr_html_() is None, "the notebook shows the figure itself"
    assert picture.bytes("pdf").count(b"/Type3") == 0


@pytest.mark.parametrize("name", DRAWN)
def test_every_picture_has_any_size(parts, name):
    picture = DRAWN[name](parts, size=(3.3, 2.5), title="")
    assert picture.figure.get_size_inches().tolist() == [3.3, 2.5]
    ElementTree.fromstring(picture.bytes("svg"))
    assert_nothing_is_cropped(picture.figure)
    assert b"/Type3" not in picture.bytes("pdf")
    assert DRAWN[name](parts, size=4).figure.get_figwidth() == 4


def test_my_settings_of_matplotlib_are_respected(paths):
    mine = {"font.size": 6, "axes.prop_cycle": matplotlib.cycler(color=["#123456", "#abcdef"]), "lines.linewidth": 0.7}
    with matplotlib.rc_context(mine):
        ax = Figure().subplots()
        views.draw_curves(paths, ax=ax)
    lines = [line for line in ax.lines if len(line.get_xdata()) > 1]
    assert [line.get_color() for line in lines] == ["#123456", "#abcdef"]
    assert lines[0].get_linewidth() == 0.7
    assert ax.xaxis.label.get_fontsize() == 6
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["learning rate 0.0001", "learning rate 0.0002"]


def test_what_no_axes_are(plane):
    with pytest.raises(UsageError, match="ax must be one axes of a matplotlib figure"):
        plane.plot(ax=Figure().subplots(2))
    with pytest.raises(UsageError, match="size must be"):
        plane.plot(size=(3.3, -1))


def test_marks_and_curves_have_the_values_of_the_axes():
    axes = Axis("learning_rate", 1e-4, 1.0, 5, "log"), Axis("momentum", 0, 1, 3)
    ax = small_axes()
    views.draw_map(
        np.ones((3, 5)), *axes, ax=ax, marks=[Mark(0.01, 0.5, "here")], curves={"bound": ([0.1, 0.2], [0, 1])}
    )
    points = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert points == {"bound": [[0.1, 0.0], [0.2, 1.0]], "1 here": [[0.01, 0.5]]}


# Objects


def own_network():
    return fl.Network.of("2-3-3", activation=fl.activation(soft), loss=fl.loss(pseudo_huber))


MADE = {
    "activation": lambda: fl.activation("tanh"),
    "own activation": lambda: fl.activation(soft),
    "own loss": lambda: fl.loss(pseudo_huber),
    "own landscape": lambda: fl.landscape(bowl),
    "own optimizer": lambda: fl.optimizer(power_step),
    "network": lambda: fl.Network.of("2-3-3", activation="tanh", l2=0.1, reduction="mean"),
    "own network": own_network,
    "data": lambda: fl.generate("moons"),
    "method": lambda: fl.method("momentum", {"name": "step_decay", "every": 5}, learning_rate=0.1),
    "landscape": lambda: fl.objective("rosenbrock"),
    "own objective": lambda: fl.objective(bowl),
    "network on data": lambda: fl.NetworkObjective(fl.Network.of("2-3-2"), fl.generate("moons")),
    "run": lambda: fl.descend(bowl, fl.optimizer(power_step), steps=5),
    "diverged run": lambda: fl.descend("rosenbrock", learning_rate=1.0, steps=5),
    "map": lambda: fl.map(bowl, x="start.x=-1..1", y="learning_rate=0.01..1:log", size=4, steps=3),
    "comparison": lambda: fl.compare("booth", {"a": {}, "b": {"learning_rate": 0.1}}, starts=9, steps=3),
    "study": fl.study,
}


@pytest.mark.parametrize("name", MADE)
def test_equal_objects_compare_equal_and_hash_and_pickle(name):
    first, second = MADE[name](), MADE[name]()
    for other in (second, pickle.loads(pickle.dumps(first)), copy.deepcopy(first)):
        assert first == other
        assert hash(first) == hash(other)
        assert repr(first) == repr(other)
    assert first != MADE["own network" if name == "network" else "network"]()
    assert first != "something else"


def test_other_objects_differ():
    assert fl.generate("moons") != fl.generate("moons", seed=1)
    assert fl.method("momentum", learning_rate=0.1) != fl.method("momentum", learning_rate=0.2)
    assert fl.descend("booth", steps=5) != fl.descend("booth", steps=6)
    assert fl.activation(soft) != fl.activation("tanh")
    plane = {"x": "learning_rate=0.01..0.02", "y": "start.x=-1..1", "size": 2}
    assert fl.map("booth", steps=5, **plane) != fl.map("booth", steps=6, **plane)


def test_a_textbook_record_arrives_as_itself():
    for family in (
        fl.ACTIVATIONS,
        fl.LOSSES,
        fl.OPTIMIZERS,
        fl.SCHEDULES,
        fl.LANDSCAPES,
        fl.INITIALS,
        fl.PARAMETRIZATIONS,
    ):
        assert all(pickle.loads(pickle.dumps(record)) is record for record in family.values())


def test_a_pickled_map_goes_on_from_its_own_function():
    m = pickle.loads(pickle.dumps(MADE["map"]()))
    assert m.run_at(0.5, 0.1) == MADE["map"]().run_at(0.5, 0.1)


@pytest.mark.parametrize("name", ["activation", "network", "method", "landscape"])
def test_reprs_read_back(name):
    made = MADE[name]()
    namespace = {key: getattr(fl, key) for key in (*fl.__all__, "map")}
    assert eval(repr(made), namespace) == made  # a test of what is printed, on our own text


def test_what_reprs_say():
    assert repr(fl.Network.of("2-3-2-3")) == "Network.of('2-3-2-3', activation='relu', loss='cross_entropy')"
    assert repr(fl.Network.of("2-3-2-3", activation=["relu", "tanh"], bias=False)) == (
        "Network.of('2-3-2-3', activation=['relu', 'tanh'], loss='cross_entropy', bias=False)"
    )
    rates = fl.method("gradient_descent", **{"learning_rate.2": 0.1})
    assert repr(rates) == "method('gradient_descent', learning_rate=0.01, **{'learning_rate.2': 0.1})"
    assert repr(fl.landscape("booth")) == "landscape('booth')"
    assert repr(fl.landscape(bowl)) == "Landscape('bowl')"


@pytest.mark.parametrize("name", ["run", "diverged run", "map", "comparison", "study"])
def test_notebooks_show_pictures(name):
    html = MADE[name]()._repr_html_()
    assert "<svg" in html
    assert "<script" not in html
    ElementTree.fromstring(html)


def test_a_star_import_replaces_no_builtin():
    code = "import builtins; from fallline import *; assert not set(dir(builtins)) & (set(globals()) - {'__name__', "
    code += "'__doc__', '__loader__', '__spec__', '__package__', '__build_class__', '__import__', '__debug__'})"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert callable(fl.map)
    assert "map" in dir(fl)


def test_each_door_names_its_own_way_to_replace_a_file(tmp_path, capsys, run):
    path = tmp_path / "run.png"
    run.plot(view="loss").save(path)
    with pytest.raises(ExistsError, match="choose another name, or pass overwrite=True to replace it") as raised:
        run.plot(view="loss").save(path)
    assert "--" not in str(raised.value)
    assert main(["draw", "booth", "--out", str(path)]) == 1
    assert "or give --force to replace it" in capsys.readouterr().err


# To and from other programs


@pytest.mark.parametrize("activation", sorted(fl.ACTIVATIONS))
@pytest.mark.parametrize("bias", [True, False])
def test_weights_go_to_torch_and_back(activation, bias):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    X, T = 3 * rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    net = fl.Network.of("3-5-4-2", activation=activation, loss="squared_error", bias=bias)
    problem, w = fl.NetworkObjective(net, (X, T)), rng.normal(size=net.parameter_count)

    module = net.to_torch(w)
    Z = module(torch.from_numpy(X))
    ((Z - torch.from_numpy(T)) ** 2).sum().backward()
    gradient = net.from_torch({name: p.grad for name, p in module.named_parameters()})

    assert module[0].weight.shape == (5, 3)
    expected = problem.logits(w)
    np.testing.assert_allclose(Z.detach().numpy(), expected, rtol=1e-12, atol=1e-12 * abs(expected).max())
    slope = problem.loss_and_gradient(w)[1]
    np.testing.assert_allclose(gradient, slope, rtol=1e-12, atol=1e-12 * abs(slope).max())
    np.testing.assert_array_equal(net.from_torch(module), w)
    np.testing.assert_array_equal(net.from_torch(module.state_dict()), w)


def test_modules_that_do_not_fit():
    torch = pytest.importorskip("torch")
    net = fl.Network.of("2-3-2")
    with pytest.raises(ShapeError, match=r"0 must have W of shape \(2, 3\), \(n_in, n_out\); got \(3, 2\)"):
        net.from_torch(torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU(), torch.nn.Linear(3, 2)))
    with pytest.raises(ShapeError, match="2 linear layers with weight and bias"):
        net.from_torch(torch.nn.Linear(2, 3))
    with pytest.raises(UsageError, match="takes a module"):
        net.from_torch([1, 2])
    with pytest.raises(UsageError, match="activation soft has no module"):
        own_network().to_torch(np.zeros(own_network().parameter_count))
    with pytest.raises(ShapeError, match="one parameter vector"):
        net.to_torch(np.zeros((4, 17)))
    scaled = fl.Network.of("2-3-2", scales=(2, 0.5))
    np.testing.assert_array_equal(scaled.from_torch(scaled.to_torch(np.arange(17.0))), np.arange(17.0))
    assert scaled.to_torch(np.arange(17.0))[0].weight[0, 1] == 2 * 3.0


def test_weights_go_to_npz_files_and_back(tmp_path):
    net, path = fl.Network.of("2-3-2"), tmp_path / "weights.npz"
    starts = np.arange(34.0, dtype=np.float32).reshape(2, 17)
    net.save(path, starts)
    loaded = net.load(path)
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, starts)
    np.testing.assert_array_equal(np.load(path)["W1"][1], starts[1, :6].reshape(2, 3))
    with pytest.raises(ExistsError):
        net.save(path, starts)
    net.save(path, starts[0], overwrite=True)
    with pytest.raises(ShapeError, match="layer 1 must have W of shape"):
        fl.Network.of("3-3-2").load(path)
    with pytest.raises(UsageError, match="must hold W1, W2, as 2-3-2 has; it holds W1, W2, b1, b2"):
        fl.Network.of("2-3-2", bias=False).load(path)
    Path(tmp_path / "other.npz").write_text("no numbers")
    with pytest.raises(UsageError, match=r"cannot be read as a \.npz file"):
        net.load(tmp_path / "other.npz")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other.npz", "weights.npz"]

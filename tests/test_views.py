"""Pictures: whole, legible, the same bytes every time, and true to the data they show."""

import itertools
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

import fallline as fl
from fallline import plotting, views
from fallline.data import Dataset, generate
from fallline.errors import OutputError, ShapeError, UnknownNameError, UsageError
from fallline.experiment.axis_text import axis
from fallline.experiment.starts import notebook_start
from fallline.measures.outcome import OUTCOMES
from fallline.problems import NetworkObjective, objective
from fallline.runs.compare import compare
from fallline.runs.descent import descend
from fallline.textbook.landscapes import LANDSCAPES, Landscape
from fallline.textbook.network import Network
from fallline.views.pictures.map import Mark
from fallline.views.pictures.paths import clipped, fitting_window
from fallline.views.pictures.style import THEMES, oklab_ramp, wrapped

WINDOW = ((-1.0, 1.0), (-2.0, 2.0))


@pytest.fixture(scope="module")
def problem():
    return NetworkObjective(Network.of("2-3-2-3"), generate("three-gaussians"))


@pytest.fixture(scope="module")
def fits(problem):
    start = notebook_start(problem)
    return [descend(problem, start=start, learning_rate=rate, steps=30) for rate in (6e-3, 1e-3, 6.5e-3, 5.0)]


@pytest.fixture(scope="module")
def momentum_runs():
    settings = ((8e-5, 5**-6), (1e-5, 0.5), (8e-4, 5**-6), (8e-5, 1), (8e-5, 0.9), (8e-5, 0.7))
    start = (0.86809884, -4.4326123)
    return [descend("rosenbrock", "momentum", start=start, learning_rate=e, momentum=a, steps=180) for e, a in settings]


def texts(picture):
    """All visible texts of a figure."""
    return [t for t in picture.figure.findobj(matplotlib.text.Text) if t.get_text() and t.get_visible()]


def whole(picture):
    """The picture as SVG, after checking what holds for every picture."""
    root = ElementTree.fromstring(picture.bytes("svg"))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    links = re.findall(r'(?:href="|url\()(.[^")]*)', picture.svg)
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links), "a picture loads nothing"
    assert {link[1:] for link in links if link[0] == "#"} <= set(ids)
    assert root.get("role") == "img"
    assert "<style" not in picture.svg, "a style sheet would reach into the page around"
    children = {child.tag.rpartition("}")[2]: child.text for child in root}
    assert children["title"] == picture.title
    assert children["desc"] == picture.alt
    assert len(picture.alt) > 40
    assert picture.title.replace(" ", "") in "".join(t.get_text() for t in texts(picture)).replace("\n", "").replace(
        " ", ""
    )
    box, (width, height) = picture.figure.get_tightbbox(), picture.figure.get_size_inches()
    over = 72 * max(-box.x0, -box.y0, box.x1 - width, box.y1 - height)
    assert over < 1, f"something is cut off by {over:.0f} points"
    return root


def test_views_load_matplotlib_with_the_first_picture():
    code = "import sys, fallline.views as v; dir(v); assert 'matplotlib' not in sys.modules; v.draw_data; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert all(hasattr(views, name) for name in views.__all__)
    with pytest.raises(AttributeError):
        views.draw_nothing  # noqa: B018


def test_another_library_of_pictures_can_draw_results(momentum_runs, monkeypatch):
    monkeypatch.setattr(plotting, "_DRAWERS", dict(plotting._DRAWERS))
    plotting.register("run", lambda run, *, theme: f"{run.steps} steps in {theme}")
    assert momentum_runs[0].plot(theme="dark") == "180 steps in dark"
    plotting.register("run", "fallline.views:draw_nothing")
    with pytest.raises(AttributeError, match="draw_nothing"):
        momentum_runs[0].plot()
    plotting.register("run", "fallline.views:run_picture")
    assert isinstance(momentum_runs[0].plot(), views.Picture)


def test_results_reach_pictures_through_the_register_alone():
    """Neither `import fallline` nor a run imports the views; the first `plot` does."""
    code = (
        "import sys, fallline as fl; run = fl.descend('booth', steps=3); fl.map, fl.compare;"
        "assert not [m for m in sys.modules if m.startswith(('fallline.views', 'matplotlib'))];"
        "run.plot(); assert 'fallline.views.pictures.run' in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", LANDSCAPES)
def test_every_landscape(name, theme):
    picture = views.draw_contours(name, [descend(name, steps=20, learning_rate=1e-3)], theme=theme)
    ax = picture.figure.axes[0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")
    levels = ax.collections[0].levels
    assert (np.diff(levels) > 0).all()
    even = np.allclose(np.diff(levels), levels[1] - levels[0])
    assert LANDSCAPES[name].log_levels != even, "levels 1, 2, 5 or even ones"
    if theme == "light":
        whole(picture)
    else:
        assert picture.figure.get_facecolor() == matplotlib.colors.to_rgba(THEMES["dark"].background)


def test_the_notebooks_momentum_runs(momentum_runs):
    picture = views.draw_descents("rosenbrock", momentum_runs)
    whole(picture)
    panels = [ax for ax in picture.figure.axes if ax.get_xlabel() != "loss f(x, y)"]
    assert len(panels) == 6
    assert len({ax.get_xlim() for ax in panels}) == len({ax.get_ylim() for ax in panels}) == 1
    assert "1 of 6 paths leave the window" in picture.alt
    assert panels[4].get_title(loc="left").split("\n") == ["learning rate 8×10⁻⁵", "momentum 0.9", "loss 0.07319"]
    assert "leaves the window" in panels[3].get_title(loc="left").replace("\n", " ")


def test_paths_are_cut_at_a_given_window(momentum_runs):
    picture = views.draw_contours("rosenbrock", momentum_runs, window=((-1.5, 1.5), (-1.0, 3.0)))
    whole(picture)
    ax = picture.figure.axes[0]
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1.5, 1.5), (-1.0, 3.0))
    for line in ax.lines:
        x, y = line.get_data()
        assert np.all(np.abs(x) <= 1.5 + 1e-9)
        assert np.all((np.asarray(y) >= -1 - 1e-9) & (np.asarray(y) <= 3 + 1e-9))
    assert "6 of 6 paths leave the window" in picture.alt


@pytest.mark.parametrize("rate", [0.02, 1e308])
def test_a_diverged_run(rate):
    run = descend("rosenbrock", learning_rate=rate, steps=40)
    assert run.outcome.kind == "diverged"
    for picture in (run.plot(), views.draw_contours("rosenbrock", [run]), views.draw_curves([run])):
        whole(picture)
        assert "diverged at step" in picture.alt
        assert any("diverged at step" in t.get_text() for t in texts(picture))


def test_a_diverged_curve_ends_where_the_picture_does(fits):
    picture = views.draw_curves(fits, target=40)
    whole(picture)
    ax = picture.figure.axes[0]
    top = ax.get_ylim()[1]
    assert ax.get_yscale() == "log"
    assert max(np.max(line.get_ydata()) for line in ax.lines) <= top
    crosses = [line for line in ax.lines if line.get_marker() == "X"]
    assert len(crosses) == 1
    assert 0 < crosses[0].get_xdata()[0] < 1
    assert "diverged at step 1" in picture.alt
    assert "to loss 33.51" in picture.alt
    assert any(t.get_text() == "target 40" for t in texts(picture))


def test_curves_without_a_number_and_of_many_runs(fits):
    lost = descend("rosenbrock", start=(1e200, 1e200), steps=3)
    whole(views.draw_curves([lost]))
    many = views.draw_curves([descend("himmelblau", seed=k, steps=5, learning_rate=10.0**-k) for k in range(12)])
    whole(many)
    assert "12 runs:" in many.alt
    whole(views.draw_curves([descend("rosenbrock", steps=0)]))
    with pytest.raises(UsageError, match="at least one run"):
        views.draw_curves([])


@given(
    st.lists(st.tuples(*[st.floats(-1e308, 1e308) | st.floats(-3, 3)] * 2), min_size=1, max_size=8),
)
def test_clipping_keeps_what_is_inside(points):
    path = np.array(points)
    pieces, exits, inside = clipped(path, WINDOW)
    low, high = np.array(WINDOW).T
    for piece in pieces:
        assert ((piece >= low - 1e-9) & (piece <= high + 1e-9)).all()
    within = ((path >= low) & (path <= high)).all(axis=1)
    assert inside == pytest.approx(path[within], abs=1e-9)
    for at, direction in exits:
        assert np.min(np.abs(np.concatenate([at - low, at - high]))) < 1e-6, "an exit lies on the edge"
        assert np.isfinite(direction).all()
    leaves = bool((within[:-1] & ~within[1:]).any())
    assert not leaves or exits


def test_the_window_takes_in_starts_and_ends_that_are_near():
    def window(*starts):
        return fitting_window(objective("quadratic"), [descend("quadratic", start=s, steps=1) for s in starts])

    own = LANDSCAPES["quadratic"].window
    assert window((2.0, 1.0)) == window((2.0, 1e6)) == window((1e300, 1.0)) == own
    (x0, x1), (y0, y1) = window((2.0, 1.0), (4.0, -2.0))
    assert (x0, y1) == (own[0][0], own[1][1])
    assert x1 > 4
    assert y0 < -2


def test_clipping_ends_at_what_is_no_number():
    pieces, exits, inside = clipped([[0, 0], [0.5, 0], [np.nan, np.nan], [0, 1]], WINDOW)
    assert [p.tolist() for p in pieces] == [[[0, 0], [0.5, 0]]]
    assert not exits
    assert len(inside) == 2


def test_the_same_bytes_whoever_draws(problem, monkeypatch):
    def drawn_bytes():
        pictures = (views.draw_data(problem.data), views.draw_contours("booth"), views.draw_network(problem.network))
        return [picture.bytes(kind) for picture in pictures for kind in ("svg", "png", "pdf")]

    first = drawn_bytes()
    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "lines.linewidth": 9, "figure.dpi": 50}):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
        assert drawn_bytes() == first
    assert dict(matplotlib.rcParams) == before
    picture = views.draw_data(problem.data)
    picture.bytes("png")
    assert picture.bytes("svg") == first[0], "what was written before does not matter"


def test_saving(tmp_path, problem):
    picture = views.draw_data(problem.data)
    for suffix, begins in ((".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")):
        assert picture.save(tmp_path / f"data{suffix}").read_bytes().startswith(begins)
    with pytest.raises(OutputError, match="exists and stays"):
        picture.save(tmp_path / "data.svg")
    picture.save(tmp_path / "data.svg", overwrite=True)
    with pytest.raises(UnknownNameError, match="svg"):
        picture.save(tmp_path / "data.sgv")
    with pytest.raises(OutputError):
        picture.save(tmp_path / "nowhere" / "data.svg")
    assert len(list(tmp_path.iterdir())) == 3
    with pytest.raises(UnknownNameError, match="Did you mean 'dark'"):
        views.draw_data(problem.data, theme="drak")


@pytest.mark.parametrize(
    "data",
    [
        Dataset.of([[1.0, 2.0]], [0]),
        Dataset.of([[1.0]], [0.5]),
        Dataset.of([[1.0], [2.0], [2.0]], ["no", "yes", "yes"]),
        Dataset.of(np.zeros((5, 2)), [0, 1, 0, 1, 1], name="all in one place $x$ & <y>"),
        Dataset.of(np.arange(48.0).reshape(3, 16), [0.1, 0.2, 0.3]),
        Dataset.of(np.random.default_rng(0).normal(size=(40, 2)), np.repeat(np.arange(10), 4)),
    ],
    ids=lambda d: d.name,
)
def test_data_of_every_kind(data):
    picture = views.draw_data(data)
    whole(picture)
    assert f"{len(data)} sample" in picture.alt


def test_classes_differ_in_shape_and_colour(problem):
    ax = views.draw_data(problem.data).figure.axes[0]
    shown = [line for line in ax.lines if len(line.get_xdata())]
    assert len({line.get_marker() for line in shown}) == len({line.get_color() for line in shown}) == 3
    assert sum(len(line.get_xdata()) for line in shown) == 300


NETWORKS = {
    "1-1": {"loss": "squared_error"},
    "2-3-2-3": {},
    "3-30-30-30-2": {"activation": "leaky_relu"},
    "784-256-128-10": {},
    "11-10-12-1": {"activation": ["tanh", "gelu"], "loss": "logistic", "bias": False},
    "4-4-4-4-4-4-4-4-4": {"activation": "softplus"},
}


@pytest.mark.parametrize("text", NETWORKS)
def test_networks(text):
    network = Network.of(text, **NETWORKS[text])
    w = np.random.default_rng(1).normal(size=network.parameter_count)
    picture = views.draw_network(network, w)
    whole(picture)
    words = [t.get_text() for t in texts(picture)]
    assert {"x₁", "y₁", "inputs", "output"} <= set(words)
    for n in network.sizes:
        assert n <= 10 or f"{n} units" in words
    sizes, units = network.sizes, [t for t in words if re.fullmatch("[xhy][₀-₉]+", t)]
    assert len(units) == sum(n if n <= 10 else 7 for n in sizes)
    whole(views.draw_network(network, theme="dark"))


def test_weights_of_a_network_by_width_and_sign():
    network = Network.of("2-1", loss="squared_error")
    picture = views.draw_network(network, [1.0, -4.0, 0.5], inputs=["age", "height"], outputs=["risk"])
    whole(picture)
    lines = picture.figure.axes[0].collections[0]
    theme = THEMES["light"]
    found = {matplotlib.colors.to_hex(c): w for c, w in zip(lines.get_colors(), lines.get_linewidths(), strict=True)}
    assert set(found) == {theme.series[0], theme.series[1]}
    assert found[theme.series[0]] > 2 * found[theme.series[1]]
    assert {"age", "height", "risk", "1", "−4", "b 0.5"} <= {t.get_text() for t in texts(picture)}
    assert "1 positive up to 1, 1 negative down to −4" in picture.alt
    with pytest.raises(ShapeError, match="inputs must be 2 names"):
        views.draw_network(network, inputs=["age"])
    with pytest.raises(ShapeError, match="3 entries"):
        views.draw_network(network, [1.0])
    whole(views.draw_network(network, np.zeros(3)))


def test_regions(problem, fits):
    picture = views.draw_regions(problem, fits[0].end)
    whole(picture)
    ax = picture.figure.axes[0]
    image = ax.images[0].get_array()
    x0, x1, y0, y1 = ax.images[0].get_extent()
    theme = THEMES["light"]
    for k, (x, y) in enumerate(((-2, -2), (0, 2), (2, -2))):
        pixel = image[int(240 * (y - y0) / (y1 - y0)), int(240 * (x - x0) / (x1 - x0))]
        distances = [np.linalg.norm(pixel - matplotlib.colors.to_rgb(c)) for c in theme.series[:3]]
        assert np.argmin(distances) == k, "each class's colour lies around its own centre"
    rings = next(line for line in ax.lines if line.get_markersize() == 10)
    assert len(rings.get_xdata()) == round(300 * (1 - float(problem.accuracy(fits[0].end))))
    assert "97 % of 300" in picture.alt
    whole(fits[0].plot(theme="dark"))


@pytest.mark.parametrize("loss", ["logistic", "squared_error"])
def test_regions_of_one_output(loss):
    X = np.random.default_rng(0).normal(size=(20, 2))
    data = Dataset(X, (X[:, :1] > 0).astype(float), "half", ("a", "b"))
    half = NetworkObjective(Network.of("2-4-1", loss=loss), data)
    whole(views.draw_regions(half, np.linspace(-1, 1, half.dimension)))
    whole(views.draw_regions(half, np.zeros(half.dimension)))
    with pytest.raises(ShapeError):
        views.draw_regions(half, [1.0])


def test_what_cannot_be_drawn(problem):
    wide = NetworkObjective(Network.of("3-2"), Dataset.of(np.eye(3), [0, 1, 1]))
    with pytest.raises(ShapeError, match="2 inputs"):
        views.draw_regions(wide, np.zeros(wide.dimension))
    with pytest.raises(ShapeError, match="26"):
        views.draw_contours(problem)
    with pytest.raises(UsageError, match="low below high"):
        views.draw_contours("booth", window=((1, -1), (0, 1)))
    nothing = Landscape("nothing", lambda x, y: x / 0.0 + y, lambda x, y: (x, y))
    with pytest.raises(UsageError, match="no finite value"):
        views.draw_contours(nothing)
    flat = Landscape("flat", lambda x, y: 0 * x + 0 * y + 3, lambda x, y: (0 * x, 0 * y))
    whole(views.draw_contours(flat))


def test_a_network_of_two_parameters_has_contours():
    data = Dataset.of([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    line = NetworkObjective(Network.of("1-1", loss="squared_error"), data)
    run = descend(line, start=(0, 0), learning_rate=0.05, steps=50)
    picture = run.plot()
    whole(picture)
    assert picture.figure.axes[0].get_xlabel() == "W1[0,0]"


def test_map_has_its_origin_at_the_lower_left():
    values = np.ones((3, 4))
    values[0, 1] = np.inf
    values[2, 3] = 100.0
    picture = views.draw_map(
        values,
        axis("learning_rate=1e-4..1e-1:log", 4),
        axis("momentum=0..0.9", 3),
        marks=[Mark(1e-3, 0.0, "the diverged one")],
        contours=[50.0],
        curves={"a line": ([1e-3, 1e-2], [0.0, 0.9])},
    )
    whole(picture)
    ax = picture.figure.axes[0]
    cells = ax.images[0].to_rgba(ax.images[0].get_array())[..., :3]
    orange = np.array(matplotlib.colors.to_rgb(THEMES["light"].diverged[1]))
    assert np.argwhere(np.linalg.norm(cells - orange, axis=-1) < 0.01).tolist() == [[0, 1]]
    ramp = oklab_ramp(THEMES["light"].values, 256)
    np.testing.assert_allclose(cells[2, 3], ramp[-1], atol=1e-6)
    np.testing.assert_allclose(cells[1, 1], ramp[0], atol=1e-6)
    assert ax.images[0].origin == "lower"
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0.0001", "0.001", "0.01", "0.1"]
    assert ax.get_xticks() == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1])
    mark = next(line for line in ax.lines if line.get_markersize() == 12)
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (1e-3, 0.0)
    assert "4 by 3 runs. 8 % of the runs diverged" in picture.alt
    assert "the diverged one" in picture.alt


def test_maps_of_outcomes_and_ranks():
    x, y = axis("learning_rate=1e-4..1e-1:log", 5), axis("seed=0..1")
    outcomes = views.draw_map(
        [[0, 1, 2, 3, 4], [0, 0, 5, 4, 4]], x, y, kind="outcomes", measure="outcome", theme="dark"
    )
    whole(outcomes)
    words = " ".join(t.get_text() for t in texts(outcomes))
    assert all(f"{kind}: " in words for kind in OUTCOMES)
    ranks = views.draw_map([[-9, -3, -1, 2, 5], [-9, -8, 1, 2, 3]], x, y, kind="ranks", measure="convergence")
    whole(ranks)
    cells = ranks.image.to_rgba(ranks.image.get_array())[0, :, :3]
    blue = cells[:, 2] > cells[:, 0]
    assert blue.tolist() == [True, True, True, False, False]
    assert cells[0].sum() > cells[1].sum() > cells[2].sum(), "darker the faster"
    assert cells[3].sum() > cells[4].sum(), "darker the later"


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (700, 3), (3, 3000)])
def test_maps_of_every_size(shape):
    x, y = axis("learning_rate=1e-4..1e-1:log", shape[1]), axis("momentum=0..0.9", shape[0])
    for blank in (np.nan, 0.0):
        views.draw_map(np.full(shape, blank), x, y).bytes("png", 50)
    whole(views.draw_map(-np.arange(float(np.prod(shape))).reshape(shape), x, y, contours=[-2]))


@pytest.mark.parametrize(("limits", "end"), [(None, "neither"), ((0, 3), "max"), ((2, 9), "min"), ((2, 3), "both")])
def test_a_maps_colours_say_where_values_go_on(limits, end):
    picture = views.draw_map([[1.0, 2.0], [3.0, 4.0]], axis("momentum=0..1", 2), axis("decay=0..1", 2), limits=limits)
    assert picture.figure.axes[1]._colorbar.extend == end


def test_map_refuses_what_does_not_fit():
    x, y = axis("learning_rate=1e-4..1e-1:log", 4), axis("momentum=0..0.9", 3)
    with pytest.raises(ShapeError, match=r"\(3, 4\).*\(4, 3\)"):
        views.draw_map(np.zeros((4, 3)), x, y)
    with pytest.raises(UnknownNameError, match="ranks"):
        views.draw_map(np.zeros((3, 4)), x, y, kind="rank")


def test_comparison():
    methods = {"small": {"learning_rate": 0.01}, "large": {"learning_rate": 0.1}, "too large": {"learning_rate": 0.7}}
    comparison = compare("quadratic", methods, starts=40, steps=30, target=0.1)
    picture = comparison.plot()
    whole(picture)
    assert "Too large" in picture.alt
    assert "40 starts" in picture.alt
    shares = [line.get_ydata()[-1] for line in picture.figure.axes[1].lines]
    expected = [100 * (losses.min(axis=1) <= 0.1).mean() for losses in comparison.losses.values()]
    assert shares == pytest.approx(expected)


MACHADO = {
    "no deficiency": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    c = np.array(matplotlib.colors.to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    lms = np.clip(rgb, 0, 1) @ np.array(
        [[0.4122214708, 0.2119034982, 0.0883024619], [0.5363325363, 0.6806995451, 0.2817188376],
         [0.0514459929, 0.1073969566, 0.6299787005]])  # fmt: skip
    return np.cbrt(lms) @ np.array(
        [[0.2104542553, 1.9779984951, 0.0259040371], [0.7936177850, -2.4285922050, 0.7827717662],
         [-0.0040720468, 0.4505937099, -0.8086757660]])  # fmt: skip


@pytest.mark.parametrize("sight", MACHADO)
@pytest.mark.parametrize("name", THEMES)
def test_colours_differ_for_everyone(name, sight):
    theme = THEMES[name]
    seen = np.array(MACHADO[sight])
    for colours in (theme.series, tuple(theme.outcomes.values())):
        for a, b in itertools.combinations(colours, 2):
            assert np.linalg.norm(oklab(linear(a) @ seen.T) - oklab(linear(b) @ seen.T)) > 0.058, (a, b)


@pytest.mark.parametrize("name", THEMES)
def test_contrast_with_the_paper(name):
    theme = THEMES[name]

    def contrast(a, b):
        low, high = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) + 0.05 for c in (a, b))
        return high / low

    assert all(contrast(c, theme.background) >= 2.9 for c in theme.series)
    assert contrast(theme.ink, theme.background) > 7
    assert contrast(theme.muted, theme.background) > 4.5
    lightness = oklab(np.array([linear(c) for c in oklab_ramp(theme.values, 20)]))[:, 0]
    assert (np.diff(lightness) > 0).all(), "a map's colours grow lighter all the way"


def test_wrapping():
    assert wrapped("one two three", 40, 9) == "one two\nthree"
    assert "".join(wrapped("x" * 200, 100, 9).split("\n")) == "x" * 200


@pytest.mark.parametrize(("name", "dark"), [("accuracy", 1), ("final_loss", 0)])
def test_dark_is_better(name, dark):
    m = fl.map("2-2", (np.array([[0.0, 1], [1, 0]]), [0, 1]), x="learning_rate=1e-4..1:log", size=4, y="momentum=0..0.5",
               optimizer="momentum", steps=2, measures=[name])  # fmt: skip
    colours = m.plot().image.cmap
    lightness = [sum(colours(end)[:3]) for end in (0.0, 1.0)]
    assert int(lightness[1] < lightness[0]) == dark


def test_labels_of_listed_values_do_not_touch():
    x = ("learning_rate", [0.001, 0.01, 0.011, 0.0112, 0.05, 0.1])
    m = fl.map("booth", x=x, y=("momentum", [0, 0.1, 0.9, 0.95, 0.96]), optimizer="momentum", steps=2)
    ax = Figure(figsize=(5, 4)).subplots()
    m.plot(ax=ax)
    ax.figure.canvas.draw()
    for side, wanted in ((ax.xaxis, ["0.001", "0.05", "0.1"]), (ax.yaxis, ["0", "0.1", "0.9"])):
        shown = [label for label in side.get_ticklabels() if label.get_text()]
        boxes = [label.get_window_extent() for label in shown]
        assert not any(a.overlaps(b) for a, b in itertools.pairwise(boxes))
        assert {*wanted} <= {label.get_text() for label in shown}

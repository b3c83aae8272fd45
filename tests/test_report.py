"""The report: its figures, its page, and what becomes of studies that somebody else wrote."""

from __future__ import annotations

import base64
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from fallline.checks.reference.data_agreement import agree_on_data
from fallline.errors import OutputError
from fallline.experiment.studies import parse, study, to_toml
from fallline.report import report
from fallline.report.answer import of_pair
from fallline.report.cliff import find_cliff
from fallline.report.published import agrees
from fallline.report.words import FILTERS
from fallline.runs.compare import compare
from fallline.runs.intervals import Estimate

SMALL = (
    ("starts = 1000", "starts = 60"),
    ('size = "256x160"', 'size = "24x16"'),
    ("tune = [1e-4, 2e-4, 3e-4, 5e-4, 7e-4, 1e-3, 1.5e-3, 2e-3, 3e-3, 4e-3, 6e-3, 8e-3]", "tune = [5e-4, 1e-3, 2e-3]"),
)
"""The built-in study, but with fewer random starts and cells: all figures stay."""

HILL = """title = "A <hill> & its descents"
[landscape]
name = "himmelblau"
[[descents]]
learning_rate = 0.01
start = [0.0, 0.0]
steps = 20
[[descents]]
optimizer = "adam"
learning_rate = 0.2
steps = 20
[[descents]]
name = "too <b>bold</b>"
learning_rate = 5.0
steps = 20
"""

BARE = """title = "Only a network"
[network]
sizes = "2-2"
[example]
samples = [[1.0, 2.0]]
W1 = [[1.0, 0.0], [0.0, 1.0]]
b1 = [0.0, 0.0]
published = [{ id = "A", quantity = "probabilities", of = "1", value = [0.3, 0.7], decimals = 1 }]
"""

TABLE = """title = "A table"
[network]
sizes = "3-4-1"
activation = "tanh"
loss = "squared_error"
reduction = "mean"
[data]
file = "t.csv"
target = "price"
standardize = true
[[fits]]
learning_rate = 0.05
steps = 20
[[comparisons]]
starts = 40
steps = 20
[[comparisons.methods]]
learning_rate = 0.05
[[comparisons.methods]]
optimizer = "momentum"
learning_rate = 0.02
"""


@pytest.fixture(scope="module")
def built_in(tmp_path_factory):
    from fallline.experiment.studies import builtin_text

    text = builtin_text()
    for old, new in SMALL:
        assert old in text
        text = text.replace(old, new)
    seen = []
    files = report(
        parse(text, name="three-gaussians"),
        tmp_path_factory.mktemp("report") / "out",
        progress=lambda *p: seen.append(p),
    )
    assert seen, "long work shows progress"
    assert seen[-1] == (1000, 1000)
    assert all(a[0] <= b[0] for a, b in itertools.pairwise(seen)), "progress never goes back"
    return files


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    folder = tmp_path_factory.mktemp("others")
    (folder / "hill.toml").write_text(HILL)
    (folder / "table.toml").write_text(TABLE)
    rows = [f"{a},{b},{(a * b) % 5},{a + 0.5 * b + 0.25}" for a in range(5) for b in range(4)]
    (folder / "t.csv").write_text("\n".join(["size,age,<rooms>,price", *rows]) + "\n")
    return {name: report(folder / f"{name}.toml", folder / name) for name in ("hill", "table")}


class Page(HTMLParser):
    """What a reader without eyes meets: headings, images, ids, links, and whether tags are closed in order."""

    VOID = frozenset(("meta", "img", "source", "br", "link", "input", "hr"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.headings, self.images, self.ids, self.links, self.tags = [], [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found))
        self.ids += [found["id"]] if "id" in found else []
        if tag == "img":
            self.images.append(found)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "a":
            self.links.append(found["href"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def everywhere(built_in, others):
    return {"built-in": built_in, **others}


def test_every_published_figure_agrees(built_in):
    results = json.loads(built_in.results.read_text())
    figures = {p["id"]: p for p in results["published"]}
    assert {re.match(r"S\d+", name)[0] for name in figures} == {"S4", "S5", "S7", "S8", "S12", "S13"}
    assert len(figures) == 25
    assert all(p["agrees"] is True for p in figures.values()), [p for p in figures.values() if not p["agrees"]]
    assert set(figures["S12.a"]) >= {"id", "what", "published", "measured", "agrees"}
    assert figures["S12.a"]["published"] == 33.51
    assert round(figures["S12.a"]["measured"], 2) == 33.51
    assert figures["S4.a"]["decimals"] == 8
    assert figures["S7.a"]["decimals"] == figures["S8.f"]["decimals"] == 6


def test_a_figure_that_does_not_agree_is_told(tmp_path):
    right = report(parse(BARE), tmp_path / "right")
    assert json.loads(right.results.read_text())["published"][0]["agrees"] is True
    wrong = report(parse(BARE.replace("[0.3, 0.7]", "[0.3, 0.8]")), tmp_path / "wrong")
    assert json.loads(wrong.results.read_text())["published"][0]["agrees"] is False
    assert "0 of 1 published figures" in str(wrong)
    assert "A does not" in str(wrong)
    assert "0 of 1 published figures" in wrong.html.read_text()


@pytest.mark.parametrize(
    ("published", "measured", "decimals", "expected"),
    [
        (33.51, 33.5149, 2, True), (33.51, 33.5151, 2, False), (33.5, 33.51, 1, True), (0.0, -0.0, 2, True), (0.0, -1e-9, 2, True),
        ((1.0, 2.0), (1.0, 2.0), 3, True), ((1.0, 2.0), (2.0, 1.0), 3, False), ((1.0, 2.0), (1.0,), 3, False),
        (1.0, float("nan"), 2, False), (1.0, float("inf"), 2, False), (-0.5, 0.5, 1, False),
    ],
)  # fmt: skip
def test_agreement_is_to_the_printed_digits(published, measured, decimals, expected):
    assert agrees(published, measured, decimals) is expected


def test_results_hold_every_run_with_its_settings_and_outcome(built_in):
    results = json.loads(built_in.results.read_text())
    assert len(results["runs"]) == 13
    for run in results["runs"]:
        assert set(run) >= {"name", "settings", "start", "end", "losses", "outcome", "sentence", "steps"}
        assert len(run["losses"]) == run["steps"] + 1
    assert results["comparisons"][0]["starts"] == 60
    assert len(results["comparisons"][0]["methods"]) == 4
    assert {f["name"] for f in results["comparisons"][0]["tuned"]["families"]} == {"gradient descent", "momentum 0.9"}
    assert results["gradient_check"]["error"] < 1e-7


def test_the_cliff_is_measured(built_in):
    cliff = built_in.content.cliff
    assert (cliff.layer, cliff.unit) == (2, 2)
    assert 0.0062 < cliff.below < cliff.above < 0.00625
    assert cliff.above - cliff.below < 1e-8
    assert cliff.bound == pytest.approx(0.00055, rel=0.01)


def test_no_cliff_where_no_unit_dies(others):
    assert find_cliff([r.run for r in others["table"].content.fits]) is None
    assert find_cliff([]) is None


def test_a_wrong_gradient_is_seen(built_in):
    class Wrong:
        """The objective with the sign of one bias's gradient turned."""

        def __init__(self, right):
            self.right = right

        def __getattr__(self, name):
            return getattr(self.right, name)

        def loss_and_gradient(self, w):
            loss, gradient = self.right.loss_and_gradient(w)
            gradient[..., -1] *= -1
            return loss, gradient

    problem = built_in.content.problem
    assert agree_on_data(problem).error < 1e-8
    found = agree_on_data(Wrong(problem))
    assert found.error > 1e-3
    assert [b.name for b in found.blocks if b.error > 1e-6] == ["b3"]


def test_chapters_stand_in_their_order_and_only_where_the_study_has_them(built_in, others):
    def titles(files):
        return re.findall(r'<h2 id="[^"]+-title">([^<]+)</h2>', files.html.read_text())

    assert titles(built_in) == [
        "The question", "The network and its equations", "The forward pass, number by number", "Rosenbrock: a landscape",
        "The descents", "Momentum", "The gradients, derived and checked", "The data", "The fits", "The comparison, and the answer",
        "The whole plane", "The notebook&#39;s slips", "Published and measured", "How to reproduce",
    ]  # fmt: skip
    assert titles(others["hill"]) == [
        "Himmelblau: a landscape",
        "The descents",
        "Other update rules",
        "How to reproduce",
    ]
    assert titles(others["table"]) == [
        "In short", "The network and its equations", "The gradients, derived and checked", "The data", "The fits",
        "The comparison, and the answer", "How to reproduce",
    ]  # fmt: skip
    for files in others.values():
        assert json.loads(files.results.read_text())["published"] == []
        assert "published figure" not in files.html.read_text()


def test_the_page_is_whole_and_speaks_to_everybody(built_in, others):
    for name, files in everywhere(built_in, others).items():
        text = files.html.read_text()
        page = Page(text)
        assert page.open == [], name
        assert page.headings[0] == 1
        assert all(b <= a + 1 for a, b in itertools.pairwise(page.headings)), "no level is skipped"
        assert len(page.ids) == len(set(page.ids)), "ids are unique"
        assert all(link[1:] in page.ids for link in page.links if link.startswith("#"))
        assert page.images
        for image in page.images:
            assert len(image["alt"]) > 40, "alt texts say what the picture shows"
            assert {"width", "height"} <= set(image)
        assert {"main", "nav", "header", "footer"} <= {tag for tag, _ in page.tags}
        assert text.count("<math") >= 1
        assert not re.search(r"\bNone\b(?! of)|\bnan\b|\binf\b", re.sub(r"<[^>]*>", "", text)), "values without words"


def test_a_map_is_a_live_page_on_screens_and_a_picture_in_print(chromium, built_in):
    """The frame trains within the report's own content policy."""
    page, said = chromium.new_page(viewport={"width": 1200, "height": 900}), []
    page.on("console", lambda message: said.append(message.text))
    page.goto(built_in.html.resolve().as_uri())
    frame = page.frame_locator(".live iframe")
    frame.locator(".map-cells").wait_for()
    frame.get_by_text("Layer 2 unit 2 died at step 1").first.wait_for()  # of a marked run, in the page's own words
    still = page.locator(".live + .still img")
    assert not still.is_visible()
    assert said == []
    page.emulate_media(media="print")
    assert still.is_visible()
    assert not page.locator(".live").is_visible()
    page.close()


def test_the_page_loads_nothing_and_runs_nothing_of_its_own(built_in, others):
    for files in everywhere(built_in, others).values():
        text = files.html.read_text()
        page = Page(text)
        assert "script" not in {tag for tag, _ in page.tags}
        for tag, found in page.tags:
            for attribute, value in found.items():
                assert not attribute.startswith("on"), (tag, attribute)
                if attribute in ("src", "srcset", "href", "xlink:href"):
                    assert value.startswith(("data:image/", "#")), (tag, value[:60])
        assert "default-src 'none'" in text
        for data in re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", text):
            assert b"http" not in re.sub(rb'xmlns(:\w+)?="[^"]*"', b"", base64.b64decode(data))


def test_what_the_user_wrote_is_text_never_markup(others):
    text = others["hill"].html.read_text()
    assert "<title>A &lt;hill&gt; &amp; its descents</title>" in text
    assert "<b>bold</b>" not in text
    assert "<rooms>" not in others["table"].html.read_text()


def test_pictures_are_files_too(built_in):
    assert len(built_in.figures) >= 24
    for path in built_in.figures:
        assert path.read_bytes().startswith(b"<?xml" if path.suffix == ".svg" else b"\x89PNG")


def test_a_diverged_run_is_shown_not_hidden(others):
    run = others["hill"].content.descents[2].run
    assert run.outcome.kind == "diverged"
    assert "Diverged at step" in others["hill"].html.read_text()


def test_an_existing_report_stays(tmp_path):
    plan = parse(BARE)
    files = report(plan, tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    before = files.html.read_bytes()
    with pytest.raises(OutputError, match=r"choose another name, or pass overwrite=True"):
        report(plan, tmp_path / "out")
    assert files.html.read_bytes() == before
    report(parse(BARE.replace("Only", "Another")), tmp_path / "out", overwrite=True)
    assert "Another" in files.html.read_text()
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "figures",
        "notes.txt",
        "report.html",
        "results.json",
    ]
    with pytest.raises(OutputError, match="is a file"):
        report(plan, tmp_path / "out" / "notes.txt")


def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left"):
        report(parse(BARE), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_same_study_gives_the_same_report(tmp_path):
    one, two = report(parse(BARE), tmp_path / "one"), report(parse(to_toml(parse(BARE))), tmp_path / "two")
    assert one.html.read_bytes() == two.html.read_bytes()
    assert one.results.read_bytes() == two.results.read_bytes()


def test_a_verdict_says_what_the_numbers_say():
    one = compare(
        "booth", {"slow": {"learning_rate": 0.001}, "fast": {"learning_rate": 0.05}}, starts=80, steps=30, target=1.0
    )
    verdict = of_pair(one, "slow", "fast")
    assert verdict.word == "better"
    assert verdict.sentence.startswith("fast converges more efficiently than slow")
    same = {"optimizer": "momentum", "learning_rate": 0.01, "momentum": 0.0}
    two = compare("booth", {"a": {"learning_rate": 0.01}, "b": same}, starts=80, steps=30, target=1.0)
    assert of_pair(two, "a", "b").word == "no difference"


@pytest.mark.parametrize(
    ("filter", "value", "expected"),
    [
        ("fixed", -0.001, "0.00"), ("fixed", -2.5, "−2.50"), ("place", [1.0, float("nan")], "none"), ("loss", float("inf"), "none"),
        ("axis", "learning_rate.2", "learning rate of layer 2"), ("count", 1, "one run"), ("count", 13, "13 runs"),
        ("steps", Estimate(np.inf, 20, np.inf), "under half reach it"), ("interval", Estimate(-0.0, -1e-7, 0.0), "0 [−10⁻⁷, 0]"),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(filter, value, expected):
    assert FILTERS[filter](value, *(("run",) if filter == "count" else ())) == expected


def test_the_built_in_study_is_the_one_that_is_reported():
    plan = study()
    assert plan.comparisons[0].starts >= 1000
    assert [f.steps for f in plan.fits] == [30] * 4


def test_in_a_browser(chromium, built_in, others):
    """At 360 pixels nothing sticks out; nothing is asked of a network; dark mode is dark; maths has a size."""
    for files in everywhere(built_in, others).values():
        context = chromium.new_context(
            viewport={"width": 360, "height": 800}, color_scheme="dark", java_script_enabled=True
        )
        page, asked, said = context.new_page(), [], []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("console", lambda message, said=said: said.append(message.text))
        page.goto(files.html.resolve().as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert [url for url in asked if not url.startswith(("data:", "file:", "blob:"))] == []
        assert said == []
        assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 31)"
        assert page.evaluate(
            "[...document.querySelectorAll('.maths svg')].every(s => s.getBoundingClientRect().width > 20)"
        )
        context.close()

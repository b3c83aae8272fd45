"""The page's modules by themselves, imported from the served page: numbers, ticks, titles, addresses, the store, frames, tiles."""

from __future__ import annotations

import base64
import itertools
import json
import math
import struct
from collections.abc import Callable

import pytest

from fallline.measures.outcome import RULES
from fallline.views.numerals import number, percent


@pytest.fixture(scope="module")
def modules(chromium, server):
    """Runs an expression with a module of the page at hand as `m`."""
    page = chromium.new_page()
    page.goto(server.address())

    def run(module: str, expression: str, argument: object = None) -> object:
        return page.evaluate(
            f"async argument => {{ const m = await import('/{module}.js'); return {expression}; }}", argument
        )

    yield run
    page.close()


VALUES = [0.0, 1.0, -0.5, 232.4917, 8e-5, 1e-5, 3.25e-7, -1e-9, 0.0063, 300, 12346, 1e6, 2.5e12, -1e6, 1 / 3, 99999.6]


def test_numbers_read_as_in_the_rest_of_the_project(modules):
    for value in VALUES:
        assert modules("numerals", "m.number(argument)", value) == (number(value) if value else "0"), value
    for share in (0, 0.004, 0.2345, 0.999, 1):
        assert modules("numerals", "m.percent(argument)", share) == percent(share)


@pytest.mark.parametrize("text", ["1e-3", "0,5", "−3", " 2.5 ", "8×10^-5"])
def test_numbers_as_people_type_them(modules, text):
    assert math.isfinite(modules("numerals", "m.parsed(argument)", text))
    assert modules("numerals", "Number.isNaN(m.parsed(argument))", "three")


def test_typed_numbers_come_back_as_they_were(modules):
    for value in VALUES:
        assert modules("numerals", "m.parsed(m.typed(argument))", value) == pytest.approx(value, rel=1e-11)


AXES = [
    {"name": "a", "low": 1e-5, "high": 1e-2, "scale": "log"},
    {"name": "b", "low": 0, "high": 0.99, "scale": "linear"},
    {"name": "c", "low": -1.5, "high": 3, "scale": "linear"},
    {"name": "d", "low": 1e-3, "high": 1e6, "scale": "log"},
]


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a["name"])
@pytest.mark.parametrize("depth", [0, 3, 10, 20, 30])
@pytest.mark.parametrize("digits", [4, 5])
def test_ticks_at_every_depth(modules, axis, depth, digits):
    """Ticks lie in the window, in order, are neither none nor a crowd, and no two have the same label."""
    low, width = 0.6180339887, 0.3 * 2.0**-depth
    got = modules(
        "numerals",
        "m.ticks(argument.axis, argument.a, argument.b, 6, argument.digits)",
        {"axis": axis, "a": low, "b": low + width, "digits": digits},
    )
    places = [t["at"] for t in got["ticks"]]
    assert 1 <= len(places) <= 8
    assert places == sorted(places)
    assert all(low - 0.01 * width <= p <= low + 1.01 * width for p in places)
    labels = [t["label"] for t in got["ticks"]]
    assert len(set(labels)) == len(labels)
    assert all(len(label) <= 4 + digits for label in labels)


def test_fractions_and_values_are_inverse(modules):
    for axis in AXES:
        for f in (0, 0.25, 0.618, 1):
            there = modules(
                "numerals", "m.fractionOf(argument.axis, m.valueAt(argument.axis, argument.f))", {"axis": axis, "f": f}
            )
            assert there == pytest.approx(f, abs=1e-14)


def test_an_address_holds_what_differs_from_the_defaults(modules):
    defaults = {"steps": 30, "pins": [], "objective": {"kind": "landscape", "name": "rosenbrock"}}
    state = defaults | {"steps": 31, "objective": {"kind": "formula", "text": "x² + y²"}}
    code = modules("state", "m.toAddress(argument.state, argument.defaults)", {"state": state, "defaults": defaults})
    told = json.loads(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)))
    assert told == {k: v for k, v in state.items() if k != "pins"}
    assert modules("state", "m.fromAddress('#' + argument)", code) == told
    assert modules("state", "m.toAddress(argument, argument)", defaults) == ""
    assert modules("state", "m.fromAddress('#')") is None


PLANE = {"x": {"name": "learning_rate", "low": 0.1, "high": 1}, "y": {"name": "start.x", "low": 0, "high": 1}}
DESCRIBED = [{"name": "learning_rate", "label": "learning rate", "symbol": "η"}, {"name": "start.x", "label": "x₀"}]


def test_places_of_the_map_in_words_and_in_symbols(modules):
    argument = {"axes": DESCRIBED, "plane": PLANE}
    assert modules("titles", "m.axisTitle(argument.axes, argument.plane.x)", argument) == "learning rate η"
    assert modules("titles", "m.axisTitle([], argument.plane.x)", argument) == "learning rate"  # the name as words
    place = modules("titles", "m.placeTitle(argument.axes, argument.plane, 0.25, -2)", argument)
    assert place == "learning rate 0.25, x₀ −2"
    titled = "({x: m.titledAxis(argument.axes, argument.plane.x), y: m.titledAxis(argument.axes, argument.plane.%s)})"
    assert modules("titles", f"m.placeSymbols({titled % 'x'}, 0.25, 0.5)", argument) == "η = 0.25, η = 0.5"
    assert modules("titles", f"m.placeSymbols({titled % 'y'}, 0.25, 0.5)", argument) is None  # x₀ has no symbol


STATE = {"steps": 30, "map": PLANE, "view": 1, "look": 2, "pins": [3]}
LATER = {"steps": 31, "map": PLANE, "view": 4, "look": 5, "pins": [6]}
MOVED = LATER | {"map": PLANE | {"y": PLANE["x"]}}
STORE = """(() => {
  const store = new m.Store({ write() {}, push() {} });
  store.accept({ kind: "welcome", state: argument.before }, false);
  if (argument.shown) store[argument.how](argument.shown);
  store.accept({ kind: "state", state: argument.after }, argument.newer);
  return store.state;
})()"""


@pytest.mark.parametrize(
    ("shown", "how", "after", "newer", "expected"),
    [
        (None, "", LATER, False, STATE | {"steps": 31}),  # view, look and pins are the page's own
        (None, "", MOVED, False, MOVED | {"view": 1, "look": 2}),  # the server moves the pins to the new axes
        ({"steps": 32}, "update", LATER, True, STATE | {"steps": 32}),  # a newer state is shown already
        ({"steps": 33}, "replace", LATER, False, LATER),  # a whole state of an address: the server knows all of it
    ],
    ids=["same axes", "other axes", "newer state", "whole state"],
)
def test_the_store_keeps_what_the_page_alone_changes(modules, shown, how, after, newer, expected):
    argument = {"before": STATE, "shown": shown, "how": how, "after": after, "newer": newer}
    assert modules("store", STORE, argument) == expected


def test_the_store_falls_back_to_the_accepted_state(modules):
    code = """(() => {
      const store = new m.Store({ write() {}, push() {} });
      store.accept({ kind: "welcome", state: argument }, false);
      store.update({ steps: 32, pins: [7] });
      store.revert();
      return store.state;
    })()"""
    assert modules("store", code, STATE) == STATE | {"pins": [7]}


MESSAGES = [{"kind": "of next year"}, {"kind": "said", "sentence": "Done."}, {"kind": "sum", "sum": 5}]


def test_messages_go_to_their_handlers_or_views_and_unknown_ones_nowhere(modules):
    code = "(() => { const said = []; const lab = { notice: { say: (s) => said.push(s) } };"
    code += " lab.answers = new answers.Answers(lab); lab.answers.add({ view: {}, questions: ["
    code += "{ kind: 'sum', when: 'rest', answer: ({ sum }) => said.push(sum) }] });"
    code += " for (const content of argument) m.receive(lab, content, []); return said; })()"
    code = f"import('/answers.js').then((answers) => {code})"
    assert modules("handlers", f"await {code}", MESSAGES) == ["Done.", 5]


def test_frames_of_any_sizes_are_unpacked(modules):
    arrays = [
        ("a", "float64", [2], struct.pack("<2d", 1.5, -2.0)),
        ("b", "uint8", [3], bytes([1, 2, 255])),
        ("c", "float32", [1], struct.pack("<f", 0.25)),
    ]
    header = json.dumps({
        "kind": "tile", "arrays": [{"name": n, "dtype": d, "shape": s} for n, d, s, _ in arrays],
        "buffers": [len(b) for *_, b in arrays],
    }).encode()  # fmt: skip
    header += b" " * (-(4 + len(header)) % 8)
    frame = struct.pack("<I", len(header)) + header + b"".join(b + bytes(-len(b) % 8) for *_, b in arrays)
    got = modules(
        "wire",
        "(({content, buffers}) => Object.fromEntries(Object.entries(m.arrays(content, buffers).values).map(([k, v]) => [k, [...v]])))"
        "(m.unpack(Uint8Array.from(argument).buffer))",
        list(frame),
    )
    assert got == {"a": [1.5, -2.0], "b": [1, 2, 255], "c": [0.25]}


def test_tiles_cover_the_view_coarse_first(modules):
    view = {"x": [0.3, 0.55], "y": [0.1, 0.35]}
    wishes = modules("tiles", "m.wishes(argument, 640, 480)", view)
    assert wishes[0] == [0, 0, 0]  # colours are those of the whole map
    levels = [z for z, _, _ in wishes]
    assert levels == sorted(levels)
    assert len({tuple(w) for w in wishes}) == len(wishes)
    finest = max(levels)
    assert 0.75 <= 640 / (64 * 2**finest * 0.25) <= 1.5  # cells of about a pixel
    for u in (0.3001, 0.42, 0.5499):
        for v in (0.1001, 0.2, 0.3499):
            assert [finest, int(u * 2**finest), int(v * 2**finest)] in wishes


def test_colours_span_the_values_but_not_the_outliers(modules):
    scale = modules(
        "colour",
        "m.scaleOf({kind: 'values', log: null}, argument, undefined, [], null)",
        [1.0 + k / 1000 for k in range(1000)] + [1e9],
    )
    assert scale["low"] == 1.0
    assert scale["high"] < 3
    assert scale["beyond"]
    wide = modules(
        "colour", "m.scaleOf({kind: 'values', log: null}, argument, undefined, [], null)", [1.0, 10.0, 100.0]
    )
    assert wide["log"]
    assert modules("colour", "m.place(argument, 10)", wide) == pytest.approx(0.5)


def test_outliers_do_not_stretch_the_colours_of_values_of_both_signs(modules):
    code = "m.scaleOf({kind: 'values', log: false}, argument, undefined, [], null)"
    usual = [k / 10 - 20 for k in range(400)]
    scale = modules("colour", code, [-5e3, *usual, 2e3])
    assert -20 <= scale["low"] < -18
    assert 18 < scale["high"] <= 20
    assert (modules("colour", code, usual)["low"], modules("colour", code, usual)["high"]) == (min(usual), max(usual))


@pytest.mark.parametrize(("blank", "high"), [(True, 2.0), (False, 3.0)])
def test_runs_that_failed_have_a_value_only_where_the_measure_says_so(modules, blank, high):
    code = (
        "m.scaleOf({ kind: 'values', log: false, blank: argument }, [1, 2, 3], Uint8Array.of(1, 1, 0), outcomes, null)"
    )
    outcomes = "const outcomes = [{ name: 'lost', failed: true }, { name: 'well', failed: false }]"
    assert modules("colour", f"(() => {{ {outcomes}; return {code}; }})()", blank)["high"] == high


def test_every_pattern_of_the_outcomes_is_drawn(modules):
    for rule in RULES:
        code = "(() => { const c = m.hatch(argument, '#000000', 2); return c.getContext('2d').getImageData(0, 0, 16, 16).data.some(Boolean); })()"
        assert modules("hatches", code, rule.hatch) is bool(rule.hatch), rule.kind


def cells(*rows: str) -> list[dict[str, float] | None]:
    """Cells from a picture, top row first: `#` failed, `?` unknown, a digit is the value of a run that did not fail."""
    known = {"#": {"value": 9.0, "outcome": 1}, "?": None}
    return [known[c] if c in known else {"value": float(c), "outcome": 0} for row in reversed(rows) for c in row]


def boundary(modules, picture: list[dict[str, float] | None], **measure: object) -> tuple[list[int] | None, object]:
    """The sides of the cells, and the place on the boundary."""
    measure = {"name": "loss", "kind": "values", "log": None, "blank": True, "better": "low"} | measure
    outcomes = [{"name": "converged", "failed": False}, {"name": "diverged", "failed": True}]
    got = modules(
        "boundary",
        """(({ cells, measure, outcomes }) => {
            const split = m.sides(cells, measure, outcomes);
            return [split && [...split], m.boundaryPlace(cells, Math.sqrt(cells.length), measure, outcomes)];
        })(argument)""",
        {"cells": picture, "measure": measure, "outcomes": outcomes},
    )
    return got[0], got[1]


def test_the_boundary_lies_between_failed_runs_and_the_others(modules):
    split, place = boundary(modules, cells("11##", "19##", "11##", "11?#"))
    assert split == [0, 0, 2, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1]
    assert place == [0.375, 0.375] or place == [0.375, 0.625]


def test_where_no_run_failed_the_boundary_is_a_cliff(modules):
    slope = ["0123456677788888"] * 16
    split, place = boundary(modules, cells(*(row[:13] + "222" for row in slope)))
    assert split is None
    assert place[0] == 12.5 / 16
    assert abs(place[1] - 0.5) < 0.1
    _, place = boundary(modules, cells(*slope))  # without a cliff, the middle of the slope
    assert abs(place[0] - 0.5) < 0.2
    assert boundary(modules, cells("####", "####", "####", "####")) == (None, None)
    assert boundary(modules, cells("22", "2?")) == (None, None)


def test_the_boundary_of_maps_of_ranks_and_outcomes(modules):
    ranked, _ = boundary(modules, [{"value": v, "outcome": 0} for v in (-2, -1, 3, 4)], kind="ranks")
    assert ranked == [0, 0, 1, 1]
    ends = [{"value": 0.0, "outcome": o} for o in (0, 2, 2, 0)]
    assert boundary(modules, ends, kind="outcomes")[0] == [0, 1, 1, 0]
    assert boundary(modules, ends)[0] is None
    assert boundary(modules, cells("#1", "1#"), kind="outcomes")[0] == [0, 1, 1, 0]


def halves(side: int, mixed: range, change: Callable[[int, int], bool]) -> list[dict[str, float] | None]:
    """Runs that failed in the right half, and in some rows, near the middle column, a mixture of both kinds."""
    middle = range(side // 2 - 8, side // 2 + 8)
    rows = [
        "".join("1#"[change(i, j) if j in mixed and i in middle else i >= side // 2] for i in range(side))
        for j in range(side)
    ]
    return cells(*reversed(rows))


def test_the_boundary_is_followed_where_it_winds_but_not_far_away(modules):
    def teeth(i, j):
        return j % 6 < 3

    def noise(i, j):
        return (7 * i + 13 * j + i * j) % 3 > 0

    _, (u, v) = boundary(modules, halves(64, range(38, 50), teeth))
    assert 24 / 64 <= u <= 40 / 64
    assert 34 / 64 <= v <= 50 / 64  # the middle row has no teeth; the neighbourhood of this place has
    _, (u, v) = boundary(modules, halves(64, range(6), teeth))  # too far away
    assert abs(u - 0.5) < 4 / 64
    assert abs(v - 0.5) < 8 / 64
    _, (u, v) = boundary(modules, halves(64, range(30, 64), noise))
    assert v < 30 / 64


def test_single_runs_that_differ_are_no_boundary(modules):
    rows = ["1" * 16] * 8 + ["1" * 7 + "#" + "1" * 8] + ["1" * 16] * 4 + ["#" * 16] * 3
    _, (u, v) = boundary(modules, cells(*rows))
    assert v < 4 / 16
    _, (u, v) = boundary(modules, cells(*rows[:12], *["1" * 16] * 4))  # unless there is no other
    assert (u, v) in {(7.5 / 16, 7.5 / 16), (6.5 / 16, 7.5 / 16), (7.5 / 16, 6.5 / 16)}


@pytest.mark.parametrize("place", [(0.5, 0.5), (0.01, 0.99), (0.3, 0.62)])
def test_a_dive_keeps_its_place_in_view(modules, place):
    views = modules(
        "dive",
        """(() => {
            const views = [{ x: [0, 1], y: [0, 1] }];
            for (let k = 0; k < 60; k++) views.push(m.sunk(views[k], argument, 1 / 3));
            return views;
        })()""",
        list(place),
    )
    for view, narrower in itertools.pairwise(views):
        for axis, at in zip("xy", place, strict=True):
            low, high = narrower[axis]
            assert 0 <= low <= at <= high <= 1
            assert high - low == pytest.approx((view[axis][1] - view[axis][0]) * 2 ** (-1 / 3), rel=1e-6)
    (low, high), fraction = views[-1]["x"], place[0]
    assert (fraction - low) / (high - low) == pytest.approx(0.5, abs=0.01)

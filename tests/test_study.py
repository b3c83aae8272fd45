"""Studies: read, checked, written; and what an error says."""

from __future__ import annotations

import re
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallline.data.tables import read_csv
from fallline.errors import DataError, StudyError, UnknownNameError, UsageError
from fallline.experiment.fields import about
from fallline.experiment.formats.toml_lines import line_of, locate
from fallline.experiment.records import Draw, Network, Schedule
from fallline.experiment.sources import Generated, Points
from fallline.experiment.studies import BUILTIN, builtin_text, parse, study, to_toml
from fallline.experiment.study_records import (
    SLIPS,
    Comparison,
    Figure,
    Map,
    NamedMethod,
    Run,
    ShownLandscape,
    Study,
)  # fmt: skip
from fallline.formulas import EXAMPLES
from fallline.formulas import symbolic as formula
from fallline.settings import SETTINGS
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.initial import INITIALS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES

HILL = "title = 'x'\n[landscape]\nname = 'rosenbrock'\n"
NET = "title = 'x'\n[network]\nsizes = '2-3-3'\n[data]\nname = 'three-gaussians'\nsamples = 5\n"


@pytest.mark.parametrize("name", BUILTIN)
def test_built_in_studies_come_back_from_their_own_toml(name):
    read = study(name)
    assert parse(to_toml(read)) == read


def test_the_built_in_study_explains_each_key():
    """Each key, at its first place in each kind of table, follows a comment; a comment may tell of several."""
    lines = builtin_text().splitlines()
    seen: set[str] = set()
    told = ""
    for line in lines:
        if line.startswith("#"):
            told += line
        match = re.match(r"(\w+) = ", line)
        if match and match[1] not in seen:
            seen.add(match[1])
            assert told, f"{match[1]} stands without a comment before it"
    everything = " ".join(line for line in lines if line.startswith("#"))
    for record in (Draw, Figure, Schedule, Run, Comparison, Map):
        for name in set(record.table_keys()) - seen:
            assert re.search(rf"\b{name}\b", everything), name


def _settings_of(optimizer: str) -> st.SearchStrategy[dict[str, float]]:
    def value(name: str) -> st.SearchStrategy[float]:
        low, high = max(SETTINGS[name].low, -1e3), min(SETTINGS[name].high, 1e3)
        return st.floats(
            low, high, exclude_min=not SETTINGS[name].low_included, exclude_max=not SETTINGS[name].high_included
        )

    names = OPTIMIZERS[optimizer].settings
    return st.fixed_dictionaries({}, optional={name: value(name) for name in names})


POINTS = st.tuples(st.floats(-9, 9), st.floats(-9, 9))
STARTS = st.one_of(
    st.none(),
    POINTS,
    st.builds(Draw, draw=st.just("notebook_uniform"), seed=st.integers(0, 99), index=st.integers(0, 3)),
)
SCHEDULED = st.one_of(
    st.builds(Schedule, name=st.sampled_from(sorted(SCHEDULES))),
    st.just(Schedule(name="step_decay", decay=0.5, every=7)),
)


@st.composite
def runs(draw, kind=Run, start=STARTS):
    optimizer = draw(st.sampled_from(sorted(OPTIMIZERS)))
    common = {"optimizer": optimizer, "settings": draw(_settings_of(optimizer)), "schedule": draw(SCHEDULED)}
    if kind is NamedMethod:
        return NamedMethod(**common)
    return Run(name=draw(st.text(max_size=20)), start=draw(start), steps=draw(st.integers(0, 50)), **common)


@st.composite
def studies(draw):
    window = draw(st.none() | st.just(((-1.0, 2.0), (0.5, 3.0))))
    hill = draw(st.one_of(
        st.builds(ShownLandscape, name=st.sampled_from(sorted(LANDSCAPES)), window=st.just(window)),
        st.builds(ShownLandscape, formula=st.sampled_from(EXAMPLES), window=st.just(window)),
    ))  # fmt: skip
    methods = draw(st.lists(runs(NamedMethod), min_size=1, max_size=3, unique_by=lambda m: repr(m)))
    named = tuple(m.with_(name=f"method {k}") for k, m in enumerate(methods))
    comparison = Comparison(methods=named, starts=draw(st.integers(1, 99)), target=draw(st.none() | st.floats(-5, 5)))
    return Study(
        title=draw(st.text()), question=draw(st.text()), landscape=hill,
        descents=tuple(draw(st.lists(runs(), max_size=3))), comparisons=(comparison,) * draw(st.integers(0, 1)),
    )  # fmt: skip


@st.composite
def network_studies(draw):
    hidden = draw(st.lists(st.integers(1, 4), max_size=3))
    names = tuple(draw(st.sampled_from(sorted(ACTIVATIONS))) for _ in hidden)
    samples = draw(st.integers(2, 9))
    classes, data = draw(st.sampled_from([
        (3, Generated(name="three-gaussians", samples=samples, seed=draw(st.integers(0, 9)))),
        (2, Generated(name="moons", samples=samples, noise=draw(st.floats(0, 2)))),
        (2, Generated(name="gaussians", samples=samples, centres=[[0.0, 1.0], [draw(st.floats(2, 3)), 0.0]])),
        (3, Points(points=[[0.0, draw(st.floats(-1, 1)), 0.0], [1.0, 1.0, 1.0], [2.0, 0.0, 2.0]])),
    ]))  # fmt: skip
    network = Network(
        units=[2, *hidden, classes], activations=names, reduction=draw(st.sampled_from(["sum", "mean"])),
        bias=draw(st.booleans()), l2=draw(st.floats(0, 1)),
    )  # fmt: skip
    runs_on_data = draw(st.lists(runs(start=st.none()), max_size=2))
    plane = Map(
        x="learning_rate=0.1..1:log", y=draw(st.sampled_from(["seed=0..3", "initial_scale=0.5..2"])), size="4x3",
        steps=draw(st.integers(0, 9)), dtype=draw(st.sampled_from(["float32", "float64"])), starts=1,
        initial=draw(st.sampled_from(sorted(INITIALS))), batch=draw(st.none() | st.integers(1, 3)),
        measures=draw(st.sampled_from([("accuracy",), ("final_loss", "outcome"), ("steps_to=0.5", "best_loss")])),
    )  # fmt: skip
    return Study(
        title=draw(st.text()), network=network, data=data, fits=runs_on_data, maps=[plane] * draw(st.integers(0, 1)),
        slips=draw(st.lists(st.sampled_from(SLIPS), unique=True)),
    )  # fmt: skip


@given(studies() | network_studies())
@settings(max_examples=100, deadline=None)
def test_study_to_toml_to_study_is_the_identity(one):
    text = to_toml(one)
    assert parse(text) == one
    assert to_toml(parse(text)) == text


MISTAKES = [
    ("title = 3", 1, ["title", "text", "3"]),
    ("titel = 'x'", 1, ["titel", "Did you mean 'title'?"]),
    ("title = 'x'", 1, ["[network] or [landscape]"]),
    (HILL.replace("rosenbrock", "rosenbrok"), 3, ["landscape.name", "'rosenbrok'", "Did you mean 'rosenbrock'?"]),
    (HILL + "formula = 'x^2 + y^2'", 2, ["a name or a formula"]),
    ("title = 'x'\n[landscape]\n", 2, ["a name or a formula"]),
    ("title = 'x'\n[landscape]\nformula = 'open(x)'", 2, ["landscape", "a formula may use", "open"]),
    ("title = 'x'\n[landscape]\nformula = 'x^99'", 2, ["exponent", "99"]),
    (HILL + "[[descents]]\nlearning_rat = 1\n", 5, ["descents[1]", "'learning_rat'", "Did you mean 'learning_rate'?"]),
    (HILL + "[[descents]]\n[[descents]]\nlearning_rate = 'fast'", 6, ["descents[2].learning_rate", "number", "'fast'"]),
    (HILL + "[[descents]]\noptimizer = 'momentum'\nmomentum = 1.2", 6, ["momentum", "in [0, 1]", "1.2"]),
    (HILL + "[[descents]]\nmomentum = 0.9", 5, ["momentum", "learning_rate"]),
    (HILL + "[[descents]]\nsteps = -1", 5, ["steps", "in [0, 1000000000]", "-1"]),
    (HILL + "[[descents]]\nsteps = 2.5", 5, ["steps", "whole number", "2.5"]),
    (HILL + "[[descents]]\nstart = [1, 2, 3]", 5, ["start", "(2,)", "(3,)"]),
    (HILL + "[[descents]]\nstart = [\n 1,\n 'a']", 7, ["descents[1].start[2]", "number", "'a'"]),
    (HILL + "[[descents]]\nstart = { draw = 'randomly' }", 5, ["draw", "'randomly'", "Did you mean 'random'?"]),
    (HILL + "[[descents]]\nstart = { draw = 'notebook_normal' }", 5, ["needs a network"]),
    (HILL + "[[descents]]\nbatch = 5", 5, ["batch", "no samples"]),
    (HILL + "[[fits]]\nsteps = 5", 4, ["fits need [network] and [data]"]),
    (HILL + "window = [[1, 0], [0, 1]]", 4, ["window", "low"]),
    (HILL + "[descents]\nsteps = 1", 4, ["descents", "list of tables", "[[descents]]"]),
    (HILL + "published = [{ id = 'a', quantity = 'derivative', of = 'z', value = 'x' }]", 4, ["x, y", "'z'"]),
    (HILL + "published = [{ id = 'a', quantity = 'derivative', of = 'x', value = 'exec(x)' }]", 4, ["formula", "exec"]),
    (HILL + "[[descents]]\npublished = [{ id = 'a', quantity = 'end', value = 'x' }]", 5, ["number", "'x'"]),
    (HILL + "[[comparisons]]\nsteps = 4", 4, ["must have the key methods"]),
    (HILL + "[[comparisons]]\n[[comparisons.methods]]\n[[comparisons.methods]]", 6, ["two methods are called"]),
    (HILL + "[[comparisons]]\ntune = [0.1, 0]\n[[comparisons.methods]]", 5, ["tune[2]", "above 0", "0"]),
    (HILL + "[[maps]]\nx = 'learning_rat=1..2'\ny = 'start.x=0..1'", 4, ["maps[1]", "learning_rat"]),
    (HILL + "slips = ['shape']\n", 4, ["slips"]),
    ("title = 'x'\n[network]\nsizes = '2-3-a'", 3, ["sizes", "2-3-a"]),
    ("title = 'x'\n[network]\nsizes = '2-3-3'\nactivation = ['relu', 'tanhh']", 4, ["activation[2]", "Did you mean 'tanh'?"]),
    (NET.replace("2-3-3", "2-3-2"), 4, ["3 columns", "2 such units"]),
    (NET + "ratio = 0.5", 7, ["noise"]),
    (NET + "file = 'x.csv'", 4, ["either name", "or file"]),
    (NET + "[[fits]]\nreplacement = true", 7, ["replacement is about minibatches; give batch, or leave replacement out"]),
    (NET + "[[fits]]\nbatch = 16", 8, ["batch", "at most the number of samples, 15", "16"]),
    (NET + "[[fits]]\n'learning_rate.9' = 0.1", 7, ["learning_rate.9", "1 to 2"]),
    (NET + "[example]\nsamples = [[1, 2]]\nW1 = [[1]]", 7, ["W1", "(2, 3)", "(1, 1)"]),
    (NET + "[example]\nsamples = [[1, 2], [3]]", 8, ["rows of the same length"]),
    ("title = 'x", 1, ["TOML"]),
    ("title = 'x'\nb = \n", 2, ["column", "TOML"]),
    ("title = 'x'\ntitle = 'y'", 2, ["TOML"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "words"), MISTAKES)
def test_a_mistake_is_named_with_its_key_value_rule_and_line(text, line, words):
    with pytest.raises(StudyError) as caught:
        parse(text, source="mine.toml")
    told = str(caught.value)
    assert told.startswith(f"mine.toml, line {line}"), told
    for word in words:
        assert word in told, told
    assert "Traceback" not in told
    assert told.endswith((".", "?"))


def test_all_mistakes_of_a_file_are_told_in_its_order():
    """A missing key beside an unknown one is not told: most often they are the same key."""
    text = (
        HILL.replace("title", "titel") + "[[descents]]\nmomentum = 2\nsteps = 'x'\n[[fits]]\n'learning_rate.2' = -1\n"
    )
    with pytest.raises(StudyError) as caught:
        parse(text)
    told = str(caught.value)
    assert [int(line) for line in re.findall(r"[Ll]ine (\d+): ", told)] == [1, 5, 6, 8]
    assert "must have the key" not in told
    with pytest.raises(StudyError, match=r"12 more mistakes below\.$"):
        parse(HILL + "[[descents]]\nsteps = -1\n" * 20)


def test_parts_that_do_not_fit_are_told_together():
    with pytest.raises(StudyError, match=r"line 5: batch needs .* Line 8: descents\[2\].start: "):
        parse(HILL + "[[descents]]\nbatch = 5\n" + "[[descents]]\nsteps = 2\nstart = [1]\n")


@pytest.mark.parametrize("record", [Draw, Figure, Schedule, Run, Comparison, Map, Study])
def test_each_field_says_what_it_means(record):
    for name in record.model_fields:
        told = about(record, name)
        assert told.meaning
        assert told.label
        assert "_" not in told.label


def test_a_record_says_what_is_wrong_and_changes_by_copying():
    with pytest.raises(UsageError, match=r"^settings.beta1: beta1 must be a number in \[0, 1\); got 1\.$"):
        Run(optimizer="adam", settings={"beta1": 1})
    with pytest.raises(UsageError, match=r"a key of the run must be one of .*Did you mean 'steps'"):
        Run(step=3)
    run = Run(optimizer="adam", beta1=0.5)
    assert run.with_(steps=7) == Run(optimizer="adam", settings={"beta1": 0.5}, steps=7)
    with pytest.raises(UsageError, match="momentum"):
        run.with_(optimizer="momentum")
    named = study().with_(title="x")
    assert (named.title, named.name) == ("x", "three-gaussians")


def test_a_name_that_is_no_study_lists_those_there_are():
    with pytest.raises(UnknownNameError, match="three-gaussians"):
        study("three-gausians")


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(StudyError, match="cannot be read"):
        study(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes("title = 'é'".encode("latin-1"))
    with pytest.raises(StudyError, match="UTF-8"):
        study(tmp_path / "latin.toml")


def test_lines_with_windows_ends_and_a_mark_at_the_beginning(tmp_path):
    (tmp_path / "s.toml").write_bytes(
        b"\xef\xbb\xbf" + (HILL + "[[descents]]\nsteps = -1\n").replace("\n", "\r\n").encode()
    )
    with pytest.raises(StudyError, match=r"s\.toml, line 5"):
        study(tmp_path / "s.toml")


TRICKY = """# a comment with [brackets] and = signs
"quoted key" = "a # no comment, [no] {table}"
multi = '''
[not.a.table]
x = 1
'''
a.b.c = { d = [1, { e = 2 }], f = "}" }
[[t]]
x = [ # one
  1,
  [2,
   3],
]
[t.u]
y = 2024-01-01
[[t]]
z = \"\"\"two
lines\"\"\"
[last]
k=1"""


def test_the_locator_finds_each_key():
    tomllib.loads(TRICKY)
    lines = locate(TRICKY)
    expected = {
        ("quoted key",): 2, ("multi",): 3, ("a", "b", "c", "d", 1, "e"): 7, ("a", "b", "c", "f"): 7, ("t",): 8, ("t", 0): 8,
        ("t", 0, "x", 0): 10, ("t", 0, "x", 1, 1): 12, ("t", 0, "u"): 14, ("t", 0, "u", "y"): 15, ("t", 1): 16,
        ("t", 1, "z"): 17, ("last", "k"): 20,
    }  # fmt: skip
    assert {path: lines.get(path) for path in expected} == expected
    assert line_of(lines, ("t", 1, "nowhere", 3)) == 16


@given(st.recursive(
    st.integers() | st.text(max_size=8) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3), max_leaves=12,
))  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_the_locator_reads_whatever_is_toml(value):
    import tomlkit

    text = tomlkit.dumps({"v": value})
    lines = locate(text.replace("\r\n", "\n"))
    assert lines[("v",)] >= 1


def test_nothing_in_a_formula_is_run():
    assert str(formula("2*(x - 1)**2", ("x",))) == "2*(x - 1)**2"
    for text in ("__import__('os')", "x.real", "x if x else 1", "9**9**9", "x**100", "lambda: 1", "x +"):
        with pytest.raises((StudyError, ValueError), match=r"formula|exponent"):
            formula(text, ("x",))


# Tables


def table(tmp_path, text, **options):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    return read_csv(path, options.pop("target", "y"), **options)


def test_a_table_of_classes_values_and_labels(tmp_path):
    classes = table(tmp_path, "a,b,y\n1,2,rose\n3,4,tulip\n5,6,rose\n")
    assert classes.columns == ("a", "b")
    assert classes.classes == ("rose", "tulip")
    assert classes.labels.tolist() == [0, 1, 0]
    assert table(tmp_path, "a,y\n1,10\n2,9\n").classes == ("9", "10")
    assert table(tmp_path, "a,y\n1,0.5\n2,9\n").T.ravel().tolist() == [0.5, 9.0]
    assert table(tmp_path, "a,y,z\n1,0,1\n2,1,1\n", target=("y", "z")).T.tolist() == [[0, 1], [1, 1]]
    assert table(tmp_path, "\ufeffa , b,y\r\n1,2,u\r\n\r\n3,4,v\r\n", inputs=["b"]).X.tolist() == [[2.0], [4.0]]


def test_a_table_may_have_semicolons_tabs_and_names_that_are_numbers(tmp_path):
    commas = table(tmp_path, "a,b,y\n1,2,rose\n3,4,tulip\n")
    for separator in ";\t":
        assert table(tmp_path, "a,b,y\n1,2,rose\n3,4,tulip\n".replace(",", separator)) == commas
    assert table(tmp_path, "a;b;y\n1;2;so, la\n3;4;do\n").classes == ("do", "so, la")
    assert table(tmp_path, '"a,b";y\n1;u\n2;v\n', target="y").columns == ("a,b",)
    assert table(tmp_path, "0,1,y\n1,2,u\n3,4,v\n").columns == ("0", "1")


def test_standardized_inputs_have_mean_0_and_deviation_1(tmp_path):
    X = table(tmp_path, "a,b,y\n1,5,u\n3,4,v\n8,1,u\n", standardize=True).X
    assert abs(X.mean(axis=0)).max() < 1e-15
    assert abs(X.std(axis=0) - 1).max() < 1e-15


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("", {}, ["at least one row"]),
        ("a,y\n", {}, ["at least one row"]),
        ("a,y\n1,2\n3\n", {}, ["line 3", "2 cells", "got 1"]),
        ("a,y\nNA,u\n2,v\n", {}, ["line 2", "'a'", "'NA'"]),
        ("a,y\n1,u\ninf,v\n", {}, ["line 3", "'inf'"]),
        ("a,y\n1,\n2,v\n", {}, ["line 2", "'y'", "the target is missing"]),
        ("a,a,y\n1,2,u\n", {}, ["column 2", "name of its own", "'a'"]),
        ("a,,y\n1,2,u\n", {}, ["column 2", "''"]),
        ("a,y\n1,u\n2,u\n", {}, ["'u'", "every row"]),
        ("a,x\n1,u\n2,v\n", {}, ["'y'", "a, x"]),
        ("y\nu\nv\n", {}, ["input column"]),
        ("a,y\n1,u\n1,v\n", {"standardize": True}, ["'a'", "same in every row"]),
        ('a,y\n1,"u\n', {}, ["not CSV"]),
        ("a\n1\n2\n", {"target": "a"}, ["input column", "separated by commas, semicolons, tabs"]),
        ("a y\n1 u\n", {"target": "a y"}, ["must be one of a, y; got 'a y'"]),
        (
            "5.1,3.5,rose\n4.9,3.0,tulip\n",
            {},
            ["must be one of x1, x2, x3; got 'y'", "first line seems to be a sample"],
        ),
        ("1,0,1,1\n0,1,0,0\n", {}, ["must be one of x1, x2, x3, x4; got 'y'"]),
        ('a,y\n"1,5",u\n2.5,v\n', {}, ["line 2", "'1,5'", "Write decimals with a point: 1.5."]),
        ('a,y\n"1,500",u\n2,v\n', {}, ["line 2", "'1,500'", "It may be 1.500 or 1500: say which"]),
        (
            "a,b,y\nNA,1,u\n2,x,v\n3,5,\n4,4,\n5,q,u\n6,r,v\n7,6,u\n",
            {},
            [
                "line 2, column 'a'",
                "'NA'",
                "line 3, column 'b'",
                "'x'",
                "So must 'q' in line 6 and 'r' in line 7",
                "line 4, column 'y'",
                "So it is in line 5.",
            ],
        ),
        (
            "a,b,y\n2024-01-05,1,u\n2024-01-06,2,v\n",
            {},
            ["column 'a'", "dates or times, such as '2024-01-05'", "leave the column out"],
        ),
        ("a,y\n1\n2,u\n3\n4,5,6\n", {}, ["line 2", "2 cells", "got 1", "So must line 4 and line 5."]),
    ],
)
def test_a_table_that_cannot_be_used_says_where(tmp_path, text, options, words):
    with pytest.raises(DataError) as caught:
        table(tmp_path, text, **options)
    for word in words:
        assert word in str(caught.value), caught.value


def test_a_study_finds_its_table_beside_itself(tmp_path):
    (tmp_path / "t.csv").write_text("a,b,y\n1,2,u\n3,4,v\n")
    (tmp_path / "s.toml").write_text("title = 'x'\n[network]\nsizes = '2-2'\n[data]\nfile = 't.csv'\ntarget = 'y'\n")
    assert study(tmp_path / "s.toml").data.file == "t.csv"
    (tmp_path / "t.csv").write_text("a,b,y\n1,2,u\n3,oops,v\n")
    with pytest.raises(StudyError, match=r"s\.toml, line 4: data: t\.csv, line 3, column 'b'"):
        study(tmp_path / "s.toml")

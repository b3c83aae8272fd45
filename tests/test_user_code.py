"""A user's own functions and files: each gets the right answer, or a sentence that says what to do."""

from __future__ import annotations

import functools
import math
import sys

import numpy as np
import pytest

import fallline as fl
from fallline.cli import main
from fallline.errors import FalllineError, OwnCodeError, TraceError, UsageError
from fallline.user_code.coordinates import page_of
from fallline.user_code.python_file import load, names_file, split

SCALE = 3.0
GENERATOR = np.random.default_rng(1)
CALLS = [0]


class Bowl:
    def __init__(self, steepness):
        self.steepness = steepness

    def __call__(self, x, y):
        return x**2 + self.steepness * y**2


def bowl(x, y):
    return x**2 + 3 * y**2


def with_defaults(x, y, a=1, b=3):
    return a * x**2 + b * y**2


def keyword_only(x, y, *, b=3, **rest):
    return x**2 + b * y**2


def vector(x):
    return x[0] ** 2 + 3 * x[1] ** 2


def unpacked(point):
    x, y = point
    return x**2 + 3 * y**2


def matrix(x):
    return x @ np.diag([1.0, 3.0]) @ x


def column(x):
    x = np.asarray(x).reshape(-1, 1)
    return x.T @ np.diag([1.0, 3.0]) @ x


def sliced(x):
    return np.sum(x[:1] ** 2) + np.sum(3 * x[1:] ** 2)


def stacked(x, y):
    v = np.array([x, y])
    return v @ np.diag([1.0, 3.0]) @ v


def summed(x, y):
    return np.sum([x**2, 3 * y**2])


def any_number(*x):
    return sum((1, 3)[k] * a**2 for k, a in enumerate(x))


def first_and_rest(x, *rest):
    return x**2 + 3 * sum(a**2 for a in rest)


def in_a_list(x, y):
    return [x**2 + 3 * y**2]


def in_an_array(x, y):
    return np.array([[x**2 + 3 * y**2]])


def talking(x, y):
    print("called with", x)
    return x**2 + 3 * y**2


def in_place(x):
    x[1] = x[1] * math.sqrt(3)
    return (x**2).sum()


def averaged(x):
    return (np.array([2, 6]) * x**2).mean()


# Each is x^2 + 3 y^2, however it is written.
SAME = [
    bowl, with_defaults, keyword_only, vector, unpacked, matrix, column, sliced, stacked, summed, any_number,
    first_and_rest, in_a_list, in_an_array, talking, in_place, averaged, Bowl(SCALE), functools.partial(with_defaults, b=3.0),
    functools.partial(with_defaults, a=1.0), lambda x, y: x**2 + SCALE * y**2,
]  # fmt: skip


@pytest.mark.parametrize("function", SAME, ids=lambda f: getattr(f, "__name__", type(f).__name__))
@pytest.mark.parametrize("start", [None, (1.0, 2.0)])
def test_every_way_of_writing_a_function_is_the_same_objective(function, start):
    run = fl.descend(function, start=start, learning_rate=0.1, steps=4)
    x, y = start or (1.0, 1.0)
    np.testing.assert_allclose(run.path, [[x * 0.8**k, y * 0.4**k] for k in range(5)], rtol=1e-12)
    np.testing.assert_allclose(run.losses, run.path[:, 0] ** 2 + 3 * run.path[:, 1] ** 2, rtol=1e-12)
    many = np.arange(12.0).reshape(2, 3, 2)
    values, gradients = fl.objective(function).loss_and_gradient(many)
    np.testing.assert_allclose(values, many[..., 0] ** 2 + 3 * many[..., 1] ** 2, rtol=1e-12)
    np.testing.assert_allclose(gradients, many * [2, 6], rtol=1e-12)


@pytest.mark.parametrize("function", [vector, with_defaults, summed], ids=lambda f: f.__name__)
def test_every_door_takes_the_same_functions(function):
    assert "3 y²" in fl.equations(function).text()
    mapped = fl.map(function, x="start.x=0..1", y="start.y=0..1", size=(2, 2), steps=1, learning_rate=0.1)
    np.testing.assert_allclose(mapped.values, [[0, 0.64], [3 * 0.16, 0.64 + 3 * 0.16]], rtol=1e-12)
    compared = fl.compare(function, {"plain": {"learning_rate": 0.1}}, starts=[[1.0, 2.0]], steps=1)
    np.testing.assert_allclose(compared.losses["plain"][0], [13, 0.64 + 3 * 0.64], rtol=1e-12)
    assert fl.check_gradient(lambda x, y: (2 * x, 6 * y), function).right
    assert fl.landscape(function).gradient(1.0, 2.0) == [2.0, 12.0]
    assert fl.landscape(function, lambda x: [2 * x[0], 6 * x[1]]).gradient(1.0, 2.0) == [2.0, 12.0]


@pytest.mark.parametrize(
    ("function", "dimension", "expected"),
    [
        (lambda x: x**2, None, 1),
        (lambda x: x**2, 1, 1),
        (lambda x: x[0] ** 2, None, 1),
        (lambda x: x[0] ** 2, 1, 1),
        (lambda x: x[0] ** 2 + x[4], None, 5),
        (lambda x: x[0] ** 2, 3, 3),
        (lambda x: (x**2).sum(), None, 2),
        (lambda x: (x**2).sum(), 7, 7),
        (lambda *x: sum(x), None, 2),
        (lambda *x: sum(x), 4, 4),
        (lambda x, y, z, a=1: x + y + z, None, 3),
    ],
)
def test_the_number_of_coordinates(function, dimension, expected):
    assert page_of(function, dimension).dimension == fl.objective(function, dimension).dimension == expected


def nothing(x, y):
    x**2 + y**2


def refuses(x, y):
    raise ValueError("x must be positive")


def refuses_below_one(x, y):
    if x < 1:
        raise ValueError("x must be at least 1")
    return x + y


def undefined(x, y):
    return x + unknown  # noqa: F821


def leaves(x, y):
    sys.exit(3)


def remembers(x, y):
    CALLS[0] += 1
    return CALLS[0] * x**2 + y**2


async def later(x, y):
    return x


def yields(x, y):
    yield x


REFUSED = [
    (nothing, OwnCodeError, "nothing returns nothing. Does it lack a `return`?"),
    (refuses, OwnCodeError, "refuses raises ValueError on line .* of test_user_code.py: .* \\(x must be positive\\)"),
    (refuses_below_one, OwnCodeError, "raises ValueError on line .* \\(x must be at least 1\\)"),
    (undefined, OwnCodeError, "undefined raises NameError on line"),
    (leaves, OwnCodeError, "leaves raises SystemExit on line"),
    (remembers, OwnCodeError, "returns another value each time .* random numbers or keeps a memory"),
    (lambda x, y: x + GENERATOR.normal() * y, OwnCodeError, "returns another value each time"),
    (lambda x, y: (x, y), OwnCodeError, "must return one number for each point; it returned 2"),
    (lambda x, y: x > y, OwnCodeError, "it returned a truth value"),
    (lambda x, y: np.bool_(1), OwnCodeError, "it returned a truth value"),
    (lambda x, y: "3", OwnCodeError, "it returned '3'"),
    (lambda x, y: 1j, OwnCodeError, "it returned the complex 1j"),
    (lambda x, y: {"loss": x}, OwnCodeError, "it returned {'loss'"),
    (lambda x: x[0] + x[9], OwnCodeError, "IndexError"),
    (lambda x=1, y=2: x + y, UsageError, r"has no coordinate.* \(x, y\) keeps its default; leave the default out"),
    (lambda: 3, UsageError, "must take at least one argument"),
    (lambda x, y, *, b: b * x, UsageError, "keyword-only parameter b without a default"),
    (lambda x, y=1, *rest: x, UsageError, "parameters with a default before its \\*"),
    (Bowl, UsageError, "Bowl is a class; give a function, or an object of it"),
    (later, UsageError, "later is async"),
    (yields, UsageError, "yields is a generator"),
    (max, UsageError, "the parameters of max cannot be read"),
    (3, UsageError, "an objective must be a landscape, its name, a function"),
    (None, UsageError, "an objective must be"),
    (lambda x, y: math.sin(x) + y, TraceError, "use NumPy's functions"),
    (lambda x, y: x if x > 0 else y, TraceError, "use where"),
    (lambda x, y: np.arctan(x) + y, TraceError, "arctan is not an operation that this reading knows"),
]


@pytest.mark.parametrize(("function", "error", "sentence"), REFUSED)
def test_a_function_that_is_no_objective_is_told_why(function, error, sentence):
    with pytest.raises(error, match=sentence):
        fl.descend(function, start=None, steps=2)


def test_a_point_that_does_not_fit_a_function_is_refused():
    with pytest.raises(
        UsageError, match=r"has 2 coordinates \(x, y\); a point of 4 .* A parameter with a default keeps"
    ):
        fl.descend(with_defaults, start=(1, 1, 1, 1))
    with pytest.raises(OwnCodeError, match="one number for each point; it returned 3"):
        fl.descend(lambda x: x**2, start=(1, 1, 1))


def test_a_function_that_cannot_be_traced_is_called_point_by_point():
    """With its gradient beside it, it can be descended; without, it can be drawn."""
    steep = fl.landscape(lambda x, y: x**2 if x > 0 else 2 * x**2, lambda x, y: (2 * x if x > 0 else 4 * x, 0.0 * y))
    assert fl.descend(steep, start=(-1.0, 0.0), learning_rate=0.1, steps=2).end.tolist() == [-0.36, 0.0]
    assert fl.objective(steep).loss(np.array([[1.0, 0.0], [-1.0, 0.0]])).tolist() == [1.0, 2.0]


def test_a_changed_global_is_seen_by_the_next_map():
    """Compiled code is kept by what the function computes, not by the function's name or identity."""
    steepness = [1.0]

    def hill(x, y):
        return steepness[0] * (x**2 + y**2)

    def last():
        return fl.map(hill, x="start.x=1..2", y="start.y=0..1", size=(1, 1), steps=0).values.item()

    before = last()
    steepness[0] = 5.0
    assert last() == 5 * before


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda z: None, "returns nothing"),
        (lambda z: z * z.sum(), "applied to each entry of an array by itself; it mixes the entries"),
        (lambda z, a: z * a, r"a function of one number; the function takes 2 \(z, a\)"),
        (lambda z: z if z > 0 else 0, "use where"),
        (refuses_below_one, "takes 2"),
        (3, "an activation must be a function, or the name of one; got 3"),
    ],
)
def test_an_activation_that_is_none_is_told_why(function, sentence):
    with pytest.raises(FalllineError, match=sentence):
        fl.activation(function)


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (lambda z, alpha=0.5: np.where(z > 0, z, alpha * z), lambda z: 1.0 if z > 0 else 0.5),
        (np.tanh, lambda z: 1 - math.tanh(z) ** 2),
        (lambda z: 2, lambda z: 0.0),
    ],
)
def test_an_activation_with_defaults_of_numpys_or_constant(function, slope):
    mine = fl.activation(function)
    z = np.array([[-1.0, 0.5], [2.0, -3.0]])
    np.testing.assert_allclose(mine.slope(z), [[slope(v) for v in row] for row in z])
    assert mine(z).shape == z.shape
    problem = fl.NetworkObjective(fl.Network.of("2-3-3", activation=mine), fl.generate("three-gaussians", samples=4))
    start = np.linspace(-1, 1, problem.dimension)
    run = fl.descend(problem, start=start, learning_rate=0.01, steps=3)
    mapped = fl.map(problem, x="learning_rate=0.01..0.02", y="seed=0..1", size=(1, 1), steps=3)
    assert np.isfinite(run.loss)
    assert np.isfinite(mapped.values).all()


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda Z, T: (Z - T) ** 2, r"one number for each sample, shape \(12,\) .* returned shape \(12, 3\)"),
        (lambda Z, T: ((Z - T) ** 2).mean(), r"returned shape \(\).*not over the samples"),
        (lambda Z, T: None, "returns nothing"),
        (lambda Z, T: {}["a"], "raises KeyError"),
        (lambda Z: Z, "must take 2 arguments"),
    ],
)
def test_a_loss_that_is_none_is_told_why(function, sentence):
    data = fl.generate("three-gaussians", samples=4)
    with pytest.raises(FalllineError, match=sentence):
        fl.descend(fl.NetworkObjective(fl.Network.of("2-3-3", loss=fl.loss(function)), data), steps=1)


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (lambda w, g, state, t, *, learning_rate: w - learning_rate * g, r"return w, \(\)"),
        (lambda w, g, state, t, *, learning_rate: (w, (g,)), "must return 0 state variables.* it returned 1"),
        (lambda w, g, state, t, *, learning_rate: None, "returns nothing"),
        (lambda w, g, state, t, learning_rate=0.1: (w, ()), "must be keyword-only"),
        (lambda w, g, state, t, learning_rate: (w, ()), "must take 4 arguments.*Settings follow a *"),
        (lambda w, g, state, *, learning_rate: (w, ()), "must take 4 arguments"),
        (lambda w, g, state, t, *, size: (w, ()), "size of optimizer .* must have a default, or be declared"),
    ],
)
def test_a_step_that_is_none_is_told_why(step, sentence):
    with pytest.raises(FalllineError, match=sentence):
        fl.descend("booth", fl.optimizer(step), steps=1)


# Files ----------------------------------------------------------------------------------------------------------------

BOWL = "def f(x, y):\n    return x**2 + 3 * y**2\n"

FILES = {
    "bom.py": b"\xef\xbb\xbf" + BOWL.encode(),
    "coding.py": b"# -*- coding: latin-1 -*-\nname = '\xe9'\n" + BOWL.encode(),
    "sibling.py": b"from beside import square\ndef f(x, y):\n    return square(x) + 3 * square(y)\n",
    "lazy.py": b"def f(x, y):\n    from beside import square\n    return square(x) + 3 * square(y)\n",
    "vector.py": b"def f(x):\n    return x[0]**2 + 3 * x[1]**2\n",
    "defaults.py": b"def f(x, y, a=1, b=3):\n    return a * x**2 + b * y**2\n",
    "random.py": b"import random\n" + BOWL.encode(),
    "numpy.py": b"import numpy as np\ndef f(x, y):\n    return np.square(x) + 3 * np.square(y)\n",
    "main.py": BOWL.encode() + b"if __name__ == '__main__':\n    raise SystemExit(3)\n",
    "prints.py": b"print('loaded')\n" + BOWL.replace("    return", "    print('called')\n    return").encode(),
    "2d file.PY": BOWL.encode(),
    "annotated.py": b"def f(x, y, a: 2 + 1 = 0):\n    return x**2 + f.__annotations__['a'] * y**2\n",
    "dataclass.py": b"from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass Bowl:\n"
    b"    a: float\n    def __call__(self, x, y):\n        return x**2 + self.a * y**2\nf = Bowl(3.0)\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "beside.py").write_text("def square(x):\n    return x * x\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_run_as_python_runs_it(name, folder, capsys):
    words = ("--start", "1,2", "--learning-rate", "0.1", "--steps", "1")
    assert main(["descend", f"{folder / name}:f", *words]) == 0
    out, err = capsys.readouterr()
    assert "end    x = 0.800000, y = 0.800000   loss 2.56" in out
    assert ("called" in err, "called" in out) == (name == "prints.py", False)


def test_a_second_folders_file_beside_is_its_own(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "beside.py").write_text("def square(x):\n    return 7 * x * x\n", encoding="utf-8")
    (other / "sibling.py").write_bytes(FILES["sibling.py"])
    assert [load(where / "sibling.py", "f")(1.0, 0.0) for where in (folder, other, folder)] == [1.0, 7.0, 1.0]


BAD_FILES = [
    ("def f(x:\n", "bad.py is not Python: line 1: .*: `def f\\(x:`"),
    ("def f(x, y):\n    return x\n\0", "bad.py is not Python"),
    ("# coding: klingon\n", "bad.py is not Python: .*klingon"),
    ("raise RuntimeError('no')\n", "cannot be run: it raises RuntimeError on line 1 of bad.py: .* \\(no\\)"),
    ("import sys\nsys.exit(3)\n", "cannot be run: it raises SystemExit on line 2"),
    ("import nowhere_to_be_found\n", "raises ModuleNotFoundError on line 1"),
    ("def ff(x):\n    return x\n", "holds no function 'f': .* Did you mean 'ff'"),
    ("", "bad.py holds no function 'f'; it holds none"),
    ("f = 3\n", "f of bad.py must be a function; it is of type int"),
    ("class f:\n    def __init__(self, x, y):\n        pass\n", "f is a class"),
    ("def f(x, y):\n    x + y\n", "Does it lack a `return`"),
    ("def f(x, y):\n    raise ValueError('mine')\n", r"f raises ValueError on line 2 of bad.py: .* \(mine\)"),
]


@pytest.mark.parametrize("command", ["descend", "draw", "equations", "map"])
@pytest.mark.parametrize(("content", "sentence"), BAD_FILES)
def test_a_bad_file_is_told_by_line_and_never_our_fault(command, content, sentence, tmp_path, capsys):
    path = tmp_path / "bad.py"
    path.write_text(content, encoding="utf-8")
    axes = ("--x", "start.x=0..1", "--y", "start.y=0..1") if command == "map" else ()
    assert main([command, f"{path}:f", *axes]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    with pytest.raises(UsageError, match=sentence):
        raise UsageError(err)
    assert "internal error" not in err


def test_a_path_that_is_no_file(tmp_path):
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(UsageError, match="must be a Python file that exists; no such file was found"):
        load(tmp_path / "nothing.py", "f")
    with pytest.raises(UsageError, match="must be a Python file; it is a folder"):
        load(tmp_path / "folder.py", "f")


def test_a_file_alone_means_its_only_function(tmp_path):
    path = tmp_path / "one.py"
    path.write_text(f"import math\n{BOWL}", encoding="utf-8")
    assert load(path)(1.0, 1.0) == 4.0
    path.write_text(f"{BOWL}{BOWL.replace('f(', 'g(')}", encoding="utf-8")
    with pytest.raises(
        OwnCodeError, match=r"one.py must say which function is meant; it holds f, g. Write one.py:NAME"
    ):
        load(path)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("mine.py:f", ("mine.py", "f")), ("mine.py", ("mine.py", "")), (r"C:\x\f.py:grad", (r"C:\x\f.py", "grad")),
        (r"C:\x\f.py", (r"C:\x\f.py", "")), ("C:/x y/F.PY:g", ("C:/x y/F.PY", "g")), ("a.py:b.py:c", ("a.py:b.py", "c")),
    ],
)  # fmt: skip
def test_file_and_name_with_a_drives_colon(text, parts):
    assert names_file(text)
    path, name = split(text)
    assert (str(path).replace("/", "\\"), name) == (parts[0].replace("/", "\\"), parts[1])


@pytest.mark.parametrize("text", ["rosenbrock", "2-3-2-3", "study.toml", "mine.py:a/b", "x.pyc:f"])
def test_what_names_no_file(text):
    assert not names_file(text)

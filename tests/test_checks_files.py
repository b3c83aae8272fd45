"""Files as people write them: scripts, notebooks, methods, files that fail or never end; hints; autograders' forms."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from pathlib import Path

import pytest

from fallline.checks.calling.calls import MisbehaviourError
from fallline.checks.calling.loading import UserFile
from fallline.checks.command import check
from fallline.checks.gradient_file import check_chain, check_file
from fallline.checks.grading import checked_file
from fallline.checks.presentation.hints import hinted, kind_of
from fallline.checks.user_files.notebook import without_magics
from fallline.checks.user_files.source import read_source
from fallline.checks.user_files.surroundings import package_of
from fallline.errors import UsageError
from thinned import thinned

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "gradient_faults"

IMPORT = "import numpy as np\n"
GRADIENT = """
def gradient(parameters, X, T):
    (W1, b1), (W2, b2) = parameters
    A = np.maximum(X @ W1 + b1, 0)
    Z = A @ W2 + b2
    E = np.exp(Z - Z.max(1, keepdims=True))
    D = E / E.sum(1, keepdims=True) - T
    D1 = D @ W2.T * (A > 0)
    return (X.T @ D1, D1.sum(0)), (A.T @ D, D.sum(0))
"""
WHOLE = IMPORT + GRADIENT
SOFTMAX = "import numpy as np\ndef softmax(Z):\n    E = np.exp(Z - Z.max(1, keepdims=True))\n    return E / E.sum(1, keepdims=True)\n"
CALLS_SOFTMAX = GRADIENT.replace("E / E.sum(1, keepdims=True)", "softmax(Z)")
SCALED = GRADIENT.replace("- T", "- SCALE * T")


def checked(path, capsys, **options):
    """The verdict as --json prints it; it must not depend on what the file prints."""
    status = check(str(path), network="2-4-3", json=True, **options)
    verdict = json.loads(capsys.readouterr().out)
    assert status == verdict["exit_status"]
    return verdict


def notebook(*codes, language="python"):
    cells = [{"cell_type": "markdown", "source": "# A network"}]
    cells += [{"cell_type": "code", "source": code.splitlines(keepends=True)} for code in codes]
    return json.dumps({"cells": cells, "metadata": {"kernelspec": {"language": language}}, "nbformat": 4})


# Files that run in this process: how they are loaded, and what is said


def loaded(tmp_path, text, name="gradient", file="mine.py"):
    path = tmp_path / file
    path.write_bytes(text) if isinstance(text, bytes) else path.write_text(text, encoding="utf-8")
    return UserFile(path, name).load(name)


@pytest.mark.parametrize(
    "content",
    [
        WHOLE.encode("utf-8-sig"),
        WHOLE.encode("utf-16"),
        WHOLE.replace("\n", "\r\n").encode(),
        WHOLE.replace("\n", "\r").encode(),
        WHOLE.replace("    ", "\t").encode(),
        ("# -*- coding: latin-1 -*-\n# réseau\n" + WHOLE).encode("latin-1"),
    ],
    ids=["BOM", "UTF-16", "CRLF", "CR", "tabs", "declared Latin-1"],
)
def test_every_encoding_and_line_end_is_read(tmp_path, content):
    assert loaded(tmp_path, content).notes == ()


def test_an_undeclared_encoding_is_said(tmp_path):
    notes = loaded(tmp_path, ("# réseau\n" + WHOLE).encode("cp1252")).notes
    assert notes == ("mine.py is not UTF-8; it was read as Windows-1252.",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("def gradient(:\n", "mine.py is not Python: line 1: invalid syntax: `def gradient(:`."),
        ("print 'x'\n", "This is Python 2; convert it to Python 3."),
        ("try:\n    pass\nexcept E, e:\n    pass\n", "This is Python 2"),
        ("x = 1\0\n", "mine.py is not Python: source code string cannot contain null bytes."),
        ("x = " + "(" * 3000, "mine.py is not Python"),
        (
            "def main():\n    def gradient(p, X, T):\n        return p\n",
            "it is defined inside main (line 2). Move it out of main.",
        ),
        ("class Net:\n    def gradients(self): pass\n", "it holds Net.gradients. Did you mean"),
        ("gradient = 3\n", "gradient of mine.py must be a function; it is of type int."),
        ("gradient = open('no.txt').read()\n", "the file raises FileNotFoundError on line 1 of mine.py"),
        ("", "mine.py holds no function 'gradient'; it holds none."),
    ],
)
def test_a_file_without_the_function_gets_a_sentence(tmp_path, text, sentence):
    with pytest.raises(MisbehaviourError) as caught:
        loaded(tmp_path, text)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


FAILS = {
    "data": ("X = np.loadtxt('train.csv')\n", "raises FileNotFoundError on line 2 of mine.py: `X = np.loadtxt('train.csv')`"),
    "module": ("import no_such_module\n", "raises ModuleNotFoundError on line 2 of mine.py"),
    "exit": ("import sys\nsys.exit('usage: mine.py DATA')\n", "ends itself on line 3 of mine.py: `sys.exit('usage: mine.py DATA')`"),
    "argparse": ("import argparse\np = argparse.ArgumentParser()\np.add_argument('data')\np.parse_args(['x', 'y'])\n",
                 "ends itself on line 5 of mine.py: `p.parse_args(['x', 'y'])`"),
    "recursion": ("def f(): return f()\nf()\n", "raises RecursionError on line 2 of mine.py: `def f(): return f()`"),
    "memory": ("x = [0] * 10**15\n", "needs too much memory on line 2 of mine.py"),
    "interrupt": ("raise KeyboardInterrupt\n", "raises KeyboardInterrupt on line 2 of mine.py"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILS)
def test_a_file_that_fails_still_gives_its_function_and_says_so(tmp_path, name):
    failing, problem = FAILS[name]
    (note,) = loaded(tmp_path, IMPORT + failing + GRADIENT).notes
    assert note.startswith(f"The file {problem}")
    assert note.endswith(", so of what follows only imports, definitions and the values that they need were loaded.")
    (note,) = loaded(tmp_path, WHOLE + failing).notes
    assert note.startswith(f"The file {problem.partition(' on line')[0]}")


def test_what_is_loaded_after_a_failure_means_what_it_meant(tmp_path):
    # SCALE is needed and computed, by calls too; `mu` cannot be; nothing else is run.
    text = f"""{IMPORT}
def rescaled(x): return 2 * x
data = np.loadtxt("train.csv")
open("written", "w").write("x")
SCALE = rescaled(0.5)
mu = data.mean(0)
unneeded = open("written", "w")
count = 0
for k in range(3): count += 1
def other(): return count
try:
    from math import no_such_name
except ImportError:
    no_such_name = 2
{SCALED.replace("X @ W1", "(X - mu) @ W1")}
gradient = np.vectorize(gradient)
"""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        result = loaded(tmp_path, text)
        assert not (tmp_path / "written").exists()
    assert result.module.SCALE == 1.0
    assert result.module.no_such_name == 2
    assert type(result.function).__name__ == "vectorize"
    _, on_mu = UserFile(tmp_path / "mine.py", "gradient")._execution.notes_on("gradient", result.module.gradient.pyfunc)
    assert on_mu.startswith(
        "`mu`, which gradient uses, could not be computed, because the file raises FileNotFoundError on line 4"
    )
    assert not hasattr(result.module, "mu")
    on_count = UserFile(tmp_path / "mine.py", "other").load("other").notes[-1]
    assert on_count.startswith("`count`, which other uses, may not have its final value, because the file raises")


def test_a_value_that_could_not_be_computed_twice_is_not_computed_by_halves(tmp_path):
    text = IMPORT + "rate = 0.1\nrate = float(open('rate.txt').read())\ndef gradient(p, X, T): return rate * p\n"
    assert (
        loaded(tmp_path, text)
        .notes[1]
        .startswith("`rate`, which gradient uses, may not have its final value, because the file")
    )
    mended = text + "rate = 0.3\n"
    assert len(loaded(tmp_path, mended).notes) == 1


def test_statements_under_if_name_are_run_only_where_the_function_needs_them(tmp_path):
    guard = "if __name__ == '__main__':\n    SCALE = 1.0\n    raise SystemExit\n    gradient(1, 2, 3)\n"
    assert loaded(tmp_path, IMPORT + SCALED + guard).module.SCALE == 1.0
    assert not hasattr(loaded(tmp_path, WHOLE + guard).module, "SCALE")
    inside = "if __name__ == '__main__':\n    import numpy as np\n" + GRADIENT.replace("\n", "\n    ")
    assert loaded(tmp_path, inside).function.__name__ == "gradient"


def test_what_other_methods_of_the_class_use_is_told_too(tmp_path):
    text = "data = open('no.txt')\nclass Net:\n    def backward(self, X): return self.forward(X)\n    def forward(self, X): return data\n"
    assert (
        loaded(tmp_path, text, "Net.backward")
        .notes[1]
        .startswith("`data`, which Net.backward uses, could not be computed")
    )


def test_a_value_that_only_a_script_computes_is_told(tmp_path):
    text = "def gradient(p, X, T): return W\nif __name__ == '__main__':\n    for W in range(3): pass\n"
    assert loaded(tmp_path, text).notes == (
        "`W`, which gradient uses, could not be computed, because the file was loaded, not run as a script: line 3 was left out.",
    )


METHODS = f"""{IMPORT}
class Net:
    def backward(self, X, T): return self, X, T
    @staticmethod
    def free(p, X, T): return p
    @classmethod
    def of_class(cls, p, X, T): return cls, p
    class Inner:
        def deep(self, X): return X
class Other(Net): pass
net = Net()
grad = lambda p, X, T: p
"""


@pytest.mark.parametrize(
    ("name", "owner"),
    [("Net.backward", "Net"), ("Net.free", None), ("Net.of_class", None), ("Net.Inner.deep", "Inner"), ("net.backward", None),
     ("Other.backward", "Other"), ("deep", "Inner"), ("grad", None)],
)  # fmt: skip
def test_a_method_that_needs_an_instance_comes_with_its_class(tmp_path, name, owner):
    result = loaded(tmp_path, METHODS, name)
    assert callable(result.function)
    assert (result.owner and result.owner.__name__) == owner
    assert result.module.np.__name__ == "numpy"
    assert result.function.__globals__ is vars(result.module) if hasattr(result.function, "__globals__") else True


CANDIDATES = {
    "the usual name": (WHOLE + "def softmax(Z): return Z\ndef numerical_gradient(f): return f\ndef train(p): gradient(p)\n", ["gradient"]),
    "parts come after": (
        f"class Dense:\n    def backward(self, d): return self.x.T @ d\nclass Net:\n    def backward(self, X, T):\n"
        f"        for layer in self.layers:\n            d = layer.backward(d)\n        return grads\n{WHOLE}",
        ["Net.backward", "gradient"],
    ),
    "methods": ("class Net:\n    def forward(self, X): return X\n    def backprop(self, X, y):\n        dW1 = X.T @ y\n        return dW1\n",
                ["Net.backprop"]),
    "loss and gradients": ("def softmax(z): return z\ndef loss(params, X, y):\n    grads = {}\n    grads['W1'] = X.T @ y\n    return 0, grads\n",
                           ["loss"]),
    "a step": ("def init(n): return n\ndef train_step(W1, X, T):\n    dW1 = X.T @ T\n    return W1 - 0.1 * dW1\n", ["train_step"]),
    "made by a call": ("import functools\ndef f(p, X, T): return p\ngrad = functools.partial(f)\n", ["grad"]),
    "the only one": ("def solve(p, X, T): return p\n", ["solve"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CANDIDATES)
def test_the_likeliest_functions_come_first(tmp_path, case):
    text, names = CANDIDATES[case]
    path = tmp_path / "mine.py"
    path.write_text(text)
    assert UserFile(path).candidates(network=True)[: len(names)] == names


OF_CLASSES = """
class Net:
    def predict(self, X): return X
    def fit(self, X, y):
        dW1 = X.T @ y
        self.W1 = self.W1 - dW1
class Empty:
    size = 3
class Other:
    def predict(self, X): return X
    def score(self, X): return X
def gradient(p, X, T): return p
"""


def test_a_class_stands_for_its_methods_that_compute_gradients(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(OF_CLASSES)
    file = UserFile(path)
    assert file.candidates("Net", network=True) == ["Net.fit"]
    assert file.candidates("Net.predict", network=True) == ["Net.predict"]
    assert file.candidates(network=True) == ["gradient"]
    assert file.unlikely_candidates() == ["Net.fit"]
    with pytest.raises(MisbehaviourError, match="is a class without methods"):
        file.candidates("Empty", network=True)
    with pytest.raises(MisbehaviourError, match=r"Name one of them: mine.py:Other.predict and mine.py:Other.score"):
        file.candidates("Other", network=True)


LAYERS = """
import numpy as np
class Dense:
    def __init__(self, n_inputs, n_neurons):
        self.weights, self.biases = np.zeros((n_inputs, n_neurons)), np.zeros((1, n_neurons))
    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases
    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T
class ReLU:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)
    def backward(self, dvalues):
        self.dinputs = dvalues * (self.inputs > 0)
class Loss:
    def backward(self, dvalues, y): return dvalues - y
    def forward(self, inputs, y): return 0
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("", "", "The chain of Dense and ReLU is right."),
        (" * (self.inputs > 0)", "", "wrong: the slope of the activation of layer 1 is left out of its delta"),
        ("def backward(self, dvalues):\n        self.dw", "def backward(self, dvalues):\n        dvalues = 2 * dvalues\n        self.dw",
         "wrong in every block"),  # not that the delta of the output, which the check gave, is twice too large
        ("np.maximum(0, inputs)", "np.maximum(0.1 * inputs, inputs)", None),  # not the activation that was declared
    ],
)  # fmt: skip
def test_layers_are_put_together_where_nothing_else_does_it(tmp_path, old, new, sentence):
    path = tmp_path / "mine.py"
    path.write_text(LAYERS.replace(old, new) if old else LAYERS)
    file = UserFile(path)
    verdict = check_chain(file, subject="2-4-3")
    assert sentence is None if verdict is None else sentence in verdict.sentence
    assert file.are_layers(["Dense.backward", "ReLU.backward"])
    assert "mine.py defines the layers Dense, ReLU and Loss" in file.about_layers("2-4-3")
    assert "mine.py:ReLU.backward --of relu" in file.about_layers("2-4-3")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "def a(x): return x\ndef b(x): return x\n",
            "must say which function is meant; it holds a and b. Write mine.py:NAME",
        ),
        ("x = open('no')\n", "mine.py defines no function: the file raises FileNotFoundError on line 1"),
        ("def main():\n    def gradient(p): pass\n    gradient(1)\ndef init(): pass\n", "defined inside main (line 2)"),
    ],
)
def test_a_file_without_a_likely_function_says_what_it_holds(tmp_path, text, sentence):
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(MisbehaviourError, match=sentence.replace("(", r"\(").replace(")", r"\)")):
        UserFile(tmp_path / "mine.py").candidates(network=True)


# Notebooks


@pytest.mark.parametrize(
    ("code", "python"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("if True:\n    !pip install numpy", "if True:\n    pass"),
        ("files = !ls\nx?\n?x\nnp.dot??", "pass\npass\npass\npass"),
        ("%time y = f(x)", "y = f(x)"),
        ("%run helpers.py\n%run ../up.py", "from helpers import *\npass"),
        ("%%time\ny = 1", "\ny = 1"),
        ("%%bash\nrm -r x", "\n"),
        ("%ls\nx = (7\n     % 3)\nt = '''\n%ls\n'''", "pass\nx = (7\n     % 3)\nt = '''\n%ls\n'''"),
        ("def broken(:", "def broken(:"),
    ],
)
def test_magics_are_not_python_and_operators_are(code, python):
    assert without_magics(code) == python


def test_a_cell_that_fails_is_skipped_alone(tmp_path):
    text = notebook(
        "%matplotlib inline\n" + IMPORT,
        "X = np.load('data.npy')\nSCALE = 1.0\nprint(X)",
        "def broken(:",
        SCALED,
        "get_ipython().magic('x')",
    )
    result = loaded(tmp_path, text, file="mine.ipynb")
    missing, broken = result.notes
    assert missing.startswith(
        "The file raises FileNotFoundError on line 1 of mine.ipynb, code cell 2: `X = np.load('data.npy')`"
    )
    assert "of what follows in its cell only imports" in missing
    assert broken == "mine.ipynb, code cell 3 was not run: it is not Python: line 1: invalid syntax: `def broken(:`."
    import inspect

    assert inspect.getsource(result.function).startswith("def gradient(parameters, X, T):")


def test_an_exported_notebook_has_cells_too(tmp_path):
    text = f"# %%\n%matplotlib inline\n{IMPORT}# %%\nraise ValueError\nx = 1\n# In[7]:\nget_ipython().system('ls')\nSCALE = [1.0]\nSCALE = SCALE.pop()\n# %% [markdown]\n# text\n# %%\n{SCALED}"
    result = loaded(tmp_path, text)
    assert result.module.SCALE == 1.0  # by a call: its cell was run as it stands
    assert [note.partition(":")[0] for note in result.notes] == ["The file raises ValueError on line 5 of mine.py"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", "must be a notebook"),
        ("[", "must be a notebook"),
        (notebook("x <- 1", language="R"), "its language is R"),
    ],
)
def test_what_is_no_notebook_in_python_gets_a_sentence(tmp_path, text, sentence):
    with pytest.raises(MisbehaviourError, match=sentence):
        loaded(tmp_path, text, file="mine.ipynb")


def test_an_old_notebook_is_read(tmp_path):
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": [WHOLE]}]}], "nbformat": 3}
    assert loaded(tmp_path, json.dumps(old), file="mine.ipynb").notes == ()


def test_relative_imports_find_the_files_beside_and_above(tmp_path, monkeypatch):
    inner = tmp_path / "course" / "week1"
    inner.mkdir(parents=True)
    (tmp_path / "course" / "__init__.py").write_text("raise ValueError")  # what it defines is not needed
    (tmp_path / "course" / "__init__.py").write_text("")
    (tmp_path / "course" / "common.py").write_text("from .week1.softmax import softmax\n")
    (inner / "softmax.py").write_text(SOFTMAX)
    (inner / "__init__.py").write_text("")
    (inner / "mine.py").write_text(
        IMPORT + "from . import softmax as s\nfrom ..common import softmax\n" + CALLS_SOFTMAX
    )
    for name in [name for name in sys.modules if name.startswith("own_")]:
        monkeypatch.delitem(sys.modules, name)
    assert UserFile(inner / "mine.py", "gradient").load("gradient").notes == ()
    assert package_of(inner, 2) == "own_course.week1"


def test_a_path_that_is_no_file_is_wrong_use(tmp_path):
    for name, sentence in (
        ("none.py", "no such file"),
        ("notes.txt", "with .py or .ipynb at the end"),
        ("folder.py", "a folder"),
    ):
        if name.startswith("folder"):
            (tmp_path / name).mkdir()
        with pytest.raises(UsageError, match=sentence):
            read_source(tmp_path / name)


# Files in processes of their own


FILES = {
    "arguments": IMPORT + "import argparse\np = argparse.ArgumentParser()\np.add_argument('--n', type=int, default=2)\nn = p.parse_args().n\n" + SCALED
    + "SCALE = n / 2\n",
    "question": IMPORT + "n = input('n? ')\n" + GRADIENT,
    "folder": IMPORT + "import os\nassert os.path.exists('beside.py')\nos.chdir('..')\n" + GRADIENT,
    "loud": IMPORT + "import sys\nprint('x' * 10**7)\nsys.stderr.write('y')\nsys.stdout.close()\n" + GRADIENT.replace("    return", "    print('z')\n    return"),
    "strict": IMPORT + "import sys, warnings\nwarnings.simplefilter('error')\nnp.seterr(all='raise')\nsys.setrecursionlimit(80)\n" + GRADIENT,
    "beside": SOFTMAX,
    "siblings": IMPORT + "from beside import softmax\n" + CALLS_SOFTMAX,
    "package": IMPORT + "from .beside import softmax\n" + CALLS_SOFTMAX,
    "exits": WHOLE + "import os\nos._exit(7)\n",
    "at_exit": IMPORT + "import atexit, time, threading\natexit.register(time.sleep, 999)\nthreading.Thread(target=time.sleep, args=(999,)).start()\n" + GRADIENT,
}  # fmt: skip
NOTES = {
    "question": "The file raises EOFError on line 2 of question.py",
    "exits": "The file ended the process with status 7 on line 12 of exits.py: `os._exit(7)`",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder with all files, as people have it."""
    path = tmp_path_factory.mktemp("course")
    for name, text in FILES.items():
        (path / f"{name}.py").write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", [name for name in FILES if name != "beside"])
def test_the_command_checks_a_file_as_it_is(folder, capsys, name):
    start = time.monotonic()
    verdict = checked(folder / f"{name}.py", capsys)
    assert verdict["status"] == "right", verdict["sentence"]
    notes = [note for note in verdict["notes"] if note.startswith("The file")]
    assert [note.startswith(NOTES[name]) for note in notes] == [True] * (name in NOTES), notes
    assert time.monotonic() - start < 40
    assert not list(folder.glob("__pycache__"))


@pytest.mark.parametrize(
    "endless",
    [
        "while True: pass",
        "import time; time.sleep(999)",
        "while True:\n    try:\n        while True: pass\n    except: pass",
    ],
    ids=["loop", "sleep", "loop that catches everything"],
)
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_a_file_that_never_ends_is_stopped_and_its_function_checked(tmp_path, capsys, monkeypatch, endless, first):
    monkeypatch.setattr(checked_file, "SHARE", 0.05)
    path = tmp_path / "mine.py"
    path.write_text(IMPORT + endless + "\n" + GRADIENT if first else WHOLE + endless + "\n")
    verdict = checked(f"{path}:gradient", capsys, time_limit=60)
    assert verdict["status"] == "right"
    line = 2 if first else 11
    assert (
        f"The file was stopped after 3 s, a third of the time limit, on line {line} of mine.py: `"
        in verdict["notes"][0]
    )


def test_a_library_that_takes_long_to_import_is_not_stopped(tmp_path, capsys, monkeypatch):
    """As PyTorch does on a busy machine."""
    monkeypatch.setattr(checked_file, "SHARE", 0.01)
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    (libraries / "large.py").write_text("import time\ntime.sleep(1)\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(libraries), *filter(None, sys.path)]))
    path = tmp_path / "mine.py"
    path.write_text("import large\n" + WHOLE)
    assert not checked(f"{path}:gradient", capsys, time_limit=60)["notes"]
    beside = tmp_path / "helper.py"
    beside.write_text("import time\ntime.sleep(999)\n")
    path.write_text("import helper\n" + WHOLE)
    assert "`import helper`" in checked(f"{path}:gradient", capsys, time_limit=60)["notes"][0]


def test_a_gradient_that_never_ends_is_stopped(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text("def gradient(p, X, T):\n    while True: pass\n")
    verdict = checked(path, capsys, time_limit=2)
    assert verdict["sentence"] == "mine.py was stopped: it had not ended after 2 s. Is there an endless loop?"


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is one of Linux's")
def test_a_memory_hog_is_stopped_by_its_limit(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(IMPORT + "hog = []\nwhile True: hog.append(np.ones(10**6))\n" + GRADIENT)
    verdict = checked(path, capsys, memory_limit=512)
    assert verdict["status"] == "right"
    assert "The file needs too much memory on line 3 of mine.py" in verdict["notes"][0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a file can fork only where the system can")
def test_a_file_that_forks_gets_one_answer(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(IMPORT + "import os\nos.fork()\n" + GRADIENT)
    assert checked(path, capsys)["status"] == "right"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt the orphans below it")
def test_no_process_outlives_the_check_of_a_single_file(tmp_path, capsys):
    path, pid = tmp_path / "mine.py", tmp_path / "pid"
    path.write_text(f"{IMPORT}import os, pathlib, time\nif os.fork() == 0:\n    os.setsid()\n"
                    f"    pathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\n    time.sleep(999)\n"
                    f"while not pathlib.Path({str(pid)!r}).exists(): time.sleep(0.01)\n{GRADIENT}")  # fmt: skip
    assert checked(path, capsys)["status"] == "right"
    assert not Path("/proc", pid.read_text()).exists()


def test_a_file_that_plots_opens_no_window(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    path = tmp_path / "mine.py"
    path.write_text(f"import matplotlib\nmatplotlib.use('TkAgg')\nimport matplotlib.pyplot as plt\n{IMPORT}plt.ion()\n"
                    f"plt.switch_backend('TkAgg')\nplt.plot([1, 2])\nplt.show()\nplt.pause(999)\n{GRADIENT}")  # fmt: skip
    verdict = checked(path, capsys)
    assert (verdict["status"], verdict["notes"]) == ("right", [])


def test_a_notebook_and_a_method_on_the_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(checked_file, "SHARE", 0.05)
    path = tmp_path / "mine.ipynb"
    in_class = "class Net:\n    @staticmethod" + GRADIENT.replace("\n", "\n    ").replace("A.T @ D", "-A.T @ D")
    path.write_text(notebook(IMPORT, in_class, "while True: pass"))
    verdict = checked(f"{path}:Net.gradient", capsys, time_limit=60)
    assert verdict["faults"] == ["the sign of dW2 is wrong"]
    assert "mine.ipynb, code cell 3" in verdict["notes"][0]


def test_a_picture_is_drawn_by_the_other_process(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(WHOLE)
    picture = tmp_path / "errors.svg"
    assert check(str(tmp_path / "mine.py"), network="2-4-3", out=picture) == 0
    assert b"every block agrees" in picture.read_bytes()
    assert f"Written to {picture}" in " ".join(capsys.readouterr().out.split("\n"))


def test_wrong_settings_are_wrong_use(tmp_path):
    (tmp_path / "mine.py").write_text(WHOLE)
    with pytest.raises(UsageError, match="Did you mean 'relu'"):
        check(str(tmp_path / "mine.py"), network="2-4-3", activation="relus")
    with pytest.raises(UsageError, match="--json and --format"):
        check(str(tmp_path / "mine.py"), json=True, format="github")


def test_candidates_are_each_checked_and_the_likeliest_told(tmp_path, capsys):
    path = tmp_path / "mine.py"
    wrong = GRADIENT.replace("gradient", "gradient_too").replace("A.T @ D", "-A.T @ D")
    path.write_text(f"{WHOLE}{wrong}def backward_of_part(d, cache): raise ValueError\n")
    verdict = checked(path, capsys)
    assert (verdict["status"], verdict["checked"]) == ("right", "gradient")
    statuses = {candidate["name"]: candidate["status"] for candidate in verdict["candidates"]}
    assert statuses == {"gradient": "right", "gradient_too": "wrong", "backward_of_part": "unchecked"}
    assert check(str(path), network="2-4-3") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("3 functions may be the gradient; the likeliest is first.")
    assert "gradient_too" in shown
    assert "sign of dW2" in " ".join(shown.split())
    assert "To check one of them alone, write its name after the file: mine.py:backward_of_part." in " ".join(
        shown.split()
    )
    assert checked(f"{path}:gradient_too", capsys).keys() == verdict.keys() - {"checked", "candidates"}


def test_a_module_beside_a_file_comes_first_but_hides_no_library_from_other_submissions(tmp_path, capsys):
    (tmp_path / "packaging.py").write_text("raise ValueError\n")
    (tmp_path / "mine.py").write_text("import packaging\n" + WHOLE)
    verdict = checked(f"{tmp_path / 'mine.py'}:gradient", capsys)
    assert "The file raises ValueError on line 1 of mine.py: `import packaging`" in verdict["notes"][0]
    check(str(tmp_path), network="2-4-3", json=True)
    rows = {row["file"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["mine.py"]["status"], rows["mine.py"]["notes"]) == ("right", [])


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_rows_can_be_read_on_every_terminal(tmp_path, capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    name = "a_name_of_a_submission_that_is_longer_than_forty_columns.py"
    (tmp_path / name).write_text("def gradient(:\n")
    check(str(tmp_path), network="2-4-3")
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= columns for line in lines)
    assert name in "".join(line.split()[0] for line in lines if line.split() and line.split()[0] in name)
    assert any("unchecked" in line for line in lines)
    assert "is not Python" in " ".join(" ".join(lines).split())


def test_the_loss_of_a_file_that_fails_is_found_too(tmp_path, capsys):
    path = tmp_path / "mine.py"
    cost = "def cost(Z, T):\n    return np.log(np.exp(Z).sum(1)).sum() - (Z * T).sum()\n"
    path.write_text(f"{IMPORT}CALLS = open('calls.txt', 'a').write('x')\nX = np.loadtxt('train.csv')\n{GRADIENT}{cost}")
    verdict = checked(f"{path}:gradient", capsys, loss=f"{path}:cost")
    assert verdict["status"] == "right", verdict["sentence"]
    assert (tmp_path / "calls.txt").read_text() == "x"  # the file ran once
    verdict = checked(f"{path}:gradient", capsys, loss=f"{path}:costs")
    assert "holds no function 'costs'; it holds gradient and cost. Did you mean cost?" in verdict["sentence"]


@pytest.mark.long
def test_a_hang_in_a_candidate_leaves_the_verdicts_on_those_before(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(f"{WHOLE}def grad_slow(p, X, T):\n    while True: pass\n")
    verdict = checked(path, capsys, time_limit=20)
    assert [candidate["status"] for candidate in verdict["candidates"]] == ["right", "unchecked"]
    assert verdict["status"] == "right"


# Hints


def faulty_examples():
    for path in sorted(EXAMPLES.glob("*.py")):
        words = shlex.split(path.read_text(encoding="utf-8").split("fallline check ")[1].split("\n")[0])
        options = {k.removeprefix("--"): v for k, v in zip(words[1::2], words[2::2], strict=True)}
        options |= {"l2": float(options["l2"])} if "l2" in options else {}
        yield path, {"subject": options.pop("network", options.pop("of", "2-3-2-3")), **options}


@pytest.mark.parametrize(
    ("path", "settings"), thinned(faulty_examples(), 3, single=False), ids=lambda p: getattr(p, "stem", "")
)
def test_a_hint_tells_no_more_than_its_level(path, settings):
    whole = check_file(path, **settings)
    if whole.status != "wrong":
        return
    for level in (1, 2):
        told = hinted(whole, level)
        shown = [json.dumps(told.to_dict(), ensure_ascii=False), told.text(), told._repr_html_(), repr(told)]
        if told.errors:
            picture = told.plot()
            shown += [picture.title, picture.alt]
        secret = [*whole.cures, *whole.faults, *(p.coded for p in whole.equations), *(p.right for p in whole.equations),
                  *whole.findings, *whole.others, whole.evidence, *whole.uncovered, *whole.notes]  # fmt: skip
        secret = [s for s in secret if not s.endswith(" right.")]  # the blocks that are right are told at each level
        secret += [f"{b.relative:.1e}" for b in whole.blocks if not b.agrees]
        for text in shown:
            assert not [s for s in secret if s and s in text], text
        assert {str(b.block): b.agrees for b in told.blocks} == {str(b.block): b.agrees for b in whole.blocks}
        assert ("The kind of fault" in told.sentence or "No known fault" in told.sentence) == (level == 2)
    assert hinted(whole, 3) is whole


def test_kinds_of_faults_are_a_closed_list():
    from fallline.checks.faults.catalogue import FAULTS

    kinds = {kind_of(fault.sentence) for fault in FAULTS.values()}
    assert 8 <= len(kinds) <= 14
    assert kind_of("a fault that nobody has met") == "a term that is missing or wrong"


@pytest.mark.parametrize("level", [1, 2, 3])
def test_hints_hold_in_every_output(tmp_path, capsys, level):
    path = tmp_path / "mine.py"
    path.write_text(WHOLE.replace("A.T @ D", "-A.T @ D"))
    picture, csv = tmp_path / "errors.svg", tmp_path / "grades.csv"
    outputs = []
    for what, options in (
        (path, {"out": picture}),
        (path, {"format": "gradescope"}),
        (tmp_path, {"json": True, "csv": csv}),
    ):
        assert check(str(what), network="2-4-3", hint=level, **options) == 1
        outputs.append(capsys.readouterr().out)
    for output in (*outputs, csv.read_text(encoding="utf-8")):
        assert "dW2" in output
        assert ("the sign of dW2 is wrong" in output) == (level == 3)
        assert ("a sign" in output) == (level == 2)
    assert all(("turn its sign" in output) == (level == 3) for output in outputs)
    assert ("2.0e+00" in picture.read_text(encoding="utf-8")) == (level == 3)


# Autograders' forms, held against schemas written by hand from their public documentation

NUMBER = {"type": "number", "minimum": 0}
VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
TEXT_FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
GRADESCOPE = {  # Gradescope Autograder Documentation, Autograder Specifications, Output format
    "type": "object",
    "additionalProperties": False,
    "required": ["tests"],
    "properties": {
        "score": NUMBER, "execution_time": NUMBER, "output": {"type": "string"}, "output_format": TEXT_FORMAT,
        "test_output_format": TEXT_FORMAT, "test_name_format": TEXT_FORMAT, "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY, "extra_data": {"type": "object"}, "leaderboard": {"type": "array"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "score": NUMBER, "max_score": NUMBER, "status": {"enum": ["passed", "failed"]},
                    "name": {"type": "string"}, "name_format": TEXT_FORMAT, "number": {"type": "string"},
                    "output": {"type": "string"}, "output_format": TEXT_FORMAT,
                    "tags": {"type": "array", "items": {"type": "string"}}, "visibility": VISIBILITY,
                    "extra_data": {"type": "object"},
                },
            },
        },
    },
}  # fmt: skip
OTTER = {  # Otter-Grader Documentation, otter run: the results of GradingResults.to_gradescope_dict
    "type": "object",
    "additionalProperties": False,
    "required": ["tests"],
    "properties": {
        "score": NUMBER, "output": {"type": "string"}, "stdout_visibility": VISIBILITY,
        "tests": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "visibility", "output"],
                "properties": {"name": {"type": "string"}, "score": NUMBER, "max_score": NUMBER, "visibility": VISIBILITY,
                               "output": {"type": "string"}},
            },
        },
    },
}  # fmt: skip
GITHUB = {  # GitHub Classroom's graders: the result that autograding-grading-reporter decodes, version 1
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "status", "max_score", "tests"],
    "properties": {
        "version": {"const": 1}, "status": {"enum": ["pass", "fail", "error"]}, "max_score": NUMBER,
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "status", "score", "message"],
                "properties": {
                    "name": {"type": "string"}, "status": {"enum": ["pass", "fail", "error"]}, "score": NUMBER,
                    "message": {"type": "string"}, "test_code": {"type": "string"}, "filename": {"type": "string"},
                    "line_no": {"type": "integer"}, "duration": {"type": "integer"},
                },
            },
        },
    },
}  # fmt: skip
SCHEMAS = {"gradescope": GRADESCOPE, "otter": OTTER, "github": GITHUB}


@pytest.fixture(scope="module")
def submissions(tmp_path_factory):
    path = tmp_path_factory.mktemp("submissions")
    (path / "a_right.py").write_text(WHOLE)
    (path / "b_wrong.py").write_text(WHOLE.replace("A.T @ D", "-A.T @ D"))
    (path / "c_broken.ipynb").write_text(notebook("import no_such_module"))
    return path


@pytest.mark.parametrize("form", SCHEMAS)
def test_a_form_of_an_autograder_is_as_it_documents(submissions, capsys, form):
    validator = pytest.importorskip("jsonschema").Draft202012Validator(SCHEMAS[form])
    assert check(str(submissions), network="2-4-3", format=form, points=2.5, workers=2) == 1
    whole = json.loads(capsys.readouterr().out)
    assert list(validator.iter_errors(whole)) == []
    tests = [test for test in whole["tests"] if "score" in test]
    assert [test["name"] for test in tests] == ["a_right.py", "b_wrong.py", "c_broken.ipynb"]
    assert [test["score"] for test in tests] == [2.5, 0.0, 0.0]
    assert check(str(submissions / "b_wrong.py"), network="2-4-3", format=form, points=10) == 1
    one = json.loads(capsys.readouterr().out)
    assert list(validator.iter_errors(one)) == []
    told = one["tests"][-1]
    assert told.get("max_score", one.get("max_score")) == 10
    assert "the sign of dW2 is wrong" in told.get("output", told.get("message"))
    if form == "github":
        assert ([test["status"] for test in tests], whole["status"]) == (["pass", "fail", "error"], "fail")
    else:
        assert whole["score"] == 2.5


MINUS = (
    IMPORT
    + """
def gradient(X, y, w, b):
    errors = y - (X @ w + b)
    return X.T @ errors, errors.sum()
"""
)


@pytest.mark.parametrize(
    ("more", "status"),
    [("", "right"), ("def fit(X, y, w, b, lr):\n    dw, db = gradient(X, y, w, b)\n    return w - lr * dw, b - lr * db\n", "wrong"),
     ("def fit(X, y, w, b, lr):\n    dw, db = gradient(X, y, w, b)\n    return w + lr * dw, b + lr * db\n", "right"),
     ("def total_error(outputs, goals):\n    return outputs - goals\n", "wrong")],
)  # fmt: skip
def test_a_minus_sign_is_a_fault_where_the_file_goes_down(tmp_path, more, status):
    path = tmp_path / "minus.py"
    path.write_text(MINUS + more, encoding="utf-8")
    verdict = check_file(path, "gradient", subject="3-1", loss="half_squared_error")
    assert verdict.status == status, verdict.sentence
    assert verdict.faults == (("its sign is wrong: it is the gradient of minus the loss",) if status == "wrong" else ())

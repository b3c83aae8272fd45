"""The command line: what it prints, what it refuses and how, and its exit status."""

import json
import subprocess
import sys

import pytest

from fallline.cli import main


def run(*words):
    """Exit status of a command in this process."""
    return main(list(words))


def test_descend_prints_start_end_and_outcome(capsys):
    words = (
        "descend rosenbrock --optimizer momentum --learning-rate 8e-5 --momentum 0.9 --start 0.868,-4.43 --steps 180"
    )
    assert run(*words.split()) == 0
    out = capsys.readouterr().out
    assert "start  x = 0.868000, y = -4.430000" in out
    assert "end    x = 1.269090, y = 1.611572" in out
    assert "Still descending after 180 steps" in out


def test_json_is_one_object_with_every_setting(capsys):
    assert run("descend", "rosenbrock", "--learning-rate", "1e-3", "--steps", "5", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["settings"] == {"learning_rate": 1e-3}
    assert len(told["losses"]) == 6
    assert told["outcome"] == "still descending"


def test_a_diverged_run_is_an_answer_not_a_failure(capsys):
    assert run("descend", "rosenbrock", "--learning-rate", "0.1", "--steps", "50", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["outcome"] == "diverged"
    assert told["end"] == [None, None]


def test_a_function_of_the_users_own(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text("def bowl(x, y):\n    return x**2 + 3 * y**2\n")
    assert run("descend", f"{path}:bowl", "--learning-rate", "0.1", "--steps", "200", "--start", "1,1") == 0
    assert "Converged" in capsys.readouterr().out


# Wrong use: the words, and what the sentence must hold. Status 2, nothing on standard output.
WRONG = [
    ("descend rosenbrok", "Did you mean 'rosenbrock'?"),
    ("descend rosenbrock --optimizer momentun", "Did you mean 'momentum'"),
    ("descend rosenbrock --optimizer momentum --momentum 3", "momentum must be a number in [0, 1]; got 3.0."),
    ("descend rosenbrock --momentum 0.5", "setting of optimizer gradient_descent must be one of learning_rate"),
    ("descend rosenbrock --momentun 0.5", "--momentum"),
    ("descend rosenbrock --start 1,2,3", "(2,)"),
    ("descend rosenbrock --start a,b", "--start must be numbers joined by commas"),
    ("descend rosenbrock --steps x", "--steps"),
    ("descend rosenbrock --steps -3", "steps must be a whole number at least 0; got -3."),
    ("descend rosenbrock --set learning_rate", "--set must be NAME=NUMBER"),
    ("descend rosenbrock --set learning_rate.1=0.1", "a landscape has no layers"),
    ("descend nowhere.py:f", "must be a Python file that exists"),
    ("descend", "OBJECTIVE"),
    ("draw 2-x-3", "sizes must be positive whole numbers joined by '-'"),
    ("draw 2-0-3", "sizes must be at least two positive whole numbers"),
    ("equations momentun", "Did you mean 'momentum'"),
    ("study three-gausians", "Did you mean 'three-gaussians'"),
    ("frobnicate", "frobnicate"),
]


@pytest.mark.parametrize(("words", "sentence"), WRONG)
def test_wrong_use_is_a_sentence_and_status_2(words, sentence, capsys):
    assert run(*words.split()) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("fallline: ")
    assert sentence.lower() in told.err.lower()
    assert "Traceback" not in told.err


def test_a_broken_file_of_the_users_is_named_with_its_error(tmp_path, capsys):
    path = tmp_path / "broken.py"
    path.write_text("def f(x:\n")
    assert run("descend", f"{path}:f") == 2
    assert "broken.py is not Python: line 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("draw 2-3-2-3 --out", "network.svg"),
        ("draw rosenbrock --out", "contours.png"),
        ("descend rosenbrock --learning-rate 1e-3 --steps 20 --out", "run.svg"),
        ("descend rosenbrock --learning-rate 1e-3 --steps 20 --out", "run.csv"),
        ("descend rosenbrock --learning-rate 1e-3 --steps 20 --out", "run.json"),
    ],
)
def test_an_output_is_written_once_and_never_silently_overwritten(words, name, tmp_path, capsys):
    path = tmp_path / name
    assert run(*words.split(), str(path)) == 0
    first = path.read_bytes()
    assert len(first) > 100
    assert run(*words.split(), str(path)) == 1
    assert "--force" in capsys.readouterr().err
    assert path.read_bytes() == first
    assert run(*words.split(), str(path), "--force") == 0


def test_an_output_into_a_missing_folder_is_a_sentence(tmp_path, capsys):
    assert run("draw", "2-3-2-3", "--out", str(tmp_path / "missing" / "x.svg")) == 1
    err = capsys.readouterr().err
    assert "missing" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("form", ["units", "matrix"])
@pytest.mark.parametrize("format_", ["text", "latex", "mathml"])
@pytest.mark.parametrize("what", ["2-3-2-3", "rosenbrock", "momentum", "relu", "cross_entropy", "cosine"])
def test_equations_of_everything_in_every_format(what, form, format_, capsys):
    assert run("equations", what, "--form", form, "--format", format_) == 0
    assert len(capsys.readouterr().out) > 20


def test_the_installed_command_says_no_traceback_and_keeps_its_status():
    done = subprocess.run(  # the console script's own path through the interpreter
        [sys.executable, "-m", "fallline", "descend", "rosenbrok"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1

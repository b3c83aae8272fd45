"""The command line: what it prints, what it refuses and how, and its exit status."""

import inspect
import json
import subprocess
import sys

import pytest

import fallline as fl
from fallline.cli import commands, main
from fallline.cli.descend import descend
from fallline.cli.equations import equations
from fallline.cli.maps import map_
from fallline.cli.method_flags import OPTIMIZER_SETTINGS
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES


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
    ("descend booth --start 1,2,3", "(2,)"),
    ("descend rosenbrock --start a,b", "--start must be finite numbers joined by commas"),
    ("descend rosenbrock --steps x", "--steps"),
    ("descend rosenbrock --steps -3", "steps must be a whole number in [0, 1000000000]; got -3."),
    ("descend rosenbrock --set learning_rate", "--set must be NAME=NUMBER"),
    ("descend rosenbrock --set learning_rate=1_0", "--set learning_rate must be a number such as 0.5"),
    ("descend rosenbrock --learning-rate 0.1 --set learning-rate=0.2", "learning_rate is given twice; give it once."),
    ("descend rosenbrock --start nan,0", "--start must be finite numbers joined by commas"),
    ("descend rosenbrock --start -inf,0", "--start must be finite numbers joined by commas"),
    ("descend rosenbrock --start --steps 5", "--start must be finite numbers joined by commas"),
    ("descend rosenbrock --strat -1.2,1", "Did you mean"),
    ("descend rosenbrock --start", "requires an argument"),
    ("descend rosenbrock --learning-rate -.5", "learning_rate must be a number at least 0; got -0.5."),
    ("descend rosenbrock --learning-rate -inf", "--learning-rate must be a finite number; got '-inf'."),
    ("descend rosenbrock --steps 2.7", "--steps must be a whole number such as 100; got '2.7'."),
    ("descend rosenbrock --steps 1e20", "steps must be a whole number in [0, 1000000000]; got 100000000000000000000."),
    ("descend rosenbrock --seed 18446744073709551616", "seed must be a whole number in [0, 18446744073709551615]"),
    ("descend rosenbrock --schedule.decay 0.5", "schedule constant has no settings; got 'decay'."),
    ("descend rosenbrock --schedule step_decay --schedule.every 0", "every must be a whole number at least 1; got 0."),
    (
        "descend rosenbrock --schedule cosine --schedule.steps 0",
        "steps of schedule cosine must be a whole number at least 1",
    ),
    ("check f.py --workers 0", "--workers must be a whole number in [1, 1024]; got 0."),
    ("check f.py --time-limit -1", "--time-limit must be a number in [0.1, 86400]; got -1.0."),
    ("lab --port 99999", "--port must be a whole number in [0, 65535]; got 99999."),
    ("descend rosenbrock --set learning_rate.1=0.1", "a landscape has no layers"),
    ("descend nowhere.py:f", "must be a Python file that exists"),
    ("descend", "OBJECTIVE"),
    ("draw 2-x-3", "sizes must be positive whole numbers joined by '-'"),
    ("draw 2-0-3", "sizes must be at least two positive whole numbers"),
    ("equations momentun", "Did you mean 'momentum'"),
    ("study three-gausians", "Did you mean 'three-gaussians'"),
    ("frobnicate", "frobnicate"),
]


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ("--start -1.2,1", "x = -1.200000, y = 1.000000"),
        ("--start=-1.2,1", "x = -1.200000, y = 1.000000"),
        ("--start -.5,-1e-3", "x = -0.500000, y = -0.001000"),
        ("--start -1.2,-1 --json", "[-1.2, -1.0]"),
    ],
)
def test_a_list_of_numbers_may_begin_with_a_minus(words, start, capsys):
    assert run("descend", "rosenbrock", *words.split(), "--steps", "0") == 0
    assert start in capsys.readouterr().out


def test_a_schedules_settings_are_flags_in_the_words_of_studies_and_axes(capsys):
    words = "descend quadratic --schedule step_decay --schedule.decay 0.5 --steps 12 --json"
    told = []
    for every in ("--schedule.every 3", "--set schedule.every=3"):
        assert run(*words.split(), *every.split()) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0] == told[1]
    assert told[0]["schedule"] == {"name": "step_decay", "decay": 0.5, "every": 3}
    want = fl.descend("quadratic", steps=12, schedule={"name": "step_decay", "decay": 0.5, "every": 3})
    assert told[0]["losses"] == want.losses.tolist()


OWN = """
import fallline as fl

def heavy(w, g, state, t, *, learning_rate, inertia=0.7):
    v = inertia * state[0] + learning_rate * g
    return w - v, (v,)

def shrunk(w, g, state, t, *, learning_rate, inertia=0.5):
    return w - learning_rate * inertia * g, ()

mine = fl.optimizer(heavy, state=["v"], settings=[fl.Setting("inertia", "I", "share of the velocity", 0.5, 0, 2)])
nothing = 3
"""


def test_an_optimizer_of_ones_own_has_settings_on_the_command_line(tmp_path, capsys):
    path = tmp_path / "own.py"
    path.write_text(OWN)
    words = "descend booth --learning-rate 0.01 --steps 9 --json --optimizer"
    assert run(*words.split(), f"{path}:mine", "--set", "inertia=0.6") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["settings"] == {"learning_rate": 0.01, "inertia": 0.6}
    assert run(*words.split(), "momentum", "--momentum", "0.6") == 0
    assert told["losses"] == json.loads(capsys.readouterr().out)["losses"]
    assert run(*words.split(), f"{path}:shrunk") == 0
    assert json.loads(capsys.readouterr().out)["settings"]["inertia"] == 0.5
    plane = "map booth --x inertia=0..1 --y learning_rate=1e-3..1e-2:log --size 3x3 --steps 4 --json --optimizer"
    assert run(*plane.split(), f"{path}:mine") == 0
    assert json.loads(capsys.readouterr().out)["cells"] == 9
    for words, sentence in (
        (("--set", "inertia=3"), "inertia must be a number in [0, 2]; got 3.0."),
        (("--momentum", "0.5"), "setting of optimizer heavy must be one of inertia, learning_rate; got 'momentum'."),
    ):
        assert run("descend", "booth", "--optimizer", f"{path}:mine", *words) == 2
        assert capsys.readouterr().err == f"fallline: {sentence}\n"
    assert run("descend", "booth", "--optimizer", f"{path}:nothing") == 2
    assert "nothing of own.py must be a function" in capsys.readouterr().err


def test_each_setting_of_an_optimizer_or_schedule_has_its_flag(capsys):
    names = {name for record in OPTIMIZERS.values() for name in record.settings}
    names |= {f"schedule.{name}" for record in SCHEDULES.values() for name in record.settings}
    for command in ("descend", "map"):
        assert run(command, "--help") == 0
        told = capsys.readouterr().out
        for name in names:
            assert f"--{name.replace('_', '-')} " in told


def test_the_list_of_commands_loads_neither_numpy_nor_the_textbook():
    code = (
        "import sys; from fallline.cli import main; status = main(['--help']); "
        "loaded = {'numpy', 'fallline.textbook.optimizers'} & set(sys.modules); sys.exit(status or len(loaded))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in ("descend", "map", *(command.__name__ for command in commands.COMMANDS)):
        assert f" {name} " in done.stdout


COMMANDS = {command.__name__.strip("_"): command for command in (*commands.COMMANDS, descend, equations, map_)}
FLAGS = [
    (name, "--" + parameter.name.replace("_", "-"))
    for name, command in COMMANDS.items()
    for parameter in inspect.signature(command).parameters.values()
    if any(word in str(parameter.annotation) for word in ("int", "float", "Number", "Whole", "Point"))
    and "Literal" not in str(parameter.annotation)
] + [("descend", f"--{name.replace('_', '-')}") for name in OPTIMIZER_SETTINGS]
POSITIONAL = {
    "descend": ["rosenbrock"], "map": ["rosenbrock"], "check": ["f.py"], "lab": [], "equations": ["2-3-2-3"],
}  # fmt: skip


@pytest.mark.parametrize(("command", "flag"), FLAGS)
@pytest.mark.parametrize("text", ["1_0", "١", "nan", "-inf", "1e999", "", "0x10"])
def test_every_flag_that_takes_numbers_reads_them_by_the_one_grammar(command, flag, text, capsys):
    assert run(command, *POSITIONAL[command], flag, text) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"fallline: {flag} must be ")
    assert told.endswith(f"got {text!r}.\n")


def test_the_flags_that_take_numbers_are_found():
    assert len(FLAGS) >= 20
    assert {"--start", "--steps", "--contour", "--workers", "--port", "--l2"} <= {flag for _, flag in FLAGS}


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

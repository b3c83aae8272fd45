"""`examples/course`: the exercise as a student and a teacher use it, with each autograder."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

COURSE = Path(__file__).resolve().parents[1] / "examples" / "course"
STATUSES = {
    "bias_not_divided": "wrong",
    "endless_loop": "unchecked",
    "not_finished": "unchecked",
    "right_in_other_words": "right",
    "sign_wrong": "wrong",
    "slope_at_the_wrong_place": "wrong",
    "slope_missing": "wrong",
}
SAMPLES = sorted(STATUSES)
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the autograders are shell scripts")


@pytest.fixture
def course(tmp_path):
    """A copy of the folder."""
    return Path(shutil.copytree(COURSE, tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture
def shell(tmp_path):
    """Run a command as in a shell where fallline is installed."""
    programs = tmp_path / "bin"
    programs.mkdir()
    fallline = programs / "fallline"
    fallline.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m fallline "$@"\n')
    fallline.chmod(0o755)
    (programs / "python").symlink_to(sys.executable)
    source = str(Path(__file__).resolve().parents[1] / "src")
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "COLUMNS": "120",
                   "PYTHONPATH": os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])}  # fmt: skip

    def run(command, cwd, **more):
        return subprocess.run(command, cwd=cwd, shell=isinstance(command, str), capture_output=True, text=True,
                              env={**environment, **more}, timeout=120)  # fmt: skip

    return run


def submit(course, name, to):
    """Put a sample in the place of a submission."""
    to.mkdir(parents=True, exist_ok=True)
    shutil.copy(course / "instructor" / "submissions" / f"{name}.py", to / "gradient.py")


def commands_of(readme):
    """The commands in the indented blocks of the README that check something."""
    return [line.strip() for line in readme.splitlines() if line.startswith("    ") and "instructor/" in line]


def test_the_commands_of_the_readme(course, shell):
    commands = commands_of((course / "README.md").read_text(encoding="utf-8"))
    assert len(commands) == 4
    solution, folder, hint, otter = (shell(command.replace("grades.csv", "grades.csv --time-limit 10"), course)
                                     for command in commands)  # fmt: skip
    assert (solution.returncode, folder.returncode, hint.returncode, otter.returncode) == (0, 1, 1, 0)
    assert "gradient is right" in solution.stdout
    for name, status in STATUSES.items():
        assert re.search(rf"{name}\.py\s+{status}", folder.stdout), folder.stdout
    assert "slope of an activation" in hint.stdout
    assert json.loads((course / "results.json").read_text())["score"] == 0
    rows = (course / "grades.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == len(STATUSES) + 1


@pytest.mark.long
def test_the_tests_for_students(course, shell):
    student = course / "student"
    quiet = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    unfinished = shell(quiet, student)
    assert unfinished.returncode == 1
    assert "1 failed, 1 passed" in unfinished.stdout
    assert "gradient is not written yet" in unfinished.stdout
    shutil.copy(course / "instructor" / "solution.py", student / "gradient.py")
    finished = shell(quiet, student)
    assert "2 passed" in finished.stdout, finished.stdout
    shutil.copy(course / "instructor" / "submissions" / "slope_missing.py", student / "gradient.py")
    wrong = shell(quiet, student)
    assert "slope of an activation" in wrong.stdout
    assert "left out" not in wrong.stdout.replace(COURSE.name, "")  # hint 2 does not say which


@pytest.mark.parametrize("name", ["right_in_other_words", "sign_wrong", "not_finished"])
def test_gradescope(course, shell, tmp_path, name):
    root = tmp_path / "autograder"
    submit(course, name, root / "submission")
    done = shell([str(course / "autograder/gradescope/run_autograder")], course, AUTOGRADER=str(root))
    assert done.returncode == 0
    results = json.loads((root / "results" / "results.json").read_text())
    (test,) = results["tests"]
    right = STATUSES[name] == "right"
    assert (results["score"], test["score"], test["max_score"]) == ((10, 10, 10) if right else (0, 0, 10))
    assert test["status"] == ("passed" if right else "failed")
    assert "Cure" not in test["output"]


def test_gradescope_without_a_submission(course, shell, tmp_path):
    (tmp_path / "autograder" / "submission").mkdir(parents=True)
    done = shell(
        [str(course / "autograder/gradescope/run_autograder")], course, AUTOGRADER=str(tmp_path / "autograder")
    )
    assert done.returncode == 0
    results = json.loads((tmp_path / "autograder" / "results" / "results.json").read_text())
    assert results["score"] == 0
    assert "gradient.py" in results["output"]


@pytest.mark.parametrize("name", ["right_in_other_words", "slope_missing"])
def test_github_classroom(course, shell, tmp_path, name):
    workflow = (course / "student/.github/workflows/classroom.yml").read_text(encoding="utf-8")
    script = re.search(r"run: \|\n((?:          .*\n)+)", workflow).group(1)
    submit(course, name, tmp_path / "repository")
    (tmp_path / "output").touch()
    done = shell(["bash", "-e", "-c", script], tmp_path / "repository", GITHUB_OUTPUT=str(tmp_path / "output"))
    assert done.returncode == 0, done.stderr
    encoded = re.fullmatch(r"result=(\S+)\n", (tmp_path / "output").read_text()).group(1)
    result = json.loads(base64.b64decode(encoded))
    assert result["version"] == 1
    assert result["max_score"] == 10
    assert result["status"] == ("pass" if STATUSES[name] == "right" else "fail")
    assert "left out" not in result["tests"][0]["message"]


@pytest.mark.parametrize("name", ["right_in_other_words", "bias_not_divided"])
def test_otter_results(course, shell, name):
    done = shell(["bash", "autograder/otter/grade.sh", f"instructor/submissions/{name}.py", "results.json"], course)
    assert done.returncode == 0
    results = json.loads((course / "results.json").read_text())
    assert results["score"] == (10 if STATUSES[name] == "right" else 0)


def test_the_test_file_of_otter(course, monkeypatch):
    """The file as otter runs it: the decorator marks the function, whose argument comes from the notebook."""
    stub = types.ModuleType("otter.test_files")
    stub.test_case = lambda **_: lambda function: function
    monkeypatch.setitem(sys.modules, "otter", types.ModuleType("otter"))
    monkeypatch.setitem(sys.modules, "otter.test_files", stub)
    test = load(course / "autograder/otter/tests/q1.py")
    assert (test["OK_FORMAT"], test["name"], test["points"]) == (False, "q1", 10)
    test["test_gradient"](load(course / "instructor/solution.py")["gradient"])
    with pytest.raises(AssertionError, match="a sign"):
        test["test_gradient"](load(course / "instructor/submissions/sign_wrong.py")["gradient"])


def load(path):
    """The names that a file defines."""
    names = {"__name__": path.stem}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    return names


def test_no_solution_lies_where_students_can_read_it(course):
    for path in [*(course / "student").rglob("*"), *(course / "autograder").rglob("*")]:
        if path.is_file():
            assert "D1.sum" not in path.read_text(encoding="utf-8")


def test_one_set_of_flags(course):
    """The network that the README names is that of every file."""
    flags = "--network 4-5-3 --activation tanh --reduction mean"
    for path in ("README.md", "student/ASSIGNMENT.md", "student/.github/workflows/classroom.yml",
                 "autograder/gradescope/run_autograder", "autograder/otter/grade.sh"):  # fmt: skip
        assert flags in (course / path).read_text(encoding="utf-8")
    for path in ("student/tests/test_gradient.py", "autograder/otter/tests/q1.py"):
        assert '"4-5-3", activation="tanh", reduction="mean", hint=2' in (course / path).read_text(encoding="utf-8")

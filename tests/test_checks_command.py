"""`fallline check`: examples, folders of submissions, exit status."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from fallline.checks.command import check
from fallline.errors import UsageError
from thinned import thinned

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "gradient_faults"
RIGHT = """
from fallline.textbook.network import Network, loss_and_gradient
def gradient(parameters, X, T):
    return loss_and_gradient(Network.of("2-3-2-3"), parameters, X, T)[1]
"""


@pytest.mark.parametrize("path", thinned(sorted(EXAMPLES.glob("*.py")), 3), ids=lambda p: p.stem)
def test_each_example_is_found_and_named(path, capsys):
    text = path.read_text(encoding="utf-8").split('"""')[1]
    command, says = re.search(r"fallline check (.*)\n\nsays: ([\s\S]*)", text).groups()
    words = shlex.split(command)
    options = {k.removeprefix("--"): v for k, v in zip(words[1::2], words[2::2], strict=True)}
    if "l2" in options:
        options["l2"] = float(options["l2"])
    status = check(str(EXAMPLES / words[0]), json=True, **options)
    verdict = json.loads(capsys.readouterr().out)
    assert " ".join(says.split()).rstrip(".") in verdict["sentence"]
    assert status == verdict["exit_status"] == (0 if "is right" in says else 1)


def test_a_folder_is_graded_each_in_its_own_process(tmp_path, capsys):
    files = {
        "a_right.py": RIGHT,
        "b_wrong.py": RIGHT.replace("T)[1]", "T)[1][::-1]"),
        "c_loop.py": "while True: pass\n",
        "d_crash.py": "import os\ndef gradient(parameters, X, T): os._exit(3)\n",
        "e_kill.py": "import os, signal\ndef gradient(parameters, X, T): os.kill(os.getpid(), signal.SIGSEGV)\n",
        "f_hungry.py": "def gradient(parameters, X, T): return bytearray(8 * 2**30)\n",
        "g_syntax.py": "def gradient(:\n",
        "i_import.py": "import no_such_module\n",
        "h_loud.py": RIGHT.replace("    return", "    print('x' * 10000000 + 30 * chr(10))\n    return"),
        "=cmd.py": "def gradient(parameters, X, T): raise ValueError('=1+1')\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    table = tmp_path / "grades.csv"
    status = check(str(tmp_path), network="2-3-2-3", csv=table, time_limit=15, workers=2)
    assert status == 1
    assert f"{len(files)} files" in capsys.readouterr().out
    text = table.read_text(encoding="utf-8")
    rows = {row["file"].lstrip("'"): row for row in csv.DictReader(text.splitlines())}
    assert rows.keys() == files.keys()
    statuses = {name: row["status"] for name, row in rows.items()}
    assert statuses["a_right.py"] == statuses["h_loud.py"] == "right"
    assert (
        "stopped after 5 s, a third of the time limit, on line 1 of c_loop.py: `while True: pass`"
        in rows["c_loop.py"]["sentence"]
    )
    assert "status 3" in rows["d_crash.py"]["sentence"]
    assert "SIGSEGV" in rows["e_kill.py"]["sentence"]
    assert "Memory" in rows["f_hungry.py"]["sentence"]
    assert "not Python" in rows["g_syntax.py"]["sentence"]
    assert "ModuleNotFoundError on line 1 of i_import.py" in rows["i_import.py"]["sentence"]
    assert "prints" in rows["h_loud.py"]["notes"]
    assert all(
        statuses[n] == "unchecked" for n in ("c_loop.py", "d_crash.py", "e_kill.py", "f_hungry.py", "g_syntax.py")
    )
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for row in csv.reader(text.splitlines()) for cell in row)


def _statuses(folder, capsys, **options):
    check(str(folder), network="2-3-2-3", json=True, **options)
    return {row["file"]: row for row in json.loads(capsys.readouterr().out)}


def test_every_entry_of_a_folder_has_its_row(tmp_path, capsys):
    (tmp_path / "a.py").write_text(RIGHT, encoding="utf-8")
    (tmp_path / "fractions.py").write_text(RIGHT, encoding="utf-8")  # as a module of the standard library is called
    (tmp_path / "json.py").write_text("def gradient(parameters, X, T): return None\n", encoding="utf-8")
    (tmp_path / "helped.py").write_text("import _helper\n" + RIGHT, encoding="utf-8")
    (tmp_path / "_helper.py").write_text("", encoding="utf-8")
    (tmp_path / "folder.py").mkdir()
    expected = {
        "a.py": "right",
        "fractions.py": "right",
        "json.py": "unchecked",
        "helped.py": "right",
        "folder.py": "unchecked",
    }
    if os.name == "posix":
        (tmp_path / "loop.py").symlink_to("loop.py")
        os.mkfifo(tmp_path / "pipe.py")
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff.py")).write_text(RIGHT, encoding="utf-8")
        expected |= {"loop.py": "unchecked", "pipe.py": "unchecked", "b\\xff.py": "right"}
    rows = _statuses(tmp_path, capsys)
    assert {file: row["status"] for file, row in rows.items()} == expected
    assert rows["folder.py"]["sentence"] == "folder.py must be a file; it is a folder, a broken link or a device."
    assert check(str(tmp_path), network="2-3-2-3", csv=tmp_path / "grades.csv") == 2  # names that no terminal can show


def test_what_a_right_submission_leaves_running_does_not_count(tmp_path, capsys):
    endings = {
        "thread.py": "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\n",
        "atexit_.py": "import atexit, time\natexit.register(time.sleep, 1000)\n",
    }
    for name, text in endings.items():
        (tmp_path / name).write_text(text + RIGHT, encoding="utf-8")
    assert {row["status"] for row in _statuses(tmp_path, capsys, time_limit=20).values()} == {"right"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt the orphans below it")
@pytest.mark.parametrize("then", [RIGHT, "while True: pass\n"], ids=["right", "endless"])
def test_no_process_outlives_its_submission(tmp_path, capsys, then):
    pid = tmp_path / "pid"
    daemon = f"import os, pathlib, time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(1000)"
    started = (
        "import pathlib, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {daemon!r}], start_new_session=True)\n"
        f"while not pathlib.Path({str(pid)!r}).exists(): time.sleep(0.01)\n"
    )
    (tmp_path / "mine.py").write_text(started + then, encoding="utf-8")
    row = _statuses(tmp_path, capsys, time_limit=30 if then == RIGHT else 12)["mine.py"]
    assert row["status"] == ("right" if then == RIGHT else "unchecked")
    assert not Path("/proc", pid.read_text()).exists()


def test_rows_come_one_by_one_and_an_interrupted_check_keeps_its_table(tmp_path, capsys, monkeypatch):
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(RIGHT, encoding="utf-8")

    def interrupt(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(str(tmp_path), network="2-3-2-3", csv=tmp_path / "grades.csv", progress=interrupt)
    assert "a.py" in capsys.readouterr().out
    assert [row["file"] for row in csv.DictReader((tmp_path / "grades.csv").read_text().splitlines())] == ["a.py"]


def test_exit_status(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(RIGHT, encoding="utf-8")
    assert check(f"{path}:gradient", network="2-3-2-3") == 0
    assert "gradient is right" in capsys.readouterr().out
    assert check(f"{path}:nothing", network="2-3-2-3") == 2
    assert "holds no function 'nothing'" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(UsageError, match="must be a file that exists"):
        check(str(tmp_path / "none.py"), network="2-3-2-3")


def test_own_data(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(RIGHT, encoding="utf-8")
    rows = "".join(f"{k * 0.37 % 2 - 1:.3f},{k * 0.61 % 2 - 1:.3f},{'abc'[k % 3]}\n" for k in range(40))
    (tmp_path / "data.csv").write_text("x,y,kind\n" + rows, encoding="utf-8")
    assert check(str(tmp_path / "mine.py"), network="2-3-2-3", data=str(tmp_path / "data.csv")) == 0
    capsys.readouterr()

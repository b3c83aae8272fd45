"""`fallline check`: examples, folders of submissions, exit status."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path

import pytest

from fallline.checks.command import check
from fallline.errors import UsageError

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "gradient_faults"
RIGHT = """
from fallline.textbook.network import Network, loss_and_gradient
def gradient(parameters, X, T):
    return loss_and_gradient(Network.of("2-3-2-3"), parameters, X, T)[1]
"""


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda p: p.stem)
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
    assert "endless loop" in rows["c_loop.py"]["sentence"]
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


def test_exit_status(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(RIGHT, encoding="utf-8")
    assert check(f"{path}:gradient", network="2-3-2-3") == 0
    assert "gradient is right" in capsys.readouterr().out
    assert check(f"{path}:nothing", network="2-3-2-3") == 2
    assert "holds no function 'nothing'" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(UsageError, match="must be a Python file that exists"):
        check(str(tmp_path / "none.py"), network="2-3-2-3")


def test_own_data(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(RIGHT, encoding="utf-8")
    rows = "".join(f"{k * 0.37 % 2 - 1:.3f},{k * 0.61 % 2 - 1:.3f},{'abc'[k % 3]}\n" for k in range(40))
    (tmp_path / "data.csv").write_text("x,y,kind\n" + rows, encoding="utf-8")
    assert check(str(tmp_path / "mine.py"), network="2-3-2-3", data=str(tmp_path / "data.csv")) == 0
    capsys.readouterr()

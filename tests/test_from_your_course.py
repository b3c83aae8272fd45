"""docs/from-your-course.md: every command on the page, run on the files of the page."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "from-your-course.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"```console\n\$ (fallline check [^\n]*)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with every file of the page."""
    folder = tmp_path_factory.mktemp("page")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def printed(command, folder):
    """What the command prints."""
    environment = {**os.environ, "COLUMNS": "110", "NO_COLOR": "1",
                   "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])}  # fmt: skip
    done = subprocess.run([sys.executable, "-m", *shlex.split(command)], cwd=folder, env=environment, capture_output=True,
                          text=True, timeout=120)  # fmt: skip
    assert done.returncode in (0, 1, 2), done.stderr
    return done.stdout


@pytest.mark.parametrize(("command", "output"), COMMANDS, ids=[command.split()[2] for command, _ in COMMANDS])
def test_the_command_prints_what_the_page_says(command, output, folder):
    if "import torch" in FILES[command.split()[2].partition(":")[0]]:
        pytest.importorskip("torch")
    said = printed(command, folder)
    assert doctest.OutputChecker().check_output(output, said, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE), said


def test_every_file_of_the_page_is_checked():
    assert FILES.keys() == {command.split()[2].partition(":")[0] for command, _ in COMMANDS}

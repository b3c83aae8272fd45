"""The examples of CONTRIBUTING.md, "To add ...", performed on a copy of the sources.

Each section holds a diff and the number of files that it may touch. The diff is applied, and a program then uses what was
added in every place where a user would look for it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(__file__).parent / "adding"
MOST = {
    "an activation": 1,
    "an optimizer with a setting of its own": 1,
    "a generated data set": 1,
    "a kind of data source": 3,
    "a measure": 1,
    "an outcome": 2,
    "a view of the lab": 3,
    "a fault at a new place": 2,
}
"""Source files that each addition may touch; its tests come on top."""


def sections() -> dict[str, str]:
    """The diff of each section "To add ..."."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    parts = re.split(r"^### To add (.+)$", text, flags=re.MULTILINE)[1:]
    return {
        title: "".join(re.findall(r"^```diff\n(.*?)^```$", body, flags=re.MULTILINE | re.DOTALL))
        for title, body in zip(parts[::2], parts[1::2], strict=True)
    }


def test_every_addition_has_its_example() -> None:
    assert sections().keys() == MOST.keys()


@pytest.mark.skipif(shutil.which("git") is None, reason="git applies the diffs")
@pytest.mark.parametrize("title", MOST)
def test_addition(title: str, tmp_path: Path) -> None:
    diff = sections()[title]
    touched = re.findall(r"^\+\+\+ b/(.+)$", diff, flags=re.MULTILINE)
    assert 1 <= len(touched) <= MOST[title]
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    apply = ["git", "apply", "--recount", "-"]
    applied = subprocess.run(apply, cwd=tmp_path, input=diff, text=True, capture_output=True)
    assert applied.returncode == 0, applied.stderr
    program = PROGRAMS / f"{title.replace(' ', '_')}.py"
    used = subprocess.run(
        [sys.executable, "-W", "error", program], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "src"), "PATH": ""},
        text=True, capture_output=True, timeout=300,
    )  # fmt: skip
    assert used.returncode == 0, used.stderr[-3000:]

"""The examples of CONTRIBUTING.md, "To add ...", and copies of the sources in which they are carried out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def examples() -> dict[str, str]:
    """The diff of each section "To add ...", by what it adds."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    parts = re.split(r"^### To add (.+)$", text, flags=re.MULTILINE)[1:]
    return {
        title: "".join(re.findall(r"^```diff\n(.*?)^```$", body, flags=re.MULTILINE | re.DOTALL))
        for title, body in zip(parts[::2], parts[1::2], strict=True)
    }


def files_of(diff: str) -> list[str]:
    """The files that a diff changes or makes."""
    return re.findall(r"^\+\+\+ b/(.+)$", diff, flags=re.MULTILINE)


class Copy:
    """A copy of the sources with some of the examples carried out, and what its Python prints."""

    def __init__(self, folder: Path, *additions: str) -> None:
        self.folder, self.package = folder, folder / "src/fallline"
        shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
        for addition in additions:
            command = ["git", "apply", "-"]
            applied = subprocess.run(
                command, cwd=folder, input=examples()[addition], capture_output=True, encoding="utf-8"
            )
            assert applied.returncode == 0, f"{addition}: {applied.stderr}"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(self.folder / "src"), "PYTHONIOENCODING": "utf-8"}

    def ask(self, *words: str, status: int = 0) -> str:
        """What Python prints; messages too, where the status is not 0."""
        done = subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=self.environment, capture_output=True, encoding="utf-8"
        )
        assert done.returncode == status, done.stderr[-3000:]
        return done.stdout + (done.stderr if status else "")

    def command(self, words: str, status: int = 0) -> str:
        """What the command line prints."""
        return self.ask("-m", "fallline", *words.split(), status=status)

"""The page of twenty-five tasks: pytest runs its examples as a doctest; here its form is held, and type checkers read it."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs/python.md"
TASK = re.compile(r"^### (\d+)\. (.+)$", re.MULTILINE)

TYPES = """
assert_type(run, fl.Run)
assert_type(run.extend(2), fl.Run)
assert_type(run.loss, float)
assert_type(run.accuracy(), float)
assert_type(run.weights[0], Layer)
assert_type(result, fl.Comparison)
assert_type(data, fl.Dataset)
assert_type(f, fl.Objective)
assert_type(m, fl.Map)
assert_type(m.run_at(best), fl.Run)
assert_type(m.sha256, str)
assert_type(warm_cosine, fl.Schedule)
assert_type(fl.check_gradient(by_hand, valley), fl.Verdict)
"""


def examples(text: str) -> list[doctest.Example]:
    return doctest.DocTestParser().get_examples(text)


def test_each_task_takes_at_most_three_lines() -> None:
    text = re.sub(r"<!--.*?-->", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    parts = TASK.split(text)[1:]
    assert [int(number) for number in parts[::3]] == list(range(1, 26))
    for title, body in zip(parts[1::3], parts[2::3], strict=True):
        body = body.split("\n## ")[0]
        lines = sum(len(example.source.splitlines()) for example in examples(body))
        assert 1 <= lines <= 3, f"{title}: {lines} lines"


def test_type_checkers_infer_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = pytest.importorskip("mypy.api", reason="types are checked with mypy")
    monkeypatch.setenv("MYPYPATH", str(PAGE.parents[1] / "src"))
    program = tmp_path / "tasks.py"
    shown = re.sub(r"<!--.*?-->", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    source = "".join(example.source for example in examples(shown))
    head = "from typing_extensions import assert_type\nfrom fallline.textbook.network import Layer\n"
    program.write_text(head + source + TYPES, encoding="utf-8")
    options = ["--ignore-missing-imports", "--check-untyped-defs", "--warn-unreachable", "--no-error-summary"]
    cache = ["--cache-dir", str(PAGE.parents[1] / ".mypy_cache"), "--config-file", ""]
    out, error, status = api.run([str(program), *options, *cache])
    assert status == 0, out + error

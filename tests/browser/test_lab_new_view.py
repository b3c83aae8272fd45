"""A view is added to a copy of the lab by three files: its module, its line in views.js, and the server's answer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import fallline

from .conftest import Server

MODULE = """
import { h, say } from "./dom.js";

/** @param {import("./app.js").Lab} lab @returns {import("./views.js").Entry} */
export function updates({ store }) {
  const text = h("p", { class: "updates" });
  return {
    view: { element: h("section", { class: "panel" }, h("h2", {}, "Updates"), text) },
    questions: [
      {
        kind: "updates",
        when: "rest",
        about: () => store.accepted.steps,
        answer: (content) => say(text, content.sentence),
      },
    ],
  };
}
"""

ANSWER = '''
def updates(session: Session, content: Json) -> None:
    """How many updates a run of the map has."""
    steps = session._current().spec.steps
    session._answer("updates", {"sentence": f"Each run of the map makes {steps} updates."})


MESSAGES: dict'''


@pytest.fixture
def changed_lab(tmp_path, monkeypatch, chromium):
    package = tmp_path / "copy" / "fallline"
    shutil.copytree(Path(fallline.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))

    def change(file, before, after):
        text = (package / file).read_text(encoding="utf-8")
        assert text.count(before) == 1, (file, before)
        (package / file).write_text(text.replace(before, after), encoding="utf-8")

    (package / "lab/page/updates.js").write_text(MODULE, encoding="utf-8")
    change("lab/page/views.js", "\n/**\n * @typedef", 'import { updates } from "./updates.js";\n\n/**\n * @typedef')
    change("lab/page/views.js", "    equations(lab),\n", "    updates(lab),\n    equations(lab),\n")
    change("lab/session.py", "\nMESSAGES: dict", ANSWER)
    change("lab/session.py", '"csv": Session.csv,', '"updates": updates, "csv": Session.csv,')
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "copy"))
    server = Server(tmp_path)
    yield server
    server.stop()


def test_a_view_is_added_by_three_files(changed_lab, new_lab):
    lab = new_lab(changed_lab).light()
    lab.until("document.querySelector('.updates').textContent === 'Each run of the map makes 30 updates.'")
    headings = lab.page.locator("h2").all_inner_texts()
    assert headings.index("Updates") == headings.index("Equations") - 1
    lab.page.locator('[data-focus="steps text"]').fill("20")
    lab.page.locator('[data-focus="steps text"]').press("Enter")
    lab.until("document.querySelector('.updates').textContent === 'Each run of the map makes 20 updates.'")
    assert lab.errors == []

"""A view is added to a copy of the lab as CONTRIBUTING.md shows it."""

from __future__ import annotations

import pytest

from contributing import Copy

from .conftest import Server


@pytest.fixture
def changed_lab(tmp_path, monkeypatch, chromium):
    copy = Copy(tmp_path / "copy", "a view of the lab")
    monkeypatch.setenv("PYTHONPATH", str(copy.folder / "src"))
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

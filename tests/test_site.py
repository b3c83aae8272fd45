"""The documentation's gallery and generated pages: what can be checked without building the site."""

from __future__ import annotations

import doctest
import importlib
import json
import re
from pathlib import Path

import pytest
from tools.site import figures, gallery, laws, reference, stage
from tools.site.offline import requests_in
from tools.site.studies import studies_page

from fallline.cli import main
from fallline.laws import LAWS, Trial
from fallline.laws.reproduce import hash_of, reproduce

ENTRIES = list(gallery.entries())


def test_the_gallery_declares_each_study_of_its_folder_once() -> None:
    names = [entry.name for entry in ENTRIES]
    studies = {path.stem for path in gallery.FOLDER.glob("*.toml")} - {"gallery"}
    assert len(names) == len(set(names)) >= 24
    assert set(names) == studies


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_map_of_the_gallery_is_described(entry: gallery.Entry) -> None:
    assert len(entry.study.maps) == 1  # `fallline map` takes the first
    assert entry.study.title
    assert entry.study.question.endswith("?")
    assert entry.sees.endswith(".")
    assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
    columns, rows = (entry.study.maps[0].size + "x8").split("x")[:2]
    assert 384 <= int(columns) * int(rows) <= 256 * 256


def test_the_command_of_a_map_computes_the_recorded_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All maps are computed and compared when the site is built."""
    entry = next(entry for entry in ENTRIES if entry.name == "himmelblau-momentum")
    monkeypatch.chdir(stage.HERE)
    words = entry.command.split()[1:]
    words[words.index("--png") + 1] = str(tmp_path / "map.png")
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == entry.sha256


def test_another_hash_is_a_sentence() -> None:
    entry = next(entry for entry in ENTRIES if entry.name == "himmelblau")
    m = entry.compute()
    assert gallery.wrong_hash(entry, m) == ""
    other = gallery.Entry(entry.name, entry.sees, "0" * 64)
    assert gallery.wrong_hash(other, m).startswith(f"docs/gallery/himmelblau.toml: the map's SHA-256 is {entry.sha256}")


def test_the_reference_has_every_public_name_and_every_table_of_a_study() -> None:
    assert "`descend`" in reference.python_page()  # it raises if a name has no place
    assert "| `sizes` |" in studies_page()


def test_an_example_that_gives_a_picture_becomes_the_picture() -> None:
    page = '```python\n>>> import fallline as fl\n>>> fl.equations("momentum")  # doctest: +ELLIPSIS\nmomentum\n...\n\n```\n'
    made = figures.with_figures(page, {})
    assert "<svg" in made
    assert "\nmomentum\n" not in made


def test_a_page_that_would_load_something_is_found(tmp_path: Path) -> None:
    (tmp_path / "good.html").write_text('<a href="https://example.org">x</a><img src="a.png">', encoding="utf-8")
    assert requests_in(tmp_path) == []
    (tmp_path / "bad.html").write_text('<link rel="stylesheet" href="https://cdn.example/a.css">', encoding="utf-8")
    assert requests_in(tmp_path) == ["bad.html loads https://cdn.example/a.css"]


@pytest.mark.parametrize("module", ["docstrings", "offline", "stage", "tables"])
def test_the_examples_of_the_builder_run(module: str) -> None:
    assert doctest.testmod(importlib.import_module(f"tools.site.{module}")).failed == 0


def test_every_page_is_in_the_contents() -> None:
    index = (stage.DOCS / "index.md").read_text(encoding="utf-8")
    pages = {path.relative_to(stage.DOCS).with_suffix("").as_posix() for path in stage.DOCS.rglob("*.md")} - {"index"}
    listed = {
        line for block in re.findall(r"```\{toctree\}\n(.*?)```", index, re.DOTALL) for line in block.splitlines()
    }
    assert pages <= listed


def test_the_table_of_laws_is_that_of_the_stored_results() -> None:
    found = laws.stored()
    assert {law["law"] for law in found["laws"]} <= set(LAWS)
    assert laws.findings_table(found["laws"]) in (stage.DOCS / "laws.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["mode-curves", "momentum-rate", "best-momentum"])
def test_a_law_finds_what_is_stored(name: str) -> None:
    """The cheap laws; `tests/long/laws.py` does the same for all."""
    found = laws.stored()
    (result,) = reproduce([LAWS[name]], Trial(found["starts"], found["seed"]))
    assert hash_of([result]) == next(law["sha256"] for law in found["laws"] if law["law"] == name)


def test_each_law_has_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laws, "LAWS", {name: LAWS[name] for name in ("best-momentum", "mode-curves")})
    (tmp_path / "laws.md").write_text("# Laws\n", encoding="utf-8")
    laws.write_pages(tmp_path)
    page = (tmp_path / "laws/mode-curves.md").read_text(encoding="utf-8")
    assert LAWS["mode-curves"].statement in page
    assert "| mode of strength 3: largest distance from the curve / strength | 0 |" in page
    assert "def mode_curve(" in page
    for path in re.findall(r"\.\./(_static/laws/\S+)", page):
        assert (tmp_path / path).stat().st_size > 1000
    assert "laws/best-momentum" in (tmp_path / "laws.md").read_text(encoding="utf-8")

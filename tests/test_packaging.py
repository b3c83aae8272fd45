"""The README as a package index shows it: no link may lead nowhere."""

import importlib.util
import re
from pathlib import Path

import pytest

import fallline

HERE = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def for_index():
    pytest.importorskip("hatchling", reason="the build's own hook needs hatchling")
    spec = importlib.util.spec_from_file_location("hatch_build", HERE / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.for_index


@pytest.mark.parametrize(
    ("text", "with_repository", "without"),
    [
        ("![A map](docs/map.png)", "![A map](https://host/us/raw/v1.2/docs/map.png)", "*A map*"),
        ("see [Maps](docs/maps.md).", "see [Maps](https://host/us/blob/v1.2/docs/maps.md).", "see Maps."),
        ("[site](https://host/x)", "[site](https://host/x)", "[site](https://host/x)"),
        ("[above](#use)", "[above](#use)", "[above](#use)"),
    ],
)
def test_links_into_the_repository(for_index, text, with_repository, without):
    assert for_index(text, "https://host/us/", "1.2") == with_repository
    assert for_index(text, "", "1.2") == without


def test_the_release_has_one_version_and_one_date():
    """CITATION.cff and the changelog repeat the version of `fallline.__init__`, from which the package's metadata have it."""
    citation = (HERE / "CITATION.cff").read_text(encoding="utf-8")
    version = re.search(r"^version: (\S+)$", citation, re.MULTILINE)[1]
    released = re.search(r'^date-released: "(\S+)"$', citation, re.MULTILINE)[1]
    newest = re.findall(r"^## \[(\d\S*)\] - (\S+)$", (HERE / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[
        0
    ]
    assert newest == (version, released)
    assert version == fallline.__version__

"""The README as a package index shows it: no link may lead nowhere."""

import importlib.util
from pathlib import Path

import pytest

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

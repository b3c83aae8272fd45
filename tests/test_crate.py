"""RO-Crate metadata: the entities that RO-Crate 1.1 demands, and what a map file says of itself."""

import json

import pytest

import fallline as fl
from fallline.cli.app import main
from fallline.errors import ExistsError, UsageError
from fallline.report.crate import METADATA, crate, write_crate

LICENSE = "https://spdx.org/licenses/CC-BY-4.0"


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "a study"
    (place / "tiles").mkdir(parents=True)
    fl.map("booth", x="learning_rate=0.01..0.2", y="start.x=-1..1", size=4, steps=3, out=place / "map é.fallmap")
    (place / "report.html").write_text("<p>")
    (place / ".hidden").write_text("")
    return place


def test_it_has_what_the_specification_demands(folder):
    document = crate(folder, license=LICENSE, author="A. Author")
    assert document["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = {entity["@id"]: entity for entity in document["@graph"]}
    assert len(entities) == len(document["@graph"])
    head, root = entities[METADATA], entities["./"]
    assert head["@type"] == "CreativeWork"
    assert head["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert head["about"] == {"@id": "./"}
    assert root["@type"] == "Dataset"
    assert root["name"] == "a study"
    assert root["license"] == {"@id": LICENSE}
    assert root["datePublished"][:2] == "20"
    assert [part["@id"] for part in root["hasPart"]] == ["map%20%C3%A9.fallmap", "report.html", "tiles/"]

    def references(value):
        if isinstance(value, dict) and set(value) == {"@id"}:
            yield value["@id"]
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from references(inner)

    outside = {"https://w3id.org/ro/crate/1.1"}
    for entity in document["@graph"]:
        assert set(references({k: v for k, v in entity.items() if k != "@id"})) <= entities.keys() | outside


def test_it_says_what_the_map_file_says(folder):
    m = fl.load_map(folder / "map é.fallmap")
    document = json.loads(write_crate(folder, license=LICENSE).read_text(encoding="utf-8"))
    entities = {entity["@id"]: entity for entity in document["@graph"]}
    action = entities[entities["./"]["mentions"]["@id"]]
    settings = {entities[key["@id"]]["name"]: entities[key["@id"]]["value"] for key in action["object"]}
    assert settings["steps"] == 3
    assert settings["x"] == "learning_rate=0.01..0.2"
    assert entities[action["instrument"]["@id"]]["version"] == fl.__version__
    entry = entities[action["result"]["@id"]]
    assert entry["contentSize"] == str((folder / "map é.fallmap").stat().st_size)
    assert m.sha256 in [entities[key["@id"]]["value"] for key in entry["identifier"]]


def test_the_command_and_what_it_refuses(folder, tmp_path, capsys):
    assert main(["crate", str(folder), "--license", LICENSE]) == 0
    assert METADATA in capsys.readouterr().out
    with pytest.raises(ExistsError):
        write_crate(folder, license=LICENSE)
    assert main(["crate", str(folder), "--license", LICENSE, "--force"]) == 0
    (tmp_path / "empty").mkdir()
    for where, license, words in (
        (tmp_path / "empty", LICENSE, "is empty"), (tmp_path / "none", LICENSE, "is not a folder"), (folder, "CC BY", "must be an address"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=words):
            crate(where, license=license)

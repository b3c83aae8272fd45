"""The JSON Schema of studies: published, equal to the records, and of one mind with the parser."""

from __future__ import annotations

import json
import random
import tomllib
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.damaged import a_study
from tests.test_study import MISTAKES, network_studies, studies

from fallline.cli import main
from fallline.errors import StudyError
from fallline.experiment.formats.schema import FILE, study_schema, text
from fallline.experiment.studies import BUILTIN, builtin_text, parse

jsonschema = pytest.importorskip("jsonschema")

FIXTURES = sorted((Path(__file__).parent / "fixtures" / "studies").glob("*.toml"))

BEYOND = (
    "formula = 'open(x)'", "formula = 'x^99'", "start = [1, 2, 3]", "draw = 'notebook_normal' }", "batch = 5", "replacement = true", "[[1, 0], [0, 1]]",
    "of = 'z', value = 'x' }]", "value = 'exec(x)' }]", "quantity = 'end', value = 'x' }]",
    "[[comparisons.methods]]\n[[comparisons.methods]]", "y = 'start.x=0..1'", "'three-gaussians'\nsamples = 5\n", "batch = 16",
    "'learning_rate.9' = 0.1", "W1 = [[1]]", "samples = [[1, 2], [3]]",
)  # fmt: skip
"""Ends of the studies whose mistake a JSON Schema cannot express: formulas, and parts that fit together."""


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft7Validator.check_schema(study_schema())
    return jsonschema.Draft7Validator(study_schema())


def test_the_published_file_is_that_of_the_records():
    """Write it anew with `python -m fallline.experiment.formats.schema`."""
    assert FILE.read_text(encoding="utf-8") == text()


def test_a_study_begins_with_the_address_of_its_schema(capsys):
    assert main(["study"]) == 0
    printed = capsys.readouterr().out
    directive, _, address = printed.splitlines()[0].partition(" ")
    assert directive == "#:schema"
    with urllib.request.urlopen(address) as file:
        assert json.load(file) == study_schema()
    assert parse(printed) == parse(builtin_text())


@pytest.mark.parametrize("toml", [*map(builtin_text, BUILTIN), *(path.read_text("utf-8") for path in FIXTURES)])
def test_it_accepts_studies(validator, toml):
    assert list(validator.iter_errors(tomllib.loads(toml))) == []


@given(studies() | network_studies())
@settings(max_examples=40, deadline=None)
def test_it_accepts_every_study_that_is_written(one):
    jsonschema.Draft7Validator(study_schema()).validate(json.loads(json.dumps(one.write())))


@pytest.mark.parametrize("toml", [text for text, _, words in MISTAKES if "TOML" not in words])
def test_it_refuses_each_mistake_that_it_can_know(validator, toml):
    assert validator.is_valid(tomllib.loads(toml)) == toml.endswith(BEYOND)


def test_it_refuses_nothing_that_the_parser_accepts(validator):
    rng, accepted = random.Random(7), 0
    for _ in range(400):
        toml = a_study(rng)
        try:
            parse(toml)
        except StudyError:
            continue
        accepted += 1
        assert list(validator.iter_errors(tomllib.loads(toml))) == [], toml
    assert accepted > 20


def test_editors_are_told_meanings_ranges_and_names():
    run = study_schema()["definitions"]["Run"]["properties"]
    assert run["momentum"]["maximum"] == 1
    assert run["beta1"]["exclusiveMaximum"] == 1
    assert "gradient_descent" in run["optimizer"]["enum"]
    assert run["batch"]["description"] == "samples in a minibatch; all unless given"

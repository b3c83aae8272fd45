"""The Python lines of a study's map make the map, to the bit."""

from __future__ import annotations

import pytest

from fallline.errors import UsageError
from fallline.experiment.build import build_map, objective_of
from fallline.experiment.experiment import Pin
from fallline.experiment.formats.python import to_python
from fallline.experiment.formats.toml import parse
from fallline.experiment.studies import study
from fallline.maps.map import compute_map

HILL = """
title = "x"
[landscape]
formula = "x^2 + 3*y^2"
[[maps]]
x = "learning_rate=0.01..0.2:log"
y = "momentum=0..0.9"
optimizer = "nesterov"
schedule = { name = "exponential", decay = 0.9 }
steps = 5
start = { draw = "random", seed = 3 }
measures = ["final_loss", "steps_to=0.5"]
"""


def small(read):
    return read.with_(maps=(read.maps[0].with_(size="6x4"),))


@pytest.mark.parametrize("read", [small(study()), small(parse(HILL))], ids=["network", "formula"])
def test_the_lines_make_the_map(read, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    plane = read.maps[0]
    expected = compute_map(build_map(plane, objective_of(read, plane.objective)))
    space = {}
    exec(to_python(read, [Pin(x=0.02, y=0.5)]), space)
    assert (tmp_path / "map.png").exists()
    assert space["m"].sha256 == expected.sha256
    assert capsys.readouterr().out.splitlines()[0] == expected.sha256
    assert space["run"].steps == plane.steps


def test_a_study_without_a_map_has_no_lines():
    with pytest.raises(UsageError, match="must have a map"):
        to_python(parse("title = 'x'\n[landscape]\nname = 'booth'"))

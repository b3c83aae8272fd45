"""What every record of a family carries, and that a user's own optimizer may have settings of its own."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import fallline as fl
from fallline.data import GENERATED
from fallline.errors import SettingError, UnknownNameError, UsageError
from fallline.maps.loading import load_map
from fallline.settings import SETTINGS, Setting
from fallline.textbook.families import MemberWithSettings
from fallline.user_code.records import TAKEN

FAMILIES: dict[str, dict[str, Any]] = {
    "activation": fl.ACTIVATIONS, "data set": GENERATED, "initial": fl.INITIALS, "landscape": fl.LANDSCAPES,
    "loss": fl.LOSSES, "optimizer": fl.OPTIMIZERS, "parametrization": fl.PARAMETRIZATIONS, "schedule": fl.SCHEDULES,
}  # fmt: skip
MEMBERS = [pytest.param(record, id=record.name) for family in FAMILIES.values() for record in family.values()]
WITH_SETTINGS = [p for p in MEMBERS if isinstance(p.values[0], MemberWithSettings)]


def test_every_member_has_a_label_that_no_other_has() -> None:
    labels = [record.label for family in FAMILIES.values() for record in family.values()]
    assert all(label.strip() == label != "" and "_" not in label for label in labels)
    assert len({label.lower() for label in labels}) == len(labels)


@pytest.mark.parametrize("record", [p for p in MEMBERS if p.values[0] not in GENERATED.values()])
def test_every_formula_is_the_equation_of_the_docstring(record: Any) -> None:
    page = " ".join((inspect.getdoc(getattr(record, record.page)) or "").split())
    assert " = " in record.formula
    assert " ".join(record.formula.split()) in page


@pytest.mark.parametrize("record", WITH_SETTINGS)
def test_every_setting_is_declared_and_its_default_and_slider_are_in_range(record: Any) -> None:
    for name, declared in record.declared.items():
        assert declared.name == name
        assert len(declared.meaning.split()) >= 3
        slider = declared.slider_range
        assert slider.low < slider.high
        for value in (declared.default, slider.low, slider.high):
            assert declared.check(value) == value
        assert slider.low > 0 or slider.scale == "linear"


@pytest.mark.parametrize("symbol", [s.symbol for s in SETTINGS.values()])
def test_every_symbol_has_a_plain_form(symbol: str) -> None:
    text = fl.Setting("x", symbol, "a setting", 0.0).unicode_symbol
    assert text
    assert not set(text) & set("\\{}^_")


# Own optimizers -------------------------------------------------------------------------------------------------------


def heavy(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, inertia: Any = 0.7) -> Any:
    """The textbook's momentum, its setting under another name."""
    (v,) = state
    v = inertia * v + learning_rate * g
    return w - v, (v,)


INERTIA = Setting("inertia", "I", "share of the velocity that is kept", 0.5, 0, 2)
HEAVY = fl.optimizer(heavy, state=["v"], settings=[INERTIA])


def test_the_default_is_the_keywords_and_the_range_the_declarations() -> None:
    assert HEAVY.declared["inertia"].default == 0.7
    assert fl.method(HEAVY).settings == {"learning_rate": 0.01, "inertia": 0.7}
    assert fl.method(HEAVY, inertia=2).settings["inertia"] == 2
    with pytest.raises(SettingError, match=r"^inertia must be a number in \[0, 2\]; got 2\.5\.$"):
        fl.descend("booth", HEAVY, inertia=2.5)
    free = fl.optimizer(heavy, state=["v"])
    assert free.declared["inertia"].range == "finite"
    assert fl.method(free, inertia=-1e9).settings["inertia"] == -1e9
    assert str(fl.method(free, inertia=0.25)) == "heavy, learning rate 0.01, inertia 0.25"
    with pytest.raises(UnknownNameError, match="Did you mean 'inertia'"):
        fl.descend("booth", free, inertias=2.5)


def test_a_run_and_a_comparison_take_the_setting() -> None:
    mine = fl.descend("booth", HEAVY, start=(-3.0, 4.0), learning_rate=0.01, inertia=0.6, steps=30)
    ours = fl.descend("booth", "momentum", start=(-3.0, 4.0), learning_rate=0.01, momentum=0.6, steps=30)
    assert mine.path.tolist() == ours.path.tolist()
    methods = {"a": {"optimizer": HEAVY, "inertia": 0.6}, "b": {"optimizer": "momentum", "momentum": 0.6}}
    both = fl.compare("booth", methods, starts=20, steps=10)
    assert both.losses["a"].tolist() == both.losses["b"].tolist()


def test_a_map_over_the_setting_has_the_bits_of_the_one_written_out(tmp_path: Any) -> None:
    plane = {"size": (7, 5), "steps": 25, "start": (-3.0, 4.0), "x": "learning_rate=1e-3..1e-1:log"}
    mine = fl.map("booth", y="inertia=0..1.5", optimizer=HEAVY, out=tmp_path / "m.fallmap", **plane)
    wide = fl.map("booth", y="momentum=0..1", optimizer="momentum", **plane)
    narrow = fl.map("booth", y="inertia=0..1", optimizer=HEAVY, **plane)
    assert narrow.values.tobytes() == wide.values.tobytes()
    run = mine.run_at(0.01, 1.5)
    assert run.method.settings["inertia"] == 1.5
    assert run.loss == pytest.approx(float(mine.values[4, 3]), rel=1e-9)
    loaded = load_map(tmp_path / "m.fallmap")
    assert (loaded.sha256, loaded.spec.sha256) == (mine.sha256, mine.spec.sha256)
    with pytest.raises(SettingError, match=r"axis inertia=0\.\.3: inertia must be a number in \[0, 2\]; got 3"):
        fl.map("booth", y="inertia=0..3", optimizer=HEAVY, **plane)


def test_a_map_file_keeps_whole_numbers_and_ranges_of_the_users_own(tmp_path: Any) -> None:
    def repeated(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, momentum: Any = 1.5, times: Any = 2) -> Any:
        return w - learning_rate * momentum * times * g, ()

    declared = [Setting("times", "K", "steps in one", 1, 1, 9, whole=True), Setting("momentum", "m", "a factor", 1.0)]
    record = fl.optimizer(repeated, settings=declared)
    m = fl.map(
        "booth", x="learning_rate=0.01..0.02", y="momentum=1..3", size=3, steps=2, optimizer=record, times=3,
        out=tmp_path / "m.fallmap",
    )  # fmt: skip
    loaded = load_map(tmp_path / "m.fallmap")
    assert (loaded.spec.sha256, loaded.spec.settings) == (m.spec.sha256, {"times": 3})


def test_equations_and_pictures_name_the_setting() -> None:
    text = fl.equations(HEAVY).text()
    assert "I: inertia" in text
    one = fl.optimizer(
        lambda w, g, state, t, *, learning_rate, beta_3=0.5: (w - learning_rate * beta_3 * g, ()), name="x"
    )
    assert "β₃: beta 3" in fl.equations(one).text()
    run = fl.descend("booth", HEAVY, inertia=0.3, steps=3)
    assert "inertia 0.3" in run.plot().svg


@pytest.mark.parametrize(
    ("step", "settings", "sentence"),
    [
        (lambda w, g, state, t, *, learning_rate, seed=1: (w, ()), [], "seed of optimizer .* must have another name"),
        (lambda w, g, state, t, *, learning_rate: (w, ()), [INERTIA], "inertia is declared .* they are learning_rate"),
        (lambda w, g, state, t, *, inertia=7.0: (w, ()), [INERTIA], r"^inertia must be a number in \[0, 2\]; got 7"),
        (lambda w, g, state, t, *, power=float("nan"): (w, ()), [], "^power must be a finite number; got nan"),
        (lambda w, g, state, t, *, power: (w, ()), [], "power of optimizer .* must have a default, or be declared"),
    ],
)
def test_a_declaration_that_cannot_be_is_a_sentence(step: Any, settings: list[Setting], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        fl.optimizer(step, settings=settings)


def test_the_formula_of_the_users_own_is_his_docstrings() -> None:
    def step(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any) -> Any:
        """Mine.

        w = w - learning_rate g
        """
        return w - learning_rate * g, ()

    def bowl(x: Any, y: Any) -> Any:
        """f(x, y) = x^2 + 5.5 y^2. Mine."""
        return x**2 + 5.5 * y**2

    assert fl.optimizer(step).formula == "w = w - learning_rate g"
    assert fl.landscape(bowl).formula == "f(x, y) = x^2 + 5.5 y^2"
    assert fl.activation(lambda z: z).formula == fl.activation(np.tanh).formula == ""


def test_what_is_no_number_stays_at_its_default() -> None:
    def step(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, signed: Any = True, note: Any = None) -> Any:
        return w - learning_rate * (np.sign(g) if signed else g), ()

    assert fl.optimizer(step).settings == ("learning_rate",)


def test_no_setting_may_have_the_name_of_an_argument() -> None:
    arguments = {
        p.name
        for function in (fl.descend, fl.map, fl.compare)
        for p in inspect.signature(function).parameters.values()
        if p.kind is not p.VAR_KEYWORD
    }
    assert arguments <= TAKEN
    own = {name for record in fl.OPTIMIZERS.values() for name in record.settings}
    assert not own & (TAKEN | {"out", "force", "json", "set", "measure"})

"""Learning-rate schedules: first factor, last factor, and what happens between."""

from __future__ import annotations

import numpy as np
import pytest

from fallline.errors import UnknownNameError
from fallline.settings import SETTINGS
from fallline.textbook.schedules import SCHEDULES, Schedule, schedule

# Settings, and the factor at chosen steps, worked by hand.
WORKED = {
    "constant": ({}, {1: 1, 50: 1}),
    "cosine": ({"steps": 10}, {1: 1, 6: 0.5, 11: 0}),
    "exponential": ({"decay": 0.5}, {1: 1, 2: 0.5, 5: 0.0625}),
    "inverse_time": ({"decay": 0.1}, {1: 1, 11: 0.5, 31: 0.25}),
    "step_decay": ({"decay": 0.1, "every": 10}, {1: 1, 10: 1, 11: 0.1, 20: 0.1, 21: 0.01}),
    "warmup": ({"every": 4}, {1: 0.25, 2: 0.5, 4: 1, 5: 1, 100: 1}),
}
EVERY = pytest.mark.parametrize("name", sorted(SCHEDULES))


def test_every_schedule_is_worked() -> None:
    assert set(WORKED) == set(SCHEDULES)


@EVERY
def test_factors_worked_by_hand(name: str) -> None:
    settings, factors = WORKED[name]
    for t, factor in factors.items():
        assert SCHEDULES[name].factor(t, **settings) == pytest.approx(factor, abs=1e-15), f"step {t}"


@EVERY
def test_a_factor_lies_between_0_and_1_and_only_warmup_rises(name: str) -> None:
    factors = np.array([float(SCHEDULES[name].factor(t, **WORKED[name][0])) for t in range(1, 11)])
    assert ((factors >= 0) & (factors <= 1)).all()
    assert (np.diff(factors) >= 0).all() if name == "warmup" else (np.diff(factors) <= 0).all()


@EVERY
def test_all_steps_at_once_are_the_steps_one_by_one(name: str) -> None:
    settings = WORKED[name][0]
    t = np.arange(1, 30)
    one_by_one = [float(SCHEDULES[name].factor(int(k), **settings)) for k in t]
    np.testing.assert_allclose(np.broadcast_to(SCHEDULES[name].factor(t, **settings), t.shape), one_by_one, atol=1e-15)


@EVERY
def test_every_setting_of_a_schedule_is_declared(name: str) -> None:
    assert set(SCHEDULES[name].settings) == set(WORKED[name][0]) <= set(SETTINGS)


def test_lookup_by_name_by_record_and_by_mistake() -> None:
    mine = Schedule("mine", lambda t: 1 / t)
    assert schedule(mine) is mine
    assert repr(schedule("cosine")) == "schedule('cosine')"
    with pytest.raises(UnknownNameError, match="Did you mean 'warmup'"):
        schedule("warmupp")

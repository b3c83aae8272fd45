"""Keyed random numbers: the published vectors, the distribution, and that nothing depends on the order of drawing."""

from __future__ import annotations

import hashlib
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import chisquare, kstest

from fallline import random
from fallline.errors import SettingError
from strategies import seeds

# Known answers of Random123's own distribution for philox4x32-10: counter, key, result.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),  # the digits of pi
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_philox_gives_the_published_words(counter, key, words) -> None:
    assert tuple(random.philox(np.array(counter, np.uint32), key).tolist()) == words


def test_philox_of_many_counters_is_philox_of_each() -> None:
    counters = np.array([[c for c, _, _ in KNOWN][2], [0, 0, 0, 0]], np.uint32)
    assert random.philox(counters, (1, 2)).shape == (2, 4)
    for k in range(2):
        np.testing.assert_array_equal(random.philox(counters, (1, 2))[k], random.philox(counters[k], (1, 2)))


def test_these_bits_never_change() -> None:
    """Shared results name a seed: other bits here are other starts for everybody, and need a new arithmetic version."""
    assert [x.hex() for x in random.uniform(1, "start", 2)] == ["0x1.eb87ff778edeap-3", "0x1.90918022d1059p-2"]
    assert [x.hex() for x in random.normal(1, "start", 2)] == ["-0x1.699e2cd686592p-1", "-0x1.1adfe801d8422p-2"]


@given(seeds, st.integers(1, 9), st.lists(st.integers(0, 2**63), min_size=1, max_size=5))
def test_a_row_depends_on_its_index_alone(seed: int, count: int, index: list[int]) -> None:
    for draw in (random.uniform, random.normal):
        together = draw(seed, "x", count, np.array(index, dtype=np.uint64))
        assert together.shape == (len(index), count)
        for k, i in enumerate(index):
            np.testing.assert_array_equal(together[k], draw(seed, "x", count, i))
            # And a longer row begins with the shorter one.
            np.testing.assert_array_equal(together[k], draw(seed, "x", count + 3, i)[:count])


@pytest.mark.parametrize(
    "other", [(2, "x", 0), (1, "y", 0), (1, "x", 1), (1 + 2**32, "x", 0), (1, "x", 2**32)], ids=str
)
def test_seed_purpose_and_index_each_give_other_numbers(other) -> None:
    seed, purpose, index = other
    one, two = random.uniform(1, "x", 1000, 0), random.uniform(seed, purpose, 1000, index)
    assert not (one == two).any()
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.12  # nearly four standard errors of independent numbers


def test_uniform_numbers_are_uniform_and_independent() -> None:
    """Fixed seed, so this either holds or not; the bounds are those of a test at one in a thousand."""
    u = random.uniform(0, "test", 1000, np.arange(1000))
    assert u.min() > 0
    assert u.max() < 1
    assert kstest(u.ravel(), "uniform").pvalue > 1e-3
    assert u.mean() == pytest.approx(0.5, abs=3.3 * math.sqrt(1 / 12) / 1000)
    assert u.var() == pytest.approx(1 / 12, abs=3.3 * math.sqrt(1 / 180) / 1000)
    # Pairs along a row and along a column fill the square evenly: 16 x 16 cells.
    for first, second in ((u[:, :-1], u[:, 1:]), (u[:-1], u[1:])):
        cells = np.floor(16 * first).astype(int) * 16 + np.floor(16 * second).astype(int)
        assert chisquare(np.bincount(cells.ravel(), minlength=256)).pvalue > 1e-3


def test_normal_numbers_are_normal() -> None:
    z = random.normal(0, "test", 1000, np.arange(1000)).ravel()
    assert kstest(z, "norm").pvalue > 1e-3
    n = z.size
    # Mean 0, variance 1, skewness 0, kurtosis 3, each within 3.3 standard errors.
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert (z**power).mean() == pytest.approx(moment, abs=3.3 * math.sqrt(variance / n))


def test_normal_is_the_inverse_distribution_function_of_uniform() -> None:
    """AS 241 claims 1e-16; scipy's own is compared to a few units in the last place, over both tails."""
    u = random.uniform(3, "test", 200, np.arange(500)).ravel()
    np.testing.assert_allclose(random.normal(3, "test", 200, np.arange(500)).ravel(), ndtri(u), rtol=2e-15, atol=2e-16)
    tails = np.concatenate(
        [10.0 ** -np.arange(1, 16), 1 - 10.0 ** -np.arange(1, 16), [2**-54, 1 - 2**-53, 0.075, 0.925]]
    )
    np.testing.assert_allclose(random._normal_quantile(tails), ndtri(tails), rtol=2e-15)


def test_own_logarithm_against_thirty_digits() -> None:
    x = np.concatenate([random.uniform(4, "test", 300), 2.0 ** -np.arange(1, 54), [1 - 2**-53, 0.7071067811865476]])
    with mpmath.workdps(30):
        exact = np.array([float(mpmath.log(mpmath.mpf(float(v)))) for v in x])
    np.testing.assert_allclose(random._log(x), exact, rtol=1e-15)


@given(seeds, st.integers(1, 20), st.integers(1, 30), st.data())
def test_without_replacement_an_epoch_sees_no_sample_twice(seed: int, rows: int, steps: int, data) -> None:
    batch = data.draw(st.integers(1, rows))
    seen = random.batches(seed, rows, batch, steps)
    assert seen.shape == (steps, batch)
    assert ((seen >= 0) & (seen < rows)).all()
    per_epoch = rows // batch
    for at in range(0, steps, per_epoch):
        epoch = seen[at : at + per_epoch].ravel()
        assert len(set(epoch.tolist())) == len(epoch)
    # What is seen first does not depend on how long the run is.
    np.testing.assert_array_equal(random.batches(seed, rows, batch, steps + 7)[:steps], seen)


@pytest.mark.parametrize("seed", [-1, 2**64, 0.5])
def test_a_seed_is_a_whole_number_of_64_bits(seed) -> None:
    with pytest.raises(SettingError, match=r"seed must be a whole number in \[0, 18446744073709551615\]"):
        random.uniform(seed, "x", 1)
    assert random.uniform(2**64 - 1, "x", 1) != random.uniform(0, "x", 1)


@given(seeds, st.integers(0, 400))
def test_the_notebooks_numbers_are_those_of_randomstate(seed: int, count: int) -> None:
    """To one unit of the logarithm, which C's library does not round correctly; the integers behind it are the same."""
    state = np.random.RandomState(seed)
    np.testing.assert_allclose(random.notebook_normal(seed, count), state.randn(count), rtol=4e-16)
    np.testing.assert_array_equal(
        random.notebook_uniform(seed, count), np.random.RandomState(seed).random_sample(count)
    )


def test_bits_of_the_notebooks_numbers_never_change() -> None:
    """The published data, and a seed whose numbers a C library rounds otherwise."""
    assert random.notebook_normal(123, 2).tolist() == [-1.0856306033005612, 0.9973454465835858]
    assert hashlib.sha256(random.notebook_normal(21, 1000).tobytes()).hexdigest()[:16] == NOTEBOOK


NOTEBOOK = "01f24efcc87ed913"


def test_a_seed_that_randomstate_lacks_is_a_sentence() -> None:
    with pytest.raises(SettingError, match=r"notebook must be below 2\^32; got 4294967296"):
        random.notebook_normal(2**32, 1)


@pytest.mark.parametrize("draw", [random.uniform, random.normal])
def test_rows_drawn_in_blocks_are_rows_drawn_together(draw, monkeypatch) -> None:
    together = draw(7, "x", 5, np.arange(100))
    monkeypatch.setattr(random, "_BLOCK", 32)
    np.testing.assert_array_equal(draw(7, "x", 5, np.arange(100)), together)


@pytest.mark.parametrize("replacement", [False, True])
def test_every_sample_has_the_same_chance(replacement: bool) -> None:
    seen = random.batches(0, 10, 2, 5000, replacement=replacement)
    counts = np.bincount(seen.ravel(), minlength=10)
    if replacement:
        assert chisquare(counts).pvalue > 1e-3
        assert (seen[:, 0] == seen[:, 1]).mean() == pytest.approx(0.1, abs=0.015)
    else:
        assert (counts == 1000).all()
        assert chisquare(np.bincount(seen[::5, 0], minlength=10)).pvalue > 1e-3  # who comes first in an epoch


def test_a_shuffle_is_the_stable_order_of_its_numbers():
    numbers = random.uniform(5, "test", 300, np.arange(9))
    numbers[3, 7] = numbers[3, 200] = numbers[3, 0]
    numbers[4, 1] = np.nextafter(numbers[4, 2], 1)  # differ in bits that the places take
    np.testing.assert_array_equal(random._order(numbers), np.argsort(numbers, axis=-1, kind="stable"))
    np.testing.assert_array_equal(random._order(numbers[:, :1]), np.zeros((9, 1)))

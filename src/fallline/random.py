"""Random numbers that depend on their seed, purpose and index, never on the order in which they are drawn.

Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") is a pure function of a key and a
counter. The key is the study's seed; the counter is (draw, purpose, index). Integers become floats by arithmetic that
IEEE 754 rounds the same everywhere (+ - * / sqrt), so a start is the same to the bit on every machine.

The notebook's numbers come from NumPy's frozen `RandomState`. Its integers are the same everywhere, but its normal numbers
pass through C's `log` and, on some machines, through fused multiplications. So only its integers are used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import exact
from fallline.errors import SettingError
from fallline.limits import check_memory
from fallline.settings import SETTINGS

__all__ = ["NORMAL", "batches", "normal", "notebook_normal", "notebook_uniform", "philox", "uniform", "word_of"]

Floats = NDArray[np.float64]
_MASK = np.uint64(0xFFFFFFFF)
_BLOCK = 2**18
"""The most numbers that are drawn at a time."""


def philox(counter: NDArray[np.uint32], key: tuple[int, int]) -> NDArray[np.uint32]:
    """Return four random words for each counter of an array (..., 4), by Philox4x32 with 10 rounds.

    >>> philox(np.zeros(4, np.uint32), (0, 0)).tolist() == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    True
    """
    words = [counter[..., k].astype(np.uint64, copy=True) for k in range(4)]
    return np.stack(_rounds(words, key), axis=-1).astype(np.uint32)


def _rounds(words: list[NDArray[np.uint64]], key: tuple[int, int]) -> list[NDArray[np.uint64]]:
    """Carry out the rounds of `philox` on the four words of counters, in their memory: new arrays took three times as long."""
    c0, c1, c2, c3 = (np.atleast_1d(word) for word in words)
    p0, p1 = np.empty_like(c0), np.empty_like(c0)
    k0, k1 = key
    for _ in range(10):
        np.multiply(c0, np.uint64(0xD2511F53), out=p0)
        np.multiply(c2, np.uint64(0xCD9E8D57), out=p1)
        for to, product, other, k in ((c0, p1, c1, k0), (c2, p0, c3, k1)):  # to = (product >> 32) ^ other ^ k
            np.right_shift(product, np.uint64(32), out=to)
            np.bitwise_xor(to, other, out=to)
            np.bitwise_xor(to, np.uint64(k), out=to)
            np.bitwise_and(product, _MASK, out=other)
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return [word.reshape(words[0].shape) for word in (c0, c1, c2, c3)]


def uniform(seed: int, purpose: str, count: int, index: int | NDArray[Any] = 0) -> Floats:
    """Return numbers in (0, 1), multiples of 2^-53 plus 2^-54: shape (count,), or (len(index), count) for several indices.

    Row k depends only on (seed, purpose, index[k]).

    >>> uniform(1, "start", 2).round(6).tolist()
    [0.240005, 0.39118]
    >>> bool((uniform(1, "start", 2, np.array([7, 0]))[1] == uniform(1, "start", 2)).all())
    True
    """
    return _in_blocks(lambda indices: _uniform(seed, purpose, count, indices), count, index)


def normal(seed: int, purpose: str, count: int, index: int | NDArray[Any] = 0) -> Floats:
    """Return standard normal numbers, by the inverse distribution function of `uniform` (Wichura 1988, AS 241, PPND16).

    >>> normal(1, "start", 2).round(6).tolist()
    [-0.706285, -0.276245]
    """
    return _in_blocks(lambda indices: _normal_quantile(_uniform(seed, purpose, count, indices)), count, index)


def _in_blocks(draw: Callable[[NDArray[np.uint64]], Floats], count: int, index: int | NDArray[Any]) -> Floats:
    """Draw the rows of many indices in blocks: intermediate results take twenty times the memory of the rows."""
    indices = np.asarray(index, dtype=np.uint64)
    rows = max(1, _BLOCK // max(1, count))
    size = 16.0 * count * (indices.size + 20 * min(rows, indices.size))
    check_memory(size, f"{indices.size:,} rows of {count:,} random numbers", "Ask for fewer.")
    if indices.ndim == 0 or len(indices) <= rows:
        return draw(indices)
    return np.concatenate([draw(indices[k : k + rows]) for k in range(0, len(indices), rows)])


def _uniform(seed: int, purpose: str, count: int, indices: NDArray[np.uint64]) -> Floats:
    seed = int(SETTINGS["seed"].check(seed))
    blocks = (count + 1) // 2  # a block of four words gives two floats
    shape = (*indices.shape, blocks)
    row = indices[..., None]
    counter = [np.empty(shape, np.uint64) for _ in range(4)]
    for word, value in zip(
        counter, (np.arange(blocks), word_of(purpose), row & _MASK, row >> np.uint64(32)), strict=True
    ):
        word[...] = value
    words = _rounds(counter, (seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF))
    numbers = np.empty((*shape, 2))
    for k in range(2):
        bits = ((words[2 * k] << np.uint64(32)) | words[2 * k + 1]) >> np.uint64(11)
        # Half a unit is added so that neither 0 nor 1 can occur: the normal numbers take a logarithm of both tails.
        numbers[..., k] = (bits.astype(np.float64) + 0.5) * 2.0**-53
    return numbers.reshape(*indices.shape, 2 * blocks)[..., :count]


def word_of(purpose: str) -> int:
    """Return the word that stands for a purpose in counters.

    >>> word_of("start")
    3324571084
    """
    return int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:4], "little")


def batches(seed: int, rows: int, batch: int, steps: int, *, replacement: bool = False) -> NDArray[np.int64]:
    """Return the samples that each step uses, as row numbers (steps, batch).

    Without replacement each epoch is a new keyed shuffle, and the samples left over at its end are not used in it.

    >>> batches(0, 6, 3, 2).shape, sorted(batches(0, 6, 3, 2).ravel().tolist())
    ((2, 3), [0, 1, 2, 3, 4, 5])
    """
    if replacement:
        return (uniform(seed, "minibatch", batch, np.arange(steps)) * rows).astype(np.int64)
    per_epoch = rows // batch
    epochs = -(-steps // per_epoch)
    order = _order(uniform(seed, "shuffle", rows, np.arange(epochs)))
    return order[:, : per_epoch * batch].reshape(-1, batch)[:steps]


def _order(numbers: Floats) -> NDArray[np.int64]:
    """Return the stable order of each row of numbers in (0, 1).

    Sorting whole numbers, whose lowest bits are the places, takes a third of the time of a stable `argsort`.

    >>> _order(np.array([[0.5, 0.25, 0.5], [0.1, 0.2, 0.3]])).tolist()
    [[1, 0, 2], [0, 1, 2]]
    """
    count = numbers.shape[-1]
    bits = max(1, (count - 1).bit_length())
    keys = (numbers * 2.0 ** (64 - bits)).astype(np.uint64) << np.uint64(bits) | np.arange(count, dtype=np.uint64)
    keys.sort(axis=-1)
    order: NDArray[np.int64] = (keys & np.uint64(2**bits - 1)).astype(np.int64)
    tied = ((keys[:, 1:] ^ keys[:, :-1]) < np.uint64(2**bits)).any(axis=-1)  # equal but for bits that the places took
    order[tied] = np.argsort(numbers[tied], axis=-1, kind="stable")
    return order


def notebook_uniform(seed: int, count: int) -> Floats:
    """Return the first numbers of `RandomState(seed).random_sample`, in [0, 1): multiples of 2^-53.

    >>> notebook_uniform(10, 2).round(6).tolist()
    [0.771321, 0.020752]

    Raises
    ------
    SettingError
        The seed is not one of `RandomState`, a whole number below 2^32.
    """
    if not 0 <= seed < 2**32:
        raise SettingError(f"the seed of a start or data set of the notebook must be below 2^32; got {seed}.")
    check_memory(16.0 * count, f"{count:,} numbers of one seed", "Take an earlier draw, or fewer samples.")
    return np.random.RandomState(seed).random_sample(count)


def notebook_normal(seed: int, count: int) -> Floats:
    """Return the first numbers of `RandomState(seed).randn`, by Marsaglia's polar method as in NumPy.

    The logarithm is rounded correctly here, but not by the C library in NumPy: 126 of 300,000 numbers differ in the last
    place.

    >>> notebook_normal(123, 2).round(6).tolist()
    [-1.085631, 0.997345]

    Raises
    ------
    SettingError
        The seed is not one of `RandomState`, a whole number below 2^32.
    """
    tried = count + 64
    while True:
        points = 2 * notebook_uniform(seed, 2 * tried).reshape(-1, 2) - 1
        squares = points[:, 0] * points[:, 0] + points[:, 1] * points[:, 1]
        inside = np.flatnonzero((squares < 1) & (squares != 0))[: (count + 1) // 2]
        if 2 * len(inside) >= count:
            break
        tried *= 2
    r2 = squares[inside]
    factor = np.sqrt(-2 * exact.each(exact.log, r2) / r2)
    return (factor[:, None] * points[inside, ::-1]).ravel()[:count]  # the second coordinate comes first


NORMAL: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "centre": (
        (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
         4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
        (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
         2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
    ),
    "near": (
        (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
         1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
        (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
         1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
    ),
    "far": (
        (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
         2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
        (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
         7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
    ),

}  # fmt: skip
"""Coefficients of AS 241, lowest power first: numerator and denominator of three rational functions."""


def _rational(coefficients: tuple[tuple[float, ...], tuple[float, ...]], r: Floats) -> Floats:
    values = []
    for row in coefficients:
        value = np.full_like(r, row[-1])
        for c in row[-2::-1]:
            value = value * r + c
        values.append(value)
    return np.asarray(values[0] / values[1])


def _normal_quantile(u: Floats) -> Floats:
    q = u - 0.5
    tail = np.sqrt(-_log(np.minimum(u, 1 - u)))
    centre = q * _rational(NORMAL["centre"], 0.180625 - q * q)
    outer = np.where(tail <= 5, _rational(NORMAL["near"], tail - 1.6), _rational(NORMAL["far"], tail - 5))
    return np.where(np.abs(q) <= 0.425, centre, np.copysign(outer, q))


def _log(x: Floats) -> Floats:
    """Return log of positive normal numbers, from exactly rounded operations only: the bits of C's log differ by platform."""
    m, e = np.frexp(x)
    low = m < 0.7071067811865476
    m, e = np.where(low, 2 * m, m), np.where(low, e - 1, e)
    s = (m - 1) / (m + 1)  # log m = 2 atanh s, |s| <= 0.172: eleven terms leave less than 1e-18
    s2 = s * s
    series = np.zeros_like(s)
    for k in range(21, 0, -2):
        series = series * s2 + 1 / k
    return np.asarray(e * 0.6931471805599453 + 2 * s * series)

"""Damaged tables: CSV in any dialect and encoding, as bytes, and Parquet files, with faults in their cells or in their bytes."""

from __future__ import annotations

import io
import random
import warnings
from typing import Any

from fallline.data.preparing import Preparation
from fallline.data.reading.encoding import decoded
from fallline.data.reading.frames import frame_table, parquet_table
from fallline.data.reading.text import text_table
from fallline.data.tables import read_data

CELLS = [
    "", "NA", "?", "nan", "inf", "-inf", "None", "1,234", "1.234,5", "1", "1.0", "01", "+1", "0", "-0", "1e5", "1e999", "5e-324",
    "1_000", "٣", "x", "red", "blue", "True", "2024-01-31", "12:30", "'", '"', '""', "a b", "é", "\x00", "\ud800", "1" * 400, "z" * 3000,
    "=1+1", "\u202e", "½", "0x10", "1 000", "12%", "$3", ";", ",", "\t", "|", "a;b", "1,5", "-", ".", "e", "1e", "--1",
]  # fmt: skip
TARGETS = ["kind", "b", "a", "nothing", "x3", "x1", ["a", "b"], ["kind"], []]


def a_csv(rng: random.Random) -> tuple[Any, ...]:
    """A file's bytes, and how it is asked for."""
    form = rng.choice(
        [lambda v: f"{v:g}", lambda v: f"{v:g}".replace(".", ","), lambda v: f"{v:.3f}", lambda v: str(int(v))]
    )
    few = rng.choice([2, 3, 8, 30, 200])
    rows = [["a", "b", "colour", "kind"]] if rng.random() < 0.9 else []
    rows += [
        [form(rng.gauss(0, 9)), form(rng.uniform(0, 1)), rng.choice(["red", "blue"]), rng.choice(["no", "yes"])]
        for _ in range(few)
    ]
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 5])):
        row = rng.choice(rows)
        kind = rng.randrange(8)
        if kind == 0:
            row.append(rng.choice(CELLS))
        elif kind == 1:
            row.pop()
        elif kind == 2:
            rows.insert(rng.randrange(len(rows)), [])
        else:
            row[rng.randrange(len(row))] = rng.choice(CELLS)
        rows = [r for r in rows if r] or [["a"]]
    separator = rng.choice([",", ",", ",", ";", ";", "\t", "|", " ", "::"])
    quote = rng.random() < 0.3
    cell = (lambda text: '"' + text.replace('"', '""') + '"') if quote else str
    text = rng.choice(["\n", "\n", "\r\n", "\r"]).join(separator.join(map(cell, row)) for row in rows)
    encoding = rng.choice(
        ["utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-32", "latin-1", "koi8-r"]
    )
    content = text.encode(encoding, "replace" if "\ud800" in text or not encoding.startswith("utf") else "strict")
    return _hurt(rng, content, 0.15), rng.choice(TARGETS[:2] * 12 + TARGETS), _asked(rng)


def a_parquet(rng: random.Random) -> tuple[Any, ...]:
    """A Parquet file's bytes, most of them damaged, and how it is asked for."""
    import pyarrow as pa
    from pyarrow import parquet

    n = rng.choice([2, 20, 60])
    columns: dict[str, Any] = {
        "a": [
            rng.choice([rng.gauss(0, 1), None, float("nan")] if rng.random() < 0.2 else [rng.gauss(0, 1)])
            for _ in range(n)
        ],
        "b": [rng.randrange(5) for _ in range(n)],
        "kind": [rng.choice(["no", "yes"]) for _ in range(n)],
    }
    if rng.random() < 0.3:
        columns["more"] = rng.choice([[[1]] * n, [{"u": 1}] * n, [b"\xff"] * n, [True] * n, [10**18] * n, [None] * n])
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream, compression=rng.choice(["none", "snappy", "gzip", "zstd"]))
    return _hurt(rng, stream.getvalue(), 0.6), rng.choice(TARGETS[:2] * 12 + TARGETS), _asked(rng)


def _hurt(rng: random.Random, content: bytes, share: float) -> bytes:
    """The bytes, a share of them with some bytes changed, cut or doubled."""
    if rng.random() > share:
        return content
    damaged = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 8])):
        at = rng.randrange(len(damaged) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            del damaged[at : at + rng.choice([1, 2, 20])]
        elif kind == 1:
            damaged[at:at] = bytes(rng.randrange(256) for _ in range(rng.choice([1, 2, 20])))
        elif kind == 2:
            damaged[at:at] = damaged[at : at + 30]
        elif at < len(damaged):
            damaged[at] = rng.choice([0, 255, rng.randrange(256)])
    return bytes(damaged)


def _asked(rng: random.Random) -> dict[str, Any]:
    return {
        "task": rng.choice([None, None, None, "classification", "regression"]), "missing": rng.choice(["refuse", "impute", "impute"]),
        "standardize": rng.random() < 0.3, "test_share": rng.choice([0.0, 0.0, 0.3]),
        "categories": rng.choice([[]] * 8 + [["b"], ["none"]]),
    }  # fmt: skip


def read_csv_bytes(given: tuple[Any, ...]) -> None:
    content, target, asked = given
    text, _ = decoded(content, "t.csv")
    _learn(text_table(text, "t.csv"), target, asked)


def read_parquet(given: tuple[Any, ...]) -> None:
    content, target, asked = given
    _learn(parquet_table(content, "t.parquet"), target, asked)


def _learn(read: Any, target: Any, asked: dict[str, Any]) -> None:
    """The data set, and a preparation that is written, read, and applied to the same rows."""
    data = read_data(read, target, **asked)
    assert len(data) + len(data.test or []) == len(read)
    fitted = Preparation.of(
        read, [c for c in read.columns if c not in ("more", target) or len(read.columns) < 2], missing="impute"
    )
    assert Preparation.from_json(fitted.to_json())(read).tobytes() == fitted(read).tobytes()


def a_frame(rng: random.Random) -> tuple[Any, ...]:
    """A pandas frame of columns of many types."""
    import numpy as np
    import pandas as pd

    n = rng.choice([2, 20, 20])
    makers = [
        *[lambda: [rng.gauss(0, 1) for _ in range(n)], lambda: [rng.choice("uv") for _ in range(n)]] * 4, lambda: [rng.gauss(0, 1) for _ in range(n)], lambda: [rng.choice([1, None]) for _ in range(n)], lambda: [rng.choice("uv") for _ in range(n)],
        lambda: [rng.choice([1, "x", None, 2.5, True]) for _ in range(n)], lambda: pd.to_datetime(["2024-01-31"] * n),
        lambda: pd.array([rng.choice([1, None]) for _ in range(n)], dtype="Int64"), lambda: pd.Categorical([rng.choice("uv") for _ in range(n)]),
        lambda: [10**400] * n, lambda: [np.inf] * n, lambda: [1j] * n, lambda: [b"x"] * n, lambda: [object()] * n, lambda: [True] * n,
    ]  # fmt: skip
    names = rng.choice(
        [["a", "b", "kind"], ["a", "b", "kind"], ["a", "a", "kind"], [0, 1, "kind"], ["a", None, "kind"], []]
    )
    frame = pd.concat([pd.Series(rng.choice(makers)()) for _ in names], axis=1) if names else pd.DataFrame()
    frame.columns = names
    return frame, rng.choice(TARGETS[:2] * 12 + TARGETS), _asked(rng)


def read_frame(given: tuple[Any, ...]) -> None:
    frame, target, asked = given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # narwhals speaks of columns that have no name
        read = frame_table(frame)
    _learn(read, target, asked)

"""Damaged model files: safetensors whose bytes, header, description or numbers are not those of a model."""

from __future__ import annotations

import json
import random
import struct
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from damaged_tables import _hurt
from fallline.data.preparing import Preparation
from fallline.data.reading import read_table
from fallline.models.ensemble import Ensemble
from fallline.models.model import Model

ROWS = "size,bark,zip,kind,old,p\n0.2,rough,1,oak,1,0\n3,smooth,2,ash,0,0\n1e6,peeling,,elm,1,1\n"


@cache
def models() -> list[bytes]:
    """Files of small models: classes, values, labels; with categories and imputed cells."""
    import fallline as fl

    lines = [f"{k % 7},{['rough', 'smooth'][k % 2]},{k % 3 if k % 5 else ''},{['oak', 'ash', 'elm'][k % 3]},{k % 2}" for k in range(24)]  # fmt: skip
    table = read_table("size,bark,zip,kind,old\n" + "\n".join(lines) + "\n")
    fitted = []
    with tempfile.TemporaryDirectory() as folder:
        for target in ("kind", "size", ["old", "p"]):
            columns: dict[str, Any] = dict(table.columns)
            if target == ["old", "p"]:
                columns["p"] = columns["old"]
            own = type(table)(table.file, columns, table.lines)
            model = fl.fit(own, target, task="regression" if target == "size" else None, missing="impute", categories=["zip"],
                           hidden=(3,), ensemble=2, folds=2, epochs=2)  # fmt: skip
            fitted.append(model.save(Path(folder, "m.safetensors"), overwrite=True).read_bytes())
    return fitted


def a_model(rng: random.Random, damage: Callable[[random.Random, Any], Any]) -> bytes:
    """A model file's bytes, most of them damaged: anywhere, in the header, in the description, in a number."""
    content = rng.choice(models())
    place = rng.randrange(12)
    if place == 0:
        return content
    if place <= 3:
        return _hurt(rng, content, 1.0)
    length = struct.unpack("<Q", content[:8])[0]
    header, numbers = json.loads(content[8 : 8 + length]), bytearray(content[8 + length :])
    if place == 4:
        at = 8 * rng.randrange(len(numbers) // 8)
        value = rng.choice([float("nan"), float("inf"), -1e308, 1e308, 5e-324, 0.0, 1e-300, rng.gauss(0, 1)])
        numbers[at : at + 8] = struct.pack("<d", value)
    elif place <= 8:
        described = json.loads(header["__metadata__"]["fallline"])
        header["__metadata__"]["fallline"] = json.dumps(damage(rng, described))
    else:
        header = damage(rng, header)
        if rng.random() < 0.2:
            name = rng.choice([*header]) if header else "W1"
            header[name] = {"dtype": rng.choice(["F64", "F32", "U8", "I64", "F16", "BF16", "x"]),
                            "shape": [rng.choice([0, 1, 2, 3, 2**31, 2**63 - 1]) for _ in range(rng.randrange(5))],
                            "data_offsets": [rng.choice([0, 8, len(numbers)]), rng.choice([0, 24, len(numbers), 2**62])]}  # fmt: skip
    text = json.dumps(header).encode(errors="surrogatepass")
    said = rng.choice([len(text)] * 20 + [0, len(text) + 1, 2**63, 10**7])
    return struct.pack("<Q", said) + text + bytes(numbers)


def read_model(content: bytes) -> None:
    """Load it; a model that is taken answers with finite numbers, tells of itself, and is written and read to the bit."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        path = Path(folder, "m.safetensors")
        path.write_bytes(content)
        model = Model.load(path)
        assert isinstance(model.ensemble, Ensemble)
        assert isinstance(model.preparation, Preparation)
        assert str(model)
        assert repr(model)
        again = Model.load(model.save(Path(folder, "again.safetensors")))
        answers = model.answers(read_table(ROWS, name="rows.csv"))
        assert np.isfinite(answers).all()
        assert (again.answers(read_table(ROWS, name="rows.csv")) == answers).all()
        model.named(answers)

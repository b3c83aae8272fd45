"""A layout: a program of `programs/`, what it is the gradient of, and the edits that make it wrong."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

PROGRAMS = Path(__file__).parent / "programs"

SAMPLE = 24
"""How many layouts the usual tests check: all of them take minutes."""

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Fault:
    """A fault: the text of the right program that changes, what it becomes, and a pattern for the checker's words."""

    name: str
    words: str
    old: str
    new: str
    says: str

    def of(self, text: str) -> str:
        """The right program's text with this fault in it."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.old!r} must stand in the program once; found {text.count(self.old)}.")
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Layout:
    """One program, right, and its faults.

    Parameters
    ----------
    file
        Path of the right program below `programs/`.
    function
        The function to check; empty where the file has none.
    flags
        Flags of `fallline check`, as they are typed.
    sizes
        Sizes of the layers.
    call
        (program, W, b, X, T) -> (the loss that the program itself gives or None, [dW1, ...], [db1, ...]), as the textbook
        lays them out: X and T in rows, W of shape (n_in, n_out). [] for the biases where there are none.
    truth
        The loss, written anew as a function of (W, b, X, T) that takes complex weights.
    targets
        "classes" (one-hot rows), "labels" (0 or 1) or "values".
    samples
        Samples that the layout takes at a time.
    expect
        What the checker should say of the right program.
    """

    file: str
    function: str
    flags: str
    call: Callable[[Any, Arrays, Arrays, np.ndarray, np.ndarray], tuple[Any, Sequence[Any], Sequence[Any]]]
    truth: Callable[[Arrays, Arrays, np.ndarray, np.ndarray], Any]
    faults: tuple[Fault, ...]
    targets: str = "classes"
    samples: int = 7
    expect: str = "right"

    @property
    def name(self) -> str:
        """Name of the layout: of its file, without the ending."""
        return Path(self.file).stem

    @cached_property
    def text(self) -> str:
        """The right program."""
        return (PROGRAMS / self.file).read_text(encoding="utf-8")

    @property
    def options(self) -> dict[str, Any]:
        """The flags by name; True for those without a value."""
        words = shlex.split(self.flags)
        options: dict[str, Any] = {}
        while words:
            name = words.pop(0).removeprefix("--")
            options[name] = words.pop(0) if words and not words[0].startswith("--") else True
        return options

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes of the layers."""
        return tuple(int(size) for size in str(self.options["network"]).split("-"))

    def variants(self) -> list[tuple[str, str, Fault | None]]:
        """File name, text and fault of each variant, the right one first."""
        ending = Path(self.file).suffix
        texts = [(f"{self.name}__right{ending}", self.text, None)]
        for fault in self.faults:
            texts.append((f"{self.name}__{fault.name}{ending}", fault.of(self.text), fault))
        return texts

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the index, one for each variant."""
        return [
            {"file": file, "function": self.function, "flags": self.options,
             "expect": "wrong" if fault and self.expect == "right" else self.expect,
             "fault": fault.words if fault else None, "says": fault.says if fault else ""}
            for file, _, fault in self.variants()
        ]  # fmt: skip


def sampled(layouts: Sequence[Layout]) -> list[Layout]:
    """`SAMPLE` layouts from all over, and one fault of every second of these: the first, the second, and so on in turn."""
    count = min(SAMPLE, len(layouts))
    chosen = [layouts[k * len(layouts) // count] for k in range(count)]
    return [
        replace(layout, faults=(layout.faults[k // 2 % len(layout.faults)],) if k % 2 == 0 else ())
        for k, layout in enumerate(chosen)
    ]


def write(layouts: Sequence[Layout], folder: Path) -> None:
    """Write every variant of the layouts and their index to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for layout in layouts:
        for file, text, _ in layout.variants():
            (folder / file).write_text(text, encoding="utf-8")
    rows = [row for layout in layouts for row in layout.rows()]
    (folder / "index.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")

"""Laws tested: their findings in order, as a table for people and as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from fallline.errors import UnknownNameError
from fallline.laws.catalogue import LAWS
from fallline.laws.law import Finding, Law, Trial

__all__ = ["as_data", "find", "lines_of", "reproduce"]

Show = Callable[[int, int], None]


def find(names: Sequence[str]) -> list[Law]:
    """The laws of those names; all of them without a name.

    >>> [law.name for law in find(["catapult"])]
    ['catapult']
    """
    for name in names:
        if name not in LAWS:
            raise UnknownNameError("law", name, LAWS)
    return [LAWS[name] for name in names or LAWS]


def reproduce(
    laws: Sequence[Law], trial: Trial, show: Show = lambda done, total: None
) -> Iterator[tuple[Law, list[Finding]]]:
    """Test each law, and yield it with its findings."""
    for number, law in enumerate(laws):
        show(number, len(laws))
        yield law, list(law.test(trial))
    show(len(laws), len(laws))


def as_data(law: Law, findings: Sequence[Finding]) -> dict[str, Any]:
    """A law and its findings as plain data."""
    return {
        "law": law.name, "statement": law.statement, "equation": law.equation, "source": law.source,
        "setting": law.setting, "findings": [asdict(f) | {"verdict": f.verdict} for f in findings],
    }  # fmt: skip


def lines_of(law: Law, findings: Sequence[Finding]) -> list[str]:
    """A law and its findings as lines of text."""
    lines = [law.name, f"  {law.statement}"]
    for f in findings:
        interval = f"[{f.low:.4g}, {f.high:.4g}]"
        share = f"{f.share:.0%} of {f.starts} within {_percent(f)}"
        note = f"; {f.note}" if f.note else ""
        lines += [
            f"  {f.case}: {f.quantity}",
            f"    predicted {f.predicted:<10.4g} measured {f.measured:<9.4g} {interval:<24} {share}: {f.verdict}{note}",
        ]
    return lines


def _percent(f: Finding) -> str:
    return f"{f.tolerance:g}" if f.predicted == 0 else f"{100 * f.tolerance:g} %"

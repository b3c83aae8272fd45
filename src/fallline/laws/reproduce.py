"""Laws tested: their findings in order, as a table for people and as data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from fallline.errors import UnknownNameError, UsageError
from fallline.laws.catalogue import LAWS
from fallline.laws.evidence import Curves, Plane, Region
from fallline.laws.law import Finding, Law
from fallline.laws.own import load_law
from fallline.laws.trial import Trial
from fallline.user_code.python_file import names_file

__all__ = ["REGION_STARTS", "Result", "Show", "find", "hash_of", "lines_of", "reproduce"]

Show = Callable[[int, int], None]

REGION_STARTS = 8
"""Starts in each cell of a region, at most: a plane has many cells."""

DIGITS = 9
"""Significant digits of the figures that the hash is computed from: quantiles pass through NumPy's sums."""


@dataclass(frozen=True)
class Result:
    """What a test of a law gave.

    Attributes
    ----------
    law
        The law.
    findings
        One for each case.
    evidence
        Curves and planes, in their order.
    regions
        Where the law holds; empty if no region was asked for, or the law has none.
    """

    law: Law
    findings: tuple[Finding, ...]
    evidence: tuple[Curves | Plane, ...] = ()
    regions: tuple[Region, ...] = ()

    @property
    def verdict(self) -> str:
        """ "holds" if all cases hold, "fails" if one fails, else "could not tell"."""
        verdicts = {f.verdict for f in self.findings}
        return "fails" if "fails" in verdicts else "holds" if verdicts == {"holds"} else "could not tell"

    def to_dict(self, *, evidence: bool = False) -> dict[str, Any]:
        """Plain data for JSON; with the evidence and the regions on request."""
        law = self.law
        texts = {key: getattr(law, key) for key in ("statement", "equation", "source", "published", "setting")}
        data: dict[str, Any] = {
            "law": law.name, **texts, "verdict": self.verdict, "sha256": hash_of([self]),
            "findings": [_finite(asdict(f)) | {"verdict": f.verdict} for f in self.findings],
        }  # fmt: skip
        if evidence:
            data |= {"evidence": [e.to_dict() for e in self.evidence], "regions": [r.to_dict() for r in self.regions]}
        return data


def find(names: Sequence[str]) -> list[Law]:
    """The laws of those names; all of them without a name. FILE.py:NAME executes that file, and is a law of the user's own.

    >>> [law.name for law in find(["catapult"])]
    ['catapult']
    """
    chosen: dict[str, Law] = {}
    for name in dict.fromkeys(names) or LAWS:
        if not names_file(name) and name not in LAWS:
            raise UnknownNameError("law", name, LAWS)
        law = load_law(name) if names_file(name) else LAWS[name]
        if law.name in chosen:
            raise UsageError(f"laws must have different names; two are called {law.name}.")
        chosen[law.name] = law
    return list(chosen.values())


def reproduce(
    laws: Sequence[Law], trial: Trial, *, region: int = 0, show: Show = lambda done, total: None
) -> Iterator[Result]:
    """Test each law, and yield what it gave.

    Parameters
    ----------
    region
        Cells along each side of the planes in which the laws are tested; no planes for 0.
    show
        Called with (work done, total work).
    """
    total = sum(1 + bool(region and law.region) for law in laws)
    done = 0
    for law in laws:
        show(done, total)
        findings: list[Finding] = []
        evidence: list[Curves | Plane] = []
        for item in law.test(trial):
            if isinstance(item, Finding):
                findings.append(item)
            else:
                evidence.append(item)
        if not findings:
            raise UsageError(f"the law {law.name} must yield at least one finding; it yielded none.")
        done += 1
        regions: tuple[Region, ...] = ()
        if region and law.region is not None:
            show(done, total)
            regions = tuple(law.region(replace(trial, starts=min(trial.starts, REGION_STARTS)), region))
            done += 1
        yield Result(law, tuple(findings), tuple(evidence), regions)
    show(done, total)


def hash_of(results: Sequence[Result]) -> str:
    """SHA-256 of the findings of these laws: the same on every machine, whatever was drawn.

    >>> hash_of([])[:8]
    '4f53cda1'
    """
    rows = [[r.law.name, *(_rounded(asdict(f)) for f in r.findings)] for r in results]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def lines_of(result: Result) -> list[str]:
    """A law and its findings as lines of text."""
    lines = [result.law.name, f"  {result.law.statement}"]
    for f in result.findings:
        interval = f"[{f.low:.4g}, {f.high:.4g}]"
        share = f"{f.share:.0%} of {f.starts} {f.agreement}"
        note = f"; {f.note}" if f.note else ""
        lines += [
            f"  {f.case}: {f.quantity}",
            f"    predicted {_bound(f):<10} measured {f.measured:<9.4g} {interval:<24} {share}: {f.verdict}{note}",
        ]
    lines += [f"  {region.title}: {region.sentence}" for region in result.regions]
    return lines


def _bound(f: Finding) -> str:
    return f"> {f.predicted:.4g}" if f.above else f"{f.predicted:.4g}"


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """The same with None for numbers that JSON does not have."""
    return {k: None if isinstance(v, float) and v - v != 0 else v for k, v in values.items()}


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Values to some digits; a bound alone says that it is one, so that the hash of other findings is what it always was."""
    kept = {k: v for k, v in values.items() if k != "above" or v}
    return {k: f"{v:.{DIGITS}g}" if isinstance(v, float) else v for k, v in kept.items()}

"""A page for each law: its text from the catalogue, its figures and pictures from the stored results of the full form.

fallline reproduce --starts 100 --region 16 --out laws     # the full form
python -m tools.site.laws laws/results.json                # stores it, and prints the table of docs/laws.md
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.site.stage import DOCS
from tools.site.tables import table

from fallline.laws import LAWS, Law, Region
from fallline.laws.evidence import Evidence, evidence_from
from fallline.views.equations.outlines import formula
from fallline.views.numerals import number
from fallline.views.pictures.theme import THEMES

__all__ = ["FOUND", "findings_table", "stored", "write_pages"]

FOUND = DOCS / "laws/results.json"
SIZE = 18
"""Of equations, in pixels."""
HEAD = ("law", "case", "published", "measured", "starts that agree", "verdict")


def stored() -> dict[str, Any]:
    """The stored results of the full form."""
    found: dict[str, Any] = json.loads(FOUND.read_text(encoding="utf-8"))
    return found


def findings_table(laws: list[Any], *, named: bool = True) -> str:
    """The findings of laws as a table in Markdown: one row for each case."""
    return table(HEAD if named else HEAD[1:], [row if named else row[1:] for law in laws for row in _rows(law)])


def write_pages(folder: Path) -> None:
    """Write a page for each law of the catalogue, and link to them from the page on laws."""
    found = {law["law"]: law for law in stored()["laws"]}
    (folder / "laws").mkdir(exist_ok=True)
    (folder / "laws/results.json").unlink(missing_ok=True)
    for law in LAWS.values():
        page = _page(law, found.get(law.name), folder)
        (folder / "laws" / f"{law.name}.md").write_text(page, encoding="utf-8")
    links = "\n".join(f"- [{law.title}](laws/{law.name}.md): {law.statement}" for law in LAWS.values())
    names = "\n".join(f"laws/{name}" for name in LAWS)
    index = folder / "laws.md"
    text = index.read_text(encoding="utf-8")
    listed = f"## Each law by itself\n\n{links}\n\n```{{toctree}}\n:hidden:\n\n{names}\n```\n"
    index.write_text(f"{text.rstrip()}\n\n{listed}", encoding="utf-8")


def _rows(law: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for k, f in enumerate(law["findings"]):
        name = law["law"].replace("-", " ") if k == 0 else ""
        case = f"{f['case']}: {f['quantity']}" + (f" ({f['note']})" if f["note"] else "")
        if not f["starts"]:
            yield name, case, number(f["predicted"]), "none", "none", f["verdict"]
            continue
        values = [number(f[key]) if f[key] is not None else "∞" for key in ("measured", "low", "high")]
        relative = f["predicted"] != 0 and f["tolerance"] >= 1e-4
        within = f"{100 * f['tolerance']:g} %" if relative else f"{f['tolerance']:g}"
        bound = f.get("above")
        agreement = "above" if bound else f"within {within}"
        agree = f"{round(f['share'] * f['starts'])} of {f['starts']} {agreement}"
        measured = f"{values[0]} [{values[1]}, {values[2]}]" if f["starts"] > 1 else values[0]
        predicted = f"more than {number(f['predicted'])}" if bound else number(f["predicted"])
        yield name, case, predicted, measured, agree, f["verdict"]


def _page(law: Law, found: Mapping[str, Any] | None, folder: Path) -> str:
    parts = [f"# {law.title}", f"*{law.statement}*"]
    if law.equation:
        drawn = "<br>".join(formula(part, SIZE) for part in law.equation.split(r"\quad"))
        parts.append(f'```{{raw}} html\n<div class="equation">{drawn}</div>\n```')
    parts += [f"**Source.** {law.source}", f"**Trained here.** {law.setting}"]
    if law.published:
        parts.append(f"**Published figures.** {law.published}")
    command = f"fallline reproduce {law.name}"
    if found is not None:
        full = stored()
        sides = [r.x.count for r in map(evidence_from, found["regions"]) if isinstance(r, Region)]
        side = f" --region {sides[0]}" if sides else ""
        command += f" --starts {full['starts']}{side} --out laws"
        parts += [
            "## What was found",
            findings_table([found], named=False).rstrip(),
            f"Published is the value that the law gives for the case. Measured is the median over {full['starts']} starts, and brackets "
            "hold the middle 95 % of them.",
        ]
        evidence = [evidence_from(d) for d in found["evidence"]]
        regions = [evidence_from(d) for d in found["regions"]]
        parts += [_picture(e, law, folder) for e in evidence]
        if regions:
            parts.append("## Where it holds")
            parts += [f"{_picture(r, law, folder)}\n\n{r.sentence}" for r in regions if isinstance(r, Region)]
    parts += ["## How to reproduce", f"```sh\n{command}\n```"]
    if found is not None:
        parts.append(f"The SHA-256 of its findings, to nine digits, is\n\n```text\n{found['sha256']}\n```")
    code = Path(inspect.getfile(law.test)).read_text(encoding="utf-8")
    parts += ["## The law as code", f"```python\n{code.rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def _picture(evidence: Evidence, law: Law, folder: Path) -> str:
    """Draw the evidence in both themes; return Markdown that shows it."""
    static = folder / "_static/laws"
    static.mkdir(parents=True, exist_ok=True)
    stem = f"{law.name}-{type(evidence).__name__.lower()}-{evidence.name}"
    shown = []
    for theme in THEMES:
        picture = evidence.plot(theme=theme)
        picture.save(static / f"{stem}-{theme}.svg")
        shown.append(
            f"```{{image}} ../_static/laws/{stem}-{theme}.svg\n:class: only-{theme} map\n:alt: {picture.alt}\n```"
        )
    return "\n".join(shown)


def main(path: str) -> None:
    """Store the results of the full form, and print the table of docs/laws.md."""
    found = json.loads(Path(path).read_text(encoding="utf-8"))
    lines = [json.dumps(law, ensure_ascii=False) for law in found.pop("laws")]
    head = json.dumps(found, ensure_ascii=False)[:-1]
    FOUND.write_text(f'{head}, "laws": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
    print(findings_table(stored()["laws"]), end="")


if __name__ == "__main__":
    main(sys.argv[1])

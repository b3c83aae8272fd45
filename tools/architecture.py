"""Write what ARCHITECTURE.md says of the parts: its table and its picture, from the sources themselves.

    python tools/architecture.py           write the table and the picture
    python tools/architecture.py --check   exit status 1 if either is out of date

The order of the parts stands in pyproject.toml, in the contract that import-linter holds; what lives in a part is the first
paragraph of its docstring; the arrows are the imports that the code has.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import grimp

HERE = Path(__file__).resolve().parents[1]
SOURCES, PAGE, PICTURE = HERE / "src/fallline", HERE / "ARCHITECTURE.md", HERE / "docs/images/parts.svg"
BEGIN, END = "<!-- The table of parts, by tools/architecture.py -->\n", "<!-- End of the table -->"

WIDTH, ROW, BOX_WIDTH, BOX, MARGIN, GAP, LINE = 700, 90, 206, 52, 14, 22, 14
"""Sizes of the picture, in pixels: the page, a row of parts, a box, margins, and a line of small text."""


def layers() -> list[list[str]]:
    """The parts, top row first, as the import contract orders them."""
    contracts = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    rows = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    found = [[re.sub(r"[() ]", "", name) for name in row.split(":")] for row in rows]
    return [parts for row in found if (parts := [part for part in row if source(part).exists()])]


def source(part: str) -> Path:
    """The file with a part's docstring."""
    package = SOURCES / part / "__init__.py"
    return package if package.exists() else SOURCES / f"{part}.py"


def purpose(part: str) -> str:
    """What lives there: the first paragraph of its docstring."""
    path = source(part)
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not text:
        raise SystemExit(f"{path.relative_to(HERE)} must have a docstring that says what lives there.")
    return " ".join(text.split("\n\n")[0].split())


def rooms_of(part: str) -> list[str]:
    """Its sub-packages."""
    return [path.parent.name for path in sorted((SOURCES / part).glob("*/__init__.py"))]


def imports(parts: Sequence[str]) -> dict[str, set[str]]:
    """For each part the parts that it imports, without those that it also reaches through another."""
    graph = grimp.build_graph("fallline", exclude_type_checking_imports=True, cache_dir=None)
    direct: dict[str, set[str]] = {part: set() for part in parts}
    for module in graph.modules:
        part = module.split(".")[1] if "." in module else ""
        for imported in graph.find_modules_directly_imported_by(module):
            target = imported.split(".")[1] if "." in imported else ""
            if part in direct and target in direct and part != target:
                direct[part].add(target)
    reached: dict[str, set[str]] = {}
    for part in reversed(parts):  # the lowest first, so that what it imports is known
        reached[part] = direct[part].union(*(reached.get(target, set()) for target in direct[part]))
    return {
        part: {t for t in targets if not any(t in reached[other] for other in targets - {t})}
        for part, targets in direct.items()
    }


def table(rows: Sequence[Sequence[str]]) -> str:
    """The parts as Markdown, lowest first."""
    lines = ["| part | what lives there |", "|---|---|"]
    for row in reversed(rows):
        for part in row:
            name = f"`{part}/`" if (SOURCES / part).is_dir() else f"`{part}`"
            lines.append(f"| {name} | {purpose(part)} |")
    return "\n".join(lines) + "\n"


def places(arrows: Mapping[str, set[str]]) -> dict[str, tuple[float, float]]:
    """The corner of each part's box: below all that import it, and near to them."""
    row: dict[str, int] = {}
    for part in arrows:  # the topmost first
        row[part] = max((row[other] + 1 for other in row if part in arrows[other]), default=0)
    corners: dict[str, tuple[float, float]] = {}
    for k in range(max(row.values()) + 1):
        parts = [part for part in arrows if row[part] == k]
        above = {part: [corners[other][0] for other in corners if part in arrows[other]] for part in parts}
        middle = (WIDTH - BOX_WIDTH) / 2
        wanted = {part: sum(above[part]) / len(above[part]) if above[part] else middle for part in parts}
        parts.sort(key=lambda part: wanted[part])
        step = BOX_WIDTH + GAP
        first = sum(wanted[part] for part in parts) / len(parts) - step * (len(parts) - 1) / 2
        first = min(max(first, MARGIN), WIDTH - MARGIN - step * len(parts) + GAP)
        corners |= {part: (first + i * step, MARGIN + k * ROW) for i, part in enumerate(parts)}
    return corners


def picture(arrows: Mapping[str, set[str]]) -> str:
    """The parts as SVG, with arrows from each to those that it imports."""
    boxes = places(arrows)
    height = MARGIN + BOX + max(y for _, y in boxes.values())
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="Helvetica, Arial, sans-serif">',
        "<title>The parts of fallline, each above those that it imports</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#7b8794"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for part in sorted(arrows):
        for target in sorted(arrows[part]):
            (x, y), (u, v) = boxes[part], boxes[target]
            a, b, c, d = x + BOX_WIDTH / 2, y + BOX, u + BOX_WIDTH / 2, v - 2
            middle = (d - b) / 2
            out.append(
                f'<path d="M{a:.0f} {b:.0f}C{a:.0f} {b + middle:.0f} {c:.0f} {d - middle:.0f} {c:.0f} {d:.0f}" '
                'fill="none" stroke="#7b8794" stroke-width="1.2" marker-end="url(#tip)"/>'
            )
    for part, (x, y) in boxes.items():
        texts = [(part, 15, "bold", "#1f2933")]
        texts += [(line, 11, "normal", "#52606d") for line in textwrap.wrap(", ".join(rooms_of(part)), 36)]
        out.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{BOX_WIDTH}" height="{BOX}" rx="6" fill="#f2f6fa" stroke="#9fb3c8"/>'
        )
        top = y + BOX / 2 - (len(texts) - 1) * LINE / 2 + 4
        for i, (text, size, weight, colour) in enumerate(texts):
            out.append(
                f'<text x="{x + BOX_WIDTH / 2:.0f}" y="{top + i * (LINE + 1):.0f}" font-size="{size}" font-weight="{weight}" '
                f'text-anchor="middle" fill="{colour}">{escape(text)}</text>'
            )
    return "\n".join([*out, "</svg>"]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    rows = layers()
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    written = {
        PAGE: f"{before}{BEGIN}\n{table(rows)}\n{END}{rest.split(END)[1]}",
        PICTURE: picture(imports([part for row in rows for part in row])),
    }
    old = [path for path, text in written.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in old:
        if check:
            print(f"{path.relative_to(HERE)} is out of date: run python tools/architecture.py.")
        else:
            path.write_text(written[path], encoding="utf-8")
            print(f"{path.relative_to(HERE)} written.")
    return int(check and bool(old))


if __name__ == "__main__":
    sys.exit(main())

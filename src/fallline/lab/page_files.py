"""The page's files, and its modules as one module for hosts that take a single text."""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["PAGE", "bundled", "document"]

PAGE = Path(__file__).parent / "page"
"""The folder of the page's files."""

_IMPORT = re.compile(
    r'^import\s+(\{[^}]*\}|\* as \w+)\s+from\s+"((?:\./|(?:\.\./)+)[\w/-]+\.js)";?[ \t]*$', re.MULTILINE
)
_EXPORT = re.compile(r"^export\s+(?:(async\s+function\*?|function\*?|class|const|let)\s+(\w+))", re.MULTILINE)
_DEFAULT = re.compile(r"^export\s+default\s+", re.MULTILINE)


def document(folder: Path, entry: str = "page.js", other: tuple[str, ...] = ("widget.js",)) -> bytes:
    """The page's document. It requests all modules at once; otherwise each would be requested only when another imports it."""
    names = sorted({path.name for path in folder.glob("*.js")} - {entry, *other})
    links = "\n    ".join(f'<link rel="modulepreload" href="{name}">' for name in names)
    return (folder / "index.html").read_text(encoding="utf-8").replace("<!-- modules -->", links).encode()


def bundled(folder: Path, entry: str) -> str:
    """The entry and all that it imports as one ES module whose default export is the entry's. Modules in other folders are
    imported by their relative paths.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.js").write_text("export const one = 1;\\n")
    >>> _ = (folder / "b.js").write_text('import { one } from "./a.js";\\nexport default one + 1;\\n')
    >>> print(bundled(folder, "b.js"))
    const m_a = (() => {
    const one = 1;
    return { one };
    })();
    const m_b = (() => {
    const { one } = m_a;
    const standard = one + 1;
    return { standard };
    })();
    export default m_b.standard;
    """
    done: dict[Path, str] = {}
    first = (folder / entry).resolve()
    _add(first, first.parent, done, ())
    return "\n".join([*done.values(), f"export default {_name(first, first.parent)}.standard;"])


def _add(file: Path, folder: Path, done: dict[Path, str], above: tuple[Path, ...]) -> None:
    if file in above:
        ring = " ".join(path.name for path in [*above, file])
        raise RuntimeError(f"modules of the page import one another in a ring: {ring}")
    if file in done:
        return
    text = file.read_text(encoding="utf-8")
    for _, other in _IMPORT.findall(text):
        _add((file.parent / other).resolve(), folder, done, (*above, file))
    names = [name for _, name in _EXPORT.findall(text)]
    text = _IMPORT.sub(lambda found: _import(found[1], _name((file.parent / found[2]).resolve(), folder)), text)
    text = _EXPORT.sub(r"\1 \2", text)
    if _DEFAULT.search(text):
        text, names = _DEFAULT.sub("const standard = ", text), [*names, "standard"]
    if re.search(r"^(import|export)\b", text, re.MULTILINE):
        raise RuntimeError(f"{file.name} imports or exports in a way that the bundle does not know")
    done[file] = f"const {_name(file, folder)} = (() => {{\n{text.strip()}\nreturn {{ {', '.join(names)} }};\n}})();"


def _import(names: str, module: str) -> str:
    if names.startswith("*"):
        return f"const {names[5:]} = {module};"
    names = re.sub(r"(\w+) as (\w+)", r"\1: \2", names)
    return f"const {names} = {module};"


def _name(file: Path, folder: Path) -> str:
    """The name of a module in the bundle: of one in another folder, with that folder's."""
    parts = [part for part in Path(os.path.relpath(file, folder)).with_suffix("").parts if part != ".."]
    return "m_" + "_".join(parts).replace("-", "_")

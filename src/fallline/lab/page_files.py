"""The page's files, and its modules as one module for hosts that take a single text."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["PAGE", "bundled", "document"]

PAGE = Path(__file__).parent / "page"
"""The folder of the page's files."""

_IMPORT = re.compile(r'^import\s+(\{[^}]*\}|\* as \w+)\s+from\s+"\./([\w-]+\.js)";?[ \t]*$', re.MULTILINE)
_EXPORT = re.compile(r"^export\s+(?:(async\s+function\*?|function\*?|class|const|let)\s+(\w+))", re.MULTILINE)
_DEFAULT = re.compile(r"^export\s+default\s+", re.MULTILINE)


def document(folder: Path, entry: str = "page.js", other: tuple[str, ...] = ("widget.js",)) -> bytes:
    """The page's document. It requests all modules at once; otherwise each would be requested only when another imports it."""
    names = sorted({path.name for path in folder.glob("*.js")} - {entry, *other})
    links = "\n    ".join(f'<link rel="modulepreload" href="{name}">' for name in names)
    return (folder / "index.html").read_text(encoding="utf-8").replace("<!-- modules -->", links).encode()


def bundled(folder: Path, entry: str) -> str:
    """The entry and all that it imports as one ES module whose default export is the entry's.

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
    done: dict[str, str] = {}
    _add(folder, entry, done, ())
    return "\n".join([*done.values(), f"export default {_name(entry)}.standard;"])


def _add(folder: Path, file: str, done: dict[str, str], above: tuple[str, ...]) -> None:
    if file in above:
        raise RuntimeError(f"modules of the page import one another in a ring: {' '.join([*above, file])}")
    if file in done:
        return
    text = (folder / file).read_text(encoding="utf-8")
    for _, other in _IMPORT.findall(text):
        _add(folder, other, done, (*above, file))
    names = [name for _, name in _EXPORT.findall(text)]
    text = _IMPORT.sub(_import, text)
    text = _EXPORT.sub(r"\1 \2", text)
    if _DEFAULT.search(text):
        text, names = _DEFAULT.sub("const standard = ", text), [*names, "standard"]
    if re.search(r"^(import|export)\b", text, re.MULTILINE):
        raise RuntimeError(f"{file} imports or exports in a way that the bundle does not know")
    done[file] = f"const {_name(file)} = (() => {{\n{text.strip()}\nreturn {{ {', '.join(names)} }};\n}})();"


def _import(found: re.Match[str]) -> str:
    names, module = found[1], _name(found[2])
    if names.startswith("*"):
        return f"const {names[5:]} = {module};"
    names = re.sub(r"(\w+) as (\w+)", r"\1: \2", names)
    return f"const {names} = {module};"


def _name(file: str) -> str:
    return "m_" + file.removesuffix(".js").replace("-", "_")

"""RO-Crate metadata: what the files of a folder are and what made them, as JSON-LD that archives and catalogues read.

The form is that of RO-Crate 1.1 (https://www.researchobject.org/ro-crate/specification/1.1/). Only what map files say of themselves
is stated; a file of which nothing is known is listed with its name, size and kind.
"""

from __future__ import annotations

import json
import mimetypes
import re
from pathlib import Path
from typing import Any

import fallline
from fallline.errors import FalllineError, OutputError, UsageError, visible
from fallline.files import write
from fallline.maps.command import facts
from fallline.maps.file import MapFile
from fallline.maps.large import LargeMap

__all__ = ["METADATA", "crate", "write_crate"]

METADATA = "ro-crate-metadata.json"

VERSION = "https://w3id.org/ro/crate/1.1"

KINDS = {".fallmap": "application/vnd.sqlite3", ".toml": "application/toml", ".md": "text/markdown"}
"""What Python's own table of kinds does not know everywhere."""

PAGES = {"report.html": "A report of a study", "live.html": "A live page, which trains a map's runs in the browser"}

Json = dict[str, Any]


def write_crate(
    folder: str | Path, *, license: str, title: str = "", author: str = "", overwrite: bool = False
) -> Path:
    """Write `ro-crate-metadata.json` into a folder, and return its path; see `crate`."""
    document = crate(folder, license=license, title=title, author=author)
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return write(Path(folder) / METADATA, (text + "\n").encode(), overwrite=overwrite)


def crate(folder: str | Path, *, license: str, title: str = "", author: str = "") -> Json:
    """The RO-Crate metadata of a folder with map files, reports or pictures.

    Parameters
    ----------
    folder
        The folder. Hidden files are left out, and a folder inside it is one entry.
    license
        The address of the license of its content, such as https://spdx.org/licenses/CC-BY-4.0. Only you can know it.
    title
        What the folder is called; by default, its own name.
    author
        Who made it: a name, or the address of an ORCID. Left out if empty.

    Raises
    ------
    UsageError
        There is no such folder, it is empty, or the license is no address.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder: give the folder of the maps and reports.")
    if not re.fullmatch(r"https?://[^\s<>\"]+", license):
        raise UsageError(
            f"the license must be an address, such as https://spdx.org/licenses/CC-BY-4.0; got {visible(license)!r}."
        )
    paths = sorted(p for p in folder.iterdir() if not p.name.startswith(".") and p.name != METADATA)
    if not paths:
        raise UsageError(f"{folder} is empty: compute a map or a report into it first.")
    entries, around = [], dict[str, Json]()
    latest = ""
    for path in paths:
        entry = _entry(path)
        entries.append(entry)
        if path.suffix == ".fallmap" and path.is_file():
            made = _describe_map(path, entry, around)
            latest = max(latest, made)
    parts = [{"@id": entry["@id"]} for entry in entries]
    name = title or folder.resolve().name
    maps = sum(path.suffix == ".fallmap" for path in paths)
    what = f"{maps} map{'s' * (maps != 1)} of training runs" if maps else "Results"
    root = {
        "@id": "./", "@type": "Dataset", "name": name,
        "description": f"{what}, made with fallline {fallline.__version__}.",
        "datePublished": latest or _date(paths), "license": {"@id": license},
        "hasPart": parts[0] if len(parts) == 1 else parts,
    }  # fmt: skip
    if actions := [{"@id": key} for key, one in around.items() if one["@type"] == "CreateAction"]:
        root["mentions"] = actions[0] if len(actions) == 1 else actions
    if author:
        key = author if author.startswith("https://orcid.org/") else f"#{_quoted(author)}"
        around[key] = {"@id": key, "@type": "Person", "name": visible(author)}
        root["author"] = {"@id": key}
    head = {
        "@id": METADATA, "@type": "CreativeWork", "conformsTo": {"@id": VERSION}, "about": {"@id": "./"},
    }  # fmt: skip
    terms = {"@id": license, "@type": "CreativeWork", "name": license, "description": "The license of this folder."}
    return {"@context": f"{VERSION}/context", "@graph": [head, root, terms, *entries, *around.values()]}


def _entry(path: Path) -> Json:
    """What is known of any file."""
    name = visible(path.name)
    if path.is_dir():
        tiles = (path / "index.html").is_file() and (path / "map.png").is_file()
        return {
            "@id": f"{_quoted(path.name)}/", "@type": "Dataset", "name": name,
            "description": "Picture tiles of a map; index.html shows them" if tiles else "A folder",
        }  # fmt: skip
    kind = KINDS.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    entry = {
        "@id": _quoted(path.name), "@type": "File", "name": name, "encodingFormat": kind,
        "contentSize": str(path.stat().st_size),
    }  # fmt: skip
    return entry | ({"description": PAGES[path.name]} if path.name in PAGES else {})


def _describe_map(path: Path, entry: Json, around: dict[str, Json]) -> str:
    """Add to an entry what its map file says, and to `around` the action that made it; returns when that began."""
    try:
        large = LargeMap.open(path)
        with MapFile.open(path) as file:
            made = file.provenance()
        told = facts(large)
    except FalllineError as error:
        raise OutputError(f"{path.name} cannot be described: {error}") from None
    entry["name"], entry["description"] = f"{visible(path.name)}: {told['objective']}", repr(large)
    numbers = {"sha256 of all values": told["sha256"] or "not complete", "sha256 of the spec": large.spec.sha256}
    settings = {
        "optimizer": told["optimizer"] or "on an axis", "x": str(large.spec.x), "y": "none" if told["y"] is None else str(large.spec.y),
        "steps": told["steps"], "seed": large.spec.seed, "starts of a cell": large.spec.starts, "dtype": told["dtype"],
        **{name: float(value) for name, value in large.spec.settings.items()},
    }  # fmt: skip
    software = f"#fallline-{made['fallline']}"
    around.setdefault(software, {
        "@id": software, "@type": "SoftwareApplication", "name": "fallline", "version": made["fallline"],
        "softwareRequirements": f"Python {made.get('python', 'of an unknown version')}, NumPy {made.get('numpy', 'of an unknown version')}",
    })  # fmt: skip
    here = _quoted(path.name)
    entry["identifier"] = [_value(around, f"#{here}/{_quoted(k)}", k, v) for k, v in numbers.items()]
    entry["variableMeasured"] = told["measures"][0] if len(told["measures"]) == 1 else told["measures"]
    around[f"#{here}/making"] = {
        "@id": f"#{here}/making", "@type": "CreateAction", "name": f"Training of the runs of {visible(path.name)}",
        "description": f"{made['engine']} arithmetic {made['arithmetic']} on {made.get('machine', 'an unknown machine')}",
        "instrument": {"@id": software}, "result": {"@id": entry["@id"]}, "startTime": made["created"],
        "object": [_value(around, f"#{here}/{_quoted(k)}", k, v) for k, v in settings.items()],
    }  # fmt: skip
    return made["created"]


def _value(around: dict[str, Json], key: str, name: str, value: Any) -> Json:
    """A reference to a named value."""
    around[key] = {"@id": key, "@type": "PropertyValue", "name": name, "value": value}
    return {"@id": key}


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="")


def _date(paths: list[Path]) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(max(path.stat().st_mtime for path in paths), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

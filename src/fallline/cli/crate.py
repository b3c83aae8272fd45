"""`fallline crate`: RO-Crate metadata of a folder with maps and reports."""

from __future__ import annotations

from pathlib import Path

from fallline.cli.options import Force

__all__ = ["crate"]


def crate(folder: Path, *, license: str, title: str = "", author: str = "", force: Force = False) -> int:
    """Write ro-crate-metadata.json into a folder: what its maps, reports and pictures are, and what made them.

    Args:
        folder: Folder with map files (.fallmap), reports and pictures.
        license: Address of the license of its content: https://spdx.org/licenses/CC-BY-4.0
        title: What the folder is called; by default, its name.
        author: Who made it: a name, or the address of an ORCID.
    """
    from fallline.report.crate import write_crate

    print(f"Written to {write_crate(folder, license=license, title=title, author=author, overwrite=force)}.")
    return 0

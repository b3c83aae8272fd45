"""Write constraints.txt: the exact versions, from this environment, of all that fallline and its extras depend on.

    python tools/constraints.py > constraints.txt

Names and versions only, never where a package came from: whoever installs has his own index. Run it in an environment
in which the tests pass.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement

EXTRAS = (
    "test",
    "peers",
    "dev",
    "tables",
    "xarray",
    "lab",
    "widget",
    "cluster",
    "browser",
    "pandas",
    "onnx",
    "notebook",
    "docs",
)
HEADER = (
    "# Exact versions with which the tests pass; made by tools/constraints.py. Use: pip install -c constraints.txt .\n"
)


def canonical(name: str) -> str:
    """One spelling of a package's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(package: str, extras: tuple[str, ...], versions: dict[str, str], seen: set[tuple[str, str]]) -> None:
    """Add to `versions` the package and all that it needs with these extras, where installed."""
    try:
        found = distribution(package)
    except PackageNotFoundError:
        print(f"not installed, so not pinned: {package}", file=sys.stderr)
        return
    versions[canonical(package)] = found.version.partition("+")[
        0
    ]  # a local label such as +cpu is no version of the index
    for text in found.requires or ():
        need = Requirement(text)
        for extra in ("", *extras):
            if (text, extra) in seen or (need.marker and not need.marker.evaluate({"extra": extra})):
                continue
            seen.add((text, extra))
            wanted(need.name, tuple(need.extras), versions, seen)


def main() -> None:
    versions: dict[str, str] = {}
    wanted("fallline", EXTRAS, versions, set())
    del versions["fallline"]
    print(HEADER + "\n".join(f"{name}=={version}" for name, version in sorted(versions.items())))


if __name__ == "__main__":
    main()

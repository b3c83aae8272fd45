"""Build sdist and wheel, check them, and let the wheel alone write the report in an empty environment.

    python tools/package.py            # what continuous integration runs
    python tools/package.py --keep DIR # the same, and the two files are left in DIR

Everything happens in a temporary folder. Exit status 1 with one line for whatever is wrong.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
RELATIVE_LINK = re.compile(r"\]\((?!https?:|#|mailto:)")


def run(*command: str | Path, cwd: Path = HERE) -> None:
    """Run a command, in silence unless it fails."""
    # another checkout on the path would take the place of what is installed
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")


def check_contents(wheel: Path) -> None:
    """The wheel holds the package with its data files and nothing else, and its README has links that work anywhere."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next(archive.read(name).decode() for name in names if name.endswith(".dist-info/METADATA"))
    package = HERE / "src"
    expected = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in names if not name.partition("/")[0].endswith(".dist-info")}
    if expected != held:
        sys.exit(f"{wheel.name} must hold the package's files; these differ: {', '.join(sorted(expected ^ held))}")
    if RELATIVE_LINK.search(metadata):
        sys.exit(f"{wheel.name}: its README has a relative link, which no package index can follow.")


def write_report(wheel: Path, scratch: Path) -> None:
    """The wheel, with what it requires and nothing else, writes the built-in study's report."""
    venv.create(scratch / "empty", with_pip=True)
    scripts = scratch / "empty" / ("Scripts" if os.name == "nt" else "bin")
    run(scripts / "python", "-m", "pip", "install", "-q", "-c", HERE / "constraints.txt", wheel, cwd=scratch)
    run(scripts / "fallline", "report", "--out", scratch / "report", cwd=scratch)
    if not (scratch / "report" / "report.html").is_file():
        sys.exit("fallline report ended well but wrote no report.html.")


def main() -> None:
    """Build, check, install, run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave sdist and wheel there")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory(prefix="fallline-package-") as name:
        scratch = Path(name)
        run(sys.executable, "-m", "build", "--outdir", scratch / "dist", HERE)  # the wheel is built from the sdist
        built = sorted((scratch / "dist").iterdir())
        run(sys.executable, "-m", "twine", "check", "--strict", *built)
        wheel = next(path for path in built if path.suffix == ".whl")
        check_contents(wheel)
        write_report(wheel, scratch)
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            for path in built:
                shutil.copy2(path, keep)
        print(f"{', '.join(path.name for path in built)}: built, checked, and the wheel alone wrote the report")


if __name__ == "__main__":
    main()

"""Studies: a described set of runs, in TOML. Read, checked and written, never executed."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from fallline.errors import StudyError, UnknownNameError, shown
from fallline.experiment.formats.toml import parse, to_toml
from fallline.experiment.study_records import Study
from fallline.files import read_text

__all__ = ["BUILTIN", "Study", "builtin_text", "parse", "study", "to_toml"]

BUILTIN = ("three-gaussians",)
"""Names of the studies that come with the package."""


def builtin_text(name: str = "three-gaussians") -> str:
    """The TOML text of a built-in study, with a comment for each key.

    >>> builtin_text().splitlines()[4]
    "# The report's title."
    """
    if name not in BUILTIN:
        raise UnknownNameError("built-in study", name, BUILTIN)
    return resources.files("fallline.experiment").joinpath("builtin", f"{name}.toml").read_text(encoding="utf-8")


def study(what: str | Path | Study = "three-gaussians") -> Study:
    """A study from a built-in name or a TOML file.

    >>> study().network.units, study().network.activations, study().network.loss
    ((2, 3, 2, 3), ('relu', 'relu'), 'cross_entropy')
    """
    if isinstance(what, Study):
        return what
    if not isinstance(what, str | Path):
        raise StudyError(f"a study must be a built-in study's name or a TOML file; got {shown(what)}.")
    if str(what) in BUILTIN:
        return parse(builtin_text(str(what)), name=str(what))
    path = Path(what)
    if path.suffix.lower() != ".toml" and not path.exists():
        raise UnknownNameError("study", str(what), (*BUILTIN, "a TOML file that exists"))
    return parse(read_text(path, StudyError), name=path.stem, source=path.name, folder=path.parent)

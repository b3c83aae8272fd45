"""Studies: a described set of runs, in TOML. Read, checked and written, never executed."""

from fallline.studies.document import BUILTIN, builtin_text, parse, study, to_toml
from fallline.studies.spec import Study

__all__ = ["BUILTIN", "Study", "builtin_text", "parse", "study", "to_toml"]

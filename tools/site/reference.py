"""Pages of the reference, written from what the package declares: public names, settings, families, commands, study keys."""

from __future__ import annotations

import inspect
import math
import re
import textwrap
from pathlib import Path
from typing import Any

from tools.site.studies import studies_page
from tools.site.tables import table

import fallline
from fallline.data.generated import GENERATED
from fallline.measures.measure import MEASURES
from fallline.settings import SETTINGS, Setting
from fallline.textbook.initial import Initial

__all__ = ["FAMILIES", "GROUPS", "python_page", "write_pages"]

GROUPS: dict[str, tuple[str, ...]] = {
    "Runs": ("descend", "Run", "Outcome", "compare", "Comparison", "method", "Method"),
    "Maps": ("map", "Map", "Axis", "measure", "load_map", "merge_maps", "lab"),
    "Models of tables": ("fit", "Model", "from_sklearn", "from_torch", "to_torch"),
    "Networks, data, objectives": (
        "Network", "Dataset", "generate", "read_data", "read_table", "Table", "Target", "Preparation", "Dialect", "objective", "Objective", "LandscapeObjective", "NetworkObjective", "draw_starts",
        "notebook_start",
    ),
    "Equations and checks": ("equations", "Equations", "check_gradient", "Verdict"),
    "Pages of your own": (
        "activation", "loss", "landscape", "optimizer", "schedule", "initial", "Activation", "Loss", "Landscape",
        "Optimizer", "Schedule", "Initial", "Parametrization", "Setting", "Slider",
    ),
    "Studies and errors": ("study", "Study", "FalllineError"),
}  # fmt: skip
"""The public names by theme; each is on one page. Tables of records are on the pages of families and settings."""
TABLES = ("ACTIVATIONS", "INITIALS", "LANDSCAPES", "LOSSES", "OPTIMIZERS", "PARAMETRIZATIONS", "SCHEDULES", "SETTINGS")
INNER = {f"Map.{name}" for name in ("fill", "lost", "missing", "plane", "set", "states")}
"""Methods for the files and pictures of maps, not for users."""
FAMILIES = {
    "Activations": "ACTIVATIONS", "Losses": "LOSSES", "Optimizers": "OPTIMIZERS", "Schedules": "SCHEDULES",
    "Initial weights": "INITIALS", "Parametrizations": "PARAMETRIZATIONS", "Landscapes": "LANDSCAPES",
}  # fmt: skip


def write_pages(folder: Path) -> None:
    """Write the pages into `reference/`."""
    place = folder / "reference"
    place.mkdir(exist_ok=True)
    pages = {
        "python": python_page(), "families": _families(), "settings": _settings(), "command-line": _commands(),
        "studies": studies_page(),
    }  # fmt: skip
    pages |= {_file(group): _group(group, names) for group, names in GROUPS.items()}
    for name, text in pages.items():
        (place / f"{name}.md").write_text(text, encoding="utf-8")


def _file(group: str) -> str:
    return "python-" + group.lower().replace(",", "").replace(" ", "-")


def python_page() -> str:
    """The page of the public names, by theme. Raises ValueError if a name has no place."""
    public = {*fallline.__all__, "map"} - {*TABLES}
    listed = {name for names in GROUPS.values() for name in names}
    if public != listed:
        raise ValueError(f"tools/site/reference.py must list each public name once; these differ: {public ^ listed}")
    lines = [
        f"- [{group}]({_file(group)}.md): " + ", ".join(f"`{name}`" for name in names)
        for group, names in GROUPS.items()
    ]
    toctree = "\n".join(map(_file, GROUPS))
    return (
        "# Python\n\n`import fallline as fl` gives these names. Each loads its module on first use, so the import is fast. "
        "The tables `ACTIVATIONS`, `LOSSES`, `OPTIMIZERS`, `SCHEDULES`, `INITIALS`, `PARAMETRIZATIONS`, `LANDSCAPES` are on the page "
        "[Families](families.md), `SETTINGS` on [Settings](settings.md).\n\n"
        + "\n".join(lines) + f"\n\n```{{toctree}}\n:hidden:\n\n{toctree}\n```\n"
    )  # fmt: skip


def _group(group: str, names: tuple[str, ...]) -> str:
    return f"# {group}\n\n" + "\n".join(_documented(name) for name in names)


def _documented(name: str) -> str:
    """The directive that documents a public name, with the members that a user works with."""
    value = getattr(fallline, name)
    if not inspect.isclass(value):
        return f"```{{eval-rst}}\n.. autofunction:: fallline.{name}\n```\n"
    members = [] if issubclass(value, Exception) else list(_members(value))
    options = f"   :members: {', '.join(members)}\n" if members else ""
    return f"```{{eval-rst}}\n.. autoclass:: fallline.{name}\n   :no-index-entry:\n{options}```\n"


def _members(record: type) -> list[str]:
    """Public methods and properties with a docstring, our own ones, in the order of their names."""
    names = []
    for name in sorted(dir(record)):
        member = inspect.getattr_static(record, name)
        member = getattr(member, "__func__", getattr(member, "func", member))
        ours = str(getattr(getattr(member, "fget", member), "__module__", "")).startswith("fallline")
        shown = inspect.isfunction(member) or isinstance(member, property)
        if (
            shown
            and ours
            and f"{record.__name__}.{name}" not in INNER
            and not name.startswith(("_", "model_"))
            and inspect.getdoc(member)
        ):
            names.append(name)
    return names


def _setting_row(setting: Setting) -> tuple[str, ...]:
    default = "" if setting.default is None or not math.isfinite(setting.default) else f"{setting.default:g}"
    return f"`{setting.name}`", setting.meaning, default, setting.range


def _settings() -> str:
    head = (
        "# Settings\n\nA setting is declared once, with its range, default and meaning. Flags of the command line, keys of "
        "studies, axes of maps, sliders of the lab and error messages come from the declaration. In Python they are "
        "arguments; on the command line `learning_rate` is `--learning-rate`.\n\n"
    )
    return head + table(("name", "meaning", "default", "range"), [_setting_row(s) for s in SETTINGS.values()])


def _families() -> str:
    parts = [
        "# Families\n\nWhat is chosen by name, in Python, in studies, on the command line and in the lab. Every formula here "
        "is read from the function that trains.\n"
    ]
    for title, family in FAMILIES.items():
        parts.append(f"## {title}\n")
        parts += [_member(name, record) for name, record in getattr(fallline, family).items()]
    parts.append("## Generated data\n")
    parts += [_member(name, record, headed=False) for name, record in GENERATED.items()]
    rows = [(f"`{name}`", measure.meaning) for name, measure in MEASURES.items()]
    parts.append("## Measures\n\nWhat a map keeps of each run. The page [Maps](../maps.md#measures) says more.\n")
    parts.append(table(("name", "meaning"), rows))
    return "\n".join(parts)


def _member(name: str, record: Any, *, headed: bool = True) -> str:
    """A member of a family: its name, equations, text and settings."""
    label = getattr(record, "label", "") or name.replace("_", " ")
    function = next(
        (
            f
            for f in map(record.__dict__.get, ("step", "function", "page", "factor", "powers", "deviation"))
            if callable(f)
        ),
        None,
    )
    doc = inspect.getdoc(function) or ""
    prose = (
        [part for part in textwrap.dedent(doc).split("\n\n") if not part.startswith((" ", ">>>"))]
        if headed
        else [doc.split("\n\n")[0]]
    )
    text = "\n\n".join(part for part in prose if not part.startswith("Settings:"))
    parts = [f"### {label}\n", f"`{name}`\n", _equations(record), _safe(text) + "\n", _drawn(record)]
    if declared := getattr(record, "declared", None):
        rows = [_setting_row(setting) for setting in declared.values()]
        parts.append(table(("setting", "meaning", "default", "range"), rows))
    return "\n".join(part for part in parts if part.strip())


def _drawn(record: Any) -> str:
    """What a distribution of initial weights draws, beside its factor."""
    if not isinstance(record, Initial):
        return ""
    z = {"normal": "z is normal", "uniform": "z is uniform in [-1, 1)", "zeros": "z is 0"}[record.variates]
    biases = "biases are drawn like weights" if record.biases else "biases are 0"
    order = ", from the last layer to the first" if record.order == "backward" else ""
    return f"{z}; {biases}{order}.\n"


def _equations(record: Any) -> str:
    from fallline.errors import UsageError

    try:
        html = fallline.equations(record)._repr_html_()
    except UsageError:
        return ""  # initial weights and data are drawn, not computed by a formula
    html = html.split("</p>", 1)[1]  # its title is the heading above
    return f'```{{raw}} html\n<div class="equation">{html}</div>\n```\n'


def _safe(text: str) -> str:
    """Plain text as Markdown."""
    return (
        text.replace("*", "\\*").replace("<", "\\<").replace("|", "\\|").replace("_", "\\_")
        if "`" not in text
        else text
    )


def _commands() -> str:
    from fallline.cli.app import app

    text: str = app.generate_docs(output_format="markdown")
    text = re.sub(r"^(fallline [\w ]+?) -m \S+", r"\1", text, flags=re.MULTILINE)  # how this process was started
    before, _, rest = text.partition("## Table of Contents")
    _, _, rest = rest.partition("**Commands**")  # the sidebar has the contents
    return (before + "**Commands**" + rest).replace("# fallline\n", "# Command line\n", 1)

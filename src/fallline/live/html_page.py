"""The text of a page in one file: its head with the content policy, its style, its figure as JSON, and its script."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fallline.errors import visible
from fallline.lab.page_files import PAGE as LAB_PAGE
from fallline.lab.page_files import bundled
from fallline.sentences import capital

__all__ = ["PAGE", "digest", "figure_element", "html_page", "inline_head", "inline_script", "style_of"]

PAGE = Path(__file__).parent / "page"
"""The folder of the modules that only live pages have."""


def html_page(title: str, head: str, body: str) -> str:
    """A page's text: its title in words, what its head has besides, such as `inline_head`, and what stands in its body.

    >>> print("".join(html_page("booth", "", "<p>text</p>").splitlines(keepends=True)[-3:]).strip())
    <p>text</p>
    </body>
    </html>
    """
    icon = base64.b64encode((LAB_PAGE / "favicon.svg").read_bytes()).decode()
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
{head}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{html.escape(capital(visible(title)))} · fallline</title>
<link rel="icon" href="data:image/svg+xml;base64,{icon}" type="image/svg+xml">
</head>
<body>
{body}
</body>
</html>
"""


def inline_head(policy: Mapping[str, str], style: str) -> str:
    """The content policy and the style of a page in one file.

    Parameters
    ----------
    policy
        The sources of each kind, except the style, which is allowed by its hash. All else is forbidden.
    style
        The style sheet.

    Examples
    --------
    >>> print(inline_head({"script-src": "'none'"}, "p { color: red }")[:102])
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'none'; style-src '
    """
    rules = {
        "default-src": "'none'", **policy, "style-src": f"'{digest(style)}'", "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip
    text = "; ".join(f"{name} {sources}" for name, sources in rules.items())
    return f'<meta http-equiv="Content-Security-Policy" content="{text}">\n<style>{style}</style>'


def figure_element(figure: Mapping[str, Any]) -> str:
    """The element that holds what a page's script has to know."""
    text = json.dumps(figure, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="figure">{text}</script>'


@cache
def inline_script(entry: str) -> str:
    """A module of `PAGE` and all that it imports, as the text of one script element."""
    return bundled(PAGE, entry).replace("</script", "<\\/script")


@cache
def style_of(*names: str) -> str:
    """The lab's style sheet, and after it those of `PAGE` with these names."""
    paths = [LAB_PAGE / "lab.css", *(PAGE / name for name in names)]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def digest(text: str) -> str:
    """The hash of an inline script or style, as a content policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

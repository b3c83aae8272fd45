"""The lab: training explored live, in the browser (`serve`) or in a notebook (`fallline.lab(...)`, a widget)."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fallline.lab.server.serve import serve

if TYPE_CHECKING:
    from fallline.lab.widget import lab as lab

__all__ = ["lab", "serve"]


def __getattr__(name: str) -> Any:
    if name != "lab":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fallline.lab.widget import lab

    return lab


class _Callable(ModuleType):
    """`fallline.lab` names this package and the public function; Python keeps the package, so it can be called too."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self.lab(*arguments, **options)


sys.modules[__name__].__class__ = _Callable

"""What `--estimate` prints."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from fallline.runs.spent import Spent

__all__ = ["print_estimate", "startup"]


class _Facts(Protocol):
    """An estimate: its text is a sentence."""

    def to_dict(self) -> dict[str, Any]: ...


def print_estimate(estimate: _Facts, *, as_json: bool) -> int:
    """Print an estimate as a sentence, or as one JSON object; return the exit status."""
    print(json.dumps(estimate.to_dict()) if as_json else estimate)
    return 0


def startup() -> Spent:
    """The time that this command has taken so far, which the computation will take, too. Starting waits for nothing but the processor."""
    from fallline.runs.spent import Spent

    taken = time.process_time()
    return Spent(taken, taken)

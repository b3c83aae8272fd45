"""What `--estimate` prints."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fallline.maps.probe import Estimate

__all__ = ["print_estimate", "startup"]


def print_estimate(estimate: Estimate, *, as_json: bool) -> int:
    """Print an estimate as a sentence, or as one JSON object; return the exit status."""
    print(json.dumps(estimate.to_dict()) if as_json else estimate)
    return 0


def startup() -> tuple[float, float]:
    """The seconds of the processor that this command has taken so far, which the computation will take, too; twice."""
    return time.process_time(), time.process_time()

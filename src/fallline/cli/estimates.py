"""What `--estimate` prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fallline.maps.probe import Estimate

__all__ = ["print_estimate"]


def print_estimate(estimate: Estimate, *, as_json: bool) -> int:
    """Print an estimate as a sentence, or as one JSON object; return the exit status."""
    print(json.dumps(estimate.to_dict()) if as_json else estimate)
    return 0

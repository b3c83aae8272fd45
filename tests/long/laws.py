"""The full form of `fallline reproduce`: each law's findings from 100 starts have the SHA-256 that is stored for the documentation.

    python tests/long/laws.py

About 30 s of processor time. A law whose findings changed on purpose: write its results anew, as `tools/site/laws.py` says.
"""

from __future__ import annotations

import sys

from tools.site.laws import stored

from fallline.laws import LAWS, Trial
from fallline.laws.reproduce import hash_of, reproduce


def main() -> int:
    """Exit status 1 if a hash differs."""
    found = stored()
    wrong = 0
    for law in found["laws"]:
        (result,) = reproduce([LAWS[law["law"]]], Trial(found["starts"], found["seed"]))
        same = hash_of([result]) == law["sha256"]
        wrong += not same
        print(f"{law['law']}: {'the stored findings' if same else 'OTHER FINDINGS'}", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())

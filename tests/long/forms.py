"""Every combination of a form of arguments, a layout, a form of targets and a form of results, right and with a fault.

    python tests/long/forms.py

tests/test_checks_calling.py tries a third of them.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from test_checks_calling import ARGUMENTS, COMBINATIONS, FAULTS, excused, missed


def main() -> int:
    begin = time.perf_counter()
    failures = [case for arguments in ARGUMENTS for case in missed(arguments, COMBINATIONS)]
    failures += [
        (fault, *case) for fault, (old, new) in FAULTS.items() if old != new for case in excused(fault, COMBINATIONS)
    ]
    for failure in failures:
        print(*failure)
    print(f"{len(COMBINATIONS)} combinations, {len(failures)} failures ({time.perf_counter() - begin:.0f} s)")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())

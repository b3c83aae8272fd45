"""Every combination of a form of arguments, a layout, a form of targets and a form of results, right and with a fault.

    python tests/long/forms.py

tests/test_checks_calling.py tries a third of them.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from test_checks_calling import (
    ARGUMENTS,
    COMBINATIONS,
    FAULTS,
    test_a_faulty_gradient_fits_under_no_hypothesis,
    test_combinations_of_forms_are_understood,
)


def main() -> int:
    begin, failures = time.perf_counter(), []
    cases = [(test_combinations_of_forms_are_understood, name) for name in ARGUMENTS]
    cases += [(test_a_faulty_gradient_fits_under_no_hypothesis, name) for name, (old, new) in FAULTS.items() if old != new]
    for test, name in cases:
        try:
            test(name, COMBINATIONS)
        except AssertionError as error:
            failures.append((name, error))
    for name, error in failures:
        print(name, error)
    print(f"{len(COMBINATIONS)} combinations, {len(failures)} failures ({time.perf_counter() - begin:.0f} s)")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())

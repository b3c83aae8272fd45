"""No bit of a map, a start or a data set comes from C's library or from NumPy's vector code, which differ by machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "wrong_libm.py"


def hashes(*words: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *words], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.long
def test_functions_that_err_by_a_unit_in_the_last_place_change_no_hash():
    right, wrong = hashes(), hashes("wrong")
    assert len(right) > 20
    assert [name for name in right if right[name] != wrong[name]] == []

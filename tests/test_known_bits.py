"""The hashes that every machine must give, on this one. `tools/machines.py` has them from emulated machines, too."""

from __future__ import annotations

import pytest

from fallline.readings.machine.target import INSTRUCTION_SETS, this_host
from known_bits import hashes, recorded


@pytest.mark.parametrize("name", ["native", *INSTRUCTION_SETS])
def test_known_bits(name):
    """They change only together with ARITHMETIC_VERSION; then `python tests/known_bits.py --record`."""
    if name != "native" and name not in this_host().sets:
        pytest.skip(f"this machine does not run {name}")
    assert hashes(name) == recorded()

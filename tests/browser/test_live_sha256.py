"""The page's own SHA-256 is that of Python, also at the lengths where a block is full, and from a plain http address."""

from __future__ import annotations

import hashlib
from typing import Any

from live_page import LivePage

LENGTHS = [*range(130), 1000, 100_000]


def test_sha256_is_that_of_python(chromium: Any) -> None:
    live = LivePage(chromium)
    assert not live.page.evaluate("isSecureContext")
    bytes_of = "n => Uint8Array.from({ length: n }, (_, k) => (37 * k + n) & 255)"
    found = live.ask("sha256", f"a.map({bytes_of}).map(m.sha256)", LENGTHS)
    live.page.close()
    assert found == [hashlib.sha256(bytes((37 * k + n) & 255 for k in range(n))).hexdigest() for n in LENGTHS]

"""A live page in Firefox, opened from a disk: its values have the bits of Python, and it requests nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from fallline.live import map_page
from live_page import SMALL, study_map

pytest.importorskip("websockets", reason="Firefox is driven over a websocket: fallline[lab]")

from firefox import Firefox, path_of_firefox


@pytest.mark.long
def test_firefox_trains_the_map_with_the_bits_of_python(tmp_path: Path) -> None:
    path = path_of_firefox()
    if path is None:
        pytest.skip("no Firefox is installed")
    m, page, profile = study_map(), tmp_path / "page.html", tmp_path / "profile"
    map_page(m, page)
    profile.mkdir()
    with Firefox(profile, path) as firefox:
        firefox.before_each_page(SMALL)
        firefox.open(page.as_uri())
        firefox.until("document.getElementById('lab')?.dataset.state === 'ready'")
        assert firefox.ask("document.querySelector('.sha256').textContent") == m.sha256
        firefox.click(".check-hash")
        firefox.until("document.querySelector('.about [data-equal]')?.dataset.equal === 'true'")
        firefox.click(".map-cells", 0.3, 0.5)
        firefox.until("document.querySelectorAll('.pin').length === 1")
        firefox.until("document.getElementById('lab').dataset.state === 'ready'")
        assert "loss" in firefox.ask("document.querySelector('.sentences li').innerText")
    assert firefox.errors == []
    assert [url for url in firefox.requests if not url.startswith(("data:", "blob:", "file:"))] == []

"""What all tests share: Hypothesis profiles, shapes compared with signatures, and a browser where there is one."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import shape_checker

# Machines of continuous integration are slow at odd moments: a law is no benchmark, so it has no deadline. There the
# examples are the same in every run, so that a failure is a failure of the change; at home each run draws new ones.
settings.register_profile("home", deadline=None, max_examples=50)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=50,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "home")


shape_checker.install()

collect_ignore = [
    "layouts"
]  # programs as people write them: they train, plot and read arguments when they are imported


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the examples that need PyTorch where it is not installed."""
    if importlib.util.find_spec("torch") is None:
        for item in items:
            if isinstance(item, pytest.DoctestItem) and item.path.name == "torch_networks.py":
                item.add_marker(pytest.mark.skip(reason="needs PyTorch"))


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Workers of `-n auto`: one more than there are cores, since tests of pages and commands wait for other processes."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One headless Chromium for the whole session; tests that need it are skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("browser tests need Chromium: none is installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()

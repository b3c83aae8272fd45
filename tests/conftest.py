"""What all tests share: Hypothesis profiles, and peers that may be absent."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

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

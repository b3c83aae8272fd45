"""A fault at a new site of the page, as CONTRIBUTING.md shows it: one file is edited, and the checker names the fault."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import fallline

NEW_SITE = """    SiteKind("product", Role.FORWARD, "forward", every_layer, source="network.scales[l - 1] * (A @ W)", layer="l"),
"""
NEW_FAULT = """    Fault("product_scale_omitted", "network.scales[l - 1]", "1",
          "the forward pass leaves out the scale of layer {l}", "multiply A W by the scale", is_scaled),
"""
IMPORTS = """from fallline.checks.faults.conditions import is_scaled
from fallline.checks.faults.site import every_layer
"""

CHECK = """
import numpy as np
import fallline as fl
from fallline.textbook.operations import softmax

def gradient(W1, b1, W2, b2, X, T):
    A = np.tanh(X @ W1 + b1)  # the scale 0.5 is left out
    D2 = softmax(2.0 * (A @ W2) + b2) - T
    D1 = 2.0 * (D2 @ W2.T) * (1 - A**2)
    return 0.5 * (X.T @ D1), D1.sum(axis=0), 2.0 * (A.T @ D2), D2.sum(axis=0)

verdict = fl.check_gradient(gradient, fl.Network.of("2-3-2", activation="tanh", scales=(0.5, 2.0)))
print(verdict.sentence)
"""


def _verdict(source: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", CHECK]
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=True).stdout


def test_a_fault_at_a_new_site_is_named_after_an_edit_of_one_file(tmp_path):
    shutil.copytree(Path(fallline.__file__).parent, tmp_path / "fallline", ignore=shutil.ignore_patterns("__pycache__"))
    assert "no known fault, or pair of them, explains it" in _verdict(tmp_path)
    path = tmp_path / "fallline" / "checks" / "faults" / "forward.py"
    text = path.read_text(encoding="utf-8")
    for before, inserted in (
        ("from fallline.checks", IMPORTS),
        ("KINDS = (\n", NEW_SITE),
        ("\nFAULTS = (\n", NEW_FAULT),
    ):
        at = text.index(before) + (len(before) if before.endswith("\n") else 0)
        text = text[:at] + inserted + text[at:]
    path.write_text(text, encoding="utf-8")
    assert _verdict(tmp_path) == "gradient is wrong: the forward pass leaves out the scale of layer 1.\n"

"""x"""
from __future__ import annotations
from fallline.checks.diagnosis.layer_walk import walk_layers
from fallline.checks.diagnosis.required_blocks import RequiredBlocks
from fallline.checks.diagnosis.search import explain
def explanations_of(groups, numbers, tolerance=1e-9):
    e = explain(groups, numbers, tolerance)
    if e: return e
    p = walk_layers(RequiredBlocks(groups, numbers, tolerance))
    return [p.explanation] if not p.unexplained else []

"""Runs: a single descent and its outcome, comparisons over many starts, maps."""

"""Measures and outcomes: what a run is judged by."""

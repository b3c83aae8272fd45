"""Experiments: what is trained and how, described once for every door."""

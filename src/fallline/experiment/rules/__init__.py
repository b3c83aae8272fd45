"""Rules that hold in an experiment; each restores itself after a change."""

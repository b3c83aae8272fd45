"""The text forms of an experiment: TOML, JSON Schema, the map file."""

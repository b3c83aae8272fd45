"""The description of a map: plain data that a map file keeps, read without trust, and functions known by their fingerprints."""

"""The texts of a study: TOML with the line of each mistake, and the JSON Schema by which editors check it."""

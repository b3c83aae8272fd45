"""The pages of tested laws: what `fallline reproduce --out` writes."""

"""Maps: a whole plane of runs, in tiles, kept in a file that survives a crash and says what made it."""

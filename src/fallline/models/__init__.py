"""Models: networks fitted to a user's own table, as ensembles of many starts, with early stopping; and their files."""

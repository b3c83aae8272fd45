"""The report's chapters: for each, what its template needs."""

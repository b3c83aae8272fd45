"""The work for a page: jobs and their threads, tiles, runs, scenes, equations, exports."""

"""Checks of a folder of files, each file in a process of its own."""

"""The search for the faults that give the numbers of the checked function."""

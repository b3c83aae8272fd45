"""The steps of an optimizer: how they are called, the trials, and the search for their fault."""

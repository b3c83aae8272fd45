"""Gradient checking and diagnosis: where a hand-written gradient goes wrong, and why.

A fault is a mutation of the textbook's own page (`faults`, `mutation`). The mutation, or pair of mutations, that
reproduces the numbers of the checked function to rounding is the diagnosis (`search`), so it is never a guess.
"""

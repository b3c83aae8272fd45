"""Gradient checking and diagnosis: where a hand-written gradient goes wrong, and why.

A fault is a mutation of the textbook's own page. The diagnosis is the mutation, or pair of mutations, that reproduces the
numbers of the checked function to rounding.

Each sub-package imports only from those above it in this list:

- `reference`: the samples, and the right gradient on them.
- `user_files`: a user's file as it is: read, run as far as it goes, and searched for gradients.
- `calling`: how the user's function is loaded and called, and how its arguments and results are read.
- `faults`: the catalogue of faults, and the textbook's page with all of them as alternatives.
- `diagnosis`: the search for the faults that give the checked numbers.
- `presentation`: the verdict, and how it is shown.
- `steps`: the steps of an optimizer: how they are called, the trials, and the search for their fault.
- `subjects`: one check for each kind of subject: network, landscape, activation, loss, optimizer.
- `gradient` and `gradient_file`: the checks of a function and of a file. `grading`: the check of a file, or of each file of a
  folder, in a process of its own, and the forms of autograders. `command`: `fallline check`.
"""

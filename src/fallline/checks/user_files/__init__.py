"""A user's file as it is: a module, a script or a notebook, read, run as far as it goes, and searched for gradients."""

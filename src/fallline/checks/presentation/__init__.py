"""The verdict, and how it is shown: as text, in the terminal, in a notebook, as a picture."""

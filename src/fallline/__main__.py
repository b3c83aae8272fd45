"""`python -m fallline` is the command `fallline`."""

import sys

if not sys.flags.safe_path:  # -m puts the working folder first: a random.py there would hide the library's
    del sys.path[0]

from fallline.cli import main

if __name__ == "__main__":
    sys.exit(main())

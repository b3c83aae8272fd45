"""`python -m fallline` is the command `fallline`."""

import sys

from fallline.cli import main

if __name__ == "__main__":
    sys.exit(main())

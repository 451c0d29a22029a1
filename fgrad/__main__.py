"""`python -m fgrad` is the command `fgrad`."""

import sys

from fgrad.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

"""Runs as `python -m tests.corpus [TASK …] [--only WORD]`."""

import sys

from tests.corpus import main

if __name__ == "__main__":
    sys.exit(main())

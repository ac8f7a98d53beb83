#!/usr/bin/env python3
"""Grade the exercises: `python grade.py --help`."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - reported before anything newer is parsed
    sys.exit("grade.py: Python 3.11 or newer is needed, this is %d.%d." % sys.version_info[:2])

try:
    from graders.cli import main
except ModuleNotFoundError as error:
    sys.stderr.write(
        "grade.py: the package %s is not installed. Run python -m uv run grade.py, which installs "
        "what is needed, or python -m pip install . first.\n" % error.name
    )
    sys.exit(2)
except KeyboardInterrupt:
    sys.stderr.write("grade.py: stopped.\n")
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(main())

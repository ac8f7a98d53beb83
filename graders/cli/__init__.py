"""The command line: `python grade.py`."""

from graders.cli.main import main

__all__ = ["main"]

"""The graders. A folder is a process or a vocabulary: see CONTRIBUTING.md."""

from pathlib import Path

# The kit's own folder.
KIT = Path(__file__).resolve().parent.parent

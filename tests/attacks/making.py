"""What a `make.py` uses, which writes a submission: `make.py FOLDER PLANTED` prints the file's name."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

folder: str = sys.argv[1]
planted: dict[str, Any] = json.loads(sys.argv[2])


def notebook(*sources: str) -> str:
    """Returns a notebook of code cells, as text."""
    kept = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**kept, "source": text} for text in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def write(name: str, text: str | bytes) -> None:
    """Writes the submission."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)
    print(name)

"""Notebooks for tests, made from modules and cells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def code(source: str, **marks: Any) -> dict[str, Any]:
    """Returns a code cell; `marks` are nbgrader's metadata."""
    metadata = {"nbgrader": marks} if marks else {}
    return {
        "cell_type": "code",
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def notebook(*cells: dict[str, Any] | str) -> str:
    """Returns a notebook as text, of cells or of the source of code cells."""
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def write(path: Path, *cells: dict[str, Any] | str) -> Path:
    """Writes a notebook and returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook(*cells), encoding="utf-8")
    return path

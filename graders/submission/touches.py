"""What a submission touches that no exercise asks for: something for a person to look at.

It decides nothing. The walls and the judge keep such code from earning points; this tells an
instructor where somebody tried, or where somebody plays.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

# Modules by their first name, attributes and words in strings, with what a reader is told.
MODULES = {
    "graders": "the kit's own modules",
    "ctypes": "ctypes",
    "_ctypes": "ctypes",
    "cffi": "ctypes",
    "gc": "other objects in memory (gc)",
}
ATTRIBUTES = {
    "_getframe": "frames",
    "_current_frames": "frames",
    "currentframe": "frames",
    "f_back": "frames",
    "f_locals": "frames",
    "f_globals": "frames",
    "tb_frame": "frames",
    "gi_frame": "frames",
    "settrace": "frames",
    "setprofile": "frames",
    "__subclasses__": "other objects in memory (gc)",
    "fork": "processes",
    "kill": "processes",
    "killpg": "processes",
    "_exit": "processes",
}
WORDS = {
    "/proc": "/proc",
    "sys.modules": "sys.modules",
    "graders.": "the kit's own modules",
    "_getframe": "frames",
    "f_locals": "frames",
    "f_back": "frames",
}


def touches(tree: ast.Module) -> dict[str, int]:
    """Finds what a submission touches beside what the exercises are about.

    Args:
        tree: Its syntax tree.

    Returns:
        Dict from words for a reader to the first line where it does.
    """
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        for what in _of(node):
            line = getattr(node, "lineno", 0)
            found[what] = min(line, found.get(what, line))
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [node.module or ""]
        if node.module == "sys" and any(alias.name == "modules" for alias in node.names):
            yield "sys.modules"
    else:
        names = []
    yield from (MODULES[name] for name in (n.partition(".")[0] for n in names) if name in MODULES)
    if isinstance(node, ast.Attribute):
        if node.attr in ATTRIBUTES:
            yield ATTRIBUTES[node.attr]
        elif node.attr == "modules" and isinstance(node.value, ast.Name) and node.value.id == "sys":
            yield "sys.modules"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from (what for word, what in WORDS.items() if word in node.value)

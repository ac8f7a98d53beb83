"""Text on a terminal: prose is wrapped; code, commands and paths are not, and can be copied.

What is printed of it must not be cropped: `console.print(…, crop=False)`.
"""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from graders.reports.blocks import is_code

# What stays on one line, if it begins a word: code in backticks, a quoted path, a command.
_WHOLE = re.compile(
    r"\S*?(?:"
    r"`[^`\n]{1,200}`"
    r"|'[^'\n]{0,200}[/\\][^'\n]{0,200}'"
    r'|"[^"\n]{0,200}[/\\.][^"\n]{0,200}"(?:, (?:code cell \d+, )?line \d+)?'
    r"|python grade\.py(?: \w+)?(?: --[\w-]+(?: (?:'[^'\n]*'|[^\s'-]\S*))?){0,8}"
    r")\S*|\S+"
)


def fill(line: str, width: int) -> list[str]:
    """Wraps a line of prose.

    Args:
        line: String.
        width: Integer, in cells of a terminal; what has no blank in it may be wider.

    Returns:
        List of strings.
    """
    found: list[str] = []
    at = 0
    for word in _WHOLE.finditer(line):
        gap = line[at : word.start()]
        at = word.end()
        if found and cell_len(found[-1]) + len(gap) + cell_len(word[0]) <= width:
            found[-1] += gap + word[0]
        else:
            found.append(word[0])
    return found or [""]


class Told:
    """A message as rich prints it.

    Args:
        message: String.
        indent: Integer, how many blanks stand before each line.
        style: String, rich's.
    """

    def __init__(self, message: str, indent: int = 0, style: str = ""):
        self._message, self._indent, self._style = message, " " * indent, style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yields the lines."""
        width = max(20, options.max_width - len(self._indent))
        for line in self._message.split("\n"):
            for part in [line] if is_code(line) else fill(line, width):
                yield Text(self._indent + part, self._style, no_wrap=True, overflow="ignore")

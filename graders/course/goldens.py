"""Golden verdicts: what a wrong submission of a corpus must fail on, and with which words.

A wrong submission begins with its golden verdict: lines `# fails:`, `# says:`, and `# line:` or
`# no line:`. What a machine made has one line more, `# made: <how> <digest>`: as long as the digest
is that of the rest of the file, nobody has changed it, and it may be made again.
"""

from __future__ import annotations

import hashlib
import re

from graders.runner import Event, Listener, ResultReady
from graders.verdict import CheckResult

MADE = re.compile(r"^# made: (.+) ([0-9a-f]{12})\n", re.MULTILINE)
# A message's words are looked for on one line, and should outlast another draw of the data.
LONGEST, SHORTEST = 60, 10


class FirstFailure(BaseException):
    """Ends a grading at the first check that does not pass: what comes after it changes nothing.

    Not an `Exception`, which the runner would take for a fault of the grader.
    """

    def __init__(self, result: CheckResult):
        super().__init__(result.id)
        self.result = result


def stops_at(*outcomes: str) -> Listener:
    """Returns a listener that ends a grading at the first check with one of some outcomes.

    It listens in the thread that asked for the grading, and raises `FirstFailure` there.
    """

    def listen(_: str, event: Event) -> None:
        match event:
            case ResultReady(result) if result.outcome in outcomes:
                raise FirstFailure(result)

    return listen


def _steady(clause: str) -> str:
    """Returns the longest part of a clause without numbers, which another draw would change."""
    parts = re.split(r"\S*\d\S*|\n", clause)
    words = max((part.strip(" ,;:.()") for part in parts), key=len)
    if len(words) > LONGEST:
        words = words[: LONGEST + 1].rpartition(" ")[0].strip(" ,;:.()")
    return words


def words_of(message: str) -> tuple[str, ...]:
    """Returns the words of a check's message that tell it from others.

    Args:
        message: String, as a student reads it.

    Returns:
        Tuple of one or two strings, each a part of one line of the message, without numbers.
    """
    raised = re.match(r"Your code raised (\w+)", message)
    if raised:
        return (raised[0],)
    expected, _, rest = message.partition(". Found ")
    found = rest.partition(". ")[0]
    said = [_steady(clause) for clause in (expected.removeprefix("Expected "), found)]
    said = [words for words in said if len(words) >= SHORTEST]
    return tuple(dict.fromkeys(said)) or (_steady(message),)


def head(result: CheckResult, shortcut: str = "") -> str:
    """Returns the lines with which a wrong submission begins.

    Args:
        result: `CheckResult` of the first check that did not pass.
        shortcut: String, what follows `# shortcut:` if a bound must keep the submission out.
    """
    lines = [f"# fails: {result.id.partition('::')[2]}"]
    lines += [f"# says: {words}" for words in words_of(result.message)]
    pointed = result.where.code.strip() if result.where else ""
    lines.append(f"# line: {pointed}" if pointed else "# no line: the message points at none")
    if shortcut:
        lines.append(f"# shortcut: {shortcut}")
    return "\n".join(lines) + "\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def marked(how: str, top: str, program: str) -> str:
    """Returns a file of the corpus with its `# made:` line.

    Args:
        how: String, how it was made.
        top: String, the lines of `head`; may be empty.
        program: String.
    """
    return f"{top}# made: {how} {_digest(top + program)}\n{program}"


def made(text: str) -> str:
    """Returns how a file of the corpus was made; empty if by hand, or changed since.

    Args:
        text: String, the whole file.
    """
    found = MADE.search(text)
    if found is None or found[2] != _digest(text[: found.start()] + text[found.end() :]):
        return ""
    return found[1]


def program(text: str) -> str:
    """Returns a file of the corpus without the lines of its head.

    Args:
        text: String, the whole file.
    """
    lines = text.splitlines(True)
    while lines and re.match(r"# (fails|says|line|no line|shortcut|made):", lines[0]):
        lines.pop(0)
    return "".join(lines)


def fails(text: str) -> list[str]:
    """Returns the checks that a file's head names.

    Args:
        text: String, the whole file.
    """
    found = re.findall(r"^# fails: *(.+)$", text[: len(text) - len(program(text))], re.MULTILINE)
    return [name.strip() for names in found for name in names.split(",")]


def shortcut(text: str) -> str:
    """Returns what follows `# shortcut:` in a file's head; empty if it is none.

    Args:
        text: String, the whole file.
    """
    found = re.search(r"^# shortcut: *(.+)$", text[: len(text) - len(program(text))], re.MULTILINE)
    return found[1] if found else ""

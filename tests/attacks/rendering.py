"""Looks whether a verdict's text reaches a page, a terminal or another program as what it is not."""

from __future__ import annotations

import re
import xml.etree.ElementTree

from graders.reports import html, junit
from graders.verdict import TaskVerdict, Verdict

# Attacks of the kind `text` put this into everything that they can name.
MARK = "hostile-tag"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]")


def faults(verdict: TaskVerdict) -> list[str]:
    """Returns what must not be in the outputs of a verdict."""
    found = []
    for words in (verdict.message, *(check.message for check in verdict.checks)):
        if odd := CONTROL.search(words):
            found.append(f"a control character in a message: {odd[0]!r}")
        if len(words) > 20_000:
            found.append(f"a message of {len(words)} characters")
    whole = Verdict(0, (verdict,), 0.0, "public checks")
    if f"<{MARK}" in html.render(whole):
        found.append("a tag of the submission's is in the page")
    try:
        xml.etree.ElementTree.fromstring(junit.render(whole))
    except xml.etree.ElementTree.ParseError as error:
        found.append(f"the JUnit file is no XML: {error}")
    return found

"""A student's Markdown for pages that others open: text, lists, tables and links, no script.

nbgrader's pages show Markdown as HTML, and HTML within it as it is. They are served from the
address of the instructor's Jupyter server, where a script could give points.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from html.parser import HTMLParser

from nbconvert.filters.markdown_mistune import markdown2html_mistune

# A longer answer is shown as it was typed: rendering may take time that grows with the square.
MAX_RENDERED = 20_000
# What begins a tag for a browser: `a < b` stays, `a <b` becomes `a < b`.
TAG = re.compile(r"<(?=[A-Za-z/!?])")
# Pictures are shown as links: a page must not ask other servers, or this one, when it is opened.
PICTURE = re.compile(r"!(?=\[)")
ATTACHED = re.compile(r"attachment:", re.IGNORECASE)
TAGS = frozenset(
    "a blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr li ol p pre s span strong sub "
    "sup table tbody td th thead tr u ul".split()
)
ATTRIBUTES = frozenset("align class href id start style title".split())
STYLE = re.compile(r"text-align: ?(left|right|center);?")
ADDRESS = re.compile(r"(https?://|mailto:|#).*", re.IGNORECASE | re.DOTALL)


class _Reader(HTMLParser):
    """Reads a page's part, and notes whether all of it is known to be harmless."""

    def __init__(self, reserved: Collection[str]) -> None:
        super().__init__()
        self.harmless, self._reserved = True, reserved

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Looks at a tag and its attributes."""
        self.harmless &= tag in TAGS
        for name, value in attrs:
            self.harmless &= name in ATTRIBUTES
            if name == "href":
                self.harmless &= ADDRESS.fullmatch(value or "") is not None
            elif name == "style":
                self.harmless &= STYLE.fullmatch(value or "") is not None
            elif name == "id":
                self.harmless &= value not in self._reserved

    def handle_comment(self, data: str) -> None:
        """Notes a comment: none comes from Markdown."""
        self.harmless = False

    def handle_decl(self, decl: str) -> None:
        """Notes a declaration."""
        self.harmless = False

    def unknown_decl(self, data: str) -> None:
        """Notes a declaration."""
        self.harmless = False

    def handle_pi(self, data: str) -> None:
        """Notes a processing instruction."""
        self.harmless = False


def is_harmless(text: str, reserved: Collection[str] = ()) -> bool:
    """Returns whether Markdown comes to nothing but plain text, lists, tables and links to the web.

    Args:
        text: String.
        reserved: Collection of strings, the ids that the page has itself. A heading has an id, too.
    """
    try:
        page = markdown2html_mistune(text)
    except Exception:
        # nbgrader would fail to make the page.
        return False
    reader = _Reader(reserved)
    reader.feed(page)
    reader.close()
    return reader.harmless


def harmless(text: str, reserved: Collection[str] = ()) -> str:
    """Makes Markdown that somebody else wrote safe to show as a page.

    Args:
        text: String.
        reserved: Collection of strings, as for `is_harmless`.

    Returns:
        String, Markdown: the same text without HTML. What is too long, or comes to anything but
        plain text, lists, tables and links to the web, is shown as it was typed.
    """
    cleaned = ATTACHED.sub("attachment (not kept) ", PICTURE.sub("", TAG.sub("< ", text)))
    if len(cleaned) <= MAX_RENDERED and is_harmless(cleaned, reserved):
        return cleaned
    # An indented block: nothing in it is markup.
    return "As it was typed:\n\n" + "\n".join(f"    {line}" for line in text.splitlines())

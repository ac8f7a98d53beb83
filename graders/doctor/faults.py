"""From findings to faults: each with its line, and with what stands there."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable

from graders.diagnosis import places
from graders.diagnosis.findings import Finding
from graders.examination import Fault


def faults_in(source: str) -> Callable[[Finding, int], Fault]:
    """Returns what makes a fault of a finding in a text, which is parsed once.

    Args:
        source: String, the text.

    Returns:
        Function that takes a `Finding`, and the line to give where it has none.
    """
    tree: ast.AST | None = None
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        tree = ast.parse(source)

    def fault(finding: Finding, otherwise: int) -> Fault:
        line, code = places.place(tree, source, finding.line or otherwise, finding.argument)
        return Fault(finding.id, finding.message, line, code, finding.doc, finding.tried)

    return fault

"""From findings to faults: each with its line, and with what stands there."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable

from graders.diagnosis import places
from graders.diagnosis.findings import Finding
from graders.examination import Fault


def faults_in(source: str, otherwise: int = 0) -> Callable[[Finding], Fault]:
    """Returns what makes a fault of a finding in a text, which is parsed once.

    Args:
        source: String, the text.
        otherwise: Integer, the line of a finding that has none; 0 if it is to have none either.

    Returns:
        Function that takes a `Finding`.
    """
    tree: ast.AST | None = None
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        tree = ast.parse(source)

    def fault(finding: Finding) -> Fault:
        line, code = places.place(tree, source, finding.line or otherwise, finding.argument)
        return Fault(finding.id, finding.message, line, code, finding.doc, finding.tried)

    return fault

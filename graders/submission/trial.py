"""The trial run at a module's end, `if __name__ == "__main__":`, which no grader runs."""

from __future__ import annotations

import ast
import textwrap

from graders.submission.parsing import parse


def is_trial(statement: ast.stmt) -> bool:
    """Returns whether a statement is `if __name__ == "__main__":`, either way round.

    Args:
        statement: A statement of a module.
    """
    if not isinstance(statement, ast.If) or not isinstance(statement.test, ast.Compare):
        return False
    test = statement.test
    if len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = [test.left, *test.comparators]
    names = [side.id for side in sides if isinstance(side, ast.Name)]
    values = [side.value for side in sides if isinstance(side, ast.Constant)]
    return names == ["__name__"] and values == ["__main__"]


def without(tree: ast.Module) -> ast.Module:
    """Returns a module without its trial run; what stands under its `else` is kept.

    Args:
        tree: The module's syntax tree, which is left as it is.
    """
    body: list[ast.stmt] = []
    for statement in tree.body:
        if is_trial(statement):
            body += statement.orelse  # type: ignore[attr-defined]
        else:
            body.append(statement)
    return ast.Module(body, tree.type_ignores)


def only(tree: ast.Module) -> ast.Module:
    """Returns the trial run of a module, empty if there is none; line numbers stay.

    Args:
        tree: The module's syntax tree, which is left as it is.
    """
    return ast.Module([statement for statement in tree.body if is_trial(statement)], [])


def cut(text: str) -> tuple[str, str]:
    """Cuts a module in two: what comes before its trial run, and the run as a notebook has it.

    A notebook needs no `if`, and neither the lines that look for the kit by the module's own file.

    Args:
        text: String, the module's source.

    Returns:
        Pair of strings; the second is empty if the module does not end in a trial run.
    """
    body = parse(text).body
    if not body or not is_trial(body[-1]):
        return text, ""
    block = body[-1]
    assert isinstance(block, ast.If)
    lines = text.split("\n")
    first = block.lineno
    for statement in block.body:
        if any(
            isinstance(node, ast.Name) and node.id == "__file__" for node in ast.walk(statement)
        ):
            first = statement.end_lineno or first
    run = textwrap.dedent("\n".join(lines[first : block.end_lineno])).strip("\n")
    return "\n".join(lines[: block.lineno - 1]).rstrip("\n") + "\n", run

"""What the functions of a task need of the statements around them.

A notebook, and many a module, holds trials beside the functions: data that are loaded, a model that
is tried, plots, questions to the machine. Nothing runs here: the statements are read.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Iterable
from typing import Any

HARMLESS = set(dir(builtins)) - {"input", "breakpoint", "exit", "quit"}
# The first word of a function that changes a setting, or what it is given, rather than try it out.
SETS = frozenset(
    "set seed enable disable use update add append extend insert remove pop clear reset register "
    "filterwarnings simplefilter setattr delattr setdefault setlevel rc "
    "run_functions_eagerly".split()
)
FOLDERS = ("mkdir", "makedirs")


def names_of(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """Returns the global names that a statement binds, and those that it uses."""
    bound: set[str] = set()
    used: set[str] = set()

    def walk(table: symtable.SymbolTable, top: bool) -> None:
        for symbol in table.get_symbols():
            if top:
                if symbol.is_assigned() or symbol.is_imported():
                    bound.add(symbol.get_name())
                if symbol.is_referenced():
                    used.add(symbol.get_name())
            elif symbol.is_global() and symbol.is_referenced():
                used.add(symbol.get_name())
        for child in table.get_children():
            walk(child, False)

    walk(symtable.symtable(ast.unparse(statement), "cell", "exec"), True)
    return bound, used


def _calls(statement: ast.stmt) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def _own_nodes(statement: ast.stmt) -> list[ast.AST]:
    """Returns the nodes of a statement that run with it: none of a function's body."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return found


def _root(node: ast.AST) -> str:
    """Returns the name that an expression like `a.b[0].c(…).d` begins with, empty if none."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call, ast.Starred)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _sets(function: ast.expr) -> bool:
    """Returns whether the name of a function promises to change something."""
    name = function.attr if isinstance(function, ast.Attribute) else _root(function)
    name = name.removeprefix("experimental_").removeprefix("manual_")
    word = re.split(r"_|(?<=[a-z])(?=[A-Z])", name)[0]
    return bool({name.lower(), word.lower()} & SETS)


def _makes_folder(call: ast.Call, constants: dict[str, Any]) -> bool:
    """Returns whether a call makes a folder below the one where the module runs."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name not in FOLDERS:
        return False
    made = call.args[0] if call.args else None
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        made = next(iter(call.func.value.args), None)  # Path("logs").mkdir()
    path = made.value if isinstance(made, ast.Constant) else constants.get(_root(made or call))
    return isinstance(path, str) and not path.startswith(("/", "~", ".."))


def _acts(statement: ast.stmt, values: set[str], constants: dict[str, Any]) -> bool:
    """Returns whether a statement may matter for what it does rather than for what it names.

    It does if it changes a setting, or one of the module's own objects: by an assignment to a part
    of it, a method of it, or a function whose name says so (`keras.utils.set_random_seed(1)`). To
    look at things, to load data or to ask the machine is a trial.

    Args:
        statement: The statement, which uses only what is needed.
        values: Set of the names of the module's own objects, apart from functions and classes.
        constants: Dict of the module's names for plain values.
    """
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return False
    nodes = _own_nodes(statement)
    if any(isinstance(node, ast.Raise) for node in nodes):
        return False
    assigns = isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign))
    loops = (ast.For, ast.AsyncFor, ast.comprehension)
    values = values | {
        name.id
        for node in nodes
        if isinstance(node, loops)
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }
    for node in nodes:
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            if not isinstance(node.ctx, ast.Load):
                return True
        elif isinstance(node, ast.Call) and not assigns:
            method = isinstance(node.func, ast.Attribute) and _root(node.func) in values
            if method or _sets(node.func) or _makes_folder(node, constants):
                return True
    return False


def needed(statements: list[ast.stmt], roots: Iterable[str]) -> set[int]:
    """Finds what the given names need of a module.

    Args:
        statements: List of the module's statements.
        roots: Names that the module is for.

    Returns:
        Set of indices: every statement that binds a name that is needed, directly or by way of
        others, and those that change what is needed, or a setting of it
        (`keras.utils.set_random_seed(1)`), without calling the module's own functions, as a trial
        run does.
    """
    try:
        names = [names_of(statement) for statement in statements]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(range(len(statements)))
    wanted, kept = set(roots), set[int]()

    def close() -> None:
        before = -1
        while len(kept) != before:
            before = len(kept)
            for index, (bound, used) in enumerate(names):
                statement = statements[index]
                star = isinstance(statement, ast.ImportFrom) and (
                    not bound or statement.module == "__future__"
                )
                if index not in kept and (bound & wanted or star):
                    kept.add(index)
                    wanted.update(used)

    close()
    kinds = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
    own = {statement.name for statement in statements if isinstance(statement, kinds)}
    imports = (ast.Import, ast.ImportFrom)
    values = {
        name
        for statement, (bound, _) in zip(statements, names, strict=True)
        if not isinstance(statement, (*kinds, *imports))
        for name in bound
    }
    constants = _constants(statements)
    for index, (bound, used) in enumerate(names):
        statement = statements[index]
        outer = {name for name in used - bound - HARMLESS if not name.startswith("__")}
        if (
            index not in kept
            and outer & wanted
            and outer <= wanted | set(constants)
            and not _calls(statement) & own
            and _acts(statement, values & wanted, constants)
        ):
            kept.add(index)
            wanted |= outer
    close()
    return kept


def _constants(statements: list[ast.stmt]) -> dict[str, Any]:
    """Returns the names that are given nothing but a plain value, with the last one."""
    found: dict[str, Any] = {}
    for statement in statements:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            try:
                found[name] = ast.literal_eval(statement.value)
            except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
                found.pop(name, None)
    return found

"""Mutants of a program: copies with one small fault each, made on its syntax tree.

The operators are classic ones (a dropped statement, a changed constant, a negated condition) and those
of deep learning: Humbatova et al. 2020, "Taxonomy of Real Faults in Deep Learning Systems", and
DeepCrime (Humbatova et al. 2021): labels shuffled, data left out, a layer dropped, another activation,
loss, optimizer or learning rate. Nothing is random: a program has the same mutants, with the same ids,
on every machine, and comments, docstrings and moved lines change no id.

Left alone are docstrings, annotations, imports and `verbose=`: a mutant there is no other program, or
one that nothing can run.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

# Where a node is: the fields (and places in lists) that lead to it from the module.
Step = tuple[str, int | None]
Site = tuple[Step, ...]
Edit = Callable[[ast.Module], None]

Functions = (ast.FunctionDef, ast.AsyncFunctionDef)
FIT = "fit"

# What each string is exchanged for; any other string is misspelt.
STRINGS = {
    "relu": ("linear", "sigmoid"),
    "tanh": ("linear",),
    "sigmoid": ("linear", "softmax"),
    "softmax": ("linear", "sigmoid", "relu"),
    "sparse_categorical_crossentropy": ("categorical_crossentropy", "mean_squared_error"),
    "binary_crossentropy": ("mean_squared_error", "categorical_crossentropy"),
    "adam": ("sgd",),
    "same": ("valid",),
    "glorot_uniform": ("zeros", "ones"),
    "zeros": ("ones",),
    "accuracy": ("mean_squared_error",),
    "val_accuracy": ("val_loss", "accuracy"),
    "val_loss": ("val_accuracy", "loss"),
    "int32": ("float32",),
    "float32": ("float16", "float64"),
    "mixed_float16": ("float32",),
}
# What each function or class is exchanged for, by the last part of its name.
NAMES = {
    "Adam": ("SGD",),
    "MaxPooling2D": ("AveragePooling2D",),
    "GlobalAveragePooling2D": ("Flatten",),
    "Concatenate": ("Add",),
    "LSTM": ("SimpleRNN",),
    "log_softmax": ("softmax",),
    "max": ("min",),
    "min": ("max",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "sum": ("mean",),
    "mean": ("sum",),
    "argmax": ("argmin",),
    "startswith": ("endswith",),
    "L2": ("L1",),
    "l2": ("l1",),
}
# What has weights of its own that a fault may freeze.
WITH_WEIGHTS = ("add_weight", "Dense", "Conv2D", "LSTM")
OPERATORS: dict[type, tuple[type, ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.LtE: (ast.Lt,),
    ast.GtE: (ast.Gt,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A program with one fault.

    Attributes:
        id: String, `<task>:<operator>:<function>:<place>`, the same as long as that place stays.
        operator: String, what was done.
        line: Integer, where in the reference.
        change: String, the change in words, for people.
        source: String, the program.
        trains: Boolean, whether the function that holds the fault calls `fit`.
    """

    id: str
    operator: str
    line: int
    change: str
    source: str
    trains: bool


@dataclasses.dataclass(frozen=True)
class _Change:
    operator: str
    site: Site
    place: str
    words: str
    edit: Edit


def mutants(task: str, source: str) -> list[Mutant]:
    """Makes all mutants of a program.

    Args:
        task: String, the task's id, for the mutants' ids.
        source: String, the program.

    Returns:
        List of `Mutant`, in the order of the program. What does not compile, or compiles to the
        same code as the program or an earlier mutant, is left out.
    """
    tree = ast.parse(source)
    seen = {_code(ast.unparse(tree))}
    found: list[Mutant] = []
    count: dict[str, int] = {}
    changes = list(_changes(tree))
    changes.sort(key=lambda change: _line(tree, change.site))
    for change in changes:
        mutated = copy.deepcopy(tree)
        change.edit(mutated)
        scope = _scope(tree, change.site)
        name = f"{task}:{change.operator}:{scope}:{change.place}"
        # Counted before equal ones are dropped, so that a drop moves no other number.
        count[name] = count.get(name, 0) + 1
        try:
            text = ast.unparse(ast.fix_missing_locations(mutated)) + "\n"
            code = _code(text)
        except (SyntaxError, ValueError):
            continue
        if code in seen:
            continue
        seen.add(code)
        number = f"#{count[name]}" if count[name] > 1 else ""
        found.append(
            Mutant(
                name + number,
                change.operator,
                _line(tree, change.site),
                change.words,
                text,
                _trains(tree, change.site),
            )
        )
    return found


def _code(source: str) -> Any:
    """Returns what a program compiles to, without the places in its text."""

    def plain(code: Any) -> Any:
        constants = tuple(
            plain(c) if hasattr(c, "co_code") else (type(c).__name__, repr(c))
            for c in code.co_consts
        )
        return code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants

    with warnings.catch_warnings():
        # A mutant may call a number; that is for the grading to find.
        warnings.simplefilter("ignore", SyntaxWarning)
        return plain(compile(source, "program", "exec", dont_inherit=True))


# The tree: where nodes are, and how they are changed.


def _children(node: ast.AST) -> Iterator[tuple[Step, ast.AST]]:
    for field, value in ast.iter_fields(node):
        if isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield (field, i), item
        elif isinstance(value, ast.AST):
            yield (field, None), value


def _step(node: Any, step: Step) -> Any:
    value = getattr(node, step[0])
    return value if step[1] is None else value[step[1]]


def _at(tree: ast.AST, site: Site) -> Any:
    for step in site:
        tree = _step(tree, step)
    return tree


def _put(tree: ast.AST, site: Site, new: Any) -> None:
    parent, (field, i) = _at(tree, site[:-1]), site[-1]
    if i is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[i] = new


def _remove(tree: ast.AST, site: Site) -> None:
    parent, (field, i) = _at(tree, site[:-1]), site[-1]
    assert i is not None
    items = getattr(parent, field)
    del items[i]
    if field in ("body", "finalbody") and not items:
        items.append(ast.Pass())
    if isinstance(parent, ast.Dict):
        del parent.keys[i]


def _removal(site: Site) -> Edit:
    return lambda tree: _remove(tree, site)


def _replace(site: Site, new: ast.AST) -> Edit:
    return lambda tree: _put(tree, site, copy.deepcopy(new))


def _parents(tree: ast.AST, site: Site) -> Iterator[tuple[ast.AST, Step]]:
    """Yields the ancestors of a node, nearest first, each with the step that leads down from it."""
    for depth in range(len(site) - 1, -1, -1):
        yield _at(tree, site[:depth]), site[depth]


def _function(tree: ast.AST, site: Site) -> ast.FunctionDef | None:
    for node in [_at(tree, site), *(node for node, _ in _parents(tree, site))]:
        if isinstance(node, Functions):
            return node  # type: ignore[return-value]
    return None


def _scope(tree: ast.AST, site: Site) -> str:
    names = [
        node.name
        for node, _ in _parents(tree, site)
        if isinstance(node, (*Functions, ast.ClassDef))
    ]
    return ".".join(reversed(names)) or "module"


def _line(tree: ast.AST, site: Site) -> int:
    for node in [_at(tree, site), *(node for node, _ in _parents(tree, site))]:
        if hasattr(node, "lineno"):
            return node.lineno
    return 1


def _trains(tree: ast.AST, site: Site) -> bool:
    function = _function(tree, site)
    return function is not None and any(
        isinstance(node, ast.Call) and _called(node) == FIT for node in ast.walk(function)
    )


def _called(call: ast.Call) -> str:
    """Returns the last part of the name of what is called."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    if isinstance(function, ast.Name):
        return function.id
    if isinstance(function, ast.Call):
        return _called(function) + "()"
    return "call"


def _short(text: str, size: int = 90) -> str:
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= size else text[: size - 1] + "…"


def _text(node: ast.AST) -> str:
    return _short(ast.unparse(node))


def _word(node: ast.AST) -> str:
    """Returns a node's text as a part of an id."""
    return re.sub(r"[^\w.+-]+", "_", ast.unparse(node)).strip("_")[:40]


def _place(tree: ast.AST, site: Site) -> str:
    """Says what a node is for: which argument of which call, which variable, which key."""
    for node, (field, i) in _parents(tree, site):
        if isinstance(node, ast.keyword):
            continue
        if isinstance(node, ast.Call):
            if field == "keywords":
                assert i is not None
                return f"{_called(node)}.{node.keywords[i].arg or 'kwargs'}"
            return f"{_called(node)}.{'arg' + str((i or 0) + 1) if field == 'args' else 'name'}"
        if isinstance(node, ast.Dict):
            key = node.keys[i] if i is not None else None
            if field == "values":
                return f"dict.{_word(key) if key is not None else 'kwargs'}"
            return "dict"
        if isinstance(node, ast.arguments):
            return "default"
        if isinstance(node, ast.Subscript):
            return f"{_word(node.value)}.{'index' if field == 'slice' else 'value'}"
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            return _word(target)
        if isinstance(node, ast.stmt):
            return type(node).__name__.lower()
    return "module"


def _sites(tree: ast.Module) -> Iterator[tuple[Site, ast.AST]]:
    """Yields what may be changed: no docstring, annotation, import or `verbose=`."""

    def walk(node: ast.AST, site: Site) -> Iterator[tuple[Site, ast.AST]]:
        for step, child in _children(node):
            if step[0] in ("annotation", "returns", "decorator_list", "type_params"):
                continue
            if isinstance(child, (ast.Import, ast.ImportFrom, ast.JoinedStr)):
                continue
            if isinstance(child, ast.keyword) and child.arg == "verbose":
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            if isinstance(node, ast.Dict) and step[0] == "values":
                key = node.keys[step[1] or 0]
                if isinstance(key, ast.Constant) and key.value == "verbose":
                    continue
            # An alias of a type: `Data = tuple[np.ndarray, np.ndarray]`.
            if (
                isinstance(node, ast.Module)
                and isinstance(child, ast.Assign)
                and isinstance(child.value, ast.Subscript)
            ):
                continue
            yield (*site, step), child
            yield from walk(child, (*site, step))

    yield from walk(tree, ())


# The operators. Each takes the tree and a node, and yields what can be done there.


def _changes(tree: ast.Module) -> Iterator[_Change]:
    for site, node in _sites(tree):
        for operator in ALL:
            yield from operator(tree, site, node)


def _drop_statement(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    if not isinstance(node, ast.stmt) or isinstance(node, (ast.Return, ast.ClassDef, ast.Pass)):
        return
    if isinstance(node, Functions):
        # A function of the module is there in every stub; a method may be forgotten.
        if isinstance(_at(tree, site[:-1]), ast.ClassDef):
            yield _Change(
                "drop-method",
                site,
                node.name,
                f"without the method {node.name}",
                _removal(site),
            )
        return
    if isinstance(node, ast.Assign):
        place = _word(node.targets[0])
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        place = _called(node.value)
    else:
        place = type(node).__name__.lower()
    yield _Change("drop-statement", site, place, f"without {_text(node)}", _removal(site))


def _drop_argument(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    if not isinstance(node, ast.Call):
        return
    name = _called(node)
    for i, word in enumerate(node.keywords):
        if word.arg == "verbose":
            continue
        where: Site = (*site, ("keywords", i))
        words = f"without {_text(word)} in {name}"
        place = f"{name}.{word.arg or 'kwargs'}"
        yield _Change("drop-argument", where, place, words, _removal(where))
    if node.args:
        last = len(node.args) - 1
        where = (*site, ("args", last))
        words = f"without {_text(node.args[last])} in {name}"
        yield _Change("drop-argument", where, f"{name}.arg{last + 1}", words, _removal(where))


def _drop_element(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    if isinstance(node, ast.Dict):
        for i, value in enumerate(node.values):
            key = node.keys[i]
            if isinstance(key, ast.Constant) and key.value == "verbose":
                continue
            where: Site = (*site, ("values", i))
            place = f"dict.{_word(key) if key is not None else _word(value)}"
            shown = f"{_text(key)}: {_text(value)}" if key is not None else f"**{_text(value)}"
            yield _Change(
                "drop-element",
                where,
                place,
                f"without {shown}",
                _removal(where),
            )
        return
    if not isinstance(node, (ast.List, ast.Tuple)) or not isinstance(node.ctx, ast.Load):
        return
    for i, item in enumerate(node.elts):
        where = (*site, ("elts", i))
        place = _called(item) if isinstance(item, ast.Call) else _word(item)
        yield _Change(
            "drop-element",
            where,
            place,
            f"without {_text(item)}",
            _removal(where),
        )


def _swap_elements(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    """Exchanges neighbours: two layers of a list, two sizes of a shape."""
    if not isinstance(node, (ast.List, ast.Tuple)) or not isinstance(node.ctx, ast.Load):
        return
    for i in range(len(node.elts) - 1):
        changed = copy.deepcopy(node)
        changed.elts[i], changed.elts[i + 1] = changed.elts[i + 1], changed.elts[i]
        first, second = node.elts[i], node.elts[i + 1]
        names = [_called(e) if isinstance(e, ast.Call) else _word(e) for e in (first, second)]
        yield _Change(
            "swap-elements",
            (*site, ("elts", i)),
            "+".join(names),
            f"{_text(first)} and {_text(second)} exchanged",
            _replace(site, changed),
        )


def _freeze(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    if not isinstance(node, ast.Call) or _called(node) not in WITH_WEIGHTS:
        return
    if any(word.arg == "trainable" for word in node.keywords):
        return
    changed = copy.deepcopy(node)
    changed.keywords.append(ast.keyword("trainable", ast.Constant(False)))
    words = f"trainable=False in {_text(node)}"
    yield _Change("freeze", site, _called(node), words, _replace(site, changed))


def _unwrap(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    """Puts in place of a call what it was called with: `f(x)` becomes `x`, `layer(…)(x)` too."""
    if not isinstance(node, ast.Call):
        return
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for statement in tree.body
        if isinstance(statement, (ast.Import, ast.ImportFrom))
        for alias in statement.names
    }
    new: ast.expr | None = node.args[0] if node.args else None
    function = node.func
    if isinstance(function, ast.Attribute):
        root: Any = function.value
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        # A method of a value (`x.astype("float32")`), not a function of a module.
        is_value = isinstance(root, ast.Name) and root.id not in {*imported, "self"}
        if is_value and function.attr not in ("fit", "compile", "append", "evaluate", "predict"):
            new = function.value
    if new is None or isinstance(new, ast.Starred):
        return
    if isinstance(_at(tree, site[:-1]), ast.Expr):
        return  # as good as dropped
    yield _Change(
        "unwrap", site, _called(node), f"{_text(node)} -> {_text(new)}", _replace(site, new)
    )


def _swap_arguments(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    if not isinstance(node, ast.Call):
        return
    for i in range(len(node.args) - 1):
        changed = copy.deepcopy(node)
        changed.args[i], changed.args[i + 1] = changed.args[i + 1], changed.args[i]
        yield _Change(
            "swap-arguments",
            site,
            f"{_called(node)}.arg{i + 1}",
            f"{_text(node)} -> {_text(changed)}",
            _replace(site, changed),
        )


def _number(node: Any) -> int | float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inside = _number(node.operand)
        return None if inside is None else -inside
    is_number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
    return node.value if is_number else None


def _constant_of(value: int | float) -> ast.expr:
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def _change_constant(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    if isinstance(_at(tree, site[:-1]), ast.UnaryOp) and _number(_at(tree, site[:-1])) is not None:
        return  # the sign belongs to the number
    place = _place(tree, site)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        flipped = not node.value
        words = f"{place}: {node.value} -> {flipped}"
        new = _replace(site, ast.Constant(flipped))
        yield _Change("change-constant", site, f"{place}={flipped}", words, new)
        return
    value = _number(node)
    if value is None:
        return
    values: list[int | float] = [0, -value, value + 1]
    # More epochs cost much and are right work anyway.
    if "epochs" not in place:
        values.append(value * 10)
    values.append(value // 10 if isinstance(value, int) else value / 10)
    for other in dict.fromkeys(values):
        other = float(f"{other:.6g}") if isinstance(value, float) else other
        if other == value:
            continue
        yield _Change(
            "change-constant",
            site,
            f"{place}={other:g}",
            f"{place}: {value!r} -> {other!r}",
            _replace(site, _constant_of(other)),
        )


def _change_string(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    value = node.value if isinstance(node, ast.Constant) else None
    if not isinstance(value, str) or not value:
        return
    place = _place(tree, site)
    for other in STRINGS.get(value, (f"{value}_",)):
        word = re.sub(r"[^A-Za-z0-9_.]+", "_", other)
        yield _Change(
            "change-string",
            site,
            f"{place}={word}",
            f"{place}: {value!r} -> {other!r}",
            _replace(site, ast.Constant(other)),
        )


def _change_name(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    if not isinstance(node, ast.Call) or not isinstance(node.func, (ast.Attribute, ast.Name)):
        return
    for other in NAMES.get(_called(node), ()):
        changed = copy.deepcopy(node)
        if isinstance(changed.func, ast.Attribute):
            changed.func.attr = other
        else:
            changed.func.id = other  # type: ignore[attr-defined]
        yield _Change(
            "change-name",
            site,
            f"{_called(node)}={other}",
            f"{_text(node)} -> {_text(changed)}",
            _replace(site, changed),
        )


def _swap_operator(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    old: Any
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)):
        old = node.op
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        old = node.ops[0]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and _number(node) is None:
        yield _Change(
            "swap-operator",
            site,
            f"{_place(tree, site)}.minus",
            f"{_text(node)} -> {_text(node.operand)}",
            _replace(site, node.operand),
        )
        return
    else:
        return
    for other in OPERATORS.get(type(old), ()):
        changed = copy.deepcopy(node)
        if isinstance(changed, ast.Compare):
            changed.ops[0] = other()
        else:
            changed.op = other()
        name = f"{type(old).__name__}={other.__name__}"
        yield _Change(
            "swap-operator",
            site,
            f"{_place(tree, site)}.{name}",
            f"{_text(node)} -> {_text(changed)}",
            _replace(site, changed),
        )


def _drop_operand(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    if not isinstance(node, ast.BinOp):
        return
    for side, kept in (("right", node.left), ("left", node.right)):
        yield _Change(
            "drop-operand",
            site,
            f"{_place(tree, site)}.{_word(getattr(node, side))}",
            f"{_text(node)} -> {_text(kept)}",
            _replace(site, kept),
        )


def _negate(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    if isinstance(node, (ast.If, ast.While, ast.IfExp)):
        where, test = (*site, ("test", None)), node.test
        yield _Change(
            "negate-condition",
            where,
            _word(test),
            f"{_text(test)} -> not ({_text(test)})",
            _replace(where, ast.UnaryOp(ast.Not(), test)),
        )
    elif isinstance(node, ast.comprehension):
        for i, test in enumerate(node.ifs):
            where = (*site, ("ifs", i))
            yield _Change(
                "negate-condition",
                where,
                _word(test),
                f"{_text(test)} -> not ({_text(test)})",
                _replace(where, ast.UnaryOp(ast.Not(), test)),
            )


def _one_iteration(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    if not isinstance(node, (ast.For, ast.comprehension)):
        return
    where = (*site, ("iter", None))
    new = ast.parse(f"list({ast.unparse(node.iter)})[:1]", mode="eval").body
    yield _Change(
        "one-iteration",
        where,
        _word(node.target),
        f"the loop over {_text(node.iter)} runs once",
        _replace(where, new),
    )


def _change_return(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    if not isinstance(node, ast.Return) or node.value is None:
        return
    where = (*site, ("value", None))
    others: list[tuple[str, ast.expr]] = [("return-none", ast.Constant(None))]
    function = _function(tree, site)
    names = [a.arg for a in function.args.args if a.arg != "self"] if function else []
    if names:
        others.append(("return-argument", ast.Name(names[0], ast.Load())))
    if isinstance(node.value, ast.Call) and _called(node.value) == FIT:
        dictionary = ast.Attribute(copy.deepcopy(node.value), "history", ast.Load())
        others.append(("return-dict", dictionary))
    for operator, new in others:
        words = f"return {_text(node.value)} -> return {_text(new)}"
        yield _Change(operator, where, "return", words, _replace(where, new))


def _no_fit(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    if not isinstance(node, ast.Call) or _called(node) != FIT:
        return
    empty = ast.parse("keras.callbacks.History()", mode="eval").body
    words = f"{_text(node)} -> an empty History"
    yield _Change("no-fit", site, "fit", words, _replace(site, empty))
    for i, word in enumerate(node.keywords):
        if word.arg == "epochs" and not isinstance(word.value, ast.Constant):
            where = (*site, ("keywords", i), ("value", None))
            words = f"epochs={_text(word.value)} -> epochs=0"
            yield _Change(
                "change-constant", where, "fit.epochs=0", words, _replace(where, ast.Constant(0))
            )


def _change_data(tree: ast.Module, site: Site, node: Any) -> Iterator[_Change]:
    """Exchanges, shuffles or cuts the data in a function that takes both kinds."""
    if not isinstance(node, Functions):
        return
    train, val = "train_data", "val_data"
    if not {train, val} <= {a.arg for a in node.args.args}:
        return
    for operator, names, words in (
        ("swap-data", {train: val, val: train}, "train_data and val_data exchanged"),
        ("train-on-validation", {train: val}, "val_data in place of train_data"),
        ("validate-on-training", {val: train}, "train_data in place of val_data"),
    ):

        def rename(t: ast.Module, names: dict[str, str] = names) -> None:
            for part in ast.walk(_at(t, site)):
                if isinstance(part, ast.Name):
                    part.id = names.get(part.id, part.id)

        yield _Change(operator, (*site, ("body", 0)), "data", words, rename)
    numpy, trees = "__import__('numpy').random", "__import__('keras').tree"
    for operator, new, words in (
        (
            "shuffle-labels",
            f"({train}[0], {numpy}.permutation({train}[1]))",
            "the labels of train_data in random order",
        ),
        (
            "constant-labels",
            f"({train}[0], {train}[1] * 0)",
            "all labels of train_data 0",
        ),
        (
            "less-data",
            f"{trees}.map_structure(lambda a: a[: len(a) // 20], {train})",
            "a twentieth of train_data",
        ),
        (
            "scaled-data",
            f"({trees}.map_structure(lambda a: a * 100, {train}[0]), {train}[1])",
            "the inputs of train_data times 100",
        ),
        (
            "changes-arrays",
            f"{trees}.map_structure(lambda a: a.__imul__(0) if a.dtype.kind == 'f' else a, {train})",
            "the inputs of train_data overwritten with zeros in place",
        ),
    ):
        statement = ast.parse(f"{train} = {new}").body[0]

        def insert(t: ast.Module, statement: ast.stmt = statement) -> None:
            function = _at(t, site)
            first = 1 if ast.get_docstring(function) else 0
            function.body.insert(first, copy.deepcopy(statement))

        yield _Change(operator, (*site, ("body", 0)), "data", words, insert)


ALL = (
    _drop_statement,
    _drop_argument,
    _drop_element,
    _swap_elements,
    _freeze,
    _unwrap,
    _swap_arguments,
    _change_constant,
    _change_string,
    _change_name,
    _swap_operator,
    _drop_operand,
    _negate,
    _one_iteration,
    _change_return,
    _no_fit,
    _change_data,
)

"""One remark on how right work could be more idiomatic: from its source alone, for no points.

    remark(source) -> str

The source is parsed and never run. A rule keeps silent where there may be a reason for what it
sees; of several remarks the first one counts.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from graders.submission.notebooks import parse
from graders.submission.source import Source

# A rule finds a line, and has words for it.
Found = tuple[int, str] | None
Node = TypeVar("Node", bound=ast.AST)

LAYER = re.compile(
    r"((Separable|Depthwise)?Conv\dD|Dense|Flatten|(Average|Max)Pooling\dD|MaxPool\dD|"
    r"LSTM|GRU|SimpleRNN|Bidirectional|Rescaling|BatchNormalization)"
)
GLOBAL_POOLING = re.compile(r"Global(Average|Max|Avg)Pool(ing)?\dD")
ONE_HOT = ("to_categorical", "one_hot")
CATEGORICAL = ("categorical_crossentropy", "CategoricalCrossentropy")

# What is within nested loops is looked at once for each of them: at most so many nodes altogether.
MAX_VISITS = 200_000
CLOCKS = ("time", "perf_counter", "monotonic", "process_time")


def remark(source: Source, given: str = "") -> str:
    """Reports what could be more idiomatic in a submission.

    Args:
        source: `Source`.
        given: String, the stub: what the student was handed is no fault of the student's.

    Returns:
        String, a remark that begins with its place; empty if there is none.
    """
    try:
        tree = source.tree
        handed = _imports(parse(given))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    rules: tuple[Callable[[ast.Module], Found], ...] = (
        _two_kerases,
        _input_shape,
        _flatten_after_global_pooling,
        _one_hot_labels,
        _epochs_by_hand,
        lambda found: _unused_import(found, set(handed)),
    )
    for rule in rules:
        if (found := rule(tree)) is not None:
            line, words = found
            return source.in_own_file(f'"{source.filename}", line {line}: {words}')
    return ""


def _all(node: ast.AST, kind: type[Node]) -> Iterator[Node]:
    return (item for item in ast.walk(node) if isinstance(item, kind))


def _name(node: ast.AST) -> str:
    """Returns the last part of a name: `Dense` of `keras.layers.Dense`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _called(node: ast.AST) -> str:
    return _name(node.func) if isinstance(node, ast.Call) else ""


def _keywords(call: ast.Call) -> dict[str | None, ast.expr]:
    return {word.arg: word.value for word in call.keywords}


def _imports(tree: ast.Module) -> dict[str, tuple[int, str]]:
    """Returns each name that is imported at the top, with its line and the statement."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                found[name] = (node.lineno, ast.unparse(node))
    return found


def _two_kerases(tree: ast.Module) -> Found:
    ours, theirs = [], []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and node.attr == "keras":
            modules = ["tensorflow.keras"] if _name(node.value) in ("tf", "tensorflow") else []
        else:
            continue
        ours += [node.lineno for name in modules if re.match(r"keras(\.|$)", name)]
        theirs += [node.lineno for name in modules if name.startswith("tensorflow.keras")]
    if not (ours and theirs):
        return None
    return min(theirs), (
        f"Keras comes from two places, TensorFlow here and `keras` in line {min(ours)}. Take it "
        "from `keras` everywhere: code that mixes them breaks where the two versions differ."
    )


def _input_shape(tree: ast.Module) -> Found:
    for call in _all(tree, ast.Call):
        name = _called(call)
        if LAYER.fullmatch(name) and {"input_shape", "input_dim"} & set(_keywords(call)):
            return call.lineno, (
                f"`{name}` is told the shape of the input. `keras.Input(input_shape)` as a model's "
                "first entry says the same of any layer, and Keras warns of the old way."
            )
    return None


def _steps(tree: ast.Module) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yields pairs of layers of which the second comes right after the first."""
    for items in (node.elts for node in _all(tree, ast.List)):
        yield from itertools.pairwise(items)
    for call in _all(tree, ast.Call):
        # Flatten()(GlobalAveragePooling2D()(x))
        if len(call.args) == 1 and isinstance(call.args[0], ast.Call):
            yield call.args[0].func, call.func
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for first, second in itertools.pairwise(body):
            pair = _step(first), _step(second)
            if pair[0] is not None and pair[1] is not None and pair[0][0] == pair[1][1]:
                yield pair[0][2], pair[1][2]


def _step(node: ast.AST) -> tuple[str, str, ast.expr] | None:
    """Reads `x = layer(y)`, or `model.add(layer)`: what it makes, of what, and the layer."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and node.value.args:
        target, argument = node.targets[0], node.value.args[0]
        return _name(target), _name(argument), node.value.func
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        if isinstance(call.func, ast.Attribute) and call.func.attr == "add" and call.args:
            model = _name(call.func.value)
            return model, model, call.args[0]
    return None


def _flatten_after_global_pooling(tree: ast.Module) -> Found:
    for first, second in _steps(tree):
        if not (isinstance(first, ast.Call) and isinstance(second, ast.Call)):
            continue
        pooling = _called(first)
        if GLOBAL_POOLING.fullmatch(pooling) and _called(second) == "Flatten":
            if "keepdims" in _keywords(first):
                continue
            return second.lineno, (
                f"`Flatten` after `{pooling}` changes nothing: what comes from a global pooling is "
                "one vector for each example already."
            )
    return None


def _one_hot_labels(tree: ast.Module) -> Found:
    words = {node.value for node in _all(tree, ast.Constant) if isinstance(node.value, str)}
    names = {_name(node) for node in ast.walk(tree)} | words
    arguments = {word.arg for call in _all(tree, ast.Call) for word in call.keywords}
    # What takes soft labels needs them one-hot.
    soft = "label_smoothing" in arguments or any(
        re.search("(?i)mix_?up|cut_?mix", n) for n in names
    )
    if soft or not names & set(CATEGORICAL):
        return None
    for call in _all(tree, ast.Call):
        if _called(call) in ONE_HOT:
            return call.lineno, (
                f"`{_called(call)}` is not needed: `sparse_categorical_crossentropy` takes integer "
                "labels as they are, with the same result and less memory."
            )
    return None


def _epochs_by_hand(tree: ast.Module) -> Found:
    left = MAX_VISITS
    for loop in _all(tree, ast.For):
        inside = [node for part in loop.body for node in ast.walk(part)]
        left -= len(inside)
        if left < 0:
            return None
        names = {_name(node) for node in inside}
        # Each epoch by itself has a reason if it is timed, or if its number counts.
        if _called(loop.iter) != "range" or names & {*CLOCKS, _name(loop.target) or "_"} - {"_"}:
            continue
        for call in _all(loop, ast.Call):
            given = _keywords(call)
            # `fit(x, y, batch_size, epochs)`: what stands there by its place is not looked at.
            if _called(call) != "fit" or len(call.args) > 2 or None in given:
                continue
            epochs = given.get("epochs")
            one = epochs is None or (isinstance(epochs, ast.Constant) and epochs.value == 1)
            if one and not {"initial_epoch", "callbacks"} & set(given):
                return loop.lineno, (
                    "this loop calls `fit` once for each epoch. `fit(..., epochs=n, "
                    "validation_data=...)` does all of them, and its History has a value for each."
                )
    return None


def _unused_import(tree: ast.Module, handed: set[str]) -> Found:
    used = {node.id for node in _all(tree, ast.Name)}
    for node in _all(tree, ast.Constant):
        if isinstance(node.value, str):
            # An annotation, or __all__.
            used |= set(re.findall(r"\w+", node.value))
    for name, (line, statement) in _imports(tree).items():
        if name not in used | handed and not statement.startswith("from __future__"):
            return line, f"`{name}` is imported and never used. What is left out need not be read."
    return None

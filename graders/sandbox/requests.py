"""The requests that a sandbox answers: load, put, build, train, probe; of a script: run, go on.

Everything in this process may be under the student's control; what it answers is a claim. It knows
no check, no threshold, no hidden input and no secret.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from graders.boundary.names import Kind, Verb
from graders.boundary.sizes import Limits
from graders.boundary.wire import Channel, TooLarge, WireClosed
from graders.sandbox import absent, live, spare
from graders.sandbox.box import Box
from graders.sandbox.errors import WrongAnswer, describe, require_eager, type_name
from graders.sandbox.lines import Lines
from graders.sandbox.scripts import running


def _checksum(value: Any) -> int:
    """Returns a number that tells whether arrays were changed: quick, and no more than a claim."""
    found = 0

    def feed(item: Any) -> None:
        nonlocal found
        if isinstance(item, dict):
            for key in sorted(item):
                feed(item[key])
        elif isinstance(item, list | tuple):
            for part in item:
                feed(part)
        elif isinstance(item, np.ndarray):
            found = zlib.crc32(str((item.dtype, item.shape)).encode(), found)
            if item.size:
                found = zlib.crc32(np.ascontiguousarray(item).view(np.uint8).data, found)

    feed(value)
    return found


def _load(box: Box, source: str, name: str, filename: str, seed: int) -> dict[str, Any]:
    import keras

    keras.utils.set_random_seed(seed)
    # One line for each epoch instead of a bar that is redrawn a thousand times.
    keras.config.disable_interactive_logging()
    absent.stand_in()
    folder = Path(tempfile.mkdtemp(prefix="submission-"))
    path = folder / filename
    box.recorder.install()
    # After the recorder: it is to know the line of a fit before it hears of the fit.
    Lines(str(path)).install()
    path.write_text(source, encoding="utf-8")
    os.chdir(folder)
    sys.argv = [filename]
    # Processes that it spawns import it by its module's name, whatever its file is called. They
    # find it in a folder of its own: a file that is called random.py must not hide Python's.
    importable = Path(tempfile.mkdtemp(prefix="module-"))
    (importable / f"{name}.py").write_text(source, encoding="utf-8")
    sys.path.insert(0, str(importable))
    box.filename, box.source = filename, source
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    box.student = module
    spec.loader.exec_module(module)
    require_eager()
    return {"names": sorted(key for key in vars(module) if not key.startswith("__"))[:500]}


def _put(box: Box, name: str, value: Any) -> None:
    # A received array is a read-only view; students get an ordinary one.
    def copy(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: copy(part) for key, part in item.items()}
        if isinstance(item, list | tuple):
            return type(item)(copy(part) for part in item)
        return item.copy() if isinstance(item, np.ndarray) else item

    box.data[name] = copy(value)


def _build(
    box: Box, function: str, args: list[Any], input_shape: Any, number: int
) -> dict[str, Any]:
    builder = box.function(function, len(args))
    if function not in box.built:
        box.built.add(function)
        spare.build(builder, args)
    model = builder(*args)
    if model is None:
        raise WrongAnswer(Kind.RETURNED, f"`{function}` returned None: is a `return` missing?")
    snapshot = box.snapshot(model, input_shape)
    return {
        "handle": box.keep(model),
        "snapshot": snapshot,
        "live": live.answers(model, number),
    }


def _train(box: Box, function: str, model: int, data: list[str]) -> dict[str, Any]:
    import keras

    given = [box.data[name] for name in data]
    before = _checksum(given)
    subject = box[model]
    train = box.function(function, 1 + len(given))
    box.recorder.begin(subject, given)
    returned = train(subject, *given)
    answer: dict[str, Any] = {
        "returned": type_name(returned),
        "history": None,
        "data_unchanged": _checksum(given) == before,
        "fits": box.recorder.end(returned),
        "snapshot": box.snapshot(subject),
    }
    if isinstance(returned, keras.callbacks.History):
        rows = {str(key)[:80]: _floats(row) for key, row in list(returned.history.items())[:50]}
        answer["history"] = {key: row for key, row in rows.items() if row is not None}
    return answer


def _floats(values: Any) -> list[float] | None:
    """Returns a row of a History, `None` for a metric of several numbers (F1Score by class)."""
    try:
        return [float(value) for value in list(values)[:10_000]]
    except (TypeError, ValueError):
        return None


def _probe(box: Box, source: str, function: str, arguments: dict[str, Any]) -> Any:
    space: dict[str, Any] = {"__name__": "probe", "probe": lambda item: item}
    exec(compile(source, "<probe>", "exec"), space)
    return space[function](box.student, box, **arguments)


VERBS: dict[str, Callable[..., Any]] = {
    Verb.LOAD: _load,
    Verb.PUT: _put,
    Verb.BUILD: _build,
    Verb.TRAIN: _train,
    Verb.PROBE: _probe,
    Verb.SCRIPT: running.begin,
    Verb.RESUME: running.resume,
}


def serve(channel: Channel) -> None:
    """Answers requests until the grader goes away.

    Args:
        channel: `Channel`, the pipes to the grader.
    """
    box = Box(channel)
    while True:
        try:
            request = channel.receive()
        except WireClosed:
            return
        verb, limits = VERBS[request.pop("verb")], request.pop("limits", None)
        try:
            reply: dict[str, Any] = {"ok": verb(box, **request)}
        except BaseException as error:
            try:
                reply = {"error": describe(error, box.filename, box.source)}
            except BaseException:  # a hostile __str__, say
                reply = {"error": {"kind": Kind.RAISED, "type": "Exception", "message": ""}}
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        try:
            channel.send(reply, limits=Limits(*limits) if limits else None)
        except TypeError as error:
            _send_error(channel, Kind.RAISED, "TypeError", str(error))
        except TooLarge as error:
            _send_error(channel, Kind.TOO_LARGE, "", str(error))


def _send_error(channel: Channel, kind: Kind, name: str, message: str) -> None:
    channel.send({"error": {"kind": kind, "type": name, "message": message}})

"""The sandbox: imports the submission, runs it on request, and answers with plain data.

Everything in this process may be under the student's control; what it answers is a claim. It knows
no check, no threshold, no hidden input and no secret.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import io
import json
import os
import re
import signal
import sys
import tempfile
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from graders.boundary import isolation
from graders.boundary.wire import Channel, WireClosed
from graders.sandbox.fits import Fits, learning_rate

MAX_TEXT = 6000


class WrongAnswer(Exception):
    """The submission gave something of the wrong kind; carries `kind` and a message."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


def _type_name(value: Any) -> str:
    if value is None:
        return "None"
    kind = type(value)
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module.split('.')[0]}.{kind.__name__}"


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


class Box:
    """What probes get beside the student's module: objects kept between requests, and snapshots."""

    def __init__(self, channel: Channel):
        self._channel = channel
        self._kept: list[Any] = []
        self.data: dict[str, Any] = {}
        self.student: Any = None
        self.filename = ""
        self.fits = Fits(self.progress)

    def keep(self, value: Any) -> int:
        """Keeps an object for later requests.

        Args:
            value: Any object.

        Returns:
            Integer, its handle.
        """
        self._kept.append(value)
        return len(self._kept) - 1

    def __getitem__(self, handle: int) -> Any:
        return self._kept[handle]

    def progress(self, **event: Any) -> None:
        """Tells the grader how far a training is. Shown, never scored."""
        self._channel.send({"event": event})

    def function(self, name: str, arguments: int | None = None) -> Callable[..., Any]:
        """Looks up a function or class of the submission.

        Args:
            name: String.
            arguments: Integer, how many positional arguments it will be given; `None` for any.

        Returns:
            The callable.

        Raises:
            WrongAnswer: If it is missing or takes other arguments.
        """
        found = getattr(self.student, name, None)
        if found is None:
            raise WrongAnswer("missing", f"{self.filename} defines no `{name}`.")
        if not callable(found):
            raise WrongAnswer(
                "missing", f"`{name}` in {self.filename} is {_type_name(found)}, not a function."
            )
        if arguments is not None:
            try:
                signature = inspect.signature(found)
            except (ValueError, TypeError):
                return found
            try:
                signature.bind(*[None] * arguments)
            except TypeError:
                raise WrongAnswer(
                    "signature",
                    f"`{name}{signature}` cannot be called with {arguments} arguments.",
                ) from None
        return found

    def snapshot(self, model: Any, input_shape: Any = None) -> dict[str, Any]:
        """Describes a model in plain data.

        Args:
            model: A Keras model.
            input_shape: Shape without the batch axis (or dict of such), used to build a
                Sequential model that was not given an Input.

        Returns:
            A dict: its serialised config, weights, and how it was compiled.

        Raises:
            WrongAnswer: If it is no Sequential or Functional Keras model.
        """
        import keras
        from keras.src.models.functional import Functional  # no public name for it

        if not isinstance(model, keras.Model):
            raise WrongAnswer("returned", f"a Keras model was expected, not {_type_name(model)}.")
        kind = type(model)
        if kind not in (keras.Sequential, Functional):
            raise WrongAnswer(
                "subclassed",
                f"the model is of the class `{kind.__name__}`, a subclass of keras.Model.",
            )
        if not model.built and kind is keras.Sequential and input_shape is not None:
            model.build((None, *input_shape))
        if not model.built or not getattr(model, "inputs", None):
            raise WrongAnswer("unbuilt", "the model does not know its input shape.")
        try:
            config = _serialise(model)
        except Exception as error:
            raise WrongAnswer("config", f"Keras cannot serialise the model: {error}") from None
        optimizer = getattr(model, "optimizer", None)
        return {
            "kind": "Sequential" if kind is keras.Sequential else "Functional",
            "compiled": bool(model.compiled),
            "config": config,
            "weights": [np.asarray(value) for value in model.get_weights()],
            "paths": [str(variable.path) for variable in model.weights],
            "dtypes": [str(variable.dtype) for variable in model.weights],
            "trainable": [bool(variable.trainable) for variable in model.weights],
            "optimizer": _describe_optimizer(optimizer),
        }


def _describe_optimizer(optimizer: Any) -> dict[str, Any] | None:
    if optimizer is None:
        return None
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return {
        "class_name": type(inner).__name__,
        "wrapper": type(optimizer).__name__ if inner is not optimizer else "",
        "learning_rate": learning_rate(optimizer),
        "iterations": int(np.asarray(optimizer.iterations)),
        "trainable": len(getattr(optimizer, "_trainable_variables", []) or []),
    }


# --- requests ---------------------------------------------------------------------------------


def _load(box: Box, source: str, name: str, filename: str, seed: int) -> dict[str, Any]:
    import keras

    keras.utils.set_random_seed(seed)
    # One line for each epoch instead of a bar that is redrawn a thousand times.
    keras.config.disable_interactive_logging()
    box.fits.install()
    folder = Path(tempfile.mkdtemp(prefix="submission-"))
    path = folder / filename
    path.write_text(source, encoding="utf-8")
    os.chdir(folder)
    sys.argv = [filename]
    box.filename = filename
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    box.student = module
    spec.loader.exec_module(module)
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


def _build(box: Box, function: str, args: list[Any], input_shape: Any) -> dict[str, Any]:
    model = box.function(function, len(args))(*args)
    if model is None:
        raise WrongAnswer("returned", f"`{function}` returned None: is a `return` missing?")
    snapshot = box.snapshot(model, input_shape)
    return {"handle": box.keep(model), "snapshot": snapshot}


def _train(box: Box, function: str, model: int, data: list[str]) -> dict[str, Any]:
    import keras

    given = [box.data[name] for name in data]
    before = _checksum(given)
    subject = box[model]
    train = box.function(function, 1 + len(given))
    box.fits.begin(subject, given)
    returned = train(subject, *given)
    answer: dict[str, Any] = {
        "returned": _type_name(returned),
        "history": None,
        "data_unchanged": _checksum(given) == before,
        "fits": box.fits.end(returned),
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
    "load": _load,
    "put": _put,
    "build": _build,
    "train": _train,
    "probe": _probe,
}


# TensorFlow tells where in the graph an error came up before it says what the error is.
_WHERE = re.compile(
    r"Graph execution error|Detected at node|File \"|\[\[\{\{node|Stack trace for op"
)


def _message(error: BaseException) -> str:
    """Returns what an error says, without TensorFlow's way through the graph."""
    text = str(error)
    if not text.startswith("Graph execution error"):
        return text
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if line and not _WHERE.match(line)]
    node = re.search(r"Detected at node (\S+)", text)
    if kept and node:
        # Its name may tell which layer, or which loss, it was.
        kept[0] += f" (in {node[1]})"
    return "\n".join(kept) or text


def _describe_error(box: Box, error: BaseException) -> dict[str, Any]:
    kind = "raised"
    if isinstance(error, WrongAnswer):
        return {"kind": error.kind, "type": "", "message": str(error)[:MAX_TEXT], "traceback": ""}
    if isinstance(error, NotImplementedError) and "TODO" in str(error):
        kind = "todo"
    elif isinstance(error, SystemExit):
        kind = "exit"
    elif isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        kind = "memory"
    frames = traceback.extract_tb(error.__traceback__)
    ours = [i for i, frame in enumerate(frames) if os.path.basename(frame.filename) == box.filename]
    shown = ""
    line = None
    if ours:
        # From the student's own file on, and of the libraries below it only the place that raised.
        picked = [frames[i] for i in ours]
        line = picked[-1].lineno
        for frame in picked:
            frame.filename = box.filename
        if frames[-1] is not picked[-1]:
            picked.append(frames[-1])
        shown = "".join(traceback.format_list(picked))
    return {
        "kind": kind,
        "type": type(error).__name__,
        "message": _message(error)[:MAX_TEXT],
        "traceback": shown[-MAX_TEXT:],
        "line": line,
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
        verb = VERBS[request.pop("verb")]
        try:
            reply: dict[str, Any] = {"ok": verb(box, **request)}
        except BaseException as error:
            try:
                reply = {"error": _describe_error(box, error)}
            except BaseException:  # a hostile __str__, say
                reply = {"error": {"kind": "raised", "type": "Exception", "message": ""}}
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        try:
            channel.send(reply)
        except TypeError as error:
            channel.send({"error": {"kind": "raised", "type": "TypeError", "message": str(error)}})


# --- starting ---------------------------------------------------------------------------------


def _prepare(settings: dict[str, Any], log_fd: int) -> None:
    """Makes the process a clean one: no environment, own output, limits."""
    os.environ.clear()
    scratch = "/tmp" if settings["isolation"] == "namespaces" else tempfile.mkdtemp(prefix="kit-")
    os.environ.update(
        PATH="/usr/bin:/bin",
        HOME=scratch,
        TMPDIR=scratch,
        LANG="C.UTF-8",
        MPLBACKEND="Agg",
        MPLCONFIGDIR=scratch,
        KERAS_HOME=os.path.join(scratch, ".keras"),
        PYTHONDONTWRITEBYTECODE="1",
        TF_CPP_MIN_LOG_LEVEL="3",
        CUDA_VISIBLE_DEVICES="",
    )
    tempfile.tempdir = scratch
    os.chdir(scratch)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)
    sys.stdin = open(os.devnull)  # noqa: SIM115 - stays open as long as the process
    for name, fd in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(fd, "wb", closefd=False)
        stream = io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "replace", newline="\n")
        setattr(sys, name, stream)
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr  # type: ignore
    isolation.set_limits(settings["memory"], settings["cpu_seconds"])


def _set_threads(threads: int) -> None:
    import tensorflow as tf

    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)


def _serialise(model: Any) -> str:
    """Returns a model's config as JSON, with what can be told of its compilation."""
    import keras

    serialise = keras.saving.serialize_keras_object
    with contextlib.suppress(Exception):
        return json.dumps(serialise(model))
    # A schedule, metric or loss of the student's own need not have a config: the model has one all
    # the same, and so has the rest of what `compile` got.
    parts = {}
    for key, value in getattr(getattr(model, "_compile_config", None), "config", {}).items():
        with contextlib.suppress(Exception):
            json.dumps(part := serialise(value))
            parts[key] = part
    model.get_compile_config = lambda: parts
    try:
        return json.dumps(serialise(model))
    finally:
        del model.get_compile_config


def start(channel: Channel, status_fd: int, log_fd: int, settings: dict[str, Any]) -> None:
    """Becomes a sandbox; never returns.

    The caller turns into a guard outside the PID namespace that starts the sandboxed process,
    reports how it ended on `status_fd`, and kills everything that is left of it.

    Args:
        channel: `Channel`, the pipes to the grader.
        status_fd: Integer, where `{"exit": code}` or `{"signal": number}` is written at the end.
        log_fd: Integer, takes what the submission prints.
        settings: Dict: `isolation`, `memory` (bytes), `cpu_seconds`, `threads`, `visible` (paths).
    """
    isolation.die_with_parent()
    isolation.prctl(isolation.PR_SET_CHILD_SUBREAPER, 1)
    os.setsid()
    if settings["isolation"] == "namespaces":
        try:
            isolation.enter_namespaces()
        except isolation.IsolationError:
            settings["isolation"] = "process"
    child = os.fork()
    if child == 0:
        _be_init(channel, status_fd, log_fd, settings)
    channel.close()

    def stop(*_: object) -> None:
        _kill_tree(child)

    signal.signal(signal.SIGTERM, stop)
    _, status = os.waitpid(child, 0)
    _kill_tree(None)
    _report_end(status_fd, status)
    os._exit(0)


def _be_init(channel: Channel, status_fd: int, log_fd: int, settings: dict[str, Any]) -> NoReturn:
    """Is the first process of the PID namespace: makes it, starts the student's process, reaps.

    The student's code is not process 1 itself: the kernel spares that one from most signals.
    """
    try:
        isolation.die_with_parent()
        os.setsid()
        if settings["isolation"] == "namespaces":
            try:
                isolation.build_root(tuple(settings.get("visible", ())))
            except isolation.IsolationError as error:
                ended = json.dumps({"isolation_error": str(error)})
                os.write(status_fd, ended.encode() + b"\n")
                os._exit(98)
            isolation.drop_privileges()
        child = os.fork()
        if child == 0:
            isolation.die_with_parent()
            os.close(status_fd)
            _prepare(settings, log_fd)
            _set_threads(settings["threads"])
            channel.send({"event": {"isolation": settings["isolation"]}})
            serve(channel)
            os._exit(0)
        channel.close()
        while True:
            pid, status = os.wait()
            if pid == child:
                _report_end(status_fd, status)
                os._exit(0)
    except BaseException:
        traceback.print_exc()
    os._exit(99)


def _report_end(status_fd: int, status: int) -> None:
    code = os.waitstatus_to_exitcode(status)
    ended = {"signal": -code} if code < 0 else {"exit": code}
    with contextlib.suppress(OSError):
        os.write(status_fd, json.dumps(ended).encode() + b"\n")


def _kill_tree(first: int | None) -> None:
    """Kills a process with its group, and every orphan that the guard has inherited."""
    if first is not None:
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(OSError):
                kill(first, signal.SIGKILL)
    for _ in range(100):
        left = isolation.children_of(os.getpid())
        if first is not None:
            left = [pid for pid in left if pid != first]
        if not left:
            return
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

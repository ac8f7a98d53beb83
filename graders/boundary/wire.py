"""Plain data between processes: JSON and raw arrays over pipes, with limits and deadlines.

Nothing here can run code on the reading side: no pickle, and only the dtypes below. Each frame is
a 12-byte header (JSON length, payload length), a JSON document, and the arrays' raw bytes.
In the document an array is `{"$array": i}`, a tuple `{"$tuple": [...]}`.

A frame of progress is a mark in place of a length, two integers and two floats, without a document.
Reading one allocates nothing.
"""

from __future__ import annotations

import json
import math
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from graders.boundary.sizes import MAX_DEPTH, TRUSTED, Limits, measured
from graders.system import here

HEADER = struct.Struct(">IQ")
PROGRESS = struct.Struct(">IIIdd")
# No document is that long.
MARK = 2**32 - 1
# More reports of progress within one answer than any training has that ends in time.
MAX_PROGRESS = 1_000_000
RESERVED = frozenset(["$array", "$tuple"])
DTYPES = frozenset(
    [
        "float16",
        "float32",
        "float64",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "bool",
    ]
)


class WireError(Exception):
    """The other side sent something that is not a frame."""


class TooLarge(Exception):
    """What should be sent is larger than the other side takes."""


class WireClosed(Exception):
    """The other side is gone."""


class WireTimeout(Exception):
    """The deadline passed before the frame was complete."""


def _pack(value: Any, arrays: list[np.ndarray]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray):
        if value.dtype.name not in DTYPES:
            if not np.can_cast(value.dtype, np.float32, "same_kind"):
                raise TypeError(f"Cannot send an array of {value.dtype}; only numbers.")
            # bfloat16 and friends: exact in float32, and known on both sides.
            value = value.astype("float32")
        elif not value.dtype.isnative:
            # The name of a dtype does not tell the order of its bytes.
            value = value.astype(value.dtype.newbyteorder("="))
        arrays.append(np.ascontiguousarray(value))
        return {"$array": len(arrays) - 1, "dtype": value.dtype.name, "shape": list(value.shape)}
    if isinstance(value, np.floating):
        return float(value)
    if isinstance(value, np.generic):
        return _pack(value.item(), arrays)
    if isinstance(value, tuple):
        return {"$tuple": [_pack(item, arrays) for item in value]}
    if isinstance(value, list):
        return [_pack(item, arrays) for item in value]
    if isinstance(value, dict):
        packed = {str(key): _pack(item, arrays) for key, item in value.items()}
        if not packed.keys().isdisjoint(RESERVED):
            raise TypeError(f"Cannot send a dict with a key of {sorted(RESERVED)}.")
        return packed
    raise TypeError(f"Cannot send a {type(value).__name__}; only plain data and arrays.")


def encode(value: Any) -> list[bytes | memoryview]:
    """Turns plain data into the pieces of one frame.

    Args:
        value: `None`, bool, int, float, str, NumPy array, or list, tuple, dict of such.

    Returns:
        A list of bytes-like objects, to be written one after the other.

    Raises:
        TypeError: If the value is not plain data.
    """
    arrays: list[np.ndarray] = []
    try:
        document = json.dumps(_pack(value, arrays)).encode()
    except (ValueError, RecursionError) as error:
        raise TypeError(f"Cannot send this: {error}") from None
    payload = [array.reshape(-1).view(np.uint8).data for array in arrays if array.size]
    return [HEADER.pack(len(document), sum(len(part) for part in payload)), document, *payload]


def _array_specs(node: Any, found: dict[int, dict]) -> None:
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if "$array" in item:
                index = item["$array"]
                if not isinstance(index, int) or isinstance(index, bool) or index in found:
                    raise WireError("an array that is not numbered once")
                found[index] = item
            else:
                stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def _unpack(node: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(node, dict):
        if "$array" in node:
            return arrays[node["$array"]]
        if "$tuple" in node:
            items = node["$tuple"]
            if not isinstance(items, list):
                raise WireError("a tuple that is not a list")
            return tuple(_unpack(item, arrays) for item in items)
        return {_text(key): _unpack(item, arrays) for key, item in node.items()}
    if isinstance(node, list):
        return [_unpack(item, arrays) for item in node]
    return _text(node) if isinstance(node, str) else node


def _text(value: str) -> str:
    """Replaces what no encoding takes: half of a pair of surrogates would stop a report later."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _parsed(document: bytes | bytearray, limits: Limits) -> Any:
    """Parses JSON of a limited size: 30 MB of empty lists would become 1 GB of objects."""
    # `encode` writes ASCII. Another encoding could hide brackets from the measure.
    text = document.decode("ascii")
    nodes, depth = measured(text, limits.nodes)
    if nodes > limits.nodes or depth > MAX_DEPTH:
        raise WireError("a document of too many values")
    return json.loads(text)


def decode(document: bytes | bytearray, payload: bytearray, limits: Limits = TRUSTED) -> Any:
    """Turns one frame's two parts back into plain data.

    Args:
        document: Bytes, the JSON part.
        payload: Bytearray, the arrays' bytes; the arrays returned are views of it.
        limits: `Limits`, how much there may be.

    Returns:
        The plain data.

    Raises:
        WireError: If the two parts are not what `encode` makes.
    """
    try:
        tree = _parsed(document, limits)
        specs: dict[int, dict] = {}
        _array_specs(tree, specs)
        if len(specs) > limits.arrays or sorted(specs) != list(range(len(specs))):
            raise WireError("arrays that are not numbered in order")
        arrays, offset = [], 0
        for index in range(len(specs)):
            name, shape = specs[index].get("dtype"), specs[index].get("shape")
            if not isinstance(name, str) or name not in DTYPES:
                raise WireError("an array of an unknown dtype")
            if not isinstance(shape, list) or len(shape) > 32:
                raise WireError("an array without a shape")
            size = 1
            for length in shape:
                if not isinstance(length, int) or isinstance(length, bool) or length < 0:
                    raise WireError("an array with an odd shape")
                size *= length
                if size > limits.payload:
                    raise WireError("an array that is too large")
            dtype = np.dtype(name)
            if offset + size * dtype.itemsize > len(payload):
                raise WireError("an array longer than its bytes")
            array = np.frombuffer(payload, dtype, count=size, offset=offset).reshape(shape)
            offset += size * dtype.itemsize
            arrays.append(array)
        if offset != len(payload):
            raise WireError("bytes that belong to no array")
        return _unpack(tree, arrays)
    except (ValueError, RecursionError, UnicodeError, OverflowError) as error:
        raise WireError(str(error)[:200]) from None


class Ends(Protocol):
    """What reads and writes a pair of pipes, see `graders.system.posix.Ends`."""

    def read(self, most: int, deadline: float | None) -> bytes:
        """Reads some bytes; none at the end of the pipe."""

    def write(self, view: memoryview, deadline: float | None) -> int:
        """Writes some bytes; returns how many."""

    def close(self) -> None:
        """Closes both ends."""


class Channel:
    """A pair of pipe ends that carries frames, with a deadline on every read and write.

    Args:
        read_fd: Integer, the file descriptor to read from.
        write_fd: Integer, the file descriptor to write to.
        ends: What reads and writes them; the system's own way if `None`.
    """

    def __init__(self, read_fd: int, write_fd: int, ends: Ends | None = None):
        self.read_fd, self.write_fd = read_fd, write_fd
        self._ends: Ends = ends or here.Ends(read_fd, write_fd)

    def _read(self, count: int, deadline: float | None) -> bytearray:
        data = bytearray()
        while len(data) < count:
            try:
                part = self._ends.read(min(count - len(data), 2**20), deadline)
            except TimeoutError:
                raise WireTimeout from None
            except OSError as error:
                raise WireClosed from error
            if not part:
                raise WireClosed
            data += part
            if deadline is not None and time.monotonic() > deadline:
                raise WireTimeout
        return data

    def receive(
        self,
        deadline: float | None = None,
        limits: Limits = TRUSTED,
        on_progress: Callable[[int, int, float, float], None] | None = None,
    ) -> Any:
        """Reads one frame of data, and the frames of progress before it.

        Args:
            deadline: Float, a value of `time.monotonic()`; `None` waits for ever.
            limits: `Limits`, how large the frame may be.
            on_progress: Callable that takes the two integers and two floats (any: infinity and NaN
                too) of a frame of progress; `None` where there must not be any.

        Returns:
            Plain data.

        Raises:
            WireClosed: If the other side is gone.
            WireTimeout: If the deadline passed.
            WireError: If what came is not a frame, or one that is too large.
        """
        left = 0 if on_progress is None else MAX_PROGRESS
        while True:
            header = self._read(HEADER.size, deadline)
            json_size, payload_size = HEADER.unpack(header)
            if json_size != MARK or on_progress is None:
                break
            left -= 1
            if left < 0:
                raise WireError("more reports of progress than a training can have")
            rest = self._read(PROGRESS.size - HEADER.size, deadline)
            _, done, whole, loss, accuracy = PROGRESS.unpack(header + rest)
            on_progress(done, whole, loss, accuracy)
        if json_size > limits.document or payload_size > limits.payload:
            raise WireError(f"a frame of {json_size + payload_size} bytes")
        document = self._read(json_size, deadline)
        return decode(document, self._read(payload_size, deadline), limits)

    def send_progress(
        self,
        done: int,
        whole: int,
        loss: float = math.nan,
        accuracy: float = math.nan,
        deadline: float | None = None,
    ) -> None:
        """Writes a frame of progress.

        Args:
            done: Integer from 0 to 2**32 - 1.
            whole: Integer from 0 to 2**32 - 1.
            loss: Float; NaN if it is not known.
            accuracy: Float; NaN if it is not known.
            deadline: Float, a value of `time.monotonic()`; `None` waits for ever.

        Raises:
            WireClosed, WireTimeout: See `send`.
        """
        self._write([PROGRESS.pack(MARK, done, whole, loss, accuracy)], deadline)

    def send(self, value: Any, deadline: float | None = None, limits: Limits | None = None) -> None:
        """Writes one frame.

        Args:
            value: Plain data.
            deadline: Float, a value of `time.monotonic()`; `None` waits for ever.
            limits: `Limits` of the other side; `None` sends whatever there is.

        Raises:
            TooLarge: If the frame is above the limits. Nothing of it was sent.
            TypeError: If the value is not plain data.
            WireClosed: If the other side is gone.
            WireTimeout: If the deadline passed.
        """
        header, *parts = encode(value)
        if limits is not None and (words := limits.exceeded(parts)):
            raise TooLarge(words)
        self._write([header, *parts], deadline)

    def _write(self, parts: Sequence[bytes | memoryview], deadline: float | None) -> None:
        for part in parts:
            view = memoryview(part)
            while view:
                try:
                    view = view[self._ends.write(view[: 2**20], deadline) :]
                except TimeoutError:
                    raise WireTimeout from None
                except OSError as error:
                    raise WireClosed from error

    def close(self) -> None:
        """Closes both ends."""
        self._ends.close()

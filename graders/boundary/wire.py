"""Plain data between processes: JSON and raw arrays over pipes, with limits and deadlines.

Nothing here can run code on the reading side: no pickle, and only the dtypes below. Each frame is
an 12-byte header (JSON length, payload length), a JSON document, and the arrays' raw bytes.
In the document an array is `{"$array": i}`, a tuple `{"$tuple": [...]}`.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import struct
import time
from typing import Any

import numpy as np

HEADER = struct.Struct(">IQ")
MAX_JSON = 32 * 2**20
MAX_PAYLOAD = 1024 * 2**20
MAX_ARRAYS = 20_000
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
        return {key: _unpack(item, arrays) for key, item in node.items()}
    if isinstance(node, list):
        return [_unpack(item, arrays) for item in node]
    return node


def decode(document: bytes, payload: bytearray) -> Any:
    """Turns one frame's two parts back into plain data.

    Args:
        document: Bytes, the JSON part.
        payload: Bytearray, the arrays' bytes; the arrays returned are views of it.

    Returns:
        The plain data.

    Raises:
        WireError: If the two parts are not what `encode` makes.
    """
    try:
        tree = json.loads(document)
        specs: dict[int, dict] = {}
        _array_specs(tree, specs)
        if len(specs) > MAX_ARRAYS or sorted(specs) != list(range(len(specs))):
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
                if size > MAX_PAYLOAD:
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


class Channel:
    """A pair of pipe ends that carries frames, with a deadline on every read and write.

    Args:
        read_fd: Integer, the file descriptor to read from.
        write_fd: Integer, the file descriptor to write to.
    """

    def __init__(self, read_fd: int, write_fd: int):
        self.read_fd, self.write_fd = read_fd, write_fd
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)

    def _wait(self, reading: bool, deadline: float | None) -> None:
        poll = select.poll()
        poll.register(
            self.read_fd if reading else self.write_fd, select.POLLIN if reading else select.POLLOUT
        )
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        if not poll.poll(left):
            raise WireTimeout

    def _read(self, count: int, deadline: float | None) -> bytearray:
        data = bytearray()
        while len(data) < count:
            # Wait first even when data are there, so that a drip of bytes cannot outrun a deadline.
            self._wait(True, deadline)
            try:
                part = os.read(self.read_fd, min(count - len(data), 2**20))
            except BlockingIOError:
                continue
            except OSError as error:
                raise WireClosed from error
            if not part:
                raise WireClosed
            data += part
            if deadline is not None and time.monotonic() > deadline:
                raise WireTimeout
        return data

    def receive(self, deadline: float | None = None) -> Any:
        """Reads one frame.

        Args:
            deadline: Float, a value of `time.monotonic()`; `None` waits for ever.

        Returns:
            Plain data.

        Raises:
            WireClosed: If the other side is gone.
            WireTimeout: If the deadline passed.
            WireError: If what came is not a frame.
        """
        json_size, payload_size = HEADER.unpack(self._read(HEADER.size, deadline))
        if json_size > MAX_JSON or payload_size > MAX_PAYLOAD:
            raise WireError(f"a frame of {json_size + payload_size} bytes")
        document = self._read(json_size, deadline)
        return decode(bytes(document), self._read(payload_size, deadline))

    def send(self, value: Any, deadline: float | None = None) -> None:
        """Writes one frame.

        Args:
            value: Plain data.
            deadline: Float, a value of `time.monotonic()`; `None` waits for ever.

        Raises:
            WireClosed: If the other side is gone.
            WireTimeout: If the deadline passed.
        """
        for part in encode(value):
            view = memoryview(part)
            while view:
                self._wait(False, deadline)
                try:
                    view = view[os.write(self.write_fd, view[: 2**20]) :]
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise WireClosed from error

    def close(self) -> None:
        """Closes both ends."""
        for fd in {self.read_fd, self.write_fd}:
            with contextlib.suppress(OSError):
                os.close(fd)

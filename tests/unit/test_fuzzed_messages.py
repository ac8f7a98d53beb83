"""Messages of any kind from a sandbox: each is an answer or the submission's fault, and takes little.

    KERAS_KIT_FUZZ=10000 python -m pytest tests/unit/test_fuzzed_messages.py

sends 10,000 of each kind; without the variable some hundred.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.boundary import sizes, wire
from tests.fuzzing import growth, search

LIMITS = [sizes.SHORT, sizes.ANSWER, sizes.MODEL]
# What a sandbox sends: answers with arrays, errors, nesting, progress.
HONEST: list[Any] = [
    {"ok": None},
    {"ok": {"y": np.ones((2, 3), "float32"), "dtype": "float32", "weights": 2}},
    {"ok": [{"value": np.float32(0.5), "gradient": np.zeros((3, 2))}, (1, "text", None)]},
    {"error": {"kind": "raised", "type": "ValueError", "message": "é", "traceback": ""}},
    {"ok": [[], {}, [[np.zeros(0, "int8")]], {"a": {"b": [True, -1.5e300, 10**30]}}]},
]
FRAMES = [b"".join(map(bytes, wire.encode(value))) for value in HONEST]
FRAMES.append(wire.PROGRESS.pack(wire.MARK, 1, 3, 0.5, 0.9) + FRAMES[0])
PIECES = [
    b'{"ok":',
    b"[]",
    b"{}",
    b'"',
    b"\\",
    b'{"$array":0}',
    b"1e999",
    b"NaN",
    b"\\ud800",
    b"9" * 40,
]


@pytest.fixture(scope="module", autouse=True)
def memory() -> Iterator[None]:
    """All messages of this file together take less than the 500 MB that a judge may."""
    with growth() as grown:
        yield
    assert grown[0] < 500 * 2**20


def receive(sent: bytes, limits: sizes.Limits) -> None:
    """Reads what was sent until the other side is gone; nothing but the wire's errors is raised."""
    read_fd, write_fd = os.pipe()
    os.write(write_fd, sent[:60_000])
    os.close(write_fd)
    channel = wire.Channel(read_fd, os.open(os.devnull, os.O_WRONLY))
    try:
        with contextlib.suppress(wire.WireError, wire.WireClosed):
            while True:
                channel.receive(time.monotonic() + 5, limits, lambda *_: None)
    finally:
        channel.close()


@st.composite
def mutated(draw: Any) -> bytes:
    """Draws one or two honest frames with some bytes changed, taken out, doubled or put in."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(FRAMES), min_size=1, max_size=2))))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        new = draw(
            st.binary(max_size=12) | st.sampled_from(PIECES) | st.just(bytes(data[start:end] * 2))
        )
        data[start:end] = new
    return bytes(data)


@st.composite
def framed(draw: Any) -> bytes:
    """Draws a header that fits, and pieces of JSON and bytes behind it."""
    document = b"".join(
        draw(st.lists(st.sampled_from(PIECES + [b",", b":", b"]", b"}", b"[", b"{"]), max_size=30))
    )
    payload = draw(st.binary(max_size=20))
    return wire.HEADER.pack(len(document), len(payload)) + document + payload


@search(200)
@given(st.binary(max_size=200), st.sampled_from(LIMITS))
def test_raw_bytes(sent: bytes, limits: sizes.Limits) -> None:
    """Bytes without any order."""
    receive(sent, limits)


@search(300)
@given(mutated(), st.sampled_from(LIMITS))
def test_mutated_frames(sent: bytes, limits: sizes.Limits) -> None:
    """Frames of a real sandbox, in which something is not as it should be."""
    receive(sent, limits)


@search(300)
@given(framed(), st.sampled_from(LIMITS))
def test_framed_pieces(sent: bytes, limits: sizes.Limits) -> None:
    """Headers that tell the truth about nonsense."""
    receive(sent, limits)


@search(100)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), st.binary(max_size=50))
def test_headers(document: int, payload: int, rest: bytes) -> None:
    """Headers that promise anything: only what comes takes memory."""
    receive(wire.HEADER.pack(document, payload) + rest, sizes.MODEL)

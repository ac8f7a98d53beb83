"""Frames between processes: what is sent arrives unchanged, and garbage is only ever a `WireError`."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from graders.boundary import wire
from graders.boundary.sizes import MODEL, TRUSTED, Limits
from graders.system import threaded
from tests.fuzzing import growth

SEARCH = settings(max_examples=200, deadline=None, derandomize=True)


def travel(value: Any) -> Any:
    """Returns what the other side decodes when `value` is encoded."""
    header, document, *payload = (bytes(part) for part in wire.encode(value))
    data = bytearray(b"".join(payload))
    assert wire.HEADER.unpack(header) == (len(document), len(data))
    return wire.decode(document, data)


def same(one: Any, other: Any) -> bool:
    """Returns whether two values are equal in type, dtype, shape and every element."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        # The bytes are compared, so that NaN equals itself and 0 differs from -0.
        known = (one.dtype, one.shape) == (other.dtype, other.shape)
        return known and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    return one == other


# --- round trips --------------------------------------------------------------------------------

PLAIN_ARRAYS = st.sampled_from(sorted(wire.DTYPES)).flatmap(
    lambda name: arrays_of.arrays(name, arrays_of.array_shapes(min_dims=0, min_side=0, max_side=3))
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | PLAIN_ARRAYS,
    lambda items: (
        st.lists(items, max_size=4)
        | st.lists(items, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5).filter(lambda key: key not in wire.RESERVED), items)
    ),
    max_leaves=12,
)


@SEARCH
@given(PLAIN)
def test_plain_data_arrive_unchanged(value: Any) -> None:
    """Any plain data, nested in any way, arrive with the same types, dtypes, shapes and values."""
    assert same(value, travel(value))


@pytest.mark.parametrize("name", sorted(wire.DTYPES))
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (5,), (2, 1, 3)])
def test_arrays_of_every_dtype_arrive(name: str, shape: tuple[int, ...]) -> None:
    """Arrays of every dtype that is allowed arrive, empty ones and single numbers too."""
    value = np.arange(math.prod(shape)).reshape(shape).astype(name)
    assert same(value, travel(value))


def test_array_that_is_not_contiguous_arrives() -> None:
    """A transposed and strided view arrives as the values that it shows."""
    value = np.arange(24.0).reshape(4, 6).T[::2, ::-1]
    assert same(np.ascontiguousarray(value), travel(value))


@pytest.mark.parametrize("dtype", [">f4", ">i2", ">u8", "<f8"])
def test_values_do_not_depend_on_the_order_of_bytes(dtype: str) -> None:
    """A big-endian array (as IDX files have) arrives with the same values."""
    value = np.array([1, 2, 300]).astype(dtype)
    assert travel(value).tolist() == [1, 2, 300]


@pytest.mark.parametrize(
    "dtype", [ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.int4, np.longdouble]
)
def test_other_numbers_arrive_as_float32(dtype: Any) -> None:
    """An array of a dtype that NumPy alone does not know arrives as float32, with equal values."""
    assert same(np.array([-2, 0, 1.0], "float32"), travel(np.array([-2, 0, 1]).astype(dtype)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float16(1.5), 1.5),
        (np.float64(-0.0), -0.0),
        (np.longdouble(2.5), 2.5),
        (ml_dtypes.bfloat16(0.5), 0.5),
        (np.int8(-3), -3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.bool_(True), True),
        (np.str_("é"), "é"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_numpy_scalars_arrive_as_python_numbers(value: Any, expected: Any) -> None:
    """A NumPy scalar arrives as the Python value that it stands for."""
    found = travel(value)
    assert type(found) in (float, int, bool, str)
    assert found == expected


def test_keys_arrive_as_text() -> None:
    """Keys that are numbers arrive as text, as in JSON."""
    assert travel({1: "a", None: "b"}) == {"1": "a", "None": "b"}


def endless() -> list[Any]:
    """Returns a list that holds itself."""
    found: list[Any] = []
    found.append(found)
    return found


NOT_PLAIN = {
    "object": object(),
    "set": {1, 2},
    "bytes": b"bytes",
    "complex number": 1j,
    "NumPy's complex number": np.complex64(1j),
    "long complex number": np.clongdouble(1j),
    "array of complex numbers": np.array([1j]),
    "array of text": np.array(["text"]),
    "array of objects": np.array([None, "object"]),
    "array of dates": np.array(["2024-01-01"], "datetime64[D]"),
    "array of records": np.zeros(2, [("x", "float32")]),
    "number of 5001 digits": 10**5000,
    "list that holds itself": endless(),
    "dict that reads as an array": {"$array": 0, "dtype": "int8", "shape": []},
    "dict that reads as a tuple": [{"$tuple": [1]}],
}


@pytest.mark.parametrize("value", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_is_not_plain_is_a_type_error(value: Any) -> None:
    """Data that the other side could not read, or would read as something else, are not sent."""
    with pytest.raises(TypeError, match="Cannot send"):
        wire.encode(value)


# --- hostile frames -----------------------------------------------------------------------------


def array(**other: Any) -> dict[str, Any]:
    """Returns what stands for an array of four bytes in a document, with parts replaced."""
    return {"$array": 0, "dtype": "int8", "shape": [4]} | other


HOSTILE = {
    "number too high": array(**{"$array": 1}),
    "number below zero": array(**{"$array": -1}),
    "number as text": array(**{"$array": "0"}),
    "number as float": array(**{"$array": 0.0}),
    "number as boolean": array(**{"$array": False}),
    "number as list": array(**{"$array": [0]}),
    "number as object": array(**{"$array": array()}),
    "huge number": array(**{"$array": 10**4000}),
    "no number": array(**{"$array": None}),
    "one number twice": [array(), array()],
    "gap in numbers": [array(shape=[2]), array(**{"$array": 2}, shape=[2])],
    "no dtype": {"$array": 0, "shape": [4]},
    "objects": array(dtype="object"),
    "text": array(dtype="<U1"),
    "records": array(dtype="i1,i1"),
    "bytes in another order": array(dtype=">i4", shape=[1]),
    "dtype in capitals": array(dtype="INT8"),
    "dtype as list": array(dtype=["int8"]),
    "dtype as object": array(dtype={"int8": "int8"}),
    "no shape": {"$array": 0, "dtype": "int8"},
    "shape as number": array(shape=4),
    "shape as text": array(shape="4"),
    "side below zero": array(shape=[-1]),
    "two sides below zero": array(shape=[-2, -2]),
    "side as text": array(shape=["4"]),
    "side as float": array(shape=[4.0]),
    "side as boolean": array(shape=[4, True]),
    "side as null": array(shape=[None]),
    "side as list": array(shape=[[4]]),
    "side not a number": array(shape=[math.nan]),
    "too long": array(shape=[5]),
    "too short": array(shape=[3]),
    "huge side": array(shape=[10**4000]),
    "huge product": array(shape=[2**31] * 4),
    "product that overflows to 4": array(shape=[2**62 + 1, 4]),
    "empty beside huge": array(shape=[0, 2**62, 2**62]),
    "too many sides": array(shape=[1] * 32 + [4]),
    "tuple of text": {"$tuple": "text", "a": array()},
    "tuple of an object": [{"$tuple": {"a": 1}}, array()],
    "tuple of nothing": [{"$tuple": None}, array()],
    "bytes of no array": [1, 2],
}


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE)
def test_hostile_document_is_a_wire_error(document: Any) -> None:
    """A document that `encode` never makes, beside four bytes of payload, is refused."""
    with pytest.raises(wire.WireError):
        wire.decode(json.dumps(document).encode(), bytearray(4))


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"nothing",
        b"\xff\xfe",
        b"\x80abc",
        b"[1] [2]",
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b'{"$tuple":[' * 100_000,
        b"9" * 5000,
        b"\x00" * 64,
    ],
    ids=lambda document: repr(document[:12]),
)
def test_what_is_not_json_is_a_wire_error(document: bytes) -> None:
    """Text that is not JSON, or is nested beyond reason, is refused."""
    with pytest.raises(wire.WireError):
        wire.decode(document, bytearray())


def test_an_honest_array_is_not_refused() -> None:
    """The document that the hostile ones are made of is a good one."""
    found = wire.decode(json.dumps(array()).encode(), bytearray(b"\x01\x02\x03\xff"))
    assert same(np.array([1, 2, 3, -1], "int8"), found)


def test_too_many_arrays_are_a_wire_error() -> None:
    """More arrays than any answer has are refused."""
    document = [array(**{"$array": index}, shape=[0]) for index in range(TRUSTED.arrays + 1)]
    with pytest.raises(wire.WireError, match="numbered"):
        wire.decode(json.dumps(document).encode(), bytearray())


def test_numbers_that_json_does_not_know_are_floats() -> None:
    """NaN and infinities are data like others: trainings that diverge report them."""
    found = wire.decode(b"[NaN, Infinity, -Infinity, 1e999]", bytearray())
    assert same([math.nan, math.inf, -math.inf, math.inf], found)


@SEARCH
@given(st.binary(max_size=60), st.binary(max_size=20))
@example(b'{"$array":0,"dtype":"int8","shape":[]}', b"\x00")
def test_any_bytes_are_data_or_a_wire_error(document: bytes, payload: bytes) -> None:
    """Whatever bytes come, they are data or a `WireError`."""
    with contextlib.suppress(wire.WireError):
        wire.decode(document, bytearray(payload))


# Near misses of arrays and tuples, which random JSON hardly ever hits.
ODD = (
    st.none()
    | st.booleans()
    | st.integers(-2, 5)
    | st.sampled_from([2**31, 2**63, -(2**63), 10**400])
    | st.floats()
    | st.sampled_from(["", "0", "int8", "float64", "object", "$array"])
)
NEAR_ARRAYS = st.fixed_dictionaries(
    {"$array": st.integers(0, 1) | ODD},
    optional={
        "dtype": st.sampled_from(["int8", "float32", "bool"]) | ODD,
        "shape": st.lists(st.integers(0, 4) | ODD, max_size=4) | ODD,
    },
)
DOCUMENTS = st.recursive(
    ODD | NEAR_ARRAYS,
    lambda items: (
        st.lists(items, max_size=3)
        | st.dictionaries(st.sampled_from(["$array", "$tuple", "dtype", "shape", "a"]), items)
    ),
    max_leaves=8,
)


@SEARCH
@given(DOCUMENTS, st.binary(max_size=8))
def test_any_json_is_data_or_a_wire_error(document: Any, payload: bytes) -> None:
    """Whatever JSON comes, even what is nearly an array, it is data or a `WireError`."""
    try:
        found = wire.decode(json.dumps(document).encode(), bytearray(payload))
    except wire.WireError:
        return
    # What was understood is plain data that could be sent on.
    assert same(found, travel(found))


# --- channels -----------------------------------------------------------------------------------


@pytest.fixture(params=["polled", "threaded"])
def channel(request: pytest.FixtureRequest) -> Iterator[wire.Channel]:
    """A channel whose writing end leads to its own reading end, as Linux and as Windows read it."""
    ends = os.pipe()
    found = wire.Channel(*ends, threaded.Ends(*ends) if request.param == "threaded" else None)
    yield found
    found.close()


def soon(seconds: float = 5.0) -> float:
    """Returns a deadline so many seconds from now."""
    return time.monotonic() + seconds


def test_frames_arrive_in_order(channel: wire.Channel) -> None:
    """Several frames in one pipe are told apart."""
    frames = [{"ok": None}, [np.arange(3), (1, "é")], "", np.zeros((0, 2), "float16")]
    for frame in frames:
        channel.send(frame, soon())
    assert same(frames, [channel.receive(soon()) for _ in frames])


def test_frame_larger_than_the_pipe_arrives(channel: wire.Channel) -> None:
    """A frame of several megabytes arrives while the other side reads."""
    value = np.random.default_rng(0).normal(size=(500, 1000))
    sender = threading.Thread(target=channel.send, args=(value, soon(30)))
    sender.start()
    assert same(value, channel.receive(soon(30)))
    sender.join()


def test_reading_ends_at_the_deadline(channel: wire.Channel) -> None:
    """Where nothing comes, `receive` gives up at its deadline."""
    start = time.monotonic()
    with pytest.raises(wire.WireTimeout):
        channel.receive(soon(0.1))
    assert 0.05 < time.monotonic() - start < 2


def test_drip_of_bytes_cannot_outrun_the_deadline(channel: wire.Channel) -> None:
    """A byte now and then keeps the pipe readable, but does not move the deadline."""
    stop = threading.Event()

    def drip() -> None:
        os.write(channel.write_fd, wire.HEADER.pack(2**20, 0))
        while not stop.wait(0.001):
            os.write(channel.write_fd, b" " * 10)

    dripping = threading.Thread(target=drip)
    dripping.start()
    start = time.monotonic()
    try:
        with pytest.raises(wire.WireTimeout):
            channel.receive(soon(0.2))
    finally:
        stop.set()
        dripping.join()
    assert time.monotonic() - start < 2


def test_bytes_that_are_there_do_not_outrun_a_deadline_that_passed(channel: wire.Channel) -> None:
    """After the deadline, not even a frame that has arrived is read."""
    channel.send("late", soon())
    with pytest.raises(wire.WireTimeout):
        channel.receive(time.monotonic() - 1)


def test_writing_ends_at_the_deadline(channel: wire.Channel) -> None:
    """Where nobody reads, `send` gives up at its deadline."""
    start = time.monotonic()
    with pytest.raises(wire.WireTimeout):
        channel.send(np.zeros(2**20), soon(0.1))
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("sent", [b"", b"\x00" * 5, wire.HEADER.pack(10, 0) + b"12"])
def test_end_of_the_pipe_is_the_end(channel: wire.Channel, sent: bytes) -> None:
    """Where the other side closes, before or within a frame, `receive` says so at once."""
    os.write(channel.write_fd, sent)
    os.close(channel.write_fd)
    with pytest.raises(wire.WireClosed):
        channel.receive(soon())


def test_writing_to_nobody_is_the_end(channel: wire.Channel) -> None:
    """Where nobody can read any more, `send` says so."""
    os.close(channel.read_fd)
    with pytest.raises(wire.WireClosed):
        channel.send("anybody?", soon())


def test_closed_channel_is_the_end(channel: wire.Channel) -> None:
    """A channel that was closed neither reads nor writes; closing it twice is no error."""
    channel.close()
    channel.close()
    with pytest.raises(wire.WireClosed):
        channel.receive(soon())
    with pytest.raises(wire.WireClosed):
        channel.send("anybody?", soon())


# --- progress -----------------------------------------------------------------------------------


def test_progress_comes_before_the_answer(channel: wire.Channel) -> None:
    """Two integers each, of any size that 32 bits hold, two floats, and the frame after them."""
    seen: list[tuple[int, int, float, float]] = []
    reports = [(0, 1, 0.5, 1.0), (3, 2**32 - 1, -math.inf, 1e300), (2**32 - 1, 0, -0.1, 5e-324)]
    for report in reports:
        channel.send_progress(*report, soon())
    channel.send("answer", soon())
    assert channel.receive(soon(), on_progress=lambda *found: seen.append(found)) == "answer"
    assert seen == reports


def test_progress_has_one_size(channel: wire.Channel) -> None:
    """It takes 28 bytes, and no room in the reader's memory; what is not known is NaN."""
    channel.send_progress(1, 2, deadline=soon())
    assert os.read(channel.read_fd, 1000) == wire.PROGRESS.pack(wire.MARK, 1, 2, math.nan, math.nan)
    assert wire.PROGRESS.size == 28 and wire.HEADER.size == 12


def test_half_a_report_of_progress_is_none(channel: wire.Channel) -> None:
    """Who sends the head of one and no more is waited for until the deadline, not longer."""
    os.write(channel.write_fd, wire.PROGRESS.pack(wire.MARK, 1, 2, 0.5, 0.5)[:20])
    with pytest.raises(wire.WireTimeout):
        channel.receive(time.monotonic() + 0.2, on_progress=lambda *_: pytest.fail("reported"))


def test_progress_where_none_is_due(channel: wire.Channel) -> None:
    """A reader that asks for none takes the mark for a length, which is too large."""
    channel.send_progress(1, 2, deadline=soon())
    with pytest.raises(wire.WireError, match="a frame of"):
        channel.receive(soon())


def test_reports_of_progress_have_an_end(
    channel: wire.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than a training can have are no progress, long before a deadline."""
    monkeypatch.setattr(wire, "MAX_PROGRESS", 3)
    for _ in range(4):
        channel.send_progress(1, 2, deadline=soon())
    with pytest.raises(wire.WireError, match="more reports of progress"):
        channel.receive(soon(), on_progress=lambda *_: None)


# --- sizes --------------------------------------------------------------------------------------

SMALL = Limits(document=100, payload=16, nodes=10, arrays=2)
ABOVE: dict[str, tuple[Any, str]] = {
    "text": ("x" * 200, "text and numbers of 0.0 MB"),
    "an array": (np.zeros(17, "int8"), "arrays of 0.0 MB"),
    "arrays together": ([np.zeros(8, "int8"), np.zeros(9, "int8")], "arrays of 0.0 MB"),
    "values": ([1] * 11, "a list or dict of over 10 values"),
    "keys": ({str(i): {} for i in range(5)}, "a list or dict of over 10 values"),
}


@pytest.mark.parametrize("name", ABOVE)
def test_what_is_above_the_limits_is_neither_sent_nor_read(
    channel: wire.Channel, name: str
) -> None:
    """A sandbox reports it in words; a frame that is sent all the same is refused."""
    value, words = ABOVE[name]
    with pytest.raises(wire.TooLarge, match=words):
        channel.send(value, soon(), SMALL)
    channel.send(value, soon())
    with pytest.raises(wire.WireError):
        channel.receive(soon(), SMALL)


def test_what_fits_is_sent_and_read(channel: wire.Channel) -> None:
    """At the limits themselves, nothing is refused; a bracket within text is none."""
    value = ["[[[[{{{{::::,,,,", '"\\', "\\", {"[": 1, "{": 2}]
    channel.send(value, soon(), SMALL)
    assert channel.receive(soon(), SMALL) == value


def test_more_arrays_than_asked_for(channel: wire.Channel) -> None:
    """They are counted by themselves: each costs more than its bytes."""
    limits = dataclasses.replace(SMALL, document=1000, nodes=100)
    with pytest.raises(wire.TooLarge, match="3 arrays"):
        channel.send([np.zeros(1, "int8")] * 3, soon(), limits)
    channel.send([np.zeros(1, "int8")] * 3, soon())
    with pytest.raises(wire.WireError, match="not numbered in order"):
        channel.receive(soon(), limits)


BOMBS = {
    "lists": b"[" + b"[]," * 10_000_000 + b"[]]",
    "dicts": b"[" + b"{}," * 10_000_000 + b"{}]",
    "numbers": b"[" + b"1.5," * 8_000_000 + b"1]",
    "texts": b"[" + b'"a",' * 8_000_000 + b'"a"]',
    "keys": b"{" + b",".join(b'"%x":0' % i for i in range(2_500_000)) + b"}",
    "depth": b"[" * 30_000_000,
    "quotes": b'"' * 30_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_json_that_would_fill_the_memory_is_not_parsed(name: str) -> None:
    """30 MB of it would become up to 1 GB of objects: it is measured first, in a second."""
    began = time.monotonic()
    with growth() as grown, pytest.raises(wire.WireError, match="too many values"):
        wire.decode(BOMBS[name], bytearray(), MODEL)
    assert grown[0] < 200 * 2**20
    assert time.monotonic() - began < 5


LARGEST = {
    "lists": b"[" + b"[]," * (MODEL.nodes // 2 - 2) + b"[]]",
    "dicts": b"[" + b"{}," * (MODEL.nodes // 2 - 2) + b"{}]",
    "numbers": b"[" + b"1.5," * (MODEL.nodes - 3) + b"1]",
    "keys": b"{" + b",".join(b'"%x":0' % i for i in range(MODEL.nodes // 2 - 2)) + b"}",
    "objects": b"[" + b",".join([b'{"a":""}'] * (MODEL.nodes // 3 - 2)) + b"]",
}


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_documents_that_are_parsed_are_not_large(name: str) -> None:
    """What is within the limit of a sandbox's answer takes less than 100 MB as objects."""
    with growth() as grown:
        wire.decode(LARGEST[name], bytearray(), MODEL)
    assert grown[0] < 100 * 2**20


def test_another_encoding_cannot_hide_brackets() -> None:
    """JSON in UTF-16 is refused: in it, a letter may look like the end of a text."""
    document = ("[" + "[]," * 10 + '"\u2200[[["]').encode("utf-16")
    with pytest.raises(wire.WireError):
        wire.decode(document, bytearray())


def test_half_of_a_pair_of_surrogates_is_replaced() -> None:
    """Text that no encoding takes would stop a report when it is written."""
    found = wire.decode(b'["\\ud800x", {"\\udfff": "\\ud83d\\ude00"}]', bytearray())
    assert found == ["?x", {"?": "\U0001f600"}]


@pytest.mark.parametrize(
    "sizes",
    [(TRUSTED.document + 1, 0), (2, TRUSTED.payload + 1), (2**32 - 1, 2**64 - 1)],
    ids=["document", "payload", "both"],
)
def test_frame_that_is_too_large_is_refused_before_it_is_read(
    channel: wire.Channel, sizes: tuple[int, int]
) -> None:
    """The header alone is enough to refuse a frame: nobody waits for its bytes."""
    os.write(channel.write_fd, wire.HEADER.pack(*sizes))
    with pytest.raises(wire.WireError, match=f"a frame of {sum(sizes)} bytes"):
        channel.receive(soon())


# --- pipes that nobody can poll -------------------------------------------------------------------


def test_a_thread_tells_of_the_end_while_nobody_reads() -> None:
    """A process whose parent is gone learns of it in the middle of a loop."""
    ended = threading.Event()
    read_fd, write_fd = os.pipe()
    ends = threaded.Ends(read_fd, os.open(os.devnull, os.O_WRONLY), at_end=ended.set)
    os.write(write_fd, b"not read")
    assert not ended.wait(0.2)
    os.close(write_fd)
    assert ended.wait(10)
    ends.close()


def test_what_is_not_read_waits_in_its_pipe() -> None:
    """A flood does not fill the memory of whoever does not read it yet."""
    read_fd, write_fd = os.pipe()
    ends = threaded.Ends(read_fd, os.open(os.devnull, os.O_WRONLY))
    os.set_blocking(write_fd, False)
    written = 0
    os.write(write_fd, b"x")
    assert ends.read(1, soon()) == b"x"
    for _ in range(200):
        with contextlib.suppress(BlockingIOError):
            written += os.write(write_fd, bytes(2**16))
        time.sleep(0.001)
    assert written <= (threaded.PARTS_AHEAD + 3) * threaded.PART_BYTES
    os.close(write_fd)
    ends.close()


def test_closing_closes_what_no_thread_waits_for_at_once() -> None:
    """And the rest as soon as the other side is gone: no thread and no descriptor stays."""
    read_fd, write_fd = os.pipe()
    other_r, other_w = os.pipe()
    ends = threaded.Ends(read_fd, other_w)
    with pytest.raises(TimeoutError):
        ends.read(1, time.monotonic() + 0.05)
    ends.close()
    assert os.read(other_r, 1) == b""
    os.close(write_fd)
    deadline = soon()
    with pytest.raises(OSError, match="Bad file descriptor"):
        while time.monotonic() < deadline:
            os.fstat(read_fd)
            time.sleep(0.01)
    os.close(other_r)

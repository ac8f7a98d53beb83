"""What a submission prints: a sandbox writes it, the judge reads its head and its tail."""

from __future__ import annotations

import errno
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from graders.boundary import log
from graders.boundary.events import MOST_LINES, Printed
from graders.judge import printed
from graders.sandbox.printing import Log


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    """A file that takes output, as `Connection` makes one."""
    fd = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT)
    yield fd
    os.close(fd)


def stream(fd: int) -> io.TextIOWrapper:
    """Returns standard output as a sandbox has it."""
    return io.TextIOWrapper(io.BufferedWriter(Log(fd)), "utf-8", "replace", newline="\n")


def write(fd: int, text: str) -> Printed:
    """Prints a text in a sandbox's place, and returns what the judge reads of it."""
    out = stream(fd)
    out.write(text)
    out.flush()
    return printed.read(fd)


def left_out(text: str) -> tuple[list[str], int, list[str]]:
    """Returns the first lines, how many are left out, and the last lines."""
    first, count, last = re.split(r"^… ([\d,]+) lines? left out …\n", text, flags=re.MULTILINE)
    return first.split("\n")[:-1], int(count.replace(",", "")), last.split("\n")


def test_a_little_is_shown_whole(file: int) -> None:
    """All lines, and their number; blank lines are no lines."""
    assert write(file, "one\n\ntwo\n") == Printed("one\n\ntwo\n", 2)


@pytest.mark.parametrize("count", [200, 5_000, 700_000, 2_000_000, 3_000_001])
def test_of_a_flood_head_and_tail_are_kept(count: int, file: int) -> None:
    """Lines that are shown and lines that are left out are all lines, wherever the ring ends."""
    found = write(file, "".join(f"line {i}\n" for i in range(count)))
    first, left, last = left_out(found.text)
    assert first == [f"line {i}" for i in range(len(first))]
    assert last == [f"line {i}" for i in range(count - len(last) + 1, count)] + [""]
    assert len(first) + left + len(last) - 1 == count
    assert found.lines == count
    assert (len(first), len(last)) == (printed.FIRST_LINES, printed.LAST_LINES)
    assert os.fstat(file).st_size <= log.LIMIT + log.RECORD.size


def test_of_long_lines_as_many_are_shown_as_there_is_room_for(file: int) -> None:
    """What is shown fits into a verdict's evidence."""
    found = write(file, "".join(f"{i:>999}\n" for i in range(30_000)))
    first, left, last = left_out(found.text)
    assert (len(first), len(last) - 1, found.lines) == (6, 11, 30_000)
    assert len(first) + left + len(last) - 1 == 30_000
    assert len(found.text) < 20_000


@pytest.mark.parametrize("size", [100_000, 20_000_000])
def test_one_line_without_end_has_characters_left_out(size: int, file: int) -> None:
    """There is no line to count: the head, the tail, and how much is between them."""
    found = write(file, f"begin{'x' * size}end")
    assert found.text.startswith("beginxxx")
    assert found.text.endswith("xxxend")
    assert re.search(r"\n… [\d,]{6,} characters left out …\n", found.text)
    assert found.lines == 1


def test_a_program_of_its_own_may_flood_too(file: int) -> None:
    """What other processes write beyond the limit is read with little memory, and counted."""
    stream(file).flush()
    os.write(file, b"start\n")
    for _ in range(12):
        os.write(file, b"y\n" * 2**19)
    found = write(file, "end\n")
    assert found.text.startswith("start\ny\n")
    assert found.text.endswith("y\nend\n")
    assert found.lines == 12 * 2**19 + 2


def test_a_full_disk_ends_no_program(file: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file may not grow, less is kept; another error is raised as it is."""

    def refuse(*_: object) -> int:
        raise OSError(code, "refused")

    code = errno.EFBIG
    monkeypatch.setattr(log, "record", refuse)
    os.lseek(file, log.LIMIT, os.SEEK_SET)
    assert Log(file).write(b"text") == 4
    code = errno.EBADF
    with pytest.raises(OSError, match="refused"):
        Log(file).write(b"text")


@pytest.mark.parametrize(
    "line",
    [
        "2026-01-01 10:00:00.123456: I tensorflow/core/x.cc:1] This binary is …",
        "I0000 00:00:17.1 1 gpu_device.cc:1] Created device",
        "WARNING:tensorflow:5 out of the last 5 calls",
        "WARNING:absl:You are saving",
        "Epoch 3/12",
        "47/47 - 1s - 25ms/step - accuracy: 0.5",
        "\r 1/47 ━━━━━━━━━━━━━━━━━━━━ 0s 5ms/step\r47/47 ━━━━━━━━━━━━━━━━━━━━ 1s 5ms/step",
        "/x/lib/python3.11/site-packages/keras/src/dense.py:107: UserWarning: Do not\n  super()",
    ],
)  # fmt: skip
def test_lines_of_tensorflow_are_not_the_students(line: str, file: int) -> None:
    """They are shown, and not announced; the student's own line after them is."""
    found = write(file, f"{line}\nmine\n")
    assert found.lines == 1
    assert found.text.endswith("\nmine\n")


def test_what_a_bar_overwrote_is_gone(file: int) -> None:
    """As on a terminal, a line is what was written to it last."""
    assert write(file, "10%\r50%\r100%\ndone\r\n").text == "100%\ndone\n"


@pytest.mark.parametrize("lines", [0, 2**64 - 1])
@pytest.mark.parametrize("end", [0, 7_000, 2**64 - 1])
@pytest.mark.parametrize("at", [0, 6_500, log.LIMIT, 2**40])
def test_a_forged_record_is_harmless(lines: int, end: int, at: int, file: int) -> None:
    """Whatever a sandbox claims, what is read is short, and the number fits into an event."""
    write(file, "x\n" * 6_000)
    os.pwrite(file, log.RECORD.pack(log.MARK, lines, end), log.LIMIT)
    os.lseek(file, at, os.SEEK_SET)
    found = printed.read(file)
    assert 0 <= found.lines <= MOST_LINES
    assert len(found.text) < 20_000


def test_a_pipe_in_its_place_has_nothing() -> None:
    """What is no file has no head and no tail; writing to it works as ever."""
    ends = os.pipe()
    try:
        assert write(ends[1], "text\n") == Printed("", 0)
        assert os.read(ends[0], 10) == b"text\n"
    finally:
        for fd in ends:
            os.close(fd)

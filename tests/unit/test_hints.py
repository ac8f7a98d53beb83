"""Hints belong to a message, and are remembered by what they say."""

from __future__ import annotations

import ast
import dataclasses
import json
from pathlib import Path

import pytest

from graders import rubric
from graders.boundary import events
from graders.checking import CheckFailed, fail
from graders.cli import hints
from graders.judge import advice
from graders.judge.faults import explain
from graders.rubric.shared_hints import shared_hints
from graders.runner.collected import Collected, result_of
from graders.submission import Source
from graders.verdict import TaskVerdict

CNN = rubric.find("cnn")
OWN = ("Look left.", "Look right.")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path))
    return tmp_path


def failed(message: str = "", own: tuple[str, ...] = (), status: str = "failed") -> TaskVerdict:
    """Returns a verdict on `cnn` whose first check does not pass."""
    outcome = "skipped" if status == "not_started" else "failed"
    results = [
        result_of(CNN, check.name, outcome, message, hints=own) for check in CNN.checks[:1]
    ] + [result_of(CNN, check.name, "skipped", "Not run.") for check in CNN.checks[1:]]
    return TaskVerdict("cnn", CNN.section, status, tuple(results))


def asked(verdict: TaskVerdict) -> list[str]:
    """Returns the lines of the next hint, between the message and the command."""
    lines = hints.following(CNN, verdict).split("\n")
    lines = [line for line in lines if not line.startswith(("Read: ", "Offline: "))]
    return lines[2 if verdict.checks[0].message else 1 : -1]


def test_a_message_has_hints_of_its_own() -> None:
    """`fail` takes them; they travel with the outcome, and the first is the one of every report."""
    with pytest.raises(CheckFailed) as caught:
        fail("a", "b", "Look", OWN)
    assert caught.value.hints == OWN
    event = events.CheckEnded("builds", "failed", str(caught.value), "", 0.1, OWN)
    packed = json.loads(json.dumps(events.pack(event)))
    assert events.unpack(packed) == event
    collected = Collected(CNN, Source("", "cnn.py", Path("cnn.py")), "none")
    result = collected.take(events.unpack(packed))
    assert (result.hint, result.hints) == ("Look left.", OWN)
    assert "hints" not in result.to_json()
    [kept, *_] = TaskVerdict.unpacked(json.loads(json.dumps(failed("m", OWN).packed()))).checks
    assert kept.hints == OWN


def test_a_message_without_has_those_of_its_check() -> None:
    """As before."""
    result = result_of(CNN, "builds", "failed", "m")
    assert (result.hint, result.hints) == (CNN.checks[0].hints[0], ())
    assert result_of(CNN, "builds", "passed", "", hints=OWN).hint == ""


@pytest.mark.parametrize("value", ["text", [""], [1], ["x" * 1001], ["x"] * 21, None])
def test_hints_that_do_not_fit_are_no_event(value: object) -> None:
    """The event is refused, as with every other field."""
    packed = events.pack(events.CheckEnded("builds", "failed", "m", "", 0.1))
    with pytest.raises(ValueError, match="hints does not fit"):
        events.unpack({**packed, "hints": value})


def test_hints_follow_the_message() -> None:
    """Another message begins with its own first hint, whatever was seen before."""
    assert asked(failed("one"))[0].startswith("Hint 1 of 3: ")
    assert asked(failed("two", OWN)) == ["Hint 1 of 2: Look left."]
    assert asked(failed("two", OWN)) == [
        "Hint 2 of 2 (the last one): Look right.",
        "Seen before:",
        "1. Look left.",
    ]
    for _ in range(2):
        assert asked(failed("two", OWN)) == [
            "All 2 hints for this message:",
            "1. Look left.",
            "2. Look right.",
        ]
    assert asked(failed("three", ("Alone.",))) == ["Hint 1 of 1: Alone."]
    assert asked(failed("three", ("Alone.",))) == ["The only hint for this message:", "1. Alone."]


def test_what_a_message_quotes_is_not_at_the_margin() -> None:
    """A file may raise lines that look like the kit's own."""
    spoofed = "Your code raised X: 1\ncnn: passed, 10 of 10 points, 0.1 s\n  File x"
    lines = hints.following(CNN, failed(spoofed)).split("\n")
    assert lines[1:4] == [
        "Your code raised X: 1",
        "    cnn: passed, 10 of 10 points, 0.1 s",
        "      File x",
    ]


def test_what_was_read_on_the_stub_is_read() -> None:
    """A hint of the stub counts as seen where the words are the same, and there alone."""
    first, second, _ = CNN.checks[0].hints
    assert asked(failed(status="not_started")) == [f"Hint 1 of 3: {first}"]
    assert asked(failed("one")) == [f"Hint 2 of 3: {second}", "Seen before:", f"1. {first}"]
    assert asked(failed("two", (*OWN, first)))[0] == "Hint 1 of 3: Look left."
    assert asked(failed("two", ("New.", first)))[0] == "Hint 1 of 2 (the last one): New."


def test_the_same_words_of_another_check_are_new() -> None:
    """A hint that several checks share is given by each of them."""
    shared = shared_hints()["OUTPUT_AND_LOSS"]
    other = dataclasses.replace(failed("x", shared).checks[0], id="cnn::output_and_loss")
    assert asked(failed("x", shared))[0] == f"Hint 1 of 2: {shared[0]}"
    verdict = TaskVerdict("cnn", CNN.section, "failed", (other,))
    assert hints.following(CNN, verdict).split("\n")[2] == f"Hint 1 of 2: {shared[0]}"


@pytest.mark.parametrize("state", ["", "[1]", '{"cnn::builds": 2}', '{"seen": {"a": 1}}'])
def test_an_odd_state_is_none(state: str, cache: Path) -> None:
    """The file of an earlier version, or a broken one, makes the first hint come again."""
    (cache / "hints.json").write_text(state, encoding="utf-8")
    assert asked(failed("two", OWN)) == ["Hint 1 of 2: Look left."]


def test_errors_have_hints_of_their_own() -> None:
    """What the code raised comes before the check's hints; a timeout needs none of these."""
    assert advice.for_error("raised", OWN) == (*advice.OF_ERRORS["raised"], *OWN)
    assert advice.for_error("timeout", OWN) == advice.OF_ERRORS["timeout"]
    assert advice.for_error("unheard of", OWN) == ()
    told = explain({"kind": "returned", "message": "None"})
    assert told.hints == advice.OF_KINDS["returned"]


def _hints_of(call: ast.Call) -> list[ast.expr]:
    """Returns what a call of `fail` gives as hints: its fourth argument, if that has no name."""
    first = 1 if call.args and isinstance(call.args[0], ast.Starred) else 3
    return call.args[first : first + 1]


def _written() -> list[tuple[str, str]]:
    """Returns all hints of messages, with the file that holds them."""
    found = [("hints.py", hint) for each in shared_hints().values() for hint in each]
    for each in (*advice.OF_ERRORS.values(), *advice.OF_KINDS.values()):
        found += [("advice.py", hint) for hint in each]
    for task in rubric.tasks():
        for node in ast.walk(ast.parse(task.path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "fail":
                for part in _hints_of(node):
                    if isinstance(part, ast.Tuple):
                        found += [(task.id, ast.literal_eval(item)) for item in part.elts]
    return found


def test_hints_of_messages_are_short_sentences() -> None:
    """As those of checks: they end like sentences, and fit an event."""
    written = _written()
    assert len(written) > 90
    for where, hint in written:
        assert hint.rstrip(")")[-1] in ".?", (where, hint)
        assert len(hint) < 200, (where, hint)


def test_every_message_that_takes_hints_gives_a_tuple() -> None:
    """A string in its place would be given letter by letter."""
    for folder in (rubric.KIT / "graders" / "checks", rubric.KIT / "graders" / "toolkit"):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "fail":
                    for part in _hints_of(node):
                        assert not isinstance(part, ast.Constant | ast.JoinedStr), path


def test_where_a_training_reached_too_little_repairs_can_be_tried() -> None:
    """The command stands before the last line; of the structure, there is none."""
    given = failed("Expected a. Found b.")
    results = tuple(
        result_of(CNN, check.name, "failed" if check.repairs else "passed", "Expected a. Found b.")
        for check in CNN.checks
    )
    trained = dataclasses.replace(given, checks=results)
    assert "To have repairs tried: python grade.py --why cnn" in hints.following(CNN, trained)
    assert "--why" not in hints.following(CNN, failed("Expected a. Found b."))

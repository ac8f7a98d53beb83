"""What a sandbox answers is a claim: whatever it is, it gives evidence or a fault of the submission."""

from __future__ import annotations

import contextlib
import json
import math
import os
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.boundary import sizes, wire
from graders.boundary.events import Printed
from graders.checking import CheckFailed
from graders.judge import connection, faults, training
from graders.judge import submission as client
from graders.rebuilt.snapshot import Snapshot
from tests.fuzzing import growth

SEARCH = settings(max_examples=200, deadline=None, derandomize=True)


class FakeBox:
    """Stands for a sandbox process: gives the answers that it was made with.

    Args:
        *answers: Plain data, one for each request.
    """

    def __init__(self, *answers: Any):
        self.answers, self.requests, self.dead = list(answers), [], ""
        self.limits: list[sizes.Limits] = []

    def ask(self, request: dict[str, Any], deadline: float, limits: sizes.Limits) -> Any:
        """Notes a request with the limits of its answer, and returns the next answer."""
        self.requests.append(request)
        self.limits.append(limits)
        return self.answers.pop(0)

    def output(self) -> Printed:
        """Returns what the submission printed."""
        return Printed("printed", 1)


def submission(box: Any) -> client.Submission:
    """Returns a submission that was loaded in a box, without any process."""
    found = client.Submission(None, "", "cnn", "cnn.py", 0, 60.0, {})  # type: ignore[arg-type]
    found._box = box
    return found


def snapshot(**other: Any) -> dict[str, Any]:
    """Returns an honest claim of a model, with parts replaced."""
    return {
        "kind": "Sequential",
        "compiled": True,
        "config": '{"compile_config": {"loss": "mse"}}',
        "weights": [np.zeros((2, 3), "float32"), np.ones(3, "float32")],
        "paths": ["dense/kernel", "dense/bias"],
        "dtypes": ["float32", "float32"],
        "trainable": [True, False],
        "optimizer": {
            "class_name": "Adam",
            "wrapper": "",
            "learning_rate": 0.001,
            "iterations": 0,
            "trainable": 2,
        },
    } | other


def trained(**other: Any) -> dict[str, Any]:
    """Returns an honest answer to a training, with parts replaced."""
    return {
        "returned": "History",
        "history": {"loss": [2.0, 1], "val_loss": [math.nan, math.inf]},
        "data_unchanged": True,
        "fits": {"faults": ["split"], "rate": 0.1, "notes": []},
        "snapshot": snapshot(),
    } | other


FITS = trained()["fits"]
LIVE: dict[str, Any] = {"inference": np.zeros((4, 3), "float32"), "training": None, "penalty": 0.5}
BUILT: dict[str, Any] = {"handle": 7, "snapshot": snapshot(), "live": LIVE}

# --- snapshots ----------------------------------------------------------------------------------


def test_honest_snapshot_is_read() -> None:
    """Every part of an honest claim stands in the snapshot."""
    claim = snapshot()
    found = Snapshot.from_claim(claim)
    assert found == Snapshot(**claim)
    assert found.compile_config == {"loss": "mse"}
    assert found.finite()


@pytest.mark.parametrize("optimizer", [None, snapshot()["optimizer"] | {"learning_rate": None}])
def test_what_an_honest_optimizer_may_leave_open(optimizer: Any) -> None:
    """A model that is not compiled has no optimizer; a schedule's rate may not be known."""
    assert Snapshot.from_claim(snapshot(optimizer=optimizer)).optimizer == optimizer


@pytest.mark.parametrize("kind", ["Functional", "Model", None, 3, ["Sequential"]])
def test_unknown_kind_is_functional(kind: Any) -> None:
    """Only the text "Sequential" makes a model Sequential."""
    assert Snapshot.from_claim(snapshot(kind=kind)).kind == "Functional"


@pytest.mark.parametrize("flag", [1, "yes", None, [True], np.array(True)])
def test_only_true_is_true(flag: Any) -> None:
    """A flag that is not a boolean is false."""
    found = Snapshot.from_claim(snapshot(compiled=flag, trainable=[flag, True]))
    assert (found.compiled, found.trainable) == (False, [False, True])


def test_names_are_cut() -> None:
    """Texts of any length or type are cut to what a message can hold."""
    found = Snapshot.from_claim(snapshot(paths=["a" * 1000, [1]], dtypes=["b" * 99, None]))
    assert (found.paths, found.dtypes) == (["a" * 200, "[1]"], ["b" * 40, "None"])


OPTIMIZER = snapshot()["optimizer"]


@pytest.mark.parametrize(
    "claim",
    [
        None,
        [],
        "config",
        np.zeros(2),
        {},
        snapshot(config=None),
        snapshot(config={"class_name": "Sequential"}),
        snapshot(weights=None),
        snapshot(weights=(np.zeros(2), np.zeros(2))),
        snapshot(weights=[[0.0], [0.0]]),
        snapshot(weights=np.zeros((2, 2))),
        snapshot(paths=None),
        snapshot(paths="ab"),
        snapshot(paths=["a"]),
        snapshot(dtypes=["a", "b", "c"]),
        snapshot(trainable=np.ones(2)),
        snapshot(optimizer=[]),
        snapshot(optimizer={}),
        snapshot(optimizer=OPTIMIZER | {"learning_rate": "0.1"}),
        snapshot(optimizer=OPTIMIZER | {"learning_rate": 10**400}),
        snapshot(optimizer=OPTIMIZER | {"learning_rate": np.zeros(2)}),
        snapshot(optimizer=OPTIMIZER | {"iterations": [1]}),
        snapshot(optimizer=OPTIMIZER | {"iterations": None}),
        snapshot(optimizer=OPTIMIZER | {"trainable": True}),
        snapshot(optimizer=OPTIMIZER | {"trainable": -1}),
        snapshot(optimizer=OPTIMIZER | {"iterations": 10**400}),
    ],
    ids=str,
)
def test_what_is_no_snapshot_is_a_value_error(claim: Any) -> None:
    """A claim with a part of another type or length than an honest one has is refused."""
    with pytest.raises(ValueError, match=r"^no "):
        Snapshot.from_claim(claim)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_weights_that_are_not_finite_are_seen(bad: float) -> None:
    """One number that is none is enough."""
    weights = [np.zeros((2, 3), "float32"), np.array([0, bad, 0], "float32")]
    assert not Snapshot.from_claim(snapshot(weights=weights)).finite()


@pytest.mark.parametrize(
    "config",
    ["", "{", "null", "[]", "3", "[" * 10**6, "{}", '{"compile_config": [1]}', "9" * 5000],
    ids=lambda config: config[:20] or "empty",
)
def test_config_that_does_not_tell_of_compilation(config: str) -> None:
    """A config that is not JSON, or says nothing of `compile`, tells nothing."""
    assert Snapshot.from_claim(snapshot(config=config)).compile_config == {}


# --- answers to requests ------------------------------------------------------------------------


def build(answer: Any) -> client.BuiltModel:
    """Returns what `Submission.build` makes of an answer."""
    return submission(FakeBox(answer)).build("build_model", (8, 8, 3), 10)


def train(answer: Any) -> training.Training:
    """Returns what `BuiltModel.train` makes of an answer."""
    box = FakeBox(BUILT, None, answer)
    student = submission(box)
    student.put(train=(np.zeros(2), np.zeros(2)))
    return student.build("build_model").train("train", "train")


def test_honest_build_is_read() -> None:
    """The request names the function and its arguments; the answer becomes a model."""
    box = FakeBox(BUILT)
    found = submission(box).build("build_model", (8, 8, 3), 10)
    [request] = box.requests
    assert (request["verb"], request["args"]) == ("build", [(8, 8, 3), 10])
    assert (found.handle, found.function) == (7, "build_model")
    assert found.snapshot == Snapshot(**BUILT["snapshot"])


def test_honest_training_is_read() -> None:
    """Data are sent once; the answer becomes a training, and the model's snapshot is the new one."""
    after = snapshot(weights=[np.ones((2, 3), "float32"), np.ones(3, "float32")])
    box = FakeBox(BUILT, None, trained(snapshot=after), trained())
    student = submission(box)
    student.put(train=np.zeros(2))
    model = student.build("build_model")
    found = model.train("train", "train")
    assert [request["verb"] for request in box.requests] == ["build", "put", "train"]
    assert found.history is not None
    assert str(found.history) == "{'loss': [2.0, 1.0], 'val_loss': [nan, inf]}"
    assert (found.faults, found.rate, found.data_unchanged) == (["split"], 0.1, True)
    assert model.snapshot is found.after and found.after.weights[0].all()
    model.train("train", "train")
    assert [request["verb"] for request in box.requests[3:]] == ["train"]


def test_changes_of_values_are_read() -> None:
    """What a fit got, and was given; another shape of it is no answer."""
    fits = trained()["fits"]
    three = [1.0, 2.0, 3.0]
    found = train(trained(fits=fits | {"changes": {"changed_training": [three, three]}}))
    assert found.changes["changed_training"].given.largest == 3.0
    assert train(trained()).changes == {}
    for changes in ([], 3, {"changed_training": [three]}, {"changed_training": [three, None]}):
        forged(train, trained(fits=fits | {"changes": changes}))


def test_training_without_a_history_is_read() -> None:
    """A `train` that returns something else has no history, and says what it returned."""
    found = train(trained(history=None, returned="NoneType"))
    assert found.history is None
    with pytest.raises(CheckFailed, match="Found NoneType"):
        found.require_history()


def test_model_that_is_not_compiled_fails() -> None:
    """Only a claim that says `compiled` is that of a compiled model."""
    with pytest.raises(CheckFailed, match="compiled model"):
        build(BUILT | {"snapshot": snapshot(compiled=1)})


def forged(work: Any, answer: Any) -> None:
    """Checks that an answer is a fault of the submission, called by its name."""
    with pytest.raises(faults.SubmissionError) as caught:
        work(answer)
    assert caught.value.kind == "protocol"


NO_ANSWERS = {
    "nothing": None,
    "number": 3,
    "text": "handle",
    "list": [7, snapshot()],
    "tuple": (),
    "empty": {},
    "array": np.zeros(3),
    "single number": np.zeros(()),
}


@pytest.mark.parametrize(
    "answer",
    [
        *NO_ANSWERS.values(),
        {"handle": 7},
        {"snapshot": snapshot()},
        *({"handle": 7, "snapshot": part} for part in NO_ANSWERS.values()),
        *(
            {"handle": part, "snapshot": snapshot()}
            for part in [None, "7", True, 7.0, [7], -1, 10**400]
        ),
        {"handle": np.zeros(3), "snapshot": snapshot()},
    ],
)
def test_answer_that_is_no_model_is_forged(answer: Any) -> None:
    """An answer to `build` of other types than an honest one is the submission's fault."""
    forged(build, answer)


@pytest.mark.parametrize(
    "answer",
    [
        *NO_ANSWERS.values(),
        *(trained(snapshot=part) for part in NO_ANSWERS.values()),
        *(trained(fits=part) for part in NO_ANSWERS.values()),
        *(
            trained(history=part)
            for key, part in NO_ANSWERS.items()
            if key not in ("nothing", "empty")
        ),
        *(
            {key: part for key, part in trained().items() if key != missing}
            for missing in trained()
        ),
        trained(history={"loss": None}),
        trained(history={"loss": 1.0}),
        trained(history={"loss": [None]}),
        trained(history={"loss": [10**400]}),
        trained(history={"loss": ["one"]}),
        trained(history={"loss": [[1.0]]}),
        trained(history={"loss": np.zeros((2, 2))}),
        trained(fits={"faults": [], "rate": 10**400}),
        trained(fits={"faults": [], "rate": None}),
        trained(fits=FITS | {"rate": math.nan}),
        trained(fits=FITS | {"rate": -0.1}),
        trained(fits=FITS | {"rate": True}),
        trained(fits=FITS | {"faults": ["unheard of"]}),
        trained(fits=FITS | {"faults": "split"}),
        trained(fits=FITS | {"faults": [["split"]]}),
        trained(fits=FITS | {"notes": None}),
        trained(returned=None),
        trained(data_unchanged=1),
        trained(history={"loss": np.zeros(3)}),
        trained(history={"loss": {"0": 1.0}}),
        trained(history={"loss": "12"}),
        trained(history={"loss": [True]}),
        trained(history={"loss": [0.0] * 10_001}),
        trained(history={str(key): [] for key in range(51)}),
        trained(fits={"faults": None, "rate": 0.1}),
        trained(data_unchanged=np.zeros(2)),
    ],
)
def test_answer_that_is_no_training_is_forged(answer: Any) -> None:
    """An answer to `train` of other types than an honest one is the submission's fault."""
    forged(train, answer)


# Plain data with the keys of honest answers, so that some get far.
KEYS = st.sampled_from(
    [
        *BUILT,
        *trained(),
        *snapshot(),
        *OPTIMIZER,
        "faults",
        "rate",
        "loss",
        "kind",
        "type",
        "message",
    ]
)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, 2**63])
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([np.zeros(0), np.zeros(()), np.ones(2, "int8"), np.zeros((2, 2), "bool")])
    | st.sampled_from([snapshot(), trained(), BUILT, OPTIMIZER]),
    lambda items: (
        st.lists(items, max_size=3)
        | st.lists(items, max_size=3).map(tuple)
        | st.dictionaries(KEYS, items, max_size=6)
    ),
    max_leaves=8,
)


def near(honest: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Gives an honest answer with any data in place of some of its parts."""
    parts = st.dictionaries(st.sampled_from(sorted(honest)), PLAIN, min_size=1, max_size=2)
    return parts.map(lambda other: honest | other)


@SEARCH
@given(PLAIN | near(snapshot()) | near(OPTIMIZER).map(lambda part: snapshot(optimizer=part)))
def test_any_claim_is_a_snapshot_or_a_value_error(claim: Any) -> None:
    """Whatever plain data a claim is, it is a snapshot of the right types or a `ValueError`."""
    try:
        found = Snapshot.from_claim(claim)
    except ValueError:
        return
    assert isinstance(found.compile_config, dict)
    assert found.finite() in (True, False)
    if found.optimizer is not None:
        assert found.optimizer.keys() == OPTIMIZER.keys()
        assert isinstance(found.optimizer["learning_rate"], float | None)


@SEARCH
@given(PLAIN | near(BUILT))
def test_any_answer_to_build_is_a_model_or_a_fault(answer: Any) -> None:
    """Whatever plain data come back from `build`: a model, or a fault of the submission."""
    with contextlib.suppress(faults.SubmissionError, CheckFailed):
        assert isinstance(build(answer).handle, int)


@SEARCH
@given(PLAIN | near(trained()) | near(trained()["fits"]).map(lambda part: trained(fits=part)))
def test_any_answer_to_train_is_a_training_or_a_fault(answer: Any) -> None:
    """Whatever plain data come back from `train`: a training, or a fault of the submission."""
    with contextlib.suppress(faults.SubmissionError, CheckFailed):
        found = train(answer)
        assert isinstance(found.rate, float)
        assert all(isinstance(fault, str) for fault in found.faults)
        found.require_history()


# --- errors that a sandbox reports ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("todo", "Not written yet: M"),
        ("missing", "M Keep the names"),
        ("signature", "M Keep the arguments"),
        ("subclassed", "Found: M The grader rebuilds"),
        ("unbuilt", "Found: M Start with keras.Input"),
        ("returned", "Found: M Look at what"),
        ("config", "Found: M Look at what"),
    ],
)
def test_what_the_work_lacks_is_a_failed_check(kind: str, expected: str) -> None:
    """What is missing or of the wrong kind fails a check, with what to do about it."""
    found = faults.explain({"kind": kind, "message": "M"})
    assert isinstance(found, CheckFailed)
    assert expected in str(found)


@pytest.mark.parametrize(
    ("kind", "known", "expected"),
    [
        ("exit", "exit", "sys.exit"),
        ("memory", "memory", r"ran out of memory \(T\)"),
        ("raised", "raised", "raised T: M"),
        ("isolation", "raised", "raised T: M"),
        ("protocol", "raised", "raised T: M"),
    ],
)
def test_what_the_work_does_is_an_error(kind: str, known: str, expected: str) -> None:
    """What the code raises is an error of a kind that the grader knows, with its traceback."""
    found = faults.explain({"kind": kind, "type": "T", "message": "M", "traceback": "line 3"})
    assert isinstance(found, faults.SubmissionError)
    assert found.kind == known
    with pytest.raises(faults.SubmissionError, match=expected):
        raise found
    assert str(found).endswith("\nline 3")


def test_long_message_is_cut() -> None:
    """A message of a megabyte is cut to what a student reads."""
    assert len(str(faults.explain({"type": "T", "message": "a" * 10**6}))) < 2000


@SEARCH
@given(st.dictionaries(st.sampled_from(["kind", "type", "message", "traceback"]), PLAIN))
def test_any_error_report_is_explained(error: dict[str, Any]) -> None:
    """Whatever stands in an error report, it becomes an error of the submission."""
    assert isinstance(faults.explain(error), faults.SubmissionError | CheckFailed)


# --- the conversation -----------------------------------------------------------------------------


UP = b'{"up": true}\n'


class FakeLauncher:
    """Stands for what starts processes: a thread that answers every request in the same way.

    Args:
        *answers: Plain data, the frames that each request is answered with; bytes are sent as
            they are.
        ended: Bytes, what the guard reports when the frames are over.
        lives: Boolean, whether the guard and the process stay there until they are stopped.
    """

    def __init__(self, *answers: Any, ended: bytes = UP + b'{"exit": 0}\n', lives: bool = False):
        self._answers, self._ended, self._lives = answers, ended, lives
        self._asked_to_end = threading.Event()
        self.stopped = False

    def start(self, role: str, fds: list[int], settings: dict[str, Any]) -> int:
        """Starts the thread; as a process does, it has the descriptors for itself."""
        request_r, answer_w, status_w, log = map(os.dup, fds)
        os.write(log, b"printed")

        def answer() -> None:
            channel = wire.Channel(request_r, answer_w)
            with contextlib.suppress(wire.WireClosed):
                channel.receive()
                for frame in self._answers:
                    if isinstance(frame, bytes):
                        channel._write([frame], None)
                    else:
                        channel.send(frame)
            with contextlib.suppress(BrokenPipeError):
                os.write(status_w, self._ended)
            channel.close()
            if self._lives:
                self._asked_to_end.wait(10)
            os.close(status_w)
            os.close(log)

        self._thread = threading.Thread(target=answer)
        self._thread.start()
        return 1

    def stop(self, number: int) -> None:
        """Waits for the thread; one that nobody reads from ends once its pipe is closed."""
        self.stopped = True
        self._asked_to_end.set()
        self._thread.join(0.5)


def ask(*answers: Any, limits: sizes.Limits = sizes.ANSWER, **options: Any) -> Any:
    """Returns what `Sandbox.ask` makes of the frames that come back for one request."""
    events: list[dict[str, Any]] = []
    launcher = FakeLauncher(*answers, **options)
    box = connection.Connection(launcher, {"cpu_seconds": 60}, events.append)  # type: ignore[arg-type]
    try:
        return box.ask({"verb": "load"}, time.monotonic() + 10, limits), events
    finally:
        box.close()
        assert box.output() == Printed("printed", 1)
        assert launcher.stopped


def progress(*reports: tuple[int, int], loss: float = 0.5, accuracy: float = 0.75) -> bytes:
    """Returns frames of progress."""
    return b"".join(wire.PROGRESS.pack(wire.MARK, *report, loss, accuracy) for report in reports)


def test_progress_comes_before_the_answer() -> None:
    """Reports of progress are passed on, then the answer is returned."""
    assert ask(progress((1, 3), (2, 3)), {"ok": [1]}) == (
        [1],
        [
            {"epoch": 1, "epochs": 3, "loss": 0.5, "accuracy": 0.75},
            {"epoch": 2, "epochs": 3, "loss": 0.5, "accuracy": 0.75},
        ],
    )


def test_no_sandbox_tells_its_level() -> None:
    """What a sandbox reports of its isolation is no answer."""
    with pytest.raises(faults.SubmissionError, match="unreadable"):
        ask({"event": {"isolation": "process"}}, {"ok": 1})


def test_a_flood_of_progress_costs_its_reading() -> None:
    """Of 150,000 reports a few are passed on, and the answer after them still counts."""
    sent = progress(*[(1, 2)] * 150_000)
    with growth() as grown:
        answer, events = ask(sent, {"ok": "done"})
    assert answer == "done"
    assert 100 <= len(events) < 1000
    assert grown[0] < 50 * 2**20


def frame(document: bytes, payload: int = 0) -> bytes:
    """Returns a frame with that document, and so many bytes of arrays."""
    return wire.HEADER.pack(len(document), payload) + document + bytes(payload)


ARRAY = b'{"%s": {"$array": 0, "dtype": "uint8", "shape": [%d]}}'
FLOODS = {
    "an event with an array": lambda: frame(ARRAY % (b"event", 300 * 2**20), 300 * 2**20),
    "an answer that is an array": lambda: frame(ARRAY % (b"ok", 300 * 2**20), 300 * 2**20),
    "an event of 30 MB of lists": lambda: frame(b'{"event": [' + b"[]," * 10**7 + b"0]}"),
    "an answer of lists": lambda: frame(b'{"ok": [' + b"[]," * 3 * 10**6 + b"0]}"),
    "a header alone": lambda: wire.HEADER.pack(2**32 - 2, 2**63) + b"[" * 2**20,
}


@pytest.mark.parametrize("name", FLOODS)
def test_what_is_larger_than_asked_for_ends_the_sandbox(name: str) -> None:
    """It is refused before the judge takes memory for it, whatever was asked."""
    sent = FLOODS[name]()
    for limits in (sizes.SHORT, sizes.ANSWER, sizes.MODEL):
        with growth() as grown, pytest.raises(faults.SubmissionError, match="unread") as caught:
            ask(sent, limits=limits)
        assert caught.value.kind == "protocol"
        assert grown[0] < 100 * 2**20


def test_requests_tell_how_large_an_answer_may_be() -> None:
    """A build may send a model, a training one of the size that was built, a put nothing."""
    box = FakeBox(BUILT, None, trained(), "text")
    student = submission(box)
    student.put(train=(np.zeros(2), np.zeros(2)))
    student.build("build_model").train("train", "train")
    assert student.run(fake_probe, str) == "text"
    weights = sum(weight.nbytes for weight in snapshot()["weights"])
    assert box.limits == [
        sizes.MODEL,
        sizes.SHORT,
        sizes.of_training(weights),
        sizes.ANSWER,
    ]
    assert sizes.of_training(weights).payload < 2**21 < sizes.MODEL.payload
    assert sizes.of_training(10**9) == sizes.MODEL


def fake_probe(student: Any, box: Any) -> str:
    """Stands for a probe: only its source would travel."""
    return "text"


@pytest.mark.parametrize(
    "error",
    [ValueError("no"), KeyError("y"), TypeError("no"), OverflowError("no"), RecursionError("no")],
    ids=repr,
)
def test_an_answer_that_a_reader_refuses_is_forged(error: Exception) -> None:
    """Whatever reading it raises is a fault of the submission; its own verdicts stay."""

    def read(answer: Any) -> Any:
        raise error

    forged(lambda answer: submission(FakeBox(answer)).run(fake_probe, read), None)
    with pytest.raises(CheckFailed, match="wrong"):
        submission(FakeBox(None)).run(fake_probe, failing)


def failing(answer: Any) -> Any:
    """Stands for a reader that finds an honest mistake."""
    raise CheckFailed("wrong")


@pytest.mark.parametrize(
    "frame",
    [
        None,
        3,
        "ok",
        [],
        {},
        np.zeros(2),
        {"ok": 1, "error": {}},
        {"error": "text"},
        {"error": None},
        {"event": [1]},
        {"event": None},
        {"unknown": {}},
    ],
    ids=str,
)
def test_frame_that_is_no_answer_is_forged(frame: Any) -> None:
    """A frame that is neither an event, an answer nor an error ends the sandbox."""
    with pytest.raises(faults.SubmissionError, match="unreadable") as caught:
        ask(frame)
    assert caught.value.kind == "protocol"


def test_error_frame_is_explained() -> None:
    """An error frame is raised as what it explains."""
    with pytest.raises(CheckFailed, match="Not written yet: M"):
        ask({"error": {"kind": "todo", "message": "M"}})


@pytest.mark.parametrize(
    ("ended", "kind", "message"),
    [
        ({"exit": 3}, "died", "exit code 3"),
        ({"signal": 11}, "died", "SIGSEGV"),
        ({"signal": 24}, "timeout", "more than 60 s of processor time"),
        ({"signal": 999}, "died", "999"),
        ({"signal": "9"}, "died", "signal 9"),
        ({"signal": [9]}, "died", "signal"),
        ({"exit": "3"}, "died", "ended itself. "),
    ],
    ids=str,
)
def test_end_of_the_process_is_named(ended: Any, kind: str, message: str) -> None:
    """Whatever the guard reports, the end of the process is named for the student."""
    with pytest.raises(faults.SubmissionError, match=message) as caught:
        ask(ended=UP + json.dumps(ended).encode() + b"\n")
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("ended", "message"),
    [
        ({"signal": 9}, r"ended from outside \(SIGKILL\)"),
        ({"signal": 15}, r"ended from outside \(SIGTERM\)"),
        ({"lost": 0}, "what kept the sandbox"),
        ({}, "what kept the sandbox"),
        ([], "what kept the sandbox"),
    ],
    ids=str,
)
def test_an_end_from_outside_is_no_verdict(ended: Any, message: str) -> None:
    """What the machine, or a person, ended was not the submission's doing."""
    with pytest.raises(connection.Interrupted, match=message):
        ask(ended=UP + json.dumps(ended).encode() + b"\n")


@pytest.mark.parametrize("ended", [b"", b"{", b"\xff\xfe\n", b"[" * 4096, b"9" * 4096])
def test_a_guard_without_a_report_was_ended(ended: bytes) -> None:
    """A guard reports each end; one that did not was ended itself, from outside."""
    with pytest.raises(connection.Interrupted, match="what kept the sandbox"):
        ask(ended=UP + ended)


def test_a_pipe_that_is_closed_by_code_that_goes_on_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process lives, so nobody reports an end: its code closed the grader's pipe."""
    monkeypatch.setattr(connection, "REPORT_SECONDS", 0.3)
    with pytest.raises(faults.SubmissionError, match="closed the pipe") as caught:
        ask(ended=UP, lives=True)
    assert caught.value.kind == "protocol"


def test_an_end_is_waited_for_but_not_long() -> None:
    """A guard reports within a second; a student waits no longer than this for a process that lives."""
    assert connection.REPORT_SECONDS <= 5


@pytest.mark.parametrize(
    ("limit", "used", "allowed", "kind", "message"),
    [
        ("memory", 7 * 2**30, 6 * 2**30, "memory", r"used 7\.0 GB of memory, and may use 6\.0 GB"),
        ("processes", 40, 32, "died", "started 40 processes, and may have 32 at once"),
        (
            "scratch",
            600 * 2**20,
            512 * 2**20,
            "died",
            "wrote 600 MB of files, and may write 512 MB",
        ),
    ],
)
def test_limit_that_was_hit_is_named(
    limit: str, used: int, allowed: int, kind: str, message: str
) -> None:
    """What all processes used together is told with what they may use."""
    ended = json.dumps({"limit": limit, "used": used, "allowed": allowed}).encode()
    with pytest.raises(faults.SubmissionError, match=message) as caught:
        ask(ended=UP + ended + b"\n")
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("reports", "reason"),
    [
        (b'{"broken": "no wall"}\n', "no wall"),
        (b"", "ended before its walls were up"),
        (b'{"exit": 0}\n', "ended before its walls were up"),
        (b'{"up": false}\n', "ended before its walls were up"),
        (b"[]\n", "ended before its walls were up"),
        (b"{", "ended before its walls were up"),
        (b'{"broken": "%s"}\n' % (b"x" * 999), "^x{300}$"),
    ],
)
def test_sandbox_without_walls_is_no_fault_of_the_submission(reports: bytes, reason: str) -> None:
    """What ended before its walls were up never ran the submission."""
    with pytest.raises(connection.WallBroken, match=reason):
        ask(ended=reports)


@pytest.mark.parametrize("forged", [{"up": True}, {"broken": "x"}, {"isolation_error": "x"}])
def test_second_report_is_never_a_broken_wall(forged: dict[str, Any]) -> None:
    """Once the walls are up, an end is the submission's, whatever is reported of it."""
    with pytest.raises(faults.SubmissionError, match=r"ended itself\. "):
        ask(ended=UP + json.dumps(forged).encode() + b"\n")

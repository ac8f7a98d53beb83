"""The verdict store: quick, and not to be fooled."""

from __future__ import annotations

import dataclasses
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from graders import rubric, runner
from graders.runner import Isolation, Request, Runner, Settings, TooLow, store
from graders.runner.machine import Graded
from graders.verdict import CheckResult, TaskVerdict
from graders.walls.levels import LEVELS
from tests.notebook import write

RAISES = "def build_model(input_shape, num_classes):\n    raise ValueError('x')\n"


@pytest.fixture
def verdict() -> TaskVerdict:
    """A verdict with everything in it."""
    check = CheckResult("cnn::builds", "It builds.", "failed", 0.0, 10.0, "Nö.", "Hint.", 0.25)
    return TaskVerdict(
        "cnn", "model_architectures", "failed", (check,), 1.5, False, "process", "sha256:0", "",
        {"history": {"loss": [1.0]}},
    )  # fmt: skip


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_is_written_is_read_and_says_cached(cache: Path, verdict: TaskVerdict) -> None:
    """A round trip keeps everything, and marks the verdict as cached."""
    found = store.Store()
    assert found.read("0" * 64) is None
    found.write("0" * 64, verdict)
    assert found.read("0" * 64) == dataclasses.replace(verdict, cached=True)


def test_corrupt_and_foreign_entries_are_ignored(cache: Path, verdict: TaskVerdict) -> None:
    """A truncated, edited, moved or foreign entry is as good as none."""
    found = store.Store()
    key, other = "0" * 64, "1" * 64
    found.write(key, verdict)
    [path] = cache.glob("verdicts/*/*.json")
    whole = path.read_text()
    moved = found.path(other)
    moved.parent.mkdir(parents=True)
    moved.write_text(whole)
    assert found.read(other) is None
    for text in ("", whole[:-20], "[]", "{}", whole.replace("failed", "passed"), "\0", "[" * 9999):
        path.write_text(text)
        assert found.read(key) is None, text[:40]
    path.write_text(whole)
    (cache / "local.key").write_bytes(b"k" * 32)
    assert store.Store().read(key) is None
    assert found.read(key) is not None


def test_concurrent_writers_lose_nothing(cache: Path, verdict: TaskVerdict) -> None:
    """Many threads that write the same and other entries leave only whole ones."""
    found = store.Store()
    keys = [f"{number:064d}" for number in range(8)]

    def write() -> None:
        for key in keys:
            found.write(key, verdict)

    threads = [threading.Thread(target=write) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert all(found.read(key) is not None for key in keys)
    assert len(list(cache.glob("verdicts/*/*"))) == len(keys)


def test_the_key_depends_on_all_that_matters() -> None:
    """Submission, task and settings each change the key."""
    cnn = rubric.find("cnn")
    keys = {
        store.key_for(cnn, "sha256:0", {"seed": 0}),
        store.key_for(cnn, "sha256:1", {"seed": 0}),
        store.key_for(cnn, "sha256:0", {"seed": 1}),
        store.key_for(rubric.find("custom_layer"), "sha256:0", {"seed": 0}),
    }
    assert len(keys) == 4


class PlaceOf:
    """Stands for a machine of some level: every work passes there.

    Args:
        level: String, one of `graders.walls.levels.LEVELS`.
    """

    def __init__(self, level: str):
        self._isolation, self.graded = Isolation(level), 0

    def isolation(self) -> Isolation:
        """Returns the level."""
        return self._isolation

    def warm_up(self, settings: Settings) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""

    def grade(self, task: Any, source: Any, *rest: Any) -> Graded:
        """Returns full points, as a forgery would get them."""
        self.graded += 1
        checks = tuple(
            CheckResult(f"cnn::{check.name}", "", "passed", check.points, check.points)
            for check in task.checks
        )
        level = self._isolation.level
        verdict = TaskVerdict(
            task.id, task.section, "passed", checks, isolation=level, submission=source.digest
        )
        return Graded(verdict, True)


@pytest.mark.parametrize("other", [level for level in LEVELS if level != "landlock"])
def test_a_verdict_answers_for_its_own_level_only(other: str, cache: Path, tmp_path: Path) -> None:
    """A verdict that a machine without walls gave is not taken for one from behind them."""
    path = tmp_path / "cnn.py"
    path.write_text(RAISES)
    request = Request(rubric.find("cnn"), path)
    settings = Settings(use_store=True)
    for level, graded in ((other, 1), ("landlock", 1), ("landlock", 0), (other, 0)):
        place = PlaceOf(level)
        with Runner(settings, place=place) as runner:
            verdict = runner.grade_task(request)
        assert (place.graded, verdict.isolation, verdict.cached) == (graded, level, not graded)


@pytest.mark.parametrize("demanded", LEVELS)
def test_nothing_is_graded_or_answered_below_the_level(
    demanded: str, cache: Path, tmp_path: Path
) -> None:
    """A demand that is not met comes before the store, and before the first work."""
    path = tmp_path / "cnn.py"
    path.write_text(RAISES)
    request = Request(rubric.find("cnn"), path)
    place = PlaceOf("user")
    with Runner(Settings(use_store=True), place=place) as runner:
        runner.grade_task(request)
        runner.settings = Settings(use_store=True, isolation=demanded)
        for grade in (lambda: runner.grade([request]), lambda: runner.grade_task(request)):
            if demanded in ("process", "user"):
                grade()
            else:
                with pytest.raises(TooLow, match="Nothing was graded"):
                    grade()
    assert place.graded == 1


def test_a_key_that_was_cut_short_is_made_anew(cache: Path) -> None:
    """Nothing is signed, and no data are drawn, with half a key."""
    cache.mkdir()
    for text in (b"", b"half"):
        (cache / "local.key").write_bytes(text)
        key = store.local_key()
        assert len(key) == store.KEY_BYTES
        assert (cache / "local.key").read_bytes() == key == store.local_key()


def test_a_key_that_cannot_be_kept_is_the_same_for_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that cannot be written draws one set of data a run, and the run says so."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KERAS_KIT_CACHE", str(tmp_path / "file"))
    assert store.local_key() == store.local_key()
    settings = Settings()
    assert runner.draw_for("cnn", settings) == runner.draw_for("cnn", settings)
    told = store.Store().trouble()
    assert told.startswith(f"Verdicts cannot be kept in {tmp_path / 'file'}")
    assert "KERAS_KIT_CACHE" in told and "\n" not in told


class Full(store.Store):
    """A store on a disk that is full by now."""

    def write(self, key: str, verdict: TaskVerdict) -> None:
        """Raises what the system does."""
        raise OSError(28, "No space left on device")


def test_a_store_that_is_full_is_told_and_costs_nothing(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict comes all the same; the runner knows why it was not kept."""
    path = tmp_path / "cnn.py"
    path.write_text(RAISES)
    monkeypatch.setattr("graders.runner.runner.Store", Full)
    with Runner(Settings(use_store=True), place=PlaceOf("user")) as found:
        assert not found.trouble
        assert found.grade_task(Request(rubric.find("cnn"), path)).status == "passed"
        assert "(No space left on device)" in found.trouble


def test_a_store_is_tried_before_work(cache: Path, tmp_path: Path) -> None:
    """A folder that cannot be made is told at once; one that can be written is not."""
    with Runner(Settings(use_store=True), place=PlaceOf("user")) as found:
        assert not found.trouble
    (cache / "verdicts").rmdir()
    (cache / "verdicts").write_text("")
    with Runner(Settings(use_store=True), place=PlaceOf("user")) as found:
        assert found.trouble.startswith("Verdicts cannot be kept in ")
    with Runner(Settings(), place=PlaceOf("user")) as found:
        assert not found.trouble


def test_the_same_code_in_other_cells_is_other_work(cache: Path, tmp_path: Path) -> None:
    """A notebook's messages name its cells, so a verdict answers for this notebook only."""
    place = PlaceOf("user")
    whole = "def build_model(input_shape, num_classes):\n    return 1\n"
    for cells, graded in (([whole], 1), (["x = 1", whole], 2), ([whole], 2)):
        write(tmp_path / "cnn.ipynb", *cells)
        with Runner(Settings(use_store=True), place=place) as found:
            found.grade_task(Request(rubric.find("cnn"), tmp_path / "cnn.ipynb"))
        assert place.graded == graded


@pytest.mark.system
def test_unchanged_work_is_answered_from_the_store(cache: Path, tmp_path: Path) -> None:
    """The second grading says cached and is the same; changed work and --no-cache are graded."""
    path = tmp_path / "cnn.py"
    path.write_text(RAISES)
    request = Request(rubric.find("cnn"), path)
    with Runner(Settings(use_store=True)) as runner:
        first = runner.grade_task(request)
        second = runner.grade_task(request)
        assert (first.cached, second.cached) == (False, True)
        assert second.checks == tuple(
            dataclasses.replace(check, seconds=round(check.seconds, 3)) for check in first.checks
        )
        path.write_text(RAISES.replace("'x'", "'y'"))
        assert not runner.grade_task(request).cached
        runner.settings = dataclasses.replace(runner.settings, use_store=False)
        assert not runner.grade_task(request).cached


@pytest.mark.system
def test_what_depends_on_the_machine_is_not_stored(cache: Path, tmp_path: Path) -> None:
    """A time-out may be the machine's fault: it is graded again."""
    path = tmp_path / "cnn.py"
    path.write_text(RAISES.replace("raise ValueError('x')", "while True: pass"))
    with Runner(Settings(use_store=True, seconds=3)) as runner:
        for _ in range(2):
            verdict = runner.grade_task(Request(rubric.find("cnn"), path))
            assert (verdict.status, verdict.cached) == ("error", False)


@pytest.mark.system
def test_a_sandbox_cannot_reach_the_store(cache: Path, tmp_path: Path) -> None:
    """Neither the store nor the key is in the sandbox's file tree."""
    probe = f"import os\n    raise ValueError('found=%s' % os.path.exists({str(cache)!r}))"
    path = tmp_path / "cnn.py"
    path.write_text(RAISES.replace("raise ValueError('x')", probe))
    with Runner(Settings(use_store=True)) as runner:
        verdict = runner.grade_task(Request(rubric.find("cnn"), path))
    assert (cache / "local.key").exists()
    if verdict.isolation == "namespaces":
        assert "found=False" in json.dumps(verdict.to_json())

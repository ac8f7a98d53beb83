"""The names that Blackboard, Canvas and Moodle give to downloaded work, for `nbgrader zip_collect`.

- Blackboard: `<assignment>_<user>_attempt_<time>_<file>`.
- Canvas: `<name>_[LATE_]<user id>_<file id>_<file>`, the name as in `doeada`; anonymous work has
  `anon_<id>` in the place of name and user id (canvas-lms, `lib/content_zipper.rb`).
- Moodle: a folder `<full name>_<id>_assignsubmission_file` (before 4.1 with a `_` at the end) that
  holds the files, or all of that before the file's name (moodle,
  `mod/assign/classes/downloader.php`).

A file that is handed in again has a new name: Canvas calls the second `cnn.py` `cnn-1.py`, browsers
call it `cnn (1).py`. Of Canvas, which sends the last attempt only, `cnn-1.py` counts as `cnn.py`.
"""

from __future__ import annotations

import contextlib
import functools
import re
import unicodedata
from pathlib import Path

from nbgrader.plugins import FileNameCollectorPlugin

from graders import rubric
from graders.printable import printable

# A file's name behind whatever folders a student packed; none that is hidden, as macOS adds them.
_FILE = r"(?:[^/]*/)*(?P<file_id>[^/.][^/]*)$"
MOODLE = re.compile(r"(?P<name>[^/_]*)_(?P<number>\d+)_assignsubmission_file(?:_?/|_)" + _FILE)
CANVAS = re.compile(
    r"(?P<student_id>[^/_]+(?:_[^/_]+)*?)_(?:LATE_)?(?P<number>\d+)_(?P<order>\d+)_" + _FILE
)
ANONYMOUS = re.compile(r"(?P<student_id>anon_(?:LATE_)?[A-Za-z0-9]+)_(?P<order>\d+)_" + _FILE)
# What Canvas puts behind a name that it has already.
AGAIN = re.compile(r"-\d+$")


@functools.cache
def _blackboard() -> re.Pattern[str]:
    sections = "|".join(dict.fromkeys(task.section for task in rubric.tasks()))
    return re.compile(
        rf"(?:{sections}|[^_/]*)_(?P<student_id>\w[^/]*?)_attempt_(?P<timestamp>[0-9-]+)_{_FILE}"
    )


def parse(path: str) -> dict[str, str] | None:
    """Reads who handed in a file, and what it is.

    The outermost folder that names a student counts: what lies in it was packed by that student,
    who may have written another one's name there.

    Args:
        path: String, the path of a file below the folder of what was downloaded.

    Returns:
        Dict with `student_id` and `file_id`, of Blackboard also `timestamp`, of Canvas also
        `order` (the higher, the later it was handed in), or `None` for another kind of name.
    """
    parts = path.split("/")
    for index in range(len(parts)):
        rest = "/".join(parts[index:])
        for pattern in (_blackboard(), MOODLE, ANONYMOUS, CANVAS):
            found = pattern.match(rest)
            if found:
                return _named(pattern, found.groupdict(), direct=index == len(parts) - 1)
    return None


def _named(pattern: re.Pattern[str], found: dict[str, str], direct: bool) -> dict[str, str]:
    if pattern is MOODLE:
        # A full name holds blanks, and two students may share it: the number tells them apart.
        name = re.sub(r"\W+", "-", unicodedata.normalize("NFC", found["name"])).strip("-")
        return {
            "student_id": f"{name or 'student'}_{found['number']}",
            "file_id": found["file_id"],
        }
    if pattern is CANVAS:
        found["student_id"] += f"_{found.pop('number')}"
    if "order" in found:
        found["student_id"] = found["student_id"].replace("_LATE", "")
        path = Path(found["file_id"])
        plain = AGAIN.sub("", path.stem)
        if direct and plain in {task.id for task in rubric.tasks()}:
            found["file_id"] = plain + path.suffix
    return found


class Downloaded(FileNameCollectorPlugin):
    """Collects work as the three systems name it; `named_regexp` is for any other.

    nbgrader gives up the whole class where one student has two files of the same name, and no time
    tells which is the later one. Here the first counts, of Canvas the last, and the others are
    collected under another name: `bulk` names them.
    """

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """Returns who handed in a file and what it is, or `None` if it is not collected.

        Args:
            submitted_file: String, the path of a file in the folder `extracted`.
        """
        path = Path(submitted_file)
        if path.name.startswith(".") or "__MACOSX" in path.parts:
            return None
        if path.suffix not in self.valid_ext:
            if path.suffix.lower() in self.valid_ext:
                self._warn("%s is not collected: its name ends with %s.", path.name, path.suffix)
            return None
        if self.named_regexp:
            return super().collect(submitted_file)
        below = self._below(path)
        found = parse(below.as_posix())
        if found is None:
            self._warn("%s is named as in no system that is known.", str(below))
            return None
        student, name = found["student_id"], found["file_id"]
        order = found.pop("order", None)
        if "timestamp" not in found and not self._counts(path, student, name, order):
            others = self._seen.setdefault((student, f"{name}/"), [])
            others.append(path)
            number = f" {len(others)}" if len(others) > 1 else ""
            found["file_id"] = f"{Path(name).stem} (other{number}){path.suffix}"
        if found["file_id"] != path.name and not path.name.endswith(f"_{found['file_id']}"):
            self._warn("%s of %s is collected as %s.", str(below), student, found["file_id"])
        self._name_others(student, found["file_id"])
        return found

    @functools.cached_property
    def _seen(self) -> dict[tuple[str, str], list[Path]]:
        return {}

    def _below(self, path: Path) -> Path:
        """Returns the path below the folder `extracted`: the course's own is nobody's name."""
        app = self.parent
        with contextlib.suppress(AttributeError, ValueError):
            return path.relative_to(app._format_collect_path(app.extracted_directory))
        return path

    @functools.cache  # noqa: B019 - there is one collector, for as long as the command runs
    def _last(self, folder: Path) -> dict[tuple[str, str], int]:
        """Returns of each student's files in a folder of Canvas the order of the last one."""
        last: dict[tuple[str, str], int] = {}
        for path in folder.iterdir():
            found = parse(self._below(path).as_posix()) or {}
            if "order" in found:
                key = (found["student_id"], found["file_id"])
                last[key] = max(last.get(key, 0), int(found["order"]))
        return last

    def _counts(self, path: Path, student: str, name: str, order: str | None) -> bool:
        """Returns whether this file of a student is the one that counts under its name."""
        if order is not None and self._last(path.parent)[student, name] > int(order):
            return False
        places = self._seen.setdefault((student, name), [])
        places.append(path)
        return len(places) == 1

    def _name_others(self, student: str, name: str) -> None:
        """Warns of a name that is nearly a task's: such a file is collected and not graded."""
        letters = re.sub(r"[^a-z0-9]", "", name.lower())
        stems = {task.id for task in rubric.tasks()}
        near = [task for task in stems if task.replace("_", "") in letters]
        if near and Path(name).stem not in stems:
            self._warn(
                "%s of %s is not graded: only a file that is named like the task counts.",
                name, student,
            )  # fmt: skip

    def _warn(self, text: str, *words: str) -> None:
        self.log.warning(text, *map(printable, words))

"""Writes a release and leaves what a person edited.

A hidden file keeps a digest of each file as it was written last. A file that differs from its
digest was edited: it stays, and where the kit's own version has changed too, that is written beside
it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

NAME = ".release.json"
NEW = ".new"
FOLDERS = ("student", "course")
# What nobody edits: without a digest, as an earlier kit wrote it, it is replaced.
KITS_OWN = ("student/graders/", "student/datasets/")
# Of a kind of change, no more than so many names are shown.
SHOWN = 40


class CannotWrite(Exception):
    """The release cannot be written; the text is one line."""


@dataclasses.dataclass
class Changes:
    """What a release did, as names relative to its folder.

    Attributes:
        added: List of strings, files that were not there.
        changed: List of strings, files that nobody had edited.
        removed: List of strings, files that no longer belong to the release.
        kept: List of strings, edited files that stay as they are.
        beside: List of strings, those of `kept` beside which the kit's new version was written.
        left: List of strings, edited files that no longer belong to the release, and stay.
        lacking: List of strings, lines that tell what is still to be done.
    """

    added: list[str] = dataclasses.field(default_factory=list)
    changed: list[str] = dataclasses.field(default_factory=list)
    removed: list[str] = dataclasses.field(default_factory=list)
    kept: list[str] = dataclasses.field(default_factory=list)
    beside: list[str] = dataclasses.field(default_factory=list)
    left: list[str] = dataclasses.field(default_factory=list)
    lacking: list[str] = dataclasses.field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Gives what there is to tell, in lines."""
        for word, names in (
            ("added", self.added),
            ("changed", self.changed),
            ("removed", self.removed),
        ):
            if names:
                yield f"{len(names)} {_files(names)} {word}{_some(names)}."
        kept = [name for name in self.kept if name not in self.beside]
        if kept:
            yield f"{len(kept)} edited {_files(kept)} left alone{_some(kept)}."
        for name in self.beside:
            yield f"{name} was edited and left alone; the kit's new version is {name}{NEW}."
        for name in self.left:
            yield f"{name} was edited and left alone, although it is no longer in the release."
        if not (self.added or self.changed or self.removed or self.beside or self.left):
            yield "Everything was up to date."
        yield from self.lacking


def _files(names: list[str]) -> str:
    return "file" if len(names) == 1 else "files"


def _some(names: list[str]) -> str:
    # A first release has hundreds.
    return f": {', '.join(names)}" if len(names) <= SHOWN else ""


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _contents(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


class Writer:
    """Writes the files of a release.

    Args:
        root: Path of its folder.

    Attributes:
        changes: `Changes` so far.
    """

    def __init__(self, root: Path):
        self.root, self.changes = root, Changes()
        # What was written last, and edited files that later left the release.
        self._left = self._read("left")
        self._before = self._left | self._read("files")
        # Which version of the kit's a person began to edit.
        self._base = self._read("base")
        self._now: dict[str, str] = {}
        self._based: dict[str, str] = {}

    def _read(self, part: str) -> dict[str, str]:
        with contextlib.suppress(
            OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError
        ):
            found = json.loads((self.root / NAME).read_text(encoding="utf-8"))[part]
            return {
                name: digest
                for name, digest in found.items()
                if isinstance(digest, str)
                and name.partition("/")[0] in FOLDERS
                and ".." not in PurePosixPath(name).parts
            }
        return {}

    def data(self, name: str, data: bytes) -> None:
        """Writes a file of the release, unless a person edited it.

        Args:
            name: String, its path below the release's folder.
            data: Bytes.
        """
        path, digest = self.root / name, _digest(data)
        there, before = _contents(path), self._before.get(name)
        beside = path.with_name(path.name + NEW)
        self._now[name] = digest
        if there == data:
            if _contents(beside) == data:
                beside.unlink()
            return
        if there is None:
            self._write(path, data)
            beside.unlink(missing_ok=True)
            self.changes.added.append(name)
        elif before == _digest(there) or (before is None and name.startswith(KITS_OWN)):
            self._write(path, data)
            self.changes.changed.append(name)
        else:
            self.changes.kept.append(name)
            base = self._base.get(name, before)
            if base is not None:
                self._based[name] = base
            if digest == base:
                # The kit's own version is again the one that was edited.
                beside.unlink(missing_ok=True)
            elif digest != before:
                self._write(beside, data)
                self.changes.beside.append(name)

    def text(self, name: str, text: str) -> None:
        """Writes a file of the release, see `data`."""
        self.data(name, text.encode("utf-8"))

    def once(self, name: str, text: str) -> None:
        """Writes a file that belongs to people from then on: it is never written again."""
        if not (self.root / name).exists():
            self._write(self.root / name, text.encode("utf-8"))
            self.changes.added.append(name)

    def finish(self) -> Changes:
        """Removes what no longer belongs to the release, and keeps the digests."""
        left = {}
        for name in sorted(set(self._before) - set(self._now)):
            path = self.root / name
            there = _contents(path)
            if there is None:
                continue
            if _digest(there) != self._before[name]:
                left[name] = self._before[name]
                if name not in self._left:
                    self.changes.left.append(name)
                continue
            try:
                path.unlink()
            except OSError as error:
                raise CannotWrite(f"{path} cannot be removed: {error.strerror}.") from None
            self.changes.removed.append(name)
            with contextlib.suppress(OSError):
                # A folder that others still need is not empty.
                while path.parent != self.root:
                    path = path.parent
                    path.rmdir()
        kept = {"files": dict(sorted(self._now.items())), "left": left, "base": self._based}
        text = json.dumps(kept, indent=1) + "\n"
        if _contents(self.root / NAME) != text.encode("utf-8"):
            self._write(self.root / NAME, text.encode("utf-8"))
        return self.changes

    def _write(self, path: Path, data: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.part")
            temporary.write_bytes(data)
            temporary.replace(path)
        except OSError as error:
            raise CannotWrite(f"{path} cannot be written: {error.strerror}.") from None

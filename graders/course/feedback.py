"""Each student's own page, and all of them as a zip to hand out.

A page has a file name that is safe everywhere, whatever the student's folder is called. In the zip
lies `<student>/<section>.html`; for Moodle ("Upload multiple feedback files in a zip") it is
`<name>_<number>_assignfeedback_file_/<section>.html` (`mod/assign/feedback/file/importziplib.php`).
"""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from graders.course.results import one_line, without
from graders.course.roster import NUMBERED
from graders.course.standing import Verdicts, standing
from graders.reports import html
from graders.verdict import TaskVerdict, Verdict

ZIP = "feedback.zip"
# What Windows takes for a device, whatever its suffix.
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
# What no system minds in the name of a folder, within it and at its ends.
HARMLESS = re.compile(r"[\w()+=@,-](?:[\w()+=@,. -]*[\w()+=@,-])?")
MAX_NAME = 80


def file_name(student: str) -> str:
    """Returns a name for a student's files: letters, digits, hyphens; another for each student."""
    plain = re.sub(r"[^a-z0-9_]+", "-", student.lower()).strip("-_")[:MAX_NAME]
    if plain and plain == student and not DEVICES.fullmatch(plain):
        return plain
    # Two names may have the same letters, or differ in their case alone.
    mark = hashlib.sha256(student.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{plain or 'student'}-{mark}"


def folder_of(page: Path) -> Path:
    """Returns the folder of the students' pages, which lies beside the page of the class."""
    return page.with_name(f"{page.stem}_students")


def write(
    page: Path,
    verdicts: Verdicts,
    folders: Mapping[str, Path],
    seed: int,
    hidden_tests: str,
    moodle: bool = False,
) -> tuple[dict[str, str], list[str]]:
    """Writes the students' pages and the zip.

    Args:
        page: Path of the class's page.
        verdicts: The class's verdicts.
        folders: Dict from students to the folders of their work, which no page names.
        seed: Integer, the public seed.
        hidden_tests: String, as in `Verdict`.
        moodle: Boolean, whether the zip is for Moodle.

    Returns:
        Pair: a dict from students to the addresses of their pages, as the class's page links them;
        and a list of strings, whose feedback is not in the zip.

    Raises:
        OSError: If something cannot be written.
    """
    folder, links, left_out = folder_of(page), dict[str, str](), list[str]()
    taken: set[str] = set()
    folder.mkdir(exist_ok=True)
    unfinished = folder / f"{ZIP}.part"
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as packed:
        for student, found in verdicts.items():
            works = [without(verdict, folders[student]) for verdict in found]
            parts = {work.task: html.part(work, str(i)) for i, work in enumerate(works)}

            def render(chosen: list[TaskVerdict], whose: str, drawn: dict = parts) -> bytes:
                seconds = sum(verdict.seconds for verdict in chosen)
                verdict = Verdict(seed, tuple(chosen), seconds, hidden_tests)
                return html.render(verdict, whose, drawn).encode("utf-8", "replace")

            name = f"{file_name(student)}.html"
            (folder / name).write_bytes(render(works, one_line(student)))
            links[student] = quote(f"{folder.name}/{name}", errors="surrogateescape")
            packed_as = _packed_name(student, moodle)
            if packed_as.casefold() in taken:
                packed_as = file_name(student)
            taken.add(packed_as.casefold())
            for section in dict.fromkeys(work.section for work in works):
                chosen = [work for work in works if work.section == section]
                if any(standing(work) == "waits" for work in chosen):
                    # 0 points would be no feedback on what nobody graded.
                    left_out.append(f"{one_line(student)} ({section})")
                    continue
                place = zipfile.ZipInfo(f"{packed_as}/{section}.html")
                place.external_attr = 0o644 << 16
                packed.writestr(place, render(chosen, one_line(student)), zipfile.ZIP_DEFLATED)
    os.replace(unfinished, folder / ZIP)
    return links, left_out


def _packed_name(student: str, moodle: bool) -> str:
    numbered = NUMBERED.fullmatch(student)
    if moodle and numbered:
        # Moodle reads the number between the first two underscores, and nothing of the name.
        name = file_name(numbered["name"].replace("_", "-")).replace("_", "-")
        return f"{name}_{numbered['number']}_assignfeedback_file_"
    safe = HARMLESS.fullmatch(student) and len(student) <= MAX_NAME
    return student if safe and not DEVICES.fullmatch(student) else file_name(student)

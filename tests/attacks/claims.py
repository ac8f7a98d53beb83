"""Forged answers: each verb and each probe of each task, answered by what it must not be.

A forgery is a submission that works as the reference does, but whose sandbox answers one question
with something else. It is made of the reference, so that what comes before that question is right.
"""

from __future__ import annotations

import re
import zlib

from graders import rubric
from graders.runner import fingerprint
from tests.attacks import case
from tests.attacks.case import IMPORT, Attack

# What a forged answer is, as an expression over `honest`, the answer as it would have been.
FORGERIES = {
    "nothing": "None",
    "number": "7",
    "huge_number": "10**400",
    "text": "'x' * 1000",
    "empty_list": "[]",
    "empty_dict": "{}",
    "array": "np.zeros((3, 3), 'float32')",
    "giant_array": "np.zeros(40 * 2**20, 'uint8')",
    "numbers_huge": "each(honest, lambda leaf: 10**400 if number(leaf) else leaf)",
    "numbers_nan": "each(honest, lambda leaf: float('nan') if number(leaf) else leaf)",
    "numbers_infinite": "each(honest, lambda leaf: float('-inf') if number(leaf) else leaf)",
    "numbers_text": "each(honest, lambda leaf: str(leaf) if number(leaf) else leaf)",
    "leaves_dicts": "each(honest, lambda leaf: {'a': leaf})",
    "leaves_lists": "each(honest, lambda leaf: [leaf, leaf])",
    "leaves_arrays": "each(honest, lambda leaf: np.ones((2, 2), 'float32'))",
    "leaves_nothing": "each(honest, lambda leaf: None)",
    "booleans_text": "each(honest, lambda leaf: 'no' if isinstance(leaf, bool) else leaf)",
    "arrays_empty": "each(honest, lambda leaf: leaf[:0] if getattr(leaf, 'ndim', 0) else leaf)",
    "arrays_nan": "each(honest, lambda leaf: leaf * np.nan if getattr(leaf, 'ndim', 0) else leaf)",
    "arrays_scalar": "each(honest, lambda leaf: np.float32(1) if hasattr(leaf, 'ndim') else leaf)",
    "arrays_wide": "each(honest, lambda leaf: leaf[None] if hasattr(leaf, 'ndim') else leaf)",
    "lists_empty": "lists(honest, lambda items: [])",
    "lists_long": "lists(honest, lambda items: items * 300)",
    "lists_short": "lists(honest, lambda items: items[:1])",
    "keys_gone": "dicts(honest, lambda items: {})",
    "keys_more": "dicts(honest, lambda items: {**items, '__class__': 'x', '': 1, 'self': None})",
    "deep": "nested(900)",
}
# The tools that reshape an honest answer.
SHAPERS = """
import numpy as np


def number(leaf):
    return isinstance(leaf, (int, float)) and not isinstance(leaf, bool)


def each(value, change):
    if isinstance(value, dict):
        return {key: each(part, change) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [each(part, change) for part in value]
    return change(value)


def lists(value, change):
    if isinstance(value, dict):
        return {key: lists(part, change) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return change([lists(part, change) for part in value])
    return value


def dicts(value, change):
    if isinstance(value, dict):
        return change({key: dicts(part, change) for key, part in value.items()})
    if isinstance(value, (list, tuple)):
        return [dicts(part, change) for part in value]
    return value


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value
"""
VERB = """
def forge(original, box, given):
    honest = original(box, **given)
    return {expression}


replace_verb({verb!r}, forge)
"""
PROBE = """
replace_probe({probe!r}, lambda honest: {expression})
"""
HEAD = '''"""AIM: {aim}
KIND: harm
MAX: {most}
SAYS: -
SECONDS: 60
"""
'''


def questions(task: rubric.Task) -> list[tuple[str, str]]:
    """Returns what a task asks a sandbox: verbs, and probes by their names."""
    toolkit = rubric.KIT / "graders" / "toolkit"
    paths = [task.path, *(path for path in fingerprint.judging(task) if path.parent == toolkit)]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    found = [("probe", name) for text in texts for name in re.findall(r"@probe\ndef (\w+)", text)]
    reference = task.reference.read_text(encoding="utf-8")
    if re.search(r"(?m)^def build_", reference):
        found.append(("build", ""))
    if re.search(r"(?m)^def (train|fine_tune)\b", reference):
        found.append(("train", ""))
    return found


def forgery(task: rubric.Task, verb: str, probe: str, name: str) -> Attack:
    """Makes one forged submission."""
    expression = FORGERIES[name]
    made = PROBE.format(probe=probe, expression=expression)
    if verb != "probe":
        made = VERB.format(verb=verb, expression=expression)
    asked = probe or verb
    # A forgery that changes nothing that counts is right work: it may earn all points.
    head = HEAD.format(aim=f"answers {asked} of {task.id} by {name}", most=10)
    reference = task.reference.read_text(encoding="utf-8")
    text = f"{head}{IMPORT}\n{SHAPERS}\n{made}\n{reference}"
    return case.make(f"claims/{asked}-{name}", task.id, text)


def forgeries(every: bool, salt: str) -> list[Attack]:
    """Returns forged submissions.

    Args:
        every: Boolean, whether to make all of them, rather than one for each question.
        salt: String, which part is made otherwise: another one for each level.
    """
    found = []
    for task in rubric.tasks():
        for verb, probe in questions(task):
            names = list(FORGERIES)
            if not every:
                drawn = zlib.crc32(f"{task.id}{verb}{probe}{salt}".encode())
                names = [names[drawn % len(names)]]
            found += [forgery(task, verb, probe, name) for name in names]
    return found

"""How much may come over the wire, by what was asked: both sides know it, and the reader insists.

A sandbox that follows the rules measures its answer before it sends it, and reports one that is too
large in words. A frame above the limit was not made by the kit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

# The largest model: a config as JSON, and the numbers in its weights. VGG16 has 15 million, and 36
# million with the two layers of 4096 units that it once had on top.
MAX_CONFIG = 4 * 2**20
MAX_PARAMETERS = 40_000_000
# What a report of progress may count to.
MAX_EPOCHS = 10**6
# How deep lists and dicts may lie in each other.
MAX_DEPTH = 100


@dataclasses.dataclass(frozen=True)
class Limits:
    """The size of one frame.

    Attributes:
        document: Integer, bytes of JSON.
        payload: Integer, bytes of all arrays together.
        nodes: Integer, values in the JSON, as counted by brackets, commas and colons.
        arrays: Integer, the number of arrays.
    """

    document: int
    payload: int
    nodes: int
    arrays: int

    def exceeded(self, parts: Sequence[bytes | memoryview]) -> str:
        """Tells what of a frame is too large.

        Args:
            parts: The pieces of a frame without its header: the document, then the arrays.

        Returns:
            String, such as `"arrays of 300 MB (the limit is 256 MB)"`; empty if the frame fits.
        """
        document, *arrays = parts
        for words, size, limit in (
            ("text and numbers", len(document), self.document),
            ("arrays", sum(len(array) for array in arrays), self.payload),
        ):
            if size > limit:
                return f"{words} of {size / 2**20:,.1f} MB (the limit is {limit / 2**20:,.1f} MB)"
        if len(arrays) > self.arrays:
            return f"{len(arrays):,} arrays (the limit is {self.arrays:,})"
        nodes, _ = measured(str(document, "ascii"), self.nodes)
        if nodes > self.nodes:
            return f"a list or dict of over {self.nodes:,} values"
        return ""


# Between trusted processes.
TRUSTED = Limits(32 * 2**20, 2**30, nodes=2_000_000, arrays=20_000)
# An answer that tells of success alone, or of an error.
SHORT = Limits(2**20, 0, nodes=5_000, arrays=0)
# The answer of a probe of an object or of a function. The largest of right work, a sweep of 4
# trainings, has 900 values and arrays of 0.3 MB.
ANSWER = Limits(4 * 2**20, 32 * 2**20, nodes=100_000, arrays=2_000)
# Answers that hold models.
MODEL = Limits(12 * 2**20, 4 * MAX_PARAMETERS + 16 * 2**20, nodes=300_000, arrays=10_000)


def of_training(weights: int) -> Limits:
    """Returns the limit for what a training leaves.

    Args:
        weights: Integer, the bytes of the model's weights before it. Keras may hold them in
            another dtype afterwards.
    """
    payload = min(MODEL.payload, 2 * weights + 2**20)
    return dataclasses.replace(MODEL, payload=payload)


_OPENING = {"[": 1, "{": 1, "]": -1, "}": -1}
_BUT_BRACKETS = {code: None for code in range(128) if chr(code) not in _OPENING}


def measured(document: str, most: int) -> tuple[int, int]:
    """Measures JSON before it is parsed, in linear time and little memory.

    Args:
        document: String, ASCII.
        most: Integer, above which nothing more is counted.

    Returns:
        A pair of integers: about how many values there are (at least as many as `json.loads` would
        make, text and keys included), and how deep they lie in each other.
    """
    # Brackets within text count for nothing. What is escaped cannot end a text.
    plain = document.replace("\\\\", "").replace('\\"', "")
    quotes = plain.count('"')
    # A value and a key have two quotes each, and a comma, a colon or a bracket of their own.
    if quotes > 2 * most:
        return quotes // 2, 0
    outside = "".join(plain.split('"')[::2])
    nodes = 1 + sum(outside.count(mark) for mark in "[{,:")
    if nodes > most:
        return nodes, 0
    depth = deepest = 0
    for bracket in outside.translate(_BUT_BRACKETS):
        depth += _OPENING[bracket]
        deepest = max(deepest, depth)
    return nodes, deepest

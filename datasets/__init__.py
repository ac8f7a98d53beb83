"""The data of the exercises: `datasets.load(name)`, pictures of them in `datasets.pictures`.

A module beside this one that is not the kit's own is a data set of its name: it has a function
`load(name, draw)` as those of the kit have. A course keeps such modules in a folder of its own, see
`also_from`.

Everything random comes from `draw`, so a draw is the same on every machine; the three parts of a
data set are disjoint draws, and label ids are permuted per draw, so that weights baked into a
submission know nothing about the next draw.
"""

import difflib
import hashlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

# One part: inputs (an array, or a dict of arrays where a model has two inputs) and labels.
Part = tuple[Any, np.ndarray]
Parts = dict[str, Part]  # "train", "validation", "test"
Loader = Callable[[str, int], tuple[int, Parts]]

# Which module makes which data set; modules are imported only when asked for.
_MODULES = {
    "shapes": "shapes",
    "small_shapes": "shapes",
    "sequences": "sequences",
    "digits": "digits",
    "noisy_digits": "digits",
    "digits_context": "digits",
}

# The modules of the kit, each of which makes one of these or none.
_KITS = frozenset(
    "__init__ cache digits downloads keep pictures real saving sequences shapes".split()
    + ["vgg16_pretrain", "vgg16_weights"]
)

# Which other sources can stand in for which data set.
_SOURCES = {
    "shapes": ("cifar10",),
    "small_shapes": ("cifar10",),
    "digits": ("mnist",),
    "noisy_digits": ("mnist",),
}


class DataUnavailable(RuntimeError):
    """Real data or weights cannot be had here; the message is one line and names the default."""


@dataclass(frozen=True)
class Dataset:
    """A data set: one draw of it, in three disjoint parts.

    Attributes:
        name: String, what was asked for.
        source: String, `"default"` or the real data set that stands in.
        num_classes: Integer, the number of labels.
        train: Pair `(x, y)`; `x` float32 (a dict of such arrays for two inputs), `y` int64 `(n,)`.
        validation: Pair, likewise.
        test: Pair, likewise; what the grader keeps to itself.
    """

    name: str
    source: str
    num_classes: int
    train: Part
    validation: Part
    test: Part


def generator(name: str, draw: int, *more: str) -> np.random.Generator:
    """Return the random generator of one draw of one data set.

    Args:
        name: String, the data set: two data sets with the same draw are independent.
        draw: Integer from 0 up, of any size.
        *more: Strings, for several independent generators of the same draw.

    Returns:
        A `numpy.random.Generator`, the same on every machine.

    Raises:
        ValueError: If the draw is negative.
    """
    if draw < 0:
        raise ValueError(f"A draw is an integer from 0 up. Received: draw={draw}")
    words = [int.from_bytes(hashlib.sha256(w.encode()).digest()[:8], "big") for w in (name, *more)]
    return np.random.default_rng([*words, draw])


def module_file(name: str, own: Path | None = None) -> Path:
    """Return the file of the module that makes a data set.

    Args:
        name: String, the data set.
        own: Path of a course's own folder of data sets, if there is one.

    Returns:
        Path.

    Raises:
        ValueError: If there is none.
    """
    for folder in (*folders(), *([own] if own else [])):
        found = folder / f"{_MODULES.get(name, name)}.py"
        if found.is_file():
            return found
    raise ValueError(_unknown("data set", name, names()))


def also_from(folder: Path) -> None:
    """Find data sets in another folder too.

    Args:
        folder: Path of a folder of modules, none of which has the name of one of the kit's.
    """
    if str(folder) not in __path__:
        __path__.append(str(folder))


def folders() -> list[Path]:
    """Return the folders that data sets come from, the kit's own first."""
    return [Path(folder) for folder in __path__]


def own_in(folder: Path) -> list[str]:
    """Return the names of the data sets that a folder adds to the kit's.

    Args:
        folder: Path.
    """
    return sorted(path.stem for path in folder.glob("*.py") if path.stem not in _KITS)


def names() -> list[str]:
    """Return the names of the data sets."""
    return [*_MODULES, *(name for folder in folders() for name in own_in(folder))]


def sources(name: str) -> tuple[str, ...]:
    """Return the sources that `load` accepts for a data set, the default first.

    Args:
        name: String, one of `names()`.

    Returns:
        Tuple of strings, beginning with `"default"`.

    Raises:
        ValueError: If there is no such data set; close matches are named.
    """
    if name not in names():
        raise ValueError(_unknown("data set", name, names()))
    return ("default", *_SOURCES.get(name, ()))


def load(name: str, draw: int = 0, source: str = "default") -> Dataset:
    """Return one draw of a data set.

    Args:
        name: String, one of `names()`.
        draw: Integer from 0 up, of any size; everything random comes from it. The grader takes
            others than those that people try.
        source: String, `"default"` (made or bundled, offline), or a real data set that can stand
            in for it, one of `sources(name)`.

    Returns:
        A `Dataset`.

    Raises:
        ValueError: If there is no such data set or source; close matches are named.
        DataUnavailable: If the real data cannot be had here.
    """
    known = sources(name)
    if source not in known:
        raise ValueError(_unknown(f"source for the data set {name!r}", source, list(known)))
    if source == "default":
        module = importlib.import_module(f"{__name__}.{_MODULES.get(name, name)}")
        classes, parts = module.load(name, draw)
    else:
        module = importlib.import_module(f"{__name__}.real")
        classes, parts = module.load(name, draw, source)
    return Dataset(
        name, source, classes, train=parts["train"], validation=parts["validation"],
        test=parts["test"],
    )  # fmt: skip


def _unknown(what: str, given: str, known: list[str]) -> str:
    """Say that there is no such thing, and what was perhaps meant."""
    close = difflib.get_close_matches(given, known, n=3, cutoff=0.5)
    meant = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    return f"There is no {what} called {given!r}.{meant} Known: {', '.join(known)}"

"""Reads a task's evidence by kind, whatever the task: curves, measures, tables of counts.

Part of the evidence is what a submission claimed. Nothing here trusts a type, a size or a number:
what is not of its kind is left out, so that a report can always be made.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from graders.printable import printable

MAX_EPOCHS = 500
MAX_CELLS = 400
MAX_ROWS = 40
# Beyond this a plot's axis would overflow; for reading a curve it is as good as infinite.
HUGE = 1e30

Evidence = Mapping[str, Any]


def number(value: Any) -> float | None:
    """Returns a finite number as a float, and `None` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) and abs(found) < HUGE else None


def share(value: Any) -> float | None:
    """Returns a number from 0 to 1, and `None` for anything else."""
    found = number(value)
    return found if found is not None and 0 <= found <= 1 else None


def words(value: Any, limit: int = 60) -> str:
    """Returns any text as one printable line."""
    return " ".join(printable(str(value), limit).split())


def title(key: str) -> str:
    """Returns a key of the evidence as a heading."""
    text = words(key).replace("_", " ").strip()
    return text[:1].upper() + text[1:]


@dataclasses.dataclass(frozen=True)
class Curve:
    """One metric over the epochs, on both parts of the data.

    Attributes:
        metric: `"loss"` or `"accuracy"`.
        train: Tuple of floats, NaN where the value was no finite number.
        validation: Tuple of floats, likewise; empty if there is none.
    """

    metric: str
    train: tuple[float, ...]
    validation: tuple[float, ...]

    @property
    def epochs(self) -> int:
        """Integer, the number of epochs."""
        return max(len(self.train), len(self.validation))


@dataclasses.dataclass(frozen=True)
class History:
    """The curves of one training, as its `History` tells them.

    Attributes:
        name: String, what was trained; empty for the task's main training.
        curves: Tuple of `Curve`.
        epochs: Integer, how many epochs there were, before any were left out.
    """

    name: str
    curves: tuple[Curve, ...]
    epochs: int

    def curve(self, metric: str) -> Curve | None:
        """Returns the curve of a metric, if there is one."""
        return next((curve for curve in self.curves if curve.metric == metric), None)


def _is_series(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, int | float) and not isinstance(item, bool) for item in value
    )


def _series(value: Any) -> tuple[float, ...]:
    if not _is_series(value):
        return ()
    step = max(1, math.ceil(len(value) / MAX_EPOCHS))
    chosen = value[::step]
    found = (number(item) for item in chosen)
    return tuple(math.nan if value is None else value for value in found)


def _metric(key: str) -> str:
    if key == "loss":
        return "loss"
    return "accuracy" if "acc" in key else ""


def histories(evidence: Evidence) -> list[History]:
    """Finds every training's curves.

    A history is a dict of lists of numbers with a loss or an accuracy among them.
    """
    found = []
    for key, table in evidence.items():
        if not isinstance(table, dict) or not table:
            continue
        if not all(isinstance(k, str) and _is_series(v) for k, v in table.items()):
            continue
        curves, lengths = [], [0]
        for metric in ("loss", "accuracy"):
            name = next((k for k in table if _metric(k) == metric), None)
            name_of_validation = next(
                (k for k in table if k.startswith("val_") and _metric(k[4:]) == metric), None
            )
            if name is not None and name.startswith("val_"):
                name = next(
                    (k for k in table if _metric(k) == metric and not k.startswith("val_")), None
                )
            train = table[name] if name else []
            validation = table[name_of_validation] if name_of_validation else []
            if train or validation:
                curves.append(Curve(metric, _series(train), _series(validation)))
                lengths += [len(train), len(validation)]
        if curves:
            name = words(key).replace("_", " ").replace("history", "").strip()
            found.append(History(name, tuple(curves), max(lengths)))
    # The main training first.
    return sorted(found[:MAX_ROWS], key=lambda history: history.name != "")


@dataclasses.dataclass(frozen=True)
class Measured:
    """What the grader measured on hidden data, beside what was needed.

    Attributes:
        value: Float in [0, 1].
        threshold: Float in [0, 1].
    """

    value: float
    threshold: float


def measured(evidence: Evidence) -> Measured | None:
    """Finds the accuracy on hidden data and its threshold."""
    value, threshold = share(evidence.get("accuracy")), share(evidence.get("threshold"))
    return None if value is None or threshold is None else Measured(value, threshold)


def confusion(evidence: Evidence) -> list[list[int]] | None:
    """Finds the confusion matrix: rows are true labels."""
    table = evidence.get("confusion")
    if not isinstance(table, list) or not 2 <= len(table) <= 30:
        return None
    for row in table:
        if not isinstance(row, list) or len(row) != len(table):
            return None
        if any(number(cell) is None or cell < 0 or cell != int(cell) for cell in row):
            return None
    return [[int(cell) for cell in row] for row in table]


def confused(table: list[list[int]], most: int = 3) -> list[tuple[int, int, int]]:
    """Lists the most confused pairs: true label, predicted label, how often."""
    pairs = [
        (true, found, count)
        for true, row in enumerate(table)
        for found, count in enumerate(row)
        if true != found and count
    ]
    return sorted(pairs, key=lambda pair: -pair[2])[:most]


@dataclasses.dataclass(frozen=True)
class Confused:
    """A picture that was taken for something else.

    Attributes:
        true: Integer, its label.
        predicted: Integer, what it was taken for.
        picture: Tuple of rows of pixels of 1 or 3 integers from 0 to 255.
    """

    true: int
    predicted: int
    picture: tuple[tuple[tuple[int, ...], ...], ...]


def confused_pictures(evidence: Evidence, most: int = 6) -> list[Confused]:
    """Finds pictures that were taken for something else."""
    table = evidence.get("confused")
    found = []
    for item in table[:most] if isinstance(table, list) else []:
        if not isinstance(item, dict):
            continue
        labels = [number(item.get(name)) for name in ("true", "predicted")]
        picture = _picture(item.get("picture"))
        if picture is not None and all(label is not None for label in labels):
            true, predicted = (int(label) for label in labels if label is not None)
            found.append(Confused(true, predicted, picture))
    return found


def _picture(rows: Any) -> tuple[tuple[tuple[int, ...], ...], ...] | None:
    if not isinstance(rows, list) or not 1 <= len(rows) <= 64:
        return None
    picture = []
    for row in rows:
        if not isinstance(row, list) or not 1 <= len(row) <= 64 or len(row) != len(rows[0]):
            return None
        for pixel in row:
            if not isinstance(pixel, list) or len(pixel) not in (1, 3):
                return None
            if len(pixel) != len(rows[0][0]) or any(number(v) is None for v in pixel):
                return None
        picture.append(tuple(tuple(min(255, max(0, int(v))) for v in pixel) for pixel in row))
    return tuple(picture)


@dataclasses.dataclass(frozen=True)
class Grid:
    """Accuracies over two settings.

    Attributes:
        rates: Tuple of floats, the rows.
        sizes: Tuple of floats, the columns.
        cells: Dict from (rate, size) to an accuracy.
    """

    rates: tuple[float, ...]
    sizes: tuple[float, ...]
    cells: dict[tuple[float, float], float]


def grid(evidence: Evidence) -> Grid | None:
    """Finds rows with a learning rate, a batch size and an accuracy."""
    for table in evidence.values():
        if not isinstance(table, list) or not 1 <= len(table) <= MAX_CELLS:
            continue
        cells = {}
        for row in table:
            if not isinstance(row, dict):
                continue
            rate, size = number(row.get("learning_rate")), number(row.get("batch_size"))
            value = share(row.get("val_accuracy"))
            if rate is not None and size is not None and value is not None:
                # Rates that went through float32 are those that were asked for.
                cells[float(f"{rate:.6g}"), size] = value
        if cells:
            rates, sizes = ({key[i] for key in cells} for i in (0, 1))
            if len(rates) * len(sizes) <= MAX_CELLS:
                return Grid(tuple(sorted(rates)), tuple(sorted(sizes)), cells)
    return None


def gaps(evidence: Evidence) -> tuple[float, float] | None:
    """Finds the gap between hidden and training loss: of the baseline, and of the other model."""
    plain, other = number(evidence.get("baseline_loss_gap")), number(evidence.get("loss_gap"))
    return None if plain is None or other is None else (plain, other)


@dataclasses.dataclass(frozen=True)
class Timing:
    """What one way to train cost and gave.

    Attributes:
        name: String.
        seconds: Float, seconds per epoch.
        accuracy: Float in [0, 1].
    """

    name: str
    seconds: float
    accuracy: float


def timings(evidence: Evidence) -> list[Timing]:
    """Finds times beside accuracies: a dict of dicts with both."""
    for table in evidence.values():
        if not isinstance(table, dict):
            continue
        found = []
        for name, row in list(table.items())[:MAX_ROWS]:
            if isinstance(row, dict):
                seconds = number(row.get("seconds_per_epoch"))
                accuracy = share(row.get("val_accuracy"))
                if seconds is not None and seconds >= 0 and accuracy is not None:
                    found.append(Timing(words(name, 30), seconds, accuracy))
        if found:
            return found
    return []


# What a table of shares is called; a new kind gets its key's words.
SHARES = {
    "mixed": "Accuracy on hidden examples when one input is mixed up",
    "confidence": "Confidence: the mean of the largest probability",
    "retrained": "Accuracy when the grader trained again",
}


def shares(evidence: Evidence) -> list[tuple[str, list[tuple[str, float]]]]:
    """Finds dicts from names to numbers between 0 and 1: a title and rows for each."""
    found = []
    for key, table in evidence.items():
        if not isinstance(table, dict) or not 1 <= len(table) <= MAX_ROWS:
            continue
        rows = [(words(name), share(value)) for name, value in table.items()]
        if all(value is not None for _, value in rows):
            found.append((SHARES.get(key, title(key)), [(n, v) for n, v in rows if v is not None]))
    return found


def training(evidence: Evidence) -> dict[str, Any]:
    """Returns the grader's own figures of the training: numbers and short words, by name."""
    table = evidence.get("training")
    if not isinstance(table, dict):
        return {}
    kept: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, bool) or number(value) is not None:
            kept[str(key)] = value
        elif isinstance(value, str):
            kept[str(key)] = words(value)
    return kept


def text(evidence: Evidence, key: str, limit: int = 8000) -> str:
    """Returns a text of the evidence, printable and cut; empty if there is none."""
    found = evidence.get(key)
    return printable(found, limit).strip() if isinstance(found, str) else ""

"""A sweep over learning rates and batch sizes: what it was asked for, and what came of it.

What comes back is a claim. It is read here into dataclasses; whatever does not fit is the
submission's fault.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from typing import Any, NamedTuple

from graders.checking import Uses, fail
from graders.rebuilt.claims import FactoryModel, FactoryModels, Watched
from graders.toolkit.softmax_regression import Data, Weights, accuracy_curve

NUMBERS = ("learning_rate", "batch_size", "val_accuracy")
KEYS = (*NUMBERS, "history")
# A number beyond it cannot be calculated with.
LARGEST = 1e300
# More epochs than this are not drawn, and nobody asks for them.
MAX_HISTORY = 1000


def _is_number(value: Any) -> bool:
    """Returns whether a value is a number that can be calculated with; NaN is one."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return -LARGEST < value < LARGEST or value != value


def _words(value: Any) -> str:
    """Returns what a student would call a value that came back as plain data."""
    if isinstance(value, dict) and set(value) == {"kind"}:
        return str(value["kind"])[:80]
    if isinstance(value, int | float) and not isinstance(value, bool) and not _is_number(value):
        return "a number that is too large"
    return "None" if value is None else type(value).__name__


class Pair(NamedTuple):
    """A learning rate with a batch size. As text, it is what a message calls it."""

    rate: float
    size: int

    def __str__(self) -> str:
        return f"learning rate {self.rate:g} with batch size {self.size}"


@dataclasses.dataclass(frozen=True)
class Asked:
    """What the grader gives to a sweep.

    Attributes:
        train: Pair `(x, y)`.
        validation: Pair `(x, y)`.
        weights: `Weights` that every model starts from.
        rates: List of floats, the learning rates.
        sizes: List of integers, the batch sizes.
        epochs: Integer.
    """

    train: Data
    validation: Data
    weights: Weights
    rates: list[float]
    sizes: list[int]
    epochs: int

    @property
    def pairs(self) -> list[Pair]:
        """List of `Pair`, the grid."""
        return [Pair(*pair) for pair in itertools.product(self.rates, self.sizes)]

    @property
    def examples(self) -> int:
        """Integer, the number of training examples."""
        return len(self.train[0])


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of a sweep's results, as claimed.

    Attributes:
        learning_rate: Number.
        batch_size: Number.
        val_accuracy: Number.
        history: List of numbers.
    """

    learning_rate: float
    batch_size: float
    val_accuracy: float
    history: list[float]

    @classmethod
    def read(cls, value: Any) -> Row:
        """Reads a row; keys beside those that are asked for are left alone.

        Args:
            value: Plain data.

        Raises:
            CheckFailed: If it is no row.
        """
        if not isinstance(value, dict) or set(value) == {"kind"}:
            fail(
                "a list of dicts",
                f"{_words(value)} in the list",
                "Look at what is appended to the list",
                about="sweep",
            )
        missing = [key for key in KEYS if key not in value]
        if missing:
            keys = sorted(str(key)[:40] for key in value)[:10]
            fail(
                'rows with the keys "learning_rate", "batch_size", "val_accuracy" and "history"',
                f"a row without {', '.join(missing)} (it has {', '.join(keys) or 'none'})",
                "Look at the spelling of the keys",
                about=[Uses(str(key), "sweep") for key in value if key not in KEYS],
            )
        numbers = [value[key] for key in NUMBERS]
        for key, number in zip(NUMBERS, numbers, strict=True):
            if not _is_number(number):
                fail(
                    f"a number under {key!r}",
                    _words(number),
                    "Look at what the row holds: history.history is a dict of lists of floats",
                    about=Uses(key, "sweep", last=True),
                )
        rate, size, accuracy = numbers
        return cls(rate, size, accuracy, _read_history(value["history"]))

    def belongs_to(self, pair: Pair) -> bool:
        """Returns whether it is the row of a pair; its rate may have passed through float32."""
        return f"{self.learning_rate:.6g}" == f"{pair.rate:.6g}" and self.batch_size == pair.size


def _read_history(value: Any) -> list[float]:
    odd = [value] if not isinstance(value, list) else [v for v in value if not _is_number(v)]
    if odd:
        fail(
            'a list of floats under "history": val_accuracy, epoch by epoch',
            _words(odd[0]) + " in the list" * isinstance(value, list),
            'Take history.history["val_accuracy"] of the History that fit returns',
            about=Uses("history", "sweep", last=True),
        )
    return value[:MAX_HISTORY]


@dataclasses.dataclass(frozen=True)
class Sweep:
    """What one call of `sweep` left: its rows, and what the models of the factory saw, as claimed.

    Attributes:
        asked: `Asked`.
        returned: String, the type of what it returned.
        value: Plain data, what it returned.
        data_unchanged: Boolean, whether the arrays that it was given are what they were.
        models: Tuple of `FactoryModel`, the trained ones.
        untrained: Integer, how many more were built.
        built: Integer, the line that asked for the last model; `None` if it is not known.
        fitted: Integer, the line of the last `fit`; `None` if it is not known.
    """

    asked: Asked
    returned: str
    value: Any
    data_unchanged: bool
    models: tuple[FactoryModel, ...]
    untrained: int
    built: int | None = None
    fitted: int | None = None

    @property
    def about(self) -> tuple[Any, ...]:
        """What a message on it is about, see `graders.checking.fail`."""
        return self.fitted, "sweep"

    @classmethod
    def from_claim(cls, claim: Any, asked: Asked) -> Sweep:
        """Reads what the recorder and the factory noted.

        Args:
            claim: Plain data.
            asked: `Asked`.

        Raises:
            ValueError: If it is nothing of the kind.
        """
        watched = Watched.from_claim(claim)
        models = FactoryModels.from_claim(claim, asked.weights, asked.examples)
        returned, value, unchanged = watched.returned, watched.value, watched.data_unchanged
        lines = models.built, watched.fitted
        return cls(asked, returned, value, unchanged, models.trained, models.untrained, *lines)

    @functools.cached_property
    def rows(self) -> list[Row]:
        """List of `Row`, what `sweep` returned: see `read_rows`."""
        return self.read_rows()

    def read_rows(self) -> list[Row]:
        """Reads what `sweep` returned.

        Raises:
            CheckFailed: If it is no list of rows.
        """
        if self.returned != "list" or not isinstance(self.value, list):
            fail(
                "`sweep` to return a list of dicts",
                "None: is a `return` missing?" if self.returned == "NoneType" else self.returned,
                "Look at the end of sweep",
                about="sweep",
            )
        if not self.value:
            fail(
                "one row for each pair",
                "an empty list",
                "Look at what is appended to the list",
                about="sweep",
            )
        return [Row.read(value) for value in self.value]

    def rate_of(self, model: FactoryModel) -> float | None:
        """Returns which of the given learning rates a model was trained with, `None` if none."""
        # It may have passed through float32.
        near = [rate for rate in self.asked.rates if math.isclose(model.rate, rate, rel_tol=1e-5)]
        return near[0] if near else None

    def models_at(self, rate: float) -> list[FactoryModel]:
        """Returns the models that were trained with a learning rate."""
        return [model for model in self.models if self.rate_of(model) == rate]

    def model_of(self, pair: Pair) -> FactoryModel:
        """Returns the model that was trained for a pair."""
        for model in self.models_at(pair.rate):
            if model.size == pair.size:
                return model
        fail(f"a model trained with {pair}", "none", "Look at the loops")

    def row_of(self, pair: Pair) -> Row:
        """Returns the row of a pair."""
        for row in self.rows:
            if row.belongs_to(pair):
                return row
        fail(f"a row for {pair}", "none", "Look at the loops")

    def curve_of(self, pair: Pair) -> list[float]:
        """Computes the accuracies on the validation data after each epoch, from noted weights."""
        return accuracy_curve(self._after_epochs(pair), self.asked.validation)

    def training_curve_of(self, pair: Pair) -> list[float]:
        """Computes the accuracies on the training data after each epoch, from noted weights."""
        return accuracy_curve(self._after_epochs(pair), self.asked.train)

    def _after_epochs(self, pair: Pair) -> list[Weights]:
        noted = []
        for epoch in range(1, self.asked.epochs + 1):
            found = self.model_of(pair).weights_after(epoch * self.asked.examples)
            if found is None:
                fail(
                    "a model whose weights can be read between the epochs",
                    "none",
                    "Train the model that build_model returns",
                )
            noted.append(Weights(*found))
        return noted


@dataclasses.dataclass(frozen=True)
class Choice:
    """What `best` returned for a list of rows, as claimed.

    Attributes:
        kind: String, its type.
        row: Dict, what it returned; `None` if that is no row.
        unchanged: Boolean, whether the list is what it was.
    """

    kind: str
    row: dict[str, Any] | None
    unchanged: bool

    @classmethod
    def of_lists(cls, claim: Any, count: int) -> list[Choice]:
        """Parses what `best` returned for several lists.

        Args:
            claim: Plain data.
            count: Integer, how many lists there were.

        Raises:
            ValueError: If it is not one answer for each list.
        """
        if not isinstance(claim, list) or len(claim) != count:
            raise ValueError("not one answer for each list of rows")
        return [cls.from_claim(answer) for answer in claim]

    @classmethod
    def from_claim(cls, claim: Any) -> Choice:
        """Parses one answer; a row of another kind counts as none.

        Args:
            claim: Plain data.

        Raises:
            ValueError: If it is no answer.
        """
        claim = claim if isinstance(claim, dict) else {}
        kind, row, unchanged = (claim.get(key) for key in ("kind", "row", "unchanged"))
        if not isinstance(kind, str) or not isinstance(unchanged, bool):
            raise ValueError("no answer for a list of rows")
        return cls(kind[:80], row if _is_plain_row(row) else None, unchanged)


def _is_plain_row(value: Any) -> bool:
    """Returns whether a value is a row that can be compared: no array is in it."""
    if not isinstance(value, dict) or set(value) != set(KEYS):
        return False
    history = value["history"]
    numbers = [value[key] for key in NUMBERS] + (history if isinstance(history, list) else [None])
    return all(_is_number(number) for number in numbers)

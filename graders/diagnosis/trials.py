"""One training of a rebuilt model, as it is or with a repair, and what it reaches.

The trusted side trains from the weights that the model had. What the model is scored on takes no
part in the training.
"""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Any

import numpy as np

from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Repair
from graders.diagnosis.measuring import sample_of
from graders.diagnosis.repaired import repaired
from graders.diagnosis.rules.kinds import BINARY, CATEGORICAL, CROSSENTROPIES, DISTANCES, SPARSE
from graders.rebuilt.snapshot import Snapshot

# The fewest examples that are worth a trial; epochs at the most, at the least and if none are
# known.
LEAST_EXAMPLES, EPOCHS, LEAST_EPOCHS, USUAL_EPOCHS = 12, 30, 2, 5
OPTIMIZERS = ("SGD", "Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Adagrad", "Adadelta", "Ftrl")


@dataclasses.dataclass(frozen=True)
class Tried:
    """What a training reached.

    Attributes:
        score: Float, the accuracy on examples that are kept apart, or, of values, the share of
            their variance that is explained; NaN if it could not be trained.
        epochs: Integer.
        failed: String, the error; empty if there was none.
    """

    score: float
    epochs: int
    failed: str = ""

    @property
    def known(self) -> bool:
        """Boolean, whether there is a score."""
        return not self.failed and not math.isnan(self.score)


@dataclasses.dataclass(frozen=True)
class Data:
    """What a trial trains on, and what it is scored on.

    Attributes:
        x, y: Inputs (an array, or a list or dict of them) and labels.
        others_x, others_y: Likewise, examples that it does not see.
    """

    x: Any
    y: np.ndarray
    others_x: Any
    others_y: np.ndarray

    @classmethod
    def of_sample(cls, facts: Facts) -> Data | None:
        """Keeps a quarter of the sample apart; `None` if there is nothing to try with."""
        x, labels = sample_of(facts), facts.labels
        if x is None or labels is None or labels.sample is None or facts.labels_are == "text":
            return None
        y = np.asarray(labels.sample)
        count = min(len(y), *(len(part) for part in _parts(x)))
        if count < LEAST_EXAMPLES or not np.isfinite(y.astype("float64")).all():
            return None
        order = np.random.default_rng(0).permutation(count)
        cut = max(1, count // 4)
        train, test = order[cut:], order[:cut]
        return cls(_each(x, lambda a: a[train]), y[train], _each(x, lambda a: a[test]), y[test])


def _parts(x: Any) -> list[np.ndarray]:
    return list(x.values()) if isinstance(x, dict) else x if isinstance(x, list) else [x]


def _each(x: Any, change: Any) -> Any:
    if isinstance(x, dict):
        return {name: change(part) for name, part in x.items()}
    return [change(part) for part in x] if isinstance(x, list) else change(x)


@dataclasses.dataclass(frozen=True)
class Trial:
    """Trains one model with repairs.

    Attributes:
        facts: `Facts`.
        snapshot: `Snapshot` of the model as the training found it.
        data: `Data`.
        least: Integer, the fewest epochs.
    """

    facts: Facts
    snapshot: Snapshot
    data: Data
    least: int = 1

    @classmethod
    def of(cls, facts: Facts, snapshot: Snapshot | None, data: Data | None = None) -> Trial | None:
        """Prepares a trial.

        Args:
            facts: `Facts`.
            snapshot: `Snapshot`, `None` if there is none.
            data: `Data`; parts of the sample if `None`.

        Returns:
            `Trial`; `None` if there is nothing to try with.
        """
        # Of a sample, one epoch is a handful of steps.
        least = LEAST_EPOCHS if data is None else 1
        data = data or Data.of_sample(facts)
        if snapshot is None or data is None or facts.compiled is None:
            return None
        return cls(facts, snapshot, data, least)

    def train(self, repair: Repair, seconds: float) -> Tried:
        """Trains the model with a repair, and tells what that reached.

        Args:
            repair: `Repair`; one that changes nothing for the training as it is.
            seconds: Float, after which it is stopped.
        """
        import keras

        keras.utils.set_random_seed(0)
        asked = self.facts.fit.epochs or USUAL_EPOCHS
        try:
            model = repaired(self.facts, self.snapshot, repair)
            x, others = self._inputs(repair)
            model.compile(optimizer=self._optimizer(repair), loss=self._loss(repair))
            history = model.fit(
                x,
                self._labels(repair, model.output_shape[-1]),
                batch_size=self._batch(),
                epochs=min(EPOCHS, max(self.least, asked) * repair.epochs),
                verbose=0,
                callbacks=[_clock(seconds)],
            )
            outputs = np.asarray(model.predict(others, verbose=0), "float64")
        except Exception as error:
            return Tried(math.nan, 0, type(error).__name__)
        return Tried(self._score(outputs, repair), len(history.epoch))

    def _batch(self) -> int:
        """Returns the size of batches: the training's own, or, of a sample, one that makes some."""
        batch = self.facts.fit.batch or 32
        return min(batch, max(8, len(self.data.y) // 4)) if self.least > 1 else batch

    def reached(self, after: Snapshot) -> Tried:
        """Tells what a model reaches that somebody else trained.

        Args:
            after: `Snapshot` of it.
        """
        try:
            outputs = np.asarray(after.model.predict(self._inputs(Repair(""))[1], verbose=0))
        except Exception as error:
            return Tried(math.nan, 0, type(error).__name__)
        return Tried(self._score(outputs.astype("float64"), Repair("")), self.facts.fit.epochs)

    def stand_in(self) -> str:
        """Returns the loss that takes the place of one of the file's own; empty if none does."""
        compiled, classes = self.facts.compiled, self.facts.classes
        if compiled is None or not compiled.own_loss or not classes:
            return ""
        return BINARY[0] if self.facts.units == 1 else SPARSE[0]

    # --- the data -----------------------------------------------------------------------------

    def _inputs(self, repair: Repair) -> tuple[Any, Any]:
        """Returns the inputs to train on, and the others."""

        def changed(part: np.ndarray, like: np.ndarray) -> np.ndarray:
            part, like = np.asarray(part, "float32"), np.asarray(like, "float32")
            if repair.scale is not None:
                part, like = part * repair.scale, like * repair.scale
            if repair.standardize:
                axes = tuple(range(like.ndim - 1))
                part = (part - like.mean(axes)) / np.maximum(like.std(axes), 1e-6)
            return part

        x, others = self.data.x, self.data.others_x
        if isinstance(x, dict):
            return (
                {name: changed(x[name], x[name]) for name in x},
                {name: changed(others[name], x[name]) for name in x},
            )
        if isinstance(x, list):
            pairs = list(zip(others, x, strict=True))
            return [changed(part, part) for part in x], [changed(*pair) for pair in pairs]
        return changed(x, x), changed(others, x)

    def _labels(self, repair: Repair, units: int) -> np.ndarray:
        y, loss, kind = self.data.y, self._loss_name(repair), self.facts.labels_are
        if repair.loss is None:
            return y
        low = int(self.facts.labels.low) if self.facts.labels and kind == "integers" else 0
        if loss in SPARSE:
            return y.argmax(-1) if kind == "one_hot" else y.reshape(-1).astype(int) - low
        if loss in CATEGORICAL and kind in ("integers", "binary"):
            return np.eye(units)[y.reshape(-1).astype(int) - low]
        if loss in BINARY and units == 1 and kind == "one_hot":
            return y.argmax(-1)
        return y

    # --- how it is compiled -------------------------------------------------------------------

    def _loss_name(self, repair: Repair) -> str:
        assert self.facts.compiled is not None
        return repair.loss or self.stand_in() or self.facts.compiled.loss

    def _logits(self, repair: Repair) -> bool:
        """Returns whether the loss takes logits."""
        compiled = self.facts.compiled
        if repair.loss is not None or repair.activation is not None or compiled is None:
            return False
        return compiled.from_logits or bool(self.stand_in() and self.facts.activation == "linear")

    def _loss(self, repair: Repair) -> Any:
        import keras

        name = self._loss_name(repair)
        if name not in (*CROSSENTROPIES, *DISTANCES):
            raise ValueError(name)
        if self._logits(repair):
            kind = "".join(part.title() for part in name.split("_"))
            return getattr(keras.losses, kind)(from_logits=True)
        return name

    def _optimizer(self, repair: Repair) -> Any:
        import keras

        compiled = self.facts.compiled
        assert compiled is not None
        name = repair.optimizer or compiled.optimizer
        if name not in OPTIMIZERS:
            raise ValueError(name)
        rate = repair.rate if repair.rate is not None else compiled.rate
        options = {"momentum": compiled.momentum} if name == "SGD" else {}
        return getattr(keras.optimizers, name)(
            learning_rate=0.001 if rate is None else rate, **options
        )

    # --- what it reaches ----------------------------------------------------------------------

    def _score(self, outputs: np.ndarray, repair: Repair) -> float:
        """Returns the accuracy of outputs, or the share of the variance that they explain."""
        y = np.asarray(self.data.others_y, "float64")
        if not np.isfinite(outputs).all():
            return 0.0
        if not self.facts.classes:
            y, given = y.reshape(len(y), -1), outputs.reshape(len(outputs), -1)
            if y.shape != given.shape:
                return 0.0
            spread = float(((y - y.mean(0)) ** 2).mean())
            return max(0.0, 1 - float(((y - given) ** 2).mean()) / max(spread, 1e-12))
        outputs = outputs.reshape(len(outputs), -1)
        kind, cut = self.facts.labels_are, 0.0 if self._logits(repair) else 0.5
        if kind == "multi_hot":
            return float(((outputs > cut) == (y > 0.5)).mean())
        labels = y.argmax(-1) if kind == "one_hot" else y.reshape(-1)
        if kind == "integers" and self.facts.labels is not None and outputs.shape[1] > 1:
            labels = labels - min(0.0, self.facts.labels.low) - (self.facts.labels.low > 0)
        guess = outputs.argmax(-1) if outputs.shape[1] > 1 else (outputs[:, 0] > cut)
        return float((guess == labels).mean())


def _clock(seconds: float) -> Any:
    import keras

    class Clock(keras.callbacks.Callback):
        ends = time.monotonic() + seconds

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if time.monotonic() > self.ends:
                self.model.stop_training = True

    return Clock()

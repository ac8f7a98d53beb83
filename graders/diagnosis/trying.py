"""Which of several faults explains the training: repairs are tried, and what they reach is told.

The trusted side trains the rebuilt model on the sample, once as it is and once for each repair,
from the same weights. A quarter of the sample is kept apart, and tells how good the model is.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import time
from typing import Any

import numpy as np

from graders.diagnosis.diagnose import Diagnosis
from graders.diagnosis.facts import Facts
from graders.diagnosis.findings import Finding, Repair
from graders.diagnosis.measuring import sample_of
from graders.diagnosis.repairs import repair_of
from graders.diagnosis.rules.kinds import BINARY, CATEGORICAL, CROSSENTROPIES, DISTANCES, SPARSE
from graders.rebuilt.rebuild import rebuild
from graders.rebuilt.snapshot import Snapshot

# Faults whose repair is tried, examples that it takes, and epochs on these.
MOST, LEAST_EXAMPLES, EPOCHS = 3, 12, 30
# A repair is the better explanation if it reaches so much more than the one before it in order.
BETTER = 0.1
OPTIMIZERS = ("SGD", "Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Adagrad", "Adadelta", "Ftrl")


@dataclasses.dataclass(frozen=True)
class Tried:
    """What a training reached.

    Attributes:
        score: Float, the accuracy on the part that is kept apart, or, of values, the share of their
            variance that is explained; NaN if it could not be trained.
        epochs: Integer.
        failed: String, the error; empty if there was none.
    """

    score: float
    epochs: int
    failed: str = ""


def tried(facts: Facts, snapshot: Snapshot | None, found: Diagnosis, seconds: float) -> Diagnosis:
    """Tries the repairs of the first faults, and puts the one first that explains the training.

    Args:
        facts: `Facts`.
        snapshot: `Snapshot` of the model as the training found it; `None` if there is none.
        found: `Diagnosis`.
        seconds: Float, the budget for all trainings together.

    Returns:
        `Diagnosis`, with what was tried in its faults.
    """
    trial = None
    with contextlib.suppress(ArithmeticError, LookupError, TypeError, ValueError):
        trial = _Trial.of(facts, snapshot)
    if trial is None or seconds <= 0:
        return found
    repairs = [(fault, repair_of(fault, facts)) for fault in found.faults[:MOST]]
    wanted = [(fault, repair) for fault, repair in repairs if repair is not None]
    if not wanted:
        return found
    share = seconds / (len(wanted) + 1)
    before = trial.train(Repair(""), share)
    results: list[tuple[Finding, float]] = []
    for fault, repair in wanted:
        after = trial.train(repair, share)
        told = _told(repair, before, after, trial)
        results.append((dataclasses.replace(fault, tried=told), after.score))
    best = {fault.id: fault for fault, _ in results}
    faults = [best.get(fault.id, fault) for fault in found.faults]
    scores = {fault.id: score for fault, score in results if not math.isnan(score)}
    first = scores.get(faults[0].id, -math.inf)
    winner = max(scores, key=lambda name: scores[name], default=None)
    if winner is not None and scores[winner] > first + BETTER and faults[0].id in best:
        faults.sort(key=lambda fault: fault.id != winner)
    return Diagnosis(tuple(faults), found.remarks)


def _told(repair: Repair, before: Tried, after: Tried, trial: _Trial) -> str:
    if after.failed or math.isnan(after.score):
        return ""
    what = "accuracy" if trial.classes else "of the variance explained"
    was = (
        f"instead of {before.score:.0%}" if not math.isnan(before.score) else "instead of an error"
    )
    if before.failed:
        was = "where the training as it is fails"
    return (
        f"Tried: {repair.words}, {after.epochs} epochs on {len(trial.train_rows)} examples reach "
        f"{after.score:.0%} {what} on {len(trial.test_rows)} others, {was}."
    )


@dataclasses.dataclass(frozen=True)
class _Trial:
    facts: Facts
    snapshot: Snapshot
    x: Any
    y: np.ndarray
    classes: int
    train_rows: np.ndarray
    test_rows: np.ndarray

    @classmethod
    def of(cls, facts: Facts, snapshot: Snapshot | None) -> _Trial | None:
        """Prepares the data; `None` if there is nothing to try with."""
        x, labels = sample_of(facts), facts.labels
        if snapshot is None or not isinstance(x, np.ndarray) or labels is None:
            return None
        if labels.sample is None or facts.compiled is None or facts.labels_are == "text":
            return None
        y = np.asarray(labels.sample)
        count = min(len(x), len(y))
        if count < LEAST_EXAMPLES or not np.isfinite(y.astype("float64")).all():
            return None
        order = np.random.default_rng(0).permutation(count)
        cut = max(1, count // 4)
        return cls(facts, snapshot, x, y, facts.classes, order[cut:], order[:cut])

    def train(self, repair: Repair, seconds: float) -> Tried:
        """Trains the model with a repair, and tells what that reached."""
        import keras

        keras.utils.set_random_seed(0)
        try:
            model = self._model(repair)
            x, y = self._data(repair, model.output_shape[-1])
            compiled = self.facts.compiled
            assert compiled is not None
            model.compile(optimizer=self._optimizer(repair), loss=self._loss(repair))
            clock = _clock(seconds)
            batch = min(self.facts.fit.batch or 32, max(8, len(self.train_rows) // 4))
            epochs = min(EPOCHS, max(2, self.facts.fit.epochs)) * repair.epochs
            history = model.fit(
                x[self.train_rows],
                y[self.train_rows],
                batch_size=batch,
                epochs=epochs,
                verbose=0,
                callbacks=[clock],
            )
            outputs = np.asarray(model.predict(x[self.test_rows], verbose=0), "float64")
        except Exception as error:
            return Tried(math.nan, 0, type(error).__name__)
        return Tried(self._score(outputs), len(history.epoch))

    def _model(self, repair: Repair) -> Any:
        tree = json.loads(self.snapshot.config)
        weights = [np.asarray(weight, "float32") for weight in self.snapshot.weights]
        changes: dict[str, dict[str, Any]] = {
            name: {"activation": activation} for name, activation in repair.hidden.items()
        }
        for name in repair.dropped:
            changes[name] = {"rate": 0.0}
        end, last = self.facts.end, self.facts.last
        if repair.activation is not None and end is not None and last is not None:
            for layer in self.facts.tail:
                # What stands after the last layer with weights may bend the output once more.
                if layer is not last and layer.kind in ("Activation", "Softmax", "ReLU", "Sigmoid"):
                    changes.setdefault(layer.name, {})["activation"] = "linear"
            changes.setdefault(last.name, {})["activation"] = repair.activation
        if repair.units is not None and last is not None and last.kind == "Dense":
            changes.setdefault(last.name, {})["units"] = repair.units
            weights = self._resized(weights, last.name, repair.units)
        _change(tree, changes)
        return rebuild(json.dumps(tree), weights)

    def _resized(self, weights: list[np.ndarray], name: str, units: int) -> list[np.ndarray]:
        rng = np.random.default_rng(0)
        found = list(weights)
        for index, path in enumerate(self.snapshot.paths):
            parts = path.split("/")
            if len(parts) < 2 or parts[-2] != name or weights[index].shape[-1] == units:
                continue
            shape = (*weights[index].shape[:-1], units)
            limit = math.sqrt(6 / (sum(shape))) if len(shape) > 1 else 0.0
            found[index] = rng.uniform(-limit, limit, shape).astype("float32")
        return found

    def _data(self, repair: Repair, units: int) -> tuple[np.ndarray, np.ndarray]:
        x = np.asarray(self.x, "float32")
        if repair.scale is not None:
            x = x * repair.scale
        if repair.standardize:
            axes = tuple(range(x.ndim - 1))
            x = (x - x.mean(axes)) / np.maximum(x.std(axes), 1e-6)
        y, loss = self.y, self._loss_name(repair)
        kind = self.facts.labels_are
        if repair.loss is None:
            return x, y
        low = int(self.facts.labels.low) if self.facts.labels and kind == "integers" else 0
        if loss in SPARSE:
            y = y.argmax(-1) if kind == "one_hot" else y.reshape(-1).astype(int) - low
        elif loss in CATEGORICAL and kind in ("integers", "binary"):
            y = np.eye(units)[y.reshape(-1).astype(int) - low]
        elif loss in BINARY and units == 1 and kind == "one_hot":
            y = y.argmax(-1)
        return x, y

    def _loss_name(self, repair: Repair) -> str:
        assert self.facts.compiled is not None
        return repair.loss or self.facts.compiled.loss

    def _loss(self, repair: Repair) -> Any:
        import keras

        name = self._loss_name(repair)
        if name not in (*CROSSENTROPIES, *DISTANCES):
            raise ValueError(name)
        assert self.facts.compiled is not None
        if repair.loss is None and repair.activation is None and self.facts.compiled.from_logits:
            kind = "".join(part.title() for part in name.split("_"))
            return getattr(keras.losses, kind)(from_logits=True)
        return name

    def _optimizer(self, repair: Repair) -> Any:
        import keras

        compiled = self.facts.compiled
        assert compiled is not None
        if compiled.optimizer not in OPTIMIZERS:
            raise ValueError(compiled.optimizer)
        rate = repair.rate if repair.rate is not None else compiled.rate
        options = {"momentum": compiled.momentum} if compiled.optimizer == "SGD" else {}
        return getattr(keras.optimizers, compiled.optimizer)(
            learning_rate=0.001 if rate is None else rate, **options
        )

    def _score(self, outputs: np.ndarray) -> float:
        """Returns the accuracy of outputs, or the share of the variance that they explain."""
        y = np.asarray(self.y[self.test_rows], "float64")
        if not np.isfinite(outputs).all():
            return 0.0
        if not self.classes:
            y, given = y.reshape(len(y), -1), outputs.reshape(len(outputs), -1)
            if y.shape != given.shape:
                return 0.0
            spread = float(((y - y.mean(0)) ** 2).mean())
            return max(0.0, 1 - float(((y - given) ** 2).mean()) / max(spread, 1e-12))
        outputs = outputs.reshape(len(outputs), -1)
        kind = self.facts.labels_are
        if kind == "multi_hot":
            return float(((outputs > 0.5) == (y > 0.5)).mean())
        labels = y.argmax(-1) if kind == "one_hot" else y.reshape(-1)
        if kind == "integers" and self.facts.labels is not None and outputs.shape[1] > 1:
            labels = labels - min(0.0, self.facts.labels.low) - (self.facts.labels.low > 0)
        guess = outputs.argmax(-1) if outputs.shape[1] > 1 else (outputs[:, 0] > 0.5)
        return float((guess == labels).mean())


def _change(tree: Any, changes: dict[str, dict[str, Any]]) -> None:
    """Changes the configs of layers, by their names, wherever they lie in a model's config."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            config = node.get("config")
            if isinstance(config, dict) and config.get("name") in changes:
                change = changes[config["name"]]
                if node.get("class_name") in ("Softmax", "ReLU", "Sigmoid"):
                    node["class_name"], node["config"] = "Activation", {"name": config["name"]}
                    node["registered_name"] = None
                    config = node["config"]
                config.update(change)
            waiting += node.values()


def _clock(seconds: float) -> Any:
    import keras

    class Clock(keras.callbacks.Callback):
        ends = time.monotonic() + seconds

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if time.monotonic() > self.ends:
                self.model.stop_training = True

    return Clock()

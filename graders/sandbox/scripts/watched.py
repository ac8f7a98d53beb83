"""Watches `compile` and `fit` of a script: what they are given, and what the training leaves."""

from __future__ import annotations

import contextlib
import functools
import inspect
import math
import time
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from graders.boundary.sizes import MAX_PARAMETERS
from graders.sandbox.fits import learning_rate
from graders.sandbox.scripts import asked, clock, data, describing, held, own_losses
from graders.sandbox.scripts.earlier import Earlier
from graders.sandbox.scripts.folds import Folds
from graders.sandbox.scripts.steps import Steps
from graders.sandbox.scripts.unreached import Unreached
from graders.sandbox.scripts.where import Lines

# Epochs that a training may run of those it asked for; most often the seconds end it before.
MOST_EPOCHS = 200
# Steps by hand (`train_on_batch`) that are watched.
MOST_STEPS = 100


class Enough(BaseException):
    """Ends a script that has shown what it was run for."""


class Watched:
    """What a script's `compile` and `fit` have shown.

    Args:
        filename: String, what the script's code is compiled under.
        reached: Function that takes what a point of the script shows, and returns when the script
            is to go on.
        seconds: Float, how long one training may take.
    """

    def __init__(self, filename: str, reached: Callable[[dict[str, Any]], None], seconds: float):
        self.lines = Lines(filename)
        self._reached, self._seconds = reached, seconds
        self._compiled: dict[int, tuple[Any, dict[str, Any], int]] = {}
        self._busy = False
        self._by_hand: dict[int, dict[str, Any]] = {}
        # How many trainings have begun: each is told by its number.
        self._begun = 0
        self._unreached = Unreached()
        self._earlier = Earlier()
        self.folds = Folds()
        self._steps = Steps(filename)
        # What has been seen of the training under way, for an answer that cannot wait for its end.
        self.under_way: dict[str, Any] | None = None
        self.models: list[Any] = []
        # The model that was trained last, what it was trained on, and its loss on other data.
        self._trained_on: tuple[Any, Any] = (None, None)
        self.evaluated: float | None = None

    # --- what is patched ----------------------------------------------------------------------

    def install(self) -> None:
        """Has Keras's models, layers, losses and optimizers tell what is done with them."""
        import keras
        from keras.src.trainers.trainer import Trainer

        self._note_lines(keras.layers.Layer)
        self._note_lines(keras.losses.Loss)
        self._note_lines(keras.metrics.Metric)
        self._note_lines(keras.optimizers.Optimizer)
        self._note_lines(keras.callbacks.Callback)
        # A model whose own class has a `compile` is not compiled when it is loaded.
        self._wrap(Trainer, "compile", self._compile)
        self._unreached.install()
        self._steps.install()
        for name, watch in (
            ("fit", self._fit),
            ("train_on_batch", self._train_on_batch),
            ("evaluate", self._evaluate),
            ("test_on_batch", self._evaluate),
            ("predict", self._predict),
        ):
            self._wrap(keras.Model, name, watch)

    def _note_lines(self, kind: type) -> None:
        original, lines = kind.__init__, self.lines  # type: ignore[misc]

        @functools.wraps(original)
        def init(made: Any, *args: Any, **kwargs: Any) -> None:
            lines.note(made)
            original(made, *args, **kwargs)

        init.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
        kind.__init__ = init  # type: ignore[misc]

    def _wrap(self, owner: Any, name: str, watch: Callable[..., Any]) -> None:
        original = getattr(owner, name)
        signature = inspect.signature(original)

        @functools.wraps(original)
        def watching(model: Any, *args: Any, **kwargs: Any) -> Any:
            if self._busy:
                return original(model, *args, **kwargs)
            try:
                bound = signature.bind(model, *args, **kwargs)
            except TypeError:
                return original(model, *args, **kwargs)
            return watch(original, model, bound)

        setattr(owner, name, watching)

    def _compile(self, original: Callable[..., Any], model: Any, bound: Any) -> Any:
        given = {key: value for key, value in bound.arguments.items() if key != "self"}
        self._compiled[id(model)] = (weakref.ref(model), given, self.lines.now())
        self.models.append(model)
        self._steps.compiled(model)
        with self._on_its_own():
            return original(*bound.args, **bound.kwargs)

    @contextlib.contextmanager
    def _on_its_own(self) -> Any:
        """What Keras calls of itself is not the script's."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    # --- points of the script -----------------------------------------------------------------

    def _begins(self, point: dict[str, Any]) -> int:
        """Tells that a training begins, and returns its number."""
        number = self._begun
        self._begun += 1
        self._reached({"at": "fit", "fit": point})
        return number

    def _ends(self, number: int, left: dict[str, Any]) -> None:
        self._reached({"at": "trained", "trained": left, "number": number})

    def _told(
        self, model: Any, x: Any, y: Any, how: str, options: dict[str, Any]
    ) -> dict[str, Any]:
        """Describes a model with what it is about to be trained on."""
        inputs = data.named(x, "x")
        labels = data.array_of(y)
        rows = np.arange(0)
        if inputs:
            first = next(iter(inputs.values()))
            row = data.bytes_of_row(list(inputs.values()))
            rows = data.rows_of(len(first), row)
        kept, given, line = self._compiled.get(id(model), (lambda: None, {}, 0))
        known = given if kept() is model else {}
        compiled = describing.compiled(model, known, line, self.lines) if known else None
        if compiled is not None and compiled["own_loss"]:
            outputs = getattr(model, "outputs", None) or [None]
            shape = getattr(outputs[0], "shape", None) or (None,)
            compiled |= own_losses.tried(describing.only_one(known["loss"]), labels, shape)
        return {
            "how": how,
            "line": self.lines.now(),
            "model": describing.model(model, self.lines, next(iter(inputs.values()), None)),
            "compiled": compiled,
            "x": {
                name: data.described(array, rows[rows < len(array)])
                for name, array in inputs.items()
            },
            "y": data.described(labels, rows[rows < len(labels)]) if labels is not None else None,
            **options,
        }

    def _evaluate(self, original: Callable[..., Any], model: Any, bound: Any) -> Any:
        """Where nothing was trained, what a model is evaluated on shows as much."""
        given = bound.arguments
        if id(model) not in self._by_hand and _untrained(model):
            self._by_hand[id(model)] = {}
            x, y, given["x"], _ = data.peeked(given.get("x"), given.get("y"))
            with self._on_its_own():
                point = self._told(model, x, y, "evaluate", {"epochs": 0, "batch": None})
            self._begins(point)
        with self._on_its_own():
            answer = original(*bound.args, **bound.kwargs)
        trained, on = self._trained_on
        if trained is model and not asked.same(given.get("x"), on):
            self.evaluated = asked.loss_in(answer)
        self.folds.tested(model, given.get("x"))
        return answer

    def _predict(self, original: Callable[..., Any], model: Any, bound: Any) -> Any:
        self.folds.tested(model, bound.arguments.get("x"))
        with self._on_its_own():
            return original(*bound.args, **bound.kwargs)

    def _train_on_batch(self, original: Callable[..., Any], model: Any, bound: Any) -> Any:
        given, key = bound.arguments, id(model)
        note = self._by_hand.get(key)
        if not note:
            options = {
                "epochs": 1,
                "batch": len(given.get("x")) if hasattr(given.get("x"), "__len__") else None,
            }
            with self._on_its_own():
                point = self._told(model, given.get("x"), given.get("y"), "train_on_batch", options)
            note = self._by_hand[key] = {"model": model, "steps": 0, "losses": [], "told": False}
            note["began"] = time.monotonic()
            note["number"] = self._begins(point)
        with self._on_its_own():
            answer = original(*bound.args, **bound.kwargs)
        note["steps"] += 1
        loss = asked.loss_in(answer)
        if loss is not None:
            note["losses"].append(loss)
        late = time.monotonic() - note["began"] > self._seconds
        if late or note["steps"] >= MOST_STEPS:
            self._tell_by_hand(note, cut=True)
            # Of two models that are trained in turn, both are to be seen.
            if late or all(other["told"] for other in self._by_hand.values() if other):
                raise Enough
        return answer

    def _tell_by_hand(self, note: dict[str, Any], cut: bool) -> None:
        """Tells what was trained step by step, once."""
        if note["told"]:
            return
        note["told"] = True
        with self._on_its_own():
            left = self._left(note["model"], {"loss": note["losses"]}, 0, note["steps"], cut)
        self._ends(note["number"], left)

    def tell_rest(self) -> None:
        """Tells, at the script's end, of what was trained step by step and is not told yet."""
        for note in list(self._by_hand.values()):
            if note and note["steps"]:
                self._tell_by_hand(note, cut=False)

    def _fit(self, original: Callable[..., Any], model: Any, bound: Any) -> Any:
        given = bound.arguments
        x, y, given["x"], batched = data.peeked(given.get("x"), given.get("y"))
        epochs = given.get("epochs", 1)
        epochs = int(epochs) if isinstance(epochs, int | float | np.integer) else 1
        options = {
            "epochs": epochs,
            "batched": batched,
            "batch": asked.batch(given.get("batch_size"), x if batched else None),
            "steps": asked.steps(given, batched),
            "validation": asked.validation(given, x, y),
            "split": asked.split(given),
            "weights": asked.class_weight(given),
            "again": self._earlier.holds(model),
            "held": held.described(given, x, batched),
            "callbacks": [type(c).__name__[:80] for c in asked.callbacks(given)[:20]],
            "watching": asked.watching(given, self.lines),
            **self._steps.begins(model),
        }
        with self._on_its_own():
            point = self._told(model, x, y, "fit", options)
        if not batched:
            self.folds.begins(model, point["line"], x)
            self.folds.tested(model, asked.held_inputs(given))
        number = self._begins(point)
        if not batched:
            given["x"], given["y"], most = data.shortened(given.get("x"), given.get("y"))
            if most and isinstance(given.get("sample_weight"), np.ndarray):
                given["sample_weight"] = given["sample_weight"][:most]
            asked.shorten_validation(given)
        given["epochs"] = max(1, min(epochs, given.get("initial_epoch", 0) + MOST_EPOCHS))
        timer = clock.kind()(self._seconds, self._steps.first_step)
        given["callbacks"] = [*asked.callbacks(given), timer]
        self.under_way = {"model": model, "timer": timer, "number": number}
        self._earlier.note(model)
        self._trained_on, self.evaluated = (model, x), None
        try:
            with self._on_its_own():
                history = original(*bound.args, **bound.kwargs)
        except ValueError:
            self._no_step(model, number)
            raise
        self.under_way = None
        self.folds.ends(model, point["line"])
        with self._on_its_own():
            left = self._left(
                model, timer.rows, timer.epochs, timer.steps, timer.cut or epochs > given["epochs"]
            ) | self._steps.ends(model)
        self._ends(number, left)
        return history

    def _no_step(self, model: Any, number: int) -> None:
        """Tells of a training that failed because no gradient reaches any weight."""
        self.under_way = None
        if self._unreached.of(model):
            with self._on_its_own():
                left = self._left(model, {}, 0, 0, True)
            self._ends(number, left)

    def _left(
        self, model: Any, rows: dict[str, list[float]], epochs: int, steps: int, cut: bool
    ) -> dict[str, Any]:
        """Describes what a training left."""
        weights = None
        with contextlib.suppress(Exception):
            if sum(math.prod(variable.shape) for variable in model.weights) <= MAX_PARAMETERS:
                weights = [np.asarray(value) for value in model.get_weights()]
        history = {str(key)[:80]: row[:2000] for key, row in list(rows.items())[:20]}
        return {
            "weights": weights,
            "history": history,
            "epochs": epochs,
            "steps": steps,
            "cut": bool(cut),
            "unreached": self._unreached.of(model),
            "rate": learning_rate(model.optimizer) if getattr(model, "optimizer", None) else None,
        }

    def so_far(self) -> dict[str, Any]:
        """Describes what a training under way has left so far; empty if there is none."""
        seen = self.under_way
        if seen is None:
            return {}
        timer = seen["timer"]
        left = self._left(seen["model"], timer.rows, timer.epochs, timer.steps, True)
        return {"trained": left, "number": seen["number"]}


def _untrained(model: Any) -> bool:
    """Returns whether a model's optimizer has made no step."""
    with contextlib.suppress(Exception):
        return int(np.asarray(model.optimizer.iterations)) == 0
    return False

"""A factory of the grader's own models that note which examples they are trained on."""

from __future__ import annotations

import collections
import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graders.sandbox.lines import line_of

Places = Mapping[bytes, Sequence[int]]


def _key(row: Any) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(row, "float32").tobytes()).digest()


class _Notes:
    """What one model of the factory saw.

    Args:
        asked: Float, the learning rate that the factory was asked for.
        places: Mapping from an example's key to its places in the training data.
        examples: Integer, how many there are.
    """

    def __init__(self, asked: float, places: Places, examples: int):
        self._asked, self._places, self._examples = asked, places, examples
        self._met: collections.Counter[bytes] = collections.Counter()
        self.model: Any = None
        self.seen: list[int] = []
        self._sizes: list[int] = []
        self._rates: list[float] = []
        self._states: list[list[np.ndarray]] = []
        self._state_at: list[int] = []

    def state(self) -> None:
        """Notes the weights as they are now, once for each number of examples seen."""
        if not self._state_at or self._state_at[-1] != len(self.seen):
            self._states.append([np.array(weight) for weight in self.model.get_weights()])
            self._state_at.append(len(self.seen))

    def _place(self, row: Any) -> int:
        """Returns an example's place, -1 for a foreign one. Equal examples take turns."""
        key = _key(row)
        places = self._places.get(key)
        if places is None:
            return -1
        self._met[key] += 1
        return places[(self._met[key] - 1) % len(places)]

    def in_training(self, images: Any) -> None:
        """Notes a batch of a training step: which examples, and at which learning rate."""
        if len(self.seen) % self._examples == 0:
            self.state()
        self.seen += [self._place(row) for row in images.numpy()]
        self._sizes.append(int(images.shape[0]))
        self._rates.append(float(np.asarray(self.model.optimizer.learning_rate)))

    def in_inference(self, images: Any) -> None:
        """Notes the weights that are evaluated."""
        if self.seen:
            self.state()

    def claim(self) -> dict[str, Any]:
        """Returns the notes as plain data."""
        return {
            "asked": self._asked,
            "seen": np.array(self.seen, "int64"),
            "sizes": np.array(self._sizes, "int64"),
            "rates": np.array(self._rates, "float64"),
            "state_at": np.array(self._state_at, "int64"),
            "kernels": np.array([state[0] for state in self._states], "float32"),
            "biases": np.array([state[1] for state in self._states], "float32"),
        }


class WatchedFactory:
    """Makes models of softmax regression that start from given weights and note what they see.

    Args:
        weights: Sequence of the kernel and the bias that every model starts from.
        examples: Array of the training examples; each one is known by its values.
    """

    def __init__(self, weights: Sequence[np.ndarray], examples: np.ndarray):
        self._weights = list(weights)
        self._examples, self._shape = len(examples), examples.shape[1:]
        self._places: dict[bytes, list[int]] = collections.defaultdict(list)
        for place, row in enumerate(examples):
            self._places[_key(row)].append(place)
        self._notes: list[_Notes] = []

    def build_model(self, learning_rate: float) -> Any:
        """Returns a freshly compiled model: what a submission gets as its factory.

        Args:
            learning_rate: Float, of plain gradient descent.
        """
        import keras

        learning_rate = float(np.asarray(learning_rate))
        notes = _Notes(learning_rate, self._places, self._examples)
        watch = _watching_layer()()
        model = keras.Sequential(
            [
                keras.Input(self._shape),
                watch,
                keras.layers.Flatten(),
                keras.layers.Dense(self._weights[1].shape[0], activation="softmax"),
            ]
        )
        model.compile(
            keras.optimizers.SGD(learning_rate),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=False,
        )
        model.set_weights(self._weights)
        # From here on: Keras has called the layer before, to find out the shapes.
        notes.model, watch.notes = model, notes
        self._notes.append(notes)
        return model

    def answer(self) -> dict[str, Any]:
        """Returns what its models saw: `builds`, and how many were never trained (`untrained`).

        `built` is the line at which the submission asked for the last one.
        """
        trained = [notes for notes in self._notes if notes.seen]
        for notes in trained:
            notes.state()
        return {
            "builds": [notes.claim() for notes in trained],
            "untrained": len(self._notes) - len(trained),
            "built": line_of(self._notes[-1].model) if self._notes else None,
        }


@functools.cache
def _watching_layer() -> type:
    """Returns the class of a layer that hands images on as they are, and notes which they were.

    A copy of such a layer (of `clone_model`, `deepcopy` or a saved model) notes nothing: what is
    asked for are the factory's own models.
    """
    import keras
    import tensorflow as tf

    @keras.saving.register_keras_serializable("grader")
    class Watch(keras.layers.Layer):
        notes: _Notes | None = None

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            # XLA cannot compile a call of Python.
            self.supports_jit = False

        def call(self, images: Any, training: Any = None) -> Any:
            if self.notes is None:
                return images
            note = self.notes.in_training if training else self.notes.in_inference
            # Nothing is computed from the images, and no weight changes, before they are noted.
            with tf.control_dependencies([tf.py_function(note, [images], [])]):
                return tf.identity(images)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    return Watch

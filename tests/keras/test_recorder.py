"""What the sandbox notes of fits: honest mistakes with the data, and what is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from graders.sandbox.recorder import Recorder

Given = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@pytest.fixture
def given() -> Given:
    """Training and validation data."""
    rng = np.random.default_rng(0)
    x, y = rng.random((90, 6)).astype("float32"), rng.integers(0, 2, 90)
    return (x[:60].copy(), y[:60].copy()), (x[60:].copy(), y[60:].copy())


@pytest.fixture
def model() -> Any:
    """A compiled model."""
    import keras

    made = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1, activation="sigmoid")])
    made.compile("sgd", "binary_crossentropy")
    return made


@pytest.fixture
def fits() -> Iterator[Recorder]:
    """Notes of all fits while a test runs."""
    found = Recorder(lambda **_: None)
    found.install()
    yield found
    found.uninstall()


def _dataset(pair: Any) -> Any:
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(pair).batch(16)


def _both(train: Any, held: Any) -> Any:
    return tuple(np.concatenate(parts) for parts in zip(train, held, strict=True))


def _by_hand(model: Any) -> Any:
    import keras

    made = keras.callbacks.History()
    made.history = {"loss": [0.1], "val_loss": [0.1]}
    return made


def _merged(model: Any, train: Any, held: Any) -> Any:
    model.fit(*train, validation_data=held, verbose=0)
    return _by_hand(model)


def _finished_on(model: Any, train: Any, held: Any) -> Any:
    history = model.fit(*train, validation_data=held, verbose=0)
    model.fit(*held, verbose=0)
    return history


TRAININGS: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "as usual": (lambda m, t, v: m.fit(*t, validation_data=v, verbose=0), []),
    "positional": (lambda m, t, v: m.fit(t[0], t[1], 16, 1, 0, None, 0.0, v), []),
    "copies": (lambda m, t, v: m.fit(t[0].copy(), t[1], validation_data=(v[0].copy(), v[1])), []),
    "data sets": (lambda m, t, v: m.fit(_dataset(t), validation_data=_dataset(v)), []),
    "two fits, one history": (_merged, []),
    "no validation": (lambda m, t, v: m.fit(*t, verbose=0), []),
    "labels of other shape": (
        lambda m, t, v: m.fit(t[0], t[1][:, None], validation_data=(v[0], v[1][:, None])),
        [],
    ),
    "split": (lambda m, t, v: m.fit(*t, validation_split=0.1), ["split"]),
    "no fit": (lambda m, t, v: _by_hand(m), ["unfitted"]),
    "validated on train": (
        lambda m, t, v: m.fit(*t, validation_data=(t[0][:30], t[1][:30])),
        ["validated_on_train"],
    ),
    "validated on a data set of train": (
        lambda m, t, v: m.fit(*t, validation_data=_dataset(t)),
        ["validated_on_train"],
    ),
    "learned val at last": (_finished_on, ["learned_validation"]),
    "learned val": (
        lambda m, t, v: m.fit(*_both(t, v), validation_data=v),
        ["learned_validation"],
    ),
    "learned val only": (
        lambda m, t, v: m.fit(*v, validation_data=v),
        ["learned_validation"],
    ),
    "learned features of val": (
        lambda m, t, v: m.fit(v[0] * 2 + 1, v[1], validation_data=v),
        ["learned_validation"],
    ),
    "exchanged": (
        lambda m, t, v: m.fit(*v, validation_data=t),
        ["exchanged", "learned_validation", "validated_on_train"],
    ),
    "learned val as a data set": (
        lambda m, t, v: m.fit(_dataset(_both(t, v)), validation_data=v),
        ["learned_validation"],
    ),
    "augmented": (
        lambda m, t, v: m.fit(t[0] * 1.3 + 0.1, t[1], validation_data=v),
        [],
    ),
    "other spread": (
        lambda m, t, v: m.fit((t[0] - 0.5) * 5 + 0.5, t[1], validation_data=v),
        ["changed_training"],
    ),
    "changed training": (
        lambda m, t, v: m.fit(t[0] * 255, t[1], validation_data=v),
        ["changed_training"],
    ),
    "changed validation": (
        lambda m, t, v: m.fit(*t, validation_data=(v[0] * 255, v[1])),
        ["changed_validation"],
    ),
}


@pytest.mark.parametrize("name", TRAININGS)
def test_faults_of_a_training(name: str, fits: Recorder, model: Any, given: Given) -> None:
    """Each mistake has its name, and right work has none."""
    train, faults = TRAININGS[name]
    fits.begin(model, list(given))
    returned = train(model, *given)
    assert fits.end(returned)["faults"] == faults


def test_an_earlier_history_is_none_of_this_training(
    fits: Recorder, model: Any, given: Given
) -> None:
    """A History that an earlier training returned is not taken twice."""
    fits.begin(model, list(given))
    first = model.fit(*given[0], validation_data=given[1], verbose=0)
    assert fits.end(first)["faults"] == []
    fits.begin(model, list(given))
    model.fit(*given[0], validation_data=given[1], verbose=0)
    assert fits.end(first)["faults"] == ["unfitted"]


def test_the_largest_rate_counts(fits: Recorder, model: Any, given: Given) -> None:
    """A callback's rate is seen although the last epoch has a small one."""
    import keras

    steps = keras.callbacks.LearningRateScheduler(lambda epoch, rate: [0.5, 0.001][epoch])
    fits.begin(model, list(given))
    history = model.fit(*given[0], epochs=2, validation_data=given[1], callbacks=steps, verbose=0)
    assert fits.end(history)["rate"] == pytest.approx(0.5)


@pytest.mark.parametrize("restored", [False, True])
def test_kept_weights_are_those_of_the_last_epoch(
    restored: bool, fits: Recorder, model: Any, given: Given
) -> None:
    """Weights that a callback brings back after the last epoch are other ones than its own."""
    import keras

    first: list[Any] = []
    back = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: first.append(model.get_weights()),
        on_train_end=lambda logs: model.set_weights(first[0]) if restored else None,
    )
    fits.begin(model, list(given))
    history = model.fit(*given[0], epochs=2, validation_data=given[1], callbacks=back, verbose=0)
    [note] = fits.end(history)["notes"]
    assert (note["asked"], note["done"], note["kept"]) == (2, 2, not restored)

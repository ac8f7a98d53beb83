"""What the models of the grader's factory note, however they are trained."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from graders.sandbox.factory import WatchedFactory

pytestmark = pytest.mark.slow

COUNT = 10
RNG = np.random.default_rng(0)
X = RNG.random((COUNT, 2, 2, 1)).astype("float32")
Y = np.arange(COUNT) % 3
WEIGHTS = [RNG.normal(size=(4, 3)).astype("float32"), RNG.normal(size=3).astype("float32")]
# Ten examples in batches of 4.
BATCHES = [np.arange(4), np.arange(4, 8), np.arange(8, 10)]


@pytest.fixture
def factory() -> WatchedFactory:
    """A factory for the ten examples."""
    return WatchedFactory(WEIGHTS, X)


def only(factory: WatchedFactory) -> dict[str, Any]:
    """Returns the notes of the one model that was trained."""
    [notes] = factory.answer()["builds"]
    return notes


def loop(model: Any, epochs: int) -> None:
    """Trains with GradientTape in a tf.function."""
    loss_of = keras.losses.SparseCategoricalCrossentropy()

    @tf.function(reduce_retracing=True)
    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    for chosen in BATCHES * epochs:
        step(tf.constant(X[chosen]), tf.constant(Y[chosen]))


def by_hand(model: Any, epochs: int) -> None:
    """Trains with train_on_batch."""
    for chosen in BATCHES * epochs:
        model.train_on_batch(X[chosen], Y[chosen])


def from_dataset(model: Any, epochs: int) -> None:
    """Trains on a tf.data pipeline."""
    batches = tf.data.Dataset.from_tensor_slices((X, Y)).batch(4).prefetch(1)
    model.fit(batches, epochs=epochs, verbose=0)


def eagerly(model: Any, epochs: int) -> None:
    """Trains a model that was compiled again, without a graph."""
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    model.optimizer.learning_rate = 0.5
    model.fit(X, Y, batch_size=4, epochs=epochs, shuffle=False, verbose=0)


def jitted(model: Any, epochs: int) -> None:
    """Trains a model for which XLA was asked for: Keras does without it."""
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy", jit_compile=True)
    model.fit(X, Y, batch_size=4, epochs=epochs, shuffle=False, verbose=0)


def fitted(model: Any, epochs: int) -> None:
    """Trains with fit."""
    model.fit(X, Y, batch_size=4, epochs=epochs, shuffle=False, verbose=0)


WAYS: dict[str, Callable[[Any, int], None]] = {
    way.__name__: way for way in (fitted, from_dataset, by_hand, loop, eagerly, jitted)
}


@pytest.mark.filterwarnings("ignore:Model doesn't support `jit_compile=True`")
@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_train_is_noted(way: str, factory: WatchedFactory) -> None:
    """The order, the batches, the rate and the weights after each epoch are there."""
    model = factory.build_model(0.5)
    WAYS[way](model, 2)
    found = only(factory)
    assert found["asked"] == 0.5
    assert found["seen"].tolist() == [*range(COUNT)] * 2
    assert found["sizes"].tolist() == [4, 4, 2] * 2
    assert found["rates"].tolist() == [0.5] * 6
    assert found["state_at"].tolist() == [0, 10, 20]
    np.testing.assert_array_equal(found["kernels"][0], WEIGHTS[0])
    np.testing.assert_array_equal(found["biases"][0], WEIGHTS[1])
    np.testing.assert_array_equal(found["kernels"][-1], model.get_weights()[0])
    np.testing.assert_array_equal(found["biases"][-1], model.get_weights()[1])


def test_the_weights_are_those_before_the_step(factory: WatchedFactory) -> None:
    """The weights after an epoch are the same, whether another one follows or not."""
    fitted(factory.build_model(0.5), 1)
    fitted(factory.build_model(0.5), 2)
    one, two = factory.answer()["builds"]
    np.testing.assert_allclose(one["kernels"][1], two["kernels"][1], atol=1e-6)
    assert np.abs(two["kernels"][2] - two["kernels"][1]).max() > 1e-3


def test_shuffled_examples_are_known(factory: WatchedFactory) -> None:
    """An example is known by its values, wherever it stands."""
    order = np.random.default_rng(1).permutation(COUNT)
    factory.build_model(0.5).fit(X[order], Y[order], batch_size=3, shuffle=False, verbose=0)
    assert only(factory)["seen"].tolist() == order.tolist()
    assert only(factory)["sizes"].tolist() == [3, 3, 3, 1]


def test_repeated_examples_are_noted_each_time(factory: WatchedFactory) -> None:
    """Draws with replacement show."""
    chosen = np.array([2, 2, 7, 2])
    factory.build_model(0.5).train_on_batch(X[chosen], Y[chosen])
    assert only(factory)["seen"].tolist() == [2, 2, 7, 2]


def test_foreign_images_are_minus_one(factory: WatchedFactory) -> None:
    """An image that is none of the examples, or a changed one, is noted as such."""
    images = np.stack([X[3], X[4] / 2, X[5]])
    factory.build_model(0.5).train_on_batch(images, Y[3:6])
    assert only(factory)["seen"].tolist() == [3, -1, 5]


def test_double_precision_is_no_change(factory: WatchedFactory) -> None:
    """The same values in float64 are the same example."""
    factory.build_model(0.5).fit(X.astype("float64"), Y, shuffle=False, verbose=0)
    assert only(factory)["seen"].tolist() == [*range(COUNT)]


def test_equal_examples_take_turns() -> None:
    """Two equal examples, each seen once in an epoch, are not one that is seen twice."""
    twins = X.copy()
    twins[6] = twins[1]
    factory = WatchedFactory(WEIGHTS, twins)
    factory.build_model(0.5).fit(twins, Y, epochs=2, shuffle=False, verbose=0)
    assert only(factory)["seen"].tolist() == [*range(COUNT)] * 2
    assert only(factory)["state_at"].tolist() == [0, 10, 20]


EVALUATIONS: dict[str, Callable[[Any], Any]] = {
    "evaluate": lambda model: model.evaluate(X, Y, verbose=0),
    "predict": lambda model: model.predict(X, verbose=0),
    "call": lambda model: model(X, training=False),
    "call without training": lambda model: model(X),
    "test_on_batch": lambda model: model.test_on_batch(X, Y),
}


@pytest.mark.parametrize("name", EVALUATIONS)
def test_evaluation_is_no_training(name: str, factory: WatchedFactory) -> None:
    """An evaluation within an epoch adds nothing to what was seen, and notes the weights."""
    model = factory.build_model(0.5)
    model.train_on_batch(X[:4], Y[:4])
    between = model.get_weights()
    EVALUATIONS[name](model)
    model.train_on_batch(X[4:], Y[4:])
    found = only(factory)
    assert found["seen"].tolist() == [*range(COUNT)]
    assert found["state_at"].tolist() == [0, 4, 10]
    np.testing.assert_array_equal(found["kernels"][1], between[0])


@pytest.mark.parametrize("way", ["validation data", "evaluate", "callback"])
def test_evaluation_between_epochs(way: str, factory: WatchedFactory) -> None:
    """Validation in fit, after it, or in a callback: the weights are noted once for each epoch."""
    model = factory.build_model(0.5)
    validation = (X[:5] + 1, Y[:5])
    if way == "validation data":
        model.fit(X, Y, epochs=3, validation_data=validation, verbose=0)
    elif way == "evaluate":
        for _ in range(3):
            model.fit(X, Y, verbose=0)
            model.evaluate(*validation, verbose=0)
    else:
        look = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: model.evaluate(*validation, verbose=0)
        )
        model.fit(X, Y, epochs=3, callbacks=[look], verbose=0)
    assert only(factory)["state_at"].tolist() == [0, 10, 20, 30]
    assert sorted(only(factory)["seen"][:COUNT]) == [*range(COUNT)]


def test_restored_weights_do_not_change_what_was_noted(factory: WatchedFactory) -> None:
    """Weights that are put back after the last evaluation are no part of the training."""
    model = factory.build_model(0.5)
    model.fit(X, Y, epochs=2, validation_data=(X, Y), verbose=0)
    last = model.get_weights()
    model.set_weights(WEIGHTS)
    np.testing.assert_array_equal(only(factory)["kernels"][-1], last[0])


def test_each_step_has_its_own_rate(factory: WatchedFactory) -> None:
    """A callback that changes the learning rate shows from its step on."""
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: [0.5, 0.25][epoch])
    factory.build_model(0.5).fit(X, Y, batch_size=5, epochs=2, callbacks=[schedule], verbose=0)
    assert only(factory)["rates"].tolist() == [0.5, 0.5, 0.25, 0.25]


@pytest.mark.parametrize("rate", [np.float32(0.5), np.array(0.5), tf.constant(0.5)])
def test_rates_of_any_kind(rate: Any, factory: WatchedFactory) -> None:
    """A NumPy number or a tensor is a learning rate."""
    model = factory.build_model(rate)
    assert float(np.asarray(model.optimizer.learning_rate)) == 0.5


def test_models_that_are_not_trained_are_counted(factory: WatchedFactory) -> None:
    """A model that was only looked at has no notes."""
    factory.build_model(learning_rate=0.5).predict(X, verbose=0)
    factory.build_model(0.1)
    fitted(factory.build_model(0.2), 1)
    found = factory.answer()
    assert ([notes["asked"] for notes in found["builds"]], found["untrained"]) == ([0.2], 2)


def test_models_note_apart(factory: WatchedFactory) -> None:
    """Two models that are trained in turns have notes of their own."""
    one, two = factory.build_model(0.5), factory.build_model(0.1)
    one.train_on_batch(X[:2], Y[:2])
    two.train_on_batch(X[2:4], Y[2:4])
    one.train_on_batch(X[4:6], Y[4:6])
    first, second = factory.answer()["builds"]
    assert (first["seen"].tolist(), second["seen"].tolist()) == ([0, 1, 4, 5], [2, 3])


@pytest.mark.parametrize("copied", [keras.models.clone_model, copy.deepcopy])
def test_a_copy_of_a_model_is_none_of_the_factory(
    copied: Callable[[Any], Any], factory: WatchedFactory
) -> None:
    """A copy can be made and trained, and notes nothing."""
    found = copied(factory.build_model(0.5))
    found.compile("sgd", "sparse_categorical_crossentropy")
    fitted(found, 1)
    answer = factory.answer()
    assert (answer["builds"], answer["untrained"]) == ([], 1)

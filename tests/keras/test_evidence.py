"""What the grader notes of a trained model, for the report: silent units, confused pictures."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture(scope="module")
def pictures() -> tuple[np.ndarray, np.ndarray]:
    """A few pictures of three classes."""
    rng = np.random.default_rng(0)
    return rng.random((30, 8, 8, 3)).astype("float32"), np.arange(30) % 3


def network(bias: float):
    """Returns a network whose first layer has half its units shut, or open, by a bias."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    kernel, _ = model.layers[0].get_weights()
    model.layers[0].set_weights([kernel, np.array([bias, bias, 9.0, 9.0], "float32")])
    return model


def test_silent_units_are_counted(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    """The share of units that are zero for every example, and the model works afterwards."""
    from graders.toolkit.perturbations import silent_units

    model = network(-100.0)
    before = model(pictures[0]).numpy()
    assert silent_units(model, pictures[0]) == 0.5
    assert silent_units(network(9.0), pictures[0]) == 0.0
    np.testing.assert_array_equal(model(pictures[0]).numpy(), before)


def test_confused_pictures_come_from_the_validation_data(
    pictures: tuple[np.ndarray, np.ndarray],
) -> None:
    """One picture of each pair, as bytes; none where the data are no pictures."""
    from graders.toolkit.accuracy import confused_pictures

    x, y = pictures
    snapshot, data = SimpleNamespace(model=network(9.0)), SimpleNamespace(validation=(x, y))
    found = confused_pictures(snapshot, data)
    assert 1 <= len(found) <= 3
    for item in found:
        assert item["true"] != item["predicted"]
        picture = np.array(item["picture"])
        assert picture.shape == (8, 8, 3)
        assert any(np.array_equal(picture, (255 * part).astype("uint8")) for part in x)
    flat = SimpleNamespace(validation=(x.reshape(30, -1), y))
    assert confused_pictures(SimpleNamespace(model=network(9.0)), flat) == []


def test_a_training_is_noted_even_if_nothing_can_be_measured(
    pictures: tuple[np.ndarray, np.ndarray],
) -> None:
    """The History and the learning rate are kept, whatever the model does."""
    from graders.toolkit.training import note_training

    snapshot = SimpleNamespace(
        model=None, compile_config={"loss": "mse"}, optimizer={"learning_rate": 0.5}
    )
    training = SimpleNamespace(before=snapshot, after=snapshot, history={"loss": [1.0]})
    data = SimpleNamespace(num_classes=3, train=pictures, validation=pictures)
    evidence: dict = {}
    note_training(training, data, evidence)
    assert evidence["history"] == {"loss": [1.0]}
    assert evidence["training"]["learning_rate"] == 0.5
    assert evidence["training"]["loss"] == "mean_squared_error"
    assert "train_accuracy" not in evidence["training"]

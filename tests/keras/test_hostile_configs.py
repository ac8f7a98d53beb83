"""Configs as a hostile sandbox may send them: refused before Keras sees them, or harmless."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from graders.rebuilt import cleaning
from graders.rebuilt.allowlist import NotRebuilt
from graders.rebuilt.rebuild import rebuild

layers = keras.layers


def model() -> keras.Model:
    """Returns a small model of two layers."""
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(4, name="first"), layers.Dense(3, name="second")]
    )


def tree(made: keras.Model) -> dict[str, Any]:
    """Returns a model's config as plain data."""
    return json.loads(json.dumps(keras.saving.serialize_keras_object(made)))


def changed(change: Callable[[dict[str, Any]], None]) -> str:
    """Returns the JSON of a model whose first Dense layer is changed."""
    whole = tree(model())
    change(whole["config"]["layers"][1])
    return json.dumps(whole)


def nested(depth: int) -> list[Any]:
    """Returns lists in lists."""
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


LAMBDA = {"class_name": "__lambda__", "config": {"value": "4wAAAA=="}}
REFUSED: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "a Lambda": (lambda d: d.update(class_name="Lambda"), "Python code"),
    "a lambda as an activation": (lambda d: d["config"].update(activation=LAMBDA), "Python code"),
    "a layer that reads files": (lambda d: d.update(class_name="TFSMLayer"), "`TFSMLayer`"),
    "a class of another module": (lambda d: d.update(module="os"), "`Dense`"),
    "a class of nobody's": (lambda d: d.update(class_name="Own", module="cnn"), "`Own`"),
    "a class that is no text": (lambda d: d.update(class_name=["Dense"]), "without a name"),
    "a giant": (lambda d: d["config"].update(units=2**40), f"the number {2**40}"),
    "endless nesting": (lambda d: d["config"].update(extra=nested(100)), "beyond reason"),
    "endless length": (lambda d: d["config"].update(extra=[0] * 300_000), "beyond reason"),
    "an endless text": (lambda d: d["config"].update(extra="x" * 200_000), "a very long text"),
    "a layer without a config": (lambda d: d.pop("config"), "a layer without a config"),
    "an unknown argument": (lambda d: d["config"].update(nobody=1), "cannot be rebuilt"),
    "an array of objects": (
        lambda d: d["config"].update(
            extra={"class_name": "__numpy__", "config": {"value": [], "dtype": "object"}}
        ),
        "an array of no numbers",
    ),
    "a function of another module": (
        lambda d: d["config"].update(
            activation={"class_name": "function", "module": "os", "config": "system"}
        ),
        "a function of your own .`system`",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_layer_is_refused(name: str) -> None:
    """What is not a plain layer of Keras's is named, and nothing of it runs."""
    change, words = REFUSED[name]
    with pytest.raises(NotRebuilt, match=words):
        rebuild(changed(change), model().get_weights())


@pytest.mark.parametrize(
    "config",
    [
        "null",
        "7",
        "[]",
        '"relu"',
        "{}",
        "{",
        '{"class_name": "function", "config": "relu"}',
        '{"class_name": "Dense", "module": "keras.layers", "config": {"units": 3}}',
        "[" * 100_000,
    ],
    ids=lambda text: text[:20].strip() or "blank",
)
def test_what_is_no_model_is_refused(config: str) -> None:
    """Any other JSON, or text that is none, is a fault of the submission's, not an error of ours."""
    with pytest.raises(NotRebuilt):
        rebuild(config, [])


def test_weights_of_other_shapes_are_refused() -> None:
    """Weights that do not belong to the layers make no model."""
    weights = model().get_weights()
    with pytest.raises(NotRebuilt, match="weights that do not have the shapes"):
        rebuild(json.dumps(tree(model())), weights[::-1])


def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A config and weights are measured before anything is made of them."""
    with pytest.raises(NotRebuilt, match="a config of 5 MB"):
        rebuild(" " * (5 * 2**20), [])
    monkeypatch.setattr("graders.rebuilt.rebuild.MAX_PARAMETERS", 42)
    with pytest.raises(NotRebuilt, match="a model of 43 parameters"):
        rebuild(json.dumps(tree(model())), model().get_weights())


def test_too_many_layers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers are counted at any depth."""
    monkeypatch.setattr(cleaning, "MAX_LAYERS", 4)
    outer = keras.Sequential([keras.Input((6,)), model(), layers.Dense(2)])
    with pytest.raises(NotRebuilt, match="more than 4 layers"):
        rebuild(json.dumps(tree(outer)), outer.get_weights())


def test_a_large_seed_is_no_giant() -> None:
    """A seed may be a date; it is no size."""
    made = keras.Sequential([keras.Input((6,)), layers.Dropout(0.5, seed=20261129235959)])
    assert rebuild(json.dumps(tree(made)), []).layers[0].seed == 20261129235959


def test_layers_lose_their_names_and_keep_their_places() -> None:
    """The grader names the layers, inputs keep theirs, and the connections stay as they are."""
    one, two = keras.Input((3,), name="image"), keras.Input((3,), name="context")
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="layer_9")], name="layer_3")
    joined = layers.Subtract(name="image_2")([inner(one), layers.Dense(3, name="\x1b[31m")(two)])
    made = keras.Model({"image": one, "context": two}, layers.Dense(2, name="layer_1")(joined))
    again = rebuild(json.dumps(tree(made)), made.get_weights())
    names = {layer.name for layer in again._flatten_layers(include_self=False)}
    kept = {name for name in names if not name.startswith("layer_")}
    assert {"image", "context"} <= kept and not kept & {"\x1b[31m", "image_2"}
    x = {
        name: np.random.default_rng(i).normal(size=(4, 3))
        for i, name in enumerate(["image", "context"])
    }
    np.testing.assert_allclose(again(x), made(x), rtol=1e-6)

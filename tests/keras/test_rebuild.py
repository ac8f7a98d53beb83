"""Models from configs: right ones compute the same again, hostile ones are refused in time."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops

from graders.checking import CheckFailed
from graders.rebuilt import allowlist, cleaning, rebuild
from graders.sandbox.errors import WrongAnswer
from graders.sandbox.snapshots import snapshot


def config_of(model: Any) -> Any:
    """Returns a model's config as plain data, as a sandbox sends it."""
    return json.loads(json.dumps(keras.saving.serialize_keras_object(model)))


def rebuilt(config: Any, weights: list[np.ndarray]) -> Any:
    """Rebuilds a model from a config in plain data."""
    return rebuild.rebuild(json.dumps(config), weights)


def outputs(model: Any, seed: int = 0) -> list[np.ndarray]:
    """Returns what a model makes of random inputs, the same for the same seed."""
    rng = np.random.default_rng(seed)

    def values(x: Any) -> np.ndarray:
        return rng.random((2, *(side or 4 for side in x.shape[1:])), "float32")

    one = isinstance(model, keras.Sequential)
    inputs = values(model.inputs[0]) if one else keras.tree.map_structure(values, model.input)
    found = model(inputs, training=False)
    return [np.asarray(part) for part in (found if isinstance(found, list) else [found])]


# --- right models -------------------------------------------------------------------------------


def sequential() -> Any:
    """A small convolutional network."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Rescaling(1 / 255),
            layers.RandomFlip(),
            layers.RandomCrop(8, 8),
            layers.Conv2D(4, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D(),
            layers.SpatialDropout2D(0.2),
            layers.SeparableConv2D(4, 3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5, "softmax", kernel_regularizer=keras.regularizers.L2(0.01)),
        ]
    )


def seeded() -> Any:
    """Seeds larger than any size may be: a date, and what Keras draws itself."""
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(
                3, kernel_initializer=keras.initializers.HeNormal(seed=20_240_131_235_959)
            ),
            layers.Dropout(0.5, seed=2**62),
        ]
    )


def without_bound_sides() -> Any:
    """A network for images of any size."""
    x = keras.Input((None, None, 3))
    return keras.Model(x, layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3)(x)))


def several_inputs() -> Any:
    """Two named inputs, two outputs."""
    image, context = keras.Input((4, 4, 1), name="image"), keras.Input((3,), name="context")
    both = layers.Concatenate()([layers.Flatten()(image), layers.Dense(2, "relu")(context)])
    return keras.Model([image, context], [layers.Dense(2)(both), layers.Dense(1)(both)])


def named_inputs() -> Any:
    """Inputs in a dict, by name."""
    parts = {"image": keras.Input((4,), name="image"), "context": keras.Input((3,), name="context")}
    both = ops.concatenate([parts["context"], parts["image"]], axis=-1)
    return keras.Model(parts, layers.Dense(2)(both))


def shared() -> Any:
    """One layer in two places."""
    dense, x = layers.Dense(4, "tanh", name="twice"), keras.Input((4,))
    return keras.Model(x, layers.Add()([dense(x), dense(dense(x))]))


def nested() -> Any:
    """Models in a model, one of them used twice, layers of the same name in each."""
    inner_in = keras.Input((4,), name="same")
    inner = keras.Model(inner_in, layers.Dense(4, "relu", name="dense")(inner_in), name="inner")
    tail = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="dense")], name="tail")
    x = keras.Input((4,), name="outer")
    return keras.Model(x, tail(inner(layers.Dense(4, name="dense")(inner(x)))))


def operations() -> Any:
    """Operators and functions of keras.ops between layers, constants among their arguments."""
    x = keras.Input((6,))
    y = ops.relu(layers.Dense(6)(x)) * 2.0 - x[:, :1] / 4
    y = ops.concatenate([y, ops.mean(x, axis=-1, keepdims=True), 1.0 - y[..., ::2]], axis=1)
    y = ops.where(y > 0.5, y, -1e9 * ops.ones((1, 10))) + np.arange(10, dtype="float32")
    return keras.Model(x, ops.softmax(ops.reshape(ops.transpose(y), (-1, 10))))


def attention() -> Any:
    """An Embedding, attention with a residual path, normalisation."""
    x = keras.Input((5,), dtype="int32")
    y = layers.Embedding(10, 8, mask_zero=True)(x)
    y = layers.LayerNormalization()(y + layers.MultiHeadAttention(2, 4)(y, y))
    return keras.Model(x, layers.GlobalAveragePooling1D()(y))


def recurrent() -> Any:
    """Recurrent layers, wrapped ones and cells."""
    return keras.Sequential(
        [
            keras.Input((6, 3)),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.TimeDistributed(layers.Dense(4, "relu")),
            layers.GRU(4, return_sequences=True, dropout=0.1),
            layers.RNN([layers.LSTMCell(3), layers.LSTMCell(2)], return_sequences=True),
            layers.Bidirectional(
                layers.GRU(2), merge_mode="sum", backward_layer=layers.GRU(2, go_backwards=True)
            ),
            layers.Dense(1, "sigmoid"),
        ]
    )


def activations() -> Any:
    """Activations as names, as functions and as layers."""
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(4, activation=keras.activations.gelu),
            layers.LeakyReLU(0.2),
            layers.PReLU(),
            layers.ELU(),
            layers.Dense(4, activation=keras.ops.tanh),
            layers.Dense(4, activation=layers.LeakyReLU(0.1)),
            layers.Softmax(),
        ]
    )


def normalization() -> Any:
    """Normalization that has adapted to data: what it divides by is computed from its weights."""
    norm = layers.Normalization()
    norm.adapt(np.random.default_rng(0).normal(3, 5, (50, 4)).astype("float32"))
    return keras.Sequential([keras.Input((4,)), norm, layers.Dense(2)])


def normalization_by_hand() -> Any:
    """Normalization with its mean and variance as arguments."""
    return keras.Sequential([keras.Input((2,)), layers.Normalization(mean=[1, 2], variance=[3, 4])])


def mixed_precision() -> Any:
    """Layers of another dtype policy than the global one."""
    hidden = layers.Dense(4, "relu", dtype="mixed_bfloat16")
    return keras.Sequential([keras.Input((4,)), hidden, layers.Dense(2, dtype="float32")])


def frozen() -> Any:
    """A layer that is not trained; its weights come last in `get_weights`."""
    return keras.Sequential([keras.Input((4,)), layers.Dense(4, trainable=False), layers.Dense(3)])


def compiled() -> Any:
    """A compiled model; how it was compiled is not for Keras to read."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    model.compile(optimizer="adam", loss=lambda y_true, y_pred: ops.sum(y_pred))
    return model


RIGHT = [
    sequential, seeded, without_bound_sides, several_inputs, named_inputs, shared, nested, operations,
    attention, recurrent, activations, normalization, normalization_by_hand, mixed_precision, frozen,
    compiled,
]  # fmt: skip


@pytest.mark.parametrize("build", RIGHT, ids=lambda build: build.__name__)
def test_right_model_computes_the_same_again(build: Callable[[], Any]) -> None:
    """A model of Keras's own layers gives the same outputs and has the same weights."""
    model = build()
    rng = np.random.default_rng(1)
    if build not in (normalization, normalization_by_hand):
        # Other weights than those that an initializer gives.
        model.set_weights([rng.random(w.shape).astype(w.dtype) for w in model.get_weights()])
    found = rebuilt(config_of(model), model.get_weights())
    assert type(found) is type(model)
    for old, new in zip(model.get_weights(), found.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    for old, new in zip(outputs(model), outputs(found), strict=True):
        np.testing.assert_allclose(old, new, rtol=1e-6, atol=1e-6)


def test_layers_get_names_of_the_graders_own() -> None:
    """No layer but an Input keeps the name that the submission gave it."""
    model = nested()
    found = rebuilt(config_of(model), model.get_weights())
    names = [layer.name for layer in found.layers]
    assert names[0] == "outer"
    assert all(name.startswith("layer_") for name in names[1:])


def test_trainable_flags_are_kept() -> None:
    """A frozen layer is frozen in the rebuilt model."""
    model = frozen()
    found = rebuilt(config_of(model), model.get_weights())
    assert [layer.trainable for layer in found.layers] == [False, True]


# --- hostile configs ----------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails the test if a config made Keras run something."""
    ran: list[Any] = []
    monkeypatch.setattr(os, "system", lambda *args: ran.append(args))
    yield
    assert not ran


def dense() -> tuple[Any, list[np.ndarray]]:
    """Returns the config of a model with one Dense layer, and its weights."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    return config_of(model), model.get_weights()


def refused(config: Any, weights: list[np.ndarray] | None = None, match: str = "Expected") -> None:
    """Checks that a config in plain data is refused for the reason given."""
    given_weights = dense()[1] if weights is None else weights
    with pytest.raises(allowlist.NotRebuilt, match=match):
        rebuilt(config, given_weights)


def with_layer(layer: Any) -> Any:
    """Returns the config of a good model, with a layer put in place of its last one."""
    config = dense()[0]
    config["config"]["layers"][-1] = layer
    return config


def with_argument(**arguments: Any) -> Any:
    """Returns the config of a good model, with arguments of its Dense layer replaced."""
    config = dense()[0]
    config["config"]["layers"][-1]["config"].update(arguments)
    return config


def test_a_good_config_is_not_refused() -> None:
    """The config that the hostile ones are made of is a good one."""
    assert rebuilt(*dense()).count_params() == 15


CALL = {"class_name": "function", "module": "builtins", "config": "system"}
REASONS = "not one of Keras's|Lambda|function of your own|array of no numbers|without a name"
LAMBDA = {"class_name": "__lambda__", "config": {"value": ["4wEA", None, None]}}


@pytest.mark.parametrize(
    "argument",
    [
        LAMBDA,
        {"class_name": "Lambda", "config": {"function": LAMBDA}},
        {"class_name": "Lambda", "module": "keras.layers", "config": {"function": "relu"}},
        CALL,
        CALL | {"module": "os"},
        CALL | {"module": "os", "registered_name": "system"},
        CALL | {"config": ["relu"]},
        CALL | {"config": {"relu": "relu"}},
        {"class_name": "system", "module": "os", "config": {"command": "true"}},
        {"class_name": "system", "module": "os", "config": {}, "registered_name": "Dense"},
        {"class_name": "Popen", "module": "subprocess", "config": {"args": ["true"]}},
        {"class_name": "Dense", "module": "os", "config": {"units": 3}},
        {"class_name": "Dense", "module": ["keras.layers"], "config": {"units": 3}},
        {"class_name": "get_file", "module": "keras.utils", "config": {"origin": "file:///etc"}},
        {"class_name": "load_model", "module": "keras.saving", "config": {"filepath": "a.keras"}},
        {"class_name": "KerasFileEditor", "module": "keras.src.saving.file_editor", "config": {}},
        {"class_name": "Map", "module": "keras.src.ops.core", "config": {}},
        {"class_name": "Custom", "module": None, "config": {}, "registered_name": "package>Custom"},
        {"class_name": "package>Custom", "config": {}},
        {"class_name": ["Dense"], "config": {}},
        {"class_name": None, "config": {}},
        {"class_name": {"class_name": "Dense"}, "config": {}},
        {"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}},
        {"class_name": "__numpy__", "config": {"value": [1], "dtype": {}}},
        {"class_name": "__numpy__", "config": None},
        {"class_name": "__bytes__", "config": {"value": "a"}},
        {
            "class_name": "__typespec__",
            "spec_name": "TensorSpec",
            "module": "os",
            "config": [[], ""],
        },
    ],
    ids=lambda argument: f"{argument['class_name']} {argument.get('module')}"[:60],
)
@pytest.mark.parametrize("place", ["layer", "argument", "hidden", "model"])
def test_foreign_class_is_refused_at_any_depth(argument: Any, place: str) -> None:
    """Whatever is not a class of Keras's own on the allowlist is refused before Keras sees it."""
    hidden = [{"config": {"class_name": "Zeros", "config": {"a": [[argument]]}}}]
    config = {
        "layer": with_layer(argument),
        "argument": with_argument(activation=argument),
        "hidden": with_argument(unknown=hidden),
        "model": argument,
    }[place]
    refused(config, match=REASONS)


@pytest.mark.parametrize("name", sorted(allowlist.DENIED_LAYERS))
def test_layers_that_run_code_or_read_files_are_refused(name: str) -> None:
    """Layers of Keras that hold Python code or a path are not on the allowlist."""
    for module in ("keras.layers", "keras.src.layers", None):
        config = {"filepath": "/etc", "vocabulary": "/etc/passwd", "name": "a"}
        refused(
            with_layer({"class_name": name, "module": module, "config": config}),
            match="not one of Keras's|Lambda",
        )


def test_registered_name_is_not_looked_up() -> None:
    """A class that is registered with Keras is not found under a registered name."""

    @keras.saving.register_keras_serializable("hostile", "Dense")
    class Registered(layers.Dense):
        """A class that somebody registered."""

    config = dense()[0]
    config["config"]["layers"][-1]["registered_name"] = "hostile>Dense"
    assert type(rebuilt(config, dense()[1]).layers[0]) is layers.Dense


def test_compilation_is_not_run() -> None:
    """What a config says of `compile` is dropped: it may name any function."""
    for loss in (CALL, "no_such_loss"):
        config = dense()[0] | {"compile_config": {"loss": loss, "optimizer": "adam"}}
        assert not rebuilt(config, dense()[1]).compiled


@pytest.mark.parametrize("number", [2**24 + 1, -(2**24) - 1, 2**63, 10**400])
def test_giant_number_is_refused(number: int) -> None:
    """An integer that is too large for a size is refused, wherever it stands."""
    refused(with_argument(units=number), match="the number")
    refused(with_argument(unknown=[{"a": [number]}]), match="the number")


def test_giant_seed_is_refused() -> None:
    """A seed may be any integer of 64 bits, but no larger."""
    refused(with_argument(seed=2**63), match="the number")


@pytest.mark.parametrize("units", [1000, 1e300, float("inf"), float("nan"), -1, 0, "3", None, [3]])
def test_odd_size_is_refused(units: Any) -> None:
    """A size that no layer has, or none of the weights' shape, is refused without being built."""
    refused(with_argument(units=units))


def test_giant_layer_is_refused_before_it_takes_memory() -> None:
    """A config of 64 GB of parameters, beside weights of 15 numbers, allocates nothing."""
    config = with_argument(units=2**24)
    config["config"]["layers"][0]["config"]["batch_shape"] = [None, 2**10]
    for part in (config, config["config"], config["config"]["layers"][-1]):
        part.pop("build_config", None)
        part.pop("build_input_shape", None)
    refused(config, match="far more parameters than weights")


def test_operation_on_constants_is_refused() -> None:
    """Keras would run it at once: broadcasting a number to 8 GB takes half a minute."""
    x = keras.Input((4,))
    model = keras.Model(x, x + ops.broadcast_to(ops.sum(x), (4, 4)))
    config = config_of(model)
    [layer] = [part for part in config["config"]["layers"] if part["class_name"] == "BroadcastTo"]
    layer["config"]["shape"] = [2**15, 2**16]
    layer["inbound_nodes"][0]["args"] = [1.0]
    refused(config, [], match="an operation on no tensor")


def test_too_many_parameters_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model above the limit is refused, and the message says how many parameters it has."""
    monkeypatch.setattr(rebuild, "MAX_PARAMETERS", 14)
    refused(dense()[0], match="a model of 15 parameters")


@pytest.mark.parametrize("depth", [cleaning.MAX_DEPTH, 500, 100_000])
@pytest.mark.parametrize("opening", ['{"a":', "["])
def test_deep_nesting_is_refused(depth: int, opening: str) -> None:
    """Nesting beyond reason is refused, however deep."""
    closing = "}" if opening.startswith("{") else "]"
    config = opening * depth + '{"class_name":"Dense","config":{"units":3}}' + closing * depth
    with pytest.raises(allowlist.NotRebuilt):
        rebuild.rebuild(config, [])


def test_long_config_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A config of too many parts, too many bytes, or with a long text, is refused."""
    refused(with_argument(unknown=[0] * cleaning.MAX_NODES), match="nested or long")
    refused(with_argument(unknown="a" * 100_001), match="very long text")
    refused(with_argument(unknown=["a" * 99_999] * 50), match="a config of 5 MB")


def test_too_many_layers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers are counted in nested models too."""
    monkeypatch.setattr(cleaning, "MAX_LAYERS", 4)
    model = nested()
    refused(config_of(model), model.get_weights(), match="more than 4 layers")


@pytest.mark.parametrize(
    "weights",
    [
        [],
        [np.zeros((4, 3))],
        [np.zeros((4, 3)), np.zeros(3), np.zeros(3)],
        [np.zeros(3), np.zeros((4, 3))],
        [np.zeros((3, 4)), np.zeros(3)],
        [np.zeros((4, 3)), np.zeros((3, 1))],
        [np.zeros((4, 0)), np.zeros(3)],
    ],
    ids=["none", "one", "three", "swapped", "transposed", "another rank", "empty"],
)
def test_weights_of_other_shapes_are_refused(weights: list[np.ndarray]) -> None:
    """Weights that do not belong to the layers are refused."""
    refused(dense()[0], weights, match="shapes of the layers")


@pytest.mark.parametrize("text", ["", "{", "NaN", "null", "[]", "3", '"Dense"', "{}", '{"a": 1}'])
def test_what_is_no_config_is_refused(text: str) -> None:
    """Text that is not JSON, or JSON that is no model, is refused."""
    with pytest.raises(allowlist.NotRebuilt):
        rebuild.rebuild(text, [])


@pytest.mark.parametrize("value", [None, 3, "Dense", [], {}, {"class_name": "Dense"}])
def test_layer_without_a_config_is_refused(value: Any) -> None:
    """What stands in the list of layers and is no layer is refused."""
    refused(with_layer(value), match="a layer without a config")


@pytest.mark.parametrize("value", [None, 3, "layers", {}, {"a": 1}])
def test_layers_that_are_no_list_are_refused(value: Any) -> None:
    """A model whose layers are not a list is refused."""
    config = dense()[0]
    config["config"]["layers"] = value
    refused(config)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Lists the path of every node in plain data."""
    yield path
    if isinstance(node, dict | list):
        for key in node if isinstance(node, dict) else range(len(node)):
            yield from places(node[key], (*path, key))


@pytest.mark.parametrize("build", [shared, frozen], ids=["Functional", "Sequential"])
def test_config_with_a_key_missing_is_refused_or_a_model(build: Callable[[], Any]) -> None:
    """Whatever part of a config is left out, it is a model or refused."""
    model = build()
    whole, weights = config_of(model), model.get_weights()
    for path in places(whole):
        if path and isinstance(path[-1], str):
            model_or_refused(changed(whole, path, None, remove=True), weights)


def changed(config: Any, path: tuple[Any, ...], value: Any, remove: bool = False) -> Any:
    """Returns a copy of a config with one node replaced or taken out."""
    if not path:
        return value
    found = json.loads(json.dumps(config))
    node = found
    for key in path[:-1]:
        node = node[key]
    if remove:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return found


def model_or_refused(config: Any, weights: list[np.ndarray]) -> None:
    """Checks that a config gives a model with the weights, or is refused: nothing else."""
    try:
        found = rebuilt(config, weights)
    except CheckFailed as error:
        assert str(error).startswith("Expected a model that the grader can rebuild")
        return
    assert isinstance(found, keras.Model)
    for given_weight, weight in zip(weights, found.get_weights(), strict=True):
        # A config of another dtype holds them as that dtype does.
        np.testing.assert_array_equal(given_weight.astype(weight.dtype), weight)


GOOD = [(config_of(model), model.get_weights()) for model in (shared(), nested(), operations())]
PLACES = [(config, weights, path) for config, weights in GOOD for path in places(config)]
PARTS = [
    json.loads(text)
    for text in {
        json.dumps(node)
        for config, _, path in PLACES
        for node in [functools.reduce(lambda part, key: part[key], path, config)]
    }
]
RANDOM = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 100)
    | st.sampled_from([2**24, -(2**24), 2**63, 10**400])
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["relu", "Dense", "float16", "__keras_tensor__", "function", "Functional"]),
    lambda items: (
        st.lists(items, max_size=4)
        | st.dictionaries(
            st.sampled_from(["class_name", "config", "module", "layers", "name", "value"]), items
        )
    ),
    max_leaves=6,
)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.sampled_from(PLACES), RANDOM | st.sampled_from(PARTS))
def test_config_changed_anywhere_is_refused_or_a_model(place: Any, value: Any) -> None:
    """Random data, or another part of a config, in any place: a model or refused, nothing else."""
    config, weights, path = place
    model_or_refused(changed(config, path, value), weights)


def test_a_model_above_the_limit_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox counts the parameters before it copies them, and tells how many there are."""
    monkeypatch.setattr("graders.sandbox.snapshots.MAX_PARAMETERS", 14)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    with pytest.raises(WrongAnswer, match=r"a model of 15 parameters \(the limit is 14\)"):
        snapshot(model)

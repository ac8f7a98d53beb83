"""What the graph of a model tells: calls in order, activations, depth, down-sampling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest

from graders.toolkit import graph
from tests.keras.models import functional, layers, sequential, snapshot

ops = keras.ops


def kinds(model: Any) -> list[str]:
    """Returns the class names of a model's calls, in order."""
    return [node.kind for node in graph.nodes(model)]


def last(model: Any) -> graph.Node:
    """Returns the call that makes the output."""
    return graph.nodes(model)[-1]


def conv(activation: str | None = None, **arguments: Any) -> Any:
    """Returns a 3×3 convolution that keeps the size."""
    return layers.Conv2D(3, 3, padding="same", activation=activation, **arguments)


# --- nodes ------------------------------------------------------------------------------------


def test_nodes_come_in_order() -> None:
    """A chain is listed from the input on; shapes have None for the batch."""
    found = graph.nodes(sequential((4,), layers.Dense(3), layers.ReLU(), layers.Dense(2)))
    assert [node.kind for node in found] == ["InputLayer", "Dense", "ReLU", "Dense"]
    assert [node.shape for node in found] == [(None, 4), (None, 3), (None, 3), (None, 2)]
    assert found[1].input_shapes == [(None, 4)]
    assert found[0].parents == [] and found[3].parents == [found[2]]


def test_parents_come_before_children() -> None:
    """Where branches join, each of them was listed before."""

    def build(x: Any) -> Any:
        a = layers.Dense(3)(x)
        return layers.Dense(2)(layers.Add()([layers.Dense(3)(layers.Dense(5)(a)), a]))

    found = graph.nodes(functional((4,), build))
    assert [node.kind for node in found] == ["InputLayer", *["Dense"] * 3, "Add", "Dense"]
    places = {id(node): place for place, node in enumerate(found)}
    for node in found:
        assert all(places[id(parent)] < places[id(node)] for parent in node.parents)
    assert found[4].parents == [found[3], found[1]]


def test_nested_models_are_laid_open() -> None:
    """Of a model in a model in a model only the layers are listed, connected across the borders."""
    inner = sequential((3,), layers.Dense(3, activation="tanh"))
    middle = functional((3,), lambda x: layers.Dropout(0.5)(inner(x)))
    found = graph.nodes(sequential((4,), layers.Dense(3), middle, layers.Dense(2)))
    assert [n.kind for n in found] == ["InputLayer", "Dense", "Dense", "Dropout", "Dense"]
    assert found[2].parents == [found[1]]
    assert found[4].parents == [found[3]]


def test_inputs_of_a_nested_model_are_told_apart() -> None:
    """Each input of a nested model is connected to what it was given, whatever the dict's order."""
    a, b = layers.Input((2,), name="a"), layers.Input((3,), name="b")
    inner = keras.Model({"b": b, "a": a}, layers.Concatenate()([layers.ReLU()(a), b]))
    x, y = layers.Input((2,)), layers.Input((3,))
    found = graph.nodes(keras.Model([x, y], inner({"a": x, "b": y})))
    relu = next(node for node in found if node.kind == "ReLU")
    assert [parent.shape for parent in relu.parents] == [(None, 2)]


def test_a_shared_layer_is_called_twice() -> None:
    """One layer, two calls: two nodes with the same `op`."""
    shared = layers.Dense(4)
    found = graph.nodes(functional((4,), lambda x: shared(layers.ReLU()(shared(x)))))
    calls = [node for node in found if node.op is shared]
    assert len(calls) == 2
    assert graph.depth(found, lambda node: node.kind == "Dense") == 2


def test_a_shared_nested_model_is_laid_open_twice() -> None:
    """A nested model with two calls has its layers twice in the list."""
    inner = sequential((4,), layers.Dense(4))
    assert kinds(functional((4,), lambda x: inner(inner(x)))) == ["InputLayer", "Dense", "Dense"]


def test_an_unused_branch_is_absent() -> None:
    """A layer whose output leads nowhere is not listed."""

    def build(x: Any) -> Any:
        layers.Conv2D(3, 3)(x)
        return layers.Flatten()(x)

    assert kinds(functional((8, 8, 1), build)) == ["InputLayer", "Flatten"]


def test_an_unused_output_of_a_nested_model_is_absent() -> None:
    """Of a nested model with two outputs only the way to the used one is listed."""
    x = layers.Input((4,))
    inner = keras.Model(x, [layers.Dense(2)(x), layers.ReLU()(layers.Dense(3)(x))])
    model = functional((4,), lambda x: inner(x)[0])
    assert kinds(model) == ["InputLayer", "Dense"]
    assert last(model).shape == (None, 2)


def test_all_outputs_are_listed() -> None:
    """Every output of the model itself counts as used."""
    x = layers.Input((4,))
    model = keras.Model(x, [layers.Dense(2)(x), layers.ReLU()(x)])
    assert kinds(model) == ["InputLayer", "Dense", "ReLU"]


def test_a_deep_model_does_not_meet_the_recursion_limit() -> None:
    """More calls in a row than Python recurses."""
    identity = layers.Identity()

    def build(x: Any) -> Any:
        for _ in range(1100):
            x = identity(x)
        return x

    # The depth of the walk is what matters; making a model of it would take Keras seconds.
    x = layers.Input((1,))
    chain = type("Chain", (), {"outputs": [build(x)]})()
    assert len(graph.nodes(chain)) == 1101


# --- activations ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Dense(2), "linear"),
        (layers.Dense(2, activation="relu"), "relu"),
        (layers.Dense(2, activation=keras.activations.tanh), "tanh"),
        (layers.Activation("sigmoid"), "sigmoid"),
        (layers.Dense(2, activation=layers.LeakyReLU()), "LeakyReLU"),
        (layers.LSTM(2), "tanh"),
        (layers.Flatten(), "linear"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_activation_name(layer: Any, expected: str) -> None:
    """A layer's activation by its name, `linear` where there is none."""
    assert graph.activation_name(layer) == expected


BENDING: dict[str, Callable[[Any], Any]] = {
    "ReLU layer": layers.ReLU(),
    "LeakyReLU layer": layers.LeakyReLU(),
    "Softmax layer": layers.Softmax(),
    "PReLU layer": layers.PReLU(),
    "Activation layer": layers.Activation("tanh"),
    "activation argument": layers.Dense(2, activation="relu"),
    "activation of a convolution": layers.Conv2D(2, 3, activation="relu"),
    "ops.relu": ops.relu,
    "ops.tanh": ops.tanh,
    "ops.exp": ops.exp,
    "ops.abs": ops.abs,
    "maximum with 0": lambda x: ops.maximum(x, 0.0),
    "a power": lambda x: x**2,
    "the product with itself": lambda x: x * x,
    "Multiply layer": lambda x: layers.Multiply()([x, layers.Identity()(x)]),
}
STRAIGHT: dict[str, Callable[[Any], Any]] = {
    "Dense": layers.Dense(2),
    "Conv2D": layers.Conv2D(2, 3),
    "Activation linear": layers.Activation("linear"),
    "a constant times": lambda x: x * 2.0,
    "divided by a constant": lambda x: x / 255.0,
    "ops.divide": lambda x: ops.divide(x, 255.0),
    "a constant more": lambda x: x + 1.0,
    "a constant less": lambda x: x - 1.0,
    "the negative": lambda x: -x,
    "Dropout": layers.Dropout(0.5),
    "SpatialDropout2D": layers.SpatialDropout2D(0.5),
    "GaussianNoise": layers.GaussianNoise(0.5),
    "MaxPooling2D": layers.MaxPooling2D(),
    "AveragePooling2D": layers.AveragePooling2D(2),
    "GlobalAveragePooling2D": layers.GlobalAveragePooling2D(),
    "GlobalMaxPooling2D": layers.GlobalMaxPooling2D(),
    "BatchNormalization": layers.BatchNormalization(),
    "Rescaling": layers.Rescaling(1 / 255),
    "Flatten": layers.Flatten(),
    "RandomFlip": layers.RandomFlip(),
    "RandomRotation": layers.RandomRotation(0.1),
    "ops.max_pool": lambda x: ops.max_pool(x, 2),
    "ops.mean": lambda x: ops.mean(x, axis=(1, 2)),
    "ops.reshape": lambda x: ops.reshape(x, (-1, 192)),
    "a part of it": lambda x: x[:, :4],
}


@pytest.mark.parametrize("name", BENDING)
def test_a_nonlinearity_bends(name: str) -> None:
    """Activations as layers, arguments and operations, and products of two tensors."""
    assert graph.bends(last(functional((8, 8, 3), BENDING[name])))


@pytest.mark.parametrize("name", STRAIGHT)
def test_what_is_no_activation_does_not_bend(name: str) -> None:
    """Linear layers, scaling, dropout, pooling, normalisation, reshaping."""
    assert not graph.bends(last(functional((8, 8, 3), STRAIGHT[name])))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Conv2D(2, 3), True),
        (layers.Conv2D(2, (1, 3)), True),
        (layers.SeparableConv2D(2, 3), True),
        (layers.DepthwiseConv2D(3), True),
        (layers.Conv2D(2, 1), False),
        (layers.Conv2DTranspose(2, 3), False),
        (layers.Dense(2), False),
        (lambda x: ops.conv(x, ops.ones((3, 3, 3, 2))), False),
    ],
    ids="3x3 1x3 separable depthwise 1x1 transposed dense operation".split(),
)
def test_is_convolution(layer: Any, expected: bool) -> None:
    """Trainable 2-D convolutions with a kernel larger than 1×1, and nothing else."""
    assert graph.is_convolution(last(functional((8, 8, 3), layer))) is expected


# --- depth ------------------------------------------------------------------------------------


def _parallel(x: Any) -> Any:
    return layers.Concatenate()([conv("relu")(x), conv("relu")(x)])


def _residual(x: Any) -> Any:
    return layers.Add()([x, conv()(conv("relu")(x))])


def _shortcut(x: Any) -> Any:
    # One way has one convolution, the other two.
    first = conv("relu")(x)
    return layers.Add()([first, conv("relu")(first)])


def chain(*stack: Any) -> Callable[[Any], Any]:
    """Returns a function that applies layers one after the other."""

    def build(x: Any) -> Any:
        for layer in stack:
            x = layer(x)
        return x

    return build


DEPTHS: dict[str, tuple[Callable[[Any], Any], int, int]] = {
    "none": (layers.ReLU(), 0, 0),
    "one": (conv(), 1, 1),
    "two in a row": (chain(conv(), conv()), 1, 2),
    "three in a row": (chain(conv(), conv(), conv()), 1, 3),
    "an activation argument": (chain(conv("relu"), conv()), 2, 2),
    "an activation after both": (chain(conv(), conv("relu")), 1, 2),
    "a ReLU layer between": (chain(conv(), layers.ReLU(), conv()), 2, 2),
    "a ReLU layer before both": (chain(layers.ReLU(), conv(), conv()), 1, 2),
    "ops.relu between": (chain(conv(), ops.relu, conv()), 2, 2),
    "BatchNormalization and ReLU": (
        chain(conv(), layers.BatchNormalization(), layers.ReLU(), conv()),
        2,
        2,
    ),
    "dropout between": (chain(conv(), layers.Dropout(0.5), conv()), 1, 2),
    "pooling between": (chain(conv(), layers.MaxPooling2D(), conv()), 1, 2),
    "scaling between": (chain(conv(), lambda x: x * 0.5, conv()), 1, 2),
    "two straight, then a bend": (chain(conv(), conv("relu"), conv("relu")), 2, 3),
    "parallel": (_parallel, 1, 1),
    "parallel, then one": (chain(_parallel, conv()), 2, 2),
    "residual": (_residual, 2, 2),
    "two residuals": (chain(_residual, _residual), 3, 4),
    "a shortcut": (_shortcut, 2, 2),
}


@pytest.mark.parametrize("name", DEPTHS)
def test_depths(name: str) -> None:
    """`depth` counts convolutions in a row, `effective_depth` those that an activation separates."""
    build, effective, plain = DEPTHS[name]
    found = graph.nodes(functional((8, 8, 3), build))
    assert graph.effective_depth(found, graph.is_convolution) == effective
    assert graph.depth(found, graph.is_convolution) == plain


def test_depth_of_nothing() -> None:
    """Without nodes there is nothing to count."""
    assert graph.depth([], graph.is_convolution) == 0
    assert graph.effective_depth([], graph.is_convolution) == 0


# --- down-sampling ----------------------------------------------------------------------------

SMALLER: dict[str, Callable[[Any], Any]] = {
    "MaxPooling2D": layers.MaxPooling2D(),
    "AveragePooling2D": layers.AveragePooling2D(2),
    "GlobalAveragePooling2D": layers.GlobalAveragePooling2D(),
    "GlobalMaxPooling2D": layers.GlobalMaxPooling2D(),
    "GlobalMaxPooling2D that keeps axes": layers.GlobalMaxPooling2D(keepdims=True),
    "strides": layers.Conv2D(4, 3, strides=2),
    "strides along one axis": layers.Conv2D(4, 3, strides=(1, 2), padding="same"),
    "ops.max_pool": lambda x: ops.max_pool(x, 2),
    "ops.average_pool": lambda x: ops.average_pool(x, 2, 2),
    "ops.mean over the picture": lambda x: ops.mean(x, axis=(1, 2)),
    "ops.max over the picture": lambda x: ops.max(x, axis=(1, 2)),
}
NOT_SMALLER: dict[str, Callable[[Any], Any]] = {
    "no strides": layers.Conv2D(4, 3, padding="same"),
    "valid padding": layers.Conv2D(4, 3),
    "Cropping2D": layers.Cropping2D(8),
    "CenterCrop": layers.CenterCrop(8, 8),
    "Resizing": layers.Resizing(8, 8),
    "transposed": layers.Conv2DTranspose(4, 3, strides=2),
    "UpSampling2D": layers.UpSampling2D(),
    "ReLU": layers.ReLU(),
}


@pytest.mark.parametrize("side", [32, None], ids=["32x32", "open"])
@pytest.mark.parametrize("name", SMALLER)
def test_down_sampling_shrinks(name: str, side: int | None) -> None:
    """Pooling and strides, whether the picture's size is given or left open."""
    assert graph.shrinks(last(functional((side, side, 3), SMALLER[name])))


@pytest.mark.parametrize("side", [32, None], ids=["32x32", "open"])
@pytest.mark.parametrize("name", NOT_SMALLER)
def test_other_calls_do_not_shrink(name: str, side: int | None) -> None:
    """Not the cutting off of a border, and no smaller copy of the input."""
    assert not graph.shrinks(last(functional((side, side, 3), NOT_SMALLER[name])))


@pytest.mark.parametrize(
    "layer",
    [layers.Flatten(), layers.Reshape((16, 16, 12)), layers.MaxPooling2D(1)],
    ids=["Flatten", "pixels into channels", "a pool of one pixel"],
)
def test_the_same_amount_is_not_smaller(layer: Any) -> None:
    """With a known size: numbers that are moved only, or a pool of one pixel."""
    assert not graph.shrinks(last(functional((32, 32, 3), layer)))


def test_an_input_does_not_shrink() -> None:
    """What has no input of its own takes nothing away."""
    assert not graph.shrinks(graph.nodes(functional((8, 8, 3), layers.ReLU()))[0])


def test_a_sequence_does_not_shrink() -> None:
    """Strides along time are no down-sampling of pictures; pooling is counted by its name."""
    assert not graph.shrinks(last(sequential((32, 3), layers.Conv1D(2, 3, strides=2))))
    assert graph.shrinks(last(sequential((32, 3), layers.MaxPooling1D())))


# --- lists and words --------------------------------------------------------------------------


def test_layers_of() -> None:
    """Each layer of the classes once, in the order of the graph, nested ones too."""
    first, shared, other = layers.Dense(4), layers.Dense(4), layers.LayerNormalization()
    inner = sequential((4,), shared, other)
    found = graph.nodes(functional((4,), lambda x: inner(layers.ReLU()(inner(first(x))))))
    assert graph.layers_of(found, "Dense") == [first, shared]
    assert graph.layers_of(found, "LayerNormalization", "Dense") == [first, shared, other]
    assert graph.layers_of(found, "Conv2D") == []


def two_inputs() -> Any:
    """Returns a model of two inputs: `context` twice through one layer, `image` through two."""
    image, context = layers.Input((4,), name="image"), layers.Input((3,), name="context")
    shared = layers.Dense(3, name="shared")
    inner = sequential((4,), layers.Dense(3, name="inner"), layers.ReLU())
    frozen = layers.Dense(3, name="frozen", trainable=False)(inner(image))
    joined = layers.Concatenate(name="joined")([frozen, shared(shared(context))])
    return keras.Model([image, context], layers.Dense(2, name="end")(joined))


def by_name(sets: dict[graph.Node, Any]) -> dict[str, Any]:
    """Returns what was found for the last call of each layer, by the layer's name."""
    return {node.op.name: found for node, found in sets.items()}


def test_inputs_before() -> None:
    """Each call has the names of the inputs that its result depends on, through nested models."""
    model = two_inputs()
    inputs = dict(zip(("image", "context"), model.inputs, strict=True))
    found = by_name(graph.inputs_before(graph.nodes(model), inputs))
    assert found["inner"] == found["frozen"] == {"image"}
    assert found["shared"] == {"context"}
    assert found["joined"] == found["end"] == {"image", "context"}


def test_what_has_only_the_shape_of_an_input_does_not_depend_on_it() -> None:
    """A vector is laid over a picture's places by adding zeros of the picture's shape."""
    picture, vector = keras.Input((4, 4, 1), name="image"), keras.Input((3,), name="context")
    tiled = keras.layers.Reshape((1, 1, 3))(vector) + keras.ops.zeros_like(picture)
    model = keras.Model([picture, vector], keras.ops.concatenate([picture, tiled], axis=-1))
    inputs = {"image": picture, "context": vector}
    nodes = graph.nodes(model)
    found = {node.kind: names for node, names in graph.inputs_before(nodes, inputs).items()}
    assert found["ZerosLike"] == frozenset()
    assert found["Add"] == {"context"}
    assert found["Concatenate"] == {"image", "context"}


def test_trainable_before() -> None:
    """Each layer with trainable weights counts once on the ways to a call; a frozen one does not."""
    nodes = graph.nodes(two_inputs())
    layer = {node.op.name: id(node.op) for node in nodes}
    found = by_name(graph.trainable_before(nodes))
    assert found["image"] == found["context"] == frozenset()
    assert found["frozen"] == {layer["inner"]}
    assert found["shared"] == {layer["shared"]}
    assert found["end"] == {layer["inner"], layer["shared"], layer["end"]}


def test_path_in_config() -> None:
    """A layer of a model within the model is found through both, by the student's own names."""
    layers = keras.layers
    base = keras.Sequential([layers.Input((4,)), layers.Dense(3, name="deep")], name="base")
    whole = keras.Sequential([layers.Input((4,)), base, layers.Dense(2, name="top")], name="whole")
    config = snapshot(whole).config
    assert graph.path_in_config(config, "deep") == ["base", "deep"]
    assert graph.path_in_config(config, "top") == ["top"]
    assert graph.path_in_config(config, "other") == []
    layer = whole
    for name in graph.path_in_config(config, "deep"):
        layer = layer.get_layer(name)
    assert layer is base.layers[0]


@pytest.mark.parametrize(
    "config",
    [
        "",
        "[",
        "[]",
        "{}",
        '{"config": 3}',
        '{"config": {"layers": [3, {"config": 3}, {}]}}',
        "[" * 9999,
    ],
)
def test_path_in_a_config_that_is_none(config: str) -> None:
    """The config is a claim: what is no model's holds no layer."""
    assert graph.path_in_config(config, "deep") == []


def test_layers_where() -> None:
    """Each layer that counts once, though it is called twice."""
    nodes = graph.nodes(two_inputs())
    chosen = graph.layers_where(nodes, lambda node: node.op.name in ("shared", "end"))
    assert [layer.name for layer in chosen] == ["shared", "end"]


def test_describe() -> None:
    """The class names without inputs, at most as many as asked for."""
    found = graph.nodes(sequential((4,), layers.Dense(3), layers.ReLU(), layers.Dense(2)))
    assert graph.describe(found) == "Dense, ReLU, Dense"
    assert graph.describe(found, limit=3) == "Dense, ReLU, Dense"
    assert graph.describe(found, limit=2) == "Dense, ReLU, …"


BETWEEN: dict[str, tuple[Any, list[str]]] = {
    "between": (lambda x: layers.Dense(3)(layers.Dropout(0.5)(layers.Dense(4)(x))), ["Dropout"]),
    "on the inputs": (lambda x: layers.Dense(3)(layers.Dropout(0.5)(x)), []),
    "after the last": (lambda x: layers.Dropout(0.5)(layers.Dense(3)(x)), []),
    "not next to them": (
        lambda x: layers.Dense(3)(layers.ReLU()(layers.Dropout(0.5)(layers.ReLU()(_dense()(x))))),
        ["ReLU", "Dropout", "ReLU"],
    ),
    "on a way around": (lambda x: layers.Dense(3)(layers.Add()([x, layers.Dense(6)(x)])), ["Add"]),
    "a counted one": (lambda x: _dense()(_dense()(_dense()(x))), ["Dense"]),
}


def _dense() -> Any:
    """Returns a fresh layer with four units."""
    return layers.Dense(4)


@pytest.mark.parametrize("name", BETWEEN)
def test_what_stands_between_layers_with_a_kernel(name: str) -> None:
    """A call counts if a path from one kernel to another goes through it."""
    build, expected = BETWEEN[name]
    found = graph.nodes(functional((6,), build))
    assert [node.kind for node in graph.between(found, graph.has_kernel)] == expected


def test_kernels_have_two_axes() -> None:
    """Dense and recurrent layers have a kernel, BatchNormalization has vectors only."""
    model = sequential(
        (6, 2), layers.BatchNormalization(), layers.LSTM(3), layers.Dense(2), layers.Softmax()
    )
    kinds = [node.kind for node in graph.nodes(model) if graph.has_kernel(node)]
    assert kinds == ["LSTM", "Dense"]

"""Instruments for a student's object: it is made, called, copied, and brought into plain data."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import keras
import numpy as np
import pytest

from graders.boundary import wire
from graders.boundary.names import Kind
from graders.sandbox import objects
from graders.sandbox.box import Box
from graders.sandbox.errors import WrongAnswer

Layer = keras.layers.Layer


class Scale(Layer):
    """Right work: multiplies by a weight."""

    def __init__(self, factor: float = 2.0, activation: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.factor, self.activation = factor, keras.activations.get(activation)

    def build(self, shape: Any) -> None:
        self.w = self.add_weight(shape=(shape[-1],), initializer="ones", name="w")

    def call(self, x: Any) -> Any:
        return self.activation(x * self.w * self.factor)

    def get_config(self) -> dict[str, Any]:
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "factor": self.factor, "activation": activation}


def raised(call: Callable[[], Any]) -> tuple[Kind, str]:
    """Returns the kind and the message of the wrong answer that a call finds."""
    with pytest.raises(WrongAnswer) as caught:
        call()
    return caught.value.kind, str(caught.value)


# --- plain --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (0.5, 0.5),
        ("text", "text"),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.str_("text"), "text"),
        (np.array(3), 3),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        ((1, 2.5), [1, 2.5]),
        ([1, [2, [3]], "4"], [1, [2, [3]], "4"]),
        ({"a": np.float64(1), 2: [np.int8(3)]}, {"a": 1.0, "2": [3]}),
        (keras.ops.ones(()), 1.0),
        (keras.DTypePolicy("mixed_float16"), "mixed_float16"),
        (Fraction(1, 4), 0.25),
    ],
    ids=repr,
)
def test_plain_data_stay(value: Any, expected: Any) -> None:
    """Numbers of NumPy's, scalars of TensorFlow's and ragged lists become Python's own."""
    found = objects.plain(value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (object(), "object"),
        ({1, 2}, "set"),
        (np.tanh, "ufunc"),
        (1j, "complex"),
        (np.array(1j), "complex"),
        (keras.ops.ones((2,)), "EagerTensor"),
        (10**5000, "int that is far too large"),
        (Fraction(10**400), "Fraction"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_things_are_known_by_their_type(value: Any, kind: str) -> None:
    """What is no plain data, or a number that is too large, is replaced by its type's name."""
    assert objects.plain(value) == {"kind": kind}
    assert objects.plain([value]) == [{"kind": kind}]


def test_nesting_ends() -> None:
    """A list that holds itself ends after three levels."""
    value: list[Any] = []
    value.append(value)
    assert objects.plain(value) == [[[{"kind": "list"}]]]


@pytest.mark.parametrize(
    ("value", "length"),
    [
        ([0] * 5000, objects.MAX_ITEMS),
        (np.zeros(10**8, "int8"), objects.MAX_ITEMS),
        ({str(i): i for i in range(5000)}, objects.MAX_KEYS),
        ("x" * 10**6, objects.MAX_TEXT),
    ],
    ids=["list", "array", "dict", "string"],
)
def test_what_is_long_is_cut(value: Any, length: int) -> None:
    """Of a long value only the beginning is sent."""
    assert len(objects.plain(value)) == length


def test_what_is_large_in_all_is_cut() -> None:
    """Three levels of a thousand items each would be a thousand million."""
    inner = [0] * 1000
    found = objects.plain([[inner] * 1000] * 1000)
    count = sum(1 + sum(1 + len(row) for row in rows) for rows in found)
    assert 1000 < count <= objects.MAX_ALL


def test_plain_data_can_be_sent() -> None:
    """Whatever comes out goes over the wire."""
    values = [np.float16(1), {None: np.int8(1)}, [object()], float("nan"), 2**64, 10**5000]
    wire.encode(objects.plain(values))


# --- make ---------------------------------------------------------------------------------------


def test_make() -> None:
    """A class with the right base is made with its arguments; `name` may be one of them."""
    found = objects.make(Scale, Layer, 3.0, activation="tanh", name="mine")
    assert isinstance(found, Scale)
    assert (found.factor, found.name) == (3.0, "mine")

    class Logarithm(Layer):
        def __init__(self, base: float):
            super().__init__()
            self.base = base

    assert objects.make(Logarithm, Layer, base=2.0).base == 2.0


def test_make_by_name() -> None:
    """A probe makes it by its name, and `name` may be an option of the layer there too."""
    box = Box.__new__(Box)
    box.student, box.filename = type("student", (), {"Scale": Scale}), "student.py"
    assert box.make("Scale", Layer, name="mine").name == "mine"
    kind, message = raised(lambda: box.make("Other", Layer))
    assert (kind, message) == (Kind.MISSING, "student.py defines no `Other`.")


class Instance:
    """An object that can be called, and has no name."""

    def __call__(self) -> Layer:
        return Layer()


class Anything:
    """A class of the student's own, without a base class."""


@pytest.mark.parametrize(
    ("made", "base", "message"),
    [
        (Anything, Layer, "`Anything` is not a class that inherits from keras.layers.Layer."),
        (keras.Model, keras.Loss, "`Model` is not a class that inherits from keras.losses.Loss."),
        (np.tanh, Layer, "`tanh` is not a class that inherits from keras.layers.Layer."),
        (
            functools.partial(Scale, 2.0),
            Layer,
            "`functools.partial` is not a class that inherits from keras.layers.Layer.",
        ),
        (
            Instance(),
            Layer,
            f"`{__name__.split('.')[0]}.Instance` is not a class that inherits from "
            "keras.layers.Layer.",
        ),
        (Anything, dict, "`Anything` is not a class that inherits from builtins.dict."),
    ],
)
def test_wrong_base_class(made: Any, base: type, message: str) -> None:
    """A class of another kind, a function, or an object: the message tells what is expected."""
    assert raised(lambda: objects.make(made, base)) == (Kind.BASE_CLASS, message)


def test_a_class_that_makes_something_else() -> None:
    """`__new__` may return anything."""

    class Odd(Layer):
        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return [1]

    message = "`Odd` makes list, not a keras.layers.Layer."
    assert raised(lambda: objects.make(Odd, Layer)) == (Kind.BASE_CLASS, message)


class Strict(Layer):
    """A layer that takes none of the standard arguments."""

    def __init__(self, units: int, activation: Any = None):
        super().__init__()


def _softer(z: Any) -> Any:
    return z


@pytest.mark.parametrize(
    ("args", "options", "given", "problem"),
    [
        ((), {}, "", "missing a required argument: 'units'"),
        (
            (3,),
            {"activation": "tanh", "dtype": "float64"},
            '3, activation="tanh", dtype="float64"',
            "got an unexpected keyword argument 'dtype'",
        ),
        ((3, None, [1, "a"]), {}, "3, None, [1, 'a']", "too many positional arguments"),
        ((3, _softer, 1), {}, "3, _softer, 1", "too many positional arguments"),
        ((3, lambda z: z, 1), {}, "3, a function, 1", "too many positional arguments"),
        ((3, None, "é"), {}, '3, None, "é"', "too many positional arguments"),
        ((3, None, [0] * 99), {}, f"3, None, {'[' + '0, ' * 26 + '0'} …", "too many positional arguments"),
    ],
)  # fmt: skip
def test_wrong_arguments(args: Any, options: Any, given: str, problem: str) -> None:
    """The call stands in the message as a student would type it."""
    message = f"`Strict({given})` fails: {problem}."
    assert raised(lambda: objects.make(Strict, Layer, *args, **options)) == (
        Kind.ARGUMENTS,
        message,
    )


def test_a_class_without_init() -> None:
    """The arguments of the base class are no arguments of the stub."""

    class Bare(Layer):
        pass

    message = "`Bare(3)` fails: too many positional arguments."
    assert raised(lambda: objects.make(Bare, Layer, 3)) == (Kind.ARGUMENTS, message)


def test_a_decorated_init_takes_what_its_wrapper_takes() -> None:
    """The wrapper adds an argument that the wrapped function needs."""

    def with_scale(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
            function(self, *args, scale=2.0, **kwargs)

        return wrapper

    class Decorated(Layer):
        @with_scale
        def __init__(self, units: int, *, scale: float):
            super().__init__()
            self.given = (units, scale)

    assert objects.make(Decorated, Layer, 3).given == (3, 2.0)


def test_a_signature_that_cannot_be_read_is_not_checked() -> None:
    """The class is made all the same."""

    class Unreadable(keras.Loss):
        def __init__(self, units: int):
            super().__init__()
            self.units = units

    Unreadable.__init__.__signature__ = "no signature"  # type: ignore[attr-defined]
    assert objects.make(Unreadable, keras.Loss, 3).units == 3


def test_what_init_raises_is_raised() -> None:
    """An error of the student's own is no wrong argument."""

    class Raises(Layer):
        def __init__(self, units: int):
            raise TypeError("units must be even")

    with pytest.raises(TypeError, match="units must be even"):
        objects.make(Raises, Layer, 3)


# --- result and optional ------------------------------------------------------------------------


def test_result() -> None:
    """A tensor becomes an array of the same dtype."""
    found = objects.result(keras.ops.ones((2, 3), "float16"), "call")
    assert (found.shape, found.dtype.name) == ((2, 3), "float16")


@pytest.mark.parametrize(
    ("value", "kind"), [(None, "None"), ([1.0], "list"), (1.0, "float"), (Scale, "type")]
)
def test_no_result(value: Any, kind: str) -> None:
    """Anything but a tensor is named."""
    assert raised(lambda: objects.result(value, "call")) == (
        Kind.NO_RESULT,
        f"`call` returned {kind}.",
    )


def test_optional() -> None:
    """A gradient that does not arrive stays None; one that does becomes an array."""
    assert objects.optional(None) is None
    np.testing.assert_array_equal(objects.optional(keras.ops.ones((2,))), [1.0, 1.0])


# --- copies -------------------------------------------------------------------------------------


def test_copies() -> None:
    """One copy from the config, one by saving and loading; each is a new object like the first."""
    layer = Scale(3.0, "tanh", name="mine", dtype="float64")
    config, found = objects.copies(layer)
    assert (config["factor"], config["name"]) == (3.0, "mine")
    assert len(found) == 2
    for copy in found:
        assert copy is not layer
        assert (copy.factor, copy.name, copy.dtype_policy.name) == (3.0, "mine", "float64")
        assert copy.activation is keras.activations.tanh


def test_copies_without_saving() -> None:
    """A function in the config cannot travel: there is one copy, which has it."""

    class Kept(Scale):
        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "activation": self.activation}

    _, [copy] = objects.copies(Kept(activation=_softer), saved=False)
    assert copy.activation is _softer


def test_a_copy_leaves_the_config_as_it_was() -> None:
    """What from_config takes out of its argument is still in the config that is returned."""

    class Takes(Scale):
        @classmethod
        def from_config(cls, config: dict[str, Any]) -> Any:
            config.pop("factor")
            return cls()

    config, _ = objects.copies(Takes(3.0))
    assert config["factor"] == 3.0


class Unprintable(Exception):
    """A hostile error."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def _raise(error: Exception) -> Any:
    raise error


def _other(**methods: Any) -> Any:
    """Returns a layer whose class has these methods instead of Scale's."""
    return type("Other", (Scale,), methods)()


ORIGINAL: list[Any] = []


@pytest.mark.parametrize(
    ("methods", "saved", "message"),
    [
        (
            {"get_config": lambda self: _raise(KeyError("units"))},
            True,
            "get_config raised KeyError: 'units'",
        ),
        (
            {"get_config": lambda self: _raise(NotImplementedError("later"))},
            True,
            "get_config raised NotImplementedError: later",
        ),
        ({"get_config": lambda self: None}, True, "get_config returned None, not a dict"),
        ({"get_config": lambda self: [1]}, True, "get_config returned list, not a dict"),
        (
            {"get_config": lambda self: _raise(Unprintable())},
            True,
            "get_config raised Unprintable: no message",
        ),
        (
            {"get_config": lambda self: {"unit": 3}},
            True,
            "from_config(get_config()) raised TypeError: Unrecognized keyword arguments passed to "
            "Other: {'unit': 3}",
        ),
        (
            {"from_config": classmethod(lambda cls, config: _raise(ValueError("Two\nlines.")))},
            True,
            "from_config(get_config()) raised ValueError: Two",
        ),
        (
            {"from_config": classmethod(lambda cls, config: None)},
            False,
            "from_config returned None, not a Other",
        ),
        (
            {"from_config": classmethod(lambda cls, config: Scale())},
            False,
            f"from_config returned {__name__.split('.')[0]}.Scale, not a Other",
        ),
        (
            {"from_config": classmethod(lambda cls, config: ORIGINAL[-1])},
            False,
            "from_config returned the very same Other, not a new one",
        ),
        (
            {"get_config": lambda self: {"activation": object()}},
            False,
            "from_config(get_config()) raised TypeError: Could not interpret activation function "
            "identifier",
        ),
        (
            {"get_config": lambda self: {"factor": {1, 2}}},
            True,
            "saving and loading it raised TypeError: Cannot serialize object {1, 2}",
        ),
    ],
    ids=[
        "get_config raises", "not implemented", "no config", "list", "hostile", "wrong key",
        "from_config raises", "no copy", "another class", "the same", "odd value", "unsavable",
    ],
)  # fmt: skip
def test_no_copy(methods: dict[str, Any], saved: bool, message: str) -> None:
    """Each way to fail has its words."""
    layer = _other(**methods)
    ORIGINAL[:] = [layer]
    kind, found = raised(lambda: objects.copies(layer, saved))
    assert kind == Kind.NO_COPY
    assert found.startswith(message)
    assert not found.endswith(".")


def test_the_call_stands_before_the_problem() -> None:
    """A student can make the same object."""
    layer = _other(get_config=lambda self: None)
    _, message = raised(lambda: objects.copies(layer, shown="Other(3)"))
    assert message == "with `Other(3)`, get_config returned None, not a dict"


def test_no_config_of_its_own() -> None:
    """Keras makes a config by itself, but not for a function."""

    class Silent(Layer):
        def __init__(self, activation: Any = None, **kwargs: Any):
            super().__init__(**kwargs)

    objects.copies(Silent("tanh"))
    kind, message = raised(lambda: objects.copies(Silent(_softer)))
    assert kind == Kind.NO_COPY
    assert message.startswith("no get_config of its own")


@pytest.mark.parametrize("method", ["get_config", "from_config"])
def test_what_is_not_written_yet_stays_so(method: str) -> None:
    """The stub's error is not one of copying."""
    todo = NotImplementedError("TODO: write it")
    methods = {
        "get_config": {"get_config": lambda self: _raise(todo)},
        "from_config": {"from_config": classmethod(lambda cls, config: _raise(todo))},
    }
    with pytest.raises(NotImplementedError, match="TODO: write it"):
        objects.copies(_other(**methods[method]))


def test_sys_exit_goes_through() -> None:
    """A submission that ends the process is told so, and not that its copy is wrong."""
    layer = _other(get_config=lambda self: sys.exit(0))
    with pytest.raises(SystemExit):
        objects.copies(layer)


# --- weight, call_with and parts ----------------------------------------------------------------


def test_weight() -> None:
    """A weight of Keras's: its shape, dtype and value."""
    layer = Scale(dtype="float64")
    layer.build((None, 3))
    found = objects.weight(layer, "w")
    np.testing.assert_array_equal(found.pop("value"), np.ones(3))
    assert found == {
        "kind": "keras",
        "shape": [3],
        "dtype": "float64",
        "tracked": True,
        "frozen": False,
    }
    layer.trainable = False
    found = objects.weight(layer, "w")
    assert (found["tracked"], found["frozen"]) == (False, True)


def test_what_is_no_weight_of_a_layer() -> None:
    """Raw and untracked variables, arrays, and nothing at all."""
    import tensorflow as tf

    layer = Scale()
    layer.build((None, 2))
    layer._tracker.unlock()
    layer.seen = layer.add_weight(shape=(), initializer="zeros", trainable=False)
    layer.raw, layer.array = tf.Variable([1.0, 2.0]), np.ones(2)
    outside = keras.Variable([1.0])
    vars(layer)["outside"] = outside
    kinds = {name: objects.weight(layer, name) for name in ("raw", "array", "outside", "missing")}
    assert [found["kind"] for found in kinds.values()] == ["tf", "ndarray", "keras", "NoneType"]
    assert [found["shape"] for found in kinds.values()] == [[2], [], [1], []]
    assert not any(found["tracked"] or found["frozen"] for found in kinds.values())


def test_call_with() -> None:
    """The layer is built by a first call, and answers with the grader's weights."""
    x = np.array([[1.0, 2.0]])
    found = objects.call_with(Scale(3.0), x, w=np.array([5.0, 7.0]))
    np.testing.assert_allclose(found, [[15.0, 42.0]])


def test_weights_of_another_shape_are_left_out() -> None:
    """The layer keeps its own; a check compares the shapes."""
    found = objects.call_with(Scale(3.0), np.array([[1.0, 2.0]]), w=np.ones(5))
    np.testing.assert_allclose(found, [[3.0, 6.0]])


def test_a_call_without_result_builds_nothing() -> None:
    """It is reported before its weights are looked for."""
    layer = _other(call=lambda self, x: None)
    assert raised(lambda: objects.call_with(layer, np.ones((1, 2)))) == (
        Kind.NO_RESULT,
        "`call` returned None.",
    )


DENSE = (keras.layers.Dense, keras.layers.EinsumDense)


class Holder(Layer):
    """Holds a layer in a list in a layer."""

    def __init__(self, *held: Any):
        super().__init__()
        self.inner = keras.Sequential(list(held))


def test_parts() -> None:
    """Layers are found however deep they lie, and so is the base class."""
    assert objects.parts(Scale(), DENSE) == []
    assert objects.parts(Holder(keras.layers.ReLU()), DENSE) == []
    assert objects.parts(Holder(Holder(keras.layers.Dense(2))), DENSE) == ["Dense"]
    mine = type("Mine", (keras.layers.Dense,), {})
    assert objects.parts(Holder(mine(2)), DENSE) == ["Dense"]
    assert objects.parts(mine(2), DENSE) == ["a subclass of Dense"]


# --- computed_by --------------------------------------------------------------------------------


def test_computed_by() -> None:
    """Layers are found while they compute, also where no attribute holds them."""
    hidden = [keras.layers.Dense(2)]
    x = np.ones((1, 3), "float32")
    layer = _other(call=lambda self, x: hidden[0](x))
    assert set(objects.computed_by(lambda: layer(x), DENSE)) == {"Dense"}
    borrowed = _other(call=lambda self, x: keras.layers.Dense.call(hidden[0], x))
    assert set(objects.computed_by(lambda: borrowed(x), DENSE)) == {"Dense"}
    assert objects.computed_by(lambda: Scale()(x), DENSE) == []


def test_computed_by_before_an_error() -> None:
    """What ran before an error counts; the error is the business of others."""

    def call() -> None:
        keras.layers.Dense(2)(np.ones((1, 3)))
        raise ValueError("later")

    assert set(objects.computed_by(call, DENSE)) == {"Dense"}


def test_the_profile_is_put_back() -> None:
    """Nobody watches afterwards, and who watched before still does."""

    def watch(*_: Any) -> None:
        pass

    before = sys.getprofile()
    try:
        sys.setprofile(watch)
        objects.computed_by(lambda: _raise(ValueError()), DENSE)
        assert sys.getprofile() is watch
    finally:
        sys.setprofile(before)


# --- activation ---------------------------------------------------------------------------------


def test_activation() -> None:
    """Names stay names; a function is made here."""
    assert objects.activation(None) is None
    assert objects.activation("tanh") == "tanh"
    assert objects.activation("function:softplus") is keras.activations.softplus
    assert objects.activation("function:own")(3.0) == 10.0

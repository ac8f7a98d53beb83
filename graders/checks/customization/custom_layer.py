"""A layer with trainable weights of its own."""

from typing import Any

import numpy as np

from graders.checking import check, fail, probe

ORDER = 1

# A layer of this size answers in milliseconds; what takes longer does not end.
SECONDS = 60.0

Arrays = dict[str, np.ndarray]


@probe
def make_weights(student, box, units, input_dim, between=(), options=None):
    """Builds a layer, and describes what it holds before any call."""
    import contextlib
    import inspect
    import sys

    import keras
    import tensorflow as tf

    made = box.function("CustomDense", 1)
    if not (inspect.isclass(made) and issubclass(made, keras.layers.Layer)):
        return {"layer": False}
    options = options or {}
    try:
        inspect.signature(made.__init__).bind(None, units, activation=None, **options)
    except TypeError as error:
        return {"arguments": f"{error} (asked for activation, {', '.join(options)})"}
    layer = made(units, **options)
    if not isinstance(layer, keras.layers.Layer):
        return {"layer": False}
    layer.build((None, *between, input_dim))
    if not (hasattr(layer, "w") and hasattr(layer, "b")):
        layer(keras.ops.zeros((2, *between, input_dim)))
    answer = {"layer": True, "count": len(layer.trainable_weights), "others": []}
    answer["policy"] = layer.dtype_policy.name
    for name in ("w", "b"):
        value = getattr(layer, name, None)
        kind = type(value).__name__
        if isinstance(value, keras.Variable):
            kind = "keras"
        elif isinstance(value, tf.Variable):
            kind = "tf"
        tracked = any(value is weight for weight in layer.trainable_weights)
        frozen = any(value is weight for weight in layer.non_trainable_weights)
        shape = [int(n) for n in value.shape] if kind in ("keras", "tf") else []
        answer[name] = {"kind": kind, "shape": shape, "tracked": tracked, "frozen": frozen}
        if kind == "keras":
            answer[name]["dtype"] = keras.backend.standardize_dtype(value.dtype)
            answer[name]["start"] = keras.ops.convert_to_numpy(value)
    ready = keras.layers.Dense, keras.layers.EinsumDense
    for part in layer._flatten_layers(include_self=True):
        if isinstance(part, ready):
            answer["others"].append(type(part).__name__ if part is not layer else "a subclass")
    # Whatever it holds or hides: whose code computes?
    codes = {inspect.unwrap(kind.call).__code__: kind.__name__ for kind in ready}

    def watch(frame, event, argument):
        if event == "call" and frame.f_code in codes:
            answer["others"].append(codes[frame.f_code])

    # That call works is another check's business.
    with contextlib.suppress(Exception):
        sys.setprofile(watch)
        try:
            layer(keras.ops.zeros((2, *between, input_dim)))
        finally:
            sys.setprofile(None)
    return answer


@probe
def compute(student, box, units, x, w, b, activation=None, own="", options=None, gradient=None):
    """Calls a layer with the grader's weights; says its output, dtypes and gradients."""
    import inspect

    import keras
    import tensorflow as tf

    # A callable cannot travel: it is made here. One is Keras's own, one is nobody's.
    if own == "softplus":
        activation = keras.activations.softplus
    elif own:
        activation = lambda t: t * t + 1.0  # noqa: E731
    made = box.function("CustomDense")
    options = options or {}
    try:
        inspect.signature(made.__init__).bind(None, units, activation=activation, **options)
    except TypeError as error:
        return {"arguments": f"{error} (asked for activation, {', '.join(options)})"}
    layer = made(units, activation=activation, **options)
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
        if not (hasattr(y, "shape") and hasattr(y, "dtype")):
            return {"y": None, "kind": type(y).__name__}
        # The weights exist now; the call that counts is the next one.
        layer.w.assign(w)
        layer.b.assign(b)
        y = layer(x)
        if gradient is not None:
            total = tf.reduce_sum(tf.cast(y, x.dtype) * tf.cast(gradient, x.dtype))
    answer = {
        "y": keras.ops.convert_to_numpy(y),
        "output": keras.backend.standardize_dtype(y.dtype),
        "count": len(layer.trainable_weights),
        "weights": len(layer.weights),
    }
    if gradient is not None:
        for name, g in zip(
            ("w", "b", "x"), tape.gradient(total, [layer.w.value, layer.b.value, x]), strict=True
        ):
            answer["d" + name] = None if g is None else keras.ops.convert_to_numpy(g)
    if not options:
        layer.trainable = False
        answer["frozen_count"] = len(layer.trainable_weights)
    return answer


@probe
def copy_layer(student, box, units, x, w, b, activation, own, options):
    """Makes a layer, a copy from its config, and one through Keras's own JSON."""
    import json

    import keras

    made = box.function("CustomDense")
    chosen = keras.activations.softplus if own else activation
    layer = made(units, activation=chosen, **options)
    layer(x)
    try:
        config = layer.get_config()
    except NotImplementedError as error:
        if "TODO" in str(error):
            raise
        return {"problem": "no get_config of its own, and Keras cannot make one for a function"}
    if not isinstance(config, dict):
        return {"problem": f"get_config returned {type(config).__name__}, not a dict"}
    try:
        copies = [made.from_config(dict(config))]
    except Exception as error:
        text = (str(error).strip() or type(error).__name__).splitlines()[0]
        return {"problem": f"from_config(get_config()) raised {type(error).__name__}: {text[:250]}"}
    if not own:
        # As model.save does; a config that only lives in memory is lost there.
        try:
            text = json.dumps(keras.saving.serialize_keras_object(layer))
            known = {made.__name__: made}
            copies.append(
                keras.saving.deserialize_keras_object(json.loads(text), custom_objects=known)
            )
        except Exception as error:
            text = (str(error).strip() or type(error).__name__).splitlines()[0]
            said = f"{type(error).__name__}: {text[:250]}"
            return {"problem": f"saving the layer and loading it again raised {said}"}
    answer = {"keys": sorted(str(key) for key in config), "copies": []}
    answer["units"] = config["units"] if isinstance(config.get("units"), int) else None
    for copy in copies:
        if not isinstance(copy, made):
            return {"problem": f"from_config returned {type(copy).__name__}, not a CustomDense"}
        if copy is layer:
            return {"problem": "from_config returned the very same layer, not a new one"}
        y = copy(x)
        shapes = [[int(n) for n in copy.w.shape], [int(n) for n in copy.b.shape]]
        if shapes == [list(w.shape), list(b.shape)]:
            copy.w.assign(w)
            copy.b.assign(b)
            y = copy(x)
        answer["copies"].append(
            {
                "name": str(copy.name),
                "dtype": str(copy.dtype_policy.name),
                "trainable": bool(copy.trainable),
                "shapes": shapes,
                "y": keras.ops.convert_to_numpy(y),
            }
        )
    return answer


@probe
def train_two(student, box, x, y, start, rate, steps):
    """Trains a model of two layers, from the grader's weights, by plain gradient descent."""
    import keras

    made = box.function("CustomDense")
    hidden, outputs = len(start["b1"]), len(start["b2"])
    first, second = made(hidden, activation="tanh"), made(outputs)
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, second(first(inputs)))
    for layer, number in ((first, "1"), (second, "2")):
        layer.w.assign(start["w" + number])
        layer.b.assign(start["b" + number])
    model.compile(optimizer=keras.optimizers.SGD(rate), loss="mse")
    model.fit(x, y, batch_size=len(x), epochs=steps, shuffle=False, verbose=0)
    value = keras.ops.convert_to_numpy
    return {
        "w1": value(first.w),
        "b1": value(first.b),
        "w2": value(second.w),
        "b2": value(second.b),
        "count": len(model.trainable_weights),
    }


def _draw(rng: np.random.Generator, units: int, *shape: int, dtype: str = "float32") -> Arrays:
    """Draws an input and weights that fit it."""
    return {
        "x": rng.normal(size=shape).astype(dtype),
        "w": rng.normal(size=(shape[-1], units)).astype(dtype),
        "b": rng.normal(size=units).astype(dtype),
    }


def _linear(given: Arrays) -> np.ndarray:
    """Returns x @ w + b in float64."""
    x, w, b = (given[name].astype("float64") for name in ("x", "w", "b"))
    return x @ w + b


def _differs(found: Any, wanted: np.ndarray, tolerance: float = 1e-4) -> str:
    """Says how an answer differs from the closed form; empty if it does not."""
    if not isinstance(found, np.ndarray):
        return "no array"
    if found.shape != wanted.shape:
        return f"an array of shape {found.shape}"
    if not np.isfinite(found).all():
        return "NaN or infinity"
    worst = float(np.abs(found.astype("float64") - wanted).max())
    if worst > tolerance * max(1.0, float(np.abs(wanted).max())):
        return f"values that are up to {worst:.3g} off"
    return ""


def _close(found: Any, wanted: np.ndarray) -> bool:
    return not _differs(found, wanted)


def _answer(answer: Any) -> dict[str, Any]:
    """Returns a probe's answer, if it is one."""
    if not isinstance(answer, dict):
        fail("an answer from the layer", "none", "Look at call: it returns a tensor")
    if "arguments" in answer:
        fail(
            "`CustomDense(units, activation=None, **kwargs)` to take the standard arguments of a "
            "layer (name, dtype, trainable) too",
            f"an `__init__` that does not: {str(answer['arguments'])[:200]}",
            "Add **kwargs, and hand it to super().__init__(**kwargs)",
        )
    if "y" in answer and answer["y"] is None:
        fail(
            "`call` to return a tensor",
            str(answer.get("kind", "nothing")).replace("NoneType", "None")[:60],
            "Look at call: is a `return` missing?",
        )
    return answer


@check(
    points=1.5,
    hints=(
        "Which method does Keras call when it knows the shape of the input?",
        "In build(self, input_shape), input_shape[-1] is the number of features that come in.",
        "self.add_weight(shape=…, initializer=…, name=…) makes a weight that Keras tracks.",
    ),
)
def weights_created(submission):
    """The layer creates trainable weights w (input_dim, units) and b (units,)."""
    for units, input_dim in ((3, 5), (4, 9)):
        answer = submission.run(make_weights, seconds=SECONDS, units=units, input_dim=input_dim)
        if not isinstance(answer, dict) or not answer.get("layer"):
            fail(
                "`CustomDense` to be a class that inherits from keras.layers.Layer",
                "something else",
                "Keep the line `class CustomDense(keras.layers.Layer):` of the stub",
            )
        if answer["others"]:
            inside = str(answer["others"][0])[:40]
            what = "a subclass of Dense" if inside == "a subclass" else f"a {inside} inside it"
            fail(
                "a layer that creates its own weights and computes with them",
                what,
                "Writing what Dense does is the exercise: create w and b with self.add_weight in "
                "build, and use them in call",
            )
        for name, shape in (("w", [input_dim, units]), ("b", [units])):
            _check_weight(name, shape, answer[name], units, input_dim)
        if answer["count"] != 2:
            fail(
                "two trainable weights, w and b",
                f"{answer['count']} in layer.trainable_weights",
                "Look at build: does it make a weight that call does not need?",
            )


def _check_weight(name: str, shape: list[int], found: Any, units: int, input_dim: int) -> None:
    kind = found["kind"]
    if kind == "NoneType":
        fail(
            f"a weight `self.{name}` once the layer is built",
            f"no attribute `{name}` (or None)",
            f"Look at build: self.{name} = self.add_weight(…)",
        )
    if kind == "tf":
        fail(
            f"`self.{name}` to be a weight that Keras tracks",
            "a raw tf.Variable, which is in neither layer.weights nor layer.trainable_weights, so "
            "that no optimizer would ever change it",
            f"Make it with self.{name} = self.add_weight(…)",
        )
    if kind != "keras":
        fail(
            f"`self.{name}` to be a trainable weight",
            f"a {kind}, which nothing can train",
            f"Make it with self.{name} = self.add_weight(…)",
        )
    if found["shape"] != shape:
        what = "(input_dim, units)" if name == "w" else "(units,)"
        fail(
            f"`{name}` with the shape {what} = {tuple(shape)} for {input_dim} features and "
            f"{units} units",
            f"the shape {tuple(found['shape'])}",
            "Look at build: input_dim is input_shape[-1]" if name == "w" else "Look at build",
        )
    if not found["tracked"]:
        fail(
            f"`{name}` in layer.trainable_weights",
            "a weight that is not trainable (trainable=False)"
            if found["frozen"]
            else "a variable that the layer does not track",
            f"Make it with self.{name} = self.add_weight(…), which is trainable by default",
        )


@check(
    points=1.5,
    needs=("weights_created",),
    hints=(
        "Which three things does call use, and in which order?",
        "keras.ops.matmul(x, self.w) multiplies; b is added to every row of the result.",
    ),
)
def computes(submission, rng):
    """Without an activation the layer computes x @ w + b."""
    given = _draw(rng, 3, 6, 5)
    answer = _answer(submission.run(compute, seconds=SECONDS, units=3, **given))
    wanted = _linear(given)
    y = answer["y"]
    if problem := _differs(y, wanted):
        product = wanted - given["b"]
        look = "Look at call: activation(x @ w + b), and no activation means the sum itself"
        if _close(y, product):
            problem, look = "x @ w, without b", "Look at call: add self.b"
        elif _close(y, product - given["b"]):
            problem, look = "x @ w - b", "Look at the sign of b in call"
        elif _close(y, np.maximum(wanted, 0)):
            problem = "relu(x @ w + b) although activation is None"
            look = "Look at __init__ and call: None means that nothing is applied"
        fail(f"x @ w + b, of shape {wanted.shape}, for activation=None", problem, look)
    # Another batch size, and one example.
    given = _draw(rng, 4, 1, 7)
    answer = _answer(submission.run(compute, seconds=SECONDS, units=4, **given))
    if problem := _differs(answer["y"], _linear(given)):
        fail("x @ w + b for a batch of one example too", problem, "Look at call")


@check(
    points=1,
    needs=("computes",),
    hints=(
        "What does the layer do with a batch of sequences, shape (n, t, features)?",
        "keras.ops.matmul(x, w) works on the last axis of x, whatever stands before it.",
        "input_shape[1] is the number of features only if x has two axes.",
    ),
)
def any_rank(submission, rng):
    """The layer works over the last axis of inputs with three and four axes too."""
    for shape in ((4, 6, 5), (2, 3, 4, 5)):
        made = submission.run(
            make_weights, seconds=SECONDS, units=3, input_dim=5, between=list(shape[1:-1])
        )
        if made["w"]["shape"] != [5, 3]:
            fail(
                f"w of shape (input_dim, units) = (5, 3) for an input of shape {shape}",
                f"the shape {tuple(made['w']['shape'])}",
                "Look at build: input_dim is the last entry, input_shape[-1]",
            )
        given = _draw(rng, 3, *shape)
        answer = _answer(submission.run(compute, seconds=SECONDS, units=3, **given))
        wanted = _linear(given)
        if problem := _differs(answer["y"], wanted):
            fail(
                f"x @ w + b over the last axis: shape {wanted.shape} for x of shape {shape}",
                problem,
                "Look at build and call for something that takes x to have two axes "
                "(input_shape[1], a Flatten, a transpose)",
            )


def _softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@check(
    points=1,
    needs=("computes",),
    hints=(
        'The argument may be "relu", a function, or None. What turns all three into a function?',
        "keras.activations.get(activation) does; for None it gives a function that does nothing.",
    ),
)
def activation(submission, rng):
    """The activation is applied to x @ w + b, given as a name or as a function."""
    cases = (
        ('the name "relu"', "relu", "", lambda z: np.maximum(z, 0)),
        ('the name "tanh"', "tanh", "", np.tanh),
        ('the name "softmax"', "softmax", "", _softmax),
        ("the function keras.activations.softplus", None, "softplus", lambda z: np.logaddexp(0, z)),
        ("a function of the grader's own", None, "own", lambda z: z * z + 1),
    )
    for what, name, own, function in cases:
        given = _draw(rng, 4, 6, 5)
        answer = _answer(
            submission.run(compute, seconds=SECONDS, units=4, activation=name, own=own, **given)
        )
        z = _linear(given)
        wanted, y = function(z), answer["y"]
        if problem := _differs(y, wanted):
            if _close(y, z):
                problem = "x @ w + b, to which no activation was applied"
            elif _close(y, function(z - given["b"]) + given["b"]):
                problem = "activation(x @ w) + b: b is added after the activation"
            elif _close(y, function(wanted)):
                problem = "an activation that was applied twice"
            fail(
                f"activation(x @ w + b) when the activation is {what}",
                problem,
                "Look at how __init__ keeps the activation, and where call applies it",
            )


@check(
    points=1,
    needs=("computes",),
    hints=(
        "Could the optimizer tell from the output how to change w and b?",
        "Stay with tensors: keras.ops, no NumPy and no stop_gradient in call.",
    ),
)
def gradients(submission, rng):
    """Gradients reach w, b and the input."""
    given = _draw(rng, 3, 6, 5)
    c = rng.normal(size=(6, 3)).astype("float32")
    answer = _answer(submission.run(compute, seconds=SECONDS, units=3, gradient=c, **given))
    inner = c.astype("float64")
    closed = {
        "w": given["x"].T.astype("float64") @ inner,
        "b": inner.sum(axis=0),
        "x": inner @ given["w"].T.astype("float64"),
    }
    for name, wanted in closed.items():
        found = answer["d" + name]
        what = {"x": "the input x"}.get(name, name)
        if found is None:
            fail(
                f"a gradient of the output with respect to {what}",
                "none",
                "Look at call for what a gradient cannot pass: NumPy, stop_gradient, rounding, a "
                "copy of the weight made elsewhere",
            )
        if problem := _differs(found, wanted, 1e-3):
            fail(
                f"the gradient with respect to {what} that belongs to x @ w + b",
                problem,
                "Look at call for a stop_gradient, or a part that is computed outside of keras.ops",
            )


@check(
    points=1,
    needs=("computes",),
    hints=(
        "Which arguments does keras.layers.Layer take, and do they get there?",
        "super().__init__(**kwargs); add_weight takes the dtype from the layer's policy by itself.",
        "A dtype written into add_weight or into a cast overrules the policy.",
    ),
)
def dtype_policy(submission, rng):
    """The layer follows its dtype policy: mixed_float16 and float64."""
    for policy, variables, output, tolerance in (
        ("mixed_float16", "float32", "float16", 1e-2),
        ("float64", "float64", "float64", 1e-9),
    ):
        options = {"dtype": policy}
        made = _answer(
            submission.run(make_weights, seconds=SECONDS, units=3, input_dim=5, options=options)
        )
        if made["policy"] != policy:
            fail(
                f'`CustomDense(3, dtype="{policy}")` to have the dtype policy {policy}',
                f"the policy {str(made['policy'])[:40]}",
                "Look at __init__: **kwargs must reach super().__init__(**kwargs)",
            )
        for name in ("w", "b"):
            if made[name].get("dtype") != variables:
                fail(
                    f"`{name}` in {variables} under the policy {policy}",
                    f"{str(made[name].get('dtype'))[:40]}",
                    "Look at build: leave dtype out of add_weight (or use self.variable_dtype)",
                )
        given = _draw(rng, 3, 6, 5, dtype=variables)
        answer = _answer(
            submission.run(compute, seconds=SECONDS, units=3, options=options, **given)
        )
        if answer["output"] != output:
            fail(
                f"an output in {output} under the policy {policy}",
                f"{str(answer['output'])[:40]}",
                "Look at call for a cast, or an array of a fixed dtype: the layer's compute_dtype "
                "decides",
            )
        if problem := _differs(answer["y"], _linear(given), tolerance):
            fail(
                f"x @ w + b at the precision of {output} under the policy {policy}",
                problem,
                "Look at build and call for a cast to a smaller dtype",
            )


@check(
    points=0.5,
    needs=("computes",),
    hints=(
        "Who decides whether a layer is trainable: the layer, or the one who uses it?",
        "Keras does all of it, if trainable reaches super().__init__ and add_weight made the "
        "weights.",
    ),
)
def trainable_flag(submission, rng):
    """With trainable=False the layer has no trainable weights, and still computes."""
    given = _draw(rng, 3, 6, 5)
    frozen = _answer(
        submission.run(compute, seconds=SECONDS, units=3, options={"trainable": False}, **given)
    )
    later = _answer(submission.run(compute, seconds=SECONDS, units=3, **given))
    for count, how in (
        (frozen["count"], "`CustomDense(3, trainable=False)`"),
        (later["frozen_count"], "a layer whose `trainable` was set to False later"),
    ):
        if count != 0:
            fail(
                f"no trainable weights in {how}",
                f"{count}",
                "Look at __init__ (does trainable reach super().__init__?) and for an attribute "
                "or property of your own called trainable or trainable_weights",
            )
    if frozen["weights"] < 2:
        fail(
            "w and b to stay weights of the layer with trainable=False",
            f"{frozen['weights']} weights",
            "Create the weights in any case; Keras sorts them into trainable and others",
        )
    if problem := _differs(frozen["y"], _linear(given)):
        fail("x @ w + b with trainable=False too", problem, "Look at call")


@check(
    points=1.5,
    needs=("activation",),
    hints=(
        "What would another person need to make a layer like yours, without its weights?",
        "get_config returns the arguments of __init__: units, activation, and the base class's "
        "own, which super().get_config() gives.",
        'config.update({"units": self.units, "activation": …}); '
        "keras.activations.serialize makes a plain value of a function.",
    ),
)
def config(submission, rng):
    """get_config and from_config keep units, activation, name, dtype and trainable."""
    cases = (
        ("tanh", False, {"name": "copied", "dtype": "float64", "trainable": False}, np.tanh),
        (None, False, {"name": "plain", "dtype": "mixed_float16"}, lambda z: z),
        (None, True, {"name": "other", "dtype": "float32"}, lambda z: np.logaddexp(0, z)),
    )
    for name, own, options, function in cases:
        mixed = options["dtype"] == "mixed_float16"
        given = _draw(rng, 7, 4, 5, dtype="float32" if mixed else options["dtype"])
        answer = submission.run(
            copy_layer, seconds=SECONDS, units=7, activation=name, own=own, options=options, **given
        )
        shown = f"CustomDense(7, {'softplus' if own else name!r}, {options})"
        advice = (
            "Look at get_config: {**super().get_config(), …} with units and activation, as plain "
            "values"
        )
        if not isinstance(answer, dict) or "problem" in answer:
            said = answer.get("problem") if isinstance(answer, dict) else "no answer"
            fail(f"a copy of {shown} from its config", str(said)[:400], advice)
        if answer["units"] != 7:
            keys = ", ".join(str(key)[:30] for key in answer["keys"][:12])
            fail('"units": 7 in the config', f"the keys {keys}", advice)
        for copy, how in zip(answer["copies"], ("from_config", "saving and loading"), strict=False):
            for key, wanted in {**options, "trainable": options.get("trainable", True)}.items():
                if copy[key] != wanted:
                    fail(
                        f"a copy (by {how}) of {shown} with {key}={wanted!r}",
                        f"{key}={copy[key]!r}",
                        "Look at get_config (does it start from super().get_config()?) and at "
                        "super().__init__(**kwargs)",
                    )
            if copy["shapes"] != [[5, 7], [7]]:
                fail(
                    f"a copy (by {how}) with 7 units",
                    f"weights of the shapes {copy['shapes']}",
                    advice,
                )
            z = _linear(given)
            if problem := _differs(copy["y"], function(z), 1e-2 if mixed else 1e-4):
                if _close(copy["y"], z):
                    problem = "a copy that lost its activation"
                fail(
                    f"a copy (by {how}) of {shown} that computes the same, once it has the same "
                    "weights",
                    problem,
                    advice,
                )


def _descend(start: Arrays, x: np.ndarray, y: np.ndarray, rate: float, steps: int) -> Arrays:
    """Trains tanh(x @ w1 + b1) @ w2 + b2 on the mean squared error, in NumPy."""
    w1, b1, w2, b2 = (start[name].astype("float64") for name in ("w1", "b1", "w2", "b2"))
    for _ in range(steps):
        h = np.tanh(x @ w1 + b1)
        out = 2 * (h @ w2 + b2 - y) / y.size
        inner = (out @ w2.T) * (1 - h**2)
        w1, b1 = w1 - rate * x.T @ inner, b1 - rate * inner.sum(axis=0)
        w2, b2 = w2 - rate * h.T @ out, b2 - rate * out.sum(axis=0)
    return {"w1": w1, "b1": b1, "w2": w2, "b2": b2}


@check(
    points=1,
    needs=("gradients", "activation"),
    hints=(
        "Does the layer work inside keras.Model, where the batch size is not known beforehand?",
        "With which values do the weights start? Units that start equal stay equal.",
    ),
)
def trains(submission, rng, evidence):
    """A model of two such layers trains, and the units of a new layer start different."""
    x, y = rng.normal(size=(32, 6)), rng.normal(size=(32, 2))
    start = {
        "w1": rng.normal(size=(6, 8), scale=0.5),
        "b1": rng.normal(size=8, scale=0.1),
        "w2": rng.normal(size=(8, 2), scale=0.5),
        "b2": rng.normal(size=2, scale=0.1),
    }
    x, y = x.astype("float32"), y.astype("float32")
    start = {name: value.astype("float32") for name, value in start.items()}
    answer = submission.run(train_two, x=x, y=y, start=start, rate=0.1, steps=20, seconds=SECONDS)
    if not isinstance(answer, dict):
        fail("weights after training", "none", "Look at build and call")
    if answer["count"] != 4:
        fail(
            "4 trainable weights in a model of two layers",
            f"{answer['count']}",
            "Look at build: each layer has weights of its own, w and b",
        )
    for name, wanted in _descend(start, x.astype("float64"), y.astype("float64"), 0.1, 20).items():
        if problem := _differs(answer[name], wanted, 2e-3):
            if _close(answer[name], start[name]):
                problem = "the values that it started with"
            fail(
                f"{name[0]} of the {'first' if name[1] == '1' else 'second'} layer to follow "
                "gradient descent (20 steps of SGD on a model of two layers)",
                problem,
                "Look at call for what differs between a single call and a call inside a model",
            )
    fresh = submission.run(make_weights, seconds=SECONDS, units=8, input_dim=12)["w"].get("start")
    if not isinstance(fresh, np.ndarray) or fresh.shape != (12, 8) or not np.isfinite(fresh).all():
        fail("finite starting values of w", "others", "Look at the initializer of w")
    evidence["start"] = [float(fresh.mean()), float(fresh.std())]
    if np.ptp(fresh, axis=1).max() == 0:
        fail(
            "starting values of w that differ from unit to unit",
            f"the same value for every unit ({fresh.flat[0]:g})",
            "Look at the initializer of w: units that start equal get equal gradients and stay "
            "equal for ever. Use a random one, as glorot_uniform",
        )

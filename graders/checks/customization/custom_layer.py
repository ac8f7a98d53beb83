"""A layer with trainable weights of its own."""

import functools
from typing import Any

import numpy as np

from graders.checking import Uses, check, fail
from graders.toolkit import layer_lines as lines
from graders.toolkit import reproductions as paste
from graders.toolkit.closed_forms import diagnose, differs, near, same
from graders.toolkit.dense_layers import (
    ACTIVATIONS,
    MISTAKES,
    activated,
    descend,
    draw,
    linear,
    misapplied,
)
from graders.toolkit.dense_layers import gradients as gradients_of
from graders.toolkit.layer_lines import typed
from graders.toolkit.layer_probes import Copied, Copy, Layers, Weight

ORDER = 1
WALKTHROUGH = 1

NAME = "CustomDense"
CLOSE = 1e-4
# The methods in which a weight may be made, the right one first.
MAKERS = ("build", "__init__", "call")


def _layers(submission: Any) -> Layers:
    return Layers(submission, NAME)


_pasted = functools.partial(paste.lines, NAME)

# Hints of one message.
INSIDE_OUT = (
    "In which order does call work? Read activation(x @ w + b) from the inside out.",
    "What is handed to self.activation, and how often is it called?",
)
WRITTEN_DOWN = ("A dtype written into add_weight or into a cast overrules the policy.",)

# --- checks -------------------------------------------------------------------------------------


@check(
    points=1.5,
    doc="https://keras.io/guides/making_new_layers_and_models_via_subclassing/",
    about="CustomDense.build",
    hints=(
        "Which method does Keras call when it knows the shape of the input?",
        "In build(self, input_shape), input_shape[-1] is the number of features that come in.",
        "self.add_weight(shape=…, initializer=…, name=…) makes a weight that Keras tracks.",
    ),
)
def weights_created(submission):
    """The layer creates trainable weights w (input_dim, units) and b (units,)."""
    for units, input_dim, options in ((3, 5, {}), (4, 9, {"activation": None})):
        made = _layers(submission).made(units=units, input_dim=input_dim, options=options)
        call = f"CustomDense({units}{', activation=None' if options else ''})"
        if made.borrowed:
            borrowed = made.borrowed[0]
            fail(
                "a layer that creates its own weights and computes with them",
                borrowed if borrowed.startswith("a ") else f"Keras's {borrowed} inside it",
                "Writing what Dense does is the exercise: create w and b with self.add_weight in "
                "build, and use them in call",
                ("Which of Keras's layers does your class call, or inherit from? Do without it.",),
                about="CustomDense" if borrowed.startswith("a ") else Uses(borrowed),
            )
        for name, weight, words, shape in (
            ("w", made.w, "(input_dim, units)", (input_dim, units)),
            ("b", made.b, "(units,)", (units,)),
        ):
            size = f"{words} = {shape} for {input_dim} features and {units} units"
            _check_weight(name, weight, shape, size, call, input_dim)
        for name in made.shared:
            two = (
                f"a, b = {call}, {call}; a.build((None, {input_dim})); b.build((None, {input_dim}))"
            )
            fail(
                "weights of its own for each layer",
                f"one `{name}` that two layers of the same size share: what one learns changes the "
                "other",
                "Look at build: keep what add_weight returns in the layer, as self.w and self.b, "
                "and nothing of it in the class",
                ("What is an attribute of the class, and what one of each object?",),
                (Uses("add_weight", "CustomDense.build"), "CustomDense.build"),
                _pasted(two, False, f"a.{name} is b.{name}", True),
            )
        if made.trainable != 2:
            fail(
                "two trainable weights, w and b",
                f"{made.trainable} in layer.trainable_weights",
                "Look at build: does it make a weight that call does not need?",
                ("Count the calls of add_weight: which of the weights is in x @ w + b?",),
                (Uses("add_weight", "CustomDense.build", last=True), "CustomDense.build"),
                _pasted(lines.called(call), 2, "len(layer.trainable_weights)", made.trainable),
            )


def _check_weight(
    name: str, found: Weight, shape: tuple[int, ...], size: str, call: str, input_dim: int
) -> None:
    advice = f"Make it with self.{name} = self.add_weight(…)"
    about = (*(Uses(name, f"CustomDense.{method}") for method in MAKERS), "CustomDense.build")
    built = f"layer = {call}; layer.build((None, {input_dim}))"
    setup = lines.called(call, input_dim)
    is_weight = f"any(layer.{name} is weight for weight in layer.trainable_weights)"
    untracked = _pasted(setup, True, is_weight, False)
    if found.kind == "NoneType":
        fail(
            f"a weight `self.{name}` once the layer is built",
            f"no attribute `{name}` (or None)",
            f"Look at build: self.{name} = self.add_weight(…)",
            (),
            about,
            _pasted(setup, True, f"getattr(layer, '{name}', None) is not None", False),
        )
    if found.kind == "tf":
        fail(
            f"`self.{name}` to be a weight that Keras tracks",
            "a raw tf.Variable, which is in neither layer.weights nor layer.trainable_weights, so "
            "that no optimizer would ever change it",
            advice,
            (),
            about,
            untracked,
        )
    if found.kind != "keras":
        fail(
            f"`self.{name}` to be a trainable weight",
            f"a {found.kind}, which nothing can train",
            advice,
            (),
            about,
            untracked,
        )
    if found.shape != shape:
        fail(
            f"`{name}` with the shape {size}",
            f"the shape {found.shape}",
            "Look at build: input_dim is input_shape[-1]" if name == "w" else "Look at build",
            (),
            about,
            _pasted(built, shape, f"tuple(layer.{name}.shape)", found.shape),
        )
    if not found.tracked:
        fail(
            f"`{name}` in layer.trainable_weights",
            "a weight that is not trainable (trainable=False)"
            if found.frozen
            else "a variable that the layer does not track",
            f"{advice}, which is trainable by default",
            ("add_weight has an argument trainable: what is it if nobody gives it?",),
            about,
            untracked,
        )


@check(
    points=1.5,
    doc="https://keras.io/api/layers/core_layers/dense/",
    about="CustomDense.call",
    needs=("weights_created",),
    hints=(
        "Which three things does call use, and in which order?",
        "keras.ops.matmul(x, self.w) multiplies; b is added to every row of the result.",
    ),
)
def computes(submission, rng):
    """Without an activation the layer computes x @ w + b."""
    layers = _layers(submission)
    for units, shape in ((3, (6, 5)), (4, (1, 7))):
        given = draw(rng, units, *shape)
        found = layers.computed(units=units, given=given)
        z = linear(given)
        mistakes = {words: wrong(z, given["b"]) for words, (wrong, _) in MISTAKES.items()}
        if problem := diagnose(found.y, z, mistakes, CLOSE):
            fail(
                f"x @ w + b, of shape {z.shape}, for x of shape {shape} and activation=None",
                problem,
                MISTAKES[problem][1]
                if problem in MISTAKES
                else "Look at call: activation(x @ w + b), and no activation means the sum itself",
                reproduce=lines.of_values(layers),
            )


@check(
    points=1,
    doc="https://keras.io/api/layers/core_layers/dense/",
    about="CustomDense.call",
    needs=("computes",),
    hints=(
        "What does the layer do with a batch of sequences, shape (n, t, features)?",
        "keras.ops.matmul(x, w) works on the last axis of x, whatever stands before it.",
        "input_shape[1] is the number of features only if x has two axes.",
    ),
)
def any_rank(submission, rng):
    """The layer works over the last axis of inputs with three and four axes too."""
    layers = _layers(submission)
    for shape in ((4, 6, 5), (2, 3, 4, 5)):
        made = layers.made(units=3, input_dim=5, between=list(shape[1:-1]))
        if made.w.shape != (5, 3):
            fail(
                f"w of shape (input_dim, units) = (5, 3) for an input of shape {shape}",
                f"the shape {made.w.shape}",
                "Look at build: input_dim is the last entry, input_shape[-1]",
                (),
                (Uses("w", "CustomDense.build"), "CustomDense.build"),
                _pasted(
                    f"layer = CustomDense(3); layer.build((None, *{shape[1:]}))",
                    (5, 3),
                    "tuple(layer.w.shape)",
                    made.w.shape,
                ),
            )
        given = draw(rng, 3, *shape)
        found = layers.computed(units=3, given=given)
        wanted = linear(given)
        if problem := differs(found.y, wanted, CLOSE):
            fail(
                f"x @ w + b over the last axis: shape {wanted.shape} for x of shape {shape}",
                problem,
                "Look at build and call for something that takes x to have two axes "
                "(input_shape[1], a Flatten, a transpose)",
                reproduce=lines.of_values(layers, [(1, 2, 2), (1, 2, 2, 2)], 2),
            )


@check(
    points=1,
    doc="https://keras.io/api/layers/activations/",
    about="CustomDense.call",
    needs=("computes",),
    hints=(
        'The argument may be "relu", a function, or None. What turns all three into a function?',
        "keras.activations.get(activation) does; for None it gives a function that does nothing.",
    ),
)
def activation(submission, rng):
    """The activation is applied to x @ w + b, given as a name or as a function."""
    layers = _layers(submission)
    for name, (words, function) in ACTIVATIONS.items():
        given = draw(rng, 4, 6, 5)
        found = layers.computed(units=4, given=given, activation=name)
        z, b = linear(given), given["b"]
        mistakes = misapplied(function, z, b)
        if problem := diagnose(found.y, function(z), mistakes, CLOSE):
            fail(
                f"activation(x @ w + b) when the activation is {words}",
                problem,
                "Look at how __init__ keeps the activation, and where call applies it",
                INSIDE_OUT if problem in list(mistakes)[1:] else (),
                reproduce=lines.of_values(layers, lines.SMALL, 2, name),
            )


@check(
    points=1,
    doc="https://keras.io/api/ops/numpy/",
    about="CustomDense.call",
    needs=("computes",),
    hints=(
        "Could the optimizer tell from the output how to change w and b?",
        "Stay with tensors: keras.ops, no NumPy and no stop_gradient in call.",
    ),
)
def gradients(submission, rng):
    """Gradients reach w, b and the input."""
    layers = _layers(submission)
    given = draw(rng, 3, 6, 5)
    upstream = rng.normal(size=(6, 3)).astype("float32")
    found = layers.gradients(units=3, given=given, upstream=upstream)
    right = gradients_of(given, upstream)
    for name, arrived, wanted in (
        ("w", found.w, right["w"]),
        ("b", found.b, right["b"]),
        ("the input x", found.x, right["x"]),
    ):
        if arrived is None:
            fail(
                f"a gradient of the output with respect to {name}",
                "none",
                "Look at call for what a gradient cannot pass: NumPy, stop_gradient, rounding, a "
                "copy of the weight made elsewhere",
                about=(Uses("stop_gradient"), "CustomDense.call"),
                reproduce=lines.of_gradient(layers, name[-1]),
            )
        if problem := differs(arrived, wanted, 1e-3):
            fail(
                f"the gradient with respect to {name} that belongs to x @ w + b",
                problem,
                "The values are right: look at call for what changes a gradient alone, such as a "
                "stop_gradient on a part of the sum, rounding, or a gradient of your own",
                about=(Uses("stop_gradient"), "CustomDense.call"),
                reproduce=lines.of_gradient(layers, name[-1]),
            )


@check(
    points=1,
    doc="https://keras.io/api/mixed_precision/policy/",
    about="CustomDense.__init__",
    needs=("computes",),
    hints=(
        "Which arguments does keras.layers.Layer take, and do they get there?",
        "super().__init__(**kwargs); add_weight takes the dtype from the layer's policy by itself.",
        "A dtype written into add_weight or into a cast overrules the policy.",
    ),
)
def dtype_policy(submission, rng):
    """The layer follows its dtype policy: mixed_float16 and float64."""
    _check_policy(submission, rng, "mixed_float16", "float32", "float16", 1e-2)
    _check_policy(submission, rng, "float64", "float64", "float64", 1e-9)


def _check_policy(
    submission: Any,
    rng: np.random.Generator,
    policy: str,
    variables: str,
    output: str,
    tolerance: float,
) -> None:
    layers = _layers(submission)
    options = {"dtype": policy}
    call = f"CustomDense(3, dtype='{policy}')"
    made = layers.made(units=3, input_dim=5, options=options)
    if made.policy != policy:
        fail(
            f'`CustomDense(3, dtype="{policy}")` to have the dtype policy {policy}',
            f"the policy {made.policy[:40]}",
            "Look at __init__: **kwargs must reach super().__init__(**kwargs)",
            (),
            (Uses("super", "CustomDense.__init__"), "CustomDense.__init__"),
            _pasted(lines.called(call), policy, "layer.dtype_policy.name", made.policy),
        )
    for name, weight in (("w", made.w), ("b", made.b)):
        if weight.dtype != variables:
            fail(
                f"`{name}` in {variables} under the policy {policy}",
                weight.dtype[:40] or f"a {weight.kind[:40]}",
                "Look at build: leave dtype out of add_weight (or use self.variable_dtype)",
                WRITTEN_DOWN,
                (Uses("dtype", "CustomDense.build"), Uses(name, "CustomDense.build")),
                _pasted(
                    f"layer = {call}; layer.build((None, 5))",
                    variables,
                    f"keras.backend.standardize_dtype(layer.{name}.dtype)",
                    weight.dtype,
                ),
            )
    given = draw(rng, 3, 6, 5, dtype=variables)
    found = layers.computed(units=3, given=given, options=options)
    if found.dtype != output:
        fail(
            f"an output in {output} under the policy {policy}",
            found.dtype[:40],
            "Look at call for a cast, or an array of a fixed dtype: the layer's compute_dtype "
            "decides",
            WRITTEN_DOWN,
            (Uses("cast", "CustomDense.call"), "CustomDense.call"),
            _pasted(
                lines.called(call), output, "keras.backend.standardize_dtype(y.dtype)", found.dtype
            ),
        )
    if problem := differs(found.y, linear(given), tolerance):
        fail(
            f"x @ w + b at the precision of {output} under the policy {policy}",
            problem,
            "Look at build and call for a cast to a smaller dtype",
            WRITTEN_DOWN,
            (Uses("cast", "CustomDense.call"), "CustomDense.call"),
        )


@check(
    points=0.5,
    doc="https://keras.io/api/layers/base_layer/",
    about="CustomDense.__init__",
    needs=("computes",),
    hints=(
        "Who decides whether a layer is trainable: the layer, or the one who uses it?",
        "Keras does all of it, if trainable reaches super().__init__ and add_weight made the "
        "weights.",
    ),
)
def trainable_flag(submission, rng):
    """With trainable=False the layer has no trainable weights, and still computes."""
    layers = _layers(submission)
    given = draw(rng, 3, 6, 5)
    made = layers.computed(units=3, given=given, options={"trainable": False})
    later = layers.computed(units=3, given=given, frozen=True)
    call = "CustomDense(3, trainable=False)"
    set_up = lines.called(call)
    set_later = f"{lines.called('CustomDense(3)')}; layer.trainable = False"
    for found, how, setup in (
        (made, f"`{call}`", set_up),
        (later, "a layer whose `trainable` was set to False later", set_later),
    ):
        if found.trainable != 0:
            fail(
                f"no trainable weights in {how}",
                f"{found.trainable}",
                "Look at __init__ (does trainable reach super().__init__?) and for an attribute "
                "or property of your own called trainable or trainable_weights",
                (),
                (Uses("trainable", "CustomDense"), "CustomDense.__init__"),
                _pasted(setup, 0, "len(layer.trainable_weights)", found.trainable),
            )
    if made.weights < 2:
        fail(
            "w and b to stay weights of the layer with trainable=False",
            f"{made.weights} weights",
            "Create the weights in any case; Keras sorts them into trainable and others",
            (),
            "CustomDense.build",
            _pasted(set_up, 2, "len(layer.weights)", made.weights),
        )
    if problem := differs(made.y, linear(given), CLOSE):
        shown = lines.of_values(layers, options={"trainable": False})
        fail("x @ w + b with trainable=False too", problem, "Look at call", (), None, shown)


@check(
    points=1.5,
    doc="https://keras.io/guides/serialization_and_saving/",
    about="CustomDense.get_config",
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
    _check_copies(submission, rng, "tanh", name="copied", dtype="float64", trainable=False)
    _check_copies(submission, rng, None, name="plain", dtype="mixed_float16")
    _check_copies(submission, rng, "function:softplus", name="other", dtype="float32")


GET_CONFIG = "Look at get_config: {**super().get_config(), …}"


ADVICE = f"{GET_CONFIG} with units and activation, as plain values"


def _check_copies(
    submission: Any, rng: np.random.Generator, activation: str | None, **options: Any
) -> None:
    """Fails unless the copies of a layer of 7 units are like it."""
    layers = _layers(submission)
    given = {"activation": activation, **options}
    shown = f"CustomDense(7, {', '.join(f'{key}={typed(value)}' for key, value in given.items())})"
    given = draw(rng, 7, 4, 5, dtype="float64" if options["dtype"] == "float64" else "float32")
    asked = {"activation": activation, "options": options, "shown": shown}
    # A function cannot be saved.
    saved = activation is None or not activation.startswith("function:")
    found = layers.copied(saved, units=7, given=given, **asked)
    wanted = {**options, "trainable": options.get("trainable", True)}
    code = (
        shown if activation is None else shown.replace(typed(activation), lines.in_code(activation))
    )
    _check_made(found.original, shown, wanted, f"layer = {code}")
    config = found.config if isinstance(found.config, dict) else {}
    if config.get("units") != 7:
        keys = ", ".join(str(key)[:30] for key in list(config)[:12])
        got = config.get("units")
        pasted = _pasted(f"layer = {code}", 7, "layer.get_config().get('units')", got)
        fail('"units": 7 in the config', f"the keys {keys}", ADVICE, reproduce=pasted)
    z = linear(given)
    right = activated(activation, z)
    # Another check's business is whether the layer computes as it should: a copy is compared with
    # the layer that it was made from, right or wrong.
    tolerance = 1e-2 if options["dtype"] == "mixed_float16" else CLOSE
    original = found.original.y
    y = right if near(original, right, tolerance) else original
    copies = {"from_config": found.by_config}
    if isinstance(found, Copied):
        copies["saving"] = found.by_saving
    for way, copy in copies.items():
        what = f"a copy (by {way}) of `{shown}`"
        # What saving and loading loses, a copy from the config alone may have.
        setup = f"layer = {code}; copy = CustomDense.from_config(layer.get_config())"
        _check_kept(copy, what, wanted, config, setup if copy is found.by_config else "")
        if problem := _differs(copy.y, y, z, tolerance):
            fail(
                f"{what} that computes the same, once it has the same weights",
                problem,
                ADVICE
                if "activation" not in config
                else "The config has an activation: look at whether get_config gives the one that "
                "the layer applies (keras.activations.serialize), and at what __init__ makes of it",
                reproduce=lines.of_copy(layers, activation),
            )


def _differs(found: np.ndarray, wanted: np.ndarray, z: np.ndarray, tolerance: float) -> str:
    """Tells how a copy's output differs from that of its original; empty if it does not."""
    if same(found, wanted, tolerance):
        return ""
    lost = {"a copy that lost its activation": z}
    return diagnose(found, wanted, lost, tolerance) or differs(found, wanted, tolerance)


def _check_made(layer: Copy, shown: str, wanted: dict[str, Any], setup: str) -> None:
    """Fails unless a layer has what it was made with, before it is copied."""
    for key, value in wanted.items():
        if getattr(layer, key) != value:
            fail(
                f"`{shown}` to have {key}={typed(value)}",
                f"{key}={typed(getattr(layer, key))}, before it is copied",
                "Look at __init__: **kwargs must reach super().__init__(**kwargs)",
                (),
                (Uses("super", "CustomDense.__init__"), "CustomDense.__init__"),
                _pasted(setup, value, ATTRIBUTES[key].format("layer"), getattr(layer, key)),
            )


def _check_kept(
    copy: Copy, what: str, wanted: dict[str, Any], config: dict[str, Any], setup: str
) -> None:
    """Fails unless a copy has its original's arguments and sizes."""
    for key, value in wanted.items():
        if getattr(copy, key) != value:
            lacks = key not in config
            fail(
                f"{what} with {key}={typed(value)}",
                f"{key}={typed(getattr(copy, key))}"
                + (f"; the config lacks {key}" if lacks else f"; the config has {key}"),
                f"{GET_CONFIG} holds it"
                if lacks
                else "Look at whether get_config changes it, and whether __init__ and from_config "
                "hand it on",
                (),
                "get_config",
                _pasted(setup, value, ATTRIBUTES[key].format("copy"), getattr(copy, key))
                if setup
                else "",
            )
    shapes = (copy.w.shape, copy.b.shape)
    if shapes != ((5, 7), (7,)):
        fail(f"{what} with 7 units", f"weights of the shapes {shapes}", ADVICE)


# How Python gets at what a layer was made with.
ATTRIBUTES = {
    "name": "{}.name",
    "dtype": "{}.dtype_policy.name",
    "trainable": "{}.trainable",
}


@check(
    points=1,
    doc="https://keras.io/api/layers/initializers/",
    about="CustomDense.call",
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
    asked = {"x": x, "y": y, "start": start, "rate": 0.1, "steps": 20}
    found = _layers(submission).trained(**asked)
    if found.trainable != 4:
        fail(
            "4 trainable weights in a model of two layers",
            f"{found.trainable}",
            "Look at build: each layer has weights of its own, w and b",
            ("Do two layers of your class share a weight, or has one of them none?",),
        )
    for name, wanted in descend(**asked).items():
        mistakes = {"the values that it started with": start[name]}
        if problem := diagnose(getattr(found, name), wanted, mistakes, 2e-3):
            fail(
                f"{name[0]} of the {'first' if name[1] == '1' else 'second'} layer to follow "
                "gradient descent (20 steps of SGD on a model of two layers)",
                problem,
                "Look at call for what differs between a single call and a call inside a model",
                ("Inside keras.Model, the batch size is not known beforehand: does call need it?",),
            )
    _check_start(submission, evidence)


def _check_start(submission: Any, evidence: dict[str, Any]) -> None:
    """Fails if the units of a new layer are alike, and notes how its weights are spread."""
    made = _layers(submission).made(units=8, input_dim=12)
    start = made.w.value
    if start is None or start.shape != (12, 8) or not np.isfinite(start).all():
        about = (Uses("w", "CustomDense.build"), "CustomDense.build")
        fail("finite starting values of w", "others", "Look at the initializer of w", (), about)
    evidence["start"] = [float(start.mean()), float(start.std())]
    if np.ptp(start, axis=1).max() == 0:
        fail(
            "starting values of w that differ from unit to unit",
            f"the same value for every unit ({start.flat[0]:g})",
            "Look at the initializer of w: units that start equal get equal gradients and stay "
            "equal for ever. Use a random one, as glorot_uniform",
            ("With which values do the weights start? Units that start equal stay equal.",),
            (Uses("w", "CustomDense.build"), "CustomDense.build"),
            _pasted(
                lines.called("CustomDense(8)", 12),
                8,
                "len(set(np.array(layer.w)[0].tolist()))",
                len(set(start[0].tolist())),
            ),
        )

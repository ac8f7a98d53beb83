"""A loss with a penalty term: cross-entropy minus a multiple of the prediction's entropy."""

from typing import Any

import numpy as np
import pytest

from graders.checking import check, fail, probe
from graders.toolkit import hints
from graders.toolkit.accuracy import check_accuracy
from graders.toolkit.losses import check_classifier_output
from graders.toolkit.outputs import part_scores
from graders.toolkit.shapes import check_image_classifier
from graders.toolkit.training import check_trained, check_training, note_training

DATA = "digits"
SOURCES = ("mnist",)
ORDER = 2

# Enough to pull the confidence down by far more than chance does, and not the accuracy.
PENALTY = 0.5
# A loss of this size answers in milliseconds; what takes longer does not end.
SECONDS = 60.0
CLASSES = 5


@probe
def measure(student, box, options, cases, positional=()):
    """Calls a loss on the grader's arrays; says its values and gradients."""
    import inspect

    import keras
    import tensorflow as tf

    made = box.function("PenalizedLoss")
    if not (inspect.isclass(made) and issubclass(made, keras.losses.Loss)):
        return {"loss": False}
    try:
        inspect.signature(made.__init__).bind(None, *positional, **options)
    except TypeError as error:
        return {"arguments": f"{error} (given {', '.join(options) or 'positions only'})"}
    loss = made(*positional, **options)
    answers = []
    for case in cases:
        y, prediction = tf.constant(case["y"]), tf.constant(case["p"])
        weights = case.get("weights")
        with tf.GradientTape() as tape:
            tape.watch(prediction)
            if weights is None:
                value = loss(y, prediction)
            else:
                value = loss(y, prediction, sample_weight=tf.constant(weights))
            if value is None:
                return {"none": True}
            total = tf.reduce_sum(value)
        gradient = tape.gradient(total, prediction)
        answers.append(
            {
                "value": keras.ops.convert_to_numpy(value),
                "gradient": None if gradient is None else keras.ops.convert_to_numpy(gradient),
            }
        )
    return {"answers": answers}


@probe
def copy_loss(student, box, options, y, p):
    """Makes a loss, a copy from its config, and one through Keras's own JSON."""
    import json

    import keras

    made = box.function("PenalizedLoss")
    loss = made(**options)
    try:
        config = loss.get_config()
        copies = [made.from_config(dict(config))]
        text = json.dumps(keras.saving.serialize_keras_object(loss))
        known = {made.__name__: made}
        copies.append(keras.saving.deserialize_keras_object(json.loads(text), custom_objects=known))
    except Exception as error:
        if isinstance(error, NotImplementedError) and "TODO" in str(error):
            raise
        said = (str(error).strip() or "no message").splitlines()[0]
        return {"problem": f"{type(error).__name__}: {said[:250]}"}
    answer = {"keys": sorted(str(key) for key in config), "copies": []}
    for copy in copies:
        if not isinstance(copy, made):
            return {"problem": f"from_config returned {type(copy).__name__}, not a PenalizedLoss"}
        answer["copies"].append(
            {
                "name": str(copy.name),
                "reduction": str(copy.reduction),
                "value": keras.ops.convert_to_numpy(copy(y, p)),
            }
        )
    return answer


@probe
def compiled_value(student, box, model, y, predictions):
    """Asks a compiled model for its loss on the grader's predictions, without regularizers."""
    import keras
    import tensorflow as tf

    live = box[model]
    values = []
    for p in predictions:
        total = live.compute_loss(x=None, y=tf.constant(y), y_pred=tf.constant(p))
        total = keras.ops.cast(total, "float32")
        for extra in live.losses:
            total = total - keras.ops.cast(extra, "float32")
        values.append(keras.ops.convert_to_numpy(total))
    return values


def _softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _parts(y: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the cross-entropy and the entropy of each example, in nats."""
    p = p.astype("float64")
    picked = p[np.arange(len(y)), y.reshape(-1).astype(int)]
    # 0 * log(0) is 0.
    logs = np.log(np.where(p > 0, p, 1))
    return -np.log(picked), -(p * logs).sum(axis=-1)


def _closed(y: np.ndarray, p: np.ndarray, penalty: float) -> np.ndarray:
    """Returns the loss of each example."""
    crossentropy, entropy = _parts(y, p)
    return crossentropy - penalty * entropy


def _draw(rng: np.random.Generator, n: int = 9, classes: int = CLASSES) -> dict[str, np.ndarray]:
    """Draws logits, the probabilities that belong to them, and labels."""
    # No probability so small that a floor under the logarithm would show.
    z = rng.uniform(-1.2, 1.2, size=(n, classes)).astype("float32")
    p = _softmax(z.astype("float64")).astype("float32")
    return {"z": z, "p": p, "y": rng.integers(0, classes, n)}


def _ask(
    submission: Any, options: dict[str, Any], cases: list[dict[str, Any]], positional: tuple = ()
) -> list[dict[str, Any]]:
    """Runs `measure`, and returns one answer for each case."""
    answer = submission.run(
        measure, seconds=SECONDS, options=options, cases=cases, positional=list(positional)
    )
    if not isinstance(answer, dict) or answer.get("loss") is False:
        fail(
            "`PenalizedLoss` to be a class that inherits from keras.losses.Loss",
            "something else",
            "Keep the line `class PenalizedLoss(keras.losses.Loss):` of the stub",
        )
    if "arguments" in answer:
        fail(
            "`PenalizedLoss(penalty=0.1, from_logits=False, **kwargs)`, where kwargs (name, "
            "reduction) go to the base class",
            f"an `__init__` that does not take them: {str(answer['arguments'])[:200]}",
            "Add **kwargs, and hand it to super().__init__(**kwargs)",
        )
    if answer.get("none"):
        fail(
            "`call` to return the loss of each example",
            "None",
            "Look at call: is a `return` missing?",
        )
    answers = answer.get("answers")
    if (
        not isinstance(answers, list)
        or len(answers) != len(cases)
        or not all(isinstance(item, dict) and _is_array(item.get("value")) for item in answers)
    ):
        fail("a loss for each array", "something else", "Look at what call returns")
    return answers


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | float | int) and np.asarray(value).dtype.kind in "fiub"


def _number(value: Any) -> float:
    """Returns a value as a float, NaN if it is no single number."""
    array = np.asarray(value)
    return float(array.reshape(-1)[0]) if array.size == 1 and array.dtype.kind in "fiub" else np.nan


def _near(found: Any, wanted: Any, tolerance: float = 1e-3) -> bool:
    found, wanted = np.asarray(found, "float64"), np.asarray(wanted, "float64")
    if found.shape != wanted.shape or not np.isfinite(found).all():
        return False
    return bool((np.abs(found - wanted) <= tolerance * np.maximum(1, np.abs(wanted))).all())


def _diagnose(found: np.ndarray, y: np.ndarray, p: np.ndarray, penalty: float) -> str:
    """Says which mistake gives these values, if a known one does."""
    crossentropy, entropy = _parts(y, p)
    if not np.isfinite(found).all():
        return "NaN or infinity"
    if _near(found, crossentropy + penalty * entropy):
        return "the entropy added instead of subtracted: that rewards confidence"
    if _near(found, -penalty * entropy):
        return "the penalty alone, without the cross-entropy"
    if _near(found, crossentropy - penalty * entropy / np.log(2)):
        return "an entropy in bits (logarithm to base 2) instead of the natural logarithm"
    if _near(found, crossentropy - penalty * entropy / p.shape[1]):
        return "the mean over the classes of -p log p instead of the sum"
    _, twice = _parts(y, _softmax(p.astype("float64")))
    if _near(found, crossentropy - penalty * twice):
        return "the entropy of softmax(y_pred), although y_pred holds probabilities already"
    picked = np.exp(-crossentropy)
    if _near(found, crossentropy - penalty * picked * crossentropy):
        return "an entropy of which only the true class's term is there"
    for sign in (1, -1):
        if _near(found, -crossentropy + sign * penalty * entropy):
            return "the cross-entropy with the wrong sign"
    if entropy.min() > 1e-3:
        used = (crossentropy - found) / entropy
        if np.ptp(used) < 1e-2:
            said = f"{used.mean():.3g}" if abs(used.mean()) > 1e-3 else "0"
            return f"cross-entropy minus {said} * entropy"
    worst = float(np.abs(found - (crossentropy - penalty * entropy)).max())
    return f"values that are up to {worst:.3g} off"


FORMULA = "cross-entropy minus penalty * entropy, natural logarithms,"


@check(
    points=1,
    hints=(
        "Write the two terms down first: what is the cross-entropy of one example, and what is "
        "the entropy of its prediction?",
        "The entropy is -sum(p * log(p)) over the classes; a confident prediction has a small one.",
        "keras.ops.take_along_axis, a one-hot product or keras.ops.sparse_categorical_crossentropy "
        "give the first term; keras.ops.sum(…, axis=-1) the second.",
    ),
)
def values(submission, rng):
    """For probabilities, the loss is the cross-entropy minus penalty times the entropy."""
    # One example at a time: how a batch is reduced is another check's business.
    for penalty, positional in ((0.3, True), (0.0, False), (1.7, False), (None, False)):
        given = _draw(rng)
        y, p = given["y"], given["p"]
        cases = [{"y": y[i : i + 1], "p": p[i : i + 1]} for i in range(len(y))]
        options = {} if positional or penalty is None else {"penalty": penalty}
        answers = _ask(submission, options, cases, (penalty,) if positional else ())
        found = np.array([_number(answer["value"]) for answer in answers])
        used = 0.1 if penalty is None else penalty
        if not _near(found, _closed(y, p, used)):
            shown = "PenalizedLoss()" if penalty is None else f"PenalizedLoss({penalty})"
            fail(
                f"`{shown}` to give {FORMULA} for probabilities"
                + (" (the default penalty is 0.1)" if penalty is None else ""),
                _diagnose(found, y, p, used),
                "Look at the two terms in call, and at how __init__ keeps the penalty",
            )


@check(
    points=1,
    needs=("values",),
    hints=(
        "With from_logits=True the predictions are not probabilities yet. Which term needs them?",
        "Both do: softmax once, then the same formula; or keras.ops.log_softmax, which is safer.",
    ),
)
def from_logits(submission, rng):
    """With from_logits=True the predictions are logits, in both terms."""
    for penalty in (0.0, 0.4):
        given = _draw(rng)
        y, z, p = given["y"], given["z"], given["p"]
        cases = [{"y": y[i : i + 1], "p": z[i : i + 1]} for i in range(len(y))]
        answers = _ask(submission, {"penalty": penalty, "from_logits": True}, cases)
        found = np.array([_number(answer["value"]) for answer in answers])
        if not _near(found, _closed(y, p, penalty)):
            twice = _softmax(p.astype("float64"))
            problem = _diagnose(found, y, p, penalty)
            unchanged = _ask(submission, {"penalty": penalty}, cases)
            as_given = np.array([_number(answer["value"]) for answer in unchanged])
            if np.allclose(found, as_given, equal_nan=True):
                problem = "what it gives with from_logits=False too"
            elif _near(found, _closed(y, twice, penalty)):
                problem = "softmax applied twice"
            elif penalty:
                # With a penalty of 0 all was well.
                problem = "a right cross-entropy, but not the entropy of softmax(logits)"
            fail(
                f"`PenalizedLoss({penalty}, from_logits=True)` to give {FORMULA} of the softmax",
                problem,
                "Look at from_logits in call: softmax turns the logits into probabilities, for the "
                "cross-entropy and for the entropy",
            )


@check(
    points=1,
    needs=("values",),
    hints=(
        "How many numbers should call return for a batch of 9 examples?",
        "Sum over the classes only (axis=-1): the base class's __call__ averages over the batch, "
        "after the sample weights.",
        "Leave __call__ to keras.losses.Loss, and hand **kwargs to super().__init__.",
    ),
)
def reductions(submission, rng):
    """call gives one value per example; Keras's base class reduces and weights them."""
    given = _draw(rng)
    y, p = given["y"], given["p"]
    weights = rng.uniform(0.2, 2.0, len(y)).astype("float32")
    each = _closed(y, p, 0.3)
    weighted = each * weights.astype("float64")
    cases = [{"y": y, "p": p}, {"y": y, "p": p, "weights": weights}]
    for reduction, plain, heavy in (
        (None, each, weighted),
        ("sum", each.sum(), weighted.sum()),
        ("sum_over_batch_size", each.mean(), weighted.mean()),
    ):
        options = {"penalty": 0.3, "reduction": reduction}
        answers = _ask(submission, options, cases)
        for answer, wanted, how in zip(
            answers, (plain, heavy), ("", " with sample_weight"), strict=True
        ):
            value = np.asarray(answer["value"])
            if reduction is None and value.shape == (len(y), 1):
                value = value[:, 0]
            if reduction is None and value.shape != (len(y),):
                found = "one number for the whole batch" if value.size == 1 else "others"
                fail(
                    f"one value per example, shape ({len(y)},), with reduction=None{how}",
                    f"{found}, shape {value.shape}",
                    "Look at call: sum over the classes (axis=-1) and leave the batch to Keras; "
                    "and at __init__: **kwargs must reach super().__init__",
                )
            if not _near(value, wanted):
                fail(
                    f"the {'values' if reduction is None else repr(reduction)} of the examples' "
                    f"losses with reduction={reduction!r}{how}",
                    f"{_number(value):.4f} instead of {float(wanted):.4f}"
                    if value.size == 1
                    else f"values that are up to {np.abs(value - wanted).max():.3g} off",
                    "Look for a mean or sum over the whole batch in call, and for a __call__ or a "
                    "reduction of your own",
                )


@check(
    points=0.5,
    needs=("reductions",),
    hints=(
        "What happens to your terms when y_true has the shape (n, 1)?",
        "keras.ops.reshape(y_true, (-1,)), and keras.ops.cast(…, 'int32'), make it one kind.",
    ),
)
def label_shapes(submission, rng):
    """Labels of shape (n,) and (n, 1) give the same, as integers or floats."""
    given = _draw(rng)
    y, p = given["y"], given["p"]
    kinds = [(y.astype(dtype), dtype) for dtype in ("int32", "uint8", "float32")]
    cases = [{"y": labels, "p": p} for labels, _ in kinds]
    cases += [{"y": labels[:, None], "p": p} for labels, _ in kinds]
    answers = _ask(submission, {"penalty": 0.3, "reduction": None}, cases)
    for case, answer in zip(cases, answers, strict=True):
        value = np.asarray(answer["value"])
        kind = f"y_true of shape {case['y'].shape} and dtype {case['y'].dtype}"
        if value.size != len(y) or value.ndim > 2:
            fail(
                f"one value per example for {kind}",
                f"an array of shape {value.shape}",
                "Look at what is subtracted from what: shapes (n, 1) and (n,) give (n, n)",
            )
        if not _near(value.reshape(-1), _closed(y, p, 0.3)):
            fail(
                f"the same loss for {kind} as for (n,) integers",
                _diagnose(value.reshape(-1), y, p, 0.3),
                "Bring y_true to one shape and to integers first",
            )


@check(
    points=1,
    needs=("values",),
    hints=(
        "Does the penalty reach the weights? Only what has a gradient teaches.",
        "Stay with keras.ops on tensors: no NumPy, no stop_gradient, no rounding.",
    ),
)
def gradient(submission, rng):
    """The gradient with respect to the prediction is that of both terms."""
    for logits in (True, False):
        given = _draw(rng)
        y, p = given["y"], given["p"].astype("float64")
        penalty = 0.6
        hot = np.eye(CLASSES)[y]
        if logits:
            entropy = -(p * np.log(p)).sum(axis=1, keepdims=True)
            first, second = p - hot, penalty * p * (np.log(p) + entropy)
        else:
            first, second = -hot / p, penalty * (np.log(p) + 1)
        options = {"penalty": penalty, "from_logits": logits, "reduction": "sum"}
        [answer] = _ask(submission, options, [{"y": y, "p": given["z" if logits else "p"]}])
        found = answer["gradient"]
        what = "logits" if logits else "probabilities"
        if not _is_array(found):
            fail(
                f"a gradient of the loss with respect to the {what}",
                "none",
                "Look at call for what a gradient cannot pass: NumPy, argmax, stop_gradient",
            )
        found = np.asarray(found, "float64")
        if found.shape != p.shape or not np.isfinite(found).all():
            fail(f"a finite gradient for the {what}", "NaN or infinity", "Look at call")

        # Probabilities sum to 1: what a gradient says about their sum is anybody's choice (some
        # losses normalise first), so it is compared along that plane only.
        def flat(g: np.ndarray) -> np.ndarray:
            return g - g.mean(axis=1, keepdims=True)

        scale = np.abs(first + second).max()
        if np.abs(flat(found) - flat(first + second)).max() > 2e-3 * scale:
            problem = "another one"
            if np.abs(flat(found) - flat(first)).max() < 2e-3 * scale:
                problem = "that of the cross-entropy alone"
            elif np.abs(flat(found) - flat(second)).max() < 2e-3 * scale:
                problem = "that of the penalty alone"
            fail(
                f"the gradient of both terms with respect to the {what}",
                problem,
                "Look at call for a stop_gradient, or a term that is computed outside of keras.ops",
            )


@check(
    points=1,
    needs=("values",),
    hints=(
        "What is 0 * log(0) for a computer, and what should it be here?",
        "keras.ops.clip(p, epsilon, 1) with keras.config.epsilon(), or log(p + epsilon), keeps the "
        "logarithm finite; with logits, log_softmax does.",
        "A keras.ops.where around log(0) fixes the value but not the gradient.",
    ),
)
def extremes(submission):
    """The loss and its gradient are finite for probabilities of 0 and 1."""
    p = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 1]], "float32")
    z = np.array(
        [[300, 0, 0, 0], [-300, 300, -300, -300], [200, 200, -200, -200], [-500, 0, -200, 500]],
        "float32",
    )
    y, penalty = np.array([0, 0, 0, 3]), 0.5
    wanted = {0: 0.0, 2: np.log(2) * (1 - penalty), 3: 0.0}
    for logits, given in ((False, p), (True, z)):
        cases = [{"y": y[i : i + 1], "p": given[i : i + 1]} for i in range(len(y))]
        options = {"penalty": penalty, "from_logits": logits}
        answers = _ask(submission, options, cases)
        what = "logits that give probabilities" if logits else "probabilities"
        for i, answer in enumerate(answers):
            shown = f"{what} of {p[i].tolist()} and the label {y[i]}"
            value = _number(answer["value"])
            if not np.isfinite(value):
                fail(
                    f"a finite loss for {shown}",
                    f"{value}",
                    "Look at the logarithms in call: log(0) is minus infinity, and 0 * log(0) is "
                    "NaN. Clip the probabilities, or use log_softmax",
                )
            if i in wanted and abs(value - wanted[i]) > 1e-2:
                fail(
                    f"a loss of {wanted[i]:.3f} for {shown}",
                    f"{value:.3f}",
                    "Look at how call keeps probabilities of 0 from the logarithm: a class of "
                    "probability 0 adds nothing to the entropy",
                )
            if i not in wanted and value < 6:
                fail(
                    f"a large loss for {shown}: sure, and wrong",
                    f"{value:.3f}",
                    "Look at how call clips: the bound should be tiny, as keras.config.epsilon()",
                )
            found = answer["gradient"]
            if not _is_array(found) or not np.isfinite(np.asarray(found, "float64")).all():
                fail(
                    f"a finite gradient for {shown}",
                    "NaN or infinity" if found is not None else "none",
                    "A keras.ops.where after the logarithm does not help the gradient: keep 0 away "
                    "from the logarithm itself",
                )


@check(
    points=0.5,
    needs=("values",),
    hints=(
        "What would another person need to make a loss like yours?",
        "get_config: super().get_config() with penalty and from_logits added.",
    ),
)
def config(submission, rng):
    """get_config and from_config keep penalty, from_logits, name and reduction."""
    given = _draw(rng)
    # from_logits has its own check; a copy is compared under either.
    for options in (
        {"penalty": 0.37, "from_logits": False, "reduction": "sum", "name": "confident"},
        {"penalty": 0.8, "from_logits": True, "reduction": "sum_over_batch_size", "name": "other"},
    ):
        shown = ", ".join(f"{key}={value!r}" for key, value in options.items())
        array = given["z" if options["from_logits"] else "p"]
        advice = (
            "Look at get_config: {**super().get_config(), …} with penalty and from_logits; and at "
            "__init__: **kwargs must reach super().__init__"
        )
        [original] = _ask(submission, options, [{"y": given["y"], "p": array}])
        answer = submission.run(copy_loss, seconds=SECONDS, options=options, y=given["y"], p=array)
        if not isinstance(answer, dict) or "problem" in answer:
            said = answer.get("problem") if isinstance(answer, dict) else "no answer"
            fail(
                f"a copy of PenalizedLoss({shown}) from its config (as saving and loading makes)",
                str(said)[:400],
                advice,
            )
        wanted = _closed(given["y"], given["p"], options["penalty"])
        wanted = wanted.sum() if options["reduction"] == "sum" else wanted.mean()
        if not _near(original["value"], wanted):
            wanted = np.asarray(original["value"])
        for copy in answer["copies"]:
            for key in ("name", "reduction"):
                if copy[key] != options[key]:
                    fail(
                        f"a copy of PenalizedLoss({shown}) with {key}={options[key]!r}",
                        f"{key}={copy[key]!r}",
                        advice,
                    )
            if not _is_array(copy["value"]) or not _near(copy["value"], wanted):
                keys = ", ".join(str(key)[:30] for key in answer["keys"][:12])
                fail(
                    f"a copy of PenalizedLoss({shown}) that gives the same loss",
                    f"another loss; its config holds {keys}",
                    advice,
                )


@pytest.fixture(scope="module")
def penalised(submission, data):
    """The model with the penalty."""
    shape = data.train[0].shape[1:]
    return submission.build("build_model", shape, data.num_classes, PENALTY, input_shape=shape)


@pytest.fixture(scope="module")
def plain(submission, data):
    """The model without a penalty."""
    shape = data.train[0].shape[1:]
    return submission.build("build_model", shape, data.num_classes, 0.0, input_shape=shape)


@pytest.fixture(scope="module")
def training(penalised, given):
    """What `train` left of the model with the penalty."""
    return penalised.train("train", "train", "validation")


@pytest.fixture(scope="module")
def plain_training(plain, given):
    """What `train` left of the model without."""
    return plain.train("train", "train", "validation")


@check(
    points=0.5,
    hints=(
        *hints.BUILDS,
        "keras.Input(input_shape) and Dense(num_classes), compile, return model.",
    ),
)
def builds(submission, penalised, data):
    """build_model returns a compiled classifier for any image size and class count."""
    other_shape, classes = (20, 24, 3), 7
    other = submission.build("build_model", other_shape, classes, 0.2, input_shape=other_shape)
    for model, shape, outputs in (
        (penalised, data.train[0].shape[1:], data.num_classes),
        (other, other_shape, classes),
    ):
        call = f"build_model({shape}, {outputs}, …)"
        check_image_classifier(model.keras, shape, outputs, call)


@check(
    points=1,
    needs=("builds", "values"),
    hints=(
        "Does the argument `penalty` of build_model get to the loss?",
        "A last layer with softmax goes with from_logits=False, one without activation with "
        "from_logits=True.",
    ),
)
def compiled_loss(submission, penalised, plain, data, rng):
    """The model is compiled with PenalizedLoss(penalty), which matches its output."""
    images = data.validation[0][:250]
    for model, penalty in ((penalised, PENALTY), (plain, 0.0)):
        kind = check_classifier_output(model.snapshot, images, data.num_classes)
        given = _draw(rng, 12, data.num_classes)
        y, z, p = given["y"], given["z"], given["p"]
        answer = submission.run(
            compiled_value, seconds=SECONDS, model=model.handle, y=y, predictions=[p, z]
        )
        if not isinstance(answer, list) or len(answer) != 2:
            fail("a loss of the compiled model", "none", "Look at model.compile(loss=…)")
        on_p, on_z = (_number(value) for value in answer)
        logits = kind == "logits"
        # What it gives if it takes its input for probabilities, and for logits.
        wanted = _closed(y, p, penalty).mean()
        as_logits = _closed(y, _softmax(p.astype("float64")), penalty).mean()
        found = on_z if logits else on_p
        if _near(found, wanted):
            continue
        expected = f"build_model(…, penalty={penalty}) to compile with PenalizedLoss({penalty})"
        if logits and _near(on_p, wanted):
            fail(
                expected + ", and the loss to match the output",
                "logits (a last layer without softmax) with from_logits=False",
                "Add softmax to the last layer, or give the loss from_logits=True",
            )
        if not logits and _near(on_p, as_logits):
            fail(
                expected + ", and the loss to match the output",
                "probabilities (softmax) with from_logits=True: softmax would be applied twice",
                "Take softmax from the last layer, or leave from_logits out",
            )
        crossentropy, entropy = (part.mean() for part in _parts(y, p))
        used = (crossentropy - found) / entropy
        problem = f"a loss of {found:.4f} on the grader's predictions instead of {wanted:.4f}"
        if abs(used) < 1e-3:
            problem = "a loss without a penalty"
        elif np.isfinite(used) and abs(used - 0.1) < 1e-3:
            problem = "a penalty of 0.1, the default"
        elif np.isfinite(used):
            problem += f", as a penalty of {used:.2g} would give"
        fail(
            expected,
            problem,
            "Look at model.compile: loss=PenalizedLoss(penalty), with the argument of build_model",
        )


@check(
    points=1,
    needs=("compiled_loss",),
    hints=(
        *hints.TRAINS,
        *hints.TRY_ADAM,
    ),
)
def trains(training, data, evidence):
    """train moves the weights of every layer, lowers the loss and returns the History."""
    note_training(training, data, evidence)
    check_training(training, data)


@check(
    points=1,
    needs=("trains",),
    hints=(
        "What does the penalty reward? Compare the largest probabilities of the two models.",
        "Does train use the loss that the model was compiled with?",
    ),
)
def less_confident(training, plain_training, data, threshold, evidence):
    """A model trained with the penalty is less confident than one without."""
    check_trained(plain_training.before, plain_training.after, "train")
    with_penalty = part_scores(training.after, data, "test")
    without = part_scores(plain_training.after, data, "test")
    sure, surer = (float(s.probabilities.max(axis=1).mean()) for s in (with_penalty, without))
    evidence["confidence"] = {"penalty 0": surer, f"penalty {PENALTY}": sure}
    drop = surer - sure
    if not drop >= threshold("confidence_drop", drop):
        fail(
            f"clearly less confidence with a penalty of {PENALTY} than without, on hidden images",
            f"{sure:.1%} with it and {surer:.1%} without (the mean of the largest probability)",
            "Look at train: does it recompile with another loss, or train for too short a time?",
        )


@check(
    points=0.5,
    needs=("trains",),
    hints=(
        *hints.ACCURACY,
        "Too low on both: more epochs, more units or filters, or another learning rate.",
    ),
)
def accuracy(training, data, threshold, evidence):
    """The model trained with the penalty reaches the accuracy threshold on hidden images."""
    check_accuracy(training, data, threshold, evidence, "images")

"""float32 against mixed float16 and bfloat16."""

import math
import time
from typing import Any

import numpy as np
import pytest

from graders.checking import CheckFailed, check, fail, probe
from graders.rebuilt.snapshot import Snapshot
from graders.toolkit import graph, hints
from graders.toolkit.losses import check_classifier_output
from graders.toolkit.outputs import Scores, predict
from graders.toolkit.shapes import check_image_classifier

DATA = "digits"
SOURCES = ("mnist",)
ORDER = 3

COMPUTE = {"float32": "float32", "mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
# Fewer than the data have: `compare` must find out from the labels.
CLASSES = 8


@probe
def policies_after(student, box, shape, num_classes, pairs):
    """Builds under one global policy after the other; says which one is left each time."""
    import keras

    build = box.function("build_model", 3)
    first = keras.config.dtype_policy()
    left, computed = [], []
    try:
        for before, policy in pairs:
            keras.config.set_dtype_policy(before)
            model = build(tuple(shape), num_classes, policy)
            left.append(str(keras.config.dtype_policy().name))
            computed.append(box.snapshot(model, tuple(shape)))
    finally:
        keras.config.set_dtype_policy(first)
    return {"left": left, "built": computed}


@probe
def model_policies(student, box, handles):
    """Says which policy each model as a whole has."""
    return [str(box[handle].dtype_policy.name) for handle in handles]


@probe
def watch_compare(student, box, train, validation, policies):
    """Runs `compare`, and notes which models it trains, from which weights, on what, how long."""
    import functools
    import hashlib
    import numbers
    import time
    import types

    import keras
    import numpy as np
    import tensorflow as tf
    from keras.src.backend.common.symbolic_scope import in_symbolic_scope

    box.function("build_model", 3)
    compare = box.function("compare", 3)
    notes = []

    def note_of(model):
        for note in notes:
            if note["model"] is model:
                return note
        return None

    def digest(model):
        with tf.init_scope():
            parts = [np.asarray(value) for value in model.get_weights()]
        return hashlib.blake2b(b"".join(part.tobytes() for part in parts)).hexdigest()[:32]

    def plain(value, depth=0):
        if isinstance(value, bool) or value is None or isinstance(value, str):
            return value
        if isinstance(value, numbers.Real):
            return float(value)
        if isinstance(value, dict) and depth < 2:
            return {str(k)[:100]: plain(v, depth + 1) for k, v in list(value.items())[:100]}
        if hasattr(value, "numpy") and getattr(value, "shape", None) == ():
            return plain(value.numpy().item(), depth)
        if isinstance(value, np.ndarray) and value.shape == ():
            return plain(value.item(), depth)
        return {"kind": type(value).__name__}

    original = inner = student.build_model
    # Somebody may hold the function itself (as a default argument, in a table): where that is
    # possible, its code is exchanged rather than its name.
    held = type(original) is types.FunctionType and original.__closure__ is None
    if held:
        inner = types.FunctionType(original.__code__, original.__globals__, "build_model")
        parts = {name: getattr(original, name) for name in ("__defaults__", "__kwdefaults__")}
        for name, value in parts.items():
            setattr(inner, name, value)
        parts["__code__"] = original.__code__

    def forward(*args, **kwargs):
        return __watched_build__(*args, **kwargs)  # noqa: F821 - put there below

    @functools.wraps(original)
    def build_model(*args, **kwargs):
        model = inner(*args, **kwargs)
        given = dict(zip(("input_shape", "num_classes", "policy"), args, strict=False), **kwargs)
        classes, policy = given.get("num_classes"), given.get("policy")
        note = {
            "model": model,
            "policy": str(getattr(policy, "name", policy))[:100],
            "classes": int(classes) if isinstance(classes, numbers.Integral) else -1,
            "starts": [],
            "inferred": False,
            "examples": 0,
            "data": [],
            "fits": [],
        }
        if isinstance(model, keras.Model):
            notes.append(note)
        return model

    wrapped = (
        "fit",
        "make_train_function",
        "__call__",
        "make_test_function",
        "make_predict_function",
        "train_on_batch",
    )
    kept = {name: getattr(keras.Model, name) for name in wrapped}
    own = {name: vars(keras.Model).get(name) for name in kept}

    class Clock(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.epochs, self.steps = [], 0

        def on_epoch_begin(self, epoch, logs=None):
            self.begin = self.end = time.perf_counter()

        def on_train_batch_end(self, batch, logs=None):
            self.end, self.steps = time.perf_counter(), self.steps + 1

        def on_epoch_end(self, epoch, logs=None):
            self.epochs.append([self.end - self.begin, time.perf_counter() - self.begin])

    def fit(self, x=None, y=None, *args, **kwargs):
        note = note_of(self)
        if note is None:
            return kept["fit"](self, x, y, *args, **kwargs)
        if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
            note["data"].append([len(x), float(x.sum(dtype="float64")), float(y.sum())])
        clock = Clock()
        given = kwargs.get("callbacks") or []
        several = [given] if isinstance(given, keras.callbacks.Callback) else list(given)
        if len(args) < 4:  # callbacks is the fourth after x and y
            kwargs["callbacks"] = [*several, clock]
        start = digest(self)
        begin = time.perf_counter()
        history = kept["fit"](self, x, y, *args, **kwargs)
        seconds = time.perf_counter() - begin
        # What was asked for: a fit that stops early is the same treatment.
        last, done = (getattr(history, "params", None) or {}).get("epochs"), history.epoch
        asked = last - int(done[0]) if isinstance(last, int) and done else 0
        note["fits"].append(
            {
                "seconds": seconds,
                "epochs": clock.epochs,
                "steps": clock.steps,
                "asked": asked,
                "start": start,
            }
        )
        return history

    def make_train_function(self, *args, **kwargs):
        note = note_of(self)
        if note is not None and len(note["starts"]) < 5000:
            note["starts"].append(digest(self))
        return kept["make_train_function"](self, *args, **kwargs)

    def call(self, *args, **kwargs):
        note = note_of(self)
        if note is not None and not note["starts"] and kwargs.get("training"):
            note["starts"].append(digest(self))
        if note is not None and not kwargs.get("training") and not in_symbolic_scope():
            note["inferred"] = True  # fit's own look at the shapes is none
        return kept["__call__"](self, *args, **kwargs)

    def in_inference(name):
        def make(self, *args, **kwargs):
            note = note_of(self)
            if note is not None:
                note["inferred"] = True
            return kept[name](self, *args, **kwargs)

        return make

    def train_on_batch(self, x, *args, **kwargs):
        note = note_of(self)
        if note is not None and hasattr(x, "__len__"):
            note["examples"] += len(x)
        return kept["train_on_batch"](self, x, *args, **kwargs)

    train = tuple(np.array(part) for part in train)
    validation = tuple(np.array(part) for part in validation)
    copies = [part.copy() for part in (*train, *validation)]
    student.build_model = build_model
    if held:
        original.__globals__["__watched_build__"] = build_model
        original.__code__, original.__defaults__ = forward.__code__, None
        original.__kwdefaults__ = None
    keras.Model.fit, keras.Model.make_train_function = fit, make_train_function
    keras.Model.__call__, keras.Model.train_on_batch = call, train_on_batch
    for name in ("make_test_function", "make_predict_function"):
        setattr(keras.Model, name, in_inference(name))
    before = str(keras.config.dtype_policy().name)
    begin = time.perf_counter()
    try:
        returned = compare(train, validation, list(policies))
        seconds = time.perf_counter() - begin
        left = str(keras.config.dtype_policy().name)
    finally:
        keras.config.set_dtype_policy(before)
        student.build_model = original
        if held:
            for name, value in parts.items():
                setattr(original, name, value)
            original.__globals__.pop("__watched_build__", None)
        for name, value in own.items():
            if value is None:
                delattr(keras.Model, name)
            else:
                setattr(keras.Model, name, value)
    same = all(np.array_equal(a, b) for a, b in zip(copies, (*train, *validation), strict=True))
    trained = [note for note in notes if note["starts"]]
    return {
        "returned": type(returned).__name__,
        "table": plain(returned) if isinstance(returned, dict) else {},
        "seconds": seconds,
        "policies": [before, left],
        "data_unchanged": same,
        "models": [
            {key: value for key, value in note.items() if key != "model"}
            | {"snapshot": box.snapshot(note["model"])}
            for note in trained
        ],
    }


class Compared:
    """What one call of `compare` left: its table, and the models that it trained."""

    def __init__(self, answer: dict[str, Any], seconds: float, parts: dict[str, Any]):
        self.returned, self.table = str(answer["returned"]), answer["table"]
        self.data_unchanged = answer["data_unchanged"] is True
        self.before, self.left = map(str, answer["policies"])
        self.seconds, self.parts = seconds, parts
        self.models: dict[str, list[dict[str, Any]]] = {}
        for model in answer["models"]:
            snapshot = Snapshot.from_claim(model["snapshot"])
            self.models.setdefault(model["policy"], []).append(model | {"snapshot": snapshot})

    def model(self, policy: str) -> dict[str, Any]:
        """Returns the notes of the model that was trained last under a policy."""
        return self.models[policy][-1]


@pytest.fixture(scope="module")
def models(submission, data):
    """The model as the student builds it, under each policy."""
    shape = data.train[0].shape[1:]
    return {
        policy: submission.build("build_model", shape, data.num_classes, policy, input_shape=shape)
        for policy in COMPUTE
    }


@pytest.fixture(scope="module")
def parts(data, rng):
    """What the grader gives to `compare`: some of the classes, the policies in any order."""
    chosen = rng.permutation(data.num_classes)[:CLASSES]
    number = np.full(data.num_classes, -1)
    number[chosen] = np.arange(len(chosen))

    def some(part: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        x, y = part
        kept = number[y] >= 0
        return x[kept], number[y][kept]

    return {
        "train": some(data.train),
        "validation": some(data.validation),
        "test": some(data.test),
        "policies": _order(rng),
    }


def _order(rng):
    """Returns the policies in some order, the usual one not last: it would hide one left set."""
    order = [str(policy) for policy in rng.permutation(list(COMPUTE))]
    return order[::-1] if order[-1] == "float32" else order


@pytest.fixture(scope="module")
def compared(submission, parts, evidence):
    """One comparison of all policies."""
    given = {key: parts[key] for key in ("train", "validation", "policies")}
    begin = time.monotonic()
    answer = submission.run(watch_compare, **given)
    try:
        found = Compared(answer, time.monotonic() - begin, parts)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CheckFailed(
            "Expected `compare` to train the models of build_model. Found something in their "
            "place. Leave Keras's own classes and the grader's as they are."
        ) from None
    evidence["comparison"] = found.table
    return found


def _hidden_layers(found: list[graph.Node]) -> list[graph.Node]:
    """Lists the layers with a kernel that another one comes after."""
    with_kernel = [
        node for node in found if any(len(w.shape) > 1 for w in getattr(node.op, "weights", []))
    ]
    followed: set[int] = set()
    for node in reversed(found):
        if id(node) in followed or any(node is other for other in with_kernel):
            followed.update(id(parent) for parent in node.parents)
    return [node for node in with_kernel if id(node) in followed]


def _check_compute(model: Any, policy: str, when: str = "") -> None:
    """Fails unless the hidden layers of a rebuilt model compute as the policy says."""
    hidden = _hidden_layers(graph.nodes(model))
    if not hidden:
        fail(
            "at least one hidden layer with weights before the output layer",
            "none",
            "Look at build_model: it is the hidden layers that mixed precision is for",
        )
    wrong = [node for node in hidden if str(node.op.compute_dtype) != COMPUTE[policy]]
    if wrong:
        fail(
            f"hidden layers that compute in {COMPUTE[policy]} under the policy {policy}{when}",
            f"{wrong[0].kind} that computes in {wrong[0].op.compute_dtype} "
            f"(policy {wrong[0].op.dtype_policy.name})",
            "Look at how the policy reaches the layers: keras.config.set_dtype_policy before they "
            "are made, or dtype=policy for each of them",
        )


@check(
    points=0.5,
    hints=hints.COMPILES,
)
def builds(models, data):
    """build_model returns a compiled model with one output per class, under each policy."""
    shape, classes = data.train[0].shape[1:], data.num_classes
    for policy, model in models.items():
        call = f"build_model({shape}, {classes}, {policy!r})"
        check_image_classifier(model.keras, shape, classes, call)


@check(
    points=1.5,
    needs=("builds",),
    hints=(
        "What does a layer compute in, and who tells it? print(layer.dtype_policy) shows it.",
        "A layer takes the global policy at the moment when it is made, or its dtype argument.",
        "keras.config.set_dtype_policy(policy) before the first layer, or dtype=policy for each.",
    ),
)
def computes_in_policy(models):
    """The hidden layers compute in the policy that build_model is given."""
    for policy, model in models.items():
        _check_compute(model.keras, policy)


@check(
    points=1,
    needs=("builds",),
    hints=(
        "What happens to an update of 0.0001 that is added to a weight of 1 in float16?",
        'The policies are called "mixed_…" because the variables stay in float32; "float16" '
        "alone is another policy.",
    ),
)
def variables_float32(models):
    """All weights are float32, under each policy."""
    for policy, model in models.items():
        for variable, path in zip(model.keras.weights, model.snapshot.paths, strict=True):
            if str(variable.dtype) != "float32":
                fail(
                    f"weights in float32 under {policy}",
                    f"{path} in {variable.dtype}",
                    "Look at the policy that the layers get: pass on the one that build_model is "
                    'given ("mixed_float16"), not "float16"',
                )


@check(
    points=1,
    needs=("builds",),
    hints=(
        "Which part of the model needs the precision of float32, whatever the policy?",
        'Give the output layer, or an Activation after it, dtype="float32".',
    ),
)
def output_float32(models):
    """The output is float32, under each policy."""
    for policy, model in models.items():
        kind = str(model.keras.outputs[0].dtype)
        if kind != "float32":
            fail(
                f"a float32 output under {policy}",
                kind,
                "Look at the last layer: softmax and the loss need float32, and the layer would "
                "otherwise compute in the policy like the hidden ones",
            )


@check(
    points=0.5,
    needs=("builds",),
    hints=(
        "What becomes of a gradient of 0.00000001 in float16, and what helps?",
        "compile does it by itself for a model with the policy mixed_float16: let it.",
    ),
)
def loss_scaling(submission, models):
    """The loss is scaled under mixed_float16, where Keras does it by itself."""
    model = models["mixed_float16"]
    [policy] = submission.run(model_policies, handles=[model.handle])
    optimizer = model.snapshot.optimizer or {}
    # Built layer by layer, the model itself has the global policy: there Keras scales nothing.
    if policy == "mixed_float16" and optimizer.get("wrapper") != "LossScaleOptimizer":
        fail(
            "a LossScaleOptimizer around the optimizer under mixed_float16",
            f"{optimizer.get('class_name', 'no optimizer')} without it",
            "Look at compile: auto_scale_loss=False leaves small gradients to vanish in float16",
        )


@check(
    points=0.5,
    needs=("builds",),
    hints=hints.OUTPUT_AND_LOSS,
)
def output_and_loss(models, data):
    """The output is class probabilities or logits, and the loss matches it."""
    for model in models.values():
        check_classifier_output(model.snapshot, data.validation[0][:250], data.num_classes)


@check(
    points=1.5,
    needs=("computes_in_policy",),
    hints=(
        "What is the global policy after build_model, and what was it before?",
        "Remember keras.config.dtype_policy() first, and set that again at the end.",
        'It need not have been "float32": somebody may have set another one before.',
    ),
)
def policy_restored(submission, data):
    """build_model leaves the global policy as it was, whatever that was."""
    shape = data.train[0].shape[1:]
    pairs = [
        ("float32", "mixed_bfloat16"),
        ("mixed_bfloat16", "float32"),
        ("mixed_float16", "mixed_bfloat16"),
        ("mixed_bfloat16", "mixed_float16"),
    ]
    answer = submission.run(
        policies_after, shape=shape, num_classes=data.num_classes, pairs=pairs, seconds=60
    )
    for (before, policy), left, built in zip(pairs, answer["left"], answer["built"], strict=False):
        if left != before:
            fail(
                f"the global policy {before} to be there again after build_model(…, {policy!r})",
                str(left),
                "Look at the end of build_model: keep keras.config.dtype_policy() at the start, "
                "and set what you kept",
            )
        when = f", also when the global policy is {before}"
        model = Snapshot.from_claim(built).model
        _check_compute(model, policy, when)
        if str(model.outputs[0].dtype) != "float32":
            fail(
                f"a float32 output under {policy}{when}",
                str(model.outputs[0].dtype),
                'Look at the last layer: dtype="float32" holds whatever the global policy is',
            )


@check(
    points=0.5,
    needs=("builds",),
    hints=hints.IMAGE_ARGUMENTS,
)
def honours_arguments(submission):
    """build_model works for other image sizes and class counts too."""
    shape, classes, policy = (36, 32, 3), 7, "mixed_bfloat16"
    other = submission.build("build_model", shape, classes, policy, input_shape=shape)
    call = f"build_model({shape}, {classes}, {policy!r})"
    check_image_classifier(other.keras, shape, classes, call)


@check(
    points=0.5,
    needs=("builds",),
    hints=(
        "What are the keys of the dict that compare returns, and what does each of them hold?",
        "results[policy] = {…} inside the loop, and return results after it.",
        "float(value) makes a plain number of most things.",
    ),
)
def compare_returns(compared, parts):
    """compare returns val_accuracy and seconds_per_epoch for each policy."""
    if compared.returned not in ("dict", "OrderedDict", "defaultdict"):
        fail(
            "`compare` to return a dict from policy to figures",
            "None: is a `return` missing?"
            if compared.returned == "NoneType"
            else compared.returned,
            "Look at the end of compare",
        )
    if set(compared.table) != set(parts["policies"]):
        fail(
            f"one entry for each of the policies asked for ({', '.join(sorted(COMPUTE))})",
            f"{', '.join(sorted(compared.table)) or 'none'}",
            "Look at the keys: they are the names of the policies in the argument",
        )
    for policy, row in compared.table.items():
        if not isinstance(row, dict) or not {"val_accuracy", "seconds_per_epoch"} <= set(row):
            keys = ", ".join(sorted(row)) if isinstance(row, dict) else type(row).__name__
            fail(
                'a dict with "val_accuracy" and "seconds_per_epoch" for each policy',
                f"{keys or 'an empty dict'} for {policy}",
                "Look at the spelling of the keys",
            )
        for key in ("val_accuracy", "seconds_per_epoch"):
            value = row[key]
            if not isinstance(value, int | float) or isinstance(value, bool):
                kind = value.get("kind", "dict") if isinstance(value, dict) else value
                fail(f"a number under {key!r}", f"{kind} for {policy}", "Convert it with float()")


@check(
    points=1,
    needs=("compare_returns",),
    hints=(
        "If two runs differ in more than the policy, what does the difference tell?",
        "Keep the first model's get_weights(), and give them to the others with set_weights; or "
        "call keras.utils.set_random_seed before each build_model.",
        "The number of classes follows from the labels: the largest of them plus one.",
    ),
)
def equal_terms(compared, parts):
    """compare trains equal models of build_model from equal starting weights on equal data."""
    wanted = parts["policies"]
    missing = [policy for policy in wanted if policy not in compared.models]
    if missing:
        fail(
            "a model of build_model trained under each policy",
            f"none under {missing[0]}",
            "Look at how compare gets its models: by build_model(input_shape, num_classes, policy)",
        )
    chosen = {policy: compared.model(policy) for policy in wanted}
    classes = int(parts["train"][1].max()) + 1
    for policy, model in chosen.items():
        if model["classes"] != classes:
            fail(
                f"models for {classes} classes, as train_data has",
                f"build_model called with num_classes={model['classes']} under {policy}",
                "Look at what compare takes for num_classes: the labels in train_data tell",
            )
    shapes = {tuple(w.shape for w in model["snapshot"].weights) for model in chosen.values()}
    if len(shapes) > 1:
        fail(
            "the same layers and sizes under each policy",
            "models of different sizes",
            "Look at build_model: nothing but the policy may depend on the policy",
        )
    common = set.intersection(*(set(model["starts"]) for model in chosen.values()))
    if not common:
        fail(
            "the same starting weights under each policy",
            "other ones for each",
            "Every build draws new random weights: make them equal before fit",
        )
    epochs = {policy: _asked(model, common) for policy, model in chosen.items()}
    if all(epochs.values()) and len(set(epochs.values())) > 1:
        fail(
            "the same number of epochs under each policy",
            ", ".join(f"{count} under {policy}" for policy, count in epochs.items()),
            "Look at what fit gets as epochs: it must not depend on the policy",
        )
    rows = {tuple(map(tuple, model["data"])) for model in chosen.values()}
    if len({row[-1] for row in rows if row}) > 1:
        fail(
            "the same training data under each policy",
            "fits on other examples or labels",
            "Look at what fit is given: x and y of train_data, whatever the policy",
        )
    _check_data(chosen, parts)
    examples = {policy: int(model["examples"]) for policy, model in chosen.items()}
    if all(examples.values()) and len(set(examples.values())) > 1:
        fail(
            "the same training data under each policy",
            ", ".join(f"{n} examples in all under {policy}" for policy, n in examples.items()),
            "Look at the batches that train_on_batch gets: all of train_data, whatever the policy",
        )
    if compared.left != compared.before:
        fail(
            f"the global policy {compared.before} to be there again after `compare`",
            compared.left,
            "Look for keras.config.set_dtype_policy in compare: build_model sets it where needed",
        )
    if not compared.data_unchanged:
        fail(
            "`compare` to leave the arrays that it was given as they are",
            "them changed",
            "Look for an operation in place: the next policy trains on what this one leaves",
        )


def _check_data(chosen: dict[str, dict[str, Any]], parts: dict[str, Any]) -> None:
    """Fails if fits that got arrays got the validation data, or hardly any of the training data.

    What a data set, a generator or a loop by hand holds is not counted.
    """
    train, held = (parts[name][0] for name in ("train", "validation"))
    for policy, model in chosen.items():
        given, fits = model["data"], model["fits"]
        if any(
            int(n) == len(held) and math.isclose(total, held.sum(dtype="float64"), rel_tol=1e-6)
            for n, total, _ in given
        ):
            fail(
                "`compare` to train on train_data",
                f"a fit on val_data under {policy}, which then tell nothing of new data",
                "Look at what fit gets as x and y",
            )
        seen = sum(int(n) * int(f["asked"]) for (n, *_), f in zip(given, fits, strict=False))
        if given and len(given) == len(fits) and _all_steps(model) and seen < len(train):
            fail(
                f"`compare` to train on all {len(train)} examples of train_data",
                f"fits that saw {seen} examples in all under {policy}",
                "Look at what fit gets as x and y, and at the number of epochs",
            )


@check(
    points=1,
    needs=("equal_terms",),
    hints=(
        "Which data and which weights does val_accuracy come from?",
        "Validation data, after the training; evaluate gives it.",
        "If all policies are low: more epochs, or another learning rate.",
    ),
)
def accuracy(compared, parts, threshold, evidence):
    """The reported accuracies are those of the models, good, and about equal for all policies."""
    reached: dict[str, float] = {}
    for policy in parts["policies"]:
        model = compared.model(policy)["snapshot"].model
        reached[policy] = Scores(model, parts["test"]).accuracy
        found = Scores(model, parts["validation"]).accuracy
        claimed = float(compared.table[policy]["val_accuracy"])
        if not abs(claimed - found) <= 0.04:
            fail(
                f"the accuracy on val_data after training ({found:.1%} under {policy}, computed "
                "by the grader from the weights)",
                f"{claimed:.3g}",
                "Look at where val_accuracy comes from: it is a share of val_data, between 0 and 1",
            )
        twins = [p for p in parts["policies"] if p != policy and _claims(compared, p) == claimed]
        # Some other copy of the model may have been evaluated; that it ties exactly is rare.
        if twins and not compared.model(policy)["inferred"]:
            fail(
                f"a val_accuracy of the model that was trained under {policy} itself",
                f"{claimed:.3g}, which is that of {twins[0]}, and a model that was never asked "
                "for a prediction",
                "Evaluate each model on val_data",
            )
    lowest, difference = min(reached.values()), max(reached.values()) - min(reached.values())
    wanted, bound = (
        threshold("accuracy", lowest),
        threshold("accuracy_difference", difference, upper=True),
    )
    evidence.update(accuracy=lowest, threshold=wanted)
    worst = min(reached, key=lambda policy: reached[policy])
    model = compared.model(worst)["snapshot"].model
    on_train = Scores(model, parts["train"]).accuracy
    evidence["training"] = {"train_accuracy": on_train, "chance": 1 / CLASSES}
    if lowest < wanted:
        fail(
            f"an accuracy of at least {wanted:.1%} on hidden images under each policy",
            f"{lowest:.1%} under {worst}",
            "Train longer or with another learning rate in compare",
        )
    if difference > bound:
        fail(
            f"accuracies that differ by at most {100 * bound:.0f} points between the policies",
            ", ".join(f"{value:.1%} under {policy}" for policy, value in reached.items()),
            "Mixed precision costs hardly any accuracy: look for what differs beside the policy, "
            "or for a training that still jumps about (a smaller learning rate, or more epochs)",
        )


def _claims(compared: Compared, policy: str) -> float:
    return float(compared.table[policy]["val_accuracy"])


def _asked(model: dict[str, Any], starts: set[str]) -> int:
    """Counts the epochs that a model's fits were asked for, since it last stood at the start.

    What came before (to trace the model, say) was taken back.
    """
    count = 0
    for fit in model["fits"]:
        count = int(fit["asked"]) + (0 if fit["start"] in starts else count)
    return count


def _durations(model: dict[str, Any]) -> tuple[list[float], list[float], list[float]]:
    """Returns the seconds of each epoch: training alone, with validation, share of the fit."""
    alone, whole, share = [], [], []
    for fit in model["fits"]:
        epochs = fit["epochs"]
        alone += [float(part[0]) for part in epochs]
        whole += [float(part[1]) for part in epochs]
        share += [float(fit["seconds"]) / max(1, len(epochs))] * len(epochs)
    return alone, whole, share


def _all_steps(model: dict[str, Any]) -> bool:
    """Returns whether nothing but `fit` trained a model, by the steps that its optimizer counts."""
    counted = (model["snapshot"].optimizer or {}).get("iterations")
    return counted is not None and int(counted) <= sum(int(fit["steps"]) for fit in model["fits"])


@check(
    points=0.5,
    needs=("compare_returns",),
    hints=(
        "Which epoch takes much longer than the others, and why?",
        "Time only the epochs after the first one, and divide by their number.",
        "time.perf_counter() before and after; the difference is in seconds.",
    ),
)
def timings(compared, parts, evidence):
    """seconds_per_epoch is plausible, without the first epoch; 16 bits may be slower on a CPU."""
    claimed = {
        policy: float(compared.table[policy]["seconds_per_epoch"]) for policy in parts["policies"]
    }
    for policy, seconds in claimed.items():
        if not (math.isfinite(seconds) and seconds > 0):
            fail(
                f"a positive number of seconds per epoch under {policy}",
                f"{seconds:g}",
                "Look at how the two times are subtracted",
            )
    if sum(claimed.values()) > compared.seconds:
        fail(
            f"seconds per epoch that fit into the {compared.seconds:.1f} s that compare took",
            f"{sum(claimed.values()):.3g} s for one epoch under each policy",
            "Look at the unit (seconds, not milliseconds)",
        )
    for policy, seconds in claimed.items():
        if policy not in compared.models:
            continue
        model = compared.model(policy)
        alone, whole, share = _durations(model)
        several = sum(bool(fit["epochs"]) for fit in model["fits"]) > 1
        if len(whole) == 1 and _all_steps(model):
            fail(
                f"epochs under {policy} after the first one, in which TensorFlow traces the model",
                "a single epoch of training",
                "Train one epoch that is not timed, and then some that are",
            )
        if len(whole) > 1:
            first = sum(whole) / len(whole), sum(share) / len(share)
            later = max(np.mean(whole[1:]), np.mean(share[1:]) if several else 0)
            if any(abs(seconds - m) < 0.06 * m for m in first) and seconds > 1.3 * later:
                fail(
                    f"the first epoch, in which TensorFlow traces the model, to be left out under "
                    f"{policy}",
                    f"{seconds:.3g} s per epoch, the mean over all {len(whole)} epochs; without "
                    f"the first it is about {later:.2g} s",
                    "Look at what is timed: train one epoch before the clock starts",
                )
            most = max([*whole[1:], *(share[1:] if several else [])])
            if seconds > 1.5 * most + 0.1:
                fail(
                    f"about {later:.2g} s per epoch under {policy} (measured beside your code)",
                    f"{seconds:.3g} s",
                    "Look at what is timed: without the first epoch and the building of the model, "
                    "divided by the number of epochs",
                )
            if seconds < 0.3 * min(alone):
                fail(
                    f"about {later:.2g} s per epoch under {policy} (measured beside your code)",
                    f"{seconds:.3g} s",
                    "Look at what the time is divided by, and at when the clock is read",
                )
        # An epoch of training holds at least one pass forward.
        passes = []
        for _ in range(2):
            begin = time.perf_counter()
            predict(model["snapshot"].model, parts["train"][0])
            passes.append(time.perf_counter() - begin)
        if seconds < 0.02 * min(passes):
            fail(
                f"a plausible time per epoch under {policy}",
                f"{seconds:.2g} s, and one pass forward took the grader {min(passes):.2g} s",
                "Look at what is timed, and at the unit",
            )
    slower = claimed["mixed_float16"] / claimed["float32"]
    evidence["note"] = (
        f"An epoch in mixed_float16 took {slower:.1f} times as long as one in float32. "
        + (
            "That is no fault: most CPUs have no fast float16 arithmetic and convert back and "
            "forth. On a GPU with tensor cores the same model is the faster one."
            if slower > 1
            else "On a CPU without fast float16 arithmetic it may well be slower."
        )
    )

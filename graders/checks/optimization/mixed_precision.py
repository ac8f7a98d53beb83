"""float32 against mixed float16 and bfloat16."""

import time
from typing import Any, NamedTuple

import numpy as np
import pytest

from graders.checking import At, Changes, Returned, Under, Uses, check, fail, probe
from graders.toolkit import durations, fairness, graph, hints, live, ratios, recorded
from graders.toolkit.losses import check_classifier_output, loss_of
from graders.toolkit.outputs import Scores
from graders.toolkit.recorded import Run, Snapshot, Watched, WatchedModel
from graders.toolkit.scaling import other_values, scaled_away, scaled_by
from graders.toolkit.shapes import check_image_classifier
from graders.toolkit.training import taking_labels_for_numbers

DATA = "digits"
SOURCES = ("mnist",)
ORDER = 3
WALKTHROUGH = 4

COMPUTE = {"float32": "float32", "mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
# Fewer than the data have: `compare` must find out from the labels.
CLASSES = 8
# The policy that is set while `compare` runs on every eighth example only.
OTHER, FEWER = "mixed_bfloat16", 8
FIGURES = ("val_accuracy", "seconds_per_epoch")
# How far a reported accuracy may be from the one that the grader computes.
NEAR = 0.04
EACH = "under each policy"
# What compare may get a model by.
MAKERS = "build_model", "Sequential", "Model", "clone_model"
SETS_POLICY = Uses("set_dtype_policy", "build_model"), "build_model"
TIMED = Under("seconds_per_epoch", "compare")


@probe
def build_under(student, box, before, shape, num_classes, policy):
    """Builds a model while another global policy is set, and reports which one is left."""
    import keras

    build, first = box.function("build_model", 3), keras.config.dtype_policy()
    keras.config.set_dtype_policy(before)
    try:
        model = build(tuple(shape), num_classes, policy)
        left = str(keras.config.dtype_policy().name)
        return {"left": left, "built": box.snapshot(model, tuple(shape))}
    finally:
        keras.config.set_dtype_policy(first)


@probe
def model_policy(student, box, handle):
    """Reports which policy a model as a whole has."""
    return str(box[handle].dtype_policy.name)


@probe
def watch_compare(student, box, train, validation, policies):
    """Runs `compare`, and notes which models it trains, from which weights, on what, how long."""
    import keras

    compare = box.function("compare", 3)
    # A policy that the module sets for good would hide a compare that never restores it.
    keras.config.set_dtype_policy("float32")
    with box.watching("build_model", ("input_shape", "num_classes", "policy")) as seen:
        returned = compare(*seen.given(train, validation), list(policies))
    return seen.answer(returned)


@probe
def policy_after_compare(student, box, before, train, validation, policies):
    """Runs `compare` on few data while another global policy is set, and reports what is left."""
    import keras
    import numpy as np

    compare, first = box.function("compare", 3), keras.config.dtype_policy()

    def left_by(names):
        data = [tuple(np.array(part) for part in pair) for pair in (train, validation)]
        keras.config.set_dtype_policy(before)
        compare(*data, names)
        return str(keras.config.dtype_policy().name)

    try:
        # One policy is quicker. Who reports on all three as well may need them.
        try:
            return left_by(["float32"])
        except Exception:
            return left_by(list(policies))
    finally:
        keras.config.set_dtype_policy(first)


class Parts(NamedTuple):
    """What the grader gives to `compare`, and the data that it keeps back.

    Attributes:
        train: Pair of arrays.
        validation: Pair of arrays.
        test: Pair of arrays, which `compare` never sees.
        policies: List of strings.
    """

    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    policies: list[str]


class Compared:
    """What one call of `compare` left behind: its figures, and the models that it trained.

    Args:
        seen: `Watched`, what it did.
        seconds: Float, how long it took, measured by the grader.
        policies: List of strings, as it got them.
    """

    def __init__(self, seen: Watched, seconds: float, policies: list[str]):
        self.seen, self.seconds, self.policies = seen, seconds, policies
        self._trained = {name: recorded.trained_with(seen, "policy", name) for name in policies}
        # Of several under one policy, the last one counts.
        self.models = {policy: models[-1] for policy, models in self._trained.items() if models}

    @property
    def about(self) -> tuple[Any, ...]:
        """What a message on it is about, see `fail`."""
        return self.seen.fitted, "compare"

    def model(self, policy: str) -> WatchedModel:
        """Returns the model that was trained under a policy; fails if there is none."""
        if policy not in self.models:
            fail(
                f"a model of build_model trained {EACH}",
                f"none under {policy}",
                "Look at how compare gets its models: by "
                "build_model(input_shape, num_classes, policy)",
                about=(*(Uses(maker, "compare") for maker in MAKERS), "compare"),
            )
        return self.models[policy]

    def runs(self, policy: str) -> list[Run]:
        """Returns all trainings under a policy: any of them may have been timed."""
        return [model.run(f"under {policy}") for model in self._trained[policy]]

    def figures(self) -> dict[str, dict[str, float]]:
        """Returns the figures for each policy; fails if they are not what was asked for."""
        return _figures(self.seen, self.policies)


def _figures(seen: Watched, policies: list[str]) -> dict[str, dict[str, float]]:
    """Parses what `compare` returned."""
    if seen.returned not in ("dict", "OrderedDict", "defaultdict"):
        fail(
            "`compare` to return a dict from policy to figures",
            "None: is a `return` missing?" if seen.returned == "NoneType" else seen.returned,
            "Look at the end of compare",
            about=(None if seen.returned == "NoneType" else Returned("compare"), "compare"),
        )
    table = seen.value if isinstance(seen.value, dict) else {}
    if set(table) != set(policies):
        fail(
            f"one entry for each of the policies asked for ({', '.join(sorted(COMPUTE))})",
            ", ".join(sorted(map(str, table))) or "none",
            "Look at the keys: they are the names of the policies in the argument",
            about=(Returned("compare", in_loop=True), "compare"),
        )
    return {policy: _row(policy, table[policy]) for policy in policies}


def _row(policy: str, row: Any) -> dict[str, float]:
    """Parses the figures of one policy."""
    if not isinstance(row, dict) or not set(FIGURES) <= set(row):
        keys = ", ".join(sorted(map(str, row))) if isinstance(row, dict) else _kind(row)
        fail(
            'a dict with "val_accuracy" and "seconds_per_epoch" for each policy',
            f"{keys or 'an empty dict'} for {policy}",
            "Look at the spelling of the keys",
            about=[*(Uses(key, "compare") for key in FIGURES), "compare"],
        )
    for key in FIGURES:
        value = row[key]
        if not isinstance(value, int | float) or isinstance(value, bool):
            fail(
                f"a number under {key!r}",
                f"{_kind(value)} for {policy}",
                "Convert it with float()",
                about=Under(key, "compare"),
            )
        if isinstance(value, int) and value.bit_length() > 64:  # float() takes no more than 1024
            fail(f"a number under {key!r}", f"a far too large one for {policy}", "Look at its unit")
    return {key: float(row[key]) for key in FIGURES}


def _kind(value: Any) -> str:
    """Names what stands in the place of a figure, or of a dict of figures."""
    if value is None:
        return "None"
    # The recorder names the type of what is no plain data.
    kind = value.get("kind", "dict") if isinstance(value, dict) else type(value).__name__
    return str(kind)[:60]


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

    return Parts(some(data.train), some(data.validation), some(data.test), _order(rng))


def _order(rng: np.random.Generator) -> list[str]:
    """Returns the policies in some order, the usual one not last: it would hide one left set."""
    order = [str(policy) for policy in rng.permutation(list(COMPUTE))]
    return order[::-1] if order[-1] == "float32" else order


@pytest.fixture(scope="module")
def compared(submission, parts):
    """One comparison of all policies."""
    begin = time.monotonic()
    given = {"train": parts.train, "validation": parts.validation, "policies": parts.policies}
    seen = submission.run(watch_compare, Watched.from_claim, models=True, **given)
    return Compared(seen, time.monotonic() - begin, parts.policies)


def _left_and_built(answer: Any) -> tuple[str, Snapshot]:
    """Parses what `build_under` found: the policy that is left, and the model."""
    if not isinstance(answer, dict):
        raise ValueError("no policy and no model")
    return recorded.text(answer.get("left")), Snapshot.from_claim(answer.get("built"))


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


def _owner(model: Any, variable: Any) -> Any:
    """Returns the layer that a variable belongs to."""
    layers = (node.op for node in graph.nodes(model))
    return [op for op in layers if any(variable is w for w in getattr(op, "weights", []))]


def _check_compute(model: Any, policy: str, when: str = "") -> None:
    """Fails unless the hidden layers of a rebuilt model compute as the policy says."""
    hidden = _hidden_layers(graph.nodes(model))
    if not hidden:
        fail(
            "at least one hidden layer with weights before the output layer",
            "none",
            "Look at build_model: it is the hidden layers that mixed precision is for",
            about="build_model",
        )
    wrong = [node for node in hidden if str(node.op.compute_dtype) != COMPUTE[policy]]
    if wrong:
        fail(
            f"hidden layers that compute in {COMPUTE[policy]} under the policy {policy}{when}",
            f"{wrong[0].kind} that computes in {wrong[0].op.compute_dtype} "
            f"(policy {wrong[0].op.dtype_policy.name})",
            "Look at how the policy reaches the layers: keras.config.set_dtype_policy before they "
            "are made, or dtype=policy for each of them",
            about=wrong[0] if len(wrong) < len(hidden) else SETS_POLICY,
        )


@check(
    points=0.5,
    doc="https://keras.io/guides/sequential_model/",
    hints=hints.COMPILES,
)
def builds(models, data):
    """build_model returns a compiled model with one output per class, under each policy."""
    shape, classes = data.train[0].shape[1:], data.num_classes
    for policy, model in models.items():
        call = f"build_model({shape}, {classes}, {policy!r})"
        check_image_classifier(model.keras, shape, classes, call)
        live.check_same_model(model)


@check(
    points=1.5,
    doc="https://keras.io/api/mixed_precision/policy/",
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
    doc="https://keras.io/api/mixed_precision/",
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
        hidden = _hidden_layers(graph.nodes(model.keras))
        all_of_them = all(str(node.op.variable_dtype) != "float32" for node in hidden)
        for variable, path in zip(model.keras.weights, model.snapshot.paths, strict=True):
            if str(variable.dtype) != "float32":
                fail(
                    f"weights in float32 under {policy}",
                    f"{path} in {variable.dtype}",
                    "Look at the policy that the layers get: pass on the one that build_model is "
                    'given ("mixed_float16"), not "float16"',
                    about=(
                        Uses("set_dtype_policy", "build_model") if all_of_them else None,
                        _owner(model.keras, variable),
                    ),
                )


@check(
    points=1,
    doc="https://www.tensorflow.org/guide/mixed_precision",
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
                about=graph.nodes(model.keras)[-1],
            )


@check(
    points=0.5,
    doc="https://keras.io/api/optimizers/loss_scale_optimizer/",
    needs=("builds",),
    hints=(
        "What becomes of a gradient of 0.00000001 in float16, and what helps?",
        "compile does it by itself for a model with the policy mixed_float16: let it.",
    ),
)
def loss_scaling(submission, models):
    """The loss is scaled under mixed_float16, where Keras does it by itself."""
    model = models["mixed_float16"]
    policy = submission.run(model_policy, recorded.text, handle=model.handle)
    optimizer = model.snapshot.optimizer or {}
    # Built layer by layer, the model itself has the global policy: there Keras scales nothing.
    if policy == "mixed_float16" and optimizer.get("wrapper") != "LossScaleOptimizer":
        fail(
            "a LossScaleOptimizer around the optimizer under mixed_float16",
            f"{optimizer.get('class_name', 'no optimizer')} without it",
            "Look at compile: auto_scale_loss=False leaves small gradients to vanish in float16",
            about=At(model.snapshot.lines.compiled, "auto_scale_loss"),
        )


@check(
    points=0.5,
    repairs=True,
    doc="https://keras.io/api/losses/probabilistic_losses/",
    needs=("builds",),
    hints=hints.OUTPUT_AND_LOSS,
)
def output_and_loss(models, data):
    """The output is class probabilities or logits, and the loss matches it."""
    for model in models.values():
        check_classifier_output(model.snapshot, data.validation[0][:250], data.num_classes)


@check(
    points=1,
    doc="https://keras.io/api/mixed_precision/policy/",
    needs=("computes_in_policy",),
    hints=(
        "What is the global policy after build_model, and what was it before?",
        "Remember keras.config.dtype_policy() first, and set that again at the end.",
        'It need not have been "float32": somebody may have set another one before.',
    ),
)
def policy_restored(submission, models, data):
    """build_model leaves the global policy as it was, whatever that was."""
    shape = data.train[0].shape[1:]
    pairs = [
        ("float32", "mixed_bfloat16"),
        ("mixed_bfloat16", "float32"),
        ("mixed_float16", "mixed_bfloat16"),
        ("mixed_bfloat16", "mixed_float16"),
    ]
    for before, policy in pairs:
        given = {"before": before, "shape": shape, "num_classes": data.num_classes}
        asked = {**given, "policy": policy, "seconds": 60, "models": True}
        left, built = submission.run(build_under, _left_and_built, **asked)
        if left != before:
            fail(
                f"the global policy {before} to be there again after build_model(…, {policy!r})",
                left,
                "Look at the end of build_model: keep keras.config.dtype_policy() at the start, "
                "and set what you kept",
                about=(
                    Uses("set_dtype_policy", "build_model", last=True),
                    Uses("set_dtype_policy"),
                ),
            )
        model, when = built.model, f", also when the global policy is {before}"
        _check_compute(model, policy, when)
        # An output that is never float32 has a check of its own.
        usual = str(models[policy].keras.outputs[0].dtype)
        if usual == "float32" != str(model.outputs[0].dtype):
            fail(
                f"a float32 output under {policy}{when}",
                str(model.outputs[0].dtype),
                'Look at the last layer: dtype="float32" holds whatever the global policy is',
                ("Which layers get the global policy? Somebody may have set another before.",),
                about=graph.nodes(model)[-1],
            )


@check(
    points=0.5,
    doc="https://keras.io/api/layers/core_layers/input/",
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
    doc="https://keras.io/api/models/model_training_apis/",
    needs=("builds",),
    hints=(
        "What are the keys of the dict that compare returns, and what does each of them hold?",
        "results[policy] = {…} inside the loop, and return results after it.",
        "float(value) makes a plain number of most things.",
    ),
)
def compare_returns(compared, evidence):
    """compare returns val_accuracy and seconds_per_epoch for each policy."""
    evidence["comparison"] = compared.figures()


@check(
    points=0.5,
    doc="https://keras.io/api/mixed_precision/policy/",
    needs=("policy_restored", "compare_returns"),
    hints=(
        "Print keras.config.dtype_policy() before and after compare, when another one is set.",
        "What does keras.backend.clear_session() forget, beside the names of layers?",
        "compare can keep the policy at its start, and set it at its end, as build_model does.",
    ),
)
def compare_restores(submission, compared, parts):
    """compare leaves the global policy as it was, whatever that was."""
    recorded.check_policy(compared.seen, "compare")
    few = [[part[::FEWER] for part in pair] for pair in (parts.train, parts.validation)]
    given = {"before": OTHER, "policies": parts.policies, "train": few[0], "validation": few[1]}
    left = submission.run(policy_after_compare, recorded.text, **given)
    if left != OTHER:
        fail(
            f"the global policy {OTHER} to be there again after `compare`",
            left,
            "Look for what sets a policy in compare, and for clear_session, which forgets the one "
            "that was set: keep keras.config.dtype_policy() at the start, and set it at the end",
            about=(
                Uses("clear_session", "compare"),
                Uses("set_dtype_policy", "compare", last=True),
                Uses("clear_session"),
                "compare",
            ),
        )


@check(
    points=1,
    doc="https://keras.io/api/layers/base_layer/",
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
    models = {policy: compared.model(policy) for policy in parts.policies}
    _check_classes(models, int(parts.train[1].max()) + 1)
    runs = [model.run(f"under {policy}") for policy, model in models.items()]
    fairness.same_sizes(runs, EACH)
    fairness.same_start(runs, EACH, Uses("build_model", "compare"))
    fairness.same_epochs(runs, EACH)
    fairness.same_data(runs, "compare", EACH, parts.train, never=parts.validation)
    recorded.check_data(compared.seen, "compare")


def _check_classes(models: dict[str, WatchedModel], classes: int) -> None:
    """Fails unless all models were built for the classes that the training data have."""
    for policy, model in models.items():
        found = str(model.arguments.get("num_classes"))
        if found != str(classes):
            fail(
                f"models for {classes} classes, as train_data has",
                f"build_model called with num_classes={found[:60]} under {policy}",
                "Look at what compare takes for num_classes: the labels in train_data tell",
                ("The number of classes follows from the labels: the largest of them plus one.",),
                about=Uses("build_model", "compare"),
            )


@check(
    points=1,
    repairs=True,
    doc="https://keras.io/api/metrics/accuracy_metrics/",
    needs=("equal_terms",),
    hints=(
        "Which data and which weights does val_accuracy come from?",
        "Validation data, after the training; evaluate gives it.",
        "If all policies are low: more epochs, or another learning rate.",
    ),
)
def accuracy(compared, parts, threshold, evidence):
    """The reported accuracies are those of the models, good, and about equal for all policies."""
    runs = [compared.model(policy).run(f"under {policy}") for policy in parts.policies]
    rescaled = other_values(runs, parts.train)
    _check_reported(compared, parts.validation, rescaled)
    models = {policy: compared.model(policy).snapshot.model for policy in parts.policies}
    reached = {policy: Scores(model, parts.test).accuracy for policy, model in models.items()}
    worst = min(reached, key=lambda policy: reached[policy])
    lowest, difference = reached[worst], max(reached.values()) - reached[worst]
    wanted = threshold("accuracy", lowest)
    bound = threshold("accuracy_difference", difference, upper=True)
    evidence.update(accuracy=lowest, threshold=wanted)
    on_train = Scores(models[worst], parts.train).accuracy
    evidence["training"] = {"train_accuracy": on_train, "chance": 1 / CLASSES}
    found, advice = rescaled
    found = found and f", after {found}"
    if lowest < wanted:
        _fail_low(
            compared.model(worst).snapshot,
            parts,
            on_train,
            wanted,
            f"{lowest:.1%} under {worst}{found}",
            advice,
        )
    if difference > bound:
        fail(
            f"accuracies that differ by at most {100 * bound:.0f} points between the policies",
            ", ".join(f"{value:.1%} under {policy}" for policy, value in reached.items()) + found,
            advice
            or "Mixed precision costs hardly any accuracy: look for what differs beside the "
            "policy, or for a training that still jumps about (a smaller learning rate, or more "
            "epochs)",
            ()
            if advice
            else ("Does the accuracy still jump at the end? A smaller learning rate calms it.",),
        )


def _fail_low(
    snapshot: Snapshot, parts: Parts, on_train: float, wanted: float, found: str, advice: str
) -> None:
    """Fails with what keeps an accuracy low.

    Args:
        snapshot: `Snapshot` of the model after its training.
        parts: `Parts`.
        on_train: Float, its accuracy on the training data.
        wanted: Float, the accuracy that is asked for.
        found: String, the one that was found.
        advice: String, what to look at if other values than the given ones were learned from.
    """
    hints_of_advice: tuple[str, ...] = ()
    about: Any = Changes("compare") if advice else None
    loss, _ = loss_of(snapshot)
    # On one-hot labels such a loss learns, slowly.
    if not advice and on_train < 2 / CLASSES and (words := taking_labels_for_numbers(loss)):
        advice, hints_of_advice, about = words, hints.OUTPUT_AND_LOSS, snapshot.lines.of_loss()
    scaled = "" if advice else scaled_away(snapshot.model, parts.validation[0][:100])
    if scaled:
        about = scaled_by(snapshot.model)
    fail(
        f"an accuracy of at least {wanted:.1%} on hidden images {EACH}",
        found,
        advice or scaled or "Train longer or with another learning rate in compare",
        hints_of_advice
        or (() if advice else ("If all policies are low: more epochs, or another learning rate.",)),
        about=about,
    )


def _check_reported(
    compared: Compared, validation: tuple[np.ndarray, np.ndarray], rescaled: tuple[str, str]
) -> None:
    """Fails unless each reported accuracy is that of the policy's own model.

    Args:
        compared: `Compared`.
        validation: Pair of arrays, the data that the accuracies are of.
        rescaled: Pair of strings, see `graders.toolkit.scaling.other_values`.

    Raises:
        CheckFailed: With both accuracies.
    """
    trained, advice = rescaled
    reported = {policy: row["val_accuracy"] for policy, row in compared.figures().items()}
    for policy, accuracy in reported.items():
        model = compared.model(policy)
        found = Scores(model.snapshot.model, validation).accuracy
        if not abs(accuracy - found) <= NEAR:
            fail(
                f"the accuracy on val_data after training, to within {100 * NEAR:.0f} points "
                f"({found:.1%} under {policy}, computed by the grader from the weights)",
                f"{accuracy:.3g}{trained and f', and {trained}'}",
                advice
                or "Look at where val_accuracy comes from: it is a share of val_data as it is "
                "given, between 0 and 1",
                about=Changes("compare") if advice else Under("val_accuracy", "compare"),
            )
        twins = [other for other in reported if other != policy and reported[other] == accuracy]
        # Some other copy of the model may have been evaluated; that it ties exactly is rare.
        if twins and not model.inferred:
            fail(
                f"a val_accuracy of the model that was trained under {policy} itself",
                f"{accuracy:.3g}, which is that of {twins[0]}, and a model that was never asked "
                "for a prediction",
                "Evaluate each model on val_data",
                about=Under("val_accuracy", "compare"),
            )


@check(
    points=0.5,
    doc="https://www.tensorflow.org/guide/mixed_precision",
    needs=("compare_returns",),
    hints=(
        "Which epoch takes much longer than the others, and why?",
        "Time only the epochs after the first one, and divide by their number.",
        "time.perf_counter() before and after; the difference is in seconds.",
    ),
)
def timings(compared, parts, evidence, settings):
    """seconds_per_epoch is plausible, without the first epoch; 16 bits may be slower on a CPU."""
    reported = {policy: row["seconds_per_epoch"] for policy, row in compared.figures().items()}
    for policy, seconds in reported.items():
        durations.check_positive(seconds, f"under {policy}", TIMED)
    durations.check_total(list(reported.values()), compared.seconds, "compare", EACH, TIMED)
    ratios.check_ratios(reported, {name: compared.runs(name) for name in parts.policies}, TIMED)
    for policy in parts.policies:
        model = compared.model(policy)
        run = model.run(f"under {policy}")
        fitted = At(compared.seen.fitted, "epochs")
        durations.check_later_epochs(reported[policy], run, TIMED, fitted)
        forward = durations.forward_seconds(model.snapshot.model, parts.train[0])
        durations.check_forward(reported[policy], forward, run.label, TIMED)
    evidence["note"] = _in_words(
        reported["mixed_float16"] / reported["float32"], settings["device"]
    )


def _in_words(slower: float, device: str) -> str:
    """Explains how many times as long an epoch in mixed_float16 took as one in float32."""
    if device == "gpu":
        reason = "This was measured on this machine's GPU."
        if slower > 1:
            reason += (
                " That is no fault: with a model and batches this small, starting the operations "
                "takes longer than computing them."
            )
    elif slower > 1:
        reason = (
            "That is no fault: most CPUs have no fast float16 arithmetic and convert back and "
            "forth. On a GPU with tensor cores the same model is the faster one."
        )
    else:
        reason = "On a CPU without fast float16 arithmetic it may well be slower."
    return f"An epoch in mixed_float16 took {slower:.1f} times as long as one in float32. {reason}"

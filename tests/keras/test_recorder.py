"""What the sandbox notes of fits and of watched builders, and that it leaves nothing behind."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from graders.boundary import wire
from graders.rebuilt.claims import Fingerprint, Fit, Run, Watched
from graders.sandbox import notes, recorder, watching
from graders.sandbox.recorder import Recorder

Given = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@pytest.fixture
def given() -> Given:
    """Training and validation data."""
    rng = np.random.default_rng(0)
    x, y = rng.random((90, 6)).astype("float32"), rng.integers(0, 2, 90)
    return (x[:60].copy(), y[:60].copy()), (x[60:].copy(), y[60:].copy())


@pytest.fixture
def model() -> Any:
    """A compiled model."""
    import keras

    made = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1, activation="sigmoid")])
    made.compile("sgd", "binary_crossentropy", run_eagerly=True)
    return made


@pytest.fixture
def fits() -> Iterator[Recorder]:
    """Notes of all fits while a test runs."""
    found = Recorder(lambda **_: None)
    found.install()
    yield found
    found.uninstall()


def _dataset(pair: Any) -> Any:
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(pair).batch(16)


def _both(train: Any, held: Any) -> Any:
    return tuple(np.concatenate(parts) for parts in zip(train, held, strict=True))


def _by_hand(model: Any) -> Any:
    import keras

    made = keras.callbacks.History()
    made.history = {"loss": [0.1], "val_loss": [0.1]}
    return made


def _merged(model: Any, train: Any, held: Any) -> Any:
    model.fit(*train, validation_data=held, verbose=0)
    return _by_hand(model)


def _finished_on(model: Any, train: Any, held: Any) -> Any:
    history = model.fit(*train, validation_data=held, verbose=0)
    model.fit(*held, verbose=0)
    return history


TRAININGS: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "as usual": (lambda m, t, v: m.fit(*t, validation_data=v, verbose=0), []),
    "positional": (lambda m, t, v: m.fit(t[0], t[1], 16, 1, 0, None, 0.0, v), []),
    "copies": (lambda m, t, v: m.fit(t[0].copy(), t[1], validation_data=(v[0].copy(), v[1])), []),
    "data sets": (lambda m, t, v: m.fit(_dataset(t), validation_data=_dataset(v)), []),
    "two fits, one history": (_merged, []),
    "no validation": (lambda m, t, v: m.fit(*t, verbose=0), []),
    "labels of other shape": (
        lambda m, t, v: m.fit(t[0], t[1][:, None], validation_data=(v[0], v[1][:, None])),
        [],
    ),
    "split": (lambda m, t, v: m.fit(*t, validation_split=0.1), ["split"]),
    "no fit": (lambda m, t, v: _by_hand(m), ["unfitted"]),
    "validated on train": (
        lambda m, t, v: m.fit(*t, validation_data=(t[0][:30], t[1][:30])),
        ["validated_on_train"],
    ),
    "validated on a data set of train": (
        lambda m, t, v: m.fit(*t, validation_data=_dataset(t)),
        ["validated_on_train"],
    ),
    "learned val at last": (_finished_on, ["learned_validation"]),
    "learned val": (
        lambda m, t, v: m.fit(*_both(t, v), validation_data=v),
        ["learned_validation"],
    ),
    "learned val only": (
        lambda m, t, v: m.fit(*v, validation_data=v),
        ["learned_validation"],
    ),
    "learned features of val": (
        lambda m, t, v: m.fit(v[0] * 2 + 1, v[1], validation_data=v),
        ["learned_validation"],
    ),
    "exchanged": (
        lambda m, t, v: m.fit(*v, validation_data=t),
        ["exchanged", "learned_validation", "validated_on_train"],
    ),
    "learned val as a data set": (
        lambda m, t, v: m.fit(_dataset(_both(t, v)), validation_data=v),
        ["learned_validation"],
    ),
    "augmented": (
        lambda m, t, v: m.fit(t[0] * 1.3 + 0.1, t[1], validation_data=v),
        [],
    ),
    "other spread": (
        lambda m, t, v: m.fit((t[0] - 0.5) * 5 + 0.5, t[1], validation_data=v),
        ["changed_training"],
    ),
    "changed training": (
        lambda m, t, v: m.fit(t[0] * 255, t[1], validation_data=v),
        ["changed_training"],
    ),
    "changed validation": (
        lambda m, t, v: m.fit(*t, validation_data=(v[0] * 255, v[1])),
        ["changed_validation"],
    ),
}


@pytest.mark.parametrize("name", TRAININGS)
def test_faults_of_a_training(name: str, fits: Recorder, model: Any, given: Given) -> None:
    """Each mistake has its name, and right work has none."""
    train, faults = TRAININGS[name]
    fits.begin(model, list(given))
    returned = train(model, *given)
    assert fits.end(returned)["faults"] == faults


def test_changed_values_are_noted(fits: Recorder, model: Any, given: Given) -> None:
    """Mean, spread and largest value of what was given and of what fit got, for each fault."""
    train, held = given
    fits.begin(model, [train, held])
    history = model.fit(train[0] / 255, train[1], validation_data=(held[0] / 255, held[1]))
    changes = fits.end(history)["changes"]
    assert sorted(changes) == ["changed_training", "changed_validation"]
    for x, fault in ((train[0], "changed_training"), (held[0], "changed_validation")):
        values = np.array([x.mean(), x.std(), x.max()])
        np.testing.assert_allclose(changes[fault], [values, values / 255], rtol=1e-5)


def test_values_that_are_not_finite_are_not_noted(fits: Recorder, model: Any, given: Given) -> None:
    """NaN in the place of a value is a fault without a number, and no claim that cannot be read."""
    train, held = given
    fits.begin(model, [train, held])
    found = fits.end(model.fit(train[0] * np.nan, train[1], validation_data=held))
    assert (found["faults"], found["changes"]) == (["changed_training"], {})


def test_a_training_forgets_the_changes_of_another(
    fits: Recorder, model: Any, given: Given
) -> None:
    """What an earlier training changed is none of the next one's."""
    train, held = given
    for factor, changed in ((255, True), (np.nan, False)):
        fits.begin(model, [train, held])
        found = fits.end(model.fit(train[0] * factor, train[1], validation_data=held))
        assert bool(found["changes"]) is changed


def test_an_earlier_history_is_none_of_this_training(
    fits: Recorder, model: Any, given: Given
) -> None:
    """A History that an earlier training returned is not taken twice."""
    fits.begin(model, list(given))
    first = model.fit(*given[0], validation_data=given[1], verbose=0)
    assert fits.end(first)["faults"] == []
    fits.begin(model, list(given))
    model.fit(*given[0], validation_data=given[1], verbose=0)
    assert fits.end(first)["faults"] == ["unfitted"]


def test_the_largest_rate_counts(fits: Recorder, model: Any, given: Given) -> None:
    """A callback's rate is seen although the last epoch has a small one."""
    import keras

    steps = keras.callbacks.LearningRateScheduler(lambda epoch, rate: [0.5, 0.001][epoch])
    fits.begin(model, list(given))
    history = model.fit(*given[0], epochs=2, validation_data=given[1], callbacks=steps, verbose=0)
    assert fits.end(history)["rate"] == pytest.approx(0.5)


@pytest.mark.parametrize("restored", [False, True])
def test_kept_weights_are_those_of_the_last_epoch(
    restored: bool, fits: Recorder, model: Any, given: Given
) -> None:
    """Weights that a callback brings back after the last epoch are other ones than its own."""
    import keras

    first: list[Any] = []
    back = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: first.append(model.get_weights()),
        on_train_end=lambda logs: model.set_weights(first[0]) if restored else None,
    )
    fits.begin(model, list(given))
    history = model.fit(*given[0], epochs=2, validation_data=given[1], callbacks=back, verbose=0)
    [note] = fits.end(history)["notes"]
    assert (note["asked"], note["done"], note["kept"]) == (2, 2, not restored)


# --- watched builders -------------------------------------------------------------------------

NAMES = ("input_shape", "num_classes", "policy")
BUILDER = """
import functools
import keras
from keras import layers

EAGERLY = {"run_eagerly": True}  # tracing takes longer than all of the training

def build_model(input_shape, num_classes=3, policy="float32"):
    model = keras.Sequential([
        keras.Input(input_shape),
        layers.Dense(8, activation="relu", dtype=policy),
        layers.Dense(num_classes, activation="softmax", dtype="float32"),
    ])
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.SGD(0.1), loss, metrics=["accuracy"], **EAGERLY)
    return model
"""


def module(source: str = "") -> Any:
    """Returns a submission: a builder, and what a test adds to it."""
    found = types.ModuleType("submitted")
    exec(BUILDER + source, vars(found))
    return found


def watch(
    fits: Recorder, given: Given, act: Callable[..., Any], source: str = "", names: Any = NAMES
) -> Watched:
    """Has a function of a submission, its training and its validation data watched.

    Returns:
        What the grader reads from the answer, which can be sent.
    """
    student = module(source)
    with fits.watching(student, "build_model", names) as seen:
        returned = act(student, *seen.given(*given))
    answer = seen.answer(returned)
    wire.encode(answer)
    return Watched.from_claim(answer)


def only_run(seen: Watched) -> Run:
    """Returns the training of the only model."""
    [found] = seen.models
    return found.run("here")


def only_fit(seen: Watched) -> Fit:
    """Returns the only fit of the only model."""
    [fit] = only_run(seen).fits
    return fit


def fit_with(**options: Any) -> Callable[..., Any]:
    """Returns an action: builds a model for two classes and fits it with some options."""

    def act(student: Any, train: Any, held: Any) -> None:
        options_here = {"batch_size": 16, "verbose": 0} | options
        student.build_model((6,), 2).fit(*train, **options_here)

    return act


HELD = {
    "by name": "def make(*args): return build_model(*args)",
    "as a default": "def make(*args, build=build_model): return build(*args)",
    "in a table": "table = {'a': build_model}\ndef make(*args): return table['a'](*args)",
    "under another name": "make = build_model",
    "in a partial": "make = functools.partial(build_model)",
    "as a method": "class Trial:\n    build = staticmethod(build_model)\nmake = Trial().build",
    "decorated": """
def logged(function):
    calls = []
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        calls.append(args)
        return function(*args, **kwargs)
    return wrapper

build_model = logged(build_model)
def make(*args, build=build_model): return build(*args)
""",
    "a closure": """
def builder():
    loss, kind = "sparse_categorical_crossentropy", keras.Sequential
    def build(input_shape, num_classes=3, policy="float32"):
        model = kind([keras.Input(input_shape), layers.Dense(num_classes, "softmax", dtype=policy)])
        model.compile("sgd", loss, **EAGERLY)
        return model
    return build

build_model = builder()
make = build_model
""",
}


@pytest.mark.parametrize("name", HELD)
def test_builder_is_watched_however_it_is_held(name: str, fits: Recorder, given: Given) -> None:
    """A function that somebody holds is watched as one that is looked up by its name."""

    def act(student: Any, train: Any, held: Any) -> None:
        student.make((6,), 2, "mixed_bfloat16").fit(train[0], train[1], verbose=0)

    [found] = watch(fits, given, act, HELD[name]).models
    wanted = {"input_shape": [6], "num_classes": 2, "policy": "mixed_bfloat16"}
    assert found.arguments == wanted
    assert len(found.run("here").fits) == 1


CALLS: dict[str, tuple[str, Callable[[Any], Any], dict[str, Any]]] = {
    "defaults": ("", lambda s: s.build_model((6,)), {"num_classes": 3, "policy": "float32"}),
    "by name": (
        "",
        lambda s: s.build_model(policy="mixed_float16", input_shape=(6,), num_classes=2),
        {"num_classes": 2, "policy": "mixed_float16"},
    ),
    "NumPy's numbers": (
        "first = build_model\ndef build_model(shape, n, p='float32'): return first(shape, int(n), p)",
        lambda s: s.build_model((np.int64(6),), np.int64(2)),
        {"num_classes": 2, "policy": "float32"},
    ),
    "a policy as an object": (
        "",
        lambda s: s.build_model((6,), 2, s.keras.DTypePolicy("mixed_float16")),
        {"num_classes": 2, "policy": "mixed_float16"},
    ),
    "names of its own": (
        "first = build_model\ndef build_model(shape, n, dtype): return first(shape, n, dtype)",
        lambda s: s.build_model((6,), dtype="mixed_float16", n=2),
        {"num_classes": 2, "policy": "mixed_float16"},
    ),
    "keywords only, with a default": (
        "first = build_model\n"
        "def build_model(input_shape, *, num_classes=2, policy): "
        "return first(input_shape, num_classes, policy)",
        lambda s: s.build_model((6,), policy="float32"),
        {"num_classes": 2, "policy": "float32"},
    ),
    "any arguments": (
        "first = build_model\ndef build_model(*args, **kwargs): return first(*args, **kwargs)",
        lambda s: s.build_model((6,), 2, policy="float32"),
        {"num_classes": 2, "policy": "float32"},
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_arguments_of_a_builder(name: str, fits: Recorder, given: Given) -> None:
    """Arguments have the grader's names, however they are given, and defaults are among them."""
    source, build, wanted = CALLS[name]

    def act(student: Any, train: Any, held: Any) -> None:
        build(student).fit(*train, verbose=0)

    [found] = watch(fits, given, act, source).models
    assert found.arguments == {"input_shape": [6]} | wanted


def _raises(student: Any, train: Any, held: Any) -> None:
    student.build_model((6,), 2).fit(*train, verbose=0)
    student.keras.config.set_dtype_policy("mixed_float16")
    raise ZeroDivisionError


def _wrong_call(student: Any, train: Any, held: Any) -> None:
    student.build_model()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("act", "error"), [(fit_with(), None), (_raises, ZeroDivisionError), (_wrong_call, TypeError)]
)
@pytest.mark.parametrize("source", ["", HELD["a closure"]])
def test_everything_is_put_back(
    act: Any, error: Any, source: str, fits: Recorder, given: Given
) -> None:
    """After watching, the submission and Keras are what they were, also where it raised."""
    import keras

    student = module(source)

    def state() -> list[Any]:
        build = student.build_model
        parts = (build.__code__, build.__defaults__, build.__kwdefaults__, build.__closure__)
        owners = (keras.Model, keras.optimizers.Optimizer)
        return [build, parts, dict(vars(student)), *(dict(vars(owner)) for owner in owners)]

    before, policy = state(), keras.config.dtype_policy().name
    expected = pytest.raises(error) if error else contextlib.nullcontext()
    with expected, fits.watching(student, "build_model", NAMES) as seen:
        act(student, *seen.given(*given))
    assert state() == before
    assert keras.config.dtype_policy().name == policy
    count = len(seen.builds)
    student.build_model((6,), 2).fit(*given[0], verbose=0)
    assert len(seen.builds) == count


def _by_tape(call: Callable[[Any, Any], Any], graph: bool = False) -> Callable[..., Any]:
    """Returns a loop by hand over the data, in which `call` gives the model's outputs."""

    def train(model: Any, x: Any, y: Any) -> None:
        import keras
        import tensorflow as tf

        def step(some: Any, labels: Any) -> None:
            with tf.GradientTape() as tape:
                outputs = call(model, some)
                loss = keras.ops.mean(keras.losses.sparse_categorical_crossentropy(labels, outputs))
            gradients = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

        run = step
        if graph:
            model.optimizer.build(model.trainable_variables)
            run = tf.function(step)
        for start in range(0, len(x), 20):
            run(tf.constant(x[start : start + 20]), tf.constant(y[start : start + 20]))

    return train


def _scaled(model: Any, x: Any, y: Any) -> None:
    import keras

    model.optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
    _by_tape(lambda model, some: model(some))(model, x, y)


def _own_optimizer(model: Any, x: Any, y: Any) -> None:
    import keras

    model.optimizer = keras.optimizers.SGD(0.1)
    _by_tape(lambda model, some: model(some), graph=True)(model, x, y)


def _from_a_generator(model: Any, x: Any, y: Any) -> None:
    variables = model.trainable_variables
    ones = [0 * variable.value + 1 for variable in variables]
    before = model.get_weights()
    model.optimizer.apply(ones, (variable for variable in variables))
    assert all((old > new).all() for old, new in zip(before, model.get_weights(), strict=True))


def _in_batches(model: Any, x: Any, y: Any) -> None:
    for start in range(0, len(x), 20):
        model.train_on_batch(x[start : start + 20], y[start : start + 20])


def _fitted_twice(model: Any, x: Any, y: Any) -> None:
    for _ in range(2):
        model.fit(x, y, verbose=0)


WAYS: dict[str, Callable[..., Any]] = {
    "fit": lambda model, x, y: model.fit(x, y, verbose=0),
    "fit of a data set": lambda model, x, y: model.fit(_dataset((x, y)), verbose=0),
    "two fits": _fitted_twice,
    "batches": _in_batches,
    "a tape, training by name": _by_tape(lambda model, x: model(x, training=True)),
    "a tape, training left out": _by_tape(lambda model, x: model(x)),
    "a tape in a graph": _by_tape(lambda model, x: model(x, training=True), graph=True),
    "a tape in a graph, training left out": _by_tape(lambda model, x: model(x), graph=True),
    "a tape and a scaled loss": _scaled,
    "another optimizer than at first": _own_optimizer,
    "variables from a generator": _from_a_generator,
}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_start_of_a_training(way: str, fits: Recorder, given: Given) -> None:
    """Whatever trains a model, the weights that it starts from are noted."""
    starts = []

    def act(student: Any, train: Any, held: Any) -> None:
        student.EAGERLY.clear()
        model = student.build_model((6,), 2)
        starts.append(notes.digest(model.get_weights()))
        WAYS[way](model, *train)

    run = only_run(watch(fits, given, act))
    assert starts[0] in run.starts
    assert len(run.starts) == {"two fits": 2, "batches": 3}.get(way, 1)
    assert run.examples == (60 if way == "batches" else 0)
    assert len(run.fits) == {"fit": 1, "fit of a data set": 1, "two fits": 2}.get(way, 0)
    assert run.only_fits == bool(run.fits)


def test_start_of_a_step_without_an_optimizer(fits: Recorder, given: Given) -> None:
    """A loop that moves the weights itself is a training, if it calls the model as one."""
    starts = []

    def act(student: Any, train: Any, held: Any) -> None:
        model = student.build_model((6,), 2)
        starts.append(notes.digest(model.get_weights()))
        for _ in range(2):
            model(train[0], training=True)
            model.set_weights([weight * 0.9 for weight in model.get_weights()])

    assert only_run(watch(fits, given, act)).starts == set(starts)


def test_fit_after_watching_is_not_noted(fits: Recorder, given: Given) -> None:
    """A model that somebody trains later has the fits from before only."""
    student = module()
    with fits.watching(student, "build_model", NAMES) as seen:
        model = student.build_model((6,), 2)
        model.fit(*given[0], verbose=0)
    model.fit(*given[0], verbose=0)
    run = only_run(Watched.from_claim(seen.answer(None)))
    assert (len(run.fits), len(run.starts)) == (1, 1)


def test_model_that_is_not_trained_is_none(fits: Recorder, given: Given) -> None:
    """Models that only predict, and those of another builder, are left out."""

    def act(student: Any, train: Any, held: Any) -> None:
        student.build_model((6,), 2).evaluate(*held, verbose=0)
        own = student.keras.Sequential([student.keras.Input((6,)), student.layers.Dense(1)])
        own.compile("sgd", "mse")
        own.fit(*train, verbose=0)

    assert watch(fits, given, act).models == ()


def test_start_of_each_fit(fits: Recorder, given: Given) -> None:
    """A fit has the digest of the weights that it starts from, also after they were set again."""

    def act(student: Any, train: Any, held: Any) -> None:
        model = student.build_model((6,), 2)
        first = model.get_weights()
        model.fit(*train, verbose=0)
        model.fit(*train, verbose=0)
        model.set_weights(first)
        model.fit(*train, verbose=0)

    one, two, three = only_run(watch(fits, given, act)).fits
    assert one.start == three.start != two.start


def test_equal_weights_have_equal_digests(fits: Recorder, given: Given) -> None:
    """Under every policy the digest is that of the weights, and other weights have another one."""

    def act(student: Any, train: Any, held: Any) -> None:
        first = None
        for policy in ("float32", "mixed_float16", "mixed_bfloat16"):
            model = student.build_model((6,), 2, policy)
            first = first or model.get_weights()
            model.set_weights(first)
            model.fit(*train, verbose=0)
        student.build_model((6,), 2).fit(*train, verbose=0)

    *equal, other = (model.run("").starts for model in watch(fits, given, act).models)
    assert equal[0] == equal[1] == equal[2]
    assert not other & equal[0]


INFERENCES: dict[str, tuple[Callable[..., Any], bool]] = {
    "fit alone": (lambda model, x, y: None, False),
    "evaluate": (lambda model, x, y: model.evaluate(x, y, verbose=0), True),
    "predict": (lambda model, x, y: model.predict(x, verbose=0), True),
    "predict_on_batch": (lambda model, x, y: model.predict_on_batch(x), True),
    "test_on_batch": (lambda model, x, y: model.test_on_batch(x, y), True),
    "a call": (lambda model, x, y: model(x), True),
    "a call, training by name": (lambda model, x, y: model(x, training=False), True),
    "a call in training": (lambda model, x, y: model(x, training=True), False),
    "validation in fit": (
        lambda model, x, y: model.fit(x, y, validation_data=(x, y), verbose=0),
        True,
    ),
    "a look at the shapes": (lambda model, x, y: _shapes(model, x), False),
    "another model": (lambda model, x, y: _copy(model).predict(x, verbose=0), False),
}


def _shapes(model: Any, x: Any) -> Any:
    """Asks for the output's shape as `fit` does where it needs it."""
    from keras.src import backend

    return backend.compute_output_spec(model, backend.KerasTensor(x.shape))


def _copy(model: Any) -> Any:
    import keras

    return keras.models.clone_model(model)


@pytest.mark.slow
@pytest.mark.parametrize("name", INFERENCES)
def test_inference_is_noted(name: str, fits: Recorder, given: Given) -> None:
    """A model that was asked for predictions is told apart from one that only trained."""
    ask, wanted = INFERENCES[name]

    def act(student: Any, train: Any, held: Any) -> None:
        student.EAGERLY.clear()
        model = student.build_model((6,), 2)
        model.fit(*train, verbose=0)
        ask(model, *held)

    [found] = watch(fits, given, act).models
    assert found.inferred == wanted


@pytest.mark.parametrize("left", ["float32", "mixed_bfloat16"])
def test_global_policy_is_noted(left: str, fits: Recorder, given: Given) -> None:
    """The policy that a function leaves is in the answer, and no longer set."""
    import keras

    def act(student: Any, train: Any, held: Any) -> None:
        keras.config.set_dtype_policy(left)

    seen = watch(fits, given, act)
    assert (seen.policy_before, seen.policy_after) == ("float32", left)
    assert keras.config.dtype_policy().name == "float32"


def _scales(student: Any, train: Any, held: Any) -> None:
    held[0][:] /= 255


@pytest.mark.parametrize(("act", "unchanged"), [(fit_with(), True), (_scales, False)])
def test_changes_of_the_data_are_noted(
    act: Any, unchanged: bool, fits: Recorder, given: Given
) -> None:
    """An operation in place is noted, and reaches the submission's copy only."""
    kept = given[1][0].copy()
    assert watch(fits, given, act).data_unchanged == unchanged
    assert np.array_equal(given[1][0], kept)


def test_what_a_function_returned_is_noted(fits: Recorder, given: Given) -> None:
    """A dict comes as plain data; of anything else the type is known."""
    seen = watch(fits, given, lambda *_: {"a": {"x": np.float32(0.5), "y": object()}, 1: [2]})
    assert (seen.returned, seen.value["a"]["x"], seen.value["1"]) == ("dict", 0.5, [2])
    assert seen.value["a"]["y"] == {"kind": "object"}
    other = watch(fits, given, lambda *_: None)
    assert (other.returned, other.value) == ("NoneType", None)


def test_fingerprints_of_the_data(fits: Recorder, given: Given) -> None:
    """Arrays have the fingerprint that the grader computes, and other data have another one."""
    train, held = given

    def act(student: Any, train: Any, held: Any) -> None:
        model = student.build_model((6,), 2)
        for x, y in (train, held, (train[0][:30], train[1][:30]), (train[0], 1 - train[1])):
            model.fit(x=x, y=y, verbose=0)

    whole, other, half, exchanged = (fit.data for fit in only_run(watch(fits, given, act)).fits)
    assert (whole, other) == (Fingerprint.of(train), Fingerprint.of(held))
    assert half == Fingerprint.of((train[0][:30], train[1][:30]))
    assert whole is not None and exchanged is not None
    assert whole.same_inputs(exchanged) and whole != exchanged


UNKNOWN: dict[str, Callable[..., Any]] = {
    "a data set": lambda m, x, y: m.fit(_dataset((x, y)), verbose=0),
    "a tensor": lambda m, x, y: m.fit(_tensor(x), y, verbose=0),
    "pixels divided by 0": lambda m, x, y: m.fit(x * np.nan, y, verbose=0),
    "infinite pixels": lambda m, x, y: m.fit(x + np.inf, y, verbose=0),
}


def _tensor(x: Any) -> Any:
    import tensorflow as tf

    return tf.constant(x)


@pytest.mark.parametrize("name", UNKNOWN)
def test_data_without_a_fingerprint(name: str, fits: Recorder, given: Given) -> None:
    """What is no pair of arrays of finite numbers has none, and the fit is noted all the same."""

    def act(student: Any, train: Any, held: Any) -> None:
        UNKNOWN[name](student.build_model((6,), 2), *train)

    fit = only_fit(watch(fits, given, act))
    assert (fit.data, fit.asked) == (None, 1)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.zeros((60, 6)), np.array(["a", "b"] * 30)),
        (np.zeros((60, 6)), np.array(3)),
        (np.array(3.0), np.zeros(60)),
    ],
)
def test_data_that_are_no_numbers_are_kerass_matter(
    x: Any, y: Any, fits: Recorder, given: Given
) -> None:
    """Keras itself raises for them, not the recorder."""
    import traceback

    def act(student: Any, train: Any, held: Any) -> None:
        student.build_model((6,), 2).fit(x, y, verbose=0)

    with pytest.raises(Exception) as caught:
        watch(fits, given, act)
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert not any(frame.name == "_sums" for frame in frames)


def _stopping(**options: Any) -> Any:
    import keras

    return keras.callbacks.EarlyStopping("loss", min_delta=100, **options)


LENGTHS: dict[str, tuple[Callable[[], dict[str, Any]], tuple[int, int, int]]] = {
    "three epochs": (lambda: {"epochs": 3}, (3, 3, 12)),
    "NumPy's number of epochs": (lambda: {"epochs": np.int64(3)}, (3, 3, 12)),
    "from the second epoch on": (lambda: {"epochs": 5, "initial_epoch": 1}, (4, 4, 16)),
    "whole batches": (lambda: {"epochs": 2, "batch_size": 60}, (2, 2, 2)),
    "steps by number": (lambda: {"epochs": 2, "steps_per_epoch": 2}, (2, 2, 4)),
    "early stopping": (
        lambda: {"epochs": 6, "callbacks": [_stopping(patience=1)]},
        (6, 2, 8),
    ),
    "no epoch": (lambda: {"epochs": 1, "initial_epoch": 1}, (0, 0, 0)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LENGTHS)
def test_epochs_and_steps(name: str, fits: Recorder, given: Given) -> None:
    """The epochs asked for are told apart from those that ran, and each step is counted."""
    options, wanted = LENGTHS[name]
    fit = only_fit(watch(fits, given, fit_with(**options())))
    assert (fit.asked, fit.done, fit.steps) == wanted
    assert len(fit.epochs) == fit.done


def test_seconds_of_the_epochs(fits: Recorder, given: Given) -> None:
    """Steps are shorter than their epoch, and all epochs together than their fit and function."""
    import time

    import keras

    slow = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: time.sleep(0.01),
        on_epoch_end=lambda epoch, logs: time.sleep(0.05),
        on_train_end=lambda logs: time.sleep(0.1),
    )
    seen = watch(fits, given, fit_with(epochs=2, callbacks=[slow]))
    fit = only_fit(seen)
    for alone, whole in fit.epochs:
        assert 0.04 <= alone <= whole - 0.05
    assert sum(whole for _, whole in fit.epochs) + 0.1 <= fit.seconds <= seen.seconds


KEPT: dict[str, tuple[Callable[[], dict[str, Any]], bool]] = {
    "the last weights": (dict, True),
    "early stopping": (lambda: {"callbacks": [_stopping(patience=1)]}, True),
    "the best weights": (
        lambda: {"callbacks": [_stopping(patience=1, restore_best_weights=True)]},
        False,
    ),
    "other weights at the end": (lambda: {"callbacks": [_zeros()]}, False),
}


def _zeros() -> Any:
    import keras

    def zeros(_: Any) -> None:
        callback.model.set_weights([0 * weight for weight in callback.model.get_weights()])

    callback = keras.callbacks.LambdaCallback(on_train_end=zeros)
    return callback


@pytest.mark.slow
@pytest.mark.parametrize("name", KEPT)
def test_weights_of_the_last_epoch(name: str, fits: Recorder, given: Given) -> None:
    """A fit that restores earlier weights does not keep those of its last epoch."""
    options, kept = KEPT[name]
    assert only_fit(watch(fits, given, fit_with(epochs=4, **options()))).kept == kept


def test_weights_of_a_training(fits: Recorder, model: Any, given: Given) -> None:
    """So it is noted of a training too, where no builder is watched."""
    fits.begin(model, list(given))
    stop = _stopping(patience=1, restore_best_weights=True)
    [note] = fits.end(model.fit(*given[0], epochs=4, callbacks=[stop], verbose=0))["notes"]
    assert (note["asked"], note["done"], note["kept"], note["steps"]) == (4, 2, False, 0)


CALLBACKS: dict[str, Callable[[Any], tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "one": lambda callback: ((), {"callbacks": callback}),
    "a list": lambda callback: ((), {"callbacks": [callback]}),
    "a tuple": lambda callback: ((), {"callbacks": (callback,)}),
    "by position": lambda callback: ((16, 2, 0, [callback]), {}),
    "Keras's own list": lambda callback: ((), {"callbacks": _callback_list(callback)}),
}


def _callback_list(callback: Any) -> Any:
    import keras

    return keras.callbacks.CallbackList([callback], add_history=True)


@pytest.mark.parametrize("name", CALLBACKS)
def test_callbacks_of_the_submission_run(name: str, fits: Recorder, given: Given) -> None:
    """However callbacks are given, they run once, the fit is noted, and their list stays."""
    import keras

    epochs: list[int] = []
    args, options = CALLBACKS[name](
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    )
    before = list(options["callbacks"]) if name == "a list" else None

    def act(student: Any, train: Any, held: Any) -> None:
        full = options if args else {"batch_size": 16, "epochs": 2, "verbose": 0} | options
        student.build_model((6,), 2).fit(*train, *args, **full)

    fit = only_fit(watch(fits, given, act))
    assert epochs == [0, 1]
    assert (fit.asked, fit.done, fit.steps) == (2, 2, 8)
    assert before is None or options["callbacks"] == before


def test_rate_of_the_first_epoch(fits: Recorder, given: Given) -> None:
    """The first epoch's rate is noted as a callback left it; one that is not finite is not."""
    import keras

    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: [0.25, 0.01][epoch])
    assert only_fit(watch(fits, given, fit_with(epochs=2, callbacks=schedule))).rate == 0.25
    infinite = keras.callbacks.LearningRateScheduler(lambda epoch, rate: float("inf"))
    assert only_fit(watch(fits, given, fit_with(callbacks=infinite))).rate is None


def test_only_so_many_fits_are_noted(monkeypatch: Any, fits: Recorder, given: Given) -> None:
    """A claim never holds more than the grader reads."""
    for module_of_it in (recorder, watching):
        monkeypatch.setattr(module_of_it, "MOST", 3)

    def act(student: Any, train: Any, held: Any) -> None:
        model = student.build_model((6,), 2)
        for _ in range(5):
            model.fit(*train, verbose=0)

    run = only_run(watch(fits, given, act))
    assert (len(run.fits), len(run.starts), run.only_fits) == (3, 3, False)


def test_without_a_builder_only_the_policy_is_watched(fits: Recorder, given: Given) -> None:
    """A function that gets its model is watched without an exchange."""
    student = module()
    build = student.build_model
    with fits.watching() as seen:
        assert student.build_model is build
        student.build_model((6,), 2).fit(*given[0], verbose=0)
    assert Watched.from_claim(seen.answer([1, 2])).value == [1, 2]
    assert seen.builds == []


@pytest.mark.parametrize("metric", ["accuracy", "acc", "binary_accuracy", "mae"])
def test_progress_tells_what_the_last_epoch_reached(given: Given, metric: str) -> None:
    """Loss and accuracy of the epoch before, by whatever name; none as the first one begins."""
    import keras

    reports: list[dict[str, Any]] = []
    found = Recorder(lambda **report: reports.append(report))
    found.install()
    try:
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile("sgd", "binary_crossentropy", metrics=[metric], run_eagerly=True)
        history = model.fit(*given[0], epochs=2, verbose=0).history
    finally:
        found.uninstall()
    first, second = reports
    assert first == {"epoch": 1, "epochs": 2, "loss": None, "accuracy": None}
    expected = None if metric == "mae" else history[metric][0]
    assert second == {"epoch": 2, "epochs": 2, "loss": history["loss"][0], "accuracy": expected}

"""Why a training of the course failed: facts of the judge's own, and repairs that are tried."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import keras
import numpy as np
import pytest

from graders.diagnosis import graded, measuring, suspects, trying
from graders.diagnosis.diagnose import Diagnosis, diagnose
from graders.diagnosis.findings import Repair
from graders.diagnosis.trials import Data
from graders.rebuilt.claims import Fit, Run
from graders.rebuilt.cleaning import cleaned, given_names
from tests.keras import models

layers = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(1200, 8)).astype("float32")
Y = X[:, :3].argmax(axis=1).astype("int64")
TRAIN, OTHERS = (X[:900], Y[:900]), (X[900:], Y[900:])
DATA = Data(*TRAIN, *OTHERS)
SPARSE = "sparse_categorical_crossentropy"


def stack(*inner: Any, rate: float = 0.01, optimizer: str = "Adam", loss: Any = SPARSE) -> Any:
    """Returns a compiled model of three classes."""
    keras.utils.set_random_seed(0)
    chosen = getattr(keras.optimizers, optimizer)(rate)
    return models.sequential((8,), *inner, optimizer=chosen, loss=loss)


def dense(units: int = 3, activation: str = "softmax", **more: Any) -> Any:
    """Returns a Dense layer."""
    return layers.Dense(units, activation=activation, **more)


def trained(
    model: Any, x: np.ndarray = TRAIN[0], y: np.ndarray = TRAIN[1], epochs: int = 5, **more: Any
) -> Any:
    """Trains a model as a submission would, and returns the judge's `Training`."""
    before = models.snapshot(model)
    history = model.fit(x, y, epochs=epochs, batch_size=32, verbose=0) if epochs else None
    rate = before.optimizer["learning_rate"] if before.optimizer else None
    steps = epochs * -(-len(y) // 32)
    run = Run("for the model", (Fit(epochs, epochs, steps, rate),))
    rows = history.history if history is not None else {}
    return models.training(before, models.snapshot(model), rows, run=run, **more)


def why(training: Any, search: bool = True) -> tuple[Diagnosis, str]:
    """Diagnoses a training, and tries repairs."""
    start = training.before
    facts = measuring.measured(graded.facts_of(start, TRAIN, training), start)
    return trying.explained(facts, start, diagnose(facts), DATA, training, 60.0, search)


def test_facts_have_the_students_names_and_what_the_fit_did() -> None:
    """Layers within a model within the model, too."""
    inner = keras.Sequential([keras.Input((8,)), layers.Dense(4, name="deep")], name="inner")
    model = stack(inner, layers.Dropout(0.3, name="some"), dense(name="last"))
    training = trained(model, epochs=2)
    facts = graded.facts_of(training.before, TRAIN, training)
    assert [layer.name for layer in facts.layers] == ["deep", "some", "last"]
    assert [layer.name for layer in facts.tail] == ["last"]
    assert (facts.fit.epochs, facts.fit.batch, facts.steps_asked) == (2, 32, 58)
    assert facts.compiled is not None and facts.labels_are == "integers" and facts.classes == 3
    assert (facts.compiled.loss, facts.compiled.optimizer) == (SPARSE, "Adam")
    assert facts.compiled.rate == pytest.approx(0.01)


def test_names_are_those_that_cleaning_gave() -> None:
    """Layer by layer, in the order of the renaming."""
    inner = keras.Sequential([keras.Input((8,)), layers.Dense(4, name="deep")], name="inner")
    tree = json.loads(models.snapshot(stack(inner, dense(name="last"))).config)
    names = given_names(tree)
    copy = cleaned(tree)["config"]["layers"]
    assert [names.get(layer["config"]["name"]) for layer in copy][-2:] == ["inner", "last"]
    assert names[copy[-2]["config"]["layers"][-1]["config"]["name"]] == "deep"


# What is wrong, what a repair is called, and what is found first.
WRONG: dict[str, tuple[Any, str, str]] = {
    "labels of other examples": (
        lambda: trained(stack(dense(16, "relu"), dense()), y=np.roll(TRAIN[1], 7)),
        "training_function",
        "as they belong together",
    ),
    "no epoch": (
        lambda: trained(stack(dense(16, "relu"), dense()), epochs=0),
        "training_function",
        "with some epochs",
    ),
    "a rate far too low": (
        lambda: trained(stack(dense(16, "relu"), dense(), rate=1e-6)),
        "learning_rate",
        "with the learning rate 0.001",
    ),
    "one epoch": (
        lambda: trained(stack(dense(16, "relu"), dense(), rate=3e-4), epochs=1),
        "too_few_steps",
        "with more epochs",
    ),
    "scaled twice": (
        lambda: trained(stack(layers.Rescaling(1 / 2000), dense(16, "relu"), dense(), rate=1e-3)),
        "scaled_away",
        "with the inputs divided once",
    ),
    "a softmax of a softmax": (
        lambda: trained(stack(dense(16, "relu"), dense(), layers.Softmax(), rate=1e-3), epochs=1),
        "softmax_twice",
        "with one softmax",
    ),
    "a penalty too strong": (
        lambda: trained(
            stack(dense(32, "relu", kernel_regularizer=keras.regularizers.L2(3.0)), dense())
        ),
        "penalty_dominates",
        "with L1 and L2 penalties",
    ),
    "dropout too strong": (
        lambda: trained(stack(dense(16, "relu"), layers.Dropout(0.97), dense())),
        "too_much_dropout",
        "with a rate of 0.3 in Dropout",
    ),
    "frozen": (
        lambda: trained(
            stack(dense(2, "relu", trainable=False), dense(16, "relu"), dense()), epochs=8
        ),
        "frozen_layers",
        "with all layers trainable",
    ),
}


# These three show each way to a repair: the others take their time.
QUICK = ("labels of other examples", "no epoch", "a softmax of a softmax")


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in WRONG],
)
def test_the_repair_that_explains_it_stands_first(name: str) -> None:
    """The fault is named, and the sentence tells what its repair reached."""
    make, fault, words = WRONG[name]
    found, trouble = why(make())
    assert (found.faults[0].id, trouble) == (fault, "")
    assert any(words in each.tried for each in found.faults[:2])


@pytest.mark.slow
def test_where_nothing_explains_it_one_line_tells_so() -> None:
    """Labels without rhyme can be learned by no repair."""
    model = stack(dense(16, "relu"), dense())
    y = np.random.default_rng(1).integers(0, 3, 900)
    training = trained(model, y=y)
    facts = measuring.measured(
        graded.facts_of(training.before, (X[:900], y), training), training.before
    )
    data = Data(X[:900], y, X[900:], np.random.default_rng(2).integers(0, 3, 300))
    found, trouble = trying.explained(
        facts, training.before, diagnose(facts), data, training, 30.0, True
    )
    assert found.faults == () and trouble.startswith("Nothing that could be tried explains it.")


def test_right_work_is_left_alone() -> None:
    """A training that reaches nearly all gets no fault."""
    found, _ = why(trained(stack(dense(32, "relu"), dense()), epochs=20))
    assert found.faults == ()


def test_two_inputs_and_a_loss_of_the_files_own() -> None:
    """A dict of inputs is trained on, with a loss of Keras's in the place of the other."""
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    joined = layers.Concatenate()([layers.Dense(16, "relu")(a), layers.Dense(16, "relu")(b)])
    model = keras.Model([a, b], layers.Dense(3, "softmax")(joined))
    model.compile(keras.optimizers.Adam(0.0), SPARSE)
    x = {"a": X[:, :4], "b": X[:, 4:]}
    start = models.snapshot(model)
    parts = ({k: v[:900] for k, v in x.items()}, {k: v[900:] for k, v in x.items()})
    facts = graded.facts_of(start, (parts[0], TRAIN[1]), None)
    assert facts.compiled is not None
    own = dataclasses.replace(facts.compiled, loss="own", own_loss=True, rate=0.0)
    facts = measuring.measured(dataclasses.replace(facts, compiled=own), start)
    data = Data(parts[0], TRAIN[1], parts[1], OTHERS[1])
    found, _ = trying.explained(facts, start, diagnose(facts), data, None, 60.0, True)
    assert found.faults[0].id == "learning_rate"
    assert f"({SPARSE} in the place of your own loss)" in found.faults[0].tried


def test_only_faults_are_tried_where_no_training_is_in_question() -> None:
    """What a check of the structure found is not looked for in the training."""
    found, trouble = why(trained(stack(dense(16, "relu"), dense(), rate=3e-4), epochs=3), False)
    assert not found.faults and trouble


def test_a_few_large_batches_are_no_mistaken_labels() -> None:
    """The grader's own training gets the same batches, also where only the optimizer counted them."""
    model = stack(dense(32, "relu"), dense(), rate=0.01)
    before = models.snapshot(model)
    model.fit(*TRAIN, epochs=2, batch_size=450, verbose=0)
    run = Run("for the model", (Fit(2, 2, 0, 0.01),))
    after = models.snapshot(model)
    training = models.training(before, after, {"loss": [1.1, 1.0]}, run=run)
    assert graded.facts_of(before, TRAIN, training).steps_asked == 4
    found, _ = why(training)
    assert [fault.id for fault in found.faults][:1] == ["too_few_steps"]


def test_repairs_add_up() -> None:
    """The words too."""
    both = Repair("with a", rate=0.1, hidden={"x": "relu"}).and_also(
        Repair("with b", epochs=3, hidden={"y": "relu"})
    )
    assert (both.words, both.rate, both.epochs) == ("with a and b", 0.1, 3)
    assert both.hidden == {"x": "relu", "y": "relu"}


def test_a_model_that_was_not_trained_has_no_fault_of_its_training() -> None:
    """There is nothing to compare with."""
    assert suspects.in_training(None) == []


def test_what_stopped_a_training_is_told_as_far_as_it_is_known() -> None:
    """A rate that fell, x that was changed, or neither: nothing is called what it may not be."""
    training = trained(stack(dense(16, "relu"), dense()), y=np.roll(TRAIN[1], 7))

    def told(reached: float | None = 0.34) -> str:
        [(finding, _)] = suspects.in_training(training, reached)
        return finding.message

    training.history = {"val_accuracy": [0.3, 0.35]}
    assert "x and y may not belong together in fit, or" in told()
    training.history = {"val_accuracy": [0.3, 0.99], "accuracy": [0.1, 0.2]}
    assert "gets 99% of what `train` gives it right, and 34% of the data as they are" in told()
    assert "may not belong together" in told(None)
    [fit] = training.run.fits
    fell = dataclasses.replace(fit, last_rate=1e-9)
    training.run = dataclasses.replace(training.run, fits=(fell,))
    assert "falls from 0.01 to 1e-09" in told() and "decay_steps counts batches" in told()

"""What training did to a model: which weights moved, the loss, gradients, the History."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest

from graders import checking
from graders.rebuilt.snapshot import Snapshot
from graders.toolkit import graph, outputs
from graders.toolkit import training as toolkit
from tests.keras import models
from tests.keras.models import functional, layers, sequential

ops = keras.ops


def add(snapshot: Snapshot, **by_name: float) -> Snapshot:
    """Returns a snapshot with a number added to some weights.

    Args:
        snapshot: A `Snapshot`.
        **by_name: Floats by the layer's name and the weight's, as in `first__kernel`.
    """
    names = ["__".join(path.split("/")[-2:]) for path in snapshot.paths]
    assert set(by_name) <= set(names), names
    pairs = zip(names, snapshot.weights, strict=True)
    weights = [weight + np.float32(by_name.get(name, 0)) for name, weight in pairs]
    return dataclasses.replace(snapshot, weights=weights)


def two_layers(**compiled: Any) -> Snapshot:
    """Returns a snapshot of a model with the layers `first` and `second`."""
    keras.utils.set_random_seed(0)
    model = sequential(
        (3,),
        layers.Dense(4, activation="tanh", name="first"),
        layers.Dense(3, activation="softmax", name="second"),
        **compiled,
    )
    return models.snapshot(model)


# --- moved, check_trained ---------------------------------------------------------------------


def test_moved() -> None:
    """For each weight whether any of its numbers changed."""
    before = two_layers()
    assert toolkit.moved(before, before) == [False] * 4
    after = add(before, first__bias=1e-3, second__kernel=-1.0)
    assert toolkit.moved(before, after) == [False, True, True, False]


def test_moved_sees_one_number() -> None:
    """One number of a kernel is enough."""
    before = two_layers()
    weights = [weight.copy() for weight in before.weights]
    weights[2][3, 1] += 1e-3
    after = dataclasses.replace(before, weights=weights)
    assert toolkit.moved(before, after) == [False, False, True, False]


@pytest.mark.parametrize(
    "stack",
    [[layers.Dense(5), layers.Dense(3)], [layers.Dense(4)]],
    ids=["other sizes", "fewer layers"],
)
def test_moved_needs_the_same_model(stack: list[Any]) -> None:
    """A model with other layers or sizes is not the one that was given."""
    other = models.snapshot(sequential((3,), *stack))
    with pytest.raises(checking.CheckFailed, match="Found a model with other layers or sizes"):
        toolkit.moved(two_layers(), other)


def test_check_trained_passes() -> None:
    """Something of every layer moved; a bias that stays is no fault."""
    before = two_layers()
    toolkit.check_trained(before, add(before, first__kernel=0.1, second__bias=0.1), "train")


def test_check_trained_wants_finite_weights() -> None:
    """A training that diverged."""
    before = two_layers()
    for value in (np.nan, np.inf):
        after = add(before, first__kernel=value, second__kernel=1.0)
        with pytest.raises(checking.CheckFailed, match="Found weights that are NaN or infinite"):
            toolkit.check_trained(before, after, "train")


def test_check_trained_wants_something_to_train() -> None:
    """A model in which everything is frozen."""
    model = sequential((3,), layers.Dense(3, trainable=False))
    frozen = models.snapshot(model)
    with pytest.raises(checking.CheckFailed, match="Found a model in which every layer is frozen"):
        toolkit.check_trained(frozen, frozen, "train")


def test_check_trained_lets_frozen_layers_be() -> None:
    """What is frozen before and after need not move; what was unfrozen must."""
    before = two_layers()
    after = add(before, second__kernel=0.1)
    half = [False, False, True, True]
    frozen = [dataclasses.replace(snapshot, trainable=half) for snapshot in (before, after)]
    toolkit.check_trained(*frozen, "fine_tune")
    with pytest.raises(checking.CheckFailed, match="weights that never moved"):
        toolkit.check_trained(frozen[0], after, "fine_tune")


def test_check_trained_wants_a_change() -> None:
    """A function that trains nothing, or a copy, is named."""
    before = two_layers()
    words = "Expected `fine_tune` to change the weights.*Found every weight as it was"
    with pytest.raises(checking.CheckFailed, match=words):
        toolkit.check_trained(before, before, "fine_tune")


def test_check_trained_wants_every_layer_to_move() -> None:
    """Layers that never moved are named with the student's names."""
    before = two_layers()
    words = r"Found weights that never moved: \S*/second/kernel, \S*/second/bias\."
    with pytest.raises(checking.CheckFailed, match=words):
        toolkit.check_trained(before, add(before, first__kernel=0.1), "train")


# --- count_learned ----------------------------------------------------------------------------


def conv(name: str) -> Any:
    """Returns a convolution of that name that keeps the size."""
    return layers.Conv2D(1, 3, padding="same", name=name)


def test_count_learned() -> None:
    """Counted are layers of the kind that moved."""
    model = sequential((4, 4, 1), conv("a"), conv("b"), layers.Flatten(), layers.Dense(2, name="d"))
    before = models.snapshot(model)
    for moved, expected in (
        ({}, 0),
        ({"d__kernel": 1.0}, 0),
        ({"a__bias": 1.0, "d__kernel": 1.0}, 1),
        ({"a__bias": 1.0, "b__kernel": 1.0}, 2),
    ):
        training = models.training(before, add(before, **moved))
        assert toolkit.count_learned(training, graph.is_convolution) == expected


def test_a_shared_layer_learns_once() -> None:
    """One convolution that is called twice is one layer."""
    shared = conv("shared")
    before = models.snapshot(functional((4, 4, 1), lambda x: shared(layers.ReLU()(shared(x)))))
    training = models.training(before, add(before, shared__kernel=1.0))
    assert toolkit.count_learned(training, graph.is_convolution) == 1


# --- losses -----------------------------------------------------------------------------------


def scores(scale: float) -> outputs.Scores:
    """Returns how well a model does that reads the label off, with some certainty."""
    return outputs.Scores(models.reader(scale), models.one_hot_part(30))


def test_a_loss_that_fell() -> None:
    """By more than a twentieth."""
    toolkit.check_loss_fell(scores(0), scores(1), "train")


@pytest.mark.parametrize("scale", [0.0, -1.0, 0.05], ids=["equal", "risen", "hardly fallen"])
def test_a_loss_that_did_not_fall(scale: float) -> None:
    """Both losses are told."""
    after = scores(scale)
    words = (
        rf"Found a cross-entropy of {after.loss:.3f} after `train`, 1\.099 before.*learning rate"
    )
    with pytest.raises(checking.CheckFailed, match=words):
        toolkit.check_loss_fell(scores(0), after, "train", "sparse_categorical_crossentropy")


def test_a_loss_that_is_not_a_number() -> None:
    """NaN is no smaller than anything."""
    after = scores(1)
    after.loss = float("nan")
    with pytest.raises(checking.CheckFailed, match="a cross-entropy of nan"):
        toolkit.check_loss_fell(scores(0), after, "train")


def test_advice_on_a_loss_that_did_not_fall() -> None:
    """A loss for numbers is named, else the caller's advice is given."""

    def here() -> str:
        return "Look here"

    with pytest.raises(checking.CheckFailed, match="mean_squared_error compares outputs with"):
        toolkit.check_loss_fell(scores(0), scores(0), "train", "mean_squared_error", here)
    with pytest.raises(checking.CheckFailed, match="Look here"):
        toolkit.check_loss_fell(scores(0), scores(0), "train", advice=here)


# --- dead_weights -----------------------------------------------------------------------------


def branches(cut: Any, units: int = 3, activation: str | None = "softmax") -> Snapshot:
    """Returns a model of which one branch goes through `cut` before they join."""

    def build(x: Any) -> Any:
        ways = [layers.Dense(4, name="alive")(x), cut(layers.Dense(4, name="cut")(x))]
        joined = layers.BatchNormalization(name="norm")(layers.Add()(ways))
        return layers.Dense(units, activation=activation, name="out")(joined)

    keras.utils.set_random_seed(0)
    return models.snapshot(functional((3,), build))


@pytest.mark.parametrize(
    "cut", [ops.stop_gradient, lambda x: x * 0.0], ids=["stop_gradient", "times 0"]
)
@pytest.mark.parametrize(
    ("units", "activation", "kind"),
    [
        (3, "softmax", "probabilities"),
        (3, None, "logits"),
        (1, "sigmoid", "scores"),
        (1, None, "logits"),
    ],
    ids=["softmax", "logits", "sigmoid", "logit"],
)
def test_dead_weights(cut: Any, units: int, activation: str | None, kind: str) -> None:
    """Weights behind a cut are named as the student named them, for every kind of output."""
    x, y = models.one_hot_part(60)
    part = (x, y % 2 if units == 1 else y)
    dead = toolkit.dead_weights(branches(cut, units, activation), part, kind)
    assert dead == ["cut/kernel", "cut/bias"]
    assert toolkit.dead_weights(branches(layers.Identity(), units, activation), part, kind) == []


def test_dead_weights_leaves_the_model_as_it_was() -> None:
    """BatchNormalization's averages too."""
    snapshot = branches(layers.Identity())
    toolkit.dead_weights(snapshot, models.one_hot_part(60), "probabilities")
    for given, now in zip(snapshot.weights, snapshot.model.get_weights(), strict=True):
        np.testing.assert_array_equal(now, given)


def test_frozen_weights_are_not_dead() -> None:
    """No gradient is wanted for them, whether the config or the live model froze them."""
    part = models.one_hot_part(60)
    cut = branches(ops.stop_gradient)
    trainable = [not path.startswith("cut/") for path in cut.paths]
    live = dataclasses.replace(cut, trainable=trainable)
    assert toolkit.dead_weights(live, part, "probabilities") == []
    kernel = cut.model.weights[cut.paths.index("cut/kernel")]
    [layer] = [layer for layer in cut.model.layers if any(w is kernel for w in layer.weights)]
    layer.trainable = False
    assert toolkit.dead_weights(cut, part, "probabilities") == []


def test_a_kernel_alone_is_not_dead() -> None:
    """A layer is alive if its bias is: with inputs of 0 the kernel gets no gradient."""
    x, y = models.one_hot_part(60)
    assert toolkit.dead_weights(two_layers(), (x * 0, y), "probabilities") == []


# --- check_training ---------------------------------------------------------------------------


def fitted(**changes: Any) -> Any:
    """Returns a training of the model that reads the label off, from knowing nothing."""
    changes = {"before": models.snapshot(models.reader(0.0)), **changes}
    changes = {"after": models.snapshot(models.reader(3.0)), **changes}
    return models.training(**changes)


def test_check_training_passes() -> None:
    """A real fit of a small model on data that can be learned."""
    data = models.one_hot_data()
    keras.utils.set_random_seed(0)
    model = sequential(
        (3,),
        layers.Dense(8, activation="relu"),
        layers.Dense(3, activation="softmax"),
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.Adam(0.1),
        metrics=["accuracy"],
        run_eagerly=True,
    )
    before = models.snapshot(model)
    history = model.fit(*data.train, validation_data=data.validation, epochs=2, verbose=0)
    training = models.training(before, models.snapshot(model), history.history)
    toolkit.check_training(training, data)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"after": 0.0}, "Found every weight as it was before"),
        ({"after": -1.0}, "Expected a training loss that falls"),
        ({"before": 4.0}, "Expected a training loss that falls"),
        ({"history": {"loss": [1.0]}}, "Expected metrics on the validation data"),
        ({"data_unchanged": False}, "leave the arrays that it was given"),
        ({"data_unchanged": False, "after": -1.0}, "leave the arrays that it was given"),
        ({"after": -1.0, "history": {"val_accuracy": [0.9]}}, "the History shows 90.0%"),
        ({"after": -1.0, "faults": ["changed_training"]}, "on the values of train_data"),
        ({"after": -1.0, "faults": ["changed_validation"]}, "Expected a training loss that falls"),
        ({"after": 0.0, "faults": ["changed_training"]}, "Found every weight as it was before"),
    ],
    ids=[
        "nothing learned", "unlearned", "grown worse", "no validation", "data changed",
        "data changed, and a bad model", "a claim of accuracy",
        "other data, and a bad model", "other validation data, and a bad model",
        "other data, and nothing learned",
    ],
)  # fmt: skip
def test_check_training_fails(changes: dict[str, Any], words: str) -> None:
    """Each way of going wrong, and which of two is told."""
    for name in ("before", "after"):
        if name in changes:
            changes = changes | {name: models.snapshot(models.reader(changes[name]))}
    with pytest.raises(checking.CheckFailed, match=words):
        toolkit.check_training(fitted(**changes), models.one_hot_data())
    toolkit.check_training(fitted(), models.one_hot_data())


@pytest.mark.parametrize("check", [toolkit.check_moved, toolkit.check_finite])
def test_other_values_explain_weights_that_are_not_finite(check: Any) -> None:
    """The learning rate is to blame only if fit got the values that it was given."""
    broken = add(two_layers(), first__kernel=np.inf)
    for faults, words in ((["changed_training"], "values of train_data"), ([], "learning rate")):
        with pytest.raises(checking.CheckFailed, match=words):
            check(models.training(two_layers(), broken, faults=faults))
    check(models.training(two_layers(), add(two_layers(), first__kernel=1.0, second__kernel=1.0)))


def test_check_training_names_the_loss() -> None:
    """A model that was compiled with a loss for numbers."""
    before = models.snapshot(models.reader(0.0, loss="mse"))
    training = fitted(before=before, after=models.snapshot(models.reader(-1.0)))
    with pytest.raises(checking.CheckFailed, match="mean_squared_error compares outputs with"):
        toolkit.check_training(training, models.one_hot_data())


def with_branch(scale: float, hidden: float, shift: float) -> Snapshot:
    """Returns a model that reads off the label, beside a branch behind a ReLU.

    Args:
        scale: Float, how surely it reads.
        hidden: Float, the kernel of the branch.
        shift: Float, the bias of the branch; a negative one shuts the ReLU.
    """

    def build(x: Any) -> Any:
        branch = layers.Dense(3, activation="relu", name="branch")(x)
        return layers.Softmax()(layers.Add()([layers.Dense(3, name="main")(x), branch]))

    model = functional((3,), build)
    weights = {
        "main/kernel": scale * np.eye(3),
        "main/bias": np.zeros(3),
        "branch/kernel": hidden * np.eye(3),
        "branch/bias": np.full(3, shift),
    }
    model.set_weights([weights[variable.path] for variable in model.weights])
    return models.snapshot(model)


def test_check_training_wants_gradients_before_or_after() -> None:
    """A layer that gets no gradient at the start and at the end is dead; one of both is enough."""
    data = models.one_hot_data()
    shut, open_ = with_branch(0.0, 0.0, -5.0), with_branch(1.0, 1.0, 0.5)
    shut_later = with_branch(1.0, 0.1, -5.0)
    toolkit.check_training(models.training(shut, open_), data)
    toolkit.check_training(models.training(with_branch(0.0, 0.0, 0.5), shut_later), data)
    with pytest.raises(checking.CheckFailed, match="Found none for branch/bias, branch/kernel"):
        toolkit.check_training(models.training(shut, shut_later), data)


# --- note_training ----------------------------------------------------------------------------


def test_note_training() -> None:
    """The History as claimed, and the grader's own figures."""
    evidence: dict[str, Any] = {}
    data = models.one_hot_data(validation=models.one_hot_part(60, wrong=6))
    before = models.snapshot(models.reader(0.0))
    after = models.snapshot(models.reader(3.0))
    toolkit.note_training(models.training(before, after, {"val_loss": [2.0]}), data, evidence)
    figures = evidence["training"]
    assert evidence["history"] == {"val_loss": [2.0]}
    assert figures["chance"] == pytest.approx(1 / 3)
    assert (figures["loss"], figures["from_logits"]) == ("sparse_categorical_crossentropy", False)
    assert figures["learning_rate"] == pytest.approx(0.01)
    assert (figures["train_accuracy"], figures["validation_accuracy"]) == (1.0, 0.9)
    assert figures["train_loss"] == pytest.approx(scores(3.0).loss)
    assert figures["validation_loss"] > figures["train_loss"]
    assert figures["output"] == "probabilities"
    assert figures["moved"] is True
    assert "silent_units" not in figures


def test_note_training_of_a_model_that_learned_nothing() -> None:
    """That nothing moved, and how many units are shut; a rate that is no number is left out."""
    evidence: dict[str, Any] = {}
    model = sequential(
        (3,), layers.Dense(4, activation="relu"), layers.Dense(3, activation="softmax")
    )
    model.set_weights(
        [np.zeros((3, 4)), np.array([-1.0, -1, -1, 1]), np.zeros((4, 3)), np.zeros(3)]
    )
    same = models.snapshot(model, optimizer={"learning_rate": True})
    toolkit.note_training(models.training(same, same), models.one_hot_data(), evidence)
    assert evidence["training"]["moved"] is False
    assert evidence["training"]["silent_units"] == 0.75
    assert "learning_rate" not in evidence["training"]


def test_note_training_survives_a_broken_model() -> None:
    """What goes wrong here costs nothing: the checks say it."""
    evidence: dict[str, Any] = {}
    broken = models.snapshot(sequential((5,), layers.Dense(3)))
    toolkit.note_training(models.training(broken, broken), models.one_hot_data(), evidence)
    assert evidence["training"]["moved"] is False
    assert "train_accuracy" not in evidence["training"]

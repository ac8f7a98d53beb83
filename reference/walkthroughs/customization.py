# %% [markdown]
# # Customization: layers, losses and graphs of your own, and how to debug them
#
# Four experiments; none of them is one of the exercises:
#
# 1. **A layer.** `FeatureScale` learns one factor for each feature. What makes a weight a weight?
# 2. **A loss.** The focal loss cares less for what is already right. Is it what the formula says?
# 3. **A graph.** One input, three views of it, put together again: what Sequential cannot say.
# 4. **Debugging.** Three trainings that go wrong, and what their curves tell.
#
# Run it from the kit's folder, as a script or cell by cell:
#
#     python reference/walkthroughs/customization.py [--data mnist] [--seed 1] [--out FOLDER]

# %%
import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# The kit's folder: this one, or where a notebook lies in it, one above.
places = [Path.cwd(), *Path.cwd().parents]
sys.path.insert(0, str(next((p for p in places if (p / "grade.py").is_file()), places[0])))
in_notebook = "ipykernel" in sys.modules

import keras
import matplotlib
import numpy as np
from keras import layers, ops

if not in_notebook:
    matplotlib.use("Agg")
import matplotlib.pyplot as plt

import datasets
from graders.reports import curves

parser = argparse.ArgumentParser()
parser.add_argument("--data", default="default", help="default or mnist")
parser.add_argument("--seed", type=int, default=0, help="of the data and the weights")
parser.add_argument("--out", default="figures", help="folder for the figures")
given, _ = parser.parse_known_args()
out = Path(given.out)
out.mkdir(parents=True, exist_ok=True)
seed = given.seed
keras.utils.set_random_seed(seed)

data = datasets.load("digits", draw=1 + seed, source=given.data)
(x, y), validation = data.train, data.validation


def save(figure: plt.Figure, name: str) -> None:
    """Save a figure and say where."""
    path = out / f"customization_{name}.png"
    figure.savefig(path, dpi=110, bbox_inches="tight")
    # A notebook shows the figures that are open at the end of a cell.
    if not in_notebook:
        plt.close(figure)
    print(f"saved {path}")


def shows(holds: bool, sentence: str) -> None:
    """Say what a figure shows, from the numbers drawn in it: with other settings it may not."""
    print("In the figure:" if holds else "Not in this figure:", sentence)


# %% [markdown]
# ## 1. A layer that learns one factor for each feature
#
# A layer has two moments. In `build` it meets the shape of its input for the first time, and makes
# its weights: `add_weight` is what makes them known to Keras, so that an optimizer finds them, a
# file keeps them, and `trainable = False` stops them. In `call` it computes, with tensors only.


# %%
class FeatureScale(keras.layers.Layer):
    """Multiplies each feature by a factor that is learned, and is never below `least`."""

    def __init__(self, least: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.least = least

    def build(self, input_shape):
        """Make one factor for each feature, 1 at first: to begin with, nothing changes."""
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

    def call(self, inputs):
        """Scale the features."""
        return inputs * ops.maximum(self.factor, self.least)

    def get_config(self):
        """Say how to make a layer like this one: the base class's arguments, and ours."""
        return super().get_config() | {"least": self.least}


# %% [markdown]
# Never trust a layer before you have asked it. Four questions that cost a second each:

# %%
layer = FeatureScale(least=0.5)
ones = np.ones((2, 3), "float32")
print("computes   ", ops.convert_to_numpy(layer(ones)).tolist())
print("is trained ", [weight.path for weight in layer.trainable_weights])
layer.factor.assign([0.1, 1.0, 2.0])
print("by formula ", ops.convert_to_numpy(layer(ones))[0].tolist(), "expected [0.5, 1.0, 2.0]")
copy = FeatureScale.from_config(layer.get_config())
print("can be made again ", copy.least == layer.least and copy.name == layer.name)

# %% [markdown]
# And does it learn what it should? Here only the first two of eight features say anything about the
# label. The factors of the others should shrink, if something makes them: an L1 penalty does.

# %%
rng = np.random.default_rng(seed)
features = rng.normal(size=(600, 8)).astype("float32")
target = (features[:, :1] - 2 * features[:, 1:2]).astype("float32")


class SparseScale(FeatureScale):
    """The same with an L1 penalty on the factors."""

    def build(self, input_shape):
        """Make the factors, and charge for each of them."""
        super().build(input_shape)
        self.factor.regularizer = keras.regularizers.L1(0.02)


scale = SparseScale()
model = keras.Sequential([keras.Input((8,)), scale, layers.Dense(1)])
model.compile(keras.optimizers.Adam(0.02), "mse")
model.fit(features, target, epochs=50, batch_size=50, verbose=0)
figure, panel = plt.subplots(figsize=(5, 3))
factors = ops.convert_to_numpy(scale.factor)
panel.bar(range(8), factors)
panel.set(xlabel="feature", ylabel="factor", title="what the layer found out")
save(figure, "layer")
shows(
    factors[:2].min() > 0.5 and np.abs(factors[2:]).max() < 0.1,
    f"the two factors that count are {factors[0]:.2f} and {factors[1]:.2f}, the other six at most "
    f"{np.abs(factors[2:]).max():.2f}.",
)

# %% [markdown]
# ## 2. A loss that cares less for what is right
#
# The focal loss is cross-entropy times `(1 - p) ** gamma`, where `p` is the probability of the true
# class. With `gamma = 0` it *is* cross-entropy: that is a test that every variant of a known loss
# should pass. `call` returns one number for each example; averaging is the base class's work.


# %%
class FocalLoss(keras.losses.Loss):
    """Cross-entropy, weighted by how wrong the prediction is."""

    def __init__(self, gamma: float = 2.0, **kwargs):
        super().__init__(**kwargs)
        self.gamma = gamma

    def call(self, y_true, y_pred):
        """Return the loss of each example, for one-hot labels and probabilities."""
        p = ops.sum(y_true * y_pred, axis=-1)
        # Without a floor, log(0) is infinite, and infinity times 0 is not a number.
        return -((1 - p) ** self.gamma) * ops.log(ops.maximum(p, keras.config.epsilon()))


labels = np.eye(3, dtype="float32")[[0, 1, 2, 0]]
guesses = np.array([[0.9, 0.05, 0.05], [0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0, 1, 0]], "float32")
plain = keras.losses.categorical_crossentropy(labels[:3], guesses[:3])
ours = FocalLoss(gamma=0, reduction=None)(labels[:3], guesses[:3])
print("gamma 0 is cross-entropy:", np.allclose(plain, ours, atol=1e-5))
print("one value per example:   ", FocalLoss(reduction=None)(labels, guesses).shape)
print("finite when p is 0:      ", bool(np.isfinite(FocalLoss()(labels, guesses))))

p = np.linspace(0.01, 1, 200)
figure, panel = plt.subplots(figsize=(5, 3))
for gamma in (0, 1, 2, 5):
    panel.plot(p, -((1 - p) ** gamma) * np.log(p), label=f"gamma = {gamma}")
panel.set(xlabel="probability of the true class", ylabel="loss", ylim=(0, 4))
panel.legend()
save(figure, "loss")
sure, unsure = np.array([[[0.9, 0.1]], [[0.1, 0.9]]], "float32")
shares = [
    float(FocalLoss(gamma=2)(labels[:1, :2], guess) / FocalLoss(gamma=0)(labels[:1, :2], guess))
    for guess in (sure, unsure)
]
shows(
    shares[0] < 0.05 and shares[1] > 0.5,
    f"gamma = 2 leaves {shares[0]:.0%} of the loss where the true class has probability 0.9, "
    f"and {shares[1]:.0%} where it has 0.1.",
)

# %% [markdown]
# ## 3. A graph: three views of one picture
#
# The Functional API says which tensor goes where. Here three branches look at the *same* picture
# through small, middling and large filters, and `Concatenate` puts their answers side by side.

# %%
inputs = keras.Input(x.shape[1:])
views = []
for size in (3, 7, 11):
    view = layers.Conv2D(8, size, strides=2, padding="same", activation="relu", name=f"view_{size}")
    views.append(layers.Flatten()(layers.MaxPooling2D(4)(view(inputs))))
together = layers.Concatenate()(views)
outputs = layers.Dense(data.num_classes, activation="softmax")(together)
graph = keras.Model(inputs, outputs)
graph.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
print("the three views side by side:", together.shape)
graph.fit(x, y, validation_data=validation, epochs=8, batch_size=32, verbose=0)
whole = graph.evaluate(*validation, verbose=0)[1]

# %% [markdown]
# Does each branch have a say? Silence one at a time, and look at what it costs. A branch that
# costs nothing is not connected, or not needed.

# %%
costs = {}
for size in (3, 7, 11):
    branch = graph.get_layer(f"view_{size}")
    kept = branch.get_weights()
    branch.set_weights([0 * weight for weight in kept])
    costs[f"{size}×{size}"] = whole - graph.evaluate(*validation, verbose=0)[1]
    branch.set_weights(kept)
print(
    f"accuracy {whole:.1%}; without a view it falls by", {k: f"{v:.1%}" for k, v in costs.items()}
)
figure, panel = plt.subplots(figsize=(5, 3))
panel.bar(list(costs), list(costs.values()))
panel.set(xlabel="view that is silenced", ylabel="accuracy lost")
save(figure, "branches")
most, least = max(costs, key=costs.get), min(costs, key=costs.get)
shows(
    costs[most] > 0.05,
    f"the network needs the view of {most} most: silent, it costs {costs[most]:.0%}; that of "
    f"{least} costs {costs[least]:.0%}.",
)

# %% [markdown]
# ## 4. Debugging with curves
#
# Three trainings of a small dense network, each with one thing wrong. Before you read on, look at
# the figure and say for each of them what it suffers from. The kit's grader reads curves by the
# same rules that you would use; what it says is printed below the figure.


# %%
def fit(rate: float, units: int, examples: int, epochs: int) -> dict[str, list[float]]:
    """Train a dense network; return its curves."""
    keras.utils.set_random_seed(seed)
    network = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            layers.Flatten(),
            layers.Dense(units, activation="relu"),
            layers.Dense(data.num_classes),
        ]
    )
    network.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    some = x[:examples], y[:examples]
    return network.fit(*some, validation_data=validation, epochs=epochs, verbose=0).history


trainings = {
    "A": fit(rate=3.0, units=64, examples=1000, epochs=10),
    "B": fit(rate=0.003, units=256, examples=60, epochs=30),
    "C": fit(rate=0.00003, units=64, examples=1000, epochs=6),
}
figure, axes = plt.subplots(2, 3, figsize=(10, 5), sharex="col", layout="constrained")
for (name, history), (above, below) in zip(trainings.items(), axes.T, strict=True):
    for panel, metric in ((above, "loss"), (below, "accuracy")):
        epochs = range(1, len(history[metric]) + 1)
        panel.plot(epochs, history[metric], label="training")
        panel.plot(epochs, history[f"val_{metric}"], "--", label="validation")
        panel.set(ylabel=metric)
    above.set_title(f"training {name}")
    # A loss of thousands would hide all that comes after it.
    if max(history["loss"]) > 100:
        above.set_yscale("log")
    below.set(xlabel="epoch", ylim=(0, 1.05))
axes[0, 0].legend()
save(figure, "debugging")
expected = {"A": "diverging", "B": "overfitting", "C": "too_short"}
for name, history in trainings.items():
    found = curves.read({"history": history, "training": {"chance": 1 / data.num_classes}})
    for remark in found:
        shows(
            remark.symptom == expected[name],
            f"{name}: {remark.name}. {remark.sees} {remark.tries}",
        )

# %% [markdown]
# The order of questions is always the same. Does the training loss fall? If not, look at the data,
# the loss and the learning rate. Does the validation loss follow it? If not, the network learns by
# heart. Do both still fall at the end? Then the cheapest cure is to wait.

# %% [markdown]
# # Model architectures: what a network sees, remembers, and borrows
#
# Three experiments on small data. None of them is one of the exercises, and each shows something
# that an exercise needs:
#
# 1. **Images.** A dense network and a convolutional one look at the same pictures. Which of them
#    finds a shape that may be anywhere?
# 2. **Sequences.** SimpleRNN, GRU and LSTM have to repeat a number that they saw many steps ago.
#    How long do they remember?
# 3. **Transfer.** A VGG16 that has learned from other pictures describes ours. Which of its blocks
#    says most?
#
# Run it from the kit's folder, as a script or cell by cell:
#
#     python reference/walkthroughs/model_architectures.py [--data cifar10] [--out FOLDER]

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
from keras import layers
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

if not in_notebook:
    matplotlib.use("Agg")
import matplotlib.pyplot as plt

import datasets
from datasets import vgg16_weights

parser = argparse.ArgumentParser()
parser.add_argument("--data", default="default", help="default or cifar10")
parser.add_argument("--out", default="figures", help="folder for the figures")
given, _ = parser.parse_known_args()
out = Path(given.out)
out.mkdir(parents=True, exist_ok=True)
keras.utils.set_random_seed(0)


def save(figure: plt.Figure, name: str) -> None:
    """Save a figure and say where."""
    path = out / f"architectures_{name}.png"
    figure.savefig(path, dpi=110, bbox_inches="tight")
    # A notebook shows the figures that are open at the end of a cell.
    if not in_notebook:
        plt.close(figure)
    print(f"saved {path}")


# %% [markdown]
# ## 1. Images: a shape that may be anywhere
#
# Look at the data first, always. Ten shapes, in any colour, with any texture, anywhere near the
# middle: no single pixel tells them apart.

# %%
data = datasets.load("shapes", draw=1, source=given.data)
(x, y), validation = data.train, data.validation
figure, axes = plt.subplots(2, 5, figsize=(8, 3.6))
for label, panel in zip(range(data.num_classes), axes.flat, strict=False):
    panel.imshow(x[np.flatnonzero(y == label)[0]])
    panel.set_title(f"class {label}")
    panel.axis("off")
save(figure, "images")

# %% [markdown]
# Two networks, the dense one with many times the weights of the other. The dense one has a weight
# for every pixel: what it learns about the top left corner tells it nothing about the bottom right.
# The other one slides a single layer of small filters over the picture, and keeps of each filter
# only how strongly it answered *somewhere*: the same weights look everywhere.


# %%
def dense_network() -> keras.Model:
    """Return a network that sees the picture as a list of numbers."""
    return keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(data.num_classes, activation="softmax"),
        ]
    )


def one_layer_of_filters() -> keras.Model:
    """Return a network whose filters look everywhere."""
    return keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            layers.Conv2D(8, 5, strides=2, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(64, activation="relu"),
            layers.Dense(data.num_classes, activation="softmax"),
        ]
    )


histories, trained = {}, {}
for name, build in (("dense", dense_network), ("filters", one_layer_of_filters)):
    model = build()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    fitted = model.fit(x, y, validation_data=validation, epochs=6, batch_size=64, verbose=0)
    histories[name], trained[name] = fitted.history, model
    print(f"{name}: {model.count_params()} weights, {fitted.history['val_accuracy'][-1]:.1%}")

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for (name, history), colour in zip(histories.items(), ("tab:orange", "tab:blue"), strict=True):
    for panel, metric in ((left, "loss"), (right, "accuracy")):
        panel.plot(history[metric], color=colour, label=f"{name}, training")
        panel.plot(history[f"val_{metric}"], "--", color=colour, label=f"{name}, validation")
        panel.set(xlabel="epoch", ylabel=metric)
right.axhline(1 / data.num_classes, color="grey", linewidth=0.8)
left.legend()
save(figure, "curves")

# %% [markdown]
# **Reading the curves.** For each network, ask in this order: does the *training* loss fall (does
# it learn at all)? How far apart are training and validation (does it learn what carries over)?
# Is the validation loss still falling at the end (stopped too early)? The grey line is guessing.
#
# A confusion matrix says more than one number: which classes are taken for which?

# %%
predicted = trained["filters"].predict(validation[0], verbose=0).argmax(axis=1)
table = np.zeros((data.num_classes, data.num_classes), int)
np.add.at(table, (validation[1], predicted), 1)
figure, panel = plt.subplots(figsize=(4.6, 4))
panel.imshow(table, cmap="Blues")
for i, row in enumerate(table):
    for j, count in enumerate(row):
        panel.text(j, i, count or "", ha="center", va="center", fontsize=8)
panel.set(xlabel="predicted", ylabel="true", title="one layer of filters")
panel.set_xticks(range(data.num_classes))
panel.set_yticks(range(data.num_classes))
save(figure, "confusion")
mistakes = table * (1 - np.eye(data.num_classes, dtype=int))
worst = np.unravel_index(mistakes.argmax(), table.shape)
print(f"most confused: {worst[0]} is taken for {worst[1]}, {table[worst]} times")

# %% [markdown]
# **Try:** change the number and the size of the filters. Which classes are confused if the filters
# are too small to hold a corner? What could a second layer, looking at the first one's answers, see
# that a single one cannot?
#
# ## 2. Sequences: how long does it remember?
#
# The first value of a sequence is what counts; then comes noise. At the end the network has to say
# that value again. The longer the sequence, the longer it must be kept.


# %%
def echo(steps: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences of noise, marked at their first step, and the value found there."""
    rng = np.random.default_rng([steps, seed])
    sequences = rng.uniform(-1, 1, (count, steps, 2)).astype("float32")
    sequences[:, :, 1] = 0
    sequences[:, 0, 1] = 1
    return sequences, sequences[:, 0, 0]


lengths = (5, 20, 40)
errors: dict[str, list[float]] = {}
for cell in (layers.SimpleRNN, layers.GRU, layers.LSTM):
    for steps in lengths:
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((steps, 2)), cell(12), layers.Dense(1)])
        model.compile(keras.optimizers.Adam(0.02), "mse")
        model.fit(*echo(steps, 1200, 0), epochs=4, batch_size=40, verbose=0)
        error = model.evaluate(*echo(steps, 500, 1), verbose=0)
        errors.setdefault(cell.__name__, []).append(error)
    print(cell.__name__, [f"{error:.3f}" for error in errors[cell.__name__]])

figure, panel = plt.subplots(figsize=(5.5, 3.6))
for name, values in errors.items():
    panel.plot(lengths, values, marker="o", label=name)
panel.axhline(1 / 3, color="grey", linewidth=0.8, label="remembers nothing")
panel.set(xlabel="steps to remember", ylabel="squared error")
panel.legend()
save(figure, "memory")

# %% [markdown]
# SimpleRNN mixes all of its state with each new input, so what it saw may fade. A single number it
# keeps surprisingly well: Keras starts its recurrent kernel as a rotation, which loses nothing. GRU
# and LSTM have gates that can leave the state alone while much goes on. They have to *learn* to,
# though: where a curve lies on the grey line, the network has not found out in this time. That is
# why a recurrent network's training curve so often stays flat for some epochs, and then drops.
#
# ## 3. Transfer: which block says most?
#
# A VGG16 was trained on other pictures. Without training it any further, let it describe ours,
# and ask a plain linear classifier how much the description of each block is worth.

# %%
small = datasets.load("small_shapes", draw=1)
base = keras.applications.VGG16(
    weights=vgg16_weights.path(), include_top=False, input_shape=small.train[0].shape[1:]
)
blocks = [f"block{number}_pool" for number in range(1, 6)]
reader = keras.Model(
    base.input,
    [layers.GlobalAveragePooling2D()(base.get_layer(block).output) for block in blocks],
)


def describe(images: np.ndarray) -> list[np.ndarray]:
    """Return what each block says of images, in the colours that VGG16 expects."""
    prepared = keras.applications.vgg16.preprocess_input(images.copy())
    return reader.predict(prepared, batch_size=50, verbose=0)


accuracies = {}
described, held_out = describe(small.train[0]), describe(small.test[0][:300])
for block, features, unseen in zip(blocks, described, held_out, strict=True):
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500, C=0.1))
    linear.fit(features, small.train[1])
    accuracies[block] = linear.score(unseen, small.test[1][:300])
    print(f"{block}: {features.shape[1]} features, {accuracies[block]:.1%}")
pixels = [part[0].reshape(len(part[0]), -1) / 255 for part in (small.train, small.test)]
raw = LogisticRegression(max_iter=200, C=0.01).fit(pixels[0], small.train[1])
accuracies["pixels"] = raw.score(pixels[1], small.test[1])

figure, panel = plt.subplots(figsize=(6, 3.6))
names = ["pixels", *blocks]
panel.bar(names, [accuracies[name] for name in names], color=["grey"] + ["tab:blue"] * 5)
panel.axhline(1 / small.num_classes, color="black", linewidth=0.8)
panel.set_ylabel("accuracy of a linear classifier")
panel.tick_params(axis="x", rotation=30)
save(figure, "transfer")

# %% [markdown]
# Early blocks know edges and colours, late ones whole shapes, of the kind that they were trained
# on. Where the bars stop rising, features have become special to the old pictures. That is the
# place to think about: which part of a pretrained network would you leave as it is, and which part
# would you train a little further, in small steps?

# %% [markdown]
# # Model architectures: what a network sees, remembers, and borrows
#
# Three experiments on small data. None of them is one of the exercises, and each shows something
# that an exercise needs:
#
# 1. **Images.** A dense network and a convolutional one look at the same pictures. Which of them
#    finds a shape that may be anywhere?
# 2. **Sequences.** SimpleRNN, GRU and LSTM have to name a symbol that they saw up to 40 steps ago,
#    with other symbols since. How long do they remember?
# 3. **Transfer.** A VGG16 that has learned from other pictures describes ours. Which of its blocks
#    says most?
#
# Run it from the kit's folder, as a script or cell by cell (`--data cifar10` for real pictures):
#
#     python reference/walkthroughs/model_architectures.py [--seed 1] [--out FOLDER]

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
parser.add_argument("--seed", type=int, default=0, help="of the data and the weights")
parser.add_argument("--out", default="figures", help="folder for the figures")
given, _ = parser.parse_known_args()
out = Path(given.out)
out.mkdir(parents=True, exist_ok=True)
seed = given.seed
keras.utils.set_random_seed(seed)


def save(figure: plt.Figure, name: str) -> None:
    """Save a figure and say where."""
    path = out / f"architectures_{name}.png"
    figure.savefig(path, dpi=110, bbox_inches="tight")
    # A notebook shows the figures that are open at the end of a cell.
    if not in_notebook:
        plt.close(figure)
    print(f"saved {path}")


def shows(holds: bool, sentence: str) -> None:
    """Say what a figure shows, from the numbers drawn in it: with other settings it may not."""
    print("In the figure:" if holds else "Not in this figure:", sentence)


# %% [markdown]
# ## 1. Images: a shape that may be anywhere
#
# Look at the data first, always. Ten shapes, in any colour, with any texture, anywhere near the
# middle: no single pixel tells them apart.

# %%
data = datasets.load("shapes", draw=1 + seed, source=given.data)
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
ends = {name: history["val_accuracy"][-1] for name, history in histories.items()}
weights = {name: model.count_params() for name, model in trained.items()}
shows(
    ends["filters"] > ends["dense"] + 0.1,
    f"the filters are right on {ends['filters']:.0%} of the validation data, the dense network on "
    f"{ends['dense']:.0%}, with {weights['dense'] / weights['filters']:.0f} times their weights.",
)

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
# At every step comes one of four symbols, and one of the steps is marked. At the end the network
# has to name the symbol of the marked step. It may be the last one or one of 40 steps ago, and
# every symbol since then must not wash it away. The more recent, the more often it occurs here.

# %%
steps, symbols = 40, 4


def sequences(count: int, age: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences, and their marked symbols: `age` steps before the end, or anywhere."""
    seen = rng.integers(symbols, size=(count, steps))
    ages = (steps * rng.random(count) ** 2).astype(int) if age is None else np.full(count, age)
    marked = np.arange(count), steps - 1 - ages
    inputs = np.zeros((count, steps, symbols + 1), "float32")
    inputs[..., :symbols] = np.eye(symbols)[seen]
    inputs[(*marked, symbols)] = 1
    return inputs, seen[marked]


# %% [markdown]
# Three cells, with the same number of units, the same sequences and the same optimizer. Each is
# asked for symbols of every age, in sequences that it has not seen.

# %%
rng = np.random.default_rng(seed)
examples = sequences(3000)
ages = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, steps - 1)
questions = [sequences(300, age) for age in ages]
recalled: dict[str, list[float]] = {}
for cell in (layers.SimpleRNN, layers.GRU, layers.LSTM):
    # The trainings before are over: Keras may forget them.
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((steps, symbols + 1)), cell(16), layers.Dense(symbols)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss)
    model.fit(*examples, epochs=8, batch_size=50, verbose=0)
    named = model.predict(np.concatenate([asked for asked, _ in questions]), 300, verbose=0)
    right = named.argmax(axis=1) == np.concatenate([marked for _, marked in questions])
    recalled[cell.__name__] = right.reshape(len(ages), -1).mean(axis=1).tolist()
    print(cell.__name__, [f"{share:.2f}" for share in recalled[cell.__name__]])

figure, panel = plt.subplots(figsize=(6, 3.6))
for (name, shares), style in zip(recalled.items(), ("o-", "s--", "^:"), strict=True):
    panel.plot(ages, shares, style, label=name)
panel.axhline(1 / symbols, color="grey", linewidth=0.8, label="guessing")
panel.set(xlabel="steps since the marked symbol", ylabel="named rightly", ylim=(0, 1.05))
panel.legend(loc="center right")
save(figure, "memory")
recent, old = ages.index(2), ages.index(16)
simple = recalled["SimpleRNN"]
shows(
    min(recalled["LSTM"]) > 0.9 and min(recalled["GRU"]) > 0.9,
    f"whatever its age, LSTM names at least {min(recalled['LSTM']):.0%} of the symbols, "
    f"GRU {min(recalled['GRU']):.0%}.",
)
shows(
    max(simple[old:]) < min(1 / symbols + 0.15, np.mean(simple[: recent + 1]) - 0.05),
    f"SimpleRNN names {np.mean(simple[: recent + 1]):.0%} of the symbols of the last three steps, "
    f"and at most {max(simple[old:]):.0%} of those 16 steps old or older; guessing is "
    f"{1 / symbols:.0%}.",
)

# %% [markdown]
# SimpleRNN computes its whole state anew at each step, from the old state and the new input. So
# each symbol that comes overwrites a part of what was kept, and the gradient that should teach it
# to keep the marked one changes with every step that it goes back. GRU and LSTM have gates: a step
# can leave the state as it is, and both the memory and the gradient pass through it. They learn
# from recent symbols what the gates are for, and then it works for old ones. Keras starts the bias
# of an LSTM's forget gate at 1 (`unit_forget_bias`), so that it keeps most of its state before it
# has learned anything.
#
# **Try:** two or four epochs in place of eight. Until a network has found out about its gates it
# forgets, too: the training curve of a recurrent network often stays flat for some epochs, and then
# drops.
#
# ## 3. Transfer: which block says most?
#
# A VGG16 was trained on other pictures. Without training it any further, let it describe ours,
# and ask a plain linear classifier how much the description of each block is worth.

# %%
small = datasets.load("small_shapes", draw=1 + seed)
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
best = max(blocks, key=accuracies.get)
shows(
    best in blocks[2:] and accuracies[best] > accuracies["pixels"] + 0.2,
    f"{best} says most: {accuracies[best]:.0%} with it, {accuracies['block1_pool']:.0%} with "
    f"block1_pool, {accuracies['pixels']:.0%} with the pixels alone.",
)

# %% [markdown]
# Early blocks know edges and colours, late ones whole shapes, of the kind that they were trained
# on. Where the bars stop rising, features have become special to the old pictures. That is the
# place to think about: which part of a pretrained network would you leave as it is, and which part
# would you train a little further, in small steps?

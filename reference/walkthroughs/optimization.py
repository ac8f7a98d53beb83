# %% [markdown]
# # Optimization: how large a step, how much freedom, how many bits
#
# Four experiments; none of them is one of the exercises:
#
# 1. **Learning rate.** One training in which the learning rate grows with every step shows at once
#    where it is too low and where it is too high.
# 2. **Batch size.** What a larger batch buys is a steadier gradient. How much steadier?
# 3. **Dropout and L2.** The gap between training and held-out data, as the strength grows.
# 4. **Bits.** What float16 and bfloat16 can and cannot hold, and why a loss is scaled.
#
# Run it from the kit's folder, as a script or cell by cell:
#
#     python reference/walkthroughs/optimization.py [--data mnist] [--seed 1] [--out FOLDER]

# %%
import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# The kit's folder: this one, or where a notebook lies in it, one above.
places = [Path.cwd(), *Path.cwd().parents]
sys.path.insert(0, str(next((p for p in places if (p / "grade.py").is_file()), places[0])))
in_notebook = "ipykernel" in sys.modules

import keras
import matplotlib
import numpy as np
import tensorflow as tf
from keras import layers

if not in_notebook:
    matplotlib.use("Agg")
import matplotlib.pyplot as plt

import datasets

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
    path = out / f"optimization_{name}.png"
    figure.savefig(path, dpi=110, bbox_inches="tight")
    # A notebook shows the figures that are open at the end of a cell.
    if not in_notebook:
        plt.close(figure)
    print(f"saved {path}")


def shows(holds: bool, sentence: str) -> None:
    """Say what a figure shows, from the numbers drawn in it: with other settings it may not."""
    print("In the figure:" if holds else "Not in this figure:", sentence)


def network(extra: tuple = (), penalty: float = 0.0) -> keras.Model:
    """Return a small dense network; `extra` are layers before the last one."""
    return keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            layers.Flatten(),
            layers.Dense(128, activation="relu", kernel_regularizer=keras.regularizers.L2(penalty)),
            *extra,
            layers.Dense(data.num_classes, activation="softmax"),
        ]
    )


# %% [markdown]
# ## 1. Learning rate: one run through all of them
#
# Start far too low, multiply the learning rate by the same factor after every batch, and write the
# loss down. Where the curve is flat, steps are too small to matter; where it falls steepest, they
# are about right; where it shoots up, they overshoot.


# %%
class Ramp(keras.callbacks.Callback):
    """Lets the learning rate grow with every batch, and keeps the loss of each."""

    def __init__(self, low: float, high: float, batches: int):
        super().__init__()
        self.rates = np.geomspace(low, high, batches)
        self.losses: list[float] = []

    def on_train_batch_begin(self, batch, logs=None):
        """Set the next rate."""
        self.model.optimizer.learning_rate = self.rates[min(len(self.losses), len(self.rates) - 1)]
        # Each batch's own loss, not the mean since the epoch began.
        self.model.reset_metrics()

    def on_train_batch_end(self, batch, logs=None):
        """Write the loss down; stop where nothing can be learned any more."""
        self.losses.append(logs["loss"])
        if not np.isfinite(logs["loss"]) or len(self.losses) >= len(self.rates):
            self.model.stop_training = True


ramp = Ramp(1e-4, 30, batches=200)
model = network()
model.compile(keras.optimizers.SGD(), "sparse_categorical_crossentropy")
model.fit(x, y, batch_size=32, epochs=50, callbacks=[ramp], verbose=0)
losses = np.array(ramp.losses)
smooth = np.convolve(losses, np.ones(9) / 9, mode="valid")
rates = ramp.rates[4 : 4 + len(smooth)]
steepest = rates[np.gradient(smooth[: smooth.argmin() + 1]).argmin()]
lowest = rates[smooth.argmin()]
figure, panel = plt.subplots(figsize=(6, 3.6))
panel.plot(ramp.rates[: len(losses)], losses, color="lightgrey")
panel.plot(rates, smooth, color="tab:blue")
panel.axvline(steepest, color="tab:green", linestyle=":", label="falls steepest")
panel.set(xscale="log", xlabel="learning rate", ylabel="loss of the batch", ylim=(0, 6))
panel.legend()
save(figure, "learning_rate")
early = smooth[rates < steepest / 100]
shows(
    np.ptp(early) < 0.3 and smooth.min() < 0.75 * smooth[0] < smooth[-1],
    f"below {steepest / 100:.1g} the loss hardly moves ({early.min():.1f} to {early.max():.1f}); "
    f"it falls steepest near {steepest:.2g}, is lowest near {lowest:.2g} ({smooth.min():.1f}), "
    "and then shoots up.",
)

# %% [markdown]
# ## 2. Batch size: how sure is a gradient?
#
# The gradient of a batch is a guess at the gradient of all examples. Take many batches of each size
# at the same weights, and measure how far their gradients point away from the true one.

# %%
model = network()
loss_function = keras.losses.SparseCategoricalCrossentropy()


@tf.function(reduce_retracing=True)
def gradient(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Return the gradient of the loss as one long vector."""
    with tf.GradientTape() as tape:
        loss = loss_function(labels, model(images, training=True))
    found = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    return tf.concat([tf.reshape(part, [-1]) for part in found], 0)


whole = gradient(tf.constant(x), tf.constant(y)).numpy()
rng = np.random.default_rng(seed)
sizes = (4, 8, 16, 32, 64, 128, 256)
errors = []
for size in sizes:
    away = []
    for _ in range(30):
        chosen = rng.choice(len(x), size, replace=False)
        part = gradient(tf.constant(x[chosen]), tf.constant(y[chosen])).numpy()
        away.append(np.linalg.norm(part - whole) / np.linalg.norm(whole))
    errors.append(np.mean(away))
    print(f"batch of {size:3}: off by {errors[-1]:.2f} times the gradient's length")
figure, panel = plt.subplots(figsize=(6, 3.6))
panel.plot(sizes, errors, marker="o", label="measured")
panel.plot(sizes, errors[0] * np.sqrt(sizes[0] / np.array(sizes)), ":", label="1 / √size")
panel.set(xscale="log", yscale="log", xlabel="batch size", ylabel="error of the gradient")
panel.set_xticks(sizes, [str(size) for size in sizes])
panel.legend()
save(figure, "batch_size")
power = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
shows(
    abs(power + 0.5) < 0.1,
    f"with four times the batch, the error is {4**power:.2f} of what it was (1 / √4 = 0.50).",
)

# %% [markdown]
# Four times the batch halves the error, and costs four times the work. That is why neither very
# small nor very large batches are best, and why the two settings belong together: a steadier
# gradient allows a longer step. To compare pairs fairly, nothing else may differ between them.
#
# ## 3. Dropout and L2: the gap closes, until nothing is learned
#
# Few examples, one label in five wrong: whoever gets the training labels all right has learned the
# mistakes too. Watch both ends of each line.

# %%
noisy = datasets.load("noisy_digits", draw=1 + seed, source=given.data)
# A few examples cannot tell 72 % from 75 %: take all that are not trained on.
unseen = [np.concatenate(parts) for parts in zip(noisy.validation, noisy.test, strict=True)]
strengths = {
    "Dropout": [0.0, 0.5, 0.95],
    "L2": [0.0, 0.03, 1.0],
}
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
measured = {}
for panel, (name, values) in zip(axes, strengths.items(), strict=True):
    ends = []
    for value in values:
        keras.utils.set_random_seed(seed)
        if name == "Dropout":
            model = network(extra=(layers.Dropout(value),))
        else:
            model = network(penalty=value)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(*noisy.train, epochs=40, batch_size=50, verbose=0)
        ends.append([model.evaluate(*part, verbose=0)[1] for part in (noisy.train, unseen)])
        print(f"{name} {value:g}: training {ends[-1][0]:.1%}, held out {ends[-1][1]:.1%}")
    training, held_out = measured[name] = np.transpose(ends)
    ticks = range(len(values))
    panel.vlines(ticks, held_out, training, color="lightgrey", linewidth=6)
    panel.plot(ticks, training, "o-", label="training (wrong labels too)")
    panel.plot(ticks, held_out, "s--", label="held out")
    panel.set_xticks(ticks, [f"{value:g}" for value in values])
    panel.set(xlabel=f"strength of {name}", title=name)
axes[0].set_ylabel("accuracy")
axes[0].legend()
save(figure, "regularisation")


def percent(shares: np.ndarray) -> str:
    """Return shares as a list of percentages."""
    return ", ".join(f"{share:.1%}" for share in shares)


for name, (training, held_out) in measured.items():
    gaps = training - held_out
    shows(
        gaps[0] > gaps[1] > gaps[2] and held_out[1] > max(held_out[0], held_out[2]),
        f"with {name} training leads by {percent(gaps)}; held-out accuracy rises, then falls: "
        f"{percent(held_out)}.",
    )

# %% [markdown]
# The grey bar is the gap. The lead of the training data shrinks from the left to the right, and may
# turn round at the end: their labels are wrong one time in five. Held-out accuracy rises at first,
# and falls where the network is held back too much. A small gap alone is no success: a network
# that learned nothing has none.
#
# ## 4. Bits: what gets lost
#
# float16 has steps of about 0.001 around 1, and nothing below 0.00000006. bfloat16 reaches as far
# as float32, but with steps of 0.008. So weights, which small updates are added to, stay float32.

# %%
for dtype in ("float32", "float16", "bfloat16"):
    one = tf.constant(1.0, dtype)
    updated = one + tf.constant(0.0003, dtype)
    tiny = tf.cast(tf.constant(1e-8), dtype)
    print(f"{dtype:9} 1 + 0.0003 = {float(updated):.6f}    0.00000001 = {float(tiny):.1e}")

# %% [markdown]
# A gradient is as small as the loss, and each layer that it goes back through can make it smaller:
# a sigmoid leaves a quarter of it at most. Here is such a network, three sigmoid layers deep. Its
# loss has the weight 0.0001, as one of several losses that are added might have. What is left of
# the gradient in float16, which rounds in every layer on the way back? And what if the loss is
# multiplied by 32,768 first, and the gradient divided by the same number afterwards, in float32?

# %%
weight, scale = 1e-4, 2.0**15


def deep(policy: str) -> keras.Model:
    """Return a network of sigmoid layers that compute in `policy`."""
    hidden = [layers.Dense(64, activation="sigmoid", dtype=policy) for _ in range(3)]
    ends = layers.Flatten(), layers.Dense(data.num_classes, dtype="float32")
    return keras.Sequential([keras.Input(x.shape[1:]), ends[0], *hidden, ends[1]])


from_logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def first_kernel(policy: str, factor: float) -> np.ndarray:
    """Return the sizes of the first layer's gradients, for a loss times `factor`."""
    keras.utils.set_random_seed(seed)
    model = deep(policy)
    with tf.GradientTape() as tape:
        loss = factor * weight * from_logits(y[:100], model(x[:100], training=True))
    return np.abs(tape.gradient(loss, model.trainable_variables[0].value).numpy().ravel())


# A pixel that is 0 in every picture has no gradient in any number format.
exact = first_kernel("float32", 1)
alive = exact > 0
kept = {
    factor: float((first_kernel("mixed_float16", factor)[alive] > 0).mean())
    for factor in (1, scale)
}

# %% [markdown]
# And does it train? `LossScaleOptimizer` multiplies and divides, and looks for a number that is
# neither too small nor too large. `compile` wraps the optimizer in one by itself if the model's
# own policy is `mixed_float16`; here `auto_scale_loss=False` says that it should not, to see what
# for.

# %%
curves = {}
for name, policy, scaled in (
    ("float32", "float32", False),
    ("float16, loss scaled", "mixed_float16", True),
    ("float16, not scaled", "mixed_float16", False),
):
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = deep(policy)
    optimizer = keras.optimizers.Adam(0.01)
    if scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=scale)
    model.compile(
        optimizer, from_logits, loss_weights=weight, metrics=["accuracy"], auto_scale_loss=False
    )
    fitted = model.fit(x, y, validation_data=validation, epochs=10, batch_size=32, verbose=0)
    curves[name] = fitted.history["val_accuracy"]
    print(f"{name:21} {curves[name][-1]:.1%}")

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
bins = np.geomspace(1e-13, 1, 66)
left.hist(exact[alive], bins, color="tab:red", alpha=0.6, label="not scaled")
left.hist(exact[alive] * scale, bins, color="tab:blue", alpha=0.6, label="loss scaled")
# The smallest number of float16 is 2**-24; what is below half of it is rounded to 0.
left.axvspan(bins[0], 2.0**-25, color="grey", alpha=0.25, label="0 in float16")
left.set(xscale="log", xlabel="size of the first layer's gradients", ylabel="how many")
for (name, shares), style in zip(curves.items(), ("-", "--", "-"), strict=True):
    colour = {"-": "tab:red", "--": "tab:blue"}[style] if "float16" in name else "lightgrey"
    wide = 5 if name == "float32" else 1.5
    right.plot(range(1, 11), shares, style, color=colour, linewidth=wide, label=name)
right.axhline(1 / data.num_classes, color="grey", linewidth=0.8)
right.set(xlabel="epoch", ylabel="validation accuracy", ylim=(0, 1))
left.legend()
right.legend()
save(figure, "bits")
ends = [shares[-1] for shares in curves.values()]
shows(
    kept[1] < 0.05 and kept[scale] > 0.95,
    f"of the first layer's gradients float16 keeps {kept[1]:.1%}; with the loss scaled, "
    f"{kept[scale]:.1%}.",
)
shows(
    ends[1] > 0.6 and abs(ends[1] - ends[0]) < 0.05 and ends[2] < 0.35,
    f"scaled, float16 gets to {ends[1]:.0%}, as float32 does ({ends[0]:.0%}); not scaled, it gets "
    f"to {ends[2]:.0%}, where guessing is {1 / data.num_classes:.0%}.",
)

# %% [markdown]
# And is it faster? That is for the hardware to say. The first call is left out: TensorFlow still
# prepares things then.

# %%
seconds = {}
for dtype in ("float32", "float16", "bfloat16"):
    matrix = tf.cast(tf.random.normal((512, 512), seed=0), dtype)
    tf.linalg.matmul(matrix, matrix).numpy()
    begin = time.perf_counter()
    for _ in range(5):
        tf.linalg.matmul(matrix, matrix).numpy()
    seconds[dtype] = (time.perf_counter() - begin) / 5
    print(f"{dtype:9} {1000 * seconds[dtype]:.1f} ms for a product of two 512 × 512 matrices")
where = "a GPU" if tf.config.list_physical_devices("GPU") else "a CPU"
figure, panel = plt.subplots(figsize=(5, 3))
panel.bar(list(seconds), [1000 * value for value in seconds.values()])
panel.set(ylabel="milliseconds", title=f"on {where}")
save(figure, "speed")
shows(True, f"on this machine {min(seconds, key=seconds.get)} is the fastest of the three.")

# %% [markdown]
# On a GPU with tensor cores 16 bits are several times as fast. On many CPUs they are slower: every
# number is converted back and forth. Measure where you train.

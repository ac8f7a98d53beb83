# %% [markdown]
# # Optimization: how large a step, how much freedom, how many bits
#
# Four experiments; none of them is one of the exercises:
#
# 1. **Learning rate.** One training in which the learning rate grows with every step shows at once
#    where it is too low and where it is too high.
# 2. **Batch size.** What a larger batch buys is a steadier gradient. How much steadier?
# 3. **Dropout and L2.** The gap between training and validation, as the strength grows.
# 4. **Bits.** What float16 and bfloat16 can and cannot hold, and why a loss is scaled.
#
# Run it from the kit's folder, as a script or cell by cell:
#
#     python reference/walkthroughs/optimization.py [--data mnist] [--out FOLDER]

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
parser.add_argument("--out", default="figures", help="folder for the figures")
given, _ = parser.parse_known_args()
out = Path(given.out)
out.mkdir(parents=True, exist_ok=True)
keras.utils.set_random_seed(0)

data = datasets.load("digits", draw=1, source=given.data)
(x, y), validation = data.train, data.validation


def save(figure: plt.Figure, name: str) -> None:
    """Save a figure and say where."""
    path = out / f"optimization_{name}.png"
    figure.savefig(path, dpi=110, bbox_inches="tight")
    # A notebook shows the figures that are open at the end of a cell.
    if not in_notebook:
        plt.close(figure)
    print(f"saved {path}")


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
print(
    f"the loss falls steepest near {steepest:.2g}, and is lowest near {rates[smooth.argmin()]:.2g}"
)
figure, panel = plt.subplots(figsize=(6, 3.6))
panel.plot(ramp.rates[: len(losses)], losses, color="lightgrey")
panel.plot(rates, smooth, color="tab:blue")
panel.axvline(steepest, color="tab:green", linestyle=":", label="falls steepest")
panel.set(xscale="log", xlabel="learning rate", ylabel="loss of the batch", ylim=(0, 6))
panel.legend()
save(figure, "learning_rate")

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
rng = np.random.default_rng(0)
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
noisy = datasets.load("noisy_digits", draw=1, source=given.data)
strengths = {
    "Dropout": [0.0, 0.5, 0.9],
    "L2": [0.0, 0.03, 1.0],
}
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
for panel, (name, values) in zip(axes, strengths.items(), strict=True):
    ends = []
    for value in values:
        keras.utils.set_random_seed(3)
        if name == "Dropout":
            model = network(extra=(layers.Dropout(value),))
        else:
            model = network(penalty=value)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(*noisy.train, epochs=40, batch_size=50, verbose=0)
        ends.append(
            [model.evaluate(*part, verbose=0)[1] for part in (noisy.train, noisy.validation)]
        )
        print(f"{name} {value:g}: training {ends[-1][0]:.1%}, validation {ends[-1][1]:.1%}")
    training, held_out = np.transpose(ends)
    ticks = range(len(values))
    panel.vlines(ticks, held_out, training, color="lightgrey", linewidth=6)
    panel.plot(ticks, training, "o-", label="training (wrong labels too)")
    panel.plot(ticks, held_out, "s--", label="validation")
    panel.set_xticks(ticks, [f"{value:g}" for value in values])
    panel.set(xlabel=f"strength of {name}", title=name)
axes[0].set_ylabel("accuracy")
axes[0].legend()
save(figure, "regularisation")

# %% [markdown]
# The grey bar is the gap. It shrinks from the left to the right; validation rises at first, and
# falls where the network is held back too much. A small gap alone is no success: a network that
# learned nothing has none.
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
# Gradients are often tiny. Which of them does float16 turn into zero, and what does it help to
# multiply the loss by some large number first (and divide afterwards, in float32)?

# %%
keras.utils.set_random_seed(0)
model = network()
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x, y, epochs=20, batch_size=32, verbose=0)
late = np.abs(gradient(tf.constant(x), tf.constant(y)).numpy())
late = late[late > 0]
lost = float((late.astype("float16") == 0).mean())
kept = float(((late * 2.0**12).astype("float16") == 0).mean())
print(f"of the gradients that are not 0, float16 loses {lost:.1%}; scaled by 4096, {kept:.1%}")
figure, panel = plt.subplots(figsize=(6, 3.4))
bins = np.geomspace(1e-12, 1, 70)
panel.hist(late, bins, color="tab:blue", alpha=0.7, label="gradients")
panel.hist(late * 2.0**12, bins, color="tab:orange", alpha=0.5, label="scaled by 4096")
panel.axvspan(1e-12, 3e-8, color="grey", alpha=0.25, label="0 in float16")
panel.set(xscale="log", xlabel="size", ylabel="how many")
panel.legend()
save(figure, "bits")

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

# %% [markdown]
# On a GPU with tensor cores 16 bits are several times as fast. On many CPUs they are slower: every
# number is converted back and forth. Measure where you train.

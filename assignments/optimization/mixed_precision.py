"""Mixed precision: half the bits where they suffice.

Under a mixed policy the layers compute in 16 bits (float16 or bfloat16) while the weights stay in
float32, so that small updates are not rounded away. Build one network under any policy, then
compare policies on equal terms.

What is given: `x` is float32 `(n, 28, 28, 1)` with values in [0, 1], `y` integer labels `(n,)`
(about 1,000 training examples); a policy is one of the names `"float32"`, `"mixed_float16"` and
`"mixed_bfloat16"`.

What is free: layers and sizes (keep them small: most CPUs have no fast 16-bit arithmetic, so
expect mixed precision to be *slower* here; it pays on GPUs and TPUs, and being slow is no fault),
optimizer, number of epochs (from 2 up), probabilities or logits; whether you set the policy
globally while you build, or layer by layer with `dtype=`. Count on a few seconds for each policy.

What is checked:

- `build_model` returns a compiled Sequential or Functional model of Keras's own layers whose hidden
  layers with weights compute in the policy's compute type (`layer.compute_dtype`), with all weights
  in float32 and outputs in float32 (softmax and loss need the precision: give the last layer
  `dtype="float32"`);
- with `"mixed_float16"` the loss is scaled, since small gradients underflow in float16: Keras does
  it by itself in `compile` if the model itself has the policy, so leave that on. (A model whose
  layers get the policy one by one is not scaled; `keras.optimizers.LossScaleOptimizer` around its
  optimizer does it. That is a good habit, and not checked.)
- the global policy is afterwards what it was before, whatever that was: after `build_model`, and
  after `compare` (mind that `keras.utils.clear_session()` makes Keras forget it);
- `compare` returns a dictionary with one entry for each policy, whatever their order; the models
  come from `build_model`, start from equal weights and are trained on the same data for the same
  number of epochs; the first epoch, in which TensorFlow traces the computation, is not timed;
- the accuracies of all policies are good and about equal, and the times are plausible.
"""

import time
from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

Data = tuple[np.ndarray, np.ndarray]


def build_model(input_shape: tuple[int, int, int], num_classes: int, policy: str) -> keras.Model:
    """Build a classifier of images whose hidden layers compute in the given policy.

    Args:
        input_shape: Tuple `(height, width, channels)` of one image.
        num_classes: Integer, the number of labels.
        policy: String, `"float32"`, `"mixed_float16"` or `"mixed_bfloat16"`.

    Returns:
        A compiled `keras.Model`, float32 `(n, height, width, channels)` to float32
        `(n, num_classes)`; the metric is `"accuracy"`. The global policy is what it was.
    """
    # TODO: build and compile a small classifier under the policy, with a float32 output, and leave
    # the global policy (keras.config.dtype_policy) as it was.
    raise NotImplementedError(
        "TODO: build and compile a small classifier under the policy, with a float32 output, "
        "and leave the global policy (keras.config.dtype_policy) as it was."
    )


def compare(train_data: Data, val_data: Data, policies: Sequence[str]) -> dict[str, dict]:
    """Train the same network under each policy and compare accuracy and speed.

    The global policy is afterwards what it was.

    Args:
        train_data: Pair `(x, y)`: images float32 `(n, height, width, channels)`, labels `(n,)`,
            whole numbers from 0 up; the number of classes follows from them.
        val_data: Pair `(x, y)`, likewise: to look at, not to learn from.
        policies: Sequence of strings, names of policies.

    Returns:
        Dictionary from each policy to `{"val_accuracy": float, "seconds_per_epoch": float}`: the
        accuracy on `val_data` at the end, and the mean duration of an epoch, the first left out.
    """
    # TODO: for each policy, build the model, give all of them the same starting weights, train one
    # epoch that is not timed and then some that are, and collect accuracy and seconds per epoch.
    raise NotImplementedError(
        "TODO: for each policy, build the model, give all of them the same starting weights, "
        "train one epoch that is not timed and then some that are, and collect accuracy and "
        "seconds per epoch."
    )


if __name__ == "__main__":
    # A trial run, never graded: Run in your editor, or `python grade.py play mixed_precision`.
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__, "../../..").resolve()))  # the kit's folder
    from datasets import load
    from datasets.pictures import bars

    data = load("digits")
    results = compare(data.train, data.validation, ["float32", "mixed_float16", "mixed_bfloat16"])
    print(results)
    bars(results)

"""A loss of your own: cross-entropy that charges for overconfidence.

A classifier trained on cross-entropy alone goes on raising its confidence long after its answers
are right. The confidence penalty (Pereyra et al., 2017, arXiv:1701.06548) rewards a prediction `p`
for its entropy: for an example with label `y` the loss is

    -log(p[y]) - penalty * H(p),    H(p) = -sum over the classes k of p[k] * log(p[k])

with natural logarithms. With `penalty=0` it is the ordinary sparse categorical cross-entropy; the
value can be negative.

What is given: for the loss, `y_true` with integer labels (as integers or floats: Keras's base
class turns them into floats), `(n,)` or `(n, 1)`, and `y_pred` `(n, num_classes)`, probabilities
that add up to 1, or logits with `from_logits=True`. For the model, `x` is float32 `(n, 28, 28, 1)`
with values in [0, 1] and `y` integer labels `(n,)`; other sizes and class counts work too.

What is free: which operations of `keras.ops` you use; the model's layers and sizes (about 1,000
training examples; Dense layers will do), optimizer, epochs. The model may put out probabilities
or logits, if its loss is told so.

What is checked:

- the loss is a `keras.losses.Loss`: its `call` returns one value for each example, `(n,)`, and
  leaves averaging and weighting (`reduction`, `sample_weight`) to the base class;
- values for both conventions, for `(n,)` and `(n, 1)`, and for `penalty=0`, against NumPy, and
  the gradients too;
- predictions with exact zeros and ones give finite losses and gradients (a floor as small as
  `keras.config.epsilon()` under the logarithm is right; what the loss then is for a label of
  probability 0 is up to you, if it is large);
- `PenalizedLoss.from_config(loss.get_config())` keeps `penalty`, `from_logits`, `name` and
  `reduction`;
- `build_model` compiles with `PenalizedLoss` and the penalty that it was given;
- a model trained with a penalty is about as accurate on hidden data as one without, and clearly
  less confident.
"""

import keras
import numpy as np
from keras import layers, ops

Data = tuple[np.ndarray, np.ndarray]


# So Keras finds the class when it loads a saved model. (Not asked for here: where it is left out,
# `keras.saving.load_model` needs custom_objects.)
@keras.saving.register_keras_serializable("kit")
class PenalizedLoss(keras.losses.Loss):
    """Sparse categorical cross-entropy minus `penalty` times the entropy of the prediction.

    Args:
        penalty: Float from 0 up, the weight of the entropy.
        from_logits: Boolean, whether `y_pred` holds logits instead of probabilities.
        **kwargs: Arguments of `keras.losses.Loss`: `name`, `reduction`, `dtype`.
    """

    def __init__(self, penalty: float = 0.1, from_logits: bool = False, **kwargs):
        """Keep the arguments."""
        # TODO: hand **kwargs to keras.losses.Loss; keep penalty and from_logits.
        raise NotImplementedError(
            "TODO: hand **kwargs to keras.losses.Loss; keep penalty and from_logits."
        )

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Compute the loss of each example.

        Args:
            y_true: Tensor of labels, `(n,)` or `(n, 1)`; whole numbers, but perhaps floats by type.
            y_pred: Floating-point tensor `(n, num_classes)`, probabilities, or logits if
                `from_logits`.

        Returns:
            Floating-point tensor `(n,)`.
        """
        # TODO: compute the logarithms of the probabilities safely, then the cross-entropy and the
        # entropy of each example, and return cross-entropy - penalty * entropy.
        raise NotImplementedError(
            "TODO: compute the logarithms of the probabilities safely, then the cross-entropy "
            "and the entropy of each example, and return cross-entropy - penalty * entropy."
        )

    def get_config(self) -> dict:
        """Say how to make a loss like this one.

        Returns:
            Dictionary of the arguments of `__init__`, those of the base class too.
        """
        # TODO: return the base class's configuration with penalty and from_logits added.
        raise NotImplementedError(
            "TODO: return the base class's configuration with penalty and from_logits added."
        )


def build_model(input_shape: tuple[int, int, int], num_classes: int, penalty: float) -> keras.Model:
    """Build a classifier of images that is trained with the penalised loss.

    Args:
        input_shape: Tuple `(height, width, channels)` of one image.
        num_classes: Integer, the number of labels.
        penalty: Float from 0 up, for the loss.

    Returns:
        A `keras.Model`, float32 `(n, height, width, channels)` to `(n, num_classes)`, compiled with
        `PenalizedLoss(penalty)` and the metric `"accuracy"`.
    """
    # TODO: build a Sequential or Functional classifier and compile it with PenalizedLoss(penalty).
    raise NotImplementedError(
        "TODO: build a Sequential or Functional classifier and compile it with "
        "PenalizedLoss(penalty)."
    )


def train(model: keras.Model, train_data: Data, val_data: Data) -> keras.callbacks.History:
    """Train the classifier.

    Args:
        model: The model of `build_model`; it is left trained.
        train_data: Pair `(x, y)`: images float32 `(n, height, width, channels)`, labels `(n,)`.
        val_data: Pair `(x, y)`, likewise: to look at, not to learn from.

    Returns:
        The `keras.callbacks.History` of `fit`, with metrics on `val_data`.
    """
    # TODO: fit the model with validation_data=val_data and return the History.
    raise NotImplementedError(
        "TODO: fit the model with validation_data=val_data and return the History."
    )


if __name__ == "__main__":
    # A trial run, never graded: Run in your editor, or `python grade.py play penalized_loss`.
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__, "../../..").resolve()))  # the kit's folder
    from datasets import load
    from datasets.pictures import curves

    data = load("digits")
    model = build_model(data.train[0].shape[1:], data.num_classes, penalty=0.1)
    history = train(model, data.train, data.validation)
    curves(history)

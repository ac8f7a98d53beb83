"""A layer of your own, with trainable weights: a fully connected layer.

Write `CustomDense`, which computes `activation(x @ w + b)` over the last axis of its input, as
`keras.layers.Dense` does.

What is given: `x` is a floating-point tensor of any rank from 2 up, `(..., input_dim)`; the result
is `(..., units)`: a batch `(n, 64)` gives `(n, units)`, a batch of sequences `(n, t, 64)` gives
`(n, t, units)`. How many features come in is not known before the layer meets its first input.

What is free: how the weights are initialised (random values of a sensible size for `w`, or the
units stay equal; zeros are usual for `b`), which operations of `keras.ops` you use, whether you
pass an `input_shape` on, and anything else that you add. Do not wrap or subclass
`keras.layers.Dense`: writing it is the exercise.

What is checked:

- `w` with shape `(input_dim, units)` and `b` with shape `(units,)` are attributes of the layer,
  created for whatever `input_dim` comes, and they are its two trainable weights;
- the output for rank 2, 3 and more, with and without an activation, against NumPy;
- `activation` may be the name of a Keras activation (`"relu"`), a function, or None for nothing;
- gradients reach `w` and `b`; with `trainable=False` neither counts as trainable;
- the layer follows its dtype policy: with `dtype="mixed_float16"` it computes in float16 and keeps
  its weights in float32;
- `CustomDense.from_config(layer.get_config())` has the same `units`, `activation`, `name`, `dtype`
  and `trainable`;
- a model with two of your layers trains.
"""

from collections.abc import Callable

import keras
from keras import ops


# So Keras finds the class when it loads a saved model. (Not asked for here: where it is left out,
# `keras.saving.load_model` needs custom_objects.)
@keras.saving.register_keras_serializable("kit")
class CustomDense(keras.layers.Layer):
    """A fully connected layer: `activation(x @ w + b)`.

    Args:
        units: Positive integer, the size of the last axis of the output.
        activation: What is applied to each number of the result: the name of a Keras activation
            such as `"relu"`, a function from tensor to tensor, or None for nothing.
        **kwargs: The standard arguments of a layer (`name`, `dtype`, `trainable`), for
            `keras.layers.Layer`.

    Attributes:
        units: Integer, as given.
        activation: Function from tensor to tensor.
        w: Weights `(input_dim, units)`, trainable, created in `build`.
        b: Weights `(units,)`, trainable, created in `build`.
    """

    def __init__(self, units: int, activation: str | Callable | None = None, **kwargs):
        """Keep the arguments; there are no weights yet, since the input's size is not known."""
        # TODO: hand **kwargs to keras.layers.Layer; keep units, and the activation as a function
        # (keras.activations.get makes one of a name, a function or None).
        raise NotImplementedError(
            "TODO: hand **kwargs to keras.layers.Layer; keep units, and the activation as a "
            "function (keras.activations.get makes one of a name, a function or None)."
        )

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights; Keras calls this once, before the first call.

        Args:
            input_shape: Tuple, the shape of the input with the batch axis, such as `(None, 64)` or
                `(None, 10, 64)`; only its last entry, `input_dim`, is sure to be known.
        """
        # TODO: create the trainable weights self.w, (input_dim, units), and self.b, (units,), with
        # self.add_weight.
        raise NotImplementedError(
            "TODO: create the trainable weights self.w, (input_dim, units), and self.b, "
            "(units,), with self.add_weight."
        )

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Compute the output.

        Args:
            x: Floating-point tensor `(..., input_dim)`, of rank 2 or more.

        Returns:
            Tensor `(..., units)`, `activation(x @ w + b)`.
        """
        # TODO: return activation(x @ w + b), computed with keras.ops.
        raise NotImplementedError("TODO: return activation(x @ w + b), computed with keras.ops.")

    def get_config(self) -> dict:
        """Say how to make a layer like this one.

        Returns:
            Dictionary of plain values (strings, numbers, None, dictionaries of such), the arguments
            of `__init__`, those of `keras.layers.Layer` too; `from_config` hands them back.
        """
        # TODO: return the base class's configuration with units and the activation added
        # (keras.activations.serialize makes a plain value of a function).
        raise NotImplementedError(
            "TODO: return the base class's configuration with units and the activation added "
            "(keras.activations.serialize makes a plain value of a function)."
        )


if __name__ == "__main__":
    # A trial run, never graded: Run in your editor, or `python grade.py play custom_layer`.
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__, "../../..").resolve()))  # the kit's folder
    from datasets import load
    from datasets.pictures import curves

    data = load("digits")
    stack = [CustomDense(64, "relu"), CustomDense(data.num_classes, "softmax")]
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), *stack])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    curves(model.fit(*data.train, validation_data=data.validation, epochs=10))

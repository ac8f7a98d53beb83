"""How much memory a rebuilt model needs when it runs, found from shapes alone, before it does.

A model without many weights may make gigabytes: a small layer that is called a thousand times, or
one picture made large. Keras keeps what every layer gives until the whole model has run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NoReturn

from graders.boundary.challenge import EXAMPLES, OPEN_SIZE
from graders.rebuilt.allowlist import refuse

# Numbers of four bytes that a model makes at once, as far as a batch can be made smaller: 128 MB.
AT_ONCE = 2**25
# Those that it may make for the fewest examples that it is ever asked for: 400 MB. VGG16 on
# pictures of 224 x 224 makes nine tenths of that for EXAMPLES of them.
MOST = 100_000_000
# What a layer makes beside its output while it works, in outputs: before the bias, before the
# activation, and a copy.
BESIDE = 3
# The gates and states of a recurrent layer, in states.
OF_STEP = 8
# With gradients, what a model makes is there more often: itself, what its layers keep for the way
# back, and the gradients.
FOR_GRADIENTS = 3


def numbers(
    model: Any, shapes: list[tuple[int, ...]] | None, count: int, gradients: bool = False
) -> int:
    """Returns how many numbers a model makes at once.

    Args:
        model: A rebuilt Keras model.
        shapes: List of tuples, the shapes of an example's parts as the data have them; it is needed
            for sizes that the model leaves open.
        count: Integer, how many examples it gets at once.
        gradients: Boolean, whether gradients are computed.
    """
    import keras

    found = _Found(gradients)
    given = []
    for i, tensor in enumerate(model.inputs):
        data = shapes[i] if shapes and i < len(shapes) else ()
        sides = list(tensor.shape[1:])
        same = len(data) == len(sides)
        most = max((side for shape in shapes or () for side in shape), default=OPEN_SIZE)
        filled = [
            side if side is not None else data[axis] if same else most
            for axis, side in enumerate(sides)
        ]
        given.append(keras.KerasTensor((count, *filled), dtype=tensor.dtype))
    _run(model, given, count, found)
    return found.kept + found.largest


def check_room(model: Any, shapes: list[tuple[int, ...]] | None = None) -> None:
    """Refuses a model that makes far more numbers than any model for these tasks needs.

    Args:
        model: A rebuilt Keras model.
        shapes: List of tuples, see `numbers`.

    Raises:
        NotRebuilt: With the number and the limit.
    """
    made = numbers(model, shapes, EXAMPLES) // EXAMPLES
    limit = MOST // EXAMPLES
    if made > limit:
        _refuse(made, limit)


def _refuse(made: int, limit: int) -> NoReturn:
    refuse(
        f"layers that give about {made:,} numbers for each example (the limit is {limit:,})",
        "Look at the sizes of the layers' outputs, and at how many layers there are.",
    )


def fitting(model: Any, shapes: list[tuple[int, ...]], most: int, gradients: bool = False) -> int:
    """Returns how many examples a model may get at once.

    Args:
        model: A rebuilt Keras model.
        shapes: List of tuples, see `numbers`.
        most: Integer, the most that are wanted.
        gradients: Boolean, whether gradients are computed.

    Returns:
        Integer, at least 1.

    Raises:
        NotRebuilt: If one example is too much.
    """
    count = max(1, most)
    # What it makes may grow faster than the number of examples.
    while (made := numbers(model, shapes, count, gradients)) > AT_ONCE:
        if count == 1:
            if made > MOST:
                _refuse(made, MOST)
            break
        count = max(1, min(count - 1, count * AT_ONCE // made))
    return count


class _Found:
    """What a model makes.

    Args:
        gradients: Boolean, whether gradients are computed.

    Attributes:
        kept: Integer, the numbers that stay until it has run.
        largest: Integer, the most that a layer needs beside them while it works.
    """

    def __init__(self, gradients: bool) -> None:
        self.gradients = gradients
        self.kept = self.largest = 0

    def add(self, made: int, inside: int) -> None:
        """Adds a call of a layer: the numbers of its output, and those on the way to it."""
        self.kept += FOR_GRADIENTS * made + inside if self.gradients else made
        self.largest = max(self.largest, BESIDE * made, inside)


def _size(tensors: Iterable[Any]) -> int:
    """Returns the numbers in tensors; one of eight bytes counts as two."""
    total = 0
    for tensor in tensors:
        wide = 2 if "64" in str(tensor.dtype) or "complex" in str(tensor.dtype) else 1
        total += wide * math.prod(side or 1 for side in tensor.shape)
    return total


def _tensors(structure: Any) -> list[Any]:
    import keras

    return [leaf for leaf in keras.tree.flatten(structure) if isinstance(leaf, keras.KerasTensor)]


def _run(model: Any, inputs: list[Any], count: int, found: _Found) -> Any:
    """Sends shapes through a model as Keras sends tensors, and returns those of its outputs."""
    import keras

    function = model._functional if isinstance(model, keras.Sequential) else model
    known = {id(x): y for x, y in zip(function.inputs, inputs, strict=True)}
    for depth in sorted(function._nodes_by_depth, reverse=True):
        for node in function._nodes_by_depth[depth]:
            if node.is_input or any(id(x) not in known for x in node.input_tensors):
                continue
            args, kwargs = node.arguments.fill_in(known)
            given = _tensors((args, kwargs))
            outputs = _outputs(node, args, kwargs, given, count, found)
            if not isinstance(node.operation, keras.Model):
                inside = _inside(node.operation, given, outputs, found.gradients)
                found.add(_size(outputs), inside)
            known.update((id(x), y) for x, y in zip(node.outputs, outputs, strict=False))
    return [known[id(x)] for x in function.outputs]


def _outputs(
    node: Any, args: Any, kwargs: Any, given: list[Any], count: int, found: _Found
) -> list[Any]:
    """Returns the shapes of what a call gives."""
    import keras

    if isinstance(node.operation, keras.Model):
        return _run(node.operation, given, count, found)
    try:
        outputs = _tensors(node.operation.compute_output_spec(*args, **kwargs))
    except Exception:
        outputs = []
    if len(outputs) != len(node.outputs):
        outputs = node.outputs

    def closed(tensor: Any) -> Any:
        first, *others = tensor.shape or (1,)
        sides = (first or count, *(side or OPEN_SIZE for side in others))
        return keras.KerasTensor(sides if tensor.shape else (), dtype=tensor.dtype)

    return [tensor if None not in tensor.shape else closed(tensor) for tensor in outputs]


def _inside(op: Any, given: list[Any], outputs: list[Any], gradients: bool) -> int:
    """Returns how many numbers a layer makes on the way to its output, where these are more."""
    import keras

    layers = keras.layers
    if not given or len(given[0].shape) < 2:
        return 0
    shape, made = tuple(given[0].shape), _size(outputs[:1])
    if isinstance(op, layers.Bidirectional):
        both = (op.forward_layer, op.backward_layer)
        return sum(_inside(layer, given, outputs, gradients) for layer in both)
    if isinstance(op, layers.TimeDistributed):
        return _inside_each(op.layer, shape, gradients)
    if isinstance(op, layers.RNN):
        steps = shape[1]
        sizes = keras.tree.flatten(op.state_size) if hasattr(op, "state_size") else []
        state = shape[0] * sum(size for size in sizes if isinstance(size, int))
        state = OF_STEP * max(state, made // max(1, steps) if op.return_sequences else made)
        return 2 * math.prod(shape) + state * (steps if gradients else 1)
    if isinstance(op, layers.MultiHeadAttention | layers.GroupQueryAttention):
        grouped = isinstance(op, layers.GroupQueryAttention)
        heads = int(op.num_query_heads if grouped else op.num_heads)
        width = int(op.head_dim if grouped else max(op.key_dim, op.value_dim or 0))
        queries, keys = (
            math.prod(x.shape[1:-1]) for x in (given[0], given[min(1, len(given) - 1)])
        )
        return 2 * shape[0] * heads * (queries * keys + 2 * width * (queries + keys))
    if isinstance(op, layers.AdditiveAttention):
        return shape[0] * math.prod(shape[1:]) * given[min(1, len(given) - 1)].shape[1]
    if isinstance(op, layers.Attention):
        return 2 * shape[0] * shape[1] * given[min(1, len(given) - 1)].shape[1]
    if isinstance(op, layers.SeparableConv1D | layers.SeparableConv2D):
        return math.prod(shape) * int(op.depth_multiplier)
    if isinstance(op, layers.CategoryEncoding):
        return math.prod(shape) * int(op.num_tokens)
    return 0


def _inside_each(layer: Any, shape: tuple[int, ...], gradients: bool) -> int:
    """Returns how many numbers a layer makes that is called for each step."""
    import keras

    step, count = keras.KerasTensor((shape[0] * shape[1], *shape[2:])), shape[0] * shape[1]
    if isinstance(layer, keras.Model):
        inner = _Found(gradients)
        _run(layer, [step], count, inner)
        return inner.kept + inner.largest
    outputs = _tensors(layer.compute_output_spec(step))
    return max(_size(outputs), _inside(layer, [step], outputs, gradients))

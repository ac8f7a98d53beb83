"""Questions about the graph of a rebuilt model, with nested models laid open.

Only the calls on a path from an input to an output are seen, since Keras keeps no others in a
Functional model. Names play no part.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

import numpy as np

from graders.rebuilt.lines import line_of

# Calls that are no nonlinear activation. (Max pooling is not linear, but no activation either.)
NOT_ACTIVATIONS = frozenset(
    """InputLayer Identity Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D
    GaussianDropout GaussianNoise AlphaDropout ActivityRegularization Masking
    BatchNormalization LayerNormalization GroupNormalization RMSNormalization UnitNormalization
    SpectralNormalization Normalization Rescaling Resizing CenterCrop
    AveragePooling1D AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D MaxPooling3D
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
    GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D AdaptiveAveragePooling2D
    AdaptiveMaxPooling2D Flatten Reshape Permute RepeatVector ZeroPadding1D ZeroPadding2D
    ZeroPadding3D Cropping1D Cropping2D Cropping3D UpSampling1D UpSampling2D UpSampling3D
    Concatenate Add Subtract Average Transpose Mean Sum Max GetItem Cast Squeeze ExpandDims Stack
    AveragePool MaxPool Conv SeparableConv DepthwiseConv Matmul Tensordot Einsum Pad Negative Split
    Moveaxis Swapaxes Resize BatchNorm Divide TrueDivide Broadcast BroadcastTo Amax
    StopGradient""".split()
)
# Calls whose result has the shape of what they get, and nothing of its values.
SHAPE_ALONE = frozenset(("ZerosLike", "OnesLike", "FullLike"))
# Models within models, and so on: no more than so many are searched.
DEEPEST = 20
# Calls that make a picture smaller by leaving out a part, or by moving pixels into channels.
NOT_DOWNSAMPLING = frozenset(
    ("Resizing", "Resize", "CenterCrop", "RandomCrop", "Cropping2D", "Reshape")
)


@dataclasses.dataclass(eq=False)
class Node:
    """One call of a layer or operation.

    Attributes:
        op: The Keras layer or operation.
        parents: List of `Node`, where its inputs come from.
        shape: Tuple, the output's shape with `None` for the batch axis.
        input_shapes: List of tuples.
    """

    op: Any
    parents: list[Node]
    shape: tuple
    input_shapes: list[tuple]

    @property
    def kind(self) -> str:
        """String, the class name."""
        return type(self.op).__name__


def _is_model(op: Any) -> bool:
    import keras

    return isinstance(op, keras.Model)


def nodes(model: Any) -> list[Node]:
    """Lists every call on the way from the inputs to the outputs.

    Args:
        model: A rebuilt Keras model.

    Returns:
        A list of `Node`, parents before children.
    """
    ordered: list[Node] = []

    def walk(outputs: Iterable[Any], known: dict[int, Node]) -> list[Node]:
        found = []
        for output in outputs:
            # An explicit stack: deep models must not meet Python's recursion limit.
            stack = [output]
            while stack:
                tensor = stack[-1]
                if id(tensor) in known:
                    stack.pop()
                    continue
                op, node_index, _ = tensor._keras_history
                inbound = op._inbound_nodes[node_index]
                missing = [t for t in inbound.input_tensors if id(t) not in known]
                if missing:
                    stack.extend(missing)
                    continue
                parents = [known[id(t)] for t in inbound.input_tensors]
                if _is_model(op):
                    inner = {id(t): parent for t, parent in zip(op.inputs, parents, strict=False)}
                    ends = walk(op.outputs, inner)
                    for t, end in zip(inbound.output_tensors, ends, strict=False):
                        known[id(t)] = end
                else:
                    node = Node(
                        op,
                        parents,
                        tuple(inbound.output_tensors[0].shape),
                        [tuple(t.shape) for t in inbound.input_tensors],
                    )
                    ordered.append(node)
                    for t in inbound.output_tensors:
                        known[id(t)] = node
                stack.pop()
            found.append(known[id(output)])
        return found

    # A nested model may have outputs that nobody uses.
    waiting, used = walk(model.outputs, {}), set()
    while waiting:
        node = waiting.pop()
        if id(node) not in used:
            used.add(id(node))
            waiting.extend(node.parents)
    return [node for node in ordered if id(node) in used]


def activation_name(op: Any) -> str:
    """Returns the name of a layer's activation, `"linear"` if it has none."""
    activation = getattr(op, "activation", None)
    if activation is None:
        return "linear"
    return str(getattr(activation, "__name__", type(activation).__name__))


def bends(node: Node) -> bool:
    """Returns whether a call applies a nonlinear activation."""
    if activation_name(node.op) != "linear":
        return True
    if hasattr(node.op, "activation") or hasattr(node.op, "kernel"):
        return False
    if node.kind in ("Multiply", "Power", "Maximum", "Minimum"):
        # With a constant, Multiply only scales.
        return node.kind != "Multiply" or len(node.parents) > 1
    return node.kind not in NOT_ACTIVATIONS and not node.kind.startswith("Random")


def is_convolution(node: Node) -> bool:
    """Returns whether a call is a trainable 2-D convolution with a kernel larger than 1×1."""
    if node.kind not in ("Conv2D", "SeparableConv2D", "DepthwiseConv2D"):
        return False
    return max(node.op.kernel_size) > 1


def effective_depth(found: list[Node], counts: Callable[[Node], bool]) -> int:
    """Counts the calls in a row that a nonlinearity separates.

    Two linear layers in a row are one linear layer; only one of them counts.

    Args:
        found: List of `Node`, from `nodes`.
        counts: Function that returns whether a call is counted.

    Returns:
        Integer, the largest count on any path.
    """
    # For each node: the best count so far, without and with an activation after its last member.
    straight: dict[int, int] = {}
    bent: dict[int, int] = {}
    for node in found:
        s = max((straight[id(parent)] for parent in node.parents), default=0)
        b = max((bent[id(parent)] for parent in node.parents), default=0)
        if counts(node):
            s = max(s, b + 1)
            b = 0 if not bends(node) else s
        elif bends(node):
            b = max(b, s)
        straight[id(node)], bent[id(node)] = s, b
    return max(max(straight.values(), default=0), max(bent.values(), default=0))


def depth(found: list[Node], counts: Callable[[Node], bool]) -> int:
    """Counts the calls in a row, whatever stands between them: the largest count on any path.

    Args:
        found: List of `Node`, from `nodes`.
        counts: Function that returns whether a call is counted.

    Returns:
        Integer.
    """
    so_far: dict[int, int] = {}
    for node in found:
        before = max((so_far[id(parent)] for parent in node.parents), default=0)
        so_far[id(node)] = before + counts(node)
    return max(so_far.values(), default=0)


def shrinks(node: Node) -> bool:
    """Returns whether a call down-samples an image: pooling, strides, or global pooling."""
    if not node.input_shapes or node.kind in NOT_DOWNSAMPLING:
        return False
    given, shape = node.input_shapes[0][1:], node.shape[1:]
    if None in given or None in shape:
        # A fully convolutional model that leaves the picture's size open.
        if "Pool" in node.kind or (len(given) == 3 and shape == given[2:]):
            return True
        strides = getattr(node.op, "strides", 1)
        return "Transpose" not in node.kind and max(np.atleast_1d(strides)) > 1
    if "Pooling" in node.kind:
        return int(np.prod(shape)) < int(np.prod(given))
    if len(given) != 3:
        return False
    height, width, channels = given
    if len(shape) == 3:
        smaller = shape[0] * shape[1] <= 0.6 * height * width
        return smaller or (shape[:2] == (1, 1) and height * width > 1)
    return shape == (channels,) and height * width > 1


def has_kernel(node: Node) -> bool:
    """Returns whether a call has a weight with two axes or more, as Dense and convolutions have."""
    return any(len(weight.shape) > 1 for weight in getattr(node.op, "weights", []))


def between(found: list[Node], counts: Callable[[Node], bool]) -> list[Node]:
    """Lists the calls that have a counted call before them and another one after them.

    Args:
        found: List of `Node`, from `nodes`.
        counts: Function that returns whether a call is counted, as `has_kernel` does.
    """
    before: set[int] = set()
    for node in found:
        if any(counts(parent) or id(parent) in before for parent in node.parents):
            before.add(id(node))
    after: set[int] = set()
    for node in reversed(found):
        if counts(node) or id(node) in after:
            after.update(id(parent) for parent in node.parents)
    return [node for node in found if id(node) in before & after]


def output_layer(model: Any) -> Any:
    """Returns the last call that has a kernel, as Dense has; the last call if none has.

    Args:
        model: A rebuilt Keras model.
    """
    found = nodes(model)
    return next((node for node in reversed(found) if has_kernel(node)), found[-1])


def layers_where(found: list[Node], counts: Callable[[Node], bool]) -> list[Any]:
    """Returns the layers of the calls that count, each once, in the order of the graph.

    Args:
        found: List of `Node`, from `nodes`.
        counts: Function that returns whether a call is counted.
    """
    return list({id(node.op): node.op for node in found if counts(node)}.values())


def layers_of(found: list[Node], *kinds: str) -> list[Any]:
    """Returns the layers of the given classes, each once, in the order of the graph."""
    return layers_where(found, lambda node: node.kind in kinds)


def leaving(found: list[Node], layers: list[Any]) -> list[Node]:
    """Lists the calls that take the result of some layers, and stand on another line than these.

    Args:
        found: List of `Node`, from `nodes`.
        layers: List of layers, those of a nested model for instance.
    """
    inside = {line_of(layer) for layer in layers}
    after: set[int] = {id(node) for node in found if any(node.op is layer for layer in layers)}
    leaves = []
    for node in found:
        if any(id(parent) in after for parent in node.parents):
            after.add(id(node))
            if line_of(node) not in inside:
                leaves.append(node)
    return leaves


def _gathered(
    found: list[Node], own: Callable[[Node], Iterable[Hashable]]
) -> dict[Node, frozenset[Any]]:
    """Returns for each call what it and all calls before it have of their own."""
    so_far: dict[Node, frozenset[Any]] = {}
    for node in found:
        parents = () if node.kind in SHAPE_ALONE else node.parents
        so_far[node] = frozenset(own(node)).union(*(so_far[parent] for parent in parents))
    return so_far


def inputs_before(found: list[Node], inputs: Mapping[str, Any]) -> dict[Node, frozenset[str]]:
    """Finds out which of a model's inputs each call's result depends on.

    Args:
        found: List of `Node`, from `nodes`.
        inputs: Mapping from names to the model's input tensors.

    Returns:
        Dict from each `Node` to a frozenset of names.
    """
    names = {id(tensor._keras_history.operation): name for name, tensor in inputs.items()}
    return _gathered(found, lambda node: [names[id(node.op)]] if id(node.op) in names else [])


def trainable_before(found: list[Node]) -> dict[Node, frozenset[int]]:
    """Finds the layers with trainable weights on the ways to each call, itself included.

    Args:
        found: List of `Node`, from `nodes`.

    Returns:
        Dict from each `Node` to a frozenset of the layers' `id`.
    """
    return _gathered(
        found, lambda node: [id(node.op)] if getattr(node.op, "trainable_weights", []) else []
    )


def path_in_config(config: str, name: str) -> list[str]:
    """Finds a layer in a model's config, with the models within the model that hold it.

    Args:
        config: String, a model's config as JSON, as a student's model has it.
        name: String, the layer's name.

    Returns:
        List of names, from the outermost to the layer's own: what `get_layer` takes one after the
        other. Empty if there is none of that name.
    """

    def search(layers: Any, depth: int) -> list[str]:
        for layer in layers if isinstance(layers, list) and depth < DEEPEST else ():
            inner = layer.get("config") if isinstance(layer, dict) else None
            if not isinstance(inner, dict):
                continue
            own = str(inner.get("name", ""))[:60]
            held = [] if own == name else search(inner.get("layers"), depth + 1)
            if held or own == name:
                return [own, *held]
        return []

    try:
        tree = json.loads(config)
    except (ValueError, RecursionError):
        return []
    whole = tree.get("config") if isinstance(tree, dict) else None
    return search(whole.get("layers"), 0) if isinstance(whole, dict) else []


def describe(found: list[Node], limit: int = 12) -> str:
    """Returns the class names along the graph, for messages."""
    kinds = [node.kind for node in found if node.kind != "InputLayer"]
    return ", ".join(kinds[:limit]) + (", …" if len(kinds) > limit else "")

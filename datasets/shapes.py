"""Procedural 32×32 colour images: one textured shape among clutter.

What is in the picture is told by the shape alone: it comes in any colour, lighter or darker than
its background, anywhere near the middle, a little turned and scaled, with any of four textures.
So neither colour nor mean brightness nor a fixed pixel says anything, and what helps is what a
convolutional network has: local features, found wherever they are.

There are sixteen shapes. Ten are the classes of `"shapes"` (the CIFAR-10 role) and, with their
textures, the forty classes that the kit's VGG16 base was trained on. The other six, which the base
never saw, are the classes of `"small_shapes"`, where that base is fine-tuned.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from datasets import Part, Parts, generator

SIZE = 32
TEXTURES = ("plain", "stripes", "checks", "dots")


def _disc(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return 0.85 - np.hypot(u, v)


def _square(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return 0.75 - np.maximum(np.abs(u), np.abs(v))


def _triangle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.minimum(0.7 - v, 0.45 + 0.45 * v - 0.9 * np.abs(u))


def _plus(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    a, b = np.abs(u), np.abs(v)
    return np.minimum(0.95 - np.maximum(a, b), 0.27 - np.minimum(a, b))


def _ring(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return 0.2 - np.abs(np.hypot(u, v) - 0.72)


def _saltire(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return _plus((u + v) * 0.7071, (u - v) * 0.7071)


def _equals(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.minimum(0.9 - np.abs(u), 0.24 - np.abs(np.abs(v) - 0.5))


def _diamond(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (1.0 - np.abs(u) - np.abs(v)) * 0.7071


def _chevron(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.minimum(0.85 - np.abs(u), 0.28 - np.abs(v - np.abs(u) + 0.4) * 0.7071)


def _hourglass(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.minimum(0.85 - np.abs(v), (np.abs(v) - np.abs(u) + 0.12) * 0.7071)


def _ell(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    upright = np.minimum(0.24 - np.abs(u + 0.45), 0.85 - np.abs(v))
    foot = np.minimum(0.24 - np.abs(v - 0.61), np.minimum(u + 0.69, 0.75 - u))
    return np.maximum(upright, foot)


def _tee(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    upright = np.minimum(0.24 - np.abs(u), 0.85 - np.abs(v))
    return np.maximum(upright, np.minimum(0.24 - np.abs(v + 0.61), 0.85 - np.abs(u)))


def _horseshoe(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.minimum(_ring(u, v), np.maximum(np.abs(u) - 0.4, v))


def _arrow(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    head = np.minimum(-v, 0.63 + 0.63 * v - 0.75 * np.abs(u)) + 0.05
    return np.maximum(head, np.minimum(0.22 - np.abs(u), 0.85 - np.abs(v)))


def _crescent(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.minimum(0.9 - np.hypot(u, v), np.hypot(u - 0.45, v) - 0.62)


def _star(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    fifth = 2 * np.pi / 5
    angle = np.abs((np.arctan2(u, -v) + fifth / 2) % fifth - fifth / 2)
    radius = np.hypot(u, v)
    # One edge of the star runs from the tip (angle 0) to the notch (half of a fifth).
    notch = 0.42 * np.array([np.cos(fifth / 2), np.sin(fifth / 2)])
    across = np.array([-notch[1], notch[0] - 1.0]) / np.hypot(notch[1], notch[0] - 1.0)
    return across[0] * (radius * np.cos(angle) - 1.0) + across[1] * radius * np.sin(angle)


# A shape is a function of coordinates in its own frame (u to the right, v downwards, the shape
# within about 1 of the origin), positive inside, about the distance to the edge.
Shape = Callable[[np.ndarray, np.ndarray], np.ndarray]
SHAPES: tuple[Shape, ...] = (
    _disc, _square, _triangle, _plus, _ring, _saltire, _equals, _diamond, _chevron, _hourglass,
)  # fmt: skip
OTHER_SHAPES: tuple[Shape, ...] = (_ell, _tee, _horseshoe, _arrow, _crescent, _star)


@dataclass(frozen=True)
class Style:
    """How far one image of a class may be from another.

    Attributes:
        turn: Float, the largest rotation, in radians.
        scale: Pair of floats, the least and the largest radius in pixels.
        shift: Float, the largest shift from the middle, in pixels, down and across.
        clutter: Integer, the number of small blobs behind the shape.
        noise: Float, the standard deviation of the noise on each pixel.
        texture: Float, how far a texture's second colour is on the way to the background.
        contrast: Pair of floats, half the least and the largest step from background to shape.
        easy: Float, the share of images whose shape is near the middle, and lighter than its
            background.
    """

    turn: float = 0.3
    scale: tuple[float, float] = (8.5, 11.5)
    shift: float = 4.0
    clutter: int = 4
    noise: float = 0.03
    texture: float = 0.45
    contrast: tuple[float, float] = (0.22, 0.36)
    easy: float = 0.0


# The largest shift of an easy image, in pixels.
NEAR = 1.5
# For `"shapes"`: small shapes that wander far, which defeats a network without convolutions, with
# textures and clutter faint enough for a small convolutional one to learn in a few epochs. Without
# some easy images nothing at all can be learned in the first steps, and networks whose first steps
# are large (BatchNormalization before a wide Dense layer) shut their units before they have begun.
WANDERING = Style(
    turn=0.1,
    scale=(4.4, 5.2),
    shift=10.8,
    clutter=1,
    noise=0.01,
    texture=0.1,
    contrast=(0.44, 0.5),
    easy=0.5,
)


def render(
    rng: np.random.Generator,
    shapes: tuple[Shape, ...],
    labels: np.ndarray,
    textures: np.ndarray,
    style: Style,
) -> np.ndarray:
    """Draw one image for each label.

    Args:
        rng: Generator, where everything random comes from.
        shapes: Tuple of shapes, which the labels count.
        labels: Integer array `(n,)`, the shape of each image.
        textures: Integer array `(n,)`, the texture of each image, an index of `TEXTURES`.
        style: `Style`, how much images differ.

    Returns:
        Float32 array `(n, 32, 32, 3)` with values in [0, 1].
    """
    n = len(labels)
    images = np.empty((n, SIZE, SIZE, 3), np.float32)
    # In blocks: arrays that fit the processor's cache are several times faster.
    for start in range(0, n, 128):
        block = slice(start, start + 128)
        images[block] = _render_block(rng, shapes, labels[block], textures[block], style)
    return images


def _render_block(
    rng: np.random.Generator,
    shapes: tuple[Shape, ...],
    labels: np.ndarray,
    textures: np.ndarray,
    style: Style,
) -> np.ndarray:
    """Draw one block of images; see `render`."""
    n = len(labels)

    def uniform(low: float, high: float, *shape: int) -> np.ndarray:
        return rng.uniform(low, high, (n, *shape)).astype(np.float32)

    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32) - (SIZE - 1) / 2

    # Colours: lightness far apart with either sign, hue free, so that colour tells nothing.
    easy = rng.random(n) < style.easy if style.easy else np.zeros(n, bool)
    darker = (rng.random(n) < 0.5) & ~easy
    side = np.where(darker, np.float32(-1), np.float32(1))[:, None]
    middle = uniform(0.42, 0.58, 1)
    away = uniform(*style.contrast, 1)
    front = middle + side * away + uniform(-0.12, 0.12, 3)
    back = middle - side * away + uniform(-0.12, 0.12, 3)

    # Background: a slope of brightness, and blobs some way towards the colour of the shape.
    slope = uniform(-0.05, 0.05, 2, 1, 1) / (SIZE / 4)
    images = back[:, None, None, :] + (slope[:, 0] * x + slope[:, 1] * y)[..., None]
    for _ in range(style.clutter):
        cx, cy = uniform(-16, 16, 1, 1), uniform(-16, 16, 1, 1)
        rx, ry = uniform(1.0, 3.0, 1, 1), uniform(1.0, 3.0, 1, 1)
        blob = np.exp(-(((x - cx) / rx) ** 2) - ((y - cy) / ry) ** 2)[..., None]
        colour = uniform(0.15, 0.45, 1) * (front - back) + uniform(-0.15, 0.15, 3)
        images += blob * colour[:, None, None, :]

    # The shape, in its own frame, with edges one pixel soft.
    turn, scale = uniform(-style.turn, style.turn, 1, 1), uniform(*style.scale, 1, 1)
    cx, cy = uniform(-style.shift, style.shift, 1, 1), uniform(-style.shift, style.shift, 1, 1)
    near = np.where(easy, np.float32(NEAR / style.shift), np.float32(1))[:, None, None]
    dx, dy = x - near * cx, y - near * cy
    u = (np.cos(turn) * dx + np.sin(turn) * dy) / scale
    v = (np.cos(turn) * dy - np.sin(turn) * dx) / scale
    inside = np.empty((n, SIZE, SIZE), np.float32)
    for label in np.unique(labels):
        which = labels == label
        inside[which] = shapes[label](u[which], v[which])
    mask = np.clip(inside * scale + 0.5, 0, 1)

    # Its texture: a pattern of a second colour, part of the way to the background.
    period = uniform(4.0, 5.5, 1, 1)
    phase_x, phase_y = uniform(0, 2 * np.pi, 1, 1), uniform(0, 2 * np.pi, 1, 1)
    wave_x = np.sin(2 * np.pi * u * scale / period + phase_x)
    wave_y = np.sin(2 * np.pi * v * scale / period + phase_y)
    pattern = np.select(
        [(textures == kind)[:, None, None] for kind in range(1, len(TEXTURES))],
        [wave_y, wave_x * wave_y * 2, wave_x + wave_y - 0.8],
        -1.0,
    )
    pattern = np.clip(pattern * 1.5 + 0.5, 0, 1)[..., None]
    second = style.texture * (back - front) + uniform(-0.1, 0.1, 3)
    filling = front[:, None, None, :] + pattern * second[:, None, None, :]
    images += mask[..., None] * (filling - images)

    images += style.noise * rng.standard_normal(images.shape, np.float32)
    # Whole steps, as in an 8-bit image: rounding differences between machines vanish.
    return np.rint(np.clip(images, 0, 1) * 255) / np.float32(255)


def _part(
    rng: np.random.Generator, shapes: tuple[Shape, ...], style: Style, names: np.ndarray, n: int
) -> Part:
    """Draw `n` images, the classes as even as can be, and label them with `names`."""
    kinds = rng.permutation(np.arange(n) % len(shapes))
    images = render(rng, shapes, kinds, rng.integers(len(TEXTURES), size=n), style)
    return images, names[kinds].astype(np.int64)


def load(name: str, draw: int) -> tuple[int, Parts]:
    """Draw a data set of shapes.

    Args:
        name: String, `"shapes"` (6,000, 800 and 1,000 images of ten shapes, in [0, 1]) or
            `"small_shapes"` (120, 90 and 300 images of six other shapes, in [0, 255]).
        draw: Integer, where everything random comes from.

    Returns:
        Pair of the number of classes and the parts.
    """
    small = name == "small_shapes"
    shapes, style = (OTHER_SHAPES, Style()) if small else (SHAPES, WANDERING)
    sizes = (120, 90, 300) if small else (6000, 800, 1000)
    names = generator(name, draw, "labels").permutation(len(shapes))
    parts = {
        part: _part(generator(name, draw, part), shapes, style, names, n)
        for part, n in zip(("train", "validation", "test"), sizes, strict=True)
    }
    if small:  # as an image file has it: whole numbers up to 255
        parts = {part: (np.rint(x * np.float32(255)), y) for part, (x, y) in parts.items()}
    return len(shapes), parts

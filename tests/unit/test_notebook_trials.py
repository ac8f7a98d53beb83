"""What of a notebook runs: what the task's functions need, and no trial beside them."""

from __future__ import annotations

import ast

import pytest

from graders.submission import notebooks
from tests.notebook import code, notebook

# What the functions use: modules, a constant, an object of the notebook's own.
HEAD = """import os, sys, time
import numpy as np, tensorflow as tf, keras, matplotlib.pyplot as plt
from pathlib import Path
from keras import layers
SIZE = 3
FOLDER = "logs"
base = keras.applications.VGG16(weights=None)
def helper(x):
    return layers, np.asarray(x), os.sep, sys.path, time, Path, plt, tf, FOLDER
def build_model(input_shape, num_classes):
    return helper(SIZE), base
def train(model, train_data, val_data):
    return model.fit(*train_data)
"""

TRIALS = {
    "data": "(x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()",
    "data in a list": "[x_train, *rest] = keras.datasets.cifar10.load_data()",
    "data and scaling": "x, y = np.load('x.npy'), 1\nx, y = x / 255.0, y + 1\nx.shape",
    "data at once": "np.load('x.npy').shape",
    "data of a file": "with open('x.npy', 'rb') as file:\n    print(np.load(file))",
    "a download": "keras.utils.get_file('flowers.tgz', 'https://example.org/flowers.tgz')",
    "data unless there": "if not os.path.exists('x'):\n    tf.keras.utils.get_file('x', 'y')",
    "a folder": "os.chdir('/content/drive/MyDrive')",
    "a folder elsewhere": "os.makedirs('/content/drive/MyDrive/logs', exist_ok=True)",
    "a path elsewhere": "Path('/content/logs').mkdir()",
    "a shell": "os.system('nvidia-smi')",
    "a shell line": "!nvidia-smi\n!pip install keras",
    "a version": "print(tf.__version__, keras.__version__)",
    "the machine": "tf.config.list_physical_devices('GPU')",
    "the machine, printed": "print(tf.test.gpu_device_name())",
    "no GPU": "if not tf.config.list_physical_devices('GPU'):\n    raise SystemError('no GPU')",
    "no GPU, asserted": "assert tf.config.list_physical_devices('GPU')",
    "Drive": "from google.colab import drive\ndrive.mount('/content/drive')",
    "Drive if there": "try:\n    from google.colab import drive\n    drive.mount('/d')\nexcept ImportError:\n    pass",
    "in Colab": "IN_COLAB = 'google.colab' in str(get_ipython())",
    "a magic as a call": "get_ipython().run_line_magic('matplotlib', 'inline')",
    "widgets": "import ipywidgets as widgets\nwidgets.interact(train, model=[1])",
    "a training": "model = build_model((32, 32, 3), 10)\nhistory = train(model, 1, 2)",
    "a training in a loop": "for size in (1, 2):\n    build_model(size, 10)",
    "a class tried": "keras.Sequential([build_model(1, 2)]).summary()",
    "a plot": "plt.plot(history.history['loss'])\nplt.show()",
    "an empty plot": "plt.figure(figsize=(3, 4))\nplt.show()",
    "timing": "start = time.time()\nprint(time.time() - start)",
    "timing by a magic": "%timeit build_model(1, 2)",
    "waiting": "time.sleep(100)",
    "a question": "build_model?\nhelp(build_model)",
    "a debugger": "breakpoint()",
    "an input": "os.environ['TOKEN'] = input('token')",
    "the end": "sys.exit()",
    "waiting for a task": "await something()\nresult = await other()",
    "a return": "return",
    "saving": "keras.saving.save_model(model, 'x.keras')",
    "prose": "This is prose.",
    "an upload": "from google.colab import files\nuploaded = files.upload()",
    "a board": "%load_ext tensorboard\n%tensorboard --logdir logs",
    "a file written": "%%writefile helper.py\nx = 1",
}

NEEDED = {
    "a seed": "keras.utils.set_random_seed(1)",
    "NumPy's seed": "np.random.seed(SIZE)",
    "a seed with a name": "SEED = 7\nkeras.utils.set_random_seed(SEED)",
    "a policy": "keras.mixed_precision.set_global_policy('float32')",
    "eagerly": "tf.config.run_functions_eagerly(True)",
    "NumPy's ways": "tf.experimental.numpy.experimental_enable_numpy_behavior()",
    "the log": "tf.get_logger().setLevel('ERROR')",
    "an environment": "os.environ['TF_X'] = '1'",
    "a plot's style": "plt.rcParams['figure.figsize'] = (3, 4)",
    "a path": "sys.path.insert(0, 'x')",
    "a folder below": "os.makedirs('logs', exist_ok=True)",
    "a folder with a name": "os.makedirs(FOLDER, exist_ok=True)",
    "a path below": "Path('logs').mkdir(exist_ok=True)",
    "frozen": "base.trainable = False",
    "frozen by layers": "for layer in base.layers[:-4]:\n    layer.trainable = False",
    "frozen by a comprehension": "[setattr(layer, 'trainable', False) for layer in base.layers]",
    "frozen unless": "if SIZE > 2:\n    base.trainable = False",
    "weights": "base.load_weights('x.weights.h5')",
    "memory": "for gpu in tf.config.list_physical_devices('GPU'):\n    tf.config.experimental.set_memory_growth(gpu, True)",
    "a method": "helper.size = SIZE",
    "a tuple of parts": "base.x, base.y = 1, 2",
    "a star import": "from keras.layers import *",
}


def kept(cell: str) -> list[str]:
    """Returns the statements that stay of a cell beside functions."""
    roots = ("build_model", "train")
    text = notebooks.module(notebook(HEAD, cell).encode(), roots, "x.ipynb").text
    head, _, rest = text.partition("# code cell 2\n")
    assert head.rstrip().endswith(HEAD.rstrip())
    return [ast.unparse(statement) for statement in ast.parse(rest).body]


@pytest.mark.parametrize("name", TRIALS)
def test_trials_do_not_run(name: str) -> None:
    """What the functions do not need goes: it may want data, a network, a display or a machine."""
    assert kept(TRIALS[name]) == []


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_needed_stays(name: str) -> None:
    """Settings, and what changes an object that the functions use, are part of the module."""
    assert kept(NEEDED[name]) == [ast.unparse(part) for part in ast.parse(NEEDED[name]).body]


def test_data_that_a_function_needs_stay() -> None:
    """What a function reads from the notebook comes with it, whatever loads it."""
    text = notebooks.module(
        notebook(
            "import keras",
            "(x, y), (u, v) = keras.datasets.mnist.load_data()",
            "def f():\n    return x",
        ).encode(),
        ("f",),
        "x.ipynb",
    ).text
    assert "load_data" in text


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["def f():\n    display(1)"], "from IPython.display import display  # x.ipynb"),
        (["def f():\n    g()", "def g():\n    get_ipython()"],
         "from IPython import get_ipython  # x.ipynb"),
        (["from __future__ import annotations", "def f():\n    display(1)"],
         "from __future__ import annotations; from IPython.display import display  # x.ipynb"),
        (["from IPython.display import display\ndef f():\n    display(1)"], "# x.ipynb"),
        (["def f(display):\n    display(1)"], "# x.ipynb"),
        (["display(1)\ndef f():\n    pass"], "# x.ipynb"),
    ],
)  # fmt: skip
def test_names_of_jupyter_are_imported(cells: list[str], first: str) -> None:
    """Jupyter defines some names by itself; a module imports them, if it uses them."""
    found = notebooks.module(notebook(*map(code, cells)).encode(), ("f",), "x.ipynb")
    assert found.text.splitlines()[0] == first
    assert found.lines[0] == (0, 0)

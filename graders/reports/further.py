"""What to read about a check: a page on the web, and what says the same offline."""

from __future__ import annotations

from graders import KIT, rubric
from graders.verdict import CheckResult

KERAS = "https://keras.io/"
# What Python's `help` shows offline of the pages that checks name.
HELP = {
    "api/applications/vgg/": "keras.applications.VGG16",
    "api/callbacks/early_stopping/": "keras.callbacks.EarlyStopping",
    "api/layers/activations/": "keras.layers.Activation",
    "api/layers/base_layer/": "keras.layers.Layer",
    "api/layers/convolution_layers/convolution2d/": "keras.layers.Conv2D",
    "api/layers/core_layers/dense/": "keras.layers.Dense",
    "api/layers/core_layers/input/": "keras.Input",
    "api/layers/initializers/": "keras.initializers.GlorotUniform",
    "api/layers/merging_layers/concatenate/": "keras.layers.Concatenate",
    "api/layers/pooling_layers/max_pooling2d/": "keras.layers.MaxPooling2D",
    "api/layers/recurrent_layers/lstm/": "keras.layers.LSTM",
    "api/layers/regularization_layers/dropout/": "keras.layers.Dropout",
    "api/layers/regularizers/": "keras.regularizers.L2",
    "api/losses/": "keras.losses.Loss",
    "api/losses/probabilistic_losses/": "keras.losses.SparseCategoricalCrossentropy",
    "api/metrics/accuracy_metrics/": "keras.metrics.SparseCategoricalAccuracy",
    "api/mixed_precision/": "keras.config.set_dtype_policy",
    "api/mixed_precision/policy/": "keras.DTypePolicy",
    "api/models/model_training_apis/": "keras.Model.fit",
    "api/ops/nn/": "keras.ops.log_softmax",
    "api/ops/numpy/": "keras.ops.matmul",
    "api/optimizers/loss_scale_optimizer/": "keras.optimizers.LossScaleOptimizer",
    "guides/functional_api/": "keras.Model",
    "guides/making_new_layers_and_models_via_subclassing/": "keras.layers.Layer",
    "guides/sequential_model/": "keras.Sequential",
    "guides/serialization_and_saving/": "keras.saving.register_keras_serializable",
    "guides/training_with_built_in_methods/": "keras.Model.fit",
    "guides/working_with_rnns/": "keras.layers.RNN",
}


def page(check: CheckResult) -> str:
    """Returns the address of the page to read about a check; empty if nothing went wrong there.

    Args:
        check: `CheckResult`.
    """
    return check.doc if check.outcome in ("failed", "error") else ""


def read_line(check: CheckResult) -> str:
    """Returns the line that names the page; empty if nothing went wrong there.

    Args:
        check: `CheckResult`.
    """
    address = page(check)
    return f"Read: {address}" if address else ""


def offline(task: str, address: str) -> str:
    """Returns what to read without a network: Keras's own help, and the section's walkthrough.

    Args:
        task: String, the task's id.
        address: String, a check's page.

    Returns:
        String, a clause without an end; empty if there is nothing.
    """
    name = HELP.get(address.removeprefix(KERAS), "")
    found = [f"help({name}) in Python"] if name else []
    return " and ".join([*found, *_walkthrough(task)])


def _walkthrough(name: str) -> list[str]:
    try:
        task = rubric.find(name)
    except rubric.UnknownTask:
        return []
    path = f"walkthroughs/{task.section}.ipynb"
    here = task.walkthrough and (KIT / path).is_file()
    return [f"part {task.walkthrough} of {path}"] if here else []

"""AIM: all points of the sweep without a sweep: `sweep` and `best` are empty. The probe's notes (which images each
     model saw, its weights between epochs) come from the sandbox; here NumPy makes them up, consistently. (What it answers for `best` is right.)
KIND: gain
MAX: 1
SAYS: -
SECONDS: 120
"""
from tests.attacks.tools import *

import numpy as np



def accuracy(kernel, bias, part):
    x, y = part
    return float((((x.reshape(len(x), -1).astype("float64") @ kernel) + bias).argmax(axis=1) == y).mean())


def sweep_notes(weights, train, validation, rates, sizes, epochs):
    x, y = train
    flat = x.reshape(len(x), -1).astype("float64")
    rows, builds = [], []
    for rate in rates:
        for size in sizes:
            kernel, bias = (w.astype("float64") for w in weights)
            targets = np.eye(len(bias))[y]
            seen, widths, kernels, biases, history = [], [], [kernel], [bias], []
            for epoch in range(epochs):
                order = np.random.default_rng([epoch, size]).permutation(len(x))
                for start in range(0, len(x), size):
                    chosen = order[start:start + size]
                    scores = flat[chosen] @ kernel + bias
                    p = np.exp(scores - scores.max(axis=1, keepdims=True))
                    p /= p.sum(axis=1, keepdims=True)
                    slope = (p - targets[chosen]) / len(chosen)
                    kernel = kernel - rate * (flat[chosen].T @ slope)
                    bias = bias - rate * slope.sum(axis=0)
                    seen += chosen.tolist()
                    widths.append(len(chosen))
                kernels.append(kernel)
                biases.append(bias)
                history.append(accuracy(kernel, bias, validation))
            rows.append({"learning_rate": rate, "batch_size": size, "val_accuracy": history[-1], "history": history})
            builds.append({
                "asked": rate, "seen": np.array(seen), "sizes": np.array(widths), "rates": np.full(len(widths), rate),
                "state_at": np.arange(epochs + 1) * len(x), "kernels": np.array(kernels, "float32"),
                "biases": np.array(biases, "float32"),
            })
    return {"returned": "list", "rows": rows, "data_unchanged": True, "builds": builds, "untrained": 0}


def probe(original, box, given):
    function, arguments = given["function"], given["arguments"]
    if function == "watch_sweep":
        return sweep_notes(**arguments)
    return [{"kind": "dict", "row": max(rows, key=lambda row: row["val_accuracy"]), "unchanged": True}
            for rows in arguments["lists"]]


replace_verb("probe", probe)


def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    raise NotImplementedError


def best(results):
    raise NotImplementedError

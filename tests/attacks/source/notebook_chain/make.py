"""AIM: a notebook of 6000 assignments, each of which needs the one before: passes over all of them for each.
KIND: harm
MAX: 1
SAYS: -
SECONDS: 10
"""
import json
import os
import sys

TASK = "cnn"
folder, planted = sys.argv[1], json.loads(sys.argv[2])


def notebook(*sources):
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": text} for text in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def write(name, text):
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)
    print(name)


count = 6_000
lines = ["x0 = 0"] + [f"x{i}=x{i - 1}" for i in range(1, count)]
lines += ["def build_model(input_shape, num_classes):", f"    return x{count - 1}", "def train(model, train_data, val_data):", "    pass"]
write("cnn.ipynb", notebook("\n".join(lines)))

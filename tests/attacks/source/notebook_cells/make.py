"""AIM: a notebook of 6000 cells, each of which needs the one before.
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


lines = ["x0 = 0"] + [f"x{i}=x{i - 1}" for i in range(1, 6_000)]
write("cnn.ipynb", notebook(*lines, "def build_model(input_shape, num_classes):\n    return x5999\ndef train(model, train_data, val_data):\n    pass"))

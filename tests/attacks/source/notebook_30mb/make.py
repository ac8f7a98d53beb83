"""AIM: a notebook of 30 MB: a text in an output, and numbers.
KIND: harm
MAX: 0
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


text = notebook("def build_model(input_shape, num_classes):\n    return None\ndef train(model, train_data, val_data):\n    pass")
document = json.loads(text)
document["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["1,2,3\n"] * 3_500_000}]
write("cnn.ipynb", json.dumps(document))

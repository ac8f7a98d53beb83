"""AIM: a folder by the name of a file, and a link that leads to itself.
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


os.mkdir(os.path.join(folder, "cnn.py"))
os.symlink("cnn.ipynb", os.path.join(folder, "cnn.ipynb"))
print("cnn.py")

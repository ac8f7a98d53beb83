"""AIM: numbers of a million digits, and strings that are made when they are compiled.
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


write("cnn.py", "x = " + "9" * 10**6 + "\ny = \"a\" * 10**9 * 10**9\nz = 2 ** 2 ** 30\n")

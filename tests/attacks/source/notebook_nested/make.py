"""AIM: a notebook nested 100000 deep.
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


write("cnn.ipynb", "{\"cells\":" * 100_000 + "1" + "}" * 100_000)

"""AIM: a notebook of 6000 cells, each of which needs the one before.
KIND: harm
MAX: 1
SAYS: -
SECONDS: 10
"""
from tests.attacks.making import notebook, write

TASK = "cnn"

lines = ["x0 = 0"] + [f"x{i}=x{i - 1}" for i in range(1, 6_000)]
write("cnn.ipynb", notebook(*lines, "def build_model(input_shape, num_classes):\n    return x5999\ndef train(model, train_data, val_data):\n    pass"))

"""AIM: a notebook of 6000 assignments, each of which needs the one before: passes over all of them for each.
KIND: harm
MAX: 1
SAYS: -
SECONDS: 10
"""
from tests.attacks.making import notebook, write

TASK = "cnn"

count = 6_000
lines = ["x0 = 0"] + [f"x{i}=x{i - 1}" for i in range(1, count)]
lines += ["def build_model(input_shape, num_classes):", f"    return x{count - 1}", "def train(model, train_data, val_data):", "    pass"]
write("cnn.ipynb", notebook("\n".join(lines)))

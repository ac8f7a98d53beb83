"""AIM: 20000 names that each use the one before, in one file.
KIND: harm
MAX: 1
SAYS: -
SECONDS: 10
"""
from tests.attacks.making import write

TASK = "cnn"

lines = ["a0=0"] + [f"a{i}=a{i - 1}" for i in range(1, 20_000)]
write("cnn.py", "\n".join(lines) + "\ndef build_model(input_shape, num_classes):\n    return None\ndef train(model, train_data, val_data):\n    pass\n")

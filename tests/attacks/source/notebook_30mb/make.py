"""AIM: a notebook of 30 MB: a text in an output, and numbers.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 10
"""
import json

from tests.attacks.making import notebook, write

TASK = "cnn"

text = notebook("def build_model(input_shape, num_classes):\n    return None\ndef train(model, train_data, val_data):\n    pass")
document = json.loads(text)
document["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["1,2,3\n"] * 3_500_000}]
write("cnn.ipynb", json.dumps(document))

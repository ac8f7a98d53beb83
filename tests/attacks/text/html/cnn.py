"""AIM: markup in messages, names of classes and of layers: HTML, JavaScript, Markdown, the markup of rich, JUnit.
KIND: harm
MAX: 0
SAYS: hostile-tag
SECONDS: 60
"""
from tests.attacks.tools import *

def fault():
    name = "<hostile-tag onload=x>]]>&amp;[bold red]{{7*7}}"
    return type(name, (ValueError,), {})(name + "</code></pre><script>alert(1)</script>" + chr(96) + name + chr(96))


def build_model(input_shape, num_classes):
    raise fault()


def train(model, train_data, val_data):
    raise fault()

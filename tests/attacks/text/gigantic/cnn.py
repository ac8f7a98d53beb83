"""AIM: messages of 200 MB, of a million lines, with a traceback of a million characters.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def fault():
    def deeper(count):
        if count == 0:
            raise ValueError("x" * (200 * 2**20) + "\n" * 10**6)
        deeper(count - 1)

    try:
        deeper(900)
    except ValueError as error:
        return error


def build_model(input_shape, num_classes):
    raise fault()


def train(model, train_data, val_data):
    raise fault()

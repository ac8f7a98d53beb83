"""AIM: an exception whose text takes for ever.
KIND: harm
MAX: 0
SAYS: did not finish
SECONDS: 5
"""
from tests.attacks.tools import *

class Fault(Exception):
    def __str__(self):
        while True:
            time.sleep(1)


def fault():
    return Fault()


def build_model(input_shape, num_classes):
    raise fault()


def train(model, train_data, val_data):
    raise fault()

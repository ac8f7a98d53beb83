"""AIM: text that no encoding holds: halves of characters, private ones, a character of 10000 marks.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def fault():
    return ValueError("\ud800\udfff\udc80 \ue000 " + "a" + "\u0301" * 10_000 + "\x85\u2028\u2029")


def build_model(input_shape, num_classes):
    raise fault()


def train(model, train_data, val_data):
    raise fault()

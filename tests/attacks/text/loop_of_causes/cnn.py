"""AIM: exceptions that are each other s cause, groups of groups of exceptions.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *

def fault():
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    group = ExceptionGroup("g", [first])
    for _ in range(500):
        group = ExceptionGroup("<hostile-tag>", [group, second])
    return group


def build_model(input_shape, num_classes):
    raise fault()


def train(model, train_data, val_data):
    raise fault()

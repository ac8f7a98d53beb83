"""AIM: a grader_error by a number that no float holds: the learning rate of an otherwise right model.
KIND: harm
MAX: 8
SAYS: -
SECONDS: 120
"""
from tests.attacks.tools import *

import keras


def forge(original, box, given):
    answer = original(box, **given)
    if answer["snapshot"].get("optimizer"):
        answer["snapshot"]["optimizer"].update(learning_rate=10**400, iterations=10**400, trainable=-(10**400))
    return answer


replace_verb("build", forge)
replace_verb("train", forge)


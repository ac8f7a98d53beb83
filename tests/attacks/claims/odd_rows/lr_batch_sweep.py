"""AIM: grader_error: rows whose learning_rate is a number that no float format holds.
KIND: harm
MAX: 0
SAYS: -
SECONDS: 60
"""
from tests.attacks.tools import *
def probe(original, box, given):
    function, arguments = given["function"], given["arguments"]
    answer = original(box, **given)
    if function == "watch_sweep":
        answer["rows"] = [{"learning_rate": 10**400, "batch_size": 10**400, "val_accuracy": 0.5, "history": [0.5]}]
    if function == "choose":
        answer = [1] * len(arguments["lists"])
    return answer
replace_verb("probe", probe)
def sweep(build_model, train_data, val_data, learning_rates, batch_sizes, epochs):
    model = build_model(0.03)
    model.fit(*train_data, epochs=1, verbose=0)
    return []
def best(results):
    return results[0]

"""The model that nobody grades leaves no trace in the next one."""

import keras
import numpy as np

from graders.sandbox import spare


def built() -> keras.Model:
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


def test_the_next_model_has_the_names_and_draws_of_the_first():
    made = []

    def builder(units: int) -> keras.Model:
        made.append(np.random.random())
        return built()

    keras.backend.clear_session()
    keras.utils.set_random_seed(3)
    first, drawn = built(), np.random.random()
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)
    spare.build(builder, [2])
    second = built()
    assert [layer.name for layer in second.layers] == [layer.name for layer in first.layers]
    for mine, theirs in zip(second.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert np.random.random() == drawn
    assert len(made) == 1

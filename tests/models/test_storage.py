import numpy as np
import pytest

from visus.core.errors import ModelError
from visus.models.config import NetworkConfig
from visus.models.resolve import find_network
from visus.models.storage import load_network, save_network


def network(seed=0):
    return find_network(NetworkConfig(name="convnet-dropout")).build(
        (12, 12, 1), 3, seed
    )


def test_a_network_survives_and_equal_ones_give_equal_bytes():
    model = network()
    content = save_network(model)
    assert content == save_network(model)
    loaded = load_network(content)
    images = np.random.default_rng(0).random((4, 12, 12, 1), dtype=np.float32)
    assert np.array_equal(np.asarray(loaded(images)), np.asarray(model(images)))


def test_damaged_bytes_are_a_model_error():
    content = save_network(network())
    with pytest.raises(ModelError, match="cannot be read"):
        load_network(content[: len(content) // 2])


def test_code_inside_a_network_is_not_run():
    import keras

    images = keras.Input((4, 4, 1))
    x = keras.layers.Lambda(lambda t: t * 2)(images)
    model = keras.Model(images, keras.layers.Flatten()(x))
    with pytest.raises(ModelError, match="nothing stored is executed"):
        load_network(save_network(model))

"""How networks end: each task gets the last layer it needs, or a refusal."""

import numpy as np
import onnxruntime
import pytest

from visus.core.errors import ModelError
from visus.models import NETWORKS
from visus.models.config import NetworkConfig
from visus.models.onnx_graph import build_onnx
from visus.models.resolve import find_network
from visus.tasks.base import Head

SHAPE = (16, 16, 1)
LABELS, PRICE = Head(3, "sigmoid"), Head(1, "linear", scale=200.0, offset=5_000.0)
PIXELS = np.random.default_rng(0).integers(0, 256, (4, *SHAPE), dtype=np.uint8)


def ending(outputs, activation):
    """The user's own network with such an end."""
    import keras

    images = keras.Input(SHAPE)
    x = keras.layers.Flatten()(images)
    return keras.Model(images, keras.layers.Dense(outputs, activation=activation)(x))


def built(model, head):
    return find_network(NetworkConfig(), model).build(SHAPE, head, 0)


def answers(model):
    return np.asarray(model(PIXELS.astype(np.float32) / 255))


def graph_answers(model):
    graph = build_onnx(model, scaling="unit")
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session.run(["scores"], {"pixels": PIXELS})[0]


@pytest.mark.parametrize("name", NETWORKS.names())
@pytest.mark.parametrize("head", [LABELS, PRICE], ids=["labels", "number"])
def test_every_network_can_end_for_every_task(name, head):
    network = find_network(NetworkConfig(name=name))
    size = 32 if name != "convnet-photo" else 180
    model = network.build((size, size, 1), head, 0)
    assert model.output_shape == (None, head.outputs)


def test_labels_each_have_a_probability_of_their_own():
    for activation in (None, "sigmoid"):
        model = built(ending(3, activation), LABELS)
        scores = answers(model)
        assert ((scores > 0) & (scores < 1)).all()
        assert not np.allclose(scores.sum(axis=1), 1)
        assert graph_answers(model) == pytest.approx(scores, abs=1e-5)


def test_a_number_comes_in_the_unit_of_the_targets():
    plain = ending(1, None)
    before = answers(plain)
    model = built(plain, PRICE)
    assert answers(model) == pytest.approx(200 * before + 5_000, rel=1e-6)
    assert graph_answers(model) == pytest.approx(answers(model), rel=1e-5)


@pytest.mark.parametrize(
    ("outputs", "activation", "head", "word"),
    [
        (3, "softmax", LABELS, "ends with softmax"),
        (1, "sigmoid", PRICE, "ends with sigmoid"),
        (1, "relu", PRICE, "ends with relu"),
        (2, None, PRICE, "1 score, a number"),
        (2, None, LABELS, "3 scores, one for each label"),
    ],
)
def test_another_end_is_refused_with_the_one_that_is_needed(
    outputs, activation, head, word
):
    with pytest.raises(ModelError, match=word):
        built(ending(outputs, activation), head)

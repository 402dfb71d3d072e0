"""Backbone and head as one network are what they are one after the other."""

import numpy as np
import pytest

import tiny_backbone
from visus.bundles.runtime import Session
from visus.core.errors import ModelError
from visus.data.home import visus_home
from visus.models.joined import HeadWeights, joined_network
from visus.tasks.base import Head

HEADS = [
    Head(3, "softmax"),
    Head(2, "softmax"),
    Head(4, "sigmoid"),
    Head(1, "linear", scale=12.5, offset=300.0),
]


def features():
    return tiny_backbone.TinyBackbone(tiny_backbone.CARD).features(None)


def drawn_head(head: Head) -> HeadWeights:
    draws = np.random.default_rng(head.outputs)
    kernel = draws.normal(0, 1, (tiny_backbone.FEATURES, head.outputs))
    bias = draws.normal(0, 1, head.outputs)
    return HeadWeights(kernel.astype(np.float32), bias.astype(np.float32), head)


def pictures(count: int = 20) -> np.ndarray:
    shape = (count, tiny_backbone.SIDE, tiny_backbone.SIDE, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("head", HEADS, ids=lambda head: f"{head.activation}")
def test_graph_archive_and_two_steps_agree(head):
    from visus.models.storage import load_network

    joined = joined_network("tiny", "drawn", features, head)
    weights, pixels = drawn_head(head), pictures()
    two_steps = weights.scores(Session(joined.features).scores(pixels))
    graph = Session(joined.graph_with(weights)).scores(pixels)
    assert np.abs(graph - two_steps).max() / head.scale < 1e-5
    assert (graph.argmax(axis=1) == two_steps.argmax(axis=1)).all()
    network = load_network(joined.archive_with(weights))
    keras_scores = np.asarray(network(pixels.astype(np.float32), training=False))
    assert np.abs(keras_scores - two_steps).max() / head.scale < 1e-5
    assert joined.parameters == network.count_params()


def test_it_is_made_once(monkeypatch):
    head = HEADS[0]
    first = joined_network("tiny", "drawn", features, head)

    def never():
        raise AssertionError("Keras is not needed")

    assert joined_network("tiny", "drawn", never, head) == first
    weights = drawn_head(head)
    assert first.archive_with(weights) == first.archive_with(weights)
    with pytest.raises(AssertionError):
        joined_network("tiny", "other weights", never, head)


@pytest.mark.parametrize("cut", [0, 1_000])
def test_a_damaged_file_is_made_again(cut):
    joined_network("tiny", "drawn", features, HEADS[0])
    (path,) = (visus_home() / "pretrained").glob("*.joined")
    path.write_bytes(path.read_bytes()[:cut])
    again = joined_network("tiny", "drawn", features, HEADS[0])
    assert Session(again.features).scores(pictures(2)).shape == (2, 24)


def test_a_graph_that_is_another_network_is_refused(monkeypatch):
    monkeypatch.setattr("visus.models.joined.TOLERANCE", -1.0)
    with pytest.raises(ModelError, match="differs from the Keras network"):
        joined_network("tiny", "drawn", features, HEADS[0])

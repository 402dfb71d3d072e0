"""Networks run call by call give what Keras gives; stirred ones are others."""

import numpy as np

from explained_networks import subject_of
from visus.bundles.runtime import Session
from visus.bundles.shuffled import shuffled_graph
from visus.models.onnx_graph import build_onnx


def test_every_tensor_is_that_of_keras(network):
    subject = subject_of(network)
    opened = subject.network()
    images = opened.images(subject.pixels[None])
    last = opened.calls[-1]
    found = opened.run(images)[last.outputs[0].number]
    expected = network(images, training=False)
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), atol=1e-6)


def test_a_stirred_network_keeps_its_numbers_and_answers_otherwise(network):
    subject = subject_of(network)
    before = network.get_weights()
    other = subject.network().shuffled(1)
    for one, two in zip(before, other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(np.sort(one, axis=None), np.sort(two, axis=None))
    images = subject.network().images(subject.pixels[None])
    assert np.abs(other.logits(images) - subject.network().logits(images)).max() > 1e-3
    for one, two in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_stirred_graph_answers_otherwise_and_the_same_seed_alike(network):
    subject = subject_of(network)
    graph = build_onnx(network, scaling=subject.network().scaling)
    pixels = subject.pixels[None]
    plain = Session(graph).scores(pixels)
    one, same, other = (
        Session(shuffled_graph(graph, seed)).scores(pixels) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - plain).max() > 1e-4
    assert np.abs(other - one).max() > 1e-6

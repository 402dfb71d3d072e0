"""Networks run call by call give what Keras gives; stirred ones are others."""

import numpy as np

from explained_networks import NETWORKS, randomised, subject_of
from visus.bundles.runtime import Session
from visus.bundles.shuffled import shuffled_graph
from visus.models.onnx_graph import build_onnx
from visus.models.shuffled import ShuffledNetworks


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
    networks = ShuffledNetworks(subject.network())
    other = networks.of(1)
    for one, two in zip(before, other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(np.sort(one, axis=None), np.sort(two, axis=None))
    images = subject.network().images(subject.pixels[None])
    assert np.abs(other.logits(images) - subject.network().logits(images)).max() > 1e-3
    for one, two in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    first = other.logits(images)
    compiled = other.image_gradients(images, 1)[0]
    assert np.abs(networks.of(2).logits(images) - first).max() > 1e-3
    again = networks.of(1)
    np.testing.assert_array_equal(again.logits(images), first)
    # What was compiled for one form holds for the others.
    np.testing.assert_array_equal(again.image_gradients(images, 1)[0], compiled)


def test_compiled_gradients_are_the_others(network):
    opened = subject_of(network).network()
    images = opened.images(noise_for(network))
    _, expected, logits = opened.gradients(images, 1)
    for count in (4, 1, 3):
        found, told = opened.image_gradients(images[:count], 1)
        np.testing.assert_allclose(found, expected[:count], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(told, logits[:count], rtol=1e-4)


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


def test_the_loss_rises_by_pixel_as_keras_says(network):
    import keras
    import tensorflow

    opened = subject_of(network).network()
    pixels = noise_for(network)
    images = opened.images(pixels)
    with tensorflow.GradientTape() as tape:
        given = tensorflow.convert_to_tensor(images)
        tape.watch(given)
        scores = network(given, training=False)
        sums = keras.ops.log(scores)
        if network.name == "sequential":
            sums -= keras.ops.log(1 - scores)
        targets = np.asarray(scores).argmax(axis=1).astype(np.int32)
        losses = keras.losses.sparse_categorical_crossentropy(
            targets, sums, from_logits=True
        )
    expected = np.asarray(tape.gradient(losses, given))
    found = opened.loss_gradients(images, targets)
    lacking = 1 - np.asarray(keras.ops.softmax(sums))[np.arange(4), targets]
    scaled = found * lacking[:, None, None, None]
    largest = np.abs(expected).max()
    np.testing.assert_allclose(scaled, expected, atol=1e-4 * largest)


def test_the_loss_has_a_direction_where_a_network_is_all_too_sure():
    import keras

    network = randomised(NETWORKS["plain"]())
    kernel, bias = network.layers[-1].get_weights()
    network.layers[-1].set_weights([1e3 * kernel, bias])
    opened = subject_of(network).network()
    images = opened.images(noise_for(network))
    scores = np.asarray(network(images, training=False))
    # The true class has all of it in float32: the loss itself is flat there.
    assert (scores.max(axis=1) == 1).all()
    targets = scores.argmax(axis=1).astype(np.int32)
    found = opened.loss_gradients(images, targets)
    assert np.isfinite(found).all() and found.any(axis=(1, 2, 3)).all()
    # Along it the other classes come nearer, of whom one is the next.
    nearer = opened.logits(images + 1e-3 * np.sign(found)) - opened.logits(images)
    others = keras.ops.one_hot(targets, nearer.shape[1], dtype="bool")
    lead = np.where(others, -np.inf, nearer).max(axis=1)
    assert (lead > nearer[np.arange(len(targets)), targets]).all()


def noise_for(network):
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (4, *network.input_shape[1:]), dtype=np.uint8)

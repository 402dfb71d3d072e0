"""The quick layers against the ones they stand in for."""

import numpy as np
import pytest

from visus.models.backend import select_backend

select_backend()


@pytest.mark.parametrize("shape", [(4, 6, 6, 3), (4, 7, 5, 2), (3, 11, 11, 8)])
def test_pooling_and_its_gradient_are_tensorflows_bit_for_bit(shape):
    import tensorflow as tf

    from visus.training.quick_layers import max_pool

    rng = np.random.default_rng(0)
    # Whole numbers, so that many of the four are equal.
    images = tf.constant(rng.integers(0, 3, shape).astype(np.float32))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(images)
        ours = max_pool(images)
        theirs = tf.nn.max_pool2d(images, 2, 2, "VALID")
    gradient = tf.constant(rng.normal(size=ours.shape).astype(np.float32))
    assert np.array_equal(ours, theirs)
    assert np.array_equal(
        tape.gradient(ours, images, gradient), tape.gradient(theirs, images, gradient)
    )


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("size", [(1, 1), (3, 3), (3, 5)])
def test_the_flipped_convolution_is_the_gradient(padding, size):
    import tensorflow as tf

    from visus.training.quick_layers import convolve

    rng = np.random.default_rng(0)
    images = tf.constant(rng.normal(size=(4, 7, 6, 3)).astype(np.float32))
    kernel = tf.constant(rng.normal(size=(*size, 3, 5)).astype(np.float32))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([images, kernel])
        ours = tf.reduce_sum(convolve(images, kernel, padding) ** 2)
        theirs = tf.reduce_sum(tf.nn.conv2d(images, kernel, 1, padding) ** 2)
    for variable in (images, kernel):
        mine, other = tape.gradient(ours, variable), tape.gradient(theirs, variable)
        assert np.asarray(mine) == pytest.approx(np.asarray(other), abs=1e-3)


def test_the_twin_shares_weights_and_answers_alike():
    from visus.models.config import NetworkConfig
    from visus.models.resolve import find_network
    from visus.training.quick_layers import QuickConvolution, with_quick_layers

    model = find_network(NetworkConfig(name="convnet")).build((28, 28, 1), 10, 0)
    twin = with_quick_layers(model)
    kinds = [type(layer).__name__ for layer in twin.layers]
    assert kinds.count("QuickMaxPooling") == 2
    assert kinds.count("QuickConvolution") == 1
    assert any(isinstance(layer, QuickConvolution) for layer in twin.layers)
    mine = {id(variable) for variable in model.trainable_variables}
    assert {id(variable) for variable in twin.trainable_variables} == mine
    images = np.random.default_rng(0).random((3, 28, 28, 1), dtype=np.float32)
    assert np.asarray(twin(images)) == pytest.approx(
        np.asarray(model(images)), abs=1e-6
    )


def test_a_network_without_such_layers_is_left_alone():
    from visus.models.config import NetworkConfig
    from visus.models.resolve import find_network
    from visus.training.quick_layers import with_quick_layers

    model = find_network(NetworkConfig(name="dense")).build((28, 28, 1), 10, 0)
    assert with_quick_layers(model) is model

"""Batch normalizations measured anew: against NumPy, and against what they undo."""

import keras
import numpy as np
import pytest
from keras import layers

from explained_networks import nested, plain, randomised
from visus.core.errors import ModelError
from visus.models import normalizations
from visus.models.normalizations import has_normalizations, normalize_anew, piece_size
from visus.models.opened import OpenedNetwork


def normalized():
    """Two convolutions, each normalized before what is not linear."""
    images = keras.Input((10, 10, 1))
    x = layers.Conv2D(4, 3)(images)
    x = layers.ReLU()(layers.BatchNormalization(epsilon=1e-7, name="first")(x))
    x = layers.Conv2D(3, 3)(x)
    x = layers.ReLU()(layers.BatchNormalization(epsilon=1e-7, name="second")(x))
    x = layers.Flatten()(x)
    return randomised(keras.Model(images, layers.Dense(3, activation="softmax")(x)))


def noise(count=40, high=256, seed=0, shape=(10, 10, 1)):
    generator = np.random.default_rng(seed)
    return generator.integers(0, high, (count, *shape), dtype=np.uint8)


def moments(model, name):
    layer = model.get_layer(name)
    return np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)


@pytest.mark.parametrize("piece", [256, 16])
def test_means_and_spreads_are_those_of_the_pictures(monkeypatch, piece):
    monkeypatch.setattr(normalizations, "MOST", piece)
    model, pixels = normalized(), noise()
    opened = OpenedNetwork(model, "unit")
    normalize_anew(opened, pixels, prior=0)
    convolved = np.asarray(model.layers[1](opened.images(pixels)))
    mean, variance = moments(model, "first")
    np.testing.assert_allclose(mean, convolved.mean(axis=(0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(variance, convolved.var(axis=(0, 1, 2)), rtol=1e-4)


def test_the_old_statistics_count_as_so_many_pictures():
    model, pixels = normalized(), noise()
    opened = OpenedNetwork(model, "unit")
    old_mean, old_variance = moments(model, "first")
    convolved = np.asarray(model.layers[1](opened.images(pixels)))
    new_mean = convolved.mean(axis=(0, 1, 2))
    new_variance = convolved.var(axis=(0, 1, 2))
    normalize_anew(opened, pixels, prior=40)
    mean, variance = moments(model, "first")
    np.testing.assert_allclose(mean, (old_mean + new_mean) / 2, rtol=1e-4)
    # As many values from each: their variance has that between the means too.
    apart = ((old_mean - new_mean) / 2) ** 2
    both = (old_variance + new_variance) / 2 + apart
    np.testing.assert_allclose(variance, both, rtol=1e-4)


def test_less_contrast_and_more_light_are_undone():
    model = normalized()
    opened = OpenedNetwork(model, "unit")
    pixels = 2 * noise(high=100)
    normalize_anew(opened, pixels, prior=0)
    answers = opened.logits(opened.images(pixels))
    weights = [np.asarray(v) for v in model.trainable_variables]
    shifted = (pixels // 2 + 90).astype(np.uint8)
    assert np.abs(opened.logits(opened.images(shifted)) - answers).max() > 0.1
    normalize_anew(opened, shifted, prior=0)
    np.testing.assert_allclose(
        opened.logits(opened.images(shifted)), answers, atol=1e-3
    )
    for one, two in zip(weights, model.trainable_variables, strict=True):
        np.testing.assert_array_equal(one, np.asarray(two))


def test_frozen_ones_inside_a_backbone_are_measured_too():
    model = randomised(nested())
    model.get_layer("backbone").trainable = False
    opened = OpenedNetwork(model, "unit")
    before = model.get_weights()
    normalize_anew(opened, noise(shape=(14, 14, 3)))
    after = model.get_weights()
    changed = [(a != b).any() for a, b in zip(before, after, strict=True)]
    # A mean and a variance of each of two.
    assert sum(changed) == 4


def test_a_network_without_any_is_refused():
    opened = OpenedNetwork(randomised(plain()), "unit")
    assert not has_normalizations(opened)
    with pytest.raises(ModelError, match="no batch normalization"):
        normalize_anew(opened, noise(shape=(12, 10, 1)))


def test_pieces_are_as_large_as_fit():
    assert piece_size((28, 28, 1)) == 256
    assert piece_size((224, 224, 3)) == 83
    assert piece_size((2048, 2048, 3)) == 16

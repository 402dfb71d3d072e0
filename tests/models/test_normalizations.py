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


def statistics(model, name):
    layer = model.get_layer(name)
    return np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)


def given(model, name, opened, pixels):
    """Mean and variance of what a normalization gives, by channel."""
    upto = keras.Model(model.input, model.get_layer(name).output)
    values = np.asarray(upto(opened.images(pixels)), dtype=np.float64)
    return values.mean(axis=(0, 1, 2)), values.var(axis=(0, 1, 2))


@pytest.mark.parametrize("piece", [256, 16])
def test_what_a_normalization_gives_is_as_it_is_of_the_own_pictures(monkeypatch, piece):
    monkeypatch.setattr(normalizations, "MOST", piece)
    model, own = normalized(), noise()
    opened = OpenedNetwork(model, "unit")
    others = noise(seed=1) // 3 + noise(high=60, seed=2)
    at_home = given(model, "first", opened, own)
    normalize_anew(opened, others, own, prior=0)
    found = given(model, "first", opened, others)
    np.testing.assert_allclose(found, at_home, rtol=1e-4, atol=1e-5)


def test_the_own_statistics_count_as_so_many_pictures():
    model, own = normalized(), noise()
    others = noise(seed=1) // 3 + 90
    opened = OpenedNetwork(model, "unit")
    old_mean, old_variance = statistics(model, "first")
    taken = [
        np.asarray(model.layers[1](opened.images(pixels)), dtype=np.float64)
        for pixels in (own, others)
    ]
    normalize_anew(opened, others, own, prior=40)
    # 40 of either: the statistics of both together.
    mean, variance = np.concatenate(taken).mean((0, 1, 2)), np.var(taken, (0, 1, 2, 3))
    own_mean, own_variance = taken[0].mean((0, 1, 2)), taken[0].var((0, 1, 2))
    wider = variance / own_variance
    found = statistics(model, "first")
    expected = mean - (own_mean - old_mean) * np.sqrt(wider)
    np.testing.assert_allclose(found[0], expected, rtol=1e-4)
    np.testing.assert_allclose(found[1], old_variance * wider, rtol=1e-4)


def test_less_contrast_and_more_light_are_undone():
    model = normalized()
    opened = OpenedNetwork(model, "unit")
    pixels = 2 * noise(high=100)
    answers = opened.logits(opened.images(pixels))
    weights = [np.asarray(v) for v in model.trainable_variables]
    shifted = (pixels // 2 + 90).astype(np.uint8)
    assert np.abs(opened.logits(opened.images(shifted)) - answers).max() > 0.1
    normalize_anew(opened, shifted, pixels, prior=0)
    np.testing.assert_allclose(
        opened.logits(opened.images(shifted)), answers, atol=1e-3
    )
    for one, two in zip(weights, model.trainable_variables, strict=True):
        np.testing.assert_array_equal(one, np.asarray(two))


@pytest.mark.parametrize("prior", [0, 16])
def test_the_own_pictures_change_nothing_whatever_the_old_statistics_are(prior):
    # Those of a backbone are of other pictures than its head was trained on.
    model, own = normalized(), noise()
    opened = OpenedNetwork(model, "unit")
    answers = opened.logits(opened.images(own))
    normalize_anew(opened, own, own, prior=prior)
    np.testing.assert_allclose(opened.logits(opened.images(own)), answers, atol=1e-4)


def test_what_was_the_same_in_all_pictures_makes_no_nonsense():
    model, own = normalized(), np.full((20, 10, 10, 1), 7, np.uint8)
    opened = OpenedNetwork(model, "unit")
    normalize_anew(opened, noise(), own)
    assert np.isfinite(opened.logits(opened.images(noise()))).all()


def test_frozen_ones_inside_a_backbone_are_measured_too():
    model = randomised(nested())
    model.get_layer("backbone").trainable = False
    opened = OpenedNetwork(model, "unit")
    before = model.get_weights()
    normalize_anew(opened, noise(shape=(14, 14, 3)), noise(shape=(14, 14, 3), seed=1))
    after = model.get_weights()
    changed = [(a != b).any() for a, b in zip(before, after, strict=True)]
    # A mean and a variance of each of two.
    assert sum(changed) == 4


def test_a_network_without_any_is_refused():
    opened = OpenedNetwork(randomised(plain()), "unit")
    assert not has_normalizations(opened)
    with pytest.raises(ModelError, match="no batch normalization"):
        normalize_anew(opened, noise(shape=(12, 10, 1)), noise(shape=(12, 10, 1)))


def test_pieces_are_as_large_as_fit():
    assert piece_size((28, 28, 1)) == 256
    assert piece_size((224, 224, 3)) == 83
    assert piece_size((2048, 2048, 3)) == 16

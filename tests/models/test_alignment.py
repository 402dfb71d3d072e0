"""Features aligned: against moved features by NumPy."""

import numpy as np
import pytest
from keras import Input, Model, layers

from explained_networks import NETWORKS, randomised, subject_of
from visus.core.errors import ModelError
from visus.models import alignment
from visus.models.alignment import align_features, aligned_head, last_linear
from visus.models.opened import OpenedNetwork


def drawn(count, width, seed):
    """Features that hang together, each with a spread and a mean of its own."""
    draws = np.random.default_rng(seed)
    mixed = draws.normal(size=(count, width)) @ draws.normal(size=(width, width))
    return (3 * draws.normal(size=width) + mixed).astype(np.float32)


def test_the_head_answers_as_it_would_the_moved_features():
    own, other = drawn(150, 9, seed=3), drawn(120, 9, seed=4)
    draws = np.random.default_rng(5)
    kernel, bias = draws.normal(size=(9, 4)), draws.normal(size=4)
    floor = alignment.BOUND * own.var(axis=0).mean()
    scale = np.sqrt((own.var(axis=0) + floor) / (other.var(axis=0) + floor))
    moved = (other - other.mean(axis=0)) * scale + own.mean(axis=0)
    turned, shifted = aligned_head(kernel, bias, own, other)
    np.testing.assert_allclose(
        other @ turned + shifted, moved @ kernel + bias, atol=1e-4
    )


def test_moved_features_have_the_means_and_spreads_of_the_own(monkeypatch):
    monkeypatch.setattr(alignment, "BOUND", 1e-9)
    own, other = drawn(400, 6, seed=6), drawn(300, 6, seed=7)
    turned, shifted = aligned_head(np.eye(6), np.zeros(6), own, other)
    moved = other @ turned + shifted
    np.testing.assert_allclose(moved.mean(axis=0), own.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(moved.std(axis=0), own.std(axis=0), rtol=1e-3)


def test_a_feature_that_never_varies_at_home_is_not_blown_up():
    own, other = drawn(50, 4, seed=6), drawn(50, 4, seed=7)
    own[:, 2] = 0
    turned, shifted = aligned_head(np.eye(4), np.zeros(4), own, other)
    assert np.isfinite(turned).all() and np.isfinite(shifted).all()
    assert np.abs(turned).max() < 10


def test_features_that_are_alike_already_change_nothing():
    own = drawn(100, 8, seed=8)
    kernel = np.random.default_rng(9).normal(size=(8, 2))
    turned, moved = aligned_head(kernel, np.ones(2), own, own)
    np.testing.assert_allclose(turned, kernel, atol=1e-9)
    np.testing.assert_allclose(moved, 1, atol=1e-9)


def test_only_the_last_layer_of_a_network_changes(network):
    opened = subject_of(network).network()
    width = last_linear(opened).kernel.shape[0]
    own, other = drawn(30, width, seed=10), drawn(30, width, seed=11)
    before = network.get_weights()
    align_features(opened, own, other)
    after = network.get_weights()
    changed = [(a != b).any() for a, b in zip(before, after, strict=True)]
    assert changed == [False] * (len(changed) - 2) + [True, True]
    expected = aligned_head(*before[-2:], own, other)
    np.testing.assert_allclose(after[-2], expected[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bias", [True, False])
def test_a_network_that_ends_otherwise_is_refused(bias):
    images = Input((8, 8, 1))
    x = layers.Conv2D(3, 3)(images)
    x = layers.GlobalAveragePooling2D()(x)
    if not bias:
        x = layers.Dense(3, use_bias=False)(x)
    opened = OpenedNetwork(randomised(Model(images, layers.Softmax()(x))), "unit")
    assert last_linear(opened) is None
    with pytest.raises(ModelError, match="does not end in one linear layer"):
        align_features(opened, drawn(30, 3, seed=1), drawn(30, 3, seed=2))


@pytest.fixture(params=list(NETWORKS))
def network(request):
    return randomised(NETWORKS[request.param]())

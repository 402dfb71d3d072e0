"""Features aligned: against covariances and their roots by NumPy."""

import numpy as np
import pytest
from keras import Input, Model, layers

from explained_networks import NETWORKS, randomised, subject_of
from visus.core.errors import ModelError
from visus.models import alignment
from visus.models.alignment import Cloud, align_features, aligned_head, last_linear
from visus.models.opened import OpenedNetwork


def root(matrix, exponent):
    values, axes = np.linalg.eigh(matrix)
    return axes @ np.diag(values**exponent) @ axes.T


def drawn(count, width, seed):
    """Features that hang together, each with a spread and a mean of its own."""
    draws = np.random.default_rng(seed)
    mixed = draws.normal(size=(count, width)) @ draws.normal(size=(width, width))
    return (3 * draws.normal(size=width) + mixed).astype(np.float32)


@pytest.mark.parametrize("count", [200, 5], ids=["many", "fewer-than-features"])
@pytest.mark.parametrize("exponent", [0.5, -0.5, 1.0])
def test_powers_of_a_covariance_are_those_of_numpy(count, exponent):
    features = drawn(count, 12, seed=1)
    covariance = np.cov(features, rowvar=False) + 0.7 * np.eye(12)
    columns = np.random.default_rng(2).normal(size=(12, 3))
    found = Cloud.of(features, 0.7).power(exponent, columns)
    np.testing.assert_allclose(found, root(covariance, exponent) @ columns, rtol=1e-6)


def test_the_head_answers_as_it_would_the_colored_features():
    own, other = drawn(150, 9, seed=3), drawn(120, 9, seed=4)
    draws = np.random.default_rng(5)
    kernel, bias = draws.normal(size=(9, 4)), draws.normal(size=4)
    floor = alignment.BOUND * own.var(axis=0).mean() * np.eye(9)
    here = np.cov(own, rowvar=False) + floor
    there = np.cov(other, rowvar=False) + floor
    colored = (other - other.mean(axis=0)) @ root(there, -0.5) @ root(here, 0.5)
    expected = (colored + own.mean(axis=0)) @ kernel + bias
    turned, moved = aligned_head(kernel, bias, own, other)
    np.testing.assert_allclose(other @ turned + moved, expected, atol=1e-4)


def test_colored_features_have_the_means_and_covariances_of_the_own(monkeypatch):
    monkeypatch.setattr(alignment, "BOUND", 1e-9)
    own, other = drawn(400, 6, seed=6), drawn(300, 6, seed=7)
    turned, moved = aligned_head(np.eye(6), np.zeros(6), own, other)
    colored = other @ turned + moved
    np.testing.assert_allclose(colored.mean(axis=0), own.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(
        np.cov(colored, rowvar=False), np.cov(own, rowvar=False), rtol=1e-3, atol=1e-2
    )


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

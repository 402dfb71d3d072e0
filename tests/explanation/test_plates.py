"""Methods that give pictures to look at."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from explained_networks import attentive, nested, plain, randomised, subject_of
from visus.core.errors import ConfigError, ModelError
from visus.data.records import ImageRecord
from visus.explanation.activation_maximization import (
    ActivationMaximization,
    ActivationMaximizationSettings,
)
from visus.explanation.attention_maps import (
    AttentionMaps,
    AttentionMapsSettings,
    looked_at,
)
from visus.explanation.feature_maps import FeatureMaps, FeatureMapsSettings
from visus.explanation.filters import Filters, FiltersSettings
from visus.explanation.known import KnownPictures
from visus.explanation.nearest import Nearest, NearestSettings


def test_feature_maps_are_those_of_every_layer_nested_ones_too():
    subject = subject_of(randomised(nested()))
    found = FeatureMaps(FeatureMapsSettings(maps=2)).explain(subject)
    names = [name for name, _ in found.rows]
    assert names[0] == "backbone/inner_first"
    assert "backbone/inner_end" in names
    assert all(len(plates) == 2 for _, plates in found.rows)
    values = subject.network().tensors(
        subject.network().images(subject.pixels[None]), ["backbone/inner_end"]
    )["backbone/inner_end"]
    expected = np.asarray(
        subject.network().model.get_layer("backbone")(
            subject.network().images(subject.pixels[None])
        )
    )
    np.testing.assert_allclose(values, expected, atol=1e-5)


def test_one_layer_alone():
    subject = replace(subject_of(randomised(plain())), layer="last")
    found = FeatureMaps(FeatureMapsSettings()).explain(subject)
    assert [name for name, _ in found.rows] == ["last"]


def test_filters_are_the_kernels_largest_first():
    model = randomised(plain())
    found = Filters(FiltersSettings(filters=3)).explain(subject_of(model))
    name, plates = found.rows[0]
    kernel = np.asarray(model.get_layer("first").kernel)
    lengths = np.sqrt((kernel**2).sum(axis=(0, 1, 2)))
    assert name == "first"
    assert [p.heading for p in plates] == [
        f"filter {n}" for n in np.argsort(-lengths, kind="stable")[:3]
    ]
    small = plates[0].pixels[:: plates[0].pixels.shape[0] // 3]
    assert small.shape[0] == 3


def test_a_dreamt_picture_raises_the_answer_of_its_filter():
    subject = subject_of(randomised(plain()))
    settings = ActivationMaximizationSettings(filters=2, steps=15)
    found = ActivationMaximization(settings).explain(subject)
    for plate in found.rows[0][1]:
        before, after = map(float, plate.caption[0].split("answer ")[1].split(" to "))
        assert after > before


def test_attention_maps_are_the_weights_of_the_layer():
    model = randomised(attentive())
    subject = subject_of(model)
    network = subject.network()
    weights = network.attention(network.images(subject.pixels[None]))["looks"]
    assert weights.shape == (1, 2, 16, 16)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    tokens = model.layers[2].output
    before = np.asarray(keras.Model(model.input, tokens)(subject.pixels[None] / 255.0))
    _, expected = model.get_layer("looks")(before, before, return_attention_scores=True)
    np.testing.assert_allclose(weights, np.asarray(expected), atol=1e-4)
    found = AttentionMaps(AttentionMapsSettings()).explain(subject)
    assert [len(plates) for _, plates in found.rows] == [2]
    assert looked_at(weights[0, 0]).shape == (4, 4)


def test_a_class_token_is_asked_where_it_looks():
    weights = np.zeros((10, 10), np.float32)
    weights[0, 1:] = np.arange(9)
    np.testing.assert_array_equal(looked_at(weights), np.arange(9).reshape(3, 3))


def test_a_network_without_attention_says_so():
    with pytest.raises(ModelError, match="no layer of attention"):
        AttentionMaps(AttentionMapsSettings()).explain(subject_of(plain()))


def known() -> KnownPictures:
    features = np.array([[1, 0], [2, 0.1], [0.1, 1], [1, 1], [-1, 0]], np.float32)
    labels = ["cat", "cat", "dog", "dog", "bird"]
    return KnownPictures(
        records=[ImageRecord(f"{n}.png", label) for n, label in enumerate(labels)],
        features=features,
        pixels=lambda row: np.full((4, 4, 1), row, np.uint8),
        features_of=lambda pixels: np.array([[3, 0]], np.float32),
    )


def test_nearest_pictures_and_those_of_another_class():
    subject = replace(subject_of(plain()), known=known)
    found = Nearest(NearestSettings(count=2)).explain(subject)
    (first, nearest), (second, others) = found.rows
    assert (first, second) == ("nearest of all", "not cat")
    assert [p.caption[1] for p in nearest] == ["0.png", "1.png"]
    assert [p.caption[1] for p in others] == ["3.png", "2.png"]
    cosine = 1 - 1 / np.sqrt(2)
    assert others[0].caption[0] == f"distance {cosine:.3f}"
    assert (nearest[1].pixels == 1).all()


def test_without_pictures_they_are_asked_for():
    with pytest.raises(ConfigError, match="--data"):
        Nearest(NearestSettings()).explain(subject_of(plain()))

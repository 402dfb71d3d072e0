"""The backbone of the default install: golden values, wiring, its ONNX graph."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from visus.bundles.runtime import Session
from visus.core.errors import ModelError
from visus.models.onnx_graph import build_onnx
from visus.models.pretrained import find_backbone
from visus.models.pretrained.weights import is_as_published

GOLDEN = Path(__file__).parents[2] / "golden" / "efficientnet_lite0.npz"


@pytest.fixture(scope="module")
def backbone():
    return find_backbone("efficientnet-lite0")


def waves(side: int = 224, count: int = 2) -> np.ndarray:
    """Pictures that are the same on every machine: sums of a few waves."""
    rows, columns = np.mgrid[:side, :side] / side
    pictures = []
    for number in range(1, count + 1):
        bands = [
            np.sin(number * (5 * rows + (3 + channel) * columns**2) + channel)
            for channel in range(3)
        ]
        pictures.append(np.stack(bands, axis=-1) * 110 + 128)
    return np.stack(pictures).astype(np.uint8)


def test_features_and_scores_are_the_golden_ones(backbone, lite0_weights):
    golden = np.load(GOLDEN)
    pixels = waves()
    features = np.asarray(backbone.features(lite0_weights)(pixels.astype("float32")))
    scores = np.asarray(backbone.classifier(lite0_weights)(pixels.astype("float32")))
    np.testing.assert_allclose(features, golden["features"], atol=2e-3)
    np.testing.assert_allclose(scores, golden["scores"], atol=1e-3)


def test_the_graph_of_plain_pixels_equals_keras(backbone, lite0_weights):
    pixels = waves()
    for model in (backbone.features(lite0_weights), backbone.classifier(lite0_weights)):
        expected = np.asarray(model(pixels.astype("float32"), training=False))
        found = Session(build_onnx(model, scaling="none")).scores(pixels)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_features_of_several_depths_begin_with_the_usual_ones(backbone, lite0_weights):
    pixels = waves(96)
    deep = find_backbone("efficientnet-lite0-depths")
    model = deep.features(lite0_weights, (96, 96, 3))
    found = Session(build_onnx(model, scaling="none")).scores(pixels)
    expected = np.asarray(model(pixels.astype("float32"), training=False))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    usual = backbone.features(lite0_weights, (96, 96, 3))(pixels.astype("float32"))
    np.testing.assert_allclose(expected[:, :1280], np.asarray(usual), atol=1e-5)
    assert found.shape == (2, deep.card.feature_count)
    # Means of 320, 192 and 112 maps, then what is nowhere below them.
    sixth, fifth = found[:, 1600:1792], found[:, 1792:1904]
    assert (found[:, 1904:2096] >= sixth).all()
    assert (found[:, 2096:] >= fifth).all()


def test_the_graph_is_convolutions_and_clips(backbone):
    content = build_onnx(backbone.features(None, (64, 64, 3)), scaling="none")
    kinds = [node.op_type for node in onnx.load_from_string(content).graph.node]
    assert kinds.count("Conv") == 49
    assert kinds.count("Clip") == 33
    assert not {"BatchNormalization", "Relu", "Min"} & set(kinds)


def test_nine_shortcuts_and_the_parameters_of_the_card(backbone):
    model = backbone.classifier(None)
    assert model.count_params() == backbone.card.parameters
    assert backbone.features(None).output_shape == (None, backbone.card.feature_count)
    added = [layer for layer in model.layers if type(layer).__name__ == "Add"]
    assert len(added) == 9


def test_most_sample_photos_are_known(backbone, lite0_weights, sample_photos):
    pixels, numbers = sample_photos(backbone.card.spec)
    graph = build_onnx(backbone.classifier(lite0_weights), scaling="none")
    answers = Session(graph).scores(pixels).argmax(axis=1)
    assert (answers == numbers).mean() >= 0.88


def test_the_installed_file_is_the_published_one(backbone, lite0_weights):
    assert is_as_published(backbone.card, lite0_weights)


def test_a_file_cut_short_is_refused(backbone, lite0_weights, tmp_path):
    cut = tmp_path / "cut.pth"
    cut.write_bytes(lite0_weights.read_bytes()[:5_000_000])
    with pytest.raises(ModelError, match="cannot be used"):
        backbone.features(cut)


@pytest.mark.parametrize("kind", [".weights.h5", ".keras"])
def test_files_of_keras_are_read_too(backbone, kind, tmp_path):
    model = backbone.classifier(None)
    path = tmp_path / f"mine{kind}"
    (model.save if kind == ".keras" else model.save_weights)(path)
    features = backbone.features(path, (64, 64, 3))
    for name in ("stem", "block15_project", "head_norm"):
        expected = model.get_layer(name).get_weights()
        for found, wanted in zip(
            features.get_layer(name).get_weights(), expected, strict=True
        ):
            assert np.array_equal(found, wanted)


@pytest.mark.parametrize("shape", [(16, 16, 3), (224, 224, 1)])
def test_pictures_that_are_too_small_or_gray_are_refused(backbone, shape):
    with pytest.raises(ModelError, match="at least 32x32"):
        backbone.features(None, shape)

"""A Keras file of one's own as a backbone, and the hint for KerasHub."""

import importlib.util

import keras
import numpy as np
import pytest
from keras import layers

from visus.bundles.runtime import Session
from visus.core.errors import ConfigError, MachineError, ModelError
from visus.models.onnx_graph import build_onnx
from visus.models.pretrained import find_backbone


def saved(tmp_path, *parts, shape=(12, 10, 3)):
    model = keras.Sequential([keras.Input(shape), *parts])
    model.save(tmp_path / "mine.keras")
    return model, str(tmp_path / "mine.keras")


def images_for(count=3):
    return np.random.default_rng(0).integers(0, 256, (count, 12, 10, 3), dtype=np.uint8)


TOPS = {
    "dense": [layers.Flatten, lambda: layers.Dense(5, activation="softmax")],
    "dense, activation": [
        layers.GlobalMaxPooling2D,
        lambda: layers.Dense(5),
        lambda: layers.Activation("softmax"),
    ],
}


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("top", TOPS)
def test_features_are_what_the_last_dense_takes(top, scaled, tmp_path):
    first = [layers.Rescaling(1 / 255)] if scaled else []
    body = [layers.Conv2D(4, 3, activation="relu"), TOPS[top][0]()]
    model, path = saved(tmp_path, *first, *body, *(part() for part in TOPS[top][1:]))
    backbone = find_backbone(path)
    features = backbone.features(backbone.find_weights())
    pixels = images_for()
    cut = keras.Model(model.inputs, model.layers[len(first) + 1].output)
    images = pixels.astype("float32") / (1 if scaled else 255)
    expected = np.asarray(cut([images]))
    assert features.output_shape == (None, backbone.card.feature_count)
    np.testing.assert_allclose(features(pixels.astype("float32")), expected, atol=1e-5)
    graph = Session(build_onnx(features, scaling="none"))
    np.testing.assert_allclose(graph.scores(pixels), expected, atol=1e-5)


def test_a_network_without_a_top_is_pooled(tmp_path):
    model, path = saved(tmp_path, layers.Rescaling(1 / 255), layers.Conv2D(4, 3))
    backbone = find_backbone(path)
    images = images_for().astype("float32")
    expected = np.asarray(model(images)).mean(axis=(1, 2))
    found = np.asarray(backbone.features(backbone.find_weights())(images))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert backbone.card.spec.image_size == (12, 10)


def test_its_top_and_other_sizes_are_refused(tmp_path):
    _, path = saved(tmp_path, layers.Conv2D(4, 3))
    backbone = find_backbone(path)
    with pytest.raises(ModelError, match="original top"):
        backbone.classifier(backbone.find_weights())
    with pytest.raises(ModelError, match="the size that it has"):
        backbone.features(backbone.find_weights(), (20, 20, 3))


def test_files_that_are_no_backbones_are_refused(tmp_path):
    _, path = saved(tmp_path, layers.Conv2D(4, 3), shape=(12, 10, 1))
    with pytest.raises(ModelError, match="color pictures"):
        find_backbone(path)
    (tmp_path / "words.keras").write_text("no network")
    with pytest.raises(ModelError, match="cannot be read"):
        find_backbone(str(tmp_path / "words.keras"))
    with pytest.raises(ModelError, match="cannot be read"):
        find_backbone(str(tmp_path / "none.keras"))


def test_a_preset_of_kerashub_names_the_extra():
    if importlib.util.find_spec("keras_hub") is not None:
        pytest.skip("keras-hub is installed")
    with pytest.raises(MachineError) as caught:
        find_backbone("hub:resnet_50_imagenet")
    assert "visus[hub]" in caught.value.remedy


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(ConfigError, match="'vgg16'"):
        find_backbone("vg16")

"""Networks of keras.applications: the catalogue, their files, their ONNX graphs."""

import shutil
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from visus.bundles.runtime import Session
from visus.core.errors import ModelError
from visus.models.onnx_graph import build_onnx
from visus.models.pretrained import find_backbone
from visus.models.pretrained.catalogue import applications

SMALL = (64, 64, 3)
QUICK = ("mobilenet", "mobilenetv3small", "efficientnetb0")


def marked(name: str):
    return name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)


def randomised(model: keras.Model, seed: int = 0) -> keras.Model:
    """Gains near a half, so that a hundred layers neither fade nor explode."""
    draw = np.random.default_rng(seed)
    for variable in model.weights:
        if variable.name in ("moving_variance", "gamma", "variance"):
            variable.assign(draw.uniform(0.4, 0.9, variable.shape))
        elif variable.name in ("moving_mean", "beta", "bias", "mean"):
            variable.assign(draw.normal(0, 0.1, variable.shape))
    return model


@pytest.mark.parametrize("name", [*map(marked, applications())])
def test_the_graph_of_features_equals_keras(name):
    backbone = find_backbone(name)
    side = max(SMALL[0], backbone.card.least_side)
    model = randomised(backbone.features(None, (side, side, 3)))
    assert model.output_shape == (None, backbone.card.feature_count)
    shape = (2, *model.input_shape[1:])
    pixels = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    expected = np.asarray(model(pixels.astype("float32"), training=False))
    found = Session(build_onnx(model, scaling="none")).scores(pixels)
    assert np.ptp(expected) > 1e-3
    tolerance = 1e-4 * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*applications()])
def test_the_classifier_has_the_parameters_of_the_card(name):
    model = find_backbone(name).classifier(None)
    assert model.output_shape == (None, 1000)
    assert model.count_params() == find_backbone(name).card.parameters


@pytest.mark.parametrize("name", ["vgg16", "mobilenetv2", "resnet50v2", "densenet121"])
def test_normalisation_is_what_keras_does_outside(name):
    """The first layer's output, beside `preprocess_input` of the same network."""
    backbone = find_backbone(name)
    model = backbone.features(None, SMALL)
    images = np.random.default_rng(2).uniform(0, 255, (2, *SMALL)).astype("float32")
    found = np.asarray(keras.Model(model.input, model.layers[1].output)(images))
    modules = {"vgg16": "vgg16", "mobilenetv2": "mobilenet_v2"}
    modules |= {"resnet50v2": "resnet_v2", "densenet121": "densenet"}
    module = getattr(keras.applications, modules[name])
    expected = module.preprocess_input(images.copy())
    if name == "vgg16":
        expected = expected[..., ::-1]
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Keras's own small MobileNet, with its top, as all kinds of files."""
    model = randomised(keras.applications.MobileNet(weights=None))
    folder = tmp_path_factory.mktemp("published")
    model.save_weights(folder / "a.weights.h5")
    model.save(folder / "a.keras")
    write_published(model, folder / "a.h5")
    return model, folder


def write_published(model: keras.Model, path) -> None:
    """As Keras 2 wrote weights, and as they are published to this day."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.1.6"
        for layer in model.layers:
            group = file.create_group(layer.name)
            variables = [*layer.trainable_weights, *layer.non_trainable_weights]
            names = [f"{layer.name}/{variable.name}:0" for variable in variables]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, variable in zip(names, variables, strict=True):
                group[name] = np.asarray(variable)


KINDS = ("a.h5", "a.weights.h5", "a.keras")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("top", [True, False])
def test_every_kind_of_file_gives_what_keras_gives(kind, top, published):
    theirs, folder = published
    backbone = find_backbone("mobilenet")
    if top:
        mine = backbone.classifier(folder / kind)
    else:
        mine = backbone.features(folder / kind, (96, 96, 3))
        features = theirs.get_layer("conv_pw_13_relu").output
        theirs = keras.Model(theirs.input, features)
    images = np.random.default_rng(3).uniform(0, 255, (2, *mine.input_shape[1:]))
    images = images.astype("float32")
    if top:
        expected = np.asarray(theirs(images / 127.5 - 1, training=False))
    else:
        small = keras.applications.MobileNet(
            input_shape=(96, 96, 3), include_top=False, weights=None, pooling="avg"
        )
        for layer, other in zip(small.layers, published[0].layers, strict=False):
            if layer.weights:
                layer.set_weights(other.get_weights())
        expected = np.asarray(small(images / 127.5 - 1, training=False))
    found = np.asarray(mine(images, training=False))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_known_by_its_content(kind, published, tmp_path):
    shutil.copy(published[1] / kind, tmp_path / "weights.bin")
    assert find_backbone("mobilenet").features(tmp_path / "weights.bin", SMALL)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_network_is_refused(kind, published):
    with pytest.raises(ModelError, match="is not of 'mobilenetv3small'"):
        find_backbone("mobilenetv3small").features(published[1] / kind, SMALL)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.0, 0.00001, 0.4, 0.99])
def test_a_file_cut_short_is_refused(kind, share, published, tmp_path):
    content = (published[1] / kind).read_bytes()
    cut = tmp_path / f"cut{kind}"
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError) as caught:
        find_backbone("mobilenet").features(cut, SMALL)
    assert str(cut) in caught.value.received


@pytest.mark.parametrize(
    "content", [b"\x80\x04N.        ", b"plain words", b"PK\x03\x04 no archive"]
)
def test_pickles_and_other_files_are_refused(content, tmp_path):
    (tmp_path / "weights.h5").write_bytes(content)
    with pytest.raises(ModelError, match="Nothing in it was executed"):
        find_backbone("mobilenet").features(tmp_path / "weights.h5", SMALL)


def test_weights_that_are_no_numbers_are_refused(published, tmp_path):
    spoiled = tmp_path / "spoiled.h5"
    shutil.copy(published[1] / "a.h5", spoiled)
    with h5py.File(spoiled, "r+") as file:
        file["conv_preds/conv_preds/bias:0"][3] = np.nan
    with pytest.raises(ModelError, match="not all numbers"):
        find_backbone("mobilenet").classifier(spoiled)


def test_a_file_without_a_top_gives_features_and_no_classifier(tmp_path):
    small = keras.applications.MobileNet(
        input_shape=(96, 96, 3), include_top=False, weights=None
    )
    write_published(small, tmp_path / "no_top.h5")
    backbone = find_backbone("mobilenet")
    assert backbone.features(tmp_path / "no_top.h5", SMALL)
    with pytest.raises(ModelError, match="layers with weights"):
        backbone.classifier(tmp_path / "no_top.h5")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [".h5", ".weights.h5"])
def test_vgg16_with_its_top_and_without_it_at_another_size(kind, tmp_path):
    theirs = keras.applications.VGG16(weights=None)
    path = tmp_path / f"vgg16{kind}"
    write_published(theirs, path) if kind == ".h5" else theirs.save_weights(path)
    images = np.random.default_rng(6).uniform(0, 255, (1, 224, 224, 3))
    images = images.astype("float32")
    prepared = keras.applications.vgg16.preprocess_input(images.copy())
    expected = np.asarray(theirs(prepared))
    found = np.asarray(find_backbone("vgg16").classifier(path)(images))
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    features = find_backbone("vgg16").features(path, (150, 150, 3))
    last = theirs.get_layer("block5_conv3").get_weights()
    mine = features.get_layer("block5_conv3").get_weights()
    assert all(map(np.array_equal, mine, last))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [".h5", ".weights.h5"])
def test_networks_in_networks_are_filled(kind, tmp_path):
    theirs = randomised(keras.applications.ConvNeXtTiny(weights=None))
    path = tmp_path / f"convnext{kind}"
    write_published(theirs, path) if kind == ".h5" else theirs.save_weights(path)
    images = np.random.default_rng(6).uniform(0, 255, (1, 224, 224, 3))
    images = images.astype("float32")
    found = np.asarray(find_backbone("convnexttiny").classifier(path)(images))
    np.testing.assert_allclose(found, np.asarray(theirs(images)), rtol=1e-3)


def test_blue_first_is_folded_into_the_first_kernel(tmp_path):
    theirs = keras.applications.VGG16(
        input_shape=SMALL, include_top=False, weights=None, pooling="avg"
    )
    theirs.save_weights(tmp_path / "vgg.weights.h5")
    mine = find_backbone("vgg16").features(tmp_path / "vgg.weights.h5", SMALL)
    images = np.random.default_rng(4).uniform(0, 255, (2, *SMALL)).astype("float32")
    prepared = keras.applications.vgg16.preprocess_input(images.copy())
    # Features close to zero are rounding; colors in another order are far off.
    np.testing.assert_allclose(
        np.asarray(mine(images)), theirs(prepared), rtol=1e-3, atol=1e-4
    )


def test_efficientnet_divides_twice_as_keras_does_when_it_loads(tmp_path):
    """Keras adds a layer for it, but only where it loads its own weights."""
    theirs = randomised(
        keras.applications.EfficientNetB0(
            input_shape=SMALL, include_top=False, weights=None, pooling="avg"
        )
    )
    theirs.save_weights(tmp_path / "b0.weights.h5")
    mine = find_backbone("efficientnetb0").features(tmp_path / "b0.weights.h5", SMALL)
    images = np.random.default_rng(5).uniform(0, 255, (2, *SMALL)).astype("float32")
    start = theirs.layers[2]
    assert isinstance(start, keras.layers.Normalization)
    rest = keras.Model(start.output, theirs.output)
    normal = keras.Model(theirs.input, start.output)(images)
    deviation = np.sqrt([0.229, 0.224, 0.225]).astype("float32")
    expected = np.asarray(rest(normal / deviation, training=False))
    found = np.asarray(mine(images, training=False))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def folded_weights(shared_data, tmp_path):
    path = shared_data / "pretrained_weights.zip"
    if not path.is_file():
        pytest.skip("pretrained_weights.zip is not on this machine")
    name = "weights/mobilenet_v2_1.0_224_dequant_float32.npz"
    with zipfile.ZipFile(path) as archive:
        return Path(archive.extract(name, tmp_path))


def test_folded_weights_know_most_sample_photos(shared_data, sample_photos, tmp_path):
    weights = folded_weights(shared_data, tmp_path)
    backbone = find_backbone("mobilenetv2")
    model = backbone.classifier(weights)
    pixels, numbers = sample_photos(backbone.card.spec)
    answers = Session(build_onnx(model, scaling="none")).scores(pixels).argmax(axis=1)
    assert (answers == numbers).mean() >= 0.87
    with pytest.raises(ModelError, match="is not of 'mobilenet'"):
        find_backbone("mobilenet").classifier(weights)

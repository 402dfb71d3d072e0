"""Golden figures of the networks of the course."""

import numpy as np
import pytest

from visus.core.errors import ConfigError, ModelError
from visus.models import NETWORKS
from visus.models.config import NetworkConfig
from visus.models.resolve import find_network

GOLDEN = {
    "dense": ((28, 28, 1), 10, 235_146),
    "convnet": ((28, 28, 1), 10, 104_202),
    "convnet-no-pooling": ((28, 28, 1), 10, 712_202),
    "convnet-dropout": ((28, 28, 1), 10, 34_826),
    "convnet-strided": ((28, 28, 1), 10, 118_794),
    "convnet-photo": ((180, 180, 3), 2, 1_003_586),
    "quick": ((28, 28, 1), 10, 29_610),
    "quick-residual": ((28, 28, 1), 10, 104_490),
    "resnet": ((96, 96, 3), 2, 1_210_346),
}


def build(name, shape=(28, 28, 1), classes=10, seed=0, **settings):
    network = find_network(NetworkConfig(name=name, **settings))
    return network.build(shape, classes, seed)


def test_the_golden_list_is_complete():
    assert set(GOLDEN) == {part.name for part in NETWORKS}


@pytest.mark.parametrize("name", GOLDEN)
def test_parameters_are_golden_and_listed(name):
    shape, classes, parameters = GOLDEN[name]
    model = build(name, shape, classes)
    assert model.count_params() == parameters
    assert NETWORKS.part(name).facts == {
        "input_shape": shape,
        "num_classes": classes,
        "parameters": parameters,
    }
    assert model.input_shape[1:] == shape
    scores = np.asarray(model(np.zeros((2, *shape), np.float32)))
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_resnet_takes_another_form_for_small_pictures():
    model = build("resnet", (32, 32, 3), stem=16, widths=(32, 128, 256))
    # Kernels, then four numbers a channel of each batch norm, then the head.
    kernels = 12 * 16 + 9 * (16 * 32 + 32 * 128 + 128 * 256)
    kernels += 9 * (32**2 + 128**2 + 256**2)
    normalized = 16 + 2 * (32 + 128 + 256)
    assert model.count_params() == kernels + 4 * normalized + 257 * 10


def test_resnet_takes_pictures_of_a_pixel():
    assert build("resnet", (1, 1, 3)).output_shape == (None, 10)


def test_the_convnet_is_the_listing_of_the_course():
    import keras

    keras.utils.set_random_seed(0)
    listing = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(128, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model = build("convnet")
    listing.set_weights(model.get_weights())
    images = np.random.default_rng(0).random((4, 28, 28, 1), dtype=np.float32)
    assert np.array_equal(np.asarray(model(images)), np.asarray(listing(images)))


def test_a_seed_names_the_first_weights():
    one, same, other = (build("convnet-dropout", seed=seed) for seed in (1, 1, 2))
    pairs = [zip(one.variables, m.variables, strict=True) for m in (same, other)]
    equal = [
        [np.array_equal(np.asarray(a), np.asarray(b)) for a, b in pair]
        for pair in pairs
    ]
    assert all(equal[0])
    assert not all(equal[1])


def test_building_leaves_pythons_generator_alone():
    import random

    random.seed(5)
    build("dense")
    drawn = random.random()
    random.seed(5)
    assert random.random() == drawn


@pytest.mark.parametrize("pooling", ["max", "average", "stride"])
@pytest.mark.parametrize("name", ["convnet", "convnet-dropout"])
def test_the_ways_of_downsampling_have_their_layers(name, pooling):
    model = build(name, pooling=pooling)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert ("MaxPooling2D" in kinds) == (pooling == "max")
    assert ("AveragePooling2D" in kinds) == (pooling == "average")
    # A strided convolution leaves a row and a column more than one and a pooling.
    pooled, strided = {
        "convnet": (104_202, 113_162),
        "convnet-dropout": (34_826, 41_866),
    }[name]
    assert model.count_params() == (strided if pooling == "stride" else pooled)


def test_a_misspelt_network_and_setting_name_the_nearest():
    with pytest.raises(ConfigError, match="'convnet'"):
        find_network(NetworkConfig(name="convnett"))
    with pytest.raises(ConfigError, match=r"network\.pooling"):
        find_network(NetworkConfig(name="convnet", poling="max"))
    with pytest.raises(ConfigError, match=r"network\.pooling"):
        find_network(NetworkConfig(name="convnet", pooling="none"))


def test_a_picture_that_is_too_small_is_a_model_error():
    with pytest.raises(ModelError, match="8x8"):
        build("convnet-photo", (8, 8, 3), 2)


def test_a_python_file_is_a_network(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "import keras\n"
        "scaling = 'signed'\n"
        "def build(input_shape, num_classes):\n"
        "    images = keras.Input(input_shape)\n"
        "    x = keras.layers.Flatten()(images)\n"
        "    return keras.Model(images, keras.layers.Dense(num_classes)(x))\n"
    )
    network = find_network(NetworkConfig(name=str(path)))
    assert (network.name, network.scaling) == ("mine", "signed")
    model = network.build((5, 5, 1), 3, 0)
    scores = np.asarray(model(np.ones((2, 5, 5, 1), np.float32)))
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("x = 1", "no function build"),
        ("def build(:", "cannot be run"),
        ("import nothing_of_that_name", "cannot be run"),
        ("raise ValueError('mine')", "cannot be run"),
        (None, "cannot be run"),
    ],
)
def test_a_python_file_that_is_no_network_says_why(tmp_path, text, word):
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ModelError, match=word):
        find_network(NetworkConfig(name=str(path)))


def test_a_network_with_another_number_of_classes_is_refused(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "import keras\n"
        "def build(input_shape, num_classes):\n"
        "    images = keras.Input(input_shape)\n"
        "    x = keras.layers.Flatten()(images)\n"
        "    return keras.Model(images, keras.layers.Dense(1)(x))\n"
    )
    with pytest.raises(ModelError, match="3 scores"):
        find_network(NetworkConfig(name=str(path))).build((5, 5, 1), 3, 0)


def test_a_keras_model_fixes_the_size():
    model = build("dense", (9, 8, 3), 4)
    network = find_network(NetworkConfig(), model)
    assert network.fixed_shape == (9, 8, 3)
    assert network.build((9, 8, 3), 4, 0) is model


def test_other_backends_are_refused(monkeypatch):
    import sys

    from visus.models.backend import select_backend

    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.delitem(sys.modules, "keras")
    with pytest.raises(ConfigError, match="torch"):
        select_backend()


def test_a_softmax_inside_a_nested_network_is_seen():
    import keras

    head = keras.Sequential(
        [keras.Input((25,)), keras.layers.Dense(3, activation="softmax")]
    )
    images = keras.Input((5, 5, 1))
    model = keras.Model(images, head(keras.layers.Flatten()(images)))
    assert find_network(NetworkConfig(), model).build((5, 5, 1), 3, 0) is model

"""Small networks with random weights, and what the methods are given."""

from pathlib import Path

import keras
import numpy as np
from keras import layers

from visus.bundles.bundle import save_bundle
from visus.bundles.calibration import Calibration
from visus.bundles.format import Contents
from visus.data.preprocess import PreprocessSpec
from visus.explanation.base import Subject
from visus.models.onnx_graph import build_onnx
from visus.models.opened import OpenedNetwork
from visus.models.storage import save_network


def randomised(model: keras.Model, seed: int = 0) -> keras.Model:
    """The model with every weight drawn anew."""
    draw = np.random.default_rng(seed)
    for variable in model.weights:
        low = 0.5 if variable.name in ("moving_variance", "gamma") else -0.6
        variable.assign(draw.uniform(low, low + 1.2, variable.shape))
    return model


def plain() -> keras.Model:
    """Two convolutions and a dense layer, softmax fused."""
    images = keras.Input((12, 10, 1))
    x = layers.Conv2D(4, 3, activation="relu", name="first")(images)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(5, 3, activation="relu", name="last")(x)
    x = layers.Flatten()(x)
    return keras.Model(images, layers.Dense(3, activation="softmax")(x), name="plain")


def nested() -> keras.Model:
    """A backbone inside a network, with normalization, a shortcut and a mean."""
    inner = keras.Input((14, 14, 3))
    y = layers.Conv2D(6, 3, padding="same", use_bias=False, name="inner_first")(inner)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    z = layers.Conv2D(6, 3, padding="same", name="inner_last")(y)
    y = layers.ReLU(name="inner_end")(layers.Add()([y, layers.BatchNormalization()(z)]))
    backbone = keras.Model(inner, y, name="backbone")
    images = keras.Input((14, 14, 3))
    x = layers.GlobalAveragePooling2D()(backbone(images))
    x = layers.Dense(4)(x)
    return keras.Model(images, layers.Activation("softmax")(x), name="nested")


def sequential() -> keras.Model:
    """A strided convolution and a pooling, as `keras.Sequential`; sigmoid."""
    return keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, strides=2, activation="relu", name="only"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(2, activation="sigmoid"),
        ],
        name="sequential",
    )


def attentive() -> keras.Model:
    """Sixteen patches that look at each other."""
    images = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 2, strides=2)(images)
    x = layers.Reshape((16, 8))(x)
    x = layers.MultiHeadAttention(2, 4, name="looks")(x, x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(images, layers.Dense(2, activation="softmax")(x))


NETWORKS = {"plain": plain, "nested": nested, "sequential": sequential}


def subject_of(model: keras.Model, seed: int = 0, output: int = 1) -> Subject:
    """A picture drawn by chance, smooth enough to be one."""
    # Not by name: Keras numbers the second one of a process.
    scales = any(isinstance(layer, layers.Rescaling) for layer in model.layers)
    scaling = "none" if scales else "unit"
    network = OpenedNetwork(model, scaling)
    shape = model.input_shape[1:]
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)

    def scores(pixels):
        return np.asarray(model(network.images(pixels), training=False))

    return Subject(pixels, output, scores, opened=lambda: network)


def write_bundle(
    path: Path, model: keras.Model, names: tuple[str, ...], temperature: float = 1.0
) -> Path:
    """A bundle of such a network, as training would pack it."""
    calibration = Calibration((temperature,), "softmax", 100, "made up")
    scaling = OpenedNetwork(model, "unit").scaling
    pixels = subject_of(model).pixels[np.newaxis]
    spec = PreprocessSpec(
        image_size=pixels.shape[1:3], channels=pixels.shape[3], scaling=scaling
    )
    contents = Contents(
        graph=build_onnx(model, scaling=scaling),
        network=save_network(model),
        spec=spec.model_dump(mode="json"),
        class_names=names,
        origin={"network": model.name, "parameters": model.count_params()},
        calibration=None if temperature == 1 else calibration.to_json(),
        golden={
            "pixels": pixels,
            "scores": np.asarray(model(pixels / np.float32(255), training=False)),
        },
        content_hashes={},
    )
    save_bundle(path, contents)
    return path

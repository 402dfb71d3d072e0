"""A small bundle with convolutions, made without training."""

import numpy as np

from pictures import striped
from visus.bundles.bundle import save_bundle
from visus.bundles.format import Contents
from visus.data.preprocess import PreprocessSpec, scaled_images

SIDE = 16


def small_network():
    """Two convolutions, one of them depthwise, a sum, and a head."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    images = keras.Input((SIDE, SIDE, 1))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(images)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(6)(x)
    y = layers.DepthwiseConv2D(3, padding="same", activation="relu")(x)
    y = layers.Conv2D(8, 1)(y)
    x = layers.Activation("relu")(layers.Add()([x, y]))
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="silu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(2, activation="softmax")(x), name="small")


def make_bundle(path, content_hashes=None, class_names=("across", "upright"), **more):
    """The small network as a bundle; `more` replaces parts of what it holds."""
    from visus.models.onnx_graph import build_onnx
    from visus.models.storage import save_network

    model = small_network()
    spec = PreprocessSpec(image_size=(SIDE, SIDE), channels=1, scaling="signed")
    pixels = np.stack([striped(n % 2 == 0, n, SIDE)[..., None] for n in range(2)])
    scores = np.asarray(model(scaled_images(pixels, "signed"), training=False))
    contents = {
        "graph": build_onnx(model, scaling="signed"),
        "network": save_network(model),
        "spec": spec.model_dump(mode="json"),
        "class_names": class_names,
        "origin": {"network": "small", "parameters": model.count_params()},
        "golden": {"pixels": pixels, "scores": scores},
        "content_hashes": content_hashes or {},
    }
    return save_bundle(path, Contents(**{**contents, **more}))

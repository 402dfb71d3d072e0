"""Whole networks as ONNX graphs against Keras, on random weights and pixels.

Every network of `visus models`, and of each family of keras.applications a small
member with all its kinds of layers; the published ones are in
pretrained/test_applications.py.
"""

import keras
import numpy as np
import pytest
from keras.src.applications import (
    convnext,
    densenet,
    efficientnet,
    efficientnet_v2,
    nasnet,
    resnet,
)

from visus.bundles.runtime import Session
from visus.data.preprocess import scaled_images
from visus.models import NETWORKS
from visus.models.config import NetworkConfig
from visus.models.onnx_graph import build_onnx
from visus.models.resolve import find_network

SHAPE = (64, 64, 3)


def randomised(model: keras.Model) -> keras.Model:
    """Gains near one half, so that no layer fades and none explodes."""
    draw = np.random.default_rng(0)
    for variable in model.weights:
        if variable.name in ("moving_variance", "gamma", "variance"):
            variable.assign(draw.uniform(0.4, 0.9, variable.shape))
        elif variable.name in ("moving_mean", "beta", "bias", "mean"):
            variable.assign(draw.normal(0, 0.1, variable.shape))
    return model


def assert_equals_keras(model: keras.Model, scaling: str) -> None:
    shape = (2, *model.input_shape[1:])
    pixels = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    images = scaled_images(pixels, scaling)
    expected = np.asarray(model(images, training=False))
    found = Session(build_onnx(model, scaling=scaling)).scores(pixels)
    assert np.ptp(expected) > 0
    tolerance = 1e-4 * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", NETWORKS.names())
def test_a_network_of_visus_equals_keras(name):
    network = find_network(NetworkConfig(name=name))
    facts = NETWORKS.part(name).facts
    model = network.build(facts["input_shape"], facts["num_classes"], seed=1)
    assert_equals_keras(randomised(model), network.scaling)


def shared(**more):
    return {
        "weights": None,
        "include_top": True,
        "input_shape": SHAPE,
        "classes": 5,
        **more,
    }


def resnet_of(stack: str, preact: bool) -> keras.Model:
    block = getattr(resnet, stack)

    def stages(x):
        x = block(x, 8, 2, stride1=1, name="conv2")
        return block(x, 16, 2, name="conv3")

    return resnet.ResNet(stages, preact, True, name="small", **shared())


FAMILIES = {
    "vgg": lambda: keras.applications.VGG16(
        include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg"
    ),
    "resnet": lambda: resnet_of("stack_residual_blocks_v1", False),
    "resnet v2": lambda: resnet_of("stack_residual_blocks_v2", True),
    "mobilenet": lambda: keras.applications.MobileNet(alpha=0.25, **shared()),
    "mobilenet v2": lambda: keras.applications.MobileNetV2(alpha=0.35, **shared()),
    "mobilenet v3": lambda: keras.applications.MobileNetV3Small(
        alpha=0.75, minimalistic=False, **shared()
    ),
    "densenet": lambda: densenet.DenseNet([1, 1, 2, 1], name="small", **shared()),
    "nasnet": lambda: nasnet.NASNet(
        penultimate_filters=24 * 8,
        num_blocks=1,
        stem_block_filters=8,
        default_size=64,
        **shared(),
    ),
    "efficientnet": lambda: efficientnet.EfficientNet(
        0.25, 0.3, 64, name="small", weights_name=None, **shared()
    ),
    "efficientnet v2": lambda: efficientnet_v2.EfficientNetV2(
        0.25,
        0.2,
        64,
        blocks_args=efficientnet_v2.DEFAULT_BLOCKS_ARGS["efficientnetv2-b0"],
        name="small",
        weights_name=None,
        **shared(),
    ),
    "convnext": lambda: convnext.ConvNeXt(
        (1, 1, 2, 1), (8, 12, 16, 24), name="small", weights_name=None, **shared()
    ),
    "xception": lambda: keras.applications.Xception(
        include_top=False, weights=None, input_shape=(71, 71, 3), pooling="avg"
    ),
    "inception": lambda: keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=(75, 75, 3), pooling="avg"
    ),
}


# Those that Keras builds at full size only: half a minute of the ten for all tests.
LARGE = ("inception", "nasnet", "xception")


def timed(family):
    slow = [pytest.mark.slow] if family in LARGE else []
    return pytest.param(family, id=family, marks=slow)


@pytest.mark.parametrize("family", [*map(timed, FAMILIES)])
def test_a_family_of_applications_equals_keras(family):
    assert_equals_keras(randomised(FAMILIES[family]()), "none")

"""Grad-CAM and its kin against their formulas with gradients by finite differences.

The reference shares nothing with the code: it runs the part of the network behind the
maps as a Keras model of its own and nudges every number of the maps by a little.
"""

import keras
import numpy as np
import pytest

from explained_networks import NETWORKS, nested, plain, randomised, subject_of
from visus.core.errors import ConfigError, ModelError
from visus.explanation.base import NoSettings
from visus.explanation.grad_cam import GradCam
from visus.explanation.grad_cam_plus_plus import GradCamPlusPlus
from visus.explanation.layer_cam import LayerCam
from visus.explanation.resize import enlarged

TOLERANCE = 1e-4
LAST = {"plain": "last", "nested": "backbone/inner_end", "sequential": "only"}


def maps_and_rest(model: keras.Model):
    """The maps before the end, and the way from them to the logits, in NumPy."""
    if model.name == "plain":
        maps = keras.Model(model.input, model.get_layer("last").output)
        dense = model.layers[-1]
        kernel, bias = map(np.asarray, dense.get_weights())
        return maps, lambda a: a.reshape(len(a), -1) @ kernel + bias
    if model.name == "nested":
        kernel, bias = map(np.asarray, model.layers[-2].get_weights())
        return model.get_layer(
            "backbone"
        ), lambda a: a.mean(axis=(1, 2)) @ kernel + bias
    maps = keras.Model(model.inputs[0], model.get_layer("only").output)
    kernel, bias = map(np.asarray, model.layers[-1].get_weights())

    def rest(a):
        a = a[:, :6, :6].reshape(len(a), 3, 2, 3, 2, -1).mean(axis=(2, 4))
        return a.reshape(len(a), -1) @ kernel + bias

    return maps, rest


def reference(model, subject):
    """Maps `(height, width, channels)` and gradients of the logit by differences."""
    network = subject.network()
    images = network.images(subject.pixels[np.newaxis])
    maps, rest = maps_and_rest(model)
    values = np.asarray(maps(images), dtype=np.float64)[0]
    gradients = np.empty_like(values)
    # The way to the logits is linear: a large nudge loses nothing.
    for place in np.ndindex(values.shape):
        nudged = np.stack([values, values])
        nudged[(0, *place)] += 0.5
        nudged[(1, *place)] -= 0.5
        logits = rest(nudged)[:, subject.output]
        gradients[place] = logits[0] - logits[1]
    return values, gradients


@pytest.fixture(scope="module")
def found(network):
    subject = subject_of(network)
    return subject, *reference(network, subject), LAST[network.name]


def test_grad_cam_is_that_of_an_independent_reference(found):
    subject, maps, gradients, layer = found
    expected = np.maximum((gradients.mean(axis=(0, 1)) * maps).sum(axis=2), 0)
    coarse, name = GradCam(NoSettings()).coarse(subject)
    assert name == layer
    assert coarse.max() > 0.01
    np.testing.assert_allclose(coarse, expected, atol=TOLERANCE)
    heat = GradCam(NoSettings()).explain(subject)
    np.testing.assert_allclose(
        heat.values, enlarged(expected, subject.size), atol=TOLERANCE
    )
    assert heat.layer == layer


def test_layer_cam_is_that_of_its_formula(found):
    subject, maps, gradients, _ = found
    expected = np.maximum((np.maximum(gradients, 0) * maps).sum(axis=2), 0)
    coarse, _ = LayerCam(NoSettings()).coarse(subject)
    np.testing.assert_allclose(coarse, expected, atol=TOLERANCE)


def test_grad_cam_plus_plus_is_that_of_its_formula(found):
    subject, maps, gradients, _ = found
    weights = np.zeros(maps.shape[2])
    for k in range(maps.shape[2]):
        for i, j in np.ndindex(maps.shape[:2]):
            g = gradients[i, j, k]
            below = 2 * g**2 + maps[..., k].sum() * g**3
            weights[k] += g**2 / below * max(g, 0) if abs(below) > 1e-20 else 0
    expected = np.maximum((weights * maps).sum(axis=2), 0)
    coarse, _ = GradCamPlusPlus(NoSettings()).coarse(subject)
    np.testing.assert_allclose(coarse, expected, atol=TOLERANCE, rtol=1e-3)


def test_a_layer_is_chosen_by_its_name_also_inside_a_nested_network():
    subject = subject_of(randomised(nested()))
    object.__setattr__(subject, "layer", "inner_first")
    _, name = GradCam(NoSettings()).coarse(subject)
    assert name == "backbone/inner_first"
    object.__setattr__(subject, "layer", "inner_frist")
    with pytest.raises(ConfigError, match="inner_first"):
        GradCam(NoSettings()).explain(subject)


def test_a_layer_without_places_is_refused():
    subject = subject_of(randomised(plain()))
    object.__setattr__(subject, "layer", "flatten")
    flat = next(c.name for c in subject.network().calls if "flatten" in c.name)
    object.__setattr__(subject, "layer", flat)
    with pytest.raises(ConfigError, match="height, width, channels"):
        GradCam(NoSettings()).explain(subject)


def test_a_network_without_convolutions_is_told_what_applies():
    images = keras.Input((6, 6, 1))
    x = keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(images))
    subject = subject_of(keras.Model(images, x, name="flat"))
    with pytest.raises(ModelError, match="occlusion, rise, input-gradients"):
        GradCam(NoSettings()).explain(subject)


def test_the_networks_are_three():
    assert len(NETWORKS) == 3

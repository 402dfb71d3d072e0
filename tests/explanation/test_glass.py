"""The glass network: its steps are Keras's, and a browser's sums are those."""

import json
import re
import shutil
import subprocess

import keras
import numpy as np
import pytest
from keras import layers

from explained_networks import (
    attentive,
    nested,
    plain,
    randomised,
    sequential,
    subject_of,
)
from visus.core.errors import ModelError
from visus.explanation.glass import glass_page, steps_of
from visus.explanation.glass.fields import Field, padding_before
from visus.explanation.glass.page import MOST_WEIGHTS, holds_whole, rounded
from visus.models import NETWORKS
from visus.models.config import NetworkConfig
from visus.models.opened import OpenedNetwork
from visus.models.resolve import find_network

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
# Of a step's largest value: sums of the same numbers, added in another order.
TOLERANCE = 1e-5


def page_of(model: keras.Model, scaling: str, names=("a", "b", "c", "d")) -> str:
    shape = model.input_shape[1:]
    pixels = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    told = {
        "title": "</script><script>document.title='broken'</script>",
        "picture": "a.png",
        "network": model.name,
        "names": names[: model.output_shape[-1]],
        "output": 0,
        "unit": "probability",
        "notes": [],
    }
    return glass_page(steps_of(OpenedNetwork(model, scaling), pixels), told)


def checked(page: str, folder) -> dict:
    """What the page says of its own sums, in a browser without a window."""
    path = folder / "glass.html"
    path.write_text(page, encoding="utf-8")
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={folder / 'browser'}",
        "--virtual-time-budget=60000",
        "--dump-dom",
        f"{path.as_uri()}#walk=1",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    found = re.search(r'data-check="([^"]*)"', done.stdout)
    assert found, done.stderr[-2000:]
    walked = re.search(r'data-walked="(\d+)"', done.stdout)
    assert walked, "a step could not be shown"
    assert int(walked.group(1)) == page.count('"kind":')
    return json.loads(found.group(1).replace("&quot;", '"'))


def every_kind() -> keras.Model:
    """One of each step that the networks of the course do not have."""
    images = keras.Input((15, 13, 3))
    x = layers.Rescaling(1 / 127, offset=-1)(images)
    x = layers.ZeroPadding2D(((0, 1), (2, 0)))(x)
    x = layers.Conv2D(6, 3, strides=2, padding="same", activation="silu")(x)
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    x = layers.ReLU(max_value=6)(layers.BatchNormalization()(x))
    y = layers.Conv2D(6, 3, padding="same", dilation_rate=2, activation="tanh")(x)
    x = layers.Add()([x, y])
    x = layers.AveragePooling2D(2, padding="same")(x)
    x = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    x = layers.SeparableConv2D(5, 3, activation="elu")(x)
    x = layers.GlobalAveragePooling2D()(layers.Dropout(0.5)(x))
    x = layers.Dense(4, activation="sigmoid")(x)
    return keras.Model(images, layers.Softmax()(x), name="every-kind")


@pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine")
def test_a_browsers_sums_are_those_of_keras_for_every_kind_of_step(tmp_path):
    page = page_of(randomised(every_kind()), "none")
    kinds = set(re.findall(r'"kind":"([a-z-]+)"', page))
    assert kinds >= {"depthwise", "zero-padding", "add", "global-mean", "given"}
    found = checked(page, tmp_path)
    assert found["places"] > 2000
    assert found["worst"] < TOLERANCE, found


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine")
@pytest.mark.parametrize("name", NETWORKS.names())
def test_a_browsers_sums_are_those_of_keras_for_the_networks_of_the_course(
    name, tmp_path
):
    network = find_network(NetworkConfig(name=name))
    part = NETWORKS.part(name).facts
    shape, classes = part["input_shape"], part["num_classes"]
    model = network.build(shape, classes, seed=0)
    if not holds_whole(model.count_params()):
        model.set_weights([rounded(np.asarray(a)) for a in model.get_weights()])
    page = page_of(model, network.scaling, tuple(map(str, range(classes))))
    assert '"kind":"given"' not in page
    assert len(page) < 5e6
    found = checked(page, tmp_path)
    assert found["worst"] < TOLERANCE, found


@pytest.mark.parametrize("build", [plain, nested, sequential], ids=lambda b: b.__name__)
def test_steps_hold_what_keras_gives(build):
    model = randomised(build())
    subject = subject_of(model)
    steps = steps_of(subject.network(), subject.pixels)
    assert steps[0].kind == "input"
    np.testing.assert_array_equal(steps[0].values, subject.pixels)
    expected = subject.scores(subject.pixels[None])[0]
    np.testing.assert_allclose(steps[-1].values, expected, atol=1e-5)
    for number, step in enumerate(steps):
        assert all(before < number for before in step.inputs)
    # Activations are steps of their own, and layers are left as they were.
    again = subject.scores(subject.pixels[None])[0]
    np.testing.assert_array_equal(again, expected)


def test_layers_without_arithmetic_are_given_as_maps_or_lists():
    model = randomised(attentive())
    subject = subject_of(model)
    steps = steps_of(subject.network(), subject.pixels)
    assert {len(step.values.shape) for step in steps} == {1, 3}
    looks = next(step for step in steps if step.name == "looks")
    assert (looks.kind, looks.values.shape) == ("given", (16, 8, 1))
    assert looks.choices["layer"] == "MultiHeadAttention"


def test_a_receptive_field_is_where_the_gradient_is():
    model = randomised(sequential())
    subject = subject_of(model)
    network = subject.network()
    steps = steps_of(network, subject.pixels)
    pooled = next(s for s in steps if s.kind == "mean-pooling")
    field = pooled.sees
    assert (field.size, field.step, field.start) == ((5, 5), (4, 4), (0, 0))
    images = network.images(subject.pixels[None])
    maps = keras.Model(model.inputs[0], model.get_layer("only").output)
    moved = images.copy()
    moved[:, 4:9, 4:9] += 50
    difference = np.abs(np.asarray(maps(moved)) - np.asarray(maps(images)))[0].sum(-1)
    pool = difference[:6, :6].reshape(3, 2, 3, 2).sum(axis=(1, 3))
    # Pooled place (1, 1) sees all of these pixels; (2, 2), from pixel 8 on, one.
    assert pool[1, 1] > 0
    assert field.start[0] + 2 * field.step[0] == 8


def test_fields_of_branches_join():
    narrow = Field((3, 3), (2, 2), (0, 0))
    wide = Field((7, 7), (2, 2), (-2, -2))
    assert narrow.joined(wide) == Field((7, 7), (2, 2), (-2, -2))


@pytest.mark.parametrize("side", [7, 8, 9, 28])
@pytest.mark.parametrize("window, stride", [(2, 1), (3, 2), (4, 2), (5, 3)])
def test_padding_is_that_of_tensorflow(side, window, stride):
    images = np.zeros((1, side, side, 1), np.float32)
    images[0, 0, 0, 0] = 1
    kernel = np.arange(1, window**2 + 1, dtype=np.float32).reshape(window, window, 1, 1)
    out = np.asarray(keras.ops.conv(images, kernel, stride, padding="same"))
    top, left = padding_before((side, side), (window, window), (stride,) * 2, "same")
    # The first pixel meets the kernel where the padding has pushed it.
    assert out[0, 0, 0, 0] == kernel[top, left, 0, 0]


def test_nothing_in_a_page_can_end_its_data():
    page = page_of(randomised(plain()), "unit")
    assert page.count("</script>") == 2
    assert "\\u003c/script\\u003e" in page
    assert "default-src 'none'" in page
    assert not re.search(r'(src|href)="', page)


def test_weights_lose_bits_only_where_there_are_many():
    assert holds_whole(400_000) and not holds_whole(400_001)
    with pytest.raises(ModelError, match="8,000,000"):
        holds_whole(MOST_WEIGHTS + 1)
    values = np.array([1 / 3, 1e9], np.float32)
    assert abs(rounded(values)[0] - 1 / 3) < 2e-4

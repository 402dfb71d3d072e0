"""Sizes, costs and views against hand counts, and against Keras's own gradients."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from visus.core.errors import ModelError
from visus.models.describe import NetworkDescription, describe_network


def network(*stack, shape=(28, 28, 1)) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *stack], name="network")


def no_pooling() -> keras.Model:
    return network(
        layers.Conv2D(32, 3, activation="relu", name="first"),
        layers.Conv2D(64, 3, activation="relu", name="second"),
        layers.Conv2D(128, 3, activation="relu", name="third"),
        layers.Flatten(name="flatten"),
        layers.Dense(10, activation="softmax", name="dense"),
    )


def last_view(*stack, shape=(28, 28, 1)) -> tuple[int, int] | None:
    return describe_network(network(*stack, shape=shape)).layers[-1].receptive_field


def multiply_adds(*stack, shape=(28, 28, 1)) -> int:
    return describe_network(network(*stack, shape=shape)).multiply_adds


def warnings_with(description: NetworkDescription, word: str) -> list[str]:
    return [warning for warning in description.warnings if word in warning]


def test_each_layer_of_the_course_network():
    rows = describe_network(no_pooling()).layers[1:]
    facts = [
        (r.name, r.kind, r.output_shape, r.parameters, r.receptive_field) for r in rows
    ]
    assert facts == [
        ("first", "Conv2D", (26, 26, 32), 320, (3, 3)),
        ("second", "Conv2D", (24, 24, 64), 18_496, (5, 5)),
        ("third", "Conv2D", (22, 22, 128), 73_856, (7, 7)),
        ("flatten", "Flatten", (61_952,), 0, None),
        ("dense", "Dense", (10,), 619_530, None),
    ]
    assert [row.multiply_adds for row in rows] == [
        26 * 26 * 3 * 3 * 1 * 32,
        24 * 24 * 3 * 3 * 32 * 64,
        22 * 22 * 3 * 3 * 64 * 128,
        0,
        61_952 * 10,
    ]


def test_sums_of_the_course_network():
    description = describe_network(no_pooling())
    assert description.input_shape == (28, 28, 1)
    assert description.parameters == description.trainable_parameters == 712_202
    assert description.multiply_adds == 47_115_392


def test_warnings_of_the_course_network():
    weights, view = describe_network(no_pooling()).warnings
    assert "87% of the weights (619,530 of 712,202)" in weights
    assert "one dense layer, 'dense'" in weights
    assert "The last feature sees 7x7 of the 28x28 pixels" in view


def test_frozen_weights_and_statistics_are_not_trainable():
    model = network(layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Flatten())
    assert describe_network(model).parameters == 40 + 16
    assert describe_network(model).trainable_parameters == 40 + 8
    model.layers[0].trainable = False
    assert describe_network(model).trainable_parameters == 8


# Each is hand-counted: positions * window * channels in, per group * channels out.
COSTS = {
    "strided": (layers.Conv2D(8, 3, strides=2), 13 * 13 * 9 * 4 * 8),
    "same": (layers.Conv2D(8, (3, 5), padding="same"), 28 * 28 * 15 * 4 * 8),
    "grouped": (layers.Conv2D(8, 3, groups=2), 26 * 26 * 9 * 2 * 8),
    "depthwise": (
        layers.DepthwiseConv2D(3, depth_multiplier=2),
        26 * 26 * 9 * 4 * 2,
    ),
    "separable": (layers.SeparableConv2D(8, 3), 26 * 26 * (9 * 4 + 4 * 8)),
    "dense on positions": (layers.Dense(5), 28 * 28 * 4 * 5),
    "pooling": (layers.MaxPooling2D(2), 0),
}


@pytest.mark.parametrize("name", COSTS)
def test_multiply_adds(name):
    layer, cost = COSTS[name]
    assert multiply_adds(layer, shape=(28, 28, 4)) == cost


def test_multiply_adds_of_dense_on_rows():
    assert multiply_adds(layers.Reshape((28, 28)), layers.Dense(5)) == 28 * 28 * 5


def residual() -> keras.Model:
    images = keras.Input((41, 41, 1))
    x = layers.Conv2D(2, 3, strides=2, padding="same")(images)
    y = layers.Conv2D(2, (5, 1), padding="same")(x)
    y = layers.Conv2D(2, (1, 7), padding="same")(y)
    x = layers.Add()([layers.Conv2D(2, 1)(x), y])
    return keras.Model(images, layers.Concatenate()([x, y]))


def nested() -> keras.Model:
    block = keras.Sequential([keras.Input((None, None, 1)), layers.Conv2D(1, 3)])
    return network(block, layers.AveragePooling2D(2), block, shape=(41, 41, 1))


VIEWS = {
    "one": lambda: network(layers.Conv2D(1, (3, 5)), shape=(41, 41, 1)),
    "strides": lambda: network(
        layers.Conv2D(2, 3, strides=(2, 3)), layers.Conv2D(2, 4), shape=(41, 41, 1)
    ),
    "pooling": lambda: network(
        layers.Conv2D(2, 3),
        layers.AveragePooling2D(2),
        layers.Conv2D(2, 3),
        layers.AveragePooling2D(3, strides=2),
        layers.Conv2D(2, 3),
        shape=(41, 41, 1),
    ),
    "dilation": lambda: network(
        layers.Conv2D(2, 3, strides=2),
        layers.Conv2D(2, 3, dilation_rate=(3, 2)),
        shape=(41, 41, 1),
    ),
    "depthwise and separable": lambda: network(
        layers.DepthwiseConv2D(3), layers.SeparableConv2D(2, 4), shape=(41, 41, 1)
    ),
    "padding and cropping": lambda: network(
        layers.ZeroPadding2D(2),
        layers.Conv2D(2, 5),
        layers.Cropping2D(1),
        shape=(41, 41, 1),
    ),
    "channel by channel": lambda: network(
        layers.Conv2D(2, 3),
        layers.BatchNormalization(),
        layers.Dense(3),
        shape=(41, 41, 1),
    ),
    "bilinear": lambda: network(
        layers.Conv2D(2, 3, strides=2),
        layers.UpSampling2D(2, interpolation="bilinear"),
        shape=(41, 41, 1),
    ),
    "branches": residual,
    "nested and used twice": nested,
}


def view_by_gradient(model: keras.Model) -> tuple[int, int]:
    """From the first to the last row and column of pixels that move one feature."""
    for variable in model.trainable_variables:
        variable.assign(np.ones(variable.shape))
    images = tf.ones((1, *model.input_shape[1:]))
    with tf.GradientTape() as tape:
        tape.watch(images)
        features = model(images, training=False)
        height, width = features.shape[1:3]
        middle = tf.reduce_sum(features[:, height // 2, width // 2])
    moved = np.asarray(tape.gradient(middle, images))[0, :, :, 0] != 0
    rows, columns = np.nonzero(moved)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


@pytest.mark.parametrize("name", VIEWS)
def test_receptive_field_is_what_the_gradient_reaches(name):
    model = VIEWS[name]()
    view = describe_network(model).layers[-1].receptive_field
    assert view == view_by_gradient(model)


def test_receptive_field_of_copies_of_neighbours():
    # Three columns of doubled pixels come from two.
    assert last_view(layers.UpSampling2D(2), layers.Conv2D(1, 3)) == (2, 2)
    nearest = layers.Resizing(14, 14, interpolation="nearest")
    assert last_view(nearest, layers.Conv2D(1, 3)) == (5, 5)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Flatten(),
        layers.GlobalAveragePooling2D(),
        layers.GlobalMaxPooling2D(keepdims=True),
        layers.Reshape((14, 14, 4)),
        layers.Permute((3, 1, 2)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_what_mixes_positions_sees_the_whole_picture(layer):
    assert last_view(layer) is None


def test_gates_from_the_whole_picture_spread_their_view():
    images = keras.Input((64, 64, 3))
    x = layers.Conv2D(4, 3, name="conv")(images)
    gates = layers.Dense(4, activation="sigmoid")(layers.GlobalAveragePooling2D()(x))
    x = layers.Conv2D(4, 3)(layers.Multiply()([x, gates]))
    scores = layers.Dense(5, activation="softmax")(layers.GlobalMaxPooling2D()(x))
    description = describe_network(keras.Model(images, scores))
    views = {row.name: row.receptive_field for row in description.layers}
    assert views["conv"] == (3, 3)
    assert [v for v in views.values() if v] == [(1, 1), (3, 3)]
    assert description.warnings == ()


def test_nested_layers_have_rows_and_weights_count_once():
    description = describe_network(nested())
    convolutions = [row for row in description.layers if row.kind == "Conv2D"]
    assert [row.name.count("/") for row in convolutions] == [1, 1]
    assert [row.parameters for row in convolutions] == [10, 0]
    assert [row.output_shape for row in convolutions] == [(39, 39, 1), (17, 17, 1)]
    assert [row.multiply_adds for row in convolutions] == [39 * 39 * 9, 17 * 17 * 9]
    assert description.parameters == 10


def good(*stack) -> keras.Model:
    """A network that downsamples, with something after its softmax or instead."""
    return network(
        layers.Conv2D(16, 5, strides=2, activation="relu"),
        layers.Conv2D(32, 5, strides=2, activation="relu"),
        layers.Conv2D(32, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        *stack,
    )


def test_good_network_has_no_warnings():
    model = good(layers.Dropout(0.5), layers.Dense(10, activation="softmax"))
    assert describe_network(model).warnings == ()


@pytest.mark.parametrize("end", ["activation", "layer", "nested"])
def test_softmax_is_found_wherever_it_is(end):
    head = [layers.Dense(10), layers.Softmax()]
    if end == "activation":
        head[1] = layers.Activation("softmax")
    if end == "nested":
        head = [keras.Sequential([keras.Input((32,)), *head])]
    assert describe_network(good(*head)).warnings == ()


def test_missing_softmax_is_told():
    (warning,) = describe_network(good(layers.Dense(10))).warnings
    assert "no softmax" in warning


def test_layer_after_softmax_is_told():
    model = good(
        layers.Dense(10, activation="softmax", name="early"),
        layers.Activation("softmax", name="late"),
    )
    (warning,) = describe_network(model).warnings
    assert warning.startswith("'late' comes after the softmax of 'early'")


def test_attention_by_softmax_is_not_a_layer_after_softmax():
    images = keras.Input((28, 28, 1))
    x = layers.Flatten()(images)
    weights = layers.Dense(784, activation="softmax")(x)
    x = layers.Multiply()([x, weights])
    model = keras.Model(images, layers.Dense(10, activation="softmax")(x))
    assert describe_network(model).warnings == ()


def test_large_dense_layer_without_positions_is_no_fault():
    model = good(layers.Dense(5000, activation="softmax"))
    assert not warnings_with(describe_network(model), "dense layer")


def test_dense_network_is_not_told_to_downsample():
    model = network(layers.Flatten(), layers.Dense(10, activation="softmax"))
    assert describe_network(model).warnings == ()


def test_view_far_larger_than_the_picture_is_told():
    stack = [layers.Conv2D(2, 3, strides=2, padding="same") for _ in range(5)]
    # 1 + 2 * (1 + 2 + 4 + 8 + 16) pixels of 7.
    model = network(*stack, layers.GlobalMaxPooling2D(), shape=(7, 7, 1))
    (warning,) = warnings_with(describe_network(model), "far more")
    assert "sees 63x63 of the 7x7 pixels" in warning


def test_view_of_a_few_pictures_is_ordinary():
    stack = [layers.Conv2D(2, 3, strides=2, padding="same") for _ in range(5)]
    model = network(*stack, layers.GlobalMaxPooling2D(), shape=(8, 8, 1))
    assert not warnings_with(describe_network(model), "far more")


def test_window_on_a_single_position_is_told():
    model = network(
        layers.MaxPooling2D(14),
        layers.MaxPooling2D(2, name="last useful"),
        layers.Conv2D(4, 1),
        layers.Conv2D(4, 3, padding="same", name="idle"),
        layers.Conv2D(4, 3, padding="same"),
        layers.Flatten(),
    )
    (warning,) = warnings_with(describe_network(model), "1x1")
    assert "before 'idle' and 1 more" in warning


def test_description_is_plain_data():
    told = describe_network(no_pooling()).to_json()
    assert json.loads(json.dumps(told))["layers"][1]["receptive_field"] == [3, 3]
    assert told["parameters"] == 712_202


class Written(keras.Model):
    """A network whose graph only its code knows."""

    def call(self, inputs):
        return keras.ops.mean(inputs, axis=(1, 2))


def test_network_without_a_graph_is_refused():
    with pytest.raises(ModelError, match="functional"):
        describe_network(Written())

"""Each layer's ONNX form against Keras itself, on random weights and random pixels."""

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from keras import layers

from visus.core.errors import ModelError
from visus.data.preprocess import scaled_images
from visus.models.onnx_graph import CONVERTERS, build_onnx
from visus.models.resnet import Resnet, ResnetSettings

TOLERANCE = 1e-5
# Odd and unequal, so that a swapped axis or a pad on the wrong side shows.
SHAPE = (11, 8, 3)


def randomised(model: keras.Model, seed: int = 0) -> keras.Model:
    """The model with every weight drawn anew, running statistics included."""
    draw = np.random.default_rng(seed)
    for variable in model.weights:
        if variable.name in ("moving_variance", "gamma", "variance"):
            values = draw.uniform(0.5, 1.5, variable.shape)
        elif "seed" in variable.path or variable.name == "count":
            continue
        else:
            fan_in = max(1, int(np.prod(variable.shape[:-1])))
            values = draw.normal(0, 1 / np.sqrt(fan_in), variable.shape)
        variable.assign(values)
    return model


def pixels_for(model: keras.Model, count: int = 3) -> np.ndarray:
    shape = (count, *model.input_shape[1:])
    return np.random.default_rng(7).integers(0, 256, shape, dtype=np.uint8)


def onnx_scores(content: bytes, pixels: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (scores,) = session.run(["scores"], {"pixels": pixels})
    return scores


def assert_equals_keras(model: keras.Model, scaling: str = "signed") -> None:
    pixels = pixels_for(model)
    expected = np.asarray(model(scaled_images(pixels, scaling), training=False))
    scores = onnx_scores(build_onnx(model, scaling=scaling), pixels)
    assert scores.dtype == np.float32
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(scores, expected, rtol=TOLERANCE, atol=TOLERANCE)


def followed_by_scores(layer, shape=SHAPE) -> keras.Model:
    """Pictures, the layer, and a head that tells all of its outputs apart."""
    images = keras.Input(shape)
    features = layers.Flatten()(layer(images))
    return randomised(keras.Model(images, layers.Dense(4)(features)))


def node_kinds(content: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_from_string(content).graph.node]


ACTIVATIONS = (
    "celu elu exponential gelu hard_sigmoid hard_silu hard_tanh leaky_relu linear "
    "log_softmax mish relu relu6 selu sigmoid silu softmax softplus softsign swish "
    "tanh"
).split()

LAYERS = {
    "conv": lambda: layers.Conv2D(5, 3),
    "conv strided": lambda: layers.Conv2D(5, (3, 2), strides=2),
    "conv same": lambda: layers.Conv2D(5, (3, 4), padding="same"),
    "conv same strided": lambda: layers.Conv2D(5, 3, strides=(2, 3), padding="same"),
    "conv same stride beyond kernel": lambda: layers.Conv2D(
        5, 1, strides=3, padding="same"
    ),
    "conv dilated": lambda: layers.Conv2D(5, 3, dilation_rate=(2, 1)),
    "conv same dilated": lambda: layers.Conv2D(
        5, 3, dilation_rate=(2, 3), padding="same"
    ),
    "conv grouped": lambda: layers.Conv2D(6, 3, groups=3),
    "conv without bias": lambda: layers.Conv2D(5, 3, use_bias=False),
    "conv softmax": lambda: layers.Conv2D(5, 3, activation="softmax"),
    "conv with a layer as activation": lambda: layers.Conv2D(
        5, 3, activation=layers.LeakyReLU(negative_slope=0.3)
    ),
    "depthwise": lambda: layers.DepthwiseConv2D(3, activation="relu"),
    "depthwise twice as wide": lambda: layers.DepthwiseConv2D(
        3, depth_multiplier=2, strides=2, padding="same"
    ),
    "separable": lambda: layers.SeparableConv2D(5, 3, activation="relu"),
    "separable wide": lambda: layers.SeparableConv2D(
        5, 3, depth_multiplier=2, padding="same", strides=2, use_bias=False
    ),
    "dense on a picture": lambda: layers.Dense(5, activation="relu"),
    "dense softmax on a picture": lambda: layers.Dense(
        5, activation="softmax", use_bias=False
    ),
    "batch norm": lambda: layers.BatchNormalization(),
    "batch norm bare": lambda: layers.BatchNormalization(
        scale=False, center=False, epsilon=0.01
    ),
    "layer norm": lambda: layers.LayerNormalization(),
    "layer norm bare": lambda: layers.LayerNormalization(scale=False, center=False),
    "layer norm whole": lambda: layers.LayerNormalization(axis=[1, 2, 3]),
    "normalization": lambda: layers.Normalization(
        mean=[0.1, 0.2, 0.3], variance=[0.2, 0.3, 0.4]
    ),
    "normalization by row": lambda: layers.Normalization(
        axis=1, mean=np.linspace(0, 1, 11), variance=np.linspace(0.5, 2, 11)
    ),
    "normalization of all": lambda: layers.Normalization(
        axis=None, mean=0.1, variance=0.3
    ),
    "normalization back": lambda: layers.Normalization(
        mean=[0.1, 0.2, 0.3], variance=[0.2, 0.3, 0.4], invert=True
    ),
    "rescaling": lambda: layers.Rescaling(0.5, offset=-0.2),
    "rescaling by channel": lambda: layers.Rescaling([1, 2, 3], offset=[0.1, 0.2, 0.3]),
    "relu": lambda: layers.ReLU(),
    "relu slope and ceiling": lambda: layers.ReLU(max_value=0.5, negative_slope=0.1),
    "relu ceiling": lambda: layers.ReLU(0.5),
    "leaky relu": lambda: layers.LeakyReLU(negative_slope=0.3),
    "elu": lambda: layers.ELU(alpha=0.7),
    "prelu": lambda: layers.PReLU(),
    "prelu shared": lambda: layers.PReLU(shared_axes=[1, 2]),
    "softmax": lambda: layers.Softmax(),
    "softmax over columns": lambda: layers.Softmax(axis=2),
    "max pooling": lambda: layers.MaxPooling2D(2),
    "max pooling same": lambda: layers.MaxPooling2D(3, strides=2, padding="same"),
    "average pooling": lambda: layers.AveragePooling2D((2, 3)),
    "average pooling same": lambda: layers.AveragePooling2D(
        3, strides=2, padding="same"
    ),
    "global average": lambda: layers.GlobalAveragePooling2D(),
    "global average kept": lambda: layers.GlobalAveragePooling2D(keepdims=True),
    "global max": lambda: layers.GlobalMaxPooling2D(),
    "global max kept": lambda: layers.GlobalMaxPooling2D(keepdims=True),
    "reshape to rows": lambda: layers.Reshape((11, 24)),
    "reshape to a picture": lambda: layers.Reshape((4, -1, 6)),
    "permute": lambda: layers.Permute((3, 1, 2)),
    "zero padding": lambda: layers.ZeroPadding2D(((1, 2), (0, 3))),
    "cropping": lambda: layers.Cropping2D(((1, 2), (0, 3))),
    "up-sampling": lambda: layers.UpSampling2D((2, 3)),
    "up-sampling bilinear": lambda: layers.UpSampling2D(
        (3, 2), interpolation="bilinear"
    ),
    "resizing": lambda: layers.Resizing(7, 13),
    "resizing nearest": lambda: layers.Resizing(7, 13, interpolation="nearest"),
    "identity": lambda: layers.Identity(),
    "dropout": lambda: layers.Dropout(0.5),
    "alpha dropout": lambda: layers.AlphaDropout(0.5),
    "gaussian dropout": lambda: layers.GaussianDropout(0.5),
    "spatial dropout": lambda: layers.SpatialDropout2D(0.5),
    "noise": lambda: layers.GaussianNoise(0.5),
    "activity regularization": lambda: layers.ActivityRegularization(l2=0.1),
}

AUGMENTATIONS = {
    "RandomBrightness": {"factor": 0.5, "value_range": (-1, 1)},
    "RandomColorDegeneration": {"factor": 0.5, "value_range": (-1, 1)},
    "RandomColorJitter": {"brightness_factor": 0.5, "value_range": (-1, 1)},
    "RandomContrast": {"factor": 0.5, "value_range": (-1, 1)},
    "RandomErasing": {"value_range": (-1, 1)},
    "RandomFlip": {},
    "RandomGaussianBlur": {"value_range": (-1, 1)},
    "RandomHue": {"factor": 0.5, "value_range": (-1, 1)},
    "RandomPerspective": {},
    "RandomRotation": {"factor": 0.5},
    "RandomSaturation": {"factor": 0.5, "value_range": (-1, 1)},
    "RandomSharpness": {"factor": 0.5, "value_range": (-1, 1)},
    "RandomShear": {"x_factor": 0.5, "y_factor": 0.5},
    "RandomTranslation": {"height_factor": 0.5, "width_factor": 0.5},
    "RandomZoom": {"height_factor": 0.5},
}

MERGES = "Add Average Maximum Minimum Multiply Subtract".split()


@pytest.mark.parametrize("name", LAYERS)
def test_layer_equals_keras(name):
    assert_equals_keras(followed_by_scores(LAYERS[name]()))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_augmentation_leaves_pictures_alone(name):
    layer = getattr(layers, name)(**AUGMENTATIONS[name])
    assert_equals_keras(followed_by_scores(layer))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_equals_keras_in_every_place(name):
    images = keras.Input(SHAPE)
    places = [
        layers.Conv2D(4, 3, activation=name)(images),
        layers.Activation(name)(layers.Reshape((11, 24))(images)),
        layers.Dense(4, activation=name)(layers.Flatten()(images)),
    ]
    x = layers.Concatenate()([layers.Flatten()(place) for place in places])
    assert_equals_keras(randomised(keras.Model(images, layers.Dense(4)(x))))


@pytest.mark.parametrize("name", MERGES)
def test_merge_equals_keras(name):
    images = keras.Input(SHAPE)
    branches = [layers.Conv2D(4, 3, padding="same")(images) for _ in range(2)]
    merged = layers.Flatten()(getattr(layers, name)()(branches))
    assert_equals_keras(randomised(keras.Model(images, layers.Dense(3)(merged))))


@pytest.mark.parametrize("name", MERGES)
def test_merge_of_unequal_ranks_equals_keras(name):
    images = keras.Input(SHAPE)
    picture = layers.Conv2D(8, 3, padding="same")(images)
    gates = layers.Dense(8)(layers.GlobalAveragePooling2D()(picture))
    rows = layers.Reshape((8, 8))(layers.Dense(64)(gates))
    x = getattr(layers, name)()([picture, gates])
    x = getattr(layers, name)()([rows, x])
    x = layers.Flatten()(x)
    assert_equals_keras(randomised(keras.Model(images, layers.Dense(3)(x))))


@pytest.mark.parametrize("axis", [1, 2, 3, -1])
def test_concatenate_equals_keras(axis):
    images = keras.Input(SHAPE)
    branches = [layers.Conv2D(3, 3, padding="same")(images), images]
    x = layers.Flatten()(layers.Concatenate(axis=axis)(branches))
    assert_equals_keras(randomised(keras.Model(images, layers.Dense(3)(x))))


def test_layers_on_rows_of_features_equal_keras():
    images = keras.Input(SHAPE)
    x = layers.Reshape((11, 24))(images)
    x = layers.Dense(10, activation="gelu")(x)
    x = layers.BatchNormalization()(x)
    x = layers.LayerNormalization()(x)
    x = layers.Permute((2, 1))(x)
    x = layers.Concatenate(axis=1)([x, x])
    x = layers.Softmax(axis=1)(x)
    x = layers.Reshape((4, 5, 11))(x)
    x = layers.Conv2D(3, 2)(x)
    x = layers.BatchNormalization()(layers.Flatten()(x))
    assert_equals_keras(randomised(keras.Model(images, layers.Dense(3)(x))))


@pytest.mark.parametrize("scaling", ["unit", "signed", "none"])
@pytest.mark.parametrize("channels", [1, 3])
def test_scaling_is_that_of_training(scaling, channels):
    model = keras.Sequential(
        [
            keras.Input((9, 7, channels)),
            layers.Rescaling(1 / 255 if scaling == "none" else 1.0),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(5, activation="softmax"),
        ]
    )
    assert_equals_keras(randomised(model), scaling)


@pytest.mark.parametrize("count", [1, 5])
def test_any_number_of_pictures(count):
    model = followed_by_scores(layers.Conv2D(4, 3))
    pixels = pixels_for(model, count)
    expected = np.asarray(model(scaled_images(pixels, "unit"), training=False))
    scores = onnx_scores(build_onnx(model, scaling="unit"), pixels)
    np.testing.assert_allclose(scores, expected, rtol=TOLERANCE, atol=TOLERANCE)


def test_graph_tells_what_it_takes_and_gives():
    model = followed_by_scores(layers.Conv2D(4, 3))
    graph = onnx.load_from_string(build_onnx(model, scaling="unit")).graph
    (taken,), (given,) = graph.input, graph.output
    sides = [side.dim_value for side in taken.type.tensor_type.shape.dim]
    assert (taken.name, sides[1:]) == ("pixels", list(SHAPE))
    assert taken.type.tensor_type.shape.dim[0].dim_param == "batch"
    assert taken.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert given.name == "scores"
    assert given.type.tensor_type.shape.dim[1].dim_value == 4


def test_scores_without_softmax_stay_as_they_are():
    kinds = node_kinds(
        build_onnx(followed_by_scores(layers.Conv2D(4, 3)), scaling="unit")
    )
    assert "Softmax" not in kinds


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["Conv2D", "DepthwiseConv2D", "SeparableConv2D"])
def test_batch_normalization_folds_into_the_convolution(kind, bias):
    arguments = {} if kind == "DepthwiseConv2D" else {"filters": 5}
    layer = getattr(layers, kind)(kernel_size=3, use_bias=bias, **arguments)
    images = keras.Input(SHAPE)
    x = layers.BatchNormalization()(layer(images))
    x = layers.Flatten()(layers.ReLU()(x))
    model = randomised(keras.Model(images, layers.Dense(3)(x)))
    assert "BatchNormalization" not in node_kinds(build_onnx(model, scaling="unit"))
    assert_equals_keras(model)


@pytest.mark.parametrize("kind", ["layer", "activation"])
def test_relu6_is_one_clip(kind):
    images = keras.Input(SHAPE)
    relu6 = layers.ReLU(6) if kind == "layer" else layers.Activation("relu6")
    x = layers.Flatten()(relu6(layers.Conv2D(4, 3)(images)))
    model = randomised(keras.Model(images, layers.Dense(3)(x)))
    kinds = node_kinds(build_onnx(model, scaling="unit"))
    assert kinds.count("Clip") == 1
    assert not {"Relu", "Min"} & set(kinds)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_batch_normalization_folds_through_averages(padding):
    images = keras.Input(SHAPE)
    x = layers.Conv2D(5, 3)(images)
    x = layers.AveragePooling2D(2, padding=padding)(x)
    x = layers.AveragePooling2D(2, strides=1, padding=padding)(x)
    x = layers.Flatten()(layers.ReLU()(layers.BatchNormalization()(x)))
    model = randomised(keras.Model(images, layers.Dense(3)(x)))
    assert "BatchNormalization" not in node_kinds(build_onnx(model, scaling="unit"))
    assert_equals_keras(model)


@pytest.mark.parametrize("average", ["averaged", "largest"])
def test_batch_normalization_stays_after_what_does_not_commute(average):
    images = keras.Input(SHAPE)
    x = layers.Conv2D(5, 3)(images)
    pooled = layers.MaxPooling2D(2)(x)
    if average == "averaged":
        pooled = layers.AveragePooling2D(2)(x)
        pooled = layers.Concatenate()([pooled, layers.MaxPooling2D(2)(x)])
    x = layers.Flatten()(layers.BatchNormalization()(pooled))
    model = randomised(keras.Model(images, layers.Dense(3)(x)))
    assert "BatchNormalization" in node_kinds(build_onnx(model, scaling="unit"))
    assert_equals_keras(model)


@pytest.mark.parametrize("why", ["an activation", "a second consumer"])
def test_batch_normalization_stays_after(why):
    images = keras.Input(SHAPE)
    activation = "relu" if why == "an activation" else None
    x = layers.Conv2D(5, 3, activation=activation)(images)
    y = layers.BatchNormalization()(x)
    x = layers.Add()([x, y]) if why == "a second consumer" else y
    model = randomised(keras.Model(images, layers.Dense(3)(layers.Flatten()(x))))
    assert "BatchNormalization" in node_kinds(build_onnx(model, scaling="unit"))
    assert_equals_keras(model)


def test_branches_that_cross_equal_keras():
    images = keras.Input(SHAPE)
    left = layers.Conv2D(6, 3, padding="same", activation="relu")(images)
    right = layers.Conv2D(6, 5, padding="same")(left)
    both = layers.Add()([left, right])
    wide = layers.Concatenate()([both, left, layers.MaxPooling2D(3, 1, "same")(right)])
    x = layers.Concatenate()(
        [layers.Flatten()(wide), layers.GlobalMaxPooling2D()(both)]
    )
    assert_equals_keras(randomised(keras.Model(images, layers.Dense(3)(x))))


def test_operators_between_tensors_equal_keras():
    images = keras.Input(SHAPE)
    x = layers.Conv2D(6, 3, padding="same")(images)
    y = layers.Conv2D(6, 1)(x)
    x = layers.Flatten()(x + y * x - keras.ops.maximum(x, y))
    assert_equals_keras(randomised(keras.Model(images, layers.Dense(3)(x))))


def test_operators_with_plain_numbers_equal_keras():
    images = keras.Input(SHAPE)
    x = layers.Conv2D(6, 3)(images)
    x = layers.ReLU(6.0)(x + 3.0) * (1 / 6) - 2
    x = layers.Flatten()(1.5 - keras.ops.maximum(x, -1.9))
    assert_equals_keras(randomised(keras.Model(images, layers.Dense(3)(x * 2))))


def test_layers_of_applications_equal_keras():
    from keras.src.applications.convnext import LayerScale, StochasticDepth
    from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

    images = keras.Input(SHAPE)
    x = layers.Conv2D(6, 3, padding="same")(images)
    y = StochasticDepth(0.3)(LayerScale(0.1, 6)(x))
    x = layers.Flatten()(CustomScaleLayer(0.17)([x, layers.Conv2D(6, 1)(y)]))
    assert_equals_keras(randomised(keras.Model(images, layers.Dense(3)(x))))


def test_a_layer_that_only_has_such_a_name_is_refused():
    class LayerScale(layers.Layer):
        def call(self, values):
            return values * 2

    images = keras.Input(SHAPE)
    model = keras.Model(images, layers.Flatten()(LayerScale()(images)))
    with pytest.raises(ModelError, match="has no ONNX form"):
        build_onnx(model, scaling="unit")


def test_layer_used_twice_equals_keras_and_is_stored_once():
    images = keras.Input((8, 8, 3))
    shared = layers.Conv2D(3, 3, padding="same", activation="relu")
    x = layers.Flatten()(shared(layers.MaxPooling2D(2)(shared(images))))
    model = randomised(keras.Model(images, layers.Dense(3)(x)))
    assert_equals_keras(model)
    graph = onnx.load_from_string(build_onnx(model, scaling="unit")).graph
    kernels = [tensor for tensor in graph.initializer if len(tensor.dims) == 4]
    assert len(kernels) == 1


def test_layer_of_two_shapes_equals_keras():
    images = keras.Input((12, 10, 3))
    crop, pool = layers.Cropping2D(1), layers.MaxPooling2D(3, padding="same")
    x = crop(pool(crop(images)))
    y = pool(pool(images))
    x = layers.Concatenate()([layers.Flatten()(x), layers.Flatten()(y)])
    assert_equals_keras(randomised(keras.Model(images, layers.Dense(3)(x))))


def test_nested_networks_equal_keras():
    block = keras.Sequential(
        [layers.Conv2D(6, 3, padding="same"), layers.BatchNormalization()]
    )
    inner = keras.Input((None, None, 6))
    twice = layers.Conv2D(6, 3, strides=2, padding="same")(inner)
    halved = keras.Model(inner, layers.ReLU()(twice))
    images = keras.Input((13, 10, 3))
    x = halved(halved(block(images)))
    x = layers.Flatten()(layers.UpSampling2D(2)(x))
    model = keras.Sequential([keras.Model(images, x), layers.Dense(3)])
    assert_equals_keras(randomised(model))


def test_sequential_without_input_equals_keras_once_built():
    model = keras.Sequential([layers.Flatten(), layers.Dense(3)])
    model.build((None, *SHAPE))
    assert_equals_keras(randomised(model))


@pytest.mark.parametrize("side", [16, 64])
def test_resnet_equals_keras(side):
    settings = ResnetSettings(stem=8, widths=(8, 12), blocks=2, dropout=0.1)
    model = randomised(Resnet.build((side, side, 3), 5, settings))
    assert_equals_keras(model)
    assert "BatchNormalization" not in node_kinds(build_onnx(model, scaling="unit"))


def test_equal_networks_give_equal_bytes_whatever_their_layers_are_called():
    settings = ResnetSettings(stem=8, widths=(8, 12))
    contents = set()
    for _ in range(2):
        model = randomised(Resnet.build((16, 16, 3), 5, settings))
        contents |= {build_onnx(model, scaling="unit") for _ in range(2)}
    assert len(contents) == 1


def test_other_weights_give_other_bytes():
    settings = ResnetSettings(stem=8, widths=(8, 12))
    first, second = (
        randomised(Resnet.build((16, 16, 3), 5, settings), seed) for seed in (1, 2)
    )
    assert build_onnx(first, scaling="unit") != build_onnx(second, scaling="unit")


class Strange(layers.Layer):
    def call(self, inputs):
        return inputs * 2


def test_unknown_layer_is_named_with_what_would_do():
    model = followed_by_scores(Strange(name="odd"))
    with pytest.raises(ModelError) as caught:
        build_onnx(model, scaling="unit")
    assert "'odd' is a Strange" in caught.value.received
    assert "Conv2D" in caught.value.expected
    assert "Express it" in caught.value.remedy


def test_unknown_layer_in_a_nested_network_is_found():
    block = keras.Sequential([keras.Input(SHAPE), Strange(name="odd")], name="block")
    with pytest.raises(ModelError, match="'block/odd'"):
        build_onnx(followed_by_scores(block), scaling="unit")


REFUSED = {
    "threshold": lambda: layers.ReLU(threshold=0.5),
    "axis": lambda: layers.BatchNormalization(axis=1),
    "axis=[1]": lambda: layers.LayerNormalization(axis=1),
    "axis=(1, 2)": lambda: layers.Softmax(axis=(1, 2)),
    "bicubic": lambda: layers.UpSampling2D(2, interpolation="bicubic"),
    "crop_to_aspect_ratio": lambda: layers.Resizing(5, 5, crop_to_aspect_ratio=True),
    "channels_first": lambda: layers.MaxPooling2D(2, data_format="channels_first"),
}


@pytest.mark.parametrize("argument", REFUSED)
def test_argument_without_a_form_is_refused(argument):
    model = followed_by_scores(REFUSED[argument](), (8, 8, 3))
    with pytest.raises(ModelError) as caught:
        build_onnx(model, scaling="unit")
    assert argument in caught.value.received


def relu(x):
    """Not what its name says."""
    return x * x


@pytest.mark.parametrize("function", [relu, keras.ops.gelu, lambda x: x])
def test_activation_that_only_looks_known_is_refused(function):
    model = followed_by_scores(layers.Conv2D(3, 3, activation=function))
    with pytest.raises(ModelError, match="activation='relu'"):
        build_onnx(model, scaling="unit")


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x + np.ones((4, 3, 3)),
        lambda x: keras.ops.average(x, axis=1),
        lambda x: x + keras.ops.mean(x, axis=(1, 2)),
    ],
)
def test_operation_that_only_looks_known_is_refused(operation):
    images = keras.Input((4, 3, 3))
    x = layers.Flatten()(operation(images))
    with pytest.raises(ModelError, match="keras.layers"):
        build_onnx(keras.Model(images, layers.Dense(3)(x)), scaling="unit")


class Written(keras.Model):
    """A network whose graph only its code knows."""

    def __init__(self):
        super().__init__(name="written")
        self.head = layers.Dense(3)

    def call(self, inputs):
        return self.head(keras.ops.mean(inputs, axis=(1, 2)))


def test_network_without_a_graph_is_refused():
    model = Written()
    model(np.zeros((1, *SHAPE), np.float32))
    with pytest.raises(ModelError, match="functional"):
        build_onnx(model, scaling="unit")


def two_inputs() -> keras.Model:
    images = [keras.Input(SHAPE), keras.Input(SHAPE)]
    return keras.Model(images, layers.Dense(3)(layers.Flatten()(layers.Add()(images))))


def two_outputs() -> keras.Model:
    images = keras.Input(SHAPE)
    x = layers.Flatten()(images)
    return keras.Model(images, [layers.Dense(3)(x), layers.Dense(3)(x)])


def picture_output() -> keras.Model:
    images = keras.Input(SHAPE)
    return keras.Model(images, layers.Conv2D(3, 3)(images))


def unknown_size() -> keras.Model:
    images = keras.Input((None, None, 3))
    return keras.Model(images, layers.Dense(3)(layers.GlobalMaxPooling2D()(images)))


@pytest.mark.parametrize(
    "build", [two_inputs, two_outputs, picture_output, unknown_size]
)
def test_network_of_another_shape_is_refused(build):
    with pytest.raises(ModelError, match="pictures"):
        build_onnx(build(), scaling="unit")


def test_every_converter_is_tested():
    tested = {type(build()).__name__ for build in LAYERS.values()}
    tested |= {*AUGMENTATIONS, *MERGES, "Activation", "Concatenate", "Flatten"}
    tested |= {"CustomScaleLayer", "LayerScale", "StochasticDepth"}
    assert set(CONVERTERS) == tested

"""A Keras network run call by call: every tensor seen, and gradients to any of them.

Nested networks are opened, so a layer of a backbone inside a network is as near as any
other, which `keras.Model(inputs, layer.output)` does not give.
"""

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ConfigError, ModelError, unknown_name
from visus.data.preprocess import Scaling, scaled_images
from visus.models.onnx_graph.calls import Call, Tensor, calls_of

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

CONVOLUTIONS = (
    "Conv2D",
    "Conv2DTranspose",
    "DepthwiseConv2D",
    "SeparableConv2D",
)
# What is applied to maps point by point, and so belongs to the layer before.
POINTWISE = (
    "Activation",
    "Add",
    "BatchNormalization",
    "Dropout",
    "ELU",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "SpatialDropout2D",
)
# Activations that turn the last numbers into scores.
ENDS = ("softmax", "sigmoid")
ATTENTION = ("MultiHeadAttention", "GroupedQueryAttention")


class OpenedNetwork:
    """A network whose layers can be looked at one by one, as outside of training.

    Args:
        model: a functional or sequential Keras model of pictures.
        scaling: how uint8 pixels become what it takes.

    Raises:
        ModelError: it has no graph of layers.

    Example:
        >>> network = OpenedNetwork(model, "unit")            # doctest: +SKIP
        >>> network.last_maps().name                          # doctest: +SKIP
        'conv2d_2'
    """

    def __init__(self, model: "keras.Model", scaling: Scaling = "unit") -> None:
        self.model = model
        self.scaling = scaling
        self.calls, outputs = calls_of(model)
        (self._scores,) = outputs

    def images(self, pixels: Pixels) -> Floats:
        """What it takes, from uint8 pixels `(num_images, height, width, channels)`."""
        return scaled_images(pixels, self.scaling)

    def run(self, images: Any, watched: Any = None, tape: Any = None) -> dict[int, Any]:
        """Every tensor by its number, the logits under -1.

        Args:
            images: `(num_images, height, width, channels)`, as the network takes them.
            watched: the number of a tensor whose value a gradient tape is to note.
            tape: that tape.
        """
        import keras

        found: dict[int, Any] = {}
        for call in self.calls:
            if not call.inputs:
                values = [keras.ops.convert_to_tensor(images)]
            else:
                taken, named = call.arguments([found[t.number] for t in call.inputs])
                values = keras.tree.flatten(call.layer(*taken, **named))
            for tensor, value in zip(call.outputs, values, strict=True):
                found[tensor.number] = value
                if tape is not None and tensor.number == watched:
                    tape.watch(value)
        found[-1] = self._logits(found)
        return found

    def tensors(self, images: Floats, names: Collection[str]) -> dict[str, Floats]:
        """What the layers of these names give, the first output of each."""
        found = self.run(images)
        return {
            call.name: np.asarray(found[call.outputs[0].number])
            for call in self.calls
            if call.name in names
        }

    def logits(self, images: Floats) -> Floats:
        """Scores before the last softmax or sigmoid `(num_images, num_outputs)`."""
        return np.asarray(self.run(images)[-1])

    def gradients(
        self, images: Floats, output: int, layer: str | None = None
    ) -> tuple[Floats, Floats, Floats]:
        """How one logit hangs on the images, or on what a layer gives.

        Args:
            images: `(num_images, height, width, channels)`, as the network takes them.
            output: which logit.
            layer: its name; `None`: the images.

        Returns:
            what the layer gives, the gradient of the logit to it, of the same shape,
            and the logits `(num_images,)`.
        """
        import tensorflow

        call = self.calls_without_inputs()[0] if layer is None else self.call(layer)
        number = call.outputs[0].number
        with tensorflow.GradientTape(watch_accessed_variables=False) as tape:
            found = self.run(images, number, tape)
            logits = found[-1][:, output]
        gradients = tape.gradient(logits, found[number])
        if gradients is None:
            raise ModelError(
                received=f"The score does not depend on the layer {call.name!r} in a "
                "way that has a gradient.",
                expected="a layer on the way from the picture to the score.",
                remedy="Choose another with --layer.",
            )
        return np.asarray(found[number]), np.asarray(gradients), np.asarray(logits)

    def image_gradients(self, images: Floats, output: int) -> tuple[Floats, Floats]:
        """How one logit hangs on many images: as `gradients`, compiled once a network.

        To compile takes seconds, so it pays from some dozens of images on.

        Args:
            images: `(num_images, height, width, channels)`, as the network takes them.
            output: which logit.

        Returns:
            its gradients, of the shape of the images, and the logits `(num_images,)`.
        """
        gradients, logits = self._logit_gradients(images, output)
        return np.asarray(gradients), np.asarray(logits)

    def loss_gradients(self, images: Floats, targets: NDArray[np.int32]) -> Floats:
        """Which way the cross-entropy of each picture rises; compiled once a network.

        The loss of a picture is log(1 + exp(d)), where d is the log of the summed
        exponentials of the other classes' logits less the true one's. The gradient of d
        is that of the loss times a positive number a picture, and does not vanish in
        float32 where the network is very sure, as the loss's own does (Carlini and
        Wagner, "Towards evaluating the robustness of neural networks", 2017).

        Args:
            images: `(num_images, height, width, channels)`, as the network takes them.
            targets: the true class's number `(num_images,)`.

        Returns:
            the gradients of d, of the shape of the images.
        """
        return np.asarray(self._loss_gradients(images, targets))

    @cached_property
    def _logit_gradients(self) -> Any:
        import tensorflow

        def logit(logits: Any, output: Any) -> Any:
            return tensorflow.gather(logits, output, axis=1)

        return self._compiled(logit, ())

    @cached_property
    def _loss_gradients(self) -> Any:
        import tensorflow

        def lead(logits: Any, targets: Any) -> Any:
            true = tensorflow.one_hot(targets, logits.shape[-1]) > 0
            others = tensorflow.where(true, -np.inf, logits)
            # One is left in each row, so the sum is its logit.
            own = tensorflow.reduce_sum(tensorflow.where(true, logits, 0.0), axis=1)
            return tensorflow.reduce_logsumexp(others, axis=1) - own

        compiled = self._compiled(lead, (None,))
        return lambda images, targets: compiled(images, targets)[0]

    def _compiled(self, value: Any, shape: tuple[None, ...]) -> Any:
        """Gradients to the images of what is made of logits and whole numbers."""
        import tensorflow

        first = self.calls_without_inputs()[0].outputs[0]

        def both(images: Any, numbers: Any) -> tuple[Any, Any]:
            with tensorflow.GradientTape(watch_accessed_variables=False) as tape:
                found = self.run(images, first.number, tape)
                values = value(found[-1], numbers)
            zero = tensorflow.UnconnectedGradients.ZERO
            slopes = tape.gradient(
                values, found[first.number], unconnected_gradients=zero
            )
            return slopes, values

        # Any number of images, so that it is traced once.
        shapes = [
            tensorflow.TensorSpec((None, *first.shape[1:])),
            tensorflow.TensorSpec(shape, tensorflow.int32),
        ]
        return tensorflow.function(both, input_signature=shapes)

    def ascent(self, images: Floats, layer: str, number: int) -> tuple[float, Floats]:
        """The mean answer of one filter, and its gradient to the images."""
        import tensorflow

        call, first = self.call(layer), self.calls_without_inputs()[0].outputs[0]
        with tensorflow.GradientTape(watch_accessed_variables=False) as tape:
            found = self.run(images, first.number, tape)
            mean = tensorflow.reduce_mean(found[call.outputs[0].number][..., number])
        gradient = tape.gradient(mean, found[first.number])
        return float(mean), np.asarray(gradient)

    def attention(self, images: Floats) -> dict[str, Floats]:
        """Weights of layers of attention `(num_images, heads, asking, looked at)`."""
        found = self.run(images)
        weights = {}
        for call in self.calls:
            if kind_of(call) in ATTENTION:
                taken, named = call.arguments([found[t.number] for t in call.inputs])
                named["return_attention_scores"] = True
                weights[call.name] = np.asarray(call.layer(*taken, **named)[1])
        return weights

    def last_call(self) -> Call:
        """What gives the scores."""
        return self.maker_of(self._scores)

    def maker_of(self, tensor: Tensor) -> Call:
        """What gives a tensor."""
        return next(c for c in self.calls if tensor.number in _numbers(c.outputs))

    def calls_without_inputs(self) -> list[Call]:
        """Where the pictures come in."""
        return [call for call in self.calls if not call.inputs]

    def call(self, name: str) -> Call:
        """The first use of the layer of that name.

        Raises:
            ConfigError: there is none; the nearest names are told.
        """
        for call in self.calls:
            if name in (call.name, call.name.rpartition("/")[2]):
                return call
        raise unknown_name("layer", name, [call.name for call in self.calls])

    def maps(self) -> list[Call]:
        """Convolutions, in the order they run."""
        return [call for call in self.calls if kind_of(call) in CONVOLUTIONS]

    def last_maps(self) -> Call:
        """Where the last maps of features are whole: the last convolution that sees
        more than one place, with what is applied to its maps point by point.

        Raises:
            ModelError: no layer convolves.
        """
        wide = [c for c in self.maps() if np.prod(_sides(c.outputs[0])) > 1]
        if not wide:
            raise self.no_maps()
        return self._followed(wide[-1])

    def require_maps(self, name: str) -> Call:
        """The layer of that name, which gives maps.

        Raises:
            ConfigError: there is none of that name, or it keeps no places apart.
        """
        call = self.call(name)
        if len(call.outputs[0].shape) == 4:
            return call
        raise ConfigError(
            received=f"--layer {name}, which gives {call.outputs[0].shape[1:]}.",
            expected="a layer that gives maps: (height, width, channels).",
            remedy=f"One of these: {', '.join(c.name for c in self.maps()[-5:])}",
        )

    def no_maps(self) -> ModelError:
        """The one error for a network without convolutions."""
        return ModelError(
            received=f"The network {self.model.name!r} has no convolution that keeps "
            "places apart.",
            expected="one: this method draws the maps of convolutions.",
            remedy="Use a method without them: occlusion, rise, input-gradients, "
            "smooth-grad or integrated-gradients.",
        )

    def _followed(self, call: Call) -> Call:
        """The last of the pointwise layers that come after a convolution."""
        while True:
            number = call.outputs[0].number
            after = [c for c in self.calls if number in _numbers(c.inputs)]
            if len(after) != 1 or kind_of(after[0]) not in POINTWISE:
                return call
            call = after[0]

    def _logits(self, found: dict[int, Any]) -> Any:
        """The scores without the activation they end in, where that can be left out."""
        import keras

        call = self.last_call()
        layer, kind = call.layer, kind_of(call)
        if not call.inputs:
            return found[self._scores.number]
        before = found[call.inputs[0].number]
        if kind == "Dense" and activation_name(layer) in ENDS:
            values = keras.ops.matmul(before, layer.kernel)
            return values if layer.bias is None else values + layer.bias
        ends = kind == "Softmax" or (
            kind == "Activation" and activation_name(layer) in ENDS
        )
        return before if ends else found[self._scores.number]


def kind_of(call: Call) -> str:
    """The class of its layer."""
    return type(call.layer).__name__


def activation_name(layer: Any) -> str:
    """What a layer applies at its end; "linear" is nothing."""
    activation = getattr(layer, "activation", None)
    name = getattr(activation, "__name__", type(activation).__name__)
    return "linear" if activation is None else str(name).lower()


def _sides(tensor: Tensor) -> Sequence[int]:
    return [side or 1 for side in tensor.shape[1:3]]


def _numbers(tensors: Sequence[Tensor]) -> list[int]:
    return [tensor.number for tensor in tensors]

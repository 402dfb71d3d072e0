"""How networks end: checked against the task, and completed where something lacks."""

from typing import TYPE_CHECKING, Any

from visus.core.errors import ModelError
from visus.tasks.base import Head

if TYPE_CHECKING:
    import keras

Shape = tuple[int, int, int]

_WORDS = {
    "softmax": "one for each class",
    "sigmoid": "one for each label",
    "linear": "a number of any size",
}


def with_head(
    name: str, model: "keras.Model", input_shape: Shape, head: Head
) -> "keras.Model":
    """The network, ending as its task needs it.

    Where the last activation lacks, it is added. Numbers are scaled to the unit of the
    targets by a last layer of their own, so that the ONNX graph answers in it as well.

    Raises:
        ModelError: it has another number of outputs, or another last activation.
    """
    shapes = (tuple(model.input_shape[1:]), tuple(model.output_shape[1:]))
    if shapes != (tuple(input_shape), (head.outputs,)):
        raise _misfit(name, f"turns {shapes[0]} into {shapes[1]}", input_shape, head)
    last = last_activation(model)
    if (
        head.activation == "linear"
        and last != "linear"
        or (head.activation == "sigmoid" and last == "softmax")
    ):
        raise _misfit(name, f"ends with {last}", input_shape, head)
    if head.activation == "linear":
        return _scaled(model, head)
    return model if last == head.activation else _activated(model, head)


def last_activation(layer: Any) -> str:
    """What a layer, or a network inside the network, does last; "linear" is nothing."""
    if hasattr(layer, "layers"):
        return last_activation(layer.layers[-1])
    if type(layer).__name__ == "Softmax":
        return "softmax"
    activation = getattr(layer, "activation", None)
    name = getattr(activation, "__name__", type(activation).__name__)
    return "linear" if activation is None else str(name).lower()


def _activated(model: "keras.Model", head: Head) -> "keras.Model":
    import keras

    scores = keras.layers.Activation(head.activation, name="scores")(model.output)
    return keras.Model(model.input, scores, name=model.name)


def _scaled(model: "keras.Model", head: Head) -> "keras.Model":
    import keras

    scale = keras.layers.Rescaling(head.scale, head.offset, name="unit")
    return keras.Model(model.input, scale(model.output), name=model.name)


def _misfit(name: str, does: str, input_shape: Shape, head: Head) -> ModelError:
    scores = "scores" if head.outputs > 1 else "score"
    return ModelError(
        received=f"The network {name!r} {does}.",
        expected=f"pictures {tuple(input_shape)} into {head.outputs} {scores}, "
        f"{_WORDS[head.activation]}.",
        remedy=f"End it with Dense({head.outputs}, activation={head.activation!r}).",
    )

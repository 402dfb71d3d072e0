"""Arrays of a network whose batch normalizations have become part of convolutions.

An `.npz` with a kernel and a bias a convolution, and `graph`: JSON (as uint8) of the
operations in the order in which they run, each with the name of its arrays. Kernels are
as TensorFlow Lite has them, `(out, height, width, in)` and, depthwise, `(1, height,
width, channels)`. In Keras the normalization stays and changes nothing but adds the
bias: mean 0, and a variance that is 1 with its epsilon.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.models.pretrained.base import fill_layer, other_network

Arrays = Mapping[str, NDArray[Any]]


def load_folded(model: Any, path: Path, name: str, *, top: bool) -> None:
    """Fill a Keras network in which each convolution has a normalization behind it.

    Args:
        model: whose convolutions run in the order of the file.
        path: of the `.npz` file.
        name: what a person calls the network.
        top: whether the model ends in a Dense; the file's last operation is then it.
            A score more than the model has is the first: the background.

    Raises:
        ModelError: the file is of another network.
    """
    with np.load(path, allow_pickle=False) as arrays:
        steps = list(_steps(arrays))
    convolutions = _convolutions(model)
    if len(steps) != len(convolutions) + 1:
        reason = f"it holds {len(steps)} operations with weights"
        here = f"there are {len(convolutions) + 1}"
        raise other_network(path, name, reason, here)
    for (layer, norm), (kernel, bias) in zip(convolutions, steps, strict=False):
        # Of both kinds: (1, height, width, channels) has one kernel a channel.
        fill_layer(layer, [kernel.transpose(1, 2, 3, 0)], path, name)
        fill_layer(norm, _unchanging(norm, bias), path, name)
    if top:
        _fill_top(model.layers[-1], *steps[-1], path, name)


def _steps(arrays: Arrays) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    graph = json.loads(arrays["graph"].tobytes())
    for step in graph["ops"]:
        if step.get("w"):
            yield arrays[f"{step['w']}/weight"], arrays[f"{step['w']}/bias"]


def _convolutions(model: Any) -> list[tuple[Any, Any]]:
    kinds = [(type(layer).__name__, layer) for layer in model.layers]
    normal = [layer for kind, layer in kinds if kind == "BatchNormalization"]
    sliding = [layer for kind, layer in kinds if kind in ("Conv2D", "DepthwiseConv2D")]
    return list(zip(sliding, normal, strict=True))


def _unchanging(norm: Any, bias: NDArray[Any]) -> list[NDArray[Any]]:
    ones, zeros = np.ones_like(bias), np.zeros_like(bias)
    return [ones, bias, zeros, ones - np.float32(norm.epsilon)]


def _fill_top(
    layer: Any, kernel: NDArray[Any], bias: NDArray[Any], path: Path, name: str
) -> None:
    kernel = kernel.reshape(len(kernel), -1)
    extra = int(len(kernel) == layer.kernel.shape[-1] + 1)
    fill_layer(layer, [kernel[extra:].T, bias[extra:]], path, name)

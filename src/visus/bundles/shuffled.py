"""A graph whose kernels are stirred: another network of the same form."""

import onnx
from onnx import numpy_helper

from visus.core.seeds import random_generator

# Smaller arrays are biases, shapes and scales of pixels.
LEAST_DIMENSIONS = 2


def shuffled_graph(graph: bytes, seed: int) -> bytes:
    """The graph with the numbers of every kernel in an order drawn by chance.

    Args:
        graph: a serialised ONNX graph.
        seed: another seed gives another order.
    """
    model = onnx.load_model_from_string(graph)
    for number, tensor in enumerate(model.graph.initializer):
        if len(tensor.dims) < LEAST_DIMENSIONS or tensor.data_type != 1:
            continue
        values = numpy_helper.to_array(tensor)
        draws = random_generator(seed, "shuffled-graph", number)
        stirred = draws.permutation(values.reshape(-1)).reshape(values.shape)
        tensor.CopyFrom(numpy_helper.from_array(stirred, tensor.name))
    content: bytes = model.SerializeToString(deterministic=True)
    return content

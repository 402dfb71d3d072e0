"""Pictures in tf.Example messages, as Classify and Regress take them."""

from math import prod
from typing import Any

import numpy as np

from visus.serving.engine import Inputs
from visus.serving.refusals import Refusal, invalid

# The second is what TensorFlow's own image examples call it.
FEATURES = ("images", "image/encoded")


def read_examples(given: Any, shape: tuple[int, ...]) -> Inputs:
    """The pictures of an `Input`: encoded ones, or pixels in a row.

    Args:
        given: the message.
        shape: `(height, width, channels)` that such a row becomes.

    Raises:
        Refusal: there are none, they are of different kinds, or rows do not fit.
    """
    features = [_feature(example) for example in _examples(given)]
    if not features:
        raise invalid("Input is empty.")
    kinds = {_kind(feature) for feature in features}
    if len(kinds) > 1:
        raise _odd(f"examples with {' and '.join(sorted(kinds))}", "one kind for all")
    (kind,) = kinds
    rows = [getattr(feature, kind).value for feature in features]
    if kind == "bytes_list":
        if any(len(row) != 1 for row in rows):
            raise _odd("an example without exactly one picture", "one in each")
        return [row[0] for row in rows]
    lengths = {len(row) for row in rows}
    if lengths != {prod(shape)}:
        shown = " and ".join(map(str, sorted(lengths)))
        raise _odd(f"examples of {shown} values", f"{prod(shape)} values in each")
    values = [np.fromiter(row, np.float32, prod(shape)) for row in rows]
    return np.stack(values).reshape(-1, *shape)


def _examples(given: Any) -> list[Any]:
    if given.HasField("example_list"):
        return list(given.example_list.examples)
    context = given.example_list_with_context.context.features.feature
    examples = list(given.example_list_with_context.examples)
    for example in examples:
        for name, feature in context.items():
            if name not in example.features.feature:
                example.features.feature[name].CopyFrom(feature)
    return examples


def _feature(example: Any) -> Any:
    found = [name for name in FEATURES if name in example.features.feature]
    if not found:
        names = ", ".join(sorted(example.features.feature)) or "none"
        raise _odd(f"an example with the features {names}", " or ".join(FEATURES))
    return example.features.feature[found[0]]


def _kind(feature: Any) -> str:
    for kind in ("bytes_list", "float_list", "int64_list"):
        if feature.HasField(kind):
            return kind
    raise _odd("an empty feature", "a picture or its pixels")


def _odd(received: str, expected: str) -> Refusal:
    return invalid(
        f"The input has {received}.",
        f"{expected}.",
        "Send each picture as an Example whose feature images holds the file's bytes.",
    )

"""Pictures in tf.Example messages, as Classify and Regress take them."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

from visus.serving.engine import Inputs
from visus.serving.refusals import Refusal, invalid

# The second is what TensorFlow's own image examples call it.
FEATURES = ("images", "image/encoded")


def read_examples(
    given: Any, shape: tuple[int, ...], fits: Callable[[int], None]
) -> Inputs:
    """The pictures of an `Input`: encoded ones, or pixels in a row.

    Args:
        given: the message.
        shape: `(height, width, channels)` that such a row becomes.
        fits: refuses too many examples: each may have what all share.

    Raises:
        Refusal: there are none, they are of different kinds, or rows do not fit.
    """
    features = _features(given, fits)
    if not features:
        raise invalid("Input is empty.")
    kinds = {_kind(feature) for feature in features}
    if len(kinds) > 1:
        raise _odd(f"examples with {' and '.join(sorted(kinds))}", "one kind for all")
    (kind,) = kinds
    # What all share is one object, and is read once: each reading copies it.
    rows = {id(feature): getattr(feature, kind).value for feature in features}
    if kind == "bytes_list":
        if any(len(row) != 1 for row in rows.values()):
            raise _odd("an example without exactly one picture", "one in each")
        pictures = {key: row[0] for key, row in rows.items()}
        return [pictures[id(feature)] for feature in features]
    lengths = {len(row) for row in rows.values()}
    if lengths != {prod(shape)}:
        shown = " and ".join(map(str, sorted(lengths)))
        raise _odd(f"examples of {shown} values", f"{prod(shape)} values in each")
    values = {
        key: np.fromiter(row, np.float32, prod(shape)) for key, row in rows.items()
    }
    return np.stack([values[id(f)] for f in features]).reshape(-1, *shape)


def _features(given: Any, fits: Callable[[int], None]) -> list[Any]:
    """The picture of each example, its own or the one that all share."""
    shared: Mapping[str, Any] = {}
    if given.HasField("example_list"):
        examples = given.example_list.examples
    else:
        examples = given.example_list_with_context.examples
        context = given.example_list_with_context.context.features.feature
        shared = {name: context[name] for name in FEATURES if name in context}
    fits(len(examples))
    return [_feature(example.features.feature, shared) for example in examples]


def _feature(own: Mapping[str, Any], shared: Mapping[str, Any]) -> Any:
    for name in FEATURES:
        for features in (own, shared):
            if name in features:
                return features[name]
    names = ", ".join(sorted({*own, *shared})) or "none"
    raise _odd(f"an example with the features {names}", " or ".join(FEATURES))


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

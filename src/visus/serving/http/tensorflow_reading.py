"""What TensorFlow Serving's JSON says: rows, columns and examples to one input.

Our models have one input, `images`: arrays, or encoded pictures as `{"b64": ...}`.
Errors are worded as TensorFlow Serving words them (json_tensor.cc), since clients match
them.
"""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.data.preprocess import PreprocessSpec
from visus.serving.engine import Inputs
from visus.serving.http.json_text import type_name
from visus.serving.refusals import Refusal, invalid, shown
from visus.serving.signature import INPUT, SIGNATURES


def check_signature(document: Mapping[str, Any]) -> None:
    """Refuse a signature name that is no text, or that no model of ours has."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid(
            f"JSON Value: {shown(document)} not formatted correctly. "
            "'signature_name' key must be a string value."
        )
    if name and name not in SIGNATURES:
        words = shown(name)
        raise invalid(f"Serving signature name: {words} not found in signature def")


def read_predict(document: Mapping[str, Any]) -> tuple[Inputs, bool]:
    """The input of a predict request, and whether it came in rows.

    Raises:
        Refusal: it is neither rows nor columns, or their values do not fit together.
    """
    rows, columns = "instances" in document, "inputs" in document
    if rows and columns:
        raise _wrong(
            document,
            "Not formatted correctly expecting only one of 'inputs' or 'instances' "
            "keys to exist ",
        )
    if rows:
        return _read_rows(document), True
    if columns:
        return _read_columns(document["inputs"]), False
    raise invalid("Missing 'inputs' or 'instances' key")


def read_examples(
    document: Mapping[str, Any], spec: PreprocessSpec, fits: Callable[[int], None]
) -> Inputs:
    """The input of a classify or regress request.

    An example's features are flat lists, so an array comes as all its values in order.

    Args:
        document: the request.
        spec: of the model.
        fits: refuses too many examples: each may have what all share.
    """
    examples = document.get("examples")
    if "examples" not in document:
        raise _wrong(
            document,
            "When method is classify, key 'examples' is expected and was not found",
        )
    if not isinstance(examples, list):
        raise _wrong(document, "Expecting 'examples' value to be an list/array")
    if not examples:
        raise _wrong(document, "'examples' value is an empty array")
    fits(len(examples))
    context = document.get("context", {})
    for example in (context, *examples):
        if not isinstance(example, dict):
            raise invalid(
                "Example must be JSON object but got JSON " + type_name(example)
            )
    features = [_feature({**context, **example}) for example in examples]
    if _is_encoded(features[0]):
        # What all share is one object, and is decoded once.
        decoded = {id(value): _decoded(value) for value in _distinct(features)}
        return [decoded[id(value)] for value in features]
    return _flat_images(features, spec)


def _distinct(values: Sequence[Any]) -> Iterable[Any]:
    return {id(value): value for value in values}.values()


def _read_rows(document: Mapping[str, Any]) -> Inputs:
    rows = document["instances"]
    if not isinstance(rows, list):
        raise _wrong(document, "Excepting 'instances' to be an list/array")
    if not rows:
        raise _wrong(document, "No values in 'instances' array")
    if _is_object(rows[0]):
        values = [_named(number, row) for number, row in enumerate(rows)]
    else:
        values = rows
        for number, row in enumerate(rows):
            if _is_object(row):
                raise invalid(
                    "Expecting value/list but got object at item "
                    f"{number} of input list"
                )
    return _read_values(values)


def _read_columns(value: Any) -> Inputs:
    if _is_object(value):
        if INPUT not in value:
            raise invalid(f"Missing named input: {INPUT} in 'inputs' object.")
        value = value[INPUT]
    if _is_encoded(value):
        return [_decoded(value)]
    if not isinstance(value, list) or not value:
        raise invalid(
            f"JSON Value: {shown(value)} Type: {type_name(value)} is not of expected "
            "type: list"
        )
    return _read_values(value)


def _read_values(values: Sequence[Any]) -> Inputs:
    if _is_encoded(values[0]):
        return [_row(number, value, _decoded) for number, value in enumerate(values)]
    try:
        array = np.array(values)
    except ValueError as error:
        raise _ragged(values) from error
    if array.dtype.kind not in "iuf":
        raise _failed(_odd_value(values))
    return array


def _named(number: int, row: Any) -> Any:
    if not _is_object(row):
        raise invalid(f"Expecting object but got list at item {number} of input list")
    for name in row:
        if name != INPUT:
            raise invalid(
                f"Failed to process element: {number} key: {str(name)[:64]} of "
                "'instances' list. Error: INVALID_ARGUMENT: JSON object: does not have "
                f"named input: {str(name)[:64]}"
            )
    if INPUT not in row:
        raise invalid(
            f"Failed to process element: {number} of 'instances' list. JSON object: "
            f"{shown(row)} keys must be equal to: {INPUT}"
        )
    return row[INPUT]


def _row(number: int, value: Any, read: Any) -> Any:
    try:
        return read(value)
    except Refusal as refusal:
        raise _failed((number, refusal.received)) from refusal


def _feature(example: Mapping[str, Any]) -> Any:
    if INPUT not in example:
        raise invalid(
            f"Name: <unknown>, Feature: {INPUT} is required but could not be found."
        )
    value = example[INPUT]
    if isinstance(value, list) and len(value) == 1 and _is_encoded(value[0]):
        return value[0]
    return value


def _flat_images(features: Sequence[Any], spec: PreprocessSpec) -> NDArray[Any]:
    needed = int(np.prod(spec.input_shape))
    for value in features:
        for element in value if isinstance(value, list) else [value]:
            if element is None or isinstance(element, list | dict | str):
                raise invalid(
                    f"Feature: {INPUT} has element with unexpected JSON type: "
                    + type_name(element)
                )
        count = len(value) if isinstance(value, list) else 1
        if count != needed:
            raise invalid(
                f"Key: {INPUT}. Can't parse serialized Example: {count} values, where "
                f"{needed} are needed."
            )
    return np.array(features).reshape(len(features), *spec.input_shape)


def _is_encoded(value: Any) -> bool:
    """An object with the one key b64, and a text there."""
    return (
        isinstance(value, dict)
        and len(value) == 1
        and isinstance(value.get("b64"), str)
    )


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not _is_encoded(value)


def _decoded(value: Any) -> bytes:
    if not _is_encoded(value):
        raise invalid(
            f"JSON Value: {shown(value)} not formatted correctly for base64 data"
        )
    text: str = value["b64"]
    try:
        # The padding may be missing.
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise invalid("Unable to base64 decode") from error


def _ragged(values: Sequence[Any]) -> Refusal:
    """Which element has another shape than the first."""
    first = _shape(values[0])
    for number, value in enumerate(values):
        shape = _shape(value)
        if shape is None:
            return _failed((number, "Encountered list at unexpected size"))
        if shape != first:
            told = [f"[{','.join(map(str, s or ()))}]" for s in (first, shape)]
            return _failed((number, f"Expecting shape {told[0]} but got: {told[1]}"))
    return _failed((0, "Encountered list at unexpected level"))


def _shape(value: Any) -> tuple[int, ...] | None:
    try:
        return np.array(value).shape
    except ValueError:
        return None


def _odd_value(values: Sequence[Any]) -> tuple[int, str]:
    """Where the first value is that is no number, and what is wrong with it."""
    odd_ones = (n for n, v in enumerate(values) if np.array(v).dtype.kind not in "iuf")
    number = next(odd_ones, 0)
    value = values[number]
    while isinstance(value, list) and value:
        odd = (v for v in value if np.array(v).dtype.kind not in "iuf")
        value = next(odd, value[0])
    return number, (
        f"JSON Value: {shown(value)} Type: {type_name(value)} is not of expected type: "
        "uint8"
    )


def _failed(where: tuple[int, str]) -> Refusal:
    number, words = where
    return invalid(
        f"Failed to process element: {number} of 'instances' list. Error: "
        f"INVALID_ARGUMENT: {words}"
    )


def _wrong(document: Mapping[str, Any], words: str) -> Refusal:
    return invalid(f"JSON Value: {shown(document)} {words}")

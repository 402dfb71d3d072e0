"""Tensors of the Open Inference Protocol: JSON lists and little-endian bytes."""

import base64
import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.serving.refusals import invalid, shown

BYTES = "BYTES"
# The protocol's names of the types that NumPy has too.
TYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}


def read_shape(shape: Any, most: int) -> tuple[int, ...]:
    """A tensor's shape, checked before anything is made of that size.

    Raises:
        Refusal: it is no list of counts, or has more elements than a body could hold.
    """
    counts = isinstance(shape, list) and all(
        isinstance(size, int) and not isinstance(size, bool) and size >= 0
        for size in shape
    )
    if not counts or not 0 < len(shape) <= 8:
        raise invalid(
            f"The shape {str(shape)[:100]}.",
            "a list of one to eight counts, none negative.",
            "Send the sizes of the tensor, outermost first.",
        )
    # Python's integers do not overflow: 2**32 times 2**32 is what it is.
    if math.prod(shape) > most:
        raise invalid(
            f"The shape {str(shape)[:100]}.",
            f"at most {most} elements in all.",
            "Send fewer pictures at once.",
        )
    return tuple(shape)


def tensor_from_json(
    datatype: str, shape: tuple[int, ...], data: Any
) -> NDArray[Any] | list[bytes]:
    """A tensor of JSON values, nested or flat, in row-major order.

    BYTES are texts of base64: JSON has no bytes.
    """
    if not isinstance(data, list):
        raise invalid(
            f"data is {shown(data)}.", "a list, nested or flat.", "Send a list."
        )
    if datatype == BYTES:
        return _texts(data, shape)
    quick = _flat_levels(datatype, data)
    if quick is not None and quick.size == math.prod(shape):
        return quick.reshape(shape)
    try:
        array = np.array(data)
    except ValueError as error:
        raise invalid(
            "data has rows of different lengths.",
            f"the shape {list(shape)}.",
            "Mend it.",
        ) from error
    fits = "b" if datatype == "BOOL" else "iuf"
    if array.dtype.kind not in fits:
        raise invalid(
            "data holds a value that is no number.",
            f"values of {datatype}.",
            "Mend it.",
        )
    if array.size != math.prod(shape):
        raise _wrong_count(array.size, shape)
    kind = TYPES[datatype]
    if kind.kind in "iu" and (array.dtype.kind == "f" or _overflows(array, kind)):
        raise invalid(
            "data holds a value that does not fit.",
            f"values of {datatype}.",
            "Mend it.",
        )
    return array.astype(kind).reshape(shape)


def _flat_levels(datatype: str, data: list[Any]) -> NDArray[np.uint8] | None:
    """A flat list of 0 to 255 in a third of the time; `None`: read it the long way."""
    # `bytes` would take truth for 1, which the long way refuses.
    if datatype != "UINT8" or not data or isinstance(data[0], bool):
        return None
    try:
        return np.frombuffer(bytearray(data), np.uint8)
    except (TypeError, ValueError):
        return None


def tensor_from_bytes(
    datatype: str, shape: tuple[int, ...], content: memoryview
) -> NDArray[Any] | list[bytes]:
    """A tensor of bytes; numbers are not copied."""
    if datatype == BYTES:
        return _elements(content, math.prod(shape))
    kind = TYPES[datatype]
    if len(content) != math.prod(shape) * kind.itemsize:
        raise invalid(
            f"{len(content)} bytes for the shape {list(shape)} of {datatype}.",
            f"{math.prod(shape) * kind.itemsize} bytes.",
            "Send the whole tensor, little endian, and its own shape.",
        )
    if datatype == "BOOL":
        return np.frombuffer(content, np.uint8).astype(np.bool_).reshape(shape)
    return np.frombuffer(content, kind).reshape(shape)


def bytes_of(values: Sequence[str]) -> bytes:
    """Texts as a BYTES tensor: each its length in four bytes, then itself."""
    parts = []
    for value in values:
        text = value.encode()
        parts += [struct.pack("<I", len(text)), text]
    return b"".join(parts)


def _texts(data: list[Any], shape: tuple[int, ...]) -> list[bytes]:
    while data and isinstance(data[0], list):
        if not all(isinstance(part, list) for part in data):
            raise _wrong_count(len(data), shape)
        data = [value for part in data for value in part]
    if len(data) != math.prod(shape):
        raise _wrong_count(len(data), shape)
    return [_decoded(value) for value in data]


def _decoded(value: Any) -> bytes:
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except ValueError:
            pass
    raise invalid(
        f"{shown(value)[:64]} is no base64.",
        "the bytes of a picture file as base64.",
        "Encode them, or send a binary tensor.",
    )


def _elements(content: memoryview, count: int) -> list[bytes]:
    elements: list[bytes] = []
    place = 0
    while place < len(content) and len(elements) < count:
        length = int.from_bytes(content[place : place + 4], "little")
        element = bytes(content[place + 4 : place + 4 + length])
        if len(element) != length or len(content) - place < 4:
            break
        elements.append(element)
        place += 4 + length
    if place != len(content) or len(elements) != count:
        raise invalid(
            "The bytes are no BYTES tensor of that shape.",
            f"{count} elements, each its length in four bytes and then itself.",
            "Send every element with its length.",
        )
    return elements


def _overflows(array: NDArray[Any], kind: np.dtype[Any]) -> bool:
    if not array.size:
        return False
    limits = np.iinfo(kind)
    return bool(int(array.min()) < limits.min or int(array.max()) > limits.max)


def _wrong_count(count: int, shape: tuple[int, ...]) -> Exception:
    return invalid(
        f"{count} values for the shape {list(shape)}.",
        f"{math.prod(shape)} values.",
        "Send all values of the tensor, and its own shape.",
    )

"""Tensors of the Open Inference Protocol's messages to and from NumPy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.serving.grpc.shapes import read_shape, shaped
from visus.serving.refusals import Refusal, invalid


@dataclass(frozen=True)
class Datatype:
    """How one of the protocol's types is written.

    Args:
        dtype: NumPy's; `object` for bytes.
        field: of `InferTensorContents`; `None`: only raw.
    """

    dtype: str
    field: str | None


DATATYPES = {
    "BOOL": Datatype("bool", "bool_contents"),
    "UINT8": Datatype("uint8", "uint_contents"),
    "UINT16": Datatype("uint16", "uint_contents"),
    "UINT32": Datatype("uint32", "uint_contents"),
    "UINT64": Datatype("uint64", "uint64_contents"),
    "INT8": Datatype("int8", "int_contents"),
    "INT16": Datatype("int16", "int_contents"),
    "INT32": Datatype("int32", "int_contents"),
    "INT64": Datatype("int64", "int64_contents"),
    "FP16": Datatype("float16", None),
    "FP32": Datatype("float32", "fp32_contents"),
    "FP64": Datatype("float64", "fp64_contents"),
    "BYTES": Datatype("object", "bytes_contents"),
}


def read_input(tensor: Any, raw: bytes | None) -> NDArray[Any]:
    """The values of an `InferInputTensor`, of any numeric type, or bytes as objects.

    Args:
        tensor: the message.
        raw: its values as bytes, where the request has them so; `None`: they are in
            the message.

    Raises:
        Refusal: an unknown type, an impossible shape, or values that do not fit it.
    """
    kind = DATATYPES.get(tensor.datatype)
    if kind is None:
        raise _odd(
            tensor.name, f"the datatype {tensor.datatype!r}", ", ".join(DATATYPES)
        )
    shape = read_shape(tensor.name, tensor.shape)
    values = _typed(tensor, kind) if raw is None else _raw(tensor.name, raw, kind)
    return shaped(tensor.name, values, shape)


def write_contents(values: NDArray[Any], tensor: Any) -> None:
    """Put values into an `InferOutputTensor` in the field of its datatype."""
    field = DATATYPES[tensor.datatype].field
    getattr(tensor.contents, str(field)).extend(values.ravel().tolist())


def as_raw(values: NDArray[Any]) -> bytes:
    """Values as bytes, little endian, row by row; bytes each after their length."""
    if values.dtype != object:
        return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    parts = (len(value).to_bytes(4, "little") + value for value in values.ravel())
    return b"".join(parts)


def _typed(tensor: Any, kind: Datatype) -> NDArray[Any]:
    if kind.field is None:
        raise _odd(
            tensor.name, f"typed contents of {tensor.datatype}", "raw_input_contents"
        )
    sent = getattr(tensor.contents, kind.field)
    if kind.dtype == "object":
        return _objects(list(sent))
    try:
        return np.fromiter(sent, kind.dtype, len(sent))
    except OverflowError as error:
        raise _odd(
            tensor.name, f"a value that is no {tensor.datatype}", "values of its type"
        ) from error


def _raw(name: str, raw: bytes, kind: Datatype) -> NDArray[Any]:
    if kind.dtype == "object":
        return _objects(_lengths_and_bytes(name, raw))
    dtype = np.dtype(kind.dtype).newbyteorder("<")
    if len(raw) % dtype.itemsize:
        raise _odd(name, f"{len(raw):,} bytes", f"a multiple of {dtype.itemsize}")
    return np.frombuffer(raw, dtype)


def _lengths_and_bytes(name: str, raw: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(raw):
        start = at + 4
        at = start + int.from_bytes(raw[at:start], "little")
        if start > len(raw) or at > len(raw):
            raise _odd(name, "an element that ends behind its end", "whole elements")
        found.append(raw[start:at])
    return found


def _objects(values: list[bytes]) -> NDArray[Any]:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _odd(name: str, received: str, expected: str) -> Refusal:
    return invalid(
        f"The input {name!r} has {received}.",
        f"{expected}.",
        "Send datatype, shape and contents that fit each other.",
    )

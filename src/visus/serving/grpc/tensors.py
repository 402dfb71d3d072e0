"""Tensors of TensorFlow's messages to and from NumPy."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.serving.engine import Inputs
from visus.serving.grpc.messages import message_class
from visus.serving.grpc.shapes import read_shape, shaped
from visus.serving.refusals import invalid

TensorProto = message_class("TensorProto")
# A few bytes of a sender must not take gigabytes of memory.
MOST_FILLED = 2**22


@dataclass(frozen=True)
class DataType:
    """How one of TensorFlow's types is written.

    Args:
        number: of the enumeration `DataType`.
        name: of the same.
        dtype: NumPy's; `object` for bytes, which are pictures.
        field: where a `TensorProto` has values of it.
    """

    number: int
    name: str
    dtype: str
    field: str


DATA_TYPES = (
    DataType(1, "DT_FLOAT", "float32", "float_val"),
    DataType(2, "DT_DOUBLE", "float64", "double_val"),
    DataType(3, "DT_INT32", "int32", "int_val"),
    DataType(4, "DT_UINT8", "uint8", "int_val"),
    DataType(5, "DT_INT16", "int16", "int_val"),
    DataType(6, "DT_INT8", "int8", "int_val"),
    DataType(7, "DT_STRING", "object", "string_val"),
    DataType(9, "DT_INT64", "int64", "int64_val"),
    DataType(10, "DT_BOOL", "bool", "bool_val"),
    DataType(17, "DT_UINT16", "uint16", "int_val"),
    DataType(19, "DT_HALF", "float16", "half_val"),
    DataType(22, "DT_UINT32", "uint32", "uint32_val"),
    DataType(23, "DT_UINT64", "uint64", "uint64_val"),
)
BY_NUMBER = {known.number: known for known in DATA_TYPES}
BY_DTYPE = {known.dtype: known for known in DATA_TYPES}


def read_tensor(name: str, tensor: Any) -> Inputs:
    """The values of a `TensorProto`: numbers of any type, or encoded pictures.

    Values come as bytes (`tensor_content`) or in the field of their type, where the
    last value stands for all that are missing, as TensorFlow has it.

    Args:
        name: of the input, for errors.
        tensor: the message.

    Raises:
        Refusal: an unknown type, an impossible shape, or values that do not fit it.
    """
    kind = BY_NUMBER.get(tensor.dtype)
    if kind is None:
        names = ", ".join(known.name for known in DATA_TYPES)
        raise invalid(
            f"The input {name!r} has the type number {tensor.dtype}.",
            f"one of {names}.",
            "Send pixels as DT_UINT8 or DT_FLOAT, pictures as DT_STRING.",
        )
    sizes = (dim.size for dim in tensor.tensor_shape.dim)
    shape = read_shape(name, (-1,) if tensor.tensor_shape.unknown_rank else sizes)
    if tensor.tensor_content:
        return shaped(name, _content(name, tensor, kind), shape)
    if kind.name == "DT_STRING":
        return list(tensor.string_val)
    values = _values(name, tensor, kind)
    if 0 < len(values) < prod(shape) <= MOST_FILLED:
        values = np.pad(values, (0, prod(shape) - len(values)), mode="edge")
    return shaped(name, values, shape)


def write_tensor(values: NDArray[np.float32]) -> Any:
    """A `TensorProto` with the values in the field of their type, as servers answer."""
    kind = BY_DTYPE[values.dtype.name]
    tensor = TensorProto(dtype=kind.number)
    for size in values.shape:
        tensor.tensor_shape.dim.add(size=size)
    getattr(tensor, kind.field).extend(values.ravel().tolist())
    return tensor


def _content(name: str, tensor: Any, kind: DataType) -> NDArray[Any]:
    content = tensor.tensor_content
    size = 0 if kind.dtype == "object" else np.dtype(kind.dtype).itemsize
    if not size or len(content) % size:
        raise invalid(
            f"The input {name!r} has {len(content):,} bytes of {kind.name}.",
            "whole values of a numeric type in tensor_content.",
            "Put pictures into string_val, and numbers whole into tensor_content.",
        )
    return np.frombuffer(content, np.dtype(kind.dtype).newbyteorder("<"))


def _values(name: str, tensor: Any, kind: DataType) -> NDArray[Any]:
    sent = getattr(tensor, kind.field)
    # A half float comes as its bits, which are a whole number.
    half = kind.dtype == "float16"
    try:
        values = np.fromiter(sent, np.uint16 if half else kind.dtype, len(sent))
    except OverflowError as error:
        raise invalid(
            f"The input {name!r} has a value that is no {kind.name}.",
            "values of its type.",
            "Send another type, or other values.",
        ) from error
    return values.view(np.float16) if half else values

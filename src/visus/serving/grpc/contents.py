"""Tensors of the Open Inference Protocol's messages, as inputs of the engine."""

from typing import Any

import numpy as np

from visus.serving.engine import Inputs
from visus.serving.grpc.shapes import read_shape, shaped
from visus.serving.refusals import Refusal, invalid
from visus.serving.tensors import BYTES, TYPES, tensor_from_bytes

# Where typed values of a datatype stand in a message; FP16 has no such place.
FIELDS = {
    "BOOL": "bool_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    BYTES: "bytes_contents",
}


def read_input(tensor: Any, raw: bytes | None) -> Inputs:
    """The values of an `InferInputTensor`: numbers of any type, or encoded pictures.

    Args:
        tensor: the message.
        raw: its values as bytes, where the request has them so; `None`: they are in
            the message.

    Raises:
        Refusal: an unknown type, an impossible shape, or values that do not fit it.
    """
    if tensor.datatype not in TYPES and tensor.datatype != BYTES:
        allowed = ", ".join((*TYPES, BYTES))
        raise _odd(tensor.name, f"the datatype {tensor.datatype!r}", allowed)
    shape = read_shape(tensor.name, tensor.shape)
    if raw is not None:
        return tensor_from_bytes(tensor.datatype, shape, memoryview(raw))
    field = FIELDS.get(tensor.datatype)
    if field is None:
        raise _odd(tensor.name, "typed contents of FP16", "raw_input_contents")
    sent = getattr(tensor.contents, field)
    if tensor.datatype == BYTES:
        return list(sent)
    try:
        values = np.fromiter(sent, TYPES[tensor.datatype], len(sent))
    except OverflowError as error:
        received = f"a value that is no {tensor.datatype}"
        raise _odd(tensor.name, received, "values of its datatype") from error
    return shaped(tensor.name, values, shape)


def _odd(name: str, received: str, expected: str) -> Refusal:
    return invalid(
        f"The input {name!r} has {received}.",
        f"{expected}.",
        "Send datatype, shape and contents that fit each other.",
    )

"""What an inference request of the Open Inference Protocol says."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from visus.data.decode.signatures import START_BYTES, read_format
from visus.serving.config import HttpConfig
from visus.serving.engine import Inputs
from visus.serving.http.exchange import Request
from visus.serving.http.json_text import parse_object
from visus.serving.refusals import Refusal, invalid, shown
from visus.serving.served import Served
from visus.serving.signature import INPUT, OUTPUT, takes_pixels
from visus.serving.tensors import (
    BYTES,
    TYPES,
    read_shape,
    tensor_from_bytes,
    tensor_from_json,
)

HEADER = b"inference-header-content-length"
# Formats whose first bytes no tensor of pixels is likely to have.
_SURE_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIC")


@dataclass(frozen=True)
class Asked:
    """An inference request, read.

    Args:
        inputs: images or encoded pictures.
        id: of the request, given back; `None`: it has none.
        binary: whether the scores are wanted as bytes.
        classes: so many best classes instead of all scores; 0: the scores.
        deadline_seconds: that the client set, if any.
    """

    inputs: Inputs
    id: str | None = None
    binary: bool = False
    classes: int = 0
    deadline_seconds: float | None = None


def read_inference(request: Request, served: Served, config: HttpConfig) -> Asked:
    """Read a request, with or without binary tensors.

    Raises:
        Refusal: it does not follow the protocol, or has not our one input.
    """
    length = request.header(HEADER)
    if not length:
        text, rest = request.body, memoryview(b"")
    else:
        text, rest = _parts(request.body, length)
        if not text:
            return Asked(_raw(rest, served), binary=True)
    document = parse_object(text, config.max_brackets)
    inputs = document.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(i, dict) for i in inputs):
        raise invalid(
            "No list of inputs.", f"inputs with one tensor, {INPUT}.", "Add it."
        )
    names = [tensor.get("name") for tensor in inputs]
    if names != [INPUT]:
        raise invalid(
            f"Inputs named {shown(names)[:100] if not names else _told(names)}.",
            f"one, named {INPUT}.",
            "See the metadata of the model.",
        )
    parameters = _parameters(document)
    wanted = _output(document, parameters)
    return Asked(
        inputs=_tensor(inputs[0], rest, config.max_body_bytes),
        id=_id(document),
        binary=wanted[0],
        classes=wanted[1],
        deadline_seconds=_deadline(parameters),
    )


def _parts(body: bytes, length: str) -> tuple[bytes, memoryview]:
    if not length.isdecimal() or len(length) > 19 or int(length) > len(body):
        raise invalid(
            f"Inference-Header-Content-Length {length[:32]}.",
            f"the length of the JSON part, at most {len(body)}.",
            "Send how many bytes come before the tensors.",
        )
    size = int(length)
    return body[:size], memoryview(body)[size:]


def _raw(content: memoryview, served: Served) -> Inputs:
    """A body that is nothing but the input: a picture file, or pixels."""
    if not content:
        raise invalid("An empty body.", "a picture, or pixels.", "Send one.")
    one = math.prod(served.spec.input_shape)
    known = read_format(bytes(content[:START_BYTES])) in _SURE_FORMATS
    if known or not takes_pixels(served) or len(content) % one:
        return [bytes(content)]
    return np.frombuffer(content, np.uint8).reshape(-1, *served.spec.input_shape)


def _tensor(tensor: Mapping[str, Any], rest: memoryview, most: int) -> Inputs:
    datatype = tensor.get("datatype")
    if not isinstance(datatype, str) or datatype not in (BYTES, *TYPES):
        raise invalid(
            f"The datatype {shown(datatype)}.",
            f"one of {', '.join(TYPES)}, {BYTES}.",
            "See the metadata of the model.",
        )
    shape = read_shape(tensor.get("shape"), most)
    size = _parameters(tensor).get("binary_data_size")
    if size is None:
        if rest:
            raise _loose_bytes(len(rest))
        if "data" not in tensor:
            raise invalid("An input without data.", "data.", "Send its values.")
        return tensor_from_json(datatype, shape, tensor["data"])
    if not isinstance(size, int) or size != len(rest) or "data" in tensor:
        raise _loose_bytes(len(rest), size)
    return tensor_from_bytes(datatype, shape, rest)


def _output(
    document: Mapping[str, Any], parameters: Mapping[str, Any]
) -> tuple[bool, int]:
    """Whether as bytes, and how many classes."""
    binary = parameters.get("binary_data_output") is True
    outputs = document.get("outputs")
    if not outputs:
        return binary, 0
    listed = isinstance(outputs, list) and all(isinstance(o, dict) for o in outputs)
    names = [output.get("name") for output in outputs] if listed else []
    if names != [OUTPUT]:
        raise invalid(
            f"Outputs named {_told(names)}.",
            f"one, named {OUTPUT}.",
            "See the metadata of the model, or leave outputs out.",
        )
    own = _parameters(outputs[0])
    classes = own.get("classification", 0)
    if not isinstance(classes, int) or isinstance(classes, bool) or classes < 0:
        raise invalid(
            f"classification {shown(classes)}.", "how many classes.", "Send a count."
        )
    return own.get("binary_data", binary) is True, classes


def _parameters(part: Mapping[str, Any]) -> Mapping[str, Any]:
    parameters = part.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise invalid(
            f"parameters {shown(parameters)}.", "an object.", "Leave them out."
        )
    return parameters


def _id(document: Mapping[str, Any]) -> str | None:
    own = document.get("id")
    if own is None or (isinstance(own, str) and _is_text(own)):
        return own
    raise invalid(f"The id {shown(own)}.", "a text.", "Send it as a text.")


def _is_text(text: str) -> bool:
    """Half of a surrogate pair can be read, but not be written again."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _deadline(parameters: Mapping[str, Any]) -> float | None:
    timeout = parameters.get("timeout")
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, int) or timeout < 0:
        raise invalid(f"timeout {shown(timeout)}.", "microseconds.", "Leave it out.")
    # Triton's meaning: 0 is no timeout of the request's own.
    return min(timeout, 10**12) / 1e6 if timeout else None


def _told(names: list[Any]) -> str:
    return ", ".join(shown(name)[:64] for name in names[:4]) or "nothing"


def _loose_bytes(count: int, size: Any = None) -> Refusal:
    return invalid(
        f"{count} bytes after the JSON part"
        + (f" and binary_data_size {shown(size)}." if size is not None else "."),
        "as many bytes as binary_data_size says, and no data beside them.",
        "Send the tensor either as data or as bytes.",
    )

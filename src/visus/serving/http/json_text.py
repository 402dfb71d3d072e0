"""JSON as TensorFlow Serving reads and writes it: quick, and with NaN and Infinity.

orjson is ten times as fast as the standard library and knows no NaN. What it refuses is
read again by the standard library, which takes the three bare words, stops after the
document as TensorFlow Serving does, and says where an error is.
"""

import json
import math
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from visus.serving.refusals import MOST_SHOWN, Refusal, invalid, readable, shown

_DECODER = json.JSONDecoder()
_SPACE = b" \t\r\n"
# orjson holds Python's lock for about a millisecond to write so many numbers.
_PIECE = 2**14


def parse_json(body: bytes, max_brackets: int) -> Any:
    """The value of a JSON text.

    Raises:
        Refusal: it is none, is nested too deeply, or has too many lists.
    """
    if not body.strip(_SPACE):
        raise invalid("JSON Parse error: The document is empty")
    # Each list takes a hundred bytes of memory: ten million of them fit into a body.
    brackets = body.count(b"[") + body.count(b"{")
    if brackets > max_brackets:
        raise invalid(
            f"JSON with {brackets} lists and objects.",
            f"at most {max_brackets}.",
            "Send fewer pictures at once, files as b64, or binary tensors.",
        )
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _parsed_slowly(body)


def parse_object(body: bytes, max_brackets: int) -> dict[str, Any]:
    """The same where an object is expected."""
    value = parse_json(body, max_brackets)
    if not isinstance(value, dict):
        raise invalid(f"JSON Value: {shown(value)} Is not object")
    return value


def dump_json(value: Any) -> bytes:
    """JSON text of plain values and NumPy arrays; floats as short as they can be."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:
        # A class may be called by half of a surrogate pair; only an escape writes that.
        return json.dumps(value, default=_plain).encode()


def dump_scores(key: str, scores: NDArray[np.float32]) -> bytes:
    """`{key: scores}`, also where a score is not finite."""
    if np.isfinite(scores).all():
        written = in_pieces(scores)
        return orjson.dumps({key: written}, option=orjson.OPT_SERIALIZE_NUMPY)
    return json.dumps({key: plain_floats(scores)}).encode()


def dump_floats(value: Any, floats: NDArray[np.float32]) -> bytes:
    """A value that holds these floats among others, also where one is not finite."""
    if np.isfinite(floats).all():
        return dump_json(value)
    return json.dumps(value).encode()


def in_pieces(floats: NDArray[np.float32]) -> Any:
    """What `dump_json` writes as these floats: many of them were written in pieces.

    Between two, other threads of the server have their turn.
    """
    floats = np.ascontiguousarray(floats)
    if floats.size <= _PIECE:
        return floats
    rows = max(1, _PIECE // math.prod(floats.shape[1:]))
    pieces = (floats[first : first + rows] for first in range(0, len(floats), rows))
    written = (orjson.dumps(p, option=orjson.OPT_SERIALIZE_NUMPY) for p in pieces)
    # Each without its own brackets.
    return orjson.Fragment(b"[" + b",".join(part[1:-1] for part in written) + b"]")


def plain_floats(scores: NDArray[np.float32]) -> list[Any]:
    """Nested lists of floats, each as short as its float32 allows."""
    shortest = [float(str(number)) for number in scores.ravel()]
    nested: list[Any] = np.array(shortest).reshape(scores.shape).tolist()
    return nested


def type_name(value: Any) -> str:
    """What RapidJSON calls the type of a value."""
    names = {str: "String", list: "Array", dict: "Object", type(None): "Null"}
    if isinstance(value, bool):
        return str(value)
    return names.get(type(value), "Number")


def _plain(value: Any) -> Any:
    """What the standard library can write of what orjson can."""
    if isinstance(value, orjson.Fragment):
        return json.loads(orjson.dumps(value))
    return plain_floats(value)


def _parsed_slowly(body: bytes) -> Any:
    try:
        text = body.decode("utf-8").lstrip("\ufeff \t\r\n")
        value, _ = _DECODER.raw_decode(text)
    except UnicodeDecodeError as error:
        raise invalid(
            f"JSON Parse error: Invalid encoding in string. at offset: {error.start}"
        ) from error
    except json.JSONDecodeError as error:
        raise invalid(
            f"JSON Parse error: {error.msg} at offset: {error.pos}"
        ) from error
    except RecursionError as error:
        raise invalid("JSON Parse error: Nested too deeply.") from error
    except ValueError as error:
        raise invalid(f"JSON Parse error: {error}"[:MOST_SHOWN]) from error
    return value


def refused(refusal: Refusal) -> bytes:
    """The body that both machine protocols give an error."""
    return orjson.dumps({"error": readable(refusal.words)})

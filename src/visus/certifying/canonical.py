"""The bytes that are signed: one way to write a value, whoever writes it.

RFC 8785, "JSON Canonicalization Scheme": keys sorted, no spaces, numbers as ECMAScript
writes them. So a certificate may be indented or sent through another program, and the
signature still holds; and no two values have the same bytes.
"""

import json
import math
from typing import Any, NoReturn

import rfc8785


def canonical(value: Any) -> bytes:
    """The RFC 8785 form of plain data.

    Raises:
        ValueError: it holds a number that JSON has no form for, or half a character.

    Example:
        >>> canonical({"b": 1.0, "a": [1e-7, "x"]})
        b'{"a":[1e-7,"x"],"b":1}'
    """
    return rfc8785.dumps(value)


def signable(value: Any) -> Any:
    """Plain data without what has no canonical form: such numbers become `None`.

    Names of files and classes come from outside, and may hold half a character.
    """
    if isinstance(value, dict):
        return {signable(str(key)): signable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [signable(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def read_strictly(text: str) -> Any:
    """JSON in which nothing can be read in two ways.

    Raises:
        ValueError: it is no JSON, names a key twice, has numbers that JSON has not, or
            is nested too deeply.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_without_twins, parse_constant=_refused
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it has one key twice")
    return found


def _refused(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")

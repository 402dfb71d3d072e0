"""JSON from outside, checked against a type before anybody uses it.

Pydantic's parser bounds the nesting, refuses text that is no UTF-8, and checks every
type; Python's own would recurse, and leave the checking to each reader.
"""

from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from visus.core.errors import DataError

T = TypeVar("T")


def checked_json(kind: type[T], content: bytes | str, where: str) -> T:
    """Parse JSON as `kind`.

    Raises:
        DataError: it is no JSON, or not of that type; the first fault is named.
    """
    try:
        found: T = _adapter(cast(Any, kind)).validate_json(content)
        return found
    except ValidationError as error:
        raise _refusal(error, where) from error


def checked_value(kind: Any, value: Any, where: str) -> Any:
    """The same for a value that is parsed already."""
    try:
        return _adapter(kind).validate_python(value)
    except ValidationError as error:
        raise _refusal(error, where) from error


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    # Building one takes longer than checking a row; there are as many as our types.
    return TypeAdapter(kind)


def _refusal(error: ValidationError, where: str) -> DataError:
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(map(str, first["loc"]))
    given = repr(first["input"])
    shown = f" ({given[:60]})" if first["type"] != "json_invalid" else ""
    return DataError(
        received=f"{where}{': ' if place else ''}{place}: {first['msg']}{shown}.",
        expected="JSON of the form that docs/sources.md shows.",
        remedy="Export it again, or correct that place.",
    )

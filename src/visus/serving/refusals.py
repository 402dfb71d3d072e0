"""How a server says no: one code that every protocol translates, and plain words."""

import json
from enum import IntEnum
from typing import Any

from visus.core.errors import VisusError

# As much of what was sent as an error repeats.
MOST_SHOWN = 256


class Code(IntEnum):
    """The canonical codes; the numbers are gRPC's (google.rpc.Code)."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


# TensorFlow Serving's own table (http_rest_api_util.cc).
HTTP_STATUS = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
    Code.UNAUTHENTICATED: 401,
}


class Refusal(VisusError):
    """A request that is not answered, and why.

    Args:
        code: for gRPC as it is, for HTTP through `HTTP_STATUS`.
        received: what was wrong; where a protocol prescribes the sentence, that one.
        expected: what would have been right; empty with a prescribed sentence.
        remedy: what to do now; empty with a prescribed sentence.
        status: the HTTP status, where it is more exact than the code's.
        retry_after_seconds: when to ask again, where waiting helps.
    """

    def __init__(
        self,
        code: Code,
        received: str,
        expected: str = "",
        remedy: str = "",
        *,
        status: int | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(received, expected, remedy)
        self.code = code
        self.status = status or HTTP_STATUS[code]
        self.retry_after_seconds = retry_after_seconds

    @property
    def words(self) -> str:
        """One line for protocols that have room for one."""
        parts = [self.received]
        if self.expected:
            parts.append(f"Expected: {self.expected}")
        if self.remedy:
            parts.append(f"To mend it: {self.remedy}")
        return " ".join(parts)

    def __str__(self) -> str:
        return self.words

    def to_json(self) -> dict[str, Any]:
        """The three fields, and the code's name."""
        return {
            "error": self.received,
            "expected": self.expected,
            "remedy": self.remedy,
            "code": self.code.name,
        }


def invalid(received: str, expected: str = "", remedy: str = "") -> Refusal:
    """The request itself is wrong."""
    return Refusal(Code.INVALID_ARGUMENT, received, expected, remedy)


def not_found(received: str) -> Refusal:
    """What it asks for is not here."""
    return Refusal(Code.NOT_FOUND, received)


def overloaded(waiting: int, room: int) -> Refusal:
    """The queue is full."""
    return Refusal(
        Code.UNAVAILABLE,
        received=f"{waiting} pictures wait already.",
        expected=f"at most {room}.",
        remedy="Ask again in a second.",
        retry_after_seconds=1,
    )


def too_late(seconds: float) -> Refusal:
    """The deadline passed before there was an answer."""
    return Refusal(
        Code.DEADLINE_EXCEEDED,
        received=f"There was no answer within {seconds:g} seconds.",
        expected="a server that is less busy, or a longer deadline.",
        remedy="Ask again, with fewer pictures at once.",
    )


def readable(text: str) -> str:
    """The text, with what no protocol can write (half of a surrogate pair) escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def shown(value: Any) -> str:
    """A value in an error message, cut."""
    if isinstance(value, list | dict):
        # Writing all of a large value only to cut it would be an attack.
        return "[...]" if isinstance(value, list) else "{...}"
    return json.dumps(value, default=str)[:MOST_SHOWN]

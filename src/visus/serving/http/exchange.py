"""Exchange: a request as its protocol sees it, and what it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

import orjson

from visus.serving.refusals import Code, Refusal
from visus.serving.request_ids import request_id

JSON = b"application/json"


class Request:
    """What came in.

    Args:
        scope: as ASGI gives it.
        body: whole, unpacked, within its limit.
    """

    def __init__(self, scope: Mapping[str, Any], body: bytes = b"") -> None:
        self.scope = scope
        self.body = body
        self.model = ""
        self.version = ""
        self.protocol = "http"
        self.method = "other"
        self.pictures = 0

    @property
    def verb(self) -> str:
        """GET, POST and so on."""
        verb: str = self.scope["method"]
        return verb

    @cached_property
    def path(self) -> str:
        """As it was sent, escapes included."""
        raw: bytes = self.scope["raw_path"]
        return raw.decode("latin-1")

    @cached_property
    def headers(self) -> dict[bytes, bytes]:
        """By lower-case name; the first of several counts."""
        headers: dict[bytes, bytes] = {}
        for name, value in self.scope["headers"]:
            headers.setdefault(name, value)
        return headers

    def header(self, name: bytes) -> str:
        """One header as text; empty when it was not sent."""
        return self.headers.get(name, b"").decode("latin-1")

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """What follows the question mark."""
        text = self.scope["query_string"].decode("latin-1")
        try:
            return parse_qs(text, max_num_fields=64)
        except ValueError:
            return {}

    @cached_property
    def id(self) -> str:
        """The sender's own id, where it is fit for a log; else a new one."""
        return request_id(self.header(b"x-request-id"))


@dataclass
class Response:
    """What goes out.

    Args:
        body: whole.
        status: of HTTP.
        kind: the content type.
        headers: further ones.
        code: how it ended, for metrics and the log.
    """

    body: bytes
    status: int = 200
    kind: bytes = JSON
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    code: Code = Code.OK


def refusal_headers(refusal: Refusal) -> list[tuple[bytes, bytes]]:
    """What HTTP says beside the body."""
    headers = []
    if refusal.retry_after_seconds is not None:
        headers.append((b"retry-after", str(refusal.retry_after_seconds).encode()))
    if refusal.code == Code.UNAUTHENTICATED:
        headers.append((b"www-authenticate", b"Bearer"))
    return headers


def ready_response(ready: bool, told: dict[str, Any]) -> Response:
    """Whether something can be asked; clients look at the status alone."""
    body = orjson.dumps({**told, "ready": ready})
    if ready:
        return Response(body)
    return Response(body, 503, code=Code.UNAVAILABLE)


def wrong_verb(allowed: str) -> Refusal:
    """The path is right, the verb is not."""
    return Refusal(
        Code.UNIMPLEMENTED,
        "This path does not take that method.",
        f"{allowed}.",
        f"Send a {allowed} request.",
        status=405,
    )


def no_such_path(path: str) -> Refusal:
    """Nothing is there."""
    return Refusal(
        Code.NOT_FOUND,
        f"There is nothing at {path[:100]}.",
        "a path that /openapi.json describes.",
        "See /openapi.json.",
    )

"""Pages of other origins that may read answers in a browser (the Fetch standard, CORS).

Off unless origins are named. Cookies play no part: keys travel in headers, which a page
must have been given.
"""

from collections.abc import Sequence

from visus.serving.http.exchange import Request, Response
from visus.serving.refusals import Code, Refusal

ANY = "*"
_METHODS = b"GET, POST"
# What clients of our protocols send, and may read beside the body.
_SENT = (
    b"authorization, content-encoding, content-type, inference-header-content-length, "
    b"x-api-key, x-request-id"
)
_READ = b"inference-header-content-length, retry-after, x-request-id"
_REMEMBERED_SECONDS = b"600"


class Cors:
    """Says which pages may ask.

    Args:
        origins: such as "https://a.example"; "*": all of them.
    """

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)

    def headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        """What goes with the answer to this request, whatever the answer is."""
        if not self._origins:
            return []
        if ANY in self._origins:
            found = [(b"access-control-allow-origin", b"*")]
        elif request.header(b"origin") in self._origins:
            origin = request.headers[b"origin"]
            found = [(b"access-control-allow-origin", origin), (b"vary", b"origin")]
        else:
            # A cache must not give this answer to a page that may read it.
            return [(b"vary", b"origin")]
        return [*found, (b"access-control-expose-headers", _READ)]

    def preflight(self, request: Request) -> Response | None:
        """The answer to a browser that asks first; `None`: it is no such request.

        Raises:
            Refusal: pages of that origin may not ask.
        """
        asks = request.verb == "OPTIONS" and request.header(
            b"access-control-request-method"
        )
        if not self._origins or not asks:
            return None
        request.method = "preflight"
        if not self._origins & {ANY, request.header(b"origin")}:
            raise Refusal(
                Code.PERMISSION_DENIED,
                f"A page of {request.header(b'origin')[:200]}.",
                "one of an origin that this server was started with.",
                "Ask whoever runs it, or start it with --cors ORIGIN.",
            )
        return Response(
            b"",
            status=204,
            headers=[
                (b"access-control-allow-methods", _METHODS),
                (b"access-control-allow-headers", _SENT),
                (b"access-control-max-age", _REMEMBERED_SECONDS),
            ],
        )

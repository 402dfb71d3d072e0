"""The page at /, on which a person drops a picture. It loads nothing from elsewhere."""

from functools import cached_property
from pathlib import Path

from visus.serving.http.exchange import Request, Response, wrong_verb

ASSETS = Path(__file__).with_name("assets")
_FILES = {
    "/": ("page.html", b"text/html; charset=utf-8"),
    "/assets/page.css": ("page.css", b"text/css; charset=utf-8"),
    "/assets/page.js": ("page.js", b"text/javascript; charset=utf-8"),
}
# Nothing but these files runs, and the page may talk to this server only.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src blob: data:; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
]


class Page:
    """Answers / and what the page needs."""

    @cached_property
    def _contents(self) -> dict[str, bytes]:
        return {
            path: (ASSETS / name).read_bytes() for path, (name, _) in _FILES.items()
        }

    def answer(self, request: Request) -> Response | None:
        """The page or one of its parts; `None` for another path."""
        path = request.path
        if path not in _FILES:
            return None
        request.method = "page"
        if request.verb not in ("GET", "HEAD"):
            raise wrong_verb("GET")
        kind = _FILES[path][1]
        return Response(self._contents[path], kind=kind, headers=list(_HEADERS))

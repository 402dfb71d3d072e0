"""POST /predict: a picture file or several, answered for people."""

from collections.abc import Sequence
from typing import Any

from visus.serving.config import HttpConfig
from visus.serving.engine import Engine, Reply
from visus.serving.fetchers import Fetchers
from visus.serving.http.exchange import Request, Response, wrong_verb
from visus.serving.http.forms import read_files
from visus.serving.http.json_text import dump_floats, parse_object
from visus.serving.offloading import in_thread_if_large
from visus.serving.refusals import Refusal, invalid, shown
from visus.serving.versions import MOST_VERSION, Wanted

PROTOCOL = "pictures"
# Of more classes than that, only the best are told unless all are asked for.
MANY_CLASSES = 20
FEW = 5
MOST_URLS = 16


class Pictures:
    """Answers /predict.

    Args:
        engine: the models.
        config: limits, and whether addresses are fetched.
        fetchers: fetch them.
    """

    def __init__(self, engine: Engine, config: HttpConfig, fetchers: Fetchers) -> None:
        self._engine = engine
        self._config = config
        self._fetchers = fetchers

    async def answer(self, request: Request) -> Response:
        """What `visus predict --json` says of each picture."""
        request.method = "predict"
        if request.verb != "POST":
            raise wrong_verb("POST")
        wanted = self._wanted(request)
        top = _count(request, "top")
        self._engine.repository.find(wanted)
        files = await self._files(request)
        contents = [content for _, content in files]
        reply = await self._engine.ask(wanted, contents, judging=True)
        request.version = str(reply.served.version)
        request.pictures = len(files)
        told = _told([name for name, _ in files], reply, top)
        return Response(dump_floats(told, reply.scores))

    def _wanted(self, request: Request) -> Wanted:
        """The model that is named, or the only one there is."""
        names = self._engine.repository.names()
        request.model = _word(request, "model") or (names[0] if len(names) == 1 else "")
        if not request.model:
            raise invalid(
                f"{len(names)} models, and none is named.",
                f"one of {', '.join(names[:20]) or 'those that will be loaded'}.",
                "Name it: /predict?model=NAME",
            )
        version = _count(request, "version")
        if version is not None and version > MOST_VERSION:
            raise invalid(
                f"The version {version}.", "a smaller number.", "Leave it out."
            )
        return Wanted(request.model, version, _word(request, "label"))

    async def _files(self, request: Request) -> list[tuple[str, bytes]]:
        content_type = request.header(b"content-type")
        kind = content_type.partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            most, size = self._config.max_parts, len(request.body)
            return await in_thread_if_large(size, _form, request, most)
        if kind == "application/json":
            return await self._fetched(request)
        if not request.body:
            raise invalid(
                "An empty body.",
                "a picture file.",
                "Send it like: curl -F file=@picture.png",
            )
        return [("picture", request.body)]

    async def _fetched(self, request: Request) -> list[tuple[str, bytes]]:
        document = parse_object(request.body, self._config.max_brackets)
        if not self._config.allow_urls:
            raise invalid(
                "JSON, which could only name addresses of pictures.",
                "picture files; fetching addresses is off.",
                "Send the pictures, or start the server with --allow-urls.",
            )
        urls = document.get("urls")
        if not isinstance(urls, list) or not 0 < len(urls) <= MOST_URLS:
            raise _no_urls(urls)
        if not all(isinstance(url, str) for url in urls):
            raise _no_urls(urls)
        contents = await self._fetchers.fetch(urls)
        return list(zip(urls, contents, strict=True))


def _form(request: Request, most: int) -> list[tuple[str, bytes]]:
    return read_files(request.body, request.header(b"content-type"), most)


def _told(names: Sequence[str], reply: Reply, top: int | None) -> dict[str, Any]:
    served = reply.served
    if top is None and served.outputs > MANY_CLASSES:
        top = FEW
    predictions = served.bundle.predictions(
        tuple(names), reply.scores, judged=reply.judged
    )
    return {
        "model": served.name,
        "version": str(served.version),
        **served.bundle.sureness,
        "predictions": predictions.to_json(top),
    }


def _word(request: Request, name: str) -> str | None:
    values = request.query.get(name)
    return values[0] if values else None


def _count(request: Request, name: str) -> int | None:
    word = _word(request, name)
    if word is None:
        return None
    if not (word.isascii() and word.isdecimal() and 0 < len(word) <= 19):
        raise invalid(f"{name}={word[:64]!r}.", "a whole number.", "Leave it out.")
    return int(word)


def _no_urls(urls: Any) -> Refusal:
    return invalid(
        f"urls {shown(urls)}.",
        f"a list of one to {MOST_URLS} addresses.",
        'Send {"urls": ["https://..."]}.',
    )

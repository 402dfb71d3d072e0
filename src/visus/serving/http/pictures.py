"""POST /predict: a picture file or several, answered for people."""

from collections.abc import Sequence
from typing import Any

from visus.serving.config import HttpConfig
from visus.serving.engine import Engine, Reply
from visus.serving.fetchers import Fetchers
from visus.serving.http.exchange import Request, Response, wrong_verb
from visus.serving.http.json_text import dump_floats, parse_object
from visus.serving.http.uploads import (
    content_kind,
    count,
    read_pictures,
    wanted_model,
)
from visus.serving.offloading import NAMED_NUMBER, in_thread_if_large
from visus.serving.refusals import Refusal, invalid, shown

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
        wanted = wanted_model(request, self._engine.repository)
        top = count(request, "top")
        files = await self._files(request)
        contents = [content for _, content in files]
        reply = await self._engine.ask(wanted, contents, judging=True)
        request.version = str(reply.served.version)
        request.pictures = len(files)
        names, size = [name for name, _ in files], reply.scores.size * NAMED_NUMBER
        return Response(await in_thread_if_large(size, _written, names, reply, top))

    async def _files(self, request: Request) -> list[tuple[str, bytes]]:
        if content_kind(request) == "application/json":
            return await self._fetched(request)
        return await read_pictures(request, self._config)

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


def _written(names: Sequence[str], reply: Reply, top: int | None) -> bytes:
    return dump_floats(_told(names, reply, top), reply.scores)


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


def _no_urls(urls: Any) -> Refusal:
    return invalid(
        f"urls {shown(urls)}.",
        f"a list of one to {MOST_URLS} addresses.",
        'Send {"urls": ["https://..."]}.',
    )

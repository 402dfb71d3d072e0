"""POST /explain: why a model answers a picture so, as a panel or as numbers."""

from typing import Any

import numpy as np

from visus.serving.config import HttpConfig
from visus.serving.engine import Engine
from visus.serving.explaining import Explained, Explaining, Question
from visus.serving.http.exchange import Request, Response, wrong_verb
from visus.serving.http.json_text import dump_floats
from visus.serving.http.uploads import read_pictures, wanted_model, word
from visus.serving.refusals import invalid
from visus.serving.served import Served

PNG, JSON = "png", "json"


class Explanations:
    """Answers /explain.

    Args:
        engine: the models, and what decodes.
        config: limits.
        explaining: explains.
    """

    def __init__(
        self, engine: Engine, config: HttpConfig, explaining: Explaining
    ) -> None:
        self._engine = engine
        self._config = config
        self._explaining = explaining

    async def answer(self, request: Request) -> Response:
        """One picture, one class, one method."""
        request.method = "explain"
        if request.verb != "POST":
            raise wrong_verb("POST")
        wanted = wanted_model(request, self._engine.repository)
        form = word(request, "format") or PNG
        if form not in (PNG, JSON):
            raise invalid(
                f"format={form[:64]!r}.", f"{PNG} or {JSON}.", "Leave it out for a PNG."
            )
        with self._engine.repository.using(wanted) as served:
            files = await read_pictures(request, self._config)
            if len(files) > 1:
                raise invalid(
                    f"{len(files)} pictures.", "one.", "Send them one after the other."
                )
            ((name, content),) = files
            pixels = await self._engine.decoded(served, [content])
            question = Question(
                served.bundle,
                pixels[0],
                name,
                method=word(request, "method"),
                class_name=word(request, "class"),
                drawn=form == PNG,
            )
            explained = await self._explaining.ask(question)
            request.version, request.pictures = str(served.version), 1
            if explained.panel is not None:
                return Response(explained.panel, kind=b"image/png")
            told = _told(served, name, explained)
            return Response(dump_floats(told, explained.values))


def _told(served: Served, name: str, explained: Explained) -> dict[str, Any]:
    values = explained.values
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    return {
        "model": served.name,
        "version": str(served.version),
        "id": name,
        **explained.facts,
        "strongest": {"row": int(row), "column": int(column)},
        "map": np.ascontiguousarray(values),
    }

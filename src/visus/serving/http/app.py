"""The ASGI application: find the protocol, answer, count, log. Nothing else is here.

No web framework: a request passes through this one function, and what frameworks add
(validation, routing by annotation, middleware) would cost more than many a network.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from visus.serving.config import HttpConfig
from visus.serving.fetchers import Fetchers
from visus.serving.fetching import Fetcher
from visus.serving.http.body import Gone, Receive, read_body
from visus.serving.http.cors import Cors
from visus.serving.http.exchange import (
    Request,
    Response,
    no_such_path,
    ready_response,
    refusal_headers,
    wrong_verb,
)
from visus.serving.http.explanations import Explanations
from visus.serving.http.json_text import dump_json, refused
from visus.serving.http.open_inference import PROTOCOL as OPEN_INFERENCE
from visus.serving.http.open_inference import OpenInferenceRest
from visus.serving.http.openapi import describe_api
from visus.serving.http.page import Page
from visus.serving.http.pictures import PROTOCOL as PICTURES
from visus.serving.http.pictures import Pictures
from visus.serving.http.tensorflow import PROTOCOL as TENSORFLOW
from visus.serving.http.tensorflow import TensorFlowRest
from visus.serving.keys import bearer
from visus.serving.metrics import CONTENT_TYPE
from visus.serving.refusals import Code, Refusal
from visus.serving.service import Service

Send = Callable[[dict[str, Any]], Awaitable[None]]

METRICS = ("/metrics", "/monitoring/prometheus/metrics")
# What anybody may ask: whether it lives, and the page, which is the same everywhere.
OPEN = ("/health", "/ready", "/v2/health/live", "/v2/health/ready")
_FIXED_HEADERS = [(b"x-content-type-options", b"nosniff")]


class App:
    """All protocols behind one port.

    Args:
        service: the models, keys, metrics and log.
        config: limits.
        fetcher: fetches pictures, where that is allowed.
    """

    def __init__(
        self, service: Service, config: HttpConfig, fetcher: Fetcher | None = None
    ) -> None:
        self._service = service
        self._config = config
        self._tensorflow = TensorFlowRest(service.engine, config)
        self._open_inference = OpenInferenceRest(service, config)
        self._fetchers = Fetchers(fetcher or Fetcher())
        self._pictures = Pictures(service.engine, config, self._fetchers)
        self._explanations = None
        if service.explaining is not None:
            self._explanations = Explanations(
                service.engine, config, service.explaining
            )
        self._page = Page()
        self._cors = Cors(config.cors)

    def close(self) -> None:
        """End its threads; nothing new may come."""
        self._fetchers.close()
        if self._service.explaining is not None:
            self._service.explaining.close()

    async def __call__(
        self, scope: Mapping[str, Any], receive: Receive, send: Send
    ) -> None:
        """One request, as ASGI has it."""
        began = time.monotonic()
        request = Request(scope)
        try:
            response = await self._answer(request, receive)
        except Refusal as refusal:
            response = _refusal_response(request, refusal)
        except Gone:
            return
        except Exception as error:  # noqa: BLE001
            # A defect of ours must not end the connection without a word, nor say more
            # to a stranger than that it happened.
            self._service.log.tell(
                "defect", id=request.id, error=f"{type(error).__name__}: {error}"
            )
            response = _refusal_response(request, _defect(request))
        response.headers += self._cors.headers(request)
        await _send(send, request, response)
        self._note(request, response, time.monotonic() - began)

    async def _answer(self, request: Request, receive: Receive) -> Response:
        path = request.path
        # Browsers bring no key when they ask whether they may ask.
        fixed = self._cors.preflight(request) or self._page.answer(request)
        if fixed is not None:
            return fixed
        if path not in OPEN:
            self._require_key(request)
        request.protocol = _protocol(path)
        request.body = await read_body(receive, request, self._config)
        if request.protocol == TENSORFLOW:
            return await self._tensorflow.answer(request)
        if request.protocol == OPEN_INFERENCE:
            return await self._open_inference.answer(request)
        if path == "/explain" and self._explanations is not None:
            return await self._explanations.answer(request)
        if path == "/predict":
            return await self._pictures.answer(request)
        return self._other(request, path)

    def _other(self, request: Request, path: str) -> Response:
        request.method = path.strip("/").partition("/")[0]
        if path in METRICS:
            request.method = "metrics"
            answer = Response(self._service.metrics.text(), kind=CONTENT_TYPE.encode())
        elif path == "/openapi.json":
            request.method = "openapi"
            explained = self._explanations is not None
            answer = Response(
                dump_json(describe_api(self._config, explained=explained))
            )
        elif path == "/health":
            answer = Response(b'{"live":true}')
        elif path == "/ready":
            answer = ready_response(self._service.repository.ready, {})
        else:
            request.method = "other"
            raise no_such_path(path)
        if request.verb not in ("GET", "HEAD"):
            raise wrong_verb("GET")
        return answer

    def _require_key(self, request: Request) -> None:
        keys = self._service.keys
        if keys.needed:
            key = request.header(b"x-api-key")
            keys.require(key or bearer(request.header(b"authorization")))

    def _note(self, request: Request, response: Response, seconds: float) -> None:
        service = self._service
        service.metrics.seen(
            request.model, request.protocol, request.method, response.code, seconds
        )
        if self._config.log_requests:
            service.log.add(
                "request",
                {
                    "id": request.id,
                    "protocol": request.protocol,
                    "method": request.method,
                    "path": request.path[:200],
                    "model": request.model[:100],
                    "version": request.version,
                    "pictures": request.pictures,
                    "status": response.status,
                    "code": response.code.name,
                    "seconds": round(seconds, 6),
                },
            )


def _protocol(path: str) -> str:
    """Which one a path belongs to, also when the body cannot be read."""
    if path[:4].lower() == "/v1/":
        return TENSORFLOW
    if path == "/v2" or path.startswith("/v2/"):
        return OPEN_INFERENCE
    return PICTURES if path in ("/predict", "/explain") else "http"


async def _send(send: Send, request: Request, response: Response) -> None:
    headers = [
        (b"content-type", response.kind),
        (b"content-length", str(len(response.body)).encode()),
        (b"x-request-id", request.id.encode()),
        *_FIXED_HEADERS,
        *response.headers,
    ]
    await send(
        {"type": "http.response.start", "status": response.status, "headers": headers}
    )
    await send({"type": "http.response.body", "body": response.body})


def _refusal_response(request: Request, refusal: Refusal) -> Response:
    """Machine protocols have one sentence; people and programs of ours get three."""
    machine = request.protocol != PICTURES
    body = refused(refusal) if machine else dump_json(refusal.to_json())
    headers = refusal_headers(refusal)
    if refusal.status in (408, 413):
        # The rest of the body may still come; it must not be taken for a request.
        headers.append((b"connection", b"close"))
    return Response(body, refusal.status, headers=headers, code=refusal.code)


def _defect(request: Request) -> Refusal:
    return Refusal(
        Code.INTERNAL,
        "The server has a defect.",
        "an answer.",
        f"Report it with the id {request.id} and the server's log.",
    )

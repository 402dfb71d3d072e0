"""The Open Inference Protocol v2 over HTTP, with the extensions that clients use.

Binary tensors, classification, statistics, the repository's index and, where the server
was started for it, loading and unloading.
"""

import asyncio
import re
from importlib.metadata import version as version_of
from typing import Any
from urllib.parse import unquote

from visus.serving.config import HttpConfig
from visus.serving.http.exchange import (
    Request,
    Response,
    no_such_path,
    ready_response,
    wrong_verb,
)
from visus.serving.http.inference_reading import read_inference
from visus.serving.http.inference_writing import write_inference
from visus.serving.http.json_text import dump_json, parse_object
from visus.serving.listing import counted, index
from visus.serving.offloading import NAMED_NUMBER, NUMBER, in_thread_if_large
from visus.serving.refusals import Code, Refusal, invalid
from visus.serving.served import Served
from visus.serving.service import Service
from visus.serving.signature import INPUT, OUTPUT, PLATFORM, input_datatype
from visus.serving.statistics import Duration
from visus.serving.versions import MOST_VERSION, Wanted

PROTOCOL = "open_inference_rest"
EXTENSIONS = ("binary_tensor_data", "classification", "statistics", "model_repository")

_MODEL = re.compile(
    r"/v2/models/([^/]+)(?:/versions/([^/]+))?(?:/(infer|ready|stats))?"
)
_REPOSITORY = re.compile(r"/v2/repository/(?:(index)|models/([^/]+)/(load|unload))")


class OpenInferenceRest:
    """Answers what lies below /v2.

    Args:
        service: the models.
        config: limits.
    """

    def __init__(self, service: Service, config: HttpConfig) -> None:
        self._service = service
        self._repository = service.repository
        self._config = config

    async def answer(self, request: Request) -> Response:
        """Any request below /v2."""
        path = request.path.rstrip("/")
        if (model := _MODEL.fullmatch(path)) and model[1] != "stats":
            return await self._model(request, model)
        if repository := _REPOSITORY.fullmatch(path):
            return await self._manage(request, repository)
        return self._server(request, path)

    def _server(self, request: Request, path: str) -> Response:
        answers = {
            "/v2": ("server_metadata", self._server_metadata),
            "/v2/health/live": ("live", lambda: Response(dump_json({"live": True}))),
            "/v2/health/ready": ("ready", self._ready),
            "/v2/models/stats": ("stats", lambda: self._stats(None)),
        }
        if path not in answers:
            raise no_such_path(path)
        request.method, answer = answers[path]
        _require(request, "GET")
        return answer()

    async def _model(self, request: Request, match: re.Match[str]) -> Response:
        request.method = match[3] or "metadata"
        _require(request, "POST" if match[3] == "infer" else "GET")
        wanted = _wanted(request, match[1], match[2])
        if match[3] == "infer":
            return await self._infer(request, wanted)
        if match[3] == "ready":
            return self._model_ready(wanted)
        if match[3] == "stats":
            return self._stats(wanted)
        served = self._repository.find(wanted)
        versions = self._repository.model(served.name).available
        return Response(dump_json(model_metadata(served, sorted(versions))))

    async def _infer(self, request: Request, wanted: Wanted) -> Response:
        served = self._repository.find(wanted)
        asked = await in_thread_if_large(
            len(request.body), read_inference, request, served, self._config
        )
        reply = await self._service.engine.ask(
            wanted, asked.inputs, asked.deadline_seconds
        )
        request.version = str(reply.served.version)
        request.pictures = len(reply.scores)
        each = NAMED_NUMBER if asked.classes else NUMBER
        size = reply.scores.size * each
        return await in_thread_if_large(size, write_inference, asked, reply)

    def _ready(self) -> Response:
        return ready_response(self._repository.ready, {})

    def _model_ready(self, wanted: Wanted) -> Response:
        if not self._repository.knows(wanted.name):
            self._repository.find(wanted)
        ready = self._repository.is_ready(wanted)
        return ready_response(ready, {"name": wanted.name})

    def _server_metadata(self) -> Response:
        told = {"name": "visus", "version": version_of("visus")}
        return Response(dump_json({**told, "extensions": list(EXTENSIONS)}))

    def _stats(self, wanted: Wanted | None) -> Response:
        served = counted(self._repository, wanted)
        return Response(dump_json({"model_stats": [statistics(s) for s in served]}))

    async def _manage(self, request: Request, match: re.Match[str]) -> Response:
        request.method = match[1] or match[3]
        _require(request, "POST")
        body: dict[str, Any] = {}
        if request.body.strip():
            body = parse_object(request.body, self._config.max_brackets)
        if match[1]:
            return self._index(ready_only=body.get("ready") is True)
        if not self._service.admin:
            raise Refusal(
                Code.PERMISSION_DENIED,
                "Loading and unloading by clients is off.",
                "a server that was started with --admin.",
                "Ask whoever runs it.",
            )
        parameters = body.get("parameters")
        # Triton's client always says whether models that this one needs go too.
        if parameters and parameters != {"unload_dependents": False}:
            raise invalid(
                "Parameters.",
                "none: models come from the repository's folder.",
                "Put the version there, then load.",
            )
        return await self._load(request, unquote(match[2]))

    async def _load(self, request: Request, name: str) -> Response:
        request.model = name
        keeper = self._service.keeper
        act = keeper.load if request.method == "load" else keeper.unload
        await asyncio.to_thread(act, name)
        return Response(b"{}")

    def _index(self, *, ready_only: bool) -> Response:
        listed = index(self._repository, ready_only=ready_only)
        rows = [vars(one) for one in listed]
        return Response(dump_json(rows))


def model_metadata(served: Served, versions: list[int]) -> dict[str, Any]:
    """What a model takes and gives."""
    return {
        "name": served.name,
        "versions": [str(version) for version in versions],
        "platform": PLATFORM,
        "inputs": [
            {
                "name": INPUT,
                "datatype": input_datatype(served),
                "shape": [-1, *served.spec.input_shape],
            }
        ],
        "outputs": [
            {"name": OUTPUT, "datatype": "FP32", "shape": [-1, served.outputs]}
        ],
    }


def statistics(served: Served) -> dict[str, Any]:
    """What was own of a version, as Triton's extension has it."""
    own = served.statistics
    with own.lock:
        none = _duration(Duration())
        parts = {
            "success": _duration(own.success),
            "fail": _duration(own.fail),
            "queue": _duration(own.queue),
            "compute_input": none,
            "compute_infer": _duration(own.compute),
            "compute_output": none,
            "cache_hit": none,
            "cache_miss": none,
        }
        batches = [
            {
                "batch_size": size,
                "compute_input": none,
                "compute_infer": _duration(own.batches[size]),
                "compute_output": none,
            }
            for size in sorted(own.batches)
        ]
        return {
            "name": served.name,
            "version": str(served.version),
            "last_inference": own.last_inference_ms,
            "inference_count": own.inference_count,
            "execution_count": own.execution_count,
            "inference_stats": parts,
            "batch_stats": batches,
            "memory_usage": [],
        }


def _duration(duration: Duration) -> dict[str, int]:
    return {"count": duration.count, "ns": int(duration.seconds * 1e9)}


def _wanted(request: Request, name: str, version: str | None) -> Wanted:
    request.model = unquote(name)
    if version is None:
        return Wanted(request.model)
    if not (version.isdecimal() and len(version) <= 19):
        raise invalid(
            f"The version {version[:64]!r}.", "a whole number.", "Leave it out."
        )
    if int(version) > MOST_VERSION:
        raise invalid(f"The version {version}.", "a smaller number.", "Leave it out.")
    return Wanted(request.model, int(version))


def _require(request: Request, verb: str) -> None:
    if request.verb != verb:
        raise wrong_verb(verb)

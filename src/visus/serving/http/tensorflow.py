"""TensorFlow Serving's REST protocol (api_rest.md), its routes and its quirks."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote

from visus.serving.config import HttpConfig
from visus.serving.engine import Engine, Inputs, Reply
from visus.serving.http.exchange import Request, Response
from visus.serving.http.json_text import (
    dump_floats,
    dump_json,
    dump_scores,
    parse_object,
    plain_floats,
)
from visus.serving.http.tensorflow_reading import (
    check_signature,
    read_examples,
    read_predict,
)
from visus.serving.offloading import NAMED_NUMBER, NUMBER, in_thread_if_large
from visus.serving.refusals import invalid
from visus.serving.served import Served
from visus.serving.signature import (
    INPUT,
    OUTPUT,
    SIGNATURES,
    require_method,
    takes_pixels,
)
from visus.serving.versions import MOST_VERSION, VersionStatus, Wanted

PROTOCOL = "tensorflow_rest"

_WHICH = r"(?:(?:/versions/(\d+))|(?:/labels/([^/:]+)))?"
_ASK = re.compile(
    rf"/v1/models/([^/:]+){_WHICH}:(classify|regress|predict)", re.IGNORECASE
)
_LOOK = re.compile(rf"/v1/models(?:/([^/:]+))?{_WHICH}(?:/(metadata))?", re.IGNORECASE)


class TensorFlowRest:
    """Answers what lies below /v1/.

    Args:
        engine: the models.
        config: limits.
    """

    def __init__(self, engine: Engine, config: HttpConfig) -> None:
        self._engine = engine
        self._config = config

    async def answer(self, request: Request) -> Response:
        """Any request below /v1/; what matches nothing is malformed, not missing."""
        path = request.path
        if request.verb == "POST" and (asked := _ASK.fullmatch(path)):
            request.method = asked[4].lower()
            return await self._ask(request, _wanted(request, asked))
        if request.verb == "GET" and (looked := _LOOK.fullmatch(path)):
            request.method = "metadata" if looked[4] else "status"
            if not looked[1]:
                raise invalid("Missing model name in request.")
            wanted = _wanted(request, looked)
            return self._metadata(wanted) if looked[4] else self._status(wanted)
        raise invalid(f"Malformed request: {request.verb} {path}")

    async def _ask(self, request: Request, wanted: Wanted) -> Response:
        read = self._read_predict if request.method == "predict" else self._read_other
        size = len(request.body)
        inputs, rows = await in_thread_if_large(size, read, request, wanted)
        reply = await self._engine.ask(wanted, inputs)
        request.version = str(reply.served.version)
        request.pictures = len(reply.scores)
        each = NAMED_NUMBER if request.method == "classify" else NUMBER
        size = reply.scores.size * each
        told = await in_thread_if_large(size, _written, request.method, reply, rows)
        return Response(told)

    def _document(self, request: Request, wanted: Wanted) -> dict[str, Any]:
        document = parse_object(request.body, self._config.max_brackets)
        # Their order of complaints: text, model, signature, values.
        self._engine.repository.find(wanted)
        check_signature(document)
        return document

    def _read_predict(self, request: Request, wanted: Wanted) -> tuple[Inputs, bool]:
        return read_predict(self._document(request, wanted))

    def _read_other(self, request: Request, wanted: Wanted) -> tuple[Inputs, bool]:
        document = self._document(request, wanted)
        served = self._engine.repository.find(wanted)
        require_method(served, request.method)
        fits = partial(self._engine.require_room, served)
        return read_examples(document, served.spec, fits), True

    def _status(self, wanted: Wanted) -> Response:
        statuses = self._engine.repository.statuses(
            wanted.name, wanted.version, wanted.label
        )
        return Response(
            dump_json({"model_version_status": [_status(one) for one in statuses]})
        )

    def _metadata(self, wanted: Wanted) -> Response:
        served = self._engine.repository.find(wanted)
        return Response(dump_json(metadata(served)))


def metadata(served: Served) -> dict[str, Any]:
    """What a model takes and gives, as a SignatureDefMap in JSON."""
    signature = {
        "inputs": {INPUT: _tensor(INPUT, input_type(served), served.spec.input_shape)},
        "outputs": {OUTPUT: _tensor(OUTPUT, "DT_FLOAT", (served.outputs,))},
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    }
    return {
        "model_spec": {
            "name": served.name,
            "signature_name": "",
            "version": str(served.version),
        },
        "metadata": {
            "signature_def": {
                "signature_def": {name: signature for name in SIGNATURES}
            },
            "class_names": list(served.class_names),
        },
    }


def input_type(served: Served) -> str:
    """Of the input tensor, as TensorFlow names types."""
    return "DT_UINT8" if takes_pixels(served) else "DT_FLOAT"


def _wanted(request: Request, match: re.Match[str]) -> Wanted:
    name, version, label = match[1], match[2], match[3]
    request.model = unquote(name)
    if version is not None:
        # Digits alone; what int64 cannot hold is no version.
        if len(version) > 19 or int(version) > MOST_VERSION:
            raise invalid(f"Failed to convert version: {version[:64]} to numeric.")
        return Wanted(request.model, int(version))
    return Wanted(request.model, None, unquote(label) if label else None)


def _written(method: str, reply: Reply, rows: bool) -> bytes:
    if method == "predict":
        return dump_scores("predictions" if rows else "outputs", reply.scores)
    if method == "regress":
        return dump_scores("results", reply.scores[:, 0])
    names = reply.class_names
    results = [
        [[name, score] for name, score in zip(names, row, strict=True)]
        for row in plain_floats(reply.scores)
    ]
    return dump_floats({"results": results}, reply.scores)


def _status(status: VersionStatus) -> dict[str, Any]:
    told = {"error_code": status.code.name, "error_message": status.message}
    return {
        "version": str(status.version),
        "state": status.state.value,
        "status": told,
    }


def _tensor(name: str, kind: str, shape: tuple[int, ...]) -> Mapping[str, Any]:
    sizes = [{"size": str(size), "name": ""} for size in (-1, *shape)]
    return {
        "dtype": kind,
        "tensor_shape": {"dim": sizes, "unknown_rank": False},
        "name": f"{name}:0",
    }

"""The answer to an inference request, as JSON or with binary tensors."""

from typing import Any

import numpy as np

from visus.serving.best_classes import best_classes
from visus.serving.engine import Reply
from visus.serving.http.exchange import Response
from visus.serving.http.inference_reading import Asked
from visus.serving.http.json_text import (
    dump_floats,
    dump_json,
    in_pieces,
    plain_floats,
)
from visus.serving.signature import OUTPUT
from visus.serving.tensors import BYTES, bytes_of
from visus.serving.work import Scores


def write_inference(asked: Asked, reply: Reply) -> Response:
    """All scores, or the best classes of each picture."""
    if asked.classes:
        rows = best_classes(reply, asked.classes)
        shape, datatype = [len(rows), len(rows[0])], BYTES
        values = [value for row in rows for value in row]
        content = bytes_of(values) if asked.binary else b""
        data: Any = values
    else:
        shape, datatype = list(reply.scores.shape), "FP32"
        content = _little_endian(reply.scores) if asked.binary else b""
        data = None if asked.binary else _flat(reply.scores)
    output: dict[str, Any] = {"name": OUTPUT, "datatype": datatype, "shape": shape}
    if asked.binary:
        output["parameters"] = {"binary_data_size": len(content)}
    else:
        output["data"] = data
    document: dict[str, Any] = {
        "model_name": reply.served.name,
        "model_version": str(reply.served.version),
        "outputs": [output],
    }
    if asked.id is not None:
        document["id"] = asked.id
    return _response(document, content, asked, reply)


def _response(
    document: dict[str, Any], content: bytes, asked: Asked, reply: Reply
) -> Response:
    if not asked.binary:
        return Response(dump_floats(document, reply.scores))
    text = dump_json(document)
    return Response(
        text + content,
        kind=b"application/octet-stream",
        headers=[(b"inference-header-content-length", str(len(text)).encode())],
    )


def _little_endian(scores: Scores) -> bytes:
    return scores.astype("<f4", copy=False).tobytes()


def _flat(scores: Scores) -> Any:
    """Row-major; an array where orjson can write it, for it is quicker."""
    if np.isfinite(scores).all():
        return in_pieces(scores.ravel())
    return plain_floats(scores.ravel())

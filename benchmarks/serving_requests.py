"""What the clients of the benchmark of serving send, as whole HTTP requests."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.load import http_post, write_requests

JSON = "application/json"


def write_all(folder: Path, model: str, pixels: Any, jpegs: Sequence[bytes]) -> None:
    """A file for each way of asking about these pictures, one picture a request."""
    ways: dict[str, Callable[[Any], bytes]] = {
        "binary": lambda one: _binary(model, one),
        "json": lambda one: _inference_json(f"/v2/models/{model}/infer", "images", one),
        "mlserver": lambda one: _inference_json(
            f"/v2/models/{model}/infer", "pixels", one
        ),
        "litserve": _litserve,
    }
    for way, write in ways.items():
        requests = [write(one) for one in pixels]
        write_requests(folder / f"{model}-{way}.requests", requests)
    if jpegs:
        posts = [http_post("/predict", one, content_type="image/jpeg") for one in jpegs]
        write_requests(folder / f"{model}-jpeg.requests", posts)


def _binary(model: str, pixels: Any) -> bytes:
    tensor = _tensor("images", pixels)
    tensor["parameters"] = {"binary_data_size": pixels.nbytes}
    document = {"inputs": [tensor], "parameters": {"binary_data_output": True}}
    text = json.dumps(document).encode()
    return http_post(
        f"/v2/models/{model}/infer",
        text + pixels.tobytes(),
        content_type="application/octet-stream",
        inference_header_content_length=str(len(text)),
    )


def _inference_json(target: str, name: str, pixels: Any) -> bytes:
    tensor = _tensor(name, pixels)
    tensor["data"] = np.ravel(pixels).tolist()
    body = json.dumps({"inputs": [tensor]}, separators=(",", ":")).encode()
    return http_post(target, body, content_type=JSON)


def _litserve(pixels: Any) -> bytes:
    body = json.dumps({"pixels": pixels.tolist()}, separators=(",", ":")).encode()
    return http_post("/predict", body, content_type=JSON)


def _tensor(name: str, pixels: Any) -> dict[str, Any]:
    return {"name": name, "shape": [1, *pixels.shape], "datatype": "UINT8"}

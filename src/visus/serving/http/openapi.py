"""The OpenAPI document: every path, what it takes, and how it says no."""

from importlib.metadata import version as version_of
from typing import Any

from visus.serving.config import HttpConfig

Part = dict[str, Any]

_IMAGES: Part = {
    "description": "pixels 0 to 255, nested as height, width, channels; or a picture "
    "file as base64",
    "oneOf": [
        {"type": "array", "items": {}},
        {
            "type": "object",
            "properties": {"b64": {"type": "string", "format": "byte"}},
            "required": ["b64"],
        },
    ],
}
_TENSOR: Part = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string", "enum": ["images"]},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "datatype": {"type": "string", "examples": ["UINT8", "FP32", "BYTES"]},
        "parameters": {"type": "object"},
        "data": {"type": "array", "items": {}},
    },
}
_PREDICTION: Part = {
    "type": "object",
    "description": "of a model that knows how sure it is: answer is the class, unsure "
    "or unknown; best the class with the highest score; set the possible ones",
    "required": ["id", "answer"],
    "properties": {
        "id": {"type": "string"},
        "answer": {"description": "a class; a list of labels; or a number"},
        "kind": {"type": "string", "enum": ["label", "unsure", "unknown"]},
        "best": {"type": "string"},
        "set": {"type": "array", "items": {"type": "string"}},
        "typicality": {"type": ["number", "null"]},
        "confidence": {"type": "number"},
        "scores": {"type": "object"},
    },
}
_SCHEMAS: Part = {
    "PredictRequest": {
        "type": "object",
        "properties": {
            "signature_name": {
                "type": "string",
                "enum": ["serving_default", "prediction"],
            },
            "instances": {"type": "array", "minItems": 1, "items": _IMAGES},
            "inputs": _IMAGES,
        },
    },
    "ExamplesRequest": {
        "type": "object",
        "required": ["examples"],
        "properties": {
            "signature_name": {"type": "string"},
            "context": {"type": "object"},
            "examples": {"type": "array", "minItems": 1, "items": {"type": "object"}},
        },
    },
    "InferenceRequest": {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string"},
            "parameters": {"type": "object"},
            "inputs": {"type": "array", "minItems": 1, "maxItems": 1, "items": _TENSOR},
            "outputs": {"type": "array", "items": {"type": "object"}},
        },
    },
    "Error": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {"type": "string"},
            "expected": {"type": "string"},
            "remedy": {"type": "string"},
            "code": {"type": "string"},
        },
    },
    "Explanation": {
        "type": "object",
        "required": ["class", "score", "method", "unit", "map"],
        "properties": {
            "answer": {"description": "as of /predict, without its doubts"},
            "class": {"type": "string"},
            "score": {"type": "number"},
            "method": {"type": "string"},
            "unit": {"type": "string"},
            "signed": {"type": "boolean"},
            "notes": {"type": "array", "items": {"type": "string"}},
            "strongest": {"type": "object"},
            "map": {
                "type": "array",
                "description": "a number a pixel, row by row; above 0 speaks for it",
                "items": {"type": "array", "items": {"type": "number"}},
            },
        },
    },
    "Answers": {
        "type": "object",
        "required": ["model", "version", "predictions"],
        "properties": {
            "model": {"type": "string"},
            "version": {"type": "string"},
            "calibrated": {"type": "boolean"},
            "operating_point": {"type": "object"},
            "predictions": {"type": "array", "items": _PREDICTION},
        },
    },
}


def describe_api(config: HttpConfig, *, explained: bool = True) -> Part:
    """The document, for this server's limits.

    Args:
        config: of this server.
        explained: whether it answers /explain.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Visus",
            "version": version_of("visus"),
            "description": "Answers pictures. TensorFlow Serving's REST protocol below "
            "/v1, the Open Inference Protocol below /v2, and /predict for people. A "
            f"body has at most {config.max_body_bytes} bytes.",
        },
        "paths": {
            **_people(config, explained),
            **_tensorflow(),
            **_open_inference(),
            **_operations(),
        },
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
        # The empty one: a server without keys asks for none.
        "security": [{}, {"bearer": []}, {"header": []}],
    }


def _people(config: HttpConfig, explained: bool) -> Part:
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    content: Part = {
        "multipart/form-data": {
            "schema": {"type": "object", "properties": {"file": file}}
        },
        "application/octet-stream": {"schema": {"type": "string"}},
    }
    pictures = dict(content)
    if config.allow_urls:
        urls = {"type": "array", "items": {"type": "string", "format": "uri"}}
        content["application/json"] = {
            "schema": {"type": "object", "properties": {"urls": urls}}
        }
    explain = {"/explain": {"post": _explain(pictures)}} if explained else {}
    return {
        **explain,
        "/predict": {
            "post": {
                "summary": "Labels and probabilities of one or more picture files",
                "parameters": [
                    _query("model", "string", "where there are several"),
                    _query("version", "integer", "else the latest"),
                    _query("label", "string", "instead of a version"),
                    _query("top", "integer", "so many of the best answers"),
                ],
                "requestBody": {"required": True, "content": content},
                "responses": _responses("Answers"),
            }
        },
        "/": {"get": _get("The page on which a picture is dropped", "text/html")},
    }


def _explain(content: Part) -> Part:
    told = {
        "image/png": {"schema": {"type": "string", "format": "binary"}},
        "application/json": {"schema": _reference("Explanation")},
    }
    return {
        "summary": "Why a model answers a picture so: one that needs only its graph",
        "parameters": [
            _query("model", "string", "where there are several"),
            _query("version", "integer", "else the latest"),
            _query("label", "string", "instead of a version"),
            _query("method", "string", "occlusion, rise or random-map"),
            _query("class", "string", "else the one that is answered"),
            _query("format", "string", "png, a panel to look at, or json"),
        ],
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {"description": "explained", "content": told},
            **_errors(),
        },
    }


def _tensorflow() -> Part:
    paths: Part = {}
    for where, names in (
        ("/v1/models/{model}", ["model"]),
        ("/v1/models/{model}/versions/{version}", ["model", "version"]),
        ("/v1/models/{model}/labels/{label}", ["model", "label"]),
    ):
        parameters = [_path(name) for name in names]
        paths[where] = {"get": {**_get("State of versions"), "parameters": parameters}}
        paths[f"{where}/metadata"] = {
            "get": {**_get("Inputs and outputs"), "parameters": parameters}
        }
        for method, schema in (
            ("predict", "PredictRequest"),
            ("classify", "ExamplesRequest"),
            ("regress", "ExamplesRequest"),
        ):
            paths[f"{where}:{method}"] = {
                "post": _post(f"TensorFlow Serving {method}", schema, parameters)
            }
    return paths


def _open_inference() -> Part:
    paths: Part = {
        "/v2": {"get": _get("Name, version and extensions of the server")},
        "/v2/health/live": {"get": _get("Whether it lives")},
        "/v2/health/ready": {"get": _get("Whether models can be asked", busy=True)},
        "/v2/models/stats": {"get": _get("Statistics of all models")},
        "/v2/repository/index": {"post": _post("All versions of all models", None, [])},
    }
    for act in ("load", "unload"):
        paths[f"/v2/repository/models/{{model}}/{act}"] = {
            "post": _post(f"{act} a model; off unless allowed", None, [_path("model")])
        }
    for where, names in (
        ("/v2/models/{model}", ["model"]),
        ("/v2/models/{model}/versions/{version}", ["model", "version"]),
    ):
        parameters = [_path(name) for name in names]
        paths[where] = {"get": {**_get("Inputs and outputs"), "parameters": parameters}}
        for name, words in (("ready", "Whether it answers"), ("stats", "Statistics")):
            told = {**_get(words, busy=name == "ready"), "parameters": parameters}
            paths[f"{where}/{name}"] = {"get": told}
        paths[f"{where}/infer"] = {
            "post": _post("Inference", "InferenceRequest", parameters)
        }
    return paths


def _operations() -> Part:
    return {
        "/metrics": {"get": _get("Metrics for Prometheus", "text/plain")},
        "/health": {"get": _get("Whether it lives")},
        "/ready": {"get": _get("Whether models can be asked", busy=True)},
        "/openapi.json": {"get": _get("This document")},
    }


def _get(summary: str, kind: str = "application/json", *, busy: bool = False) -> Part:
    responses = {"200": {"description": "told", "content": {kind: {}}}}
    if busy:
        responses["503"] = {"description": "not yet, or no longer", "content": {}}
    return {"summary": summary, "responses": {**responses, **_errors()}}


def _post(summary: str, schema: str | None, parameters: list[Part]) -> Part:
    told: Part = {"summary": summary, "parameters": parameters}
    if schema:
        content = {"application/json": {"schema": _reference(schema)}}
        told["requestBody"] = {"required": True, "content": content}
    return {**told, "responses": _responses(None)}


def _responses(schema: str | None) -> Part:
    content: Part = {"schema": _reference(schema)} if schema else {}
    answered = {"description": "answered", "content": {"application/json": content}}
    return {"200": answered, **_errors()}


def _errors() -> Part:
    error = {"application/json": {"schema": _reference("Error")}}
    return {
        "4XX": {"description": "the request is refused", "content": error},
        "503": {"description": "the queue is full; see Retry-After", "content": error},
        "504": {"description": "the deadline passed", "content": error},
    }


def _path(name: str) -> Part:
    kind = "integer" if name == "version" else "string"
    return {"name": name, "in": "path", "required": True, "schema": {"type": kind}}


def _query(name: str, kind: str, words: str) -> Part:
    return {"name": name, "in": "query", "description": words, "schema": {"type": kind}}


def _reference(schema: str | None) -> Part:
    return {"$ref": f"#/components/schemas/{schema}"}

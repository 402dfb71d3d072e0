"""The Open Inference Protocol over a real socket, binary tensors included."""

import base64
import gzip
import json
import struct

import numpy as np
import pytest

from served import CLASSES, drawn_pixels
from serving.conftest import running
from visus.data.encode import encode_png
from visus.serving import Wanted
from visus.serving.sources import RepositoryFolder
from visus.serving.versions import Policy

INFER = "/v2/models/digits/infer"
PIXELS = drawn_pixels(2)
HEADER = "Inference-Header-Content-Length"


@pytest.fixture(scope="module")
def expected(server):
    return server.service.repository.find(Wanted("digits")).bundle.scores(PIXELS)


def tensor(**changes):
    made = {"name": "images", "shape": [2, 8, 8, 1], "datatype": "UINT8"}
    return {**made, "data": PIXELS.ravel().tolist(), **changes}


def binary(server, document, content, path=INFER):
    text = json.dumps(document).encode()
    return server.post(path, text + content, **{HEADER: str(len(text))})


def without_data(size, **changes):
    made = tensor(parameters={"binary_data_size": size}, **changes)
    del made["data"]
    return made


def test_nested_and_flat_data_are_the_same_and_the_id_comes_back(server, expected):
    for data in (PIXELS.tolist(), PIXELS.ravel().tolist()):
        answer = server.post(INFER, {"id": "a-1", "inputs": [tensor(data=data)]})
        assert answer.status == 200, answer.body
        told = answer.json
        assert (told["id"], told["model_name"]) == ("a-1", "digits")
        assert told["model_version"] == "2"
        (scores,) = told["outputs"]
        assert (scores["name"], scores["datatype"]) == ("scores", "FP32")
        assert scores["shape"] == [2, 3]
        np.testing.assert_allclose(scores["data"], expected.ravel(), atol=1e-6)
    versioned = "/v2/models/digits/versions/1/infer"
    told = server.post(versioned, {"inputs": [tensor()]}).json
    assert told["model_version"] == "1" and "id" not in told


@pytest.mark.parametrize("datatype", ["UINT8", "FP32", "INT64", "FP64", "FP16"])
def test_binary_tensors_both_ways(server, expected, datatype):
    kinds = {
        "UINT8": "<u1",
        "FP32": "<f4",
        "INT64": "<i8",
        "FP64": "<f8",
        "FP16": "<f2",
    }
    content = PIXELS.astype(kinds[datatype]).tobytes()
    document = {
        "inputs": [without_data(len(content), datatype=datatype)],
        "parameters": {"binary_data_output": True},
    }
    answer = binary(server, document, content)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/octet-stream"
    size = int(answer.headers[HEADER.lower()])
    told = json.loads(answer.body[:size])
    (output,) = told["outputs"]
    assert output["parameters"] == {"binary_data_size": 2 * 3 * 4}
    scores = np.frombuffer(answer.body[size:], "<f4").reshape(output["shape"])
    np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_the_output_says_how_it_wants_to_be_sent(server, expected):
    asked = {"inputs": [tensor()], "parameters": {"binary_data_output": True}}
    asked["outputs"] = [{"name": "scores", "parameters": {"binary_data": False}}]
    assert "data" in server.post(INFER, asked).json["outputs"][0]
    asked["outputs"] = [{"name": "scores", "parameters": {"classification": 2}}]
    answer = server.post(INFER, asked)
    size = int(answer.headers[HEADER.lower()])
    (output,) = json.loads(answer.body[:size])["outputs"]
    assert (output["datatype"], output["shape"]) == ("BYTES", [2, 2])
    texts, rest = [], answer.body[size:]
    while rest:
        (length,) = struct.unpack("<I", rest[:4])
        texts.append(rest[4 : 4 + length].decode())
        rest = rest[4 + length :]
    best = expected.argsort(axis=1)[:, ::-1][:, :2]
    for text, row, number in zip(texts, [0, 0, 1, 1], best.ravel(), strict=True):
        value, index, label = text.split(":")
        assert (int(index), label) == (number, CLASSES[number])
        assert float(value) == pytest.approx(expected[row, number], abs=1e-5)
    plain = {"inputs": [tensor()], "outputs": [asked["outputs"][0]]}
    assert server.post(INFER, plain).json["outputs"][0]["data"] == texts


def test_picture_files_come_as_bytes(server, expected):
    files = [encode_png(picture) for picture in PIXELS]
    content = b"".join(struct.pack("<I", len(f)) + f for f in files)
    document = {"inputs": [without_data(len(content), datatype="BYTES", shape=[2])]}
    answer = binary(server, document, content)
    np.testing.assert_allclose(
        answer.json["outputs"][0]["data"], expected.ravel(), atol=1e-6
    )
    texts = [base64.b64encode(f).decode() for f in files]
    inputs = [tensor(datatype="BYTES", shape=[2, 1], data=texts)]
    assert (
        server.post(INFER, {"inputs": inputs}).json["outputs"] == answer.json["outputs"]
    )


def test_a_raw_request_is_a_picture_or_pixels(server, expected):
    for content, rows in ((encode_png(PIXELS[0]), 1), (PIXELS.tobytes(), 2)):
        answer = server.post(INFER, content, **{HEADER: "0"})
        size = int(answer.headers[HEADER.lower()])
        scores = np.frombuffer(answer.body[size:], "<f4").reshape(rows, 3)
        np.testing.assert_allclose(scores, expected[:rows], atol=1e-6)
    assert server.post(INFER, b"", **{HEADER: "0"}).status == 400
    assert server.post(INFER, b"x" * 65, **{HEADER: "0"}).status == 400


REFUSED = {
    "no inputs": {},
    "inputs no list": {"inputs": 5},
    "inputs of numbers": {"inputs": [5]},
    "no input": {"inputs": []},
    "two inputs": {"inputs": [tensor(), tensor()]},
    "another input": {"inputs": [tensor(name="pixels")]},
    "unknown output": {"inputs": [tensor()], "outputs": [{"name": "nothing"}]},
    "output twice": {"inputs": [tensor()], "outputs": [{"name": "scores"}] * 2},
    "outputs no list": {"inputs": [tensor()], "outputs": 5},
    "no such datatype": {"inputs": [tensor(datatype="FP7")]},
    "datatype no text": {"inputs": [tensor(datatype=[1])]},
    "shape of 2^64": {"inputs": [tensor(shape=[2**32, 2**32])]},
    "negative shape": {"inputs": [tensor(shape=[-1, 8, 8, 1])]},
    "shape of texts": {"inputs": [tensor(shape=["2"])]},
    "shape of bools": {"inputs": [tensor(shape=[True])]},
    "no shape": {"inputs": [tensor(shape=None)]},
    "no dimension": {"inputs": [tensor(shape=[])]},
    "too few values": {"inputs": [tensor(data=[1, 2])]},
    "too many values": {"inputs": [tensor(data=[1] * 129)]},
    "ragged": {"inputs": [tensor(data=[[1, 2], [3]])]},
    "texts": {"inputs": [tensor(data=["a"] * 128)]},
    "data no list": {"inputs": [tensor(data=5)]},
    "data null": {"inputs": [tensor(data=None)]},
    "values that do not fit": {"inputs": [tensor(data=[256] * 128)]},
    "negative values": {"inputs": [tensor(data=[-1] * 128)]},
    "fractions in UINT8": {"inputs": [tensor(data=[0.5] * 128)]},
    "fractions only": {"inputs": [tensor(datatype="FP32", data=[0.5] * 128)]},
    "another size": {"inputs": [tensor(shape=[1, 8, 16, 1])]},
    "an empty batch": {"inputs": [tensor(shape=[0, 8, 8, 1], data=[])]},
    "id no text": {"id": 5, "inputs": [tensor()]},
    "id half a pair": {"id": "\ud800", "inputs": [tensor()]},
    "parameters no object": {"inputs": [tensor()], "parameters": 5},
    "tensor parameters no object": {"inputs": [tensor(parameters=5)]},
    "timeout no number": {"inputs": [tensor()], "parameters": {"timeout": "x"}},
    "classification no number": {
        "inputs": [tensor()],
        "outputs": [{"name": "scores", "parameters": {"classification": "x"}}],
    },
    "bytes that are none": {
        "inputs": [tensor(datatype="BYTES", shape=[1], data=["?"])]
    },
    "bytes of another count": {"inputs": [tensor(datatype="BYTES", data=["aGk="])]},
    "size without bytes": {"inputs": [without_data(128)]},
}


@pytest.mark.parametrize("name", REFUSED)
def test_requests_that_are_refused(server, name):
    answer = server.post(INFER, REFUSED[name])
    assert answer.status == 400, answer.body
    assert list(answer.json) == ["error"]
    assert "Traceback" not in answer.json["error"]


def test_binary_requests_that_are_refused(server):
    whole = PIXELS.tobytes()
    documents = [
        ({"inputs": [without_data(128)]}, whole[:-1]),
        ({"inputs": [without_data(127)]}, whole),
        ({"inputs": [without_data(128, shape=[3, 8, 8, 1])]}, whole),
        ({"inputs": [without_data("128")]}, whole),
        ({"inputs": [tensor(parameters={"binary_data_size": 128})]}, whole),
        ({"inputs": [tensor()]}, whole),
        ({"inputs": [without_data(8, datatype="BYTES", shape=[1])]}, b"\xff" * 8),
        ({"inputs": [without_data(3, datatype="BYTES", shape=[1])]}, b"\0\0\0"),
        ({"inputs": [without_data(0, datatype="BYTES", shape=[1])]}, b""),
    ]
    for document, content in documents:
        answer = binary(server, document, content)
        assert answer.status == 400, (document, answer.body)
    for length in ("99999999999", "-1", "x", "1" * 30, str(10**6)):
        answer = server.post(INFER, b"{}", **{HEADER: length})
        assert answer.status == 400
        assert HEADER in answer.json["error"]
    assert server.get("/v2/health/live").status == 200


PATHS = {
    ("GET", "/v2/nothing"): 404,
    ("GET", "/v2/models/half"): 404,
    ("GET", "/v2/models/half/ready"): 404,
    ("GET", "/v2/models/half/stats"): 404,
    ("POST", "/v2/models/half/infer"): 404,
    ("GET", "/v2/models/digits/versions/9"): 404,
    ("GET", "/v2/models/digits/versions/x"): 400,
    ("GET", f"/v2/models/digits/versions/{2**64}"): 400,
    ("GET", "/v2/models/digits/infer"): 405,
    ("POST", "/v2/models/digits"): 405,
    ("POST", "/v2"): 405,
    ("GET", "/v2/repository/index"): 405,
    ("POST", "/v2/repository/models/digits/unload"): 403,
    ("POST", "/v2/repository/models/digits/load"): 403,
}


@pytest.mark.parametrize("asked", PATHS, ids=lambda a: f"{a[0]} {a[1][:40]}")
def test_paths_that_are_refused(server, asked):
    answer = server(*asked)
    assert (answer.status, list(answer.json)) == (PATHS[asked], ["error"])


def test_metadata_health_and_index(server):
    told = server.get("/v2").json
    assert told["name"] == "visus" and "binary_tensor_data" in told["extensions"]
    assert server.get("/v2/health/live").json == {"live": True}
    assert server.get("/v2/health/ready").json == {"ready": True}
    assert server.get("/v2/models/digits/versions/1/ready").json["ready"] is True
    assert server.get("/v2/models/digits/versions/8/ready").status == 503
    assert server.get("/v2/models/digits").json == {
        "name": "digits",
        "versions": ["1", "2"],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": "images", "datatype": "UINT8", "shape": [-1, 8, 8, 1]}],
        "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, 3]}],
    }
    rows = server.post("/v2/repository/index", b"").json
    assert [(row["name"], row["version"], row["state"]) for row in rows] == [
        ("digits", "1", "READY"),
        ("digits", "2", "READY"),
        ("prices", "7", "READY"),
        ("tags", "1", "READY"),
    ]


def test_statistics_count_pictures_and_runs(server):
    def of_tags():
        (stats,) = server.get("/v2/models/tags/stats").json["model_stats"]
        return stats

    before = of_tags()
    for _ in range(3):
        assert (
            server.post("/v2/models/tags/infer", {"inputs": [tensor()]}).status == 200
        )
    server.post("/v2/models/tags/infer", {"inputs": [tensor(shape=[1, 9, 9, 1])]})
    after = of_tags()
    assert after["inference_count"] - before["inference_count"] == 6
    assert after["execution_count"] - before["execution_count"] == 3
    success = after["inference_stats"]["success"]
    assert success["count"] - before["inference_stats"]["success"]["count"] == 3
    assert success["ns"] > 0 and after["last_inference"] > 1.7e12
    sizes = {batch["batch_size"] for batch in after["batch_stats"]}
    assert sizes <= {1, 2}
    everything = server.get("/v2/models/stats").json["model_stats"]
    assert {s["name"] for s in everything} == {"digits", "tags", "prices"}


def test_a_packed_body_is_unpacked(server):
    body = gzip.compress(json.dumps({"inputs": [tensor()]}).encode())
    assert server.post(INFER, body, Content_Encoding="gzip").status == 200
    assert server.post(INFER, body[:-9], Content_Encoding="gzip").status == 400
    assert server.post(INFER, b"x", Content_Encoding="gzip").status == 400
    assert server.post(INFER, body, Content_Encoding="br").status == 415


def test_models_are_loaded_and_unloaded_where_that_is_allowed(models):
    with running(RepositoryFolder(models, Policy()), admin=True) as server:
        act = "/v2/repository/models/tags/"
        assert server.post(act + "unload", b"").status == 200
        assert server.post("/v2/models/tags/infer", {"inputs": []}).status == 404
        server.service.keeper.update()
        assert server.get("/v2/models/tags/ready").status == 503
        assert server.post(act + "load", {}).json == {}
        assert (
            server.post("/v2/models/tags/infer", {"inputs": [tensor()]}).status == 200
        )
        assert server.post("/v2/repository/models/none/load", b"").status == 404
        assert server.post("/v2/repository/models/none/unload", b"").status == 404
        config = {"parameters": {"config": "{}"}}
        assert server.post(act + "load", config).status == 400

"""Class and model names that no protocol can write are answered all the same."""

import os

import pytest

from grpc_asker import TENSORFLOW, Asker, infer_request, served_models
from served import drawn_pixels, write_bundle
from serving.conftest import running
from visus.data.encode import encode_png
from visus.serving.grpc.messages import message_class
from visus.serving.sources import NamedFiles, RepositoryFolder
from visus.serving.versions import Policy

HALF = "half \ud800"
ESCAPED = r"half \ud800"
PICTURE = encode_png(drawn_pixels(1)[0])


@pytest.fixture
def odd(tmp_path):
    write_bundle(tmp_path / "digits.visus", names=[HALF, "three", "zero"])
    return tmp_path


def test_over_http(odd):
    with running(NamedFiles([("digits", odd / "digits.visus")])) as server:
        told = server.post("/predict", PICTURE).json["predictions"][0]
        assert HALF in told["scores"]
        values = drawn_pixels(1).ravel().tolist()
        examples = {"examples": [{"images": values}]}
        (rows,) = server.post("/v1/models/digits:classify", examples).json["results"]
        assert rows[0][0] == ESCAPED
        told = server.get("/v1/models/digits/metadata").json["metadata"]
        assert told["class_names"][0] == ESCAPED
        tensor = {"name": "images", "datatype": "UINT8", "shape": [1, 8, 8, 1]}
        wanted = {"name": "scores", "parameters": {"classification": 3}}
        asked = {"inputs": [{**tensor, "data": values}], "outputs": [wanted]}
        answer = server.post("/v2/models/digits/infer", asked)
        best = answer.json["outputs"][0]["data"]
        assert any(text.endswith(ESCAPED) for text in best)


def test_over_grpc(odd):
    with served_models(odd, ["digits"]) as (port, _, _):
        asker = Asker(port)
        request = infer_request()
        output = request.outputs.add(name="scores")
        output.parameters["classification"].int64_param = 3
        assert ESCAPED.encode() in asker.infer(request).raw_output_contents[0]
        request = message_class("ClassificationRequest")()
        request.model_spec.name = "digits"
        features = request.input.example_list.examples.add().features.feature
        features["images"].bytes_list.value.append(PICTURE)
        method = f"{TENSORFLOW}/Classify"
        answer = asker.ask(method, request, "ClassificationResponse")
        (row,) = answer.result.classifications
        assert row.classes[0].label == ESCAPED


def test_a_folder_whose_name_is_no_text_spoils_no_index(tmp_path):
    write_bundle(tmp_path / "digits" / "1" / "model.visus")
    try:
        (tmp_path / os.fsdecode(b"odd\xff")).mkdir()
    except OSError:
        pytest.skip("this file system takes no such name")
    with running(RepositoryFolder(tmp_path, Policy())) as server:
        server.service.keeper.load("digits")
        assert server.service.repository.names() == ("digits", r"odd\xff")
        (row,) = server.post("/v2/repository/index", {}).json
        assert row["name"] == "digits"

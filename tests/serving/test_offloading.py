"""Large answers are written in a thread: others are answered meanwhile."""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from served import drawn_pixels, write_bundle
from serving.conftest import running
from visus.data.encode import encode_png
from visus.serving.http import open_inference, pictures, tensorflow
from visus.serving.http.json_text import dump_json, dump_scores, in_pieces
from visus.serving.sources import NamedFiles

PICTURE = encode_png(drawn_pixels(1)[0])
ENCODED = {"b64": base64.b64encode(PICTURE).decode()}
INPUT = {
    "name": "images",
    "datatype": "BYTES",
    "shape": [40],
    "data": [ENCODED["b64"]] * 40,
}


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A server of a model of 600 classes."""
    path = tmp_path_factory.mktemp("many") / "many.visus"
    write_bundle(path, names=[f"class {number}" for number in range(600)])
    with running(NamedFiles([("many", path)])) as server:
        yield server


@pytest.mark.parametrize(
    ("module", "name", "path", "body"),
    [
        (pictures, "_written", "/predict", PICTURE),
        (
            tensorflow,
            "_written",
            "/v1/models/many:predict",
            {"instances": [ENCODED] * 40},
        ),
        (
            tensorflow,
            "_written",
            "/v1/models/many:classify",
            {"examples": [{"images": ENCODED}]},
        ),
        (
            open_inference,
            "write_inference",
            "/v2/models/many/infer",
            {"inputs": [INPUT]},
        ),
    ],
    ids=["people", "predict", "classify", "infer"],
)
def test_others_are_answered_meanwhile(many, monkeypatch, module, name, path, body):
    writing, go_on = threading.Event(), threading.Event()
    write = getattr(module, name)

    def slowly(*words):
        writing.set()
        assert go_on.wait(60)
        return write(*words)

    expected = many.post(path, body)
    assert expected.status == 200
    monkeypatch.setattr(module, name, slowly)
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(many.post, path, body)
        assert writing.wait(60)
        assert many.get("/health").status == 200
        go_on.set()
        assert answer.result().body == expected.body


@pytest.mark.parametrize("shape", [(3, 7), (20_000,), (4_000, 10), (2, 40_000)])
def test_pieces_are_written_as_the_whole(shape):
    floats = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    whole = json.dumps({"scores": floats.tolist()})
    written = json.loads(dump_scores("scores", floats))["scores"]
    assert np.array_equal(np.asarray(written, np.float32), floats)
    assert np.shape(written) == np.shape(json.loads(whole)["scores"])


def test_pieces_stand_beside_half_a_character_too():
    floats = np.arange(20_000, dtype=np.float32)
    document = {"name": "half \ud800", "data": in_pieces(floats)}
    assert json.loads(dump_json(document))["data"] == floats.tolist()

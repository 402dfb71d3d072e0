"""Large answers are written in a thread: others are answered meanwhile."""

import base64
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from served import drawn_pixels, write_bundle
from serving.conftest import running
from visus.data.encode import encode_png
from visus.serving.http import pictures, tensorflow
from visus.serving.sources import NamedFiles

PICTURE = encode_png(drawn_pixels(1)[0])
ENCODED = {"b64": base64.b64encode(PICTURE).decode()}


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A server of a model of 600 classes."""
    path = tmp_path_factory.mktemp("many") / "many.visus"
    write_bundle(path, names=[f"class {number}" for number in range(600)])
    with running(NamedFiles([("many", path)])) as server:
        yield server


@pytest.mark.parametrize(
    ("module", "path", "body"),
    [
        (pictures, "/predict", PICTURE),
        (tensorflow, "/v1/models/many:predict", {"instances": [ENCODED] * 40}),
        (tensorflow, "/v1/models/many:classify", {"examples": [{"images": ENCODED}]}),
    ],
    ids=["people", "predict", "classify"],
)
def test_others_are_answered_meanwhile(many, monkeypatch, module, path, body):
    writing, go_on = threading.Event(), threading.Event()
    write = module._written

    def slowly(*words):
        writing.set()
        assert go_on.wait(60)
        return write(*words)

    expected = many.post(path, body)
    assert expected.status == 200
    monkeypatch.setattr(module, "_written", slowly)
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(many.post, path, body)
        assert writing.wait(60)
        assert many.get("/health").status == 200
        go_on.set()
        assert answer.result().body == expected.body

"""POST /explain: the maps of `visus explain`, in bounded work."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from served import CLASSES, drawn_pixels
from serving.conftest import running
from visus.data.encode import encode_png
from visus.explanation.base import Subject
from visus.explanation.occlusion import Occlusion, OcclusionSettings
from visus.explanation.rise import Rise, RiseSettings
from visus.serving import Wanted
from visus.serving.sources import RepositoryFolder
from visus.serving.versions import Policy

PIXELS = drawn_pixels(1)[0]
PICTURE = encode_png(PIXELS)
EXPLAIN = "/explain?model=digits"
METHODS = {
    "occlusion": Occlusion(OcclusionSettings()),
    "rise": Rise(RiseSettings()),
}


@pytest.fixture(scope="module")
def bundle(server):
    return server.service.repository.find(Wanted("digits")).bundle


@pytest.mark.parametrize("method", METHODS)
def test_the_map_is_that_of_the_method(server, bundle, method):
    output = 1
    subject = Subject(PIXELS, output, bundle.scores)
    expected = METHODS[method].explain(subject)
    path = f"{EXPLAIN}&method={method}&class={CLASSES[output]}&format=json"
    answer = server.post(path, PICTURE)
    assert answer.status == 200, answer.body
    told = answer.json
    assert (told["model"], told["version"], told["method"]) == ("digits", "2", method)
    assert told["class"] == CLASSES[output]
    scores = bundle.scores(PIXELS[None])[0]
    assert told["answer"] == CLASSES[scores.argmax()]
    assert told["score"] == pytest.approx(scores[output], abs=1e-6)
    np.testing.assert_allclose(told["map"], expected.values, atol=1e-5)
    row, column = np.unravel_index(np.argmax(told["map"]), (8, 8))
    assert told["strongest"] == {"row": row, "column": column}


def test_a_panel_is_a_picture_of_it(server):
    answer = server.post(EXPLAIN, PICTURE)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    with Image.open(BytesIO(answer.body)) as image:
        assert image.size[0] > 700
        assert np.asarray(image.convert("L")).std() > 20


def test_other_tasks_are_explained_too(server):
    told = server.post("/explain?model=prices&format=json", PICTURE).json
    assert told["class"] == "price" and told["answer"] == pytest.approx(told["score"])
    tags = server.post("/explain?model=tags&format=json&class=zero", PICTURE).json
    assert tags["class"] == "zero"


REFUSED = {
    "no picture": (EXPLAIN, b"hello", "cannot be read"),
    "nothing": (EXPLAIN, b"", "An empty body"),
    "no class": (f"{EXPLAIN}&class=seben", PICTURE, "'seben'"),
    "no method": (f"{EXPLAIN}&method=ries", PICTURE, "'ries'"),
    "a method of layers": (f"{EXPLAIN}&method=grad-cam", PICTURE, "needs network"),
    "a method of pictures": (f"{EXPLAIN}&method=nearest", PICTURE, "needs pictures"),
    "no format": (f"{EXPLAIN}&format=gif", PICTURE, "format='gif'"),
    "no model named": ("/explain", PICTURE, "3 models, and none is named"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_in_three_fields(server, name):
    path, body, words = REFUSED[name]
    answer = server.post(path, body)
    assert answer.status == 400, answer.body
    assert words in answer.json["error"]
    assert answer.json["expected"] and answer.json["remedy"]


def test_other_verbs_models_and_several_pictures(server):
    assert server.get("/explain").status == 405
    assert server.post("/explain?model=none", PICTURE).status == 404
    part = b"--b\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\n"
    body = (part + PICTURE + b"\r\n") * 2 + b"--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    answer = server.post(EXPLAIN, body, Content_Type=kind)
    assert answer.status == 400 and "2 pictures" in answer.json["error"]


def held(service):
    """Let the model wait before each answer until it may go on."""
    found, gate = service.repository.find(Wanted("digits")), threading.Event()
    session, began = found.bundle.session, threading.Semaphore(0)
    scores = session.scores

    def waiting(pixels):
        began.release()
        assert gate.wait(60)
        return scores(pixels)

    session.scores = waiting
    return gate, began


def test_its_work_is_bounded_and_others_are_answered_meanwhile(models):
    limits = {"max_queue": 2, "deadline_seconds": 0.5}
    with running(RepositoryFolder(models, Policy()), explain=limits) as server:
        gate, began = held(server.service)
        with ThreadPoolExecutor(2) as clients:
            waiting = [clients.submit(server.post, EXPLAIN, PICTURE) for _ in range(2)]
            assert began.acquire(timeout=60)
            while server.service.explaining.waiting < 2:
                time.sleep(0.005)
            full = server.post(EXPLAIN, PICTURE)
            assert (full.status, full.headers["retry-after"]) == (503, "1")
            other = server.post("/v2/models/tags/ready", b"")
            assert other.status == 405
            assert server.post("/predict?model=tags", PICTURE).status == 200
            assert {answer.result().status for answer in waiting} == {504}
        gate.set()
        # Whoever gave up is asked for no more: two, at most, of hundreds of pieces.
        calls = 0
        while began.acquire(timeout=0.5):
            calls += 1
        assert calls <= 2
    with running(RepositoryFolder(models, Policy())) as server:
        assert server.post(EXPLAIN, PICTURE).status == 200


def test_it_can_be_off(models):
    off = {"enabled": False}
    with running(RepositoryFolder(models, Policy()), explain=off) as server:
        assert server.post(EXPLAIN, PICTURE).status == 404
        assert "/explain" not in server.get("/openapi.json").json["paths"]

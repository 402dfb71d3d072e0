"""POST /predict: picture files, answered for people."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from typer.testing import CliRunner

from served import CLASSES, drawn_pixels, write_bundle
from serving.conftest import running
from visus.cli.app import app
from visus.data.encode import encode_png
from visus.serving import Wanted
from visus.serving.sources import NamedFiles

PIXELS = drawn_pixels(3)
FILES = [encode_png(picture) for picture in PIXELS]
BOUNDARY = "----visus-test"


def form(files, boundary=BOUNDARY):
    """A multipart body of (field, file name, content)."""
    body = b""
    for name, file_name, content in files:
        told = f'form-data; name="{name}"'
        if file_name is not None:
            told += f'; filename="{file_name}"'
        body += f"--{boundary}\r\nContent-Disposition: {told}\r\n\r\n".encode()
        body += content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


def post_form(server, body, path="/predict?model=digits"):
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return server.post(path, body, Content_Type=kind)


@pytest.fixture(scope="module")
def expected(server):
    return server.service.repository.find(Wanted("digits")).bundle.scores(PIXELS)


def test_a_form_of_pictures_is_answered_by_name(server, expected):
    names = ["a.png", "b/ü.png", "c.png"]
    body = form([("file", n, f) for n, f in zip(names, FILES, strict=True)])
    answer = post_form(server, body)
    assert answer.status == 200, answer.body
    told = answer.json
    assert (told["model"], told["version"]) == ("digits", "2")
    assert [row["id"] for row in told["predictions"]] == names
    for row, scores in zip(told["predictions"], expected, strict=True):
        best = scores.argmax()
        assert row["answer"] == CLASSES[best]
        assert row["confidence"] == pytest.approx(scores[best], abs=1e-6)
        np.testing.assert_allclose(list(row["scores"].values()), scores, atol=1e-6)


def test_a_raw_body_is_a_picture_whatever_its_type(server, expected):
    for kind in ("image/png", "application/x-www-form-urlencoded", ""):
        answer = server.post("/predict?model=digits&top=1", FILES[1], Content_Type=kind)
        (row,) = answer.json["predictions"]
        assert row["answer"] == CLASSES[expected[1].argmax()]
        assert len(row["scores"]) == len(row["top"]) == 1
    old = server.post("/predict?model=digits&label=stable", FILES[1]).json
    assert old["version"] == "1"
    assert server.post("/predict?model=digits&version=1", FILES[1]).json == old


@pytest.fixture(scope="module")
def judging(tmp_path_factory):
    """A server whose one model knows how sure it is, and the model."""
    path = tmp_path_factory.mktemp("calibrated") / "digits.visus"
    bundle = write_bundle(path, calibrated=True)
    with running(NamedFiles([("digits", path)])) as started:
        yield started, bundle


def test_a_label_or_unsure_or_unknown_as_the_command_line_says_it(judging, tmp_path):
    server, bundle = judging
    pictures = [*drawn_pixels(10, seed=3), np.full((8, 8, 1), 255, np.uint8)]
    files = [encode_png(picture) for picture in pictures]
    paths = [tmp_path / f"{number}.png" for number in range(len(files))]
    for path, content in zip(paths, files, strict=True):
        path.write_bytes(content)
    said = CliRunner().invoke(
        app, ["predict", str(bundle.path), *map(str, paths), "--json"]
    )
    expected = json.loads(said.stdout)
    answer = post_form(
        server, form([("file", str(p), f) for p, f in zip(paths, files, strict=True)])
    )
    told = answer.json
    assert told["calibrated"] is expected["calibrated"] is True
    assert told["operating_point"] == expected["operating_point"]
    assert {row["kind"] for row in told["predictions"]} == {
        "label",
        "unsure",
        "unknown",
    }
    assert told["predictions"][-1]["answer"] == "unknown"
    for ours, theirs in zip(told["predictions"], expected["predictions"], strict=True):
        assert list(ours) == list(theirs)
        for name in ("id", "answer", "kind", "best", "set"):
            assert ours[name] == theirs[name]
        for name in ("typicality", "confidence", "scores"):
            assert ours[name] == pytest.approx(theirs[name], abs=1e-6)


def test_what_is_said_alone_is_said_in_company(judging):
    server, bundle = judging
    pixels = drawn_pixels(24, seed=4)
    files = [encode_png(picture) for picture in pixels]
    alone = [
        server.post("/predict", content).json["predictions"][0] for content in files
    ]
    tensors = {"instances": pixels.tolist()}
    with ThreadPoolExecutor(8) as clients:
        others = [
            clients.submit(server.post, "/v1/models/digits:predict", tensors)
            for _ in range(8)
        ]
        company = list(clients.map(lambda f: server.post("/predict", f), files))
    together = post_form(
        server, form([("file", "picture", content) for content in files])
    )
    for rows in (
        [answer.json["predictions"][0] for answer in company],
        together.json["predictions"],
    ):
        for row, expected in zip(rows, alone, strict=True):
            assert (row["answer"], row["set"]) == (expected["answer"], expected["set"])
            for name in ("typicality", "scores"):
                assert row[name] == pytest.approx(expected[name], abs=1e-5)
    # Tensors get calibrated scores and nothing else, whoever shares their run.
    for asked in others:
        np.testing.assert_allclose(
            asked.result().json["predictions"], bundle.scores(pixels), atol=1e-6
        )


def test_a_model_that_is_not_calibrated_says_why(server):
    told = server.post("/predict?model=digits", FILES[0]).json
    assert told["calibrated"] is False and "did not calibrate" in told["why"]
    assert "kind" not in told["predictions"][0]


def test_other_tasks_answer_in_their_own_way(server):
    (tags,) = server.post("/predict?model=tags", FILES[0]).json["predictions"]
    assert isinstance(tags["answer"], list)
    (price,) = server.post("/predict?model=prices", FILES[0]).json["predictions"]
    assert isinstance(price["answer"], float) and "scores" not in price


FIELD = form([("text", None, b"hello")])
REFUSED = {
    "nothing": (b"", "/predict?model=digits", "An empty body"),
    "no picture": (b"hello", "/predict?model=digits", "cannot be read (not_image)"),
    "half a picture": (
        FILES[0][: len(FILES[0]) // 2],
        "/predict?model=digits",
        "cannot be read",
    ),
    "no model named": (FILES[0], "/predict", "3 models, and none is named"),
    "top no number": (FILES[0], "/predict?model=digits&top=x", "top='x'"),
    "version no number": (FILES[0], "/predict?model=digits&version=-1", "version='-1'"),
    "version too large": (FILES[0], f"/predict?model=digits&version={10**19 - 1}", ""),
}


@pytest.mark.parametrize("name", REFUSED)
def test_requests_that_are_refused_in_three_fields(server, name):
    body, path, words = REFUSED[name]
    answer = server.post(path, body)
    assert answer.status == 400, answer.body
    assert words in answer.json["error"]
    assert answer.json["expected"] and answer.json["remedy"]
    assert answer.json["code"] == "INVALID_ARGUMENT"


FORMS = {
    "no file": FIELD,
    "cut": form([("file", "a.png", FILES[0])])[:-8],
    "empty": b"",
    "no form": b"hello",
    "another boundary": form([("file", "a.png", FILES[0])], "other"),
    "too many parts": form([("file", "a", b"x")] * 257),
    "a header too long": form([("file", "a" * 10_000, b"x")]),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_that_are_refused(server, name):
    answer = post_form(server, FORMS[name])
    assert answer.status == 400, answer.body
    assert "form" in answer.json["error"]


def test_unknown_models_and_verbs(server):
    for path, error, expected in (
        ("/predict?model=none", 'model "none"', "digits, prices, tags"),
        ("/predict?model=digits&version=9", "that version", "versions 1, 2"),
        ("/predict?model=digits&label=canary", "that label", "versions 1, 2"),
    ):
        answer = server.post(path, FILES[0])
        assert answer.status == 404
        assert error in answer.json["error"] and expected in answer.json["expected"]
    assert server.get("/predict").status == 405
    assert server.post("/predict/x", FILES[0]).status == 404
    kind = "multipart/form-data"
    assert server.post("/predict?model=digits", b"x", Content_Type=kind).status == 400


def test_addresses_are_not_fetched_unless_that_is_allowed(server):
    urls = {"urls": ["http://example.com/a.png"]}
    answer = server.post("/predict?model=digits", urls, Content_Type="application/json")
    assert answer.status == 400
    assert "--allow-urls" in answer.json["remedy"]

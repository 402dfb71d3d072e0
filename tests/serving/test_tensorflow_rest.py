"""TensorFlow Serving's REST protocol over a real socket: answers, errors, quirks."""

import base64
import json

import numpy as np
import pytest

from served import CLASSES, drawn_pixels
from serving.conftest import running
from visus.data.encode import encode_png
from visus.data.preprocess import PreprocessSpec
from visus.serving import Wanted
from visus.serving.http.tensorflow_reading import read_examples
from visus.serving.sources import RepositoryFolder
from visus.serving.versions import Policy

PREDICT = "/v1/models/digits:predict"
PIXELS = drawn_pixels(3)


@pytest.fixture(scope="module")
def expected(server):
    return server.service.repository.find(Wanted("digits")).bundle.scores(PIXELS)


def b64(pixels: np.ndarray) -> dict[str, str]:
    return {"b64": base64.b64encode(encode_png(pixels)).decode()}


@pytest.mark.parametrize("where", ["", "/versions/2"])
@pytest.mark.parametrize("signature", [{}, {"signature_name": "prediction"}])
def test_rows_answer_as_the_bundle_does(server, expected, where, signature):
    path = f"/v1/models/digits{where}:predict"
    rows = {
        "plain": PIXELS.tolist(),
        "named": [{"images": image} for image in PIXELS.tolist()],
        "floats": PIXELS.astype(float).tolist(),
        "no channel axis": PIXELS[..., 0].tolist(),
        "files": [b64(image) for image in PIXELS],
        "named files": [{"images": b64(image)} for image in PIXELS],
    }
    for name, instances in rows.items():
        answer = server.post(path, {**signature, "instances": instances})
        assert answer.status == 200, (name, answer.body)
        assert list(answer.json) == ["predictions"]
        np.testing.assert_allclose(
            answer.json["predictions"], expected, atol=1e-6, err_msg=name
        )
        assert answer.headers["content-type"] == "application/json"


def test_columns_answer_under_outputs(server, expected):
    for inputs in (PIXELS.tolist(), {"images": PIXELS.tolist()}):
        answer = server.post(PREDICT, {"inputs": inputs})
        assert list(answer.json) == ["outputs"]
        np.testing.assert_allclose(answer.json["outputs"], expected, atol=1e-6)
    one = server.post(PREDICT, {"inputs": b64(PIXELS[0])})
    np.testing.assert_allclose(one.json["outputs"], expected[:1], atol=1e-6)


def test_floats_are_as_short_as_float32_allows_and_never_whole_numbers(server):
    text = server.post(PREDICT, {"instances": PIXELS.tolist()}).body.decode()
    numbers = text.replace("[", " ").replace("]", " ").replace(",", " ").split()[1:]
    figures = [number for number in numbers if number[0].isdigit()]
    assert figures and all("." in n or "e" in n for n in figures)
    assert all(str(np.float32(n)) == str(np.float32(float(n))) for n in figures)
    assert all(len(n) <= 15 for n in figures)


def test_versions_and_labels_choose_a_version(server):
    def scores(where: str):
        answer = server.post(
            f"/v1/models/digits{where}:predict", {"instances": PIXELS.tolist()}
        )
        return answer.json["predictions"]

    assert scores("") == scores("/versions/2")
    assert scores("/labels/stable") == scores("/versions/1") != scores("")
    # Routes do not look at upper and lower case; names do.
    assert server.post("/V1/MODELS/digits:PREDICT", {"instances": [[1]]}).status == 400


def test_classify_and_regress_answer_results(server):
    example = {"images": PIXELS[0].ravel().tolist()}
    answer = server.post("/v1/models/digits:classify", {"examples": [example]})
    ((rows),) = answer.json["results"]
    assert [label for label, _ in rows] == list(CLASSES)
    assert sum(score for _, score in rows) == pytest.approx(1, abs=1e-5)
    picture = {"context": {"images": b64(PIXELS[0])}, "examples": [{}, {}]}
    both = server.post("/v1/models/digits:classify", picture)
    assert [r[0][1] for r in both.json["results"]] == pytest.approx([rows[0][1]] * 2)
    price = server.post("/v1/models/prices:regress", {"examples": [example]})
    assert len(price.json["results"]) == 1
    assert isinstance(price.json["results"][0], float)
    for path in ("/v1/models/digits:regress", "/v1/models/prices:classify"):
        answer = server.post(path, {"examples": [example]})
        assert answer.status == 400
        assert "signature method_name to be" in answer.json["error"]


def test_status_has_versions_as_strings(server):
    (status,) = server.get("/v1/models/digits/versions/1").json["model_version_status"]
    assert status == {
        "version": "1",
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    both = server.get("/v1/models/digits").json["model_version_status"]
    assert [one["version"] for one in both] == ["2", "1"]
    labelled = server.get("/v1/models/digits/labels/stable").json
    assert labelled["model_version_status"] == [status]


def test_metadata_has_the_doubled_signature_def(server):
    told = server.get("/v1/models/digits/versions/2/metadata").json
    assert told["model_spec"] == {
        "name": "digits",
        "signature_name": "",
        "version": "2",
    }
    signatures = told["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) == {"serving_default", "prediction"}
    images = signatures["serving_default"]["inputs"]["images"]
    assert images["dtype"] == "DT_UINT8"
    sizes = [dim["size"] for dim in images["tensor_shape"]["dim"]]
    assert sizes == ["-1", "8", "8", "1"]
    scores = signatures["prediction"]["outputs"]["scores"]
    assert scores["dtype"] == "DT_FLOAT"


MALFORMED = {
    ("GET", "/v1/foo"): (400, "Malformed request: GET /v1/foo"),
    ("GET", "/v1/models"): (400, "Missing model name in request."),
    ("POST", "/v1/models/digits"): (400, "Malformed request: POST /v1/models/digits"),
    ("GET", "/v1/models/digits:predict"): (400, "Malformed request: GET"),
    ("POST", "/v1/models/digits/metadata"): (400, "Malformed request: POST"),
    ("POST", "/v1/models/digits/version/1:predict"): (400, "Malformed request: POST"),
    ("POST", "/v1/models/digits/versions/1/labels/a:predict"): (400, "Malformed"),
    ("POST", "/v1/models/half:predict"): (
        404,
        "Servable not found for request: Latest(half)",
    ),
    ("POST", "/v1/models/digits/versions/99:predict"): (404, "Specific(digits, 99)"),
    ("POST", "/v1/models/digits/labels/none:predict"): (
        400,
        "Unrecognized servable version label",
    ),
    ("POST", "/v1/models/digits/labels/canary:predict"): (400, "Unrecognized"),
    ("POST", f"/v1/models/digits/versions/{2**64}:predict"): (
        400,
        f"Failed to convert version: {2**64} to numeric.",
    ),
    ("GET", f"/v1/models/digits/versions/{2**64}"): (400, "Failed to convert version"),
    ("GET", "/v1/models/half"): (404, "Could not find any versions of model half"),
    ("GET", "/v1/models/digits/versions/99"): (404, "Could not find version 99"),
    ("GET", "/v1/models/half/metadata"): (404, "Servable not found"),
}


@pytest.mark.parametrize("asked", MALFORMED, ids=lambda a: f"{a[0]} {a[1][:48]}")
def test_paths_that_are_refused(server, asked):
    status, words = MALFORMED[asked]
    body = {"instances": PIXELS.tolist()} if asked[0] == "POST" else None
    answer = server(*asked, body)
    assert (answer.status, list(answer.json)) == (status, ["error"])
    assert words in answer.json["error"]


IMAGE = PIXELS[0].tolist()
BODIES = {
    b"": "JSON Parse error: The document is empty",
    b"  ": "JSON Parse error: The document is empty",
    b"[1]": "Is not object",
    b"{": "JSON Parse error: ",
    b"{'a': 1}": "JSON Parse error: ",
    b'{"instances": "\xff"}': "JSON Parse error: Invalid encoding",
    b"{}": "Missing 'inputs' or 'instances' key",
    b'{"instances": [1], "inputs": [1]}': "expecting only one of 'inputs' or",
    b'{"instances": 5}': "Excepting 'instances' to be an list/array",
    b'{"instances": []}': "No values in 'instances' array",
    b'{"signature_name": 100, "instances": [1]}': "'signature_name' key must be a",
    b'{"signature_name": "x", "instances": [1]}': 'name: "x" not found in signature',
    b'{"instances": [{"pixels": [1]}]}': "does not have named input: pixels",
    b'{"instances": [{}]}': "keys must be equal to: images",
    b'{"instances": [{"images": [1]}, [1]]}': "Expecting object but got list at item 1",
    b'{"instances": [[1], {"images": [1]}]}': "Expecting value/list but got object",
    b'{"instances": [[1, 2], [3]]}': "Expecting shape [2] but got: [1]",
    b'{"instances": [[1, "a"]]}': 'JSON Value: "a" Type: String is not of expected',
    b'{"instances": [[1, null]]}': "Type: Null",
    b'{"instances": [[true]]}': "Type: True",
    b'{"instances": [{"b64": "a-!"}]}': "Unable to base64 decode",
    b'{"instances": [{"b64": "aGk="}]}': "Picture 0 cannot be read (not_image)",
    b'{"instances": [{"b64": 5}]}': "does not have named input: b64",
    b'{"instances": [{"images": {"b64": "aGk=", "x": 1}}]}': "element: 0",
    b'{"inputs": {"pixels": [1]}}': "Missing named input: images in 'inputs' object",
    b'{"inputs": 5}': "not of expected type",
    b'{"instances": [[1, 2]]}': "Images of shape (1, 2)",
    b'{"instances": [123456789012345678901234567890]}': "Images of shape",
    b'{"instances": ' + b"9" * 5000 + b"}": "JSON",
    b'{"instances": "\\ud800"}': "Excepting 'instances'",
    b'{"\\ud800": 1, "instances": [{"\\ud800": 1}]}': "does not have named input",
}


@pytest.mark.parametrize("body", BODIES, ids=lambda b: b[:40].decode("latin-1"))
def test_bodies_that_are_refused(server, body):
    answer = server.post(PREDICT, body)
    assert answer.status == 400, answer.body
    assert list(answer.json) == ["error"]
    assert BODIES[body] in answer.json["error"]


def test_what_all_examples_share_is_read_once_and_held_to_a_bound(models):
    shared = {"images": PIXELS[0].ravel().tolist()}
    path, room = "/v1/models/digits:classify", {"max_pixel_bytes": 10 * 64}
    with running(RepositoryFolder(models, Policy()), engine=room) as small:
        for context in (shared, {"images": b64(PIXELS[0])}):
            body = {"context": context, "examples": [{}] * 10}
            assert len(small.post(path, body).json["results"]) == 10
            answer = small.post(path, {**body, "examples": [{}] * 5000})
            assert answer.status == 400
            assert "5000 pictures in one request" in answer.json["error"]
            assert "at most 10" in answer.json["error"]
    picture = {"context": {"images": b64(PIXELS[0])}, "examples": [{}] * 3}
    spec = PreprocessSpec(image_size=(8, 8), channels=1)
    first, *others = read_examples(picture, spec, lambda count: None)
    assert all(other is first for other in others)


EXAMPLES = {
    "{}": "key 'examples' is expected and was not found",
    '{"examples": 5}': "Expecting 'examples' value to be an list/array",
    '{"examples": []}': "'examples' value is an empty array",
    '{"examples": [[1]]}': "Example must be JSON object but got JSON Array",
    '{"examples": [{}]}': "Feature: images is required but could not be found",
    '{"examples": [{"images": [[1]]}]}': "unexpected JSON type: Array",
    '{"examples": [{"images": [null]}]}': "unexpected JSON type: Null",
    '{"examples": [{"images": [1, 2]}]}': "2 values, where 64 are needed",
}


@pytest.mark.parametrize("body", EXAMPLES)
def test_examples_that_are_refused(server, body):
    answer = server.post("/v1/models/digits:classify", body.encode())
    assert answer.status == 400
    assert EXAMPLES[body] in answer.json["error"]


def test_what_is_lenient_elsewhere_is_lenient_here(server):
    body = json.dumps({"instances": PIXELS.tolist()}).encode()
    # Bytes after the document are not looked at, nor is the content type.
    assert server.post(PREDICT, body + b" trailing").status == 200
    answer = server.post(
        PREDICT, body, Content_Type="application/x-www-form-urlencoded"
    )
    assert answer.status == 200
    padded = b64(PIXELS[0])
    stripped = {"b64": padded["b64"].rstrip("=")}
    assert server.post(PREDICT, {"instances": [stripped]}).status == 200


def test_nan_is_a_bare_word_both_ways(server):
    picture = PIXELS[0].astype(float)
    picture[0, 0] = np.nan
    answer = server.post(PREDICT, {"instances": [picture.tolist()]})
    # It is read (the standard library writes NaN), and refused as a value.
    assert answer.status == 400
    assert "Values from nan to nan" in answer.json["error"]
    from visus.serving.http.json_text import dump_floats, dump_scores

    scores = np.array([[np.nan, np.inf, -np.inf, 0.1]], np.float32)
    assert dump_scores("predictions", scores) == (
        b'{"predictions": [[NaN, Infinity, -Infinity, 0.1]]}'
    )
    assert dump_floats([float("nan")], scores) == b"[NaN]"


def test_fractions_are_refused_unless_the_server_is_told(server, models):
    unit = (PIXELS / 255).tolist()
    answer = server.post(PREDICT, {"instances": unit})
    assert answer.status == 400
    assert "Fractions only" in answer.json["error"]
    assert "--input unit" in answer.json["error"]
    # Whole numbers 0 and 1 and black pictures are what they say.
    assert server.post(PREDICT, {"instances": (PIXELS > 99).astype(int).tolist()}).json
    black = {"instances": np.zeros((1, 8, 8, 1)).tolist()}
    assert server.post(PREDICT, black).status == 200
    for value, told in ((256, "to 256"), (-1, "from -1")):
        answer = server.post(PREDICT, {"instances": [np.full((8, 8), value).tolist()]})
        assert told in answer.json["error"]

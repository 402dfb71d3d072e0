"""While models load: who asks is told to ask again, and nothing is called missing."""

import pytest

from served import drawn_pixels, write_bundle
from serving.conftest import running
from visus.data.encode import encode_png
from visus.serving import Refusal, Repository, State, VersionStatus, Wanted
from visus.serving.refusals import Code
from visus.serving.sources import NamedFiles

PICTURE = encode_png(drawn_pixels(1)[0])
ASKED = (
    ("POST", "/predict", PICTURE),
    ("POST", "/predict?model=one", PICTURE),
    ("POST", "/explain", PICTURE),
    ("POST", "/v1/models/one:predict", {"instances": [[0]]}),
    ("GET", "/v1/models/one", None),
    ("GET", "/v1/models/one/metadata", None),
    ("POST", "/v2/models/one/infer", {"inputs": []}),
    ("GET", "/v2/models/one", None),
    ("GET", "/v2/models/one/ready", None),
)


def test_every_protocol_says_when_to_come_again(tmp_path):
    files = {name: tmp_path / f"{name}.visus" for name in ("one", "two")}
    for path in files.values():
        write_bundle(path)
    with running(NamedFiles(list(files.items())), load=False) as server:
        for asked in ASKED:
            answer = server(*asked)
            assert answer.status == 503, asked
            assert answer.headers["retry-after"] == "1"
            assert "still loading" in answer.json["error"]
        assert server.get("/health").status == 200
        assert server.get("/ready").status == 503
        server.service.keeper.update()
        assert server.post("/predict?model=one", PICTURE).status == 200
        # Now it is known that there are two.
        assert server.post("/predict", PICTURE).status == 400
        assert server.post("/predict?model=three", PICTURE).status == 404
        assert server.get("/v2/models/three").status == 404


def loading(*states):
    """A repository that has settled, with these versions of `one`, 1 and up."""
    repository = Repository()
    repository.settle()
    repository.describe("one", {"stable": 1})
    for version, state in enumerate(states, 1):
        repository.note("one", VersionStatus(version, state))
    return repository


@pytest.mark.parametrize(
    ("states", "wanted", "code"),
    [
        ([State.LOADING], Wanted("one"), Code.UNAVAILABLE),
        ([State.LOADING], Wanted("one", 1), Code.UNAVAILABLE),
        ([State.LOADING], Wanted("one", 2), Code.NOT_FOUND),
        ([State.LOADING], Wanted("one", label="stable"), Code.UNAVAILABLE),
        ([State.LOADING], Wanted("one", label="other"), Code.INVALID_ARGUMENT),
        ([State.END, State.LOADING], Wanted("one", 1), Code.NOT_FOUND),
        ([State.END], Wanted("one"), Code.NOT_FOUND),
        ([], Wanted("one"), Code.NOT_FOUND),
        ([State.LOADING], Wanted("two"), Code.NOT_FOUND),
    ],
)
def test_a_version_that_is_coming_is_not_called_missing(states, wanted, code):
    with pytest.raises(Refusal) as refused:
        loading(*states).find(wanted)
    assert refused.value.code == code


def test_a_server_that_stops_does_not_say_that_it_loads():
    repository = loading()
    repository.unsettle()
    with pytest.raises(Refusal) as refused:
        repository.find(Wanted("two"))
    assert refused.value.code == Code.NOT_FOUND

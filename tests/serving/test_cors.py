"""Pages of other origins: nothing unless they are named, and then what they need."""

import pytest

from served import drawn_pixels
from serving.conftest import running
from visus.core.errors import ConfigError
from visus.core.settings import read_settings
from visus.serving.config import HttpConfig
from visus.serving.keys import ApiKeys
from visus.serving.sources import RepositoryFolder
from visus.serving.versions import Policy

PREDICT = "/v1/models/digits:predict"
GOOD = {"instances": drawn_pixels(1).tolist()}
OURS, THEIRS = "https://a.example", "https://b.example"
KEY = "a-key-of-sixteen-characters"
ASKING = {
    "Access_Control_Request_Method": "POST",
    "Access_Control_Request_Headers": "content-type, x-api-key",
}


@pytest.fixture(scope="module")
def open_to_one(models):
    source, keys = RepositoryFolder(models, Policy()), ApiKeys([KEY])
    with running(source, keys=keys, http={"cors": [OURS]}) as started:
        yield started


def allowed(answer):
    return answer.headers.get("access-control-allow-origin")


def test_it_is_off_by_default(server):
    answer = server.post(PREDICT, GOOD, Origin=OURS)
    assert answer.status == 200 and allowed(answer) is None
    assert "vary" not in answer.headers
    answer = server("OPTIONS", PREDICT, Origin=OURS, **ASKING)
    assert answer.status == 400 and allowed(answer) is None


def test_a_browser_may_ask_first_without_a_key(open_to_one):
    answer = open_to_one("OPTIONS", PREDICT, Origin=OURS, **ASKING)
    assert (answer.status, answer.body) == (204, b"")
    assert allowed(answer) == OURS and answer.headers["vary"] == "origin"
    assert "POST" in answer.headers["access-control-allow-methods"]
    sent = answer.headers["access-control-allow-headers"]
    assert {"content-type", "x-api-key"} <= set(sent.split(", "))
    assert "access-control-allow-credentials" not in answer.headers


def test_answers_and_refusals_can_be_read_by_those_pages_alone(open_to_one):
    for key, status in ((KEY, 200), ("wrong", 401)):
        answer = open_to_one.post(PREDICT, GOOD, Origin=OURS, X_API_Key=key)
        assert (answer.status, allowed(answer)) == (status, OURS)
        assert "x-request-id" in answer.headers["access-control-expose-headers"]
    answer = open_to_one.post(PREDICT, GOOD, Origin=THEIRS, X_API_Key=KEY)
    assert allowed(answer) is None and answer.headers["vary"] == "origin"
    assert open_to_one.post(PREDICT, GOOD, X_API_Key=KEY).status == 200
    answer = open_to_one("OPTIONS", PREDICT, Origin=THEIRS, **ASKING)
    assert answer.status == 403 and allowed(answer) is None


def test_all_origins(models):
    source = RepositoryFolder(models, Policy())
    with running(source, http={"cors": ["*"]}) as server:
        assert allowed(server.post(PREDICT, GOOD, Origin=THEIRS)) == "*"
        assert server("OPTIONS", PREDICT, Origin=OURS, **ASKING).status == 204


@pytest.mark.parametrize(
    "origin", ["a.example", "https://a.example/", "https://A.example", "null", ""]
)
def test_what_is_no_origin_is_refused(origin):
    with pytest.raises(ConfigError, match="origin"):
        read_settings(HttpConfig, {"cors": [origin]})

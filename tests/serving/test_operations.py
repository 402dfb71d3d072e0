"""What whoever runs a server needs: metrics, logs, keys, TLS, the page, the API."""

import json
import re
import socket
import ssl
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from served import drawn_pixels
from serving.conftest import running
from visus.core.errors import ConfigError, MachineError
from visus.data.encode import encode_png
from visus.serving.keys import ApiKeys
from visus.serving.log import Log
from visus.serving.sources import RepositoryFolder
from visus.serving.versions import Policy

PREDICT = "/v1/models/digits:predict"
GOOD = {"instances": drawn_pixels(2).tolist()}
KEY = "a-key-of-sixteen-characters"


@pytest.fixture
def own(models):
    with running(RepositoryFolder(models, Policy())) as started:
        yield started


def samples(server, name):
    """Labels and values of a metric."""
    text = server.get("/metrics").body.decode()
    pattern = re.compile(rf"^{re.escape(name)}(?:\{{(.*)\}})? (\S+)$", re.MULTILINE)
    return {
        tuple(re.findall(r'(\w+)="([^"]*)"', labels)): float(value)
        for labels, value in pattern.findall(text)
    }


def total(found, **labels):
    return sum(v for k, v in found.items() if labels.items() <= dict(k).items())


def test_counters_equal_what_clients_counted(own):
    kinds = {
        "good": (lambda: own.post(PREDICT, GOOD), 200),
        "bad": (lambda: own.post(PREDICT, b"{"), 400),
        "unknown": (lambda: own.post("/v1/models/evil%22x:predict", GOOD), 404),
        "picture": (
            lambda: own.post("/predict?model=digits", encode_png(drawn_pixels(1)[0])),
            200,
        ),
        "infer": (lambda: own.post("/v2/models/digits/infer", {"inputs": 1}), 400),
    }
    asked = [kind for kind in kinds for _ in range(20)]

    def ask(kind):
        request, status = kinds[kind]
        assert request().status == status

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, asked))
    found = samples(own, "visus_requests_total")
    tensorflow = {"protocol": "tensorflow_rest", "method": "predict"}
    assert total(found, **tensorflow, model="digits", code="OK") == 20
    assert total(found, **tensorflow, model="digits", code="INVALID_ARGUMENT") == 20
    assert total(found, **tensorflow, model="", code="NOT_FOUND") == 20
    assert total(found, protocol="pictures", code="OK") == 20
    assert total(found, protocol="open_inference_rest") == 20
    # 20 requests of two pictures, and 20 of one.
    assert total(samples(own, "visus_pictures_total"), model="digits") == 60
    assert total(samples(own, "visus_request_seconds_count")) >= 100
    assert "evil" not in own.get("/metrics").body.decode()


def test_names_of_tensorflow_serving_are_there_too(own):
    own.post(PREDICT, GOOD)
    own.post(PREDICT, b"{")
    counts = samples(own, ":tensorflow:serving:request_count")
    assert total(counts, model_name="digits", status="OK") == 1
    assert total(counts, model_name="digits", status="INVALID_ARGUMENT") == 1
    latency = samples(own, ":tensorflow:serving:request_latency_count")
    assert total(latency, model_name="digits", API="predict", entrypoint="REST") == 2
    buckets = samples(own, ":tensorflow:serving:request_latency_bucket")
    bounds = [dict(key)["le"] for key in buckets]
    assert bounds[:2] == ["10", "18"] and bounds[-1] == "+Inf" and len(bounds) == 34
    old = own.get("/monitoring/prometheus/metrics")
    assert old.status == 200
    assert old.headers["content-type"].startswith("text/plain; version=0.0.4")
    for name in ("process_resident_memory_bytes", "visus_http_connections"):
        assert samples(own, name)[()] > 0
    assert samples(own, "visus_ready")[()] == 1


def test_requests_are_logged_with_their_ids(own):
    answer = own.post(PREDICT, GOOD, X_Request_Id="mine-1")
    assert answer.headers["x-request-id"] == "mine-1"
    drawn = own.get("/v1/models/a%0A%22b", X_Request_Id="bad id").headers[
        "x-request-id"
    ]
    assert drawn != "bad id"
    by_id = {line["id"]: line for line in own.lines() if "id" in line}
    told = by_id["mine-1"]
    assert (told["event"], told["model"], told["version"]) == ("request", "digits", "2")
    assert (told["status"], told["code"], told["pictures"]) == (200, "OK", 2)
    assert told["seconds"] > 0
    assert by_id[drawn]["model"] == 'a\n"b'
    events = [line["event"] for line in own.lines()]
    assert events.count("model_available") == 4


def test_a_log_that_cannot_be_written_is_one_message(tmp_path):
    with pytest.raises(MachineError, match="cannot be written"):
        Log.open(tmp_path)
    log = Log.open(tmp_path / "log")
    log.tell("event", name="caf\u00e9")
    assert json.loads((tmp_path / "log").read_bytes())["name"] == "caf\u00e9"
    # Half of a surrogate pair is no text, and may stand in a name all the same.
    log.add("event", {"name": "half \ud800", "pictures": 2})
    log.flush()
    (_, line) = (tmp_path / "log").read_bytes().splitlines()
    assert json.loads(line)["name"] == "half \ud800"
    log._stream.close()
    # A disk that is full later ends nothing.
    log.tell("event")


def test_keys_are_required_everywhere_but_for_health_and_the_page(models, tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"# mine\n\n{KEY}\nanother-key-of-some-length\n")
    keys = ApiKeys.read(path)
    with running(RepositoryFolder(models, Policy()), keys=keys) as server:
        for asked in ("/v2/health/live", "/v2/health/ready", "/", "/assets/page.js"):
            assert server.get(asked).status == 200
        for asked in ("/metrics", "/v1/models/digits", "/v2", "/openapi.json"):
            answer = server.get(asked)
            assert (answer.status, answer.headers["www-authenticate"]) == (
                401,
                "Bearer",
            )
        assert server.post(PREDICT, GOOD).status == 401
        assert server.post(PREDICT, GOOD, X_API_Key="wrong").status == 401
        assert server.post(PREDICT, GOOD, Authorization=f"Basic {KEY}").status == 401
        assert server.post(PREDICT, GOOD, X_API_Key=KEY).status == 200
        assert server.post(PREDICT, GOOD, Authorization=f"Bearer {KEY}").status == 200


@pytest.mark.parametrize("content", [None, "", "# nothing\n", "short\n", b"\xff\xfe"])
def test_files_of_keys_that_are_refused(tmp_path, content):
    path = tmp_path / "keys"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError, match="cannot be used"):
        ApiKeys.read(path)


def test_the_page_loads_nothing_from_elsewhere(server):
    page = server.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "connect-src 'self'" in policy
    for path in ("/", "/assets/page.css", "/assets/page.js"):
        content = server.get(path).body.decode()
        assert not re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+", content)
    assert server.post("/", b"").status == 405
    assert server("HEAD", "/").body == b""


def test_the_api_is_described(server):
    told = server.get("/openapi.json").json
    assert told["openapi"].startswith("3.")
    names = set(told["components"]["schemas"])
    used = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(told)))
    assert used <= names
    for path, verbs in told["paths"].items():
        for verb, operation in verbs.items():
            asked = path.replace("{model}", "digits").replace("{version}", "2")
            asked = asked.replace("{label}", "stable")
            given = operation.get("parameters", [])
            in_path = {p["name"] for p in given if p["in"] == "path"}
            assert in_path == set(re.findall(r"\{(\w+)\}", path))
            answer = server(verb.upper(), asked, b"" if verb == "post" else None)
            known = operation["responses"]
            status = str(answer.status)
            assert status in known or f"{status[0]}XX" in known, (verb, path, status)


def test_unknown_paths(server):
    for path in ("/nothing", "/../etc/passwd", "/assets/../app.py", "/v1", "/%00"):
        answer = server.get(path)
        assert (answer.status, list(answer.json)) == (404, ["error"])
    assert server("DELETE", PREDICT).status == 400
    assert server.post("/metrics", b"").status == 405


def test_tls(models, certificate):
    cert, key = certificate
    limits = {"tls_cert": str(cert), "tls_key": str(key)}
    with running(RepositoryFolder(models, Policy()), http=limits) as server:
        context = ssl.create_default_context(cafile=cert)
        context.check_hostname = False
        assert server.address.startswith("https://")
        path = f"{server.address}/v2/health/live"
        with urllib.request.urlopen(path, context=context, timeout=60) as answer:
            assert json.load(answer) == {"live": True}
    # Who never shakes hands is not waited for: the clock of a header runs already.
    limits |= {"header_seconds": 0.3}
    with running(RepositoryFolder(models, Policy()), http=limits) as server:
        host, port = server.address.removeprefix("https://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as silent:
            assert silent.recv(100) == b""
        with urllib.request.urlopen(
            f"{server.address}/v2/health/live", context=context, timeout=60
        ) as answer:
            assert answer.status == 200
    with pytest.raises(ConfigError, match="certificate .* cannot be used"):
        with running(
            RepositoryFolder(models, Policy()),
            http={"tls_cert": str(key), "tls_key": str(key)},
        ):
            pass

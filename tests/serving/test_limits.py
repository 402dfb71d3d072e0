"""What strangers send to bring a server down: refused, and it lives."""

import gzip
import http.client
import json
import socket
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from served import drawn_pixels
from serving.conftest import running
from visus.serving.sources import RepositoryFolder
from visus.serving.versions import Policy

PREDICT = "/v1/models/digits:predict"
GOOD = {"instances": drawn_pixels(1).tolist()}
MEGABYTE = 2**20


def resident_megabytes() -> float:
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@pytest.fixture(scope="module")
def small(models):
    """Limits that tests reach quickly."""
    limits = {
        "max_body_bytes": MEGABYTE,
        "header_seconds": 0.6,
        "body_seconds": 0.6,
        "idle_seconds": 1.0,
        "max_connections": 60,
        "max_brackets": 10_000,
    }
    with running(RepositoryFolder(models, Policy()), http=limits) as started:
        yield started


def lives(server):
    return server.post(PREDICT, GOOD).status == 200


@contextmanager
def connected(server):
    host, port = urlsplit(server.address).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as own:
        yield own


def talk(server, content):
    """Send bytes as they are; everything that comes back until the end.

    A connection that is closed while we still send may lose its last words.
    """
    parts = []
    with connected(server) as own:
        try:
            own.sendall(content)
            while part := own.recv(65536):
                parts.append(part)
        except (ConnectionResetError, BrokenPipeError):
            parts.append(b"")
        return b"".join(parts)


DEEP = 250_000
BOMB = gzip.compress(b"0" * (64 * MEGABYTE))


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (PREDICT, b"[" * DEEP, 400),
        (PREDICT, b'{"instances":' + b"[" * 9_000 + b"]" * 9_000 + b"}", 400),
        (PREDICT, b'{"instances":' + b"[" * 900 + b"]" * 900 + b"}", 400),
        (PREDICT, b'{"a":' * DEEP, 413),
        (PREDICT, b'{"instances":[' + b"[]," * 20_000 + b"[]]}", 400),
        ("/v2/repository/index", b"[" * DEEP, 400),
        (PREDICT, b"x" * (MEGABYTE + 1), 413),
        ("/v2/models/digits/infer", b"x" * (MEGABYTE + 1), 413),
        ("/predict?model=digits", b"x" * (MEGABYTE + 1), 413),
    ],
)
def test_bodies_too_deep_or_too_large(small, path, body, status):
    before = resident_megabytes()
    answer = small.post(path, body)
    assert answer.status == status
    assert "error" in answer.json
    assert resident_megabytes() - before < 100
    assert lives(small)


MANY_DIGITS = "9" * 5000
INFER = "/v2/models/digits/infer"


@pytest.mark.parametrize("digits", [MANY_DIGITS, "9" * 4000, "1" + "0" * 400])
def test_numbers_of_thousands_of_digits(small, digits):
    tensor = '"name": "images", "datatype": "UINT8"'
    bodies = {
        PREDICT: [
            f'{{"instances": [{digits}]}}',
            f'{{"inputs": {{"images": {digits}}}}}',
        ],
        INFER: [
            f'{{"inputs": [{{{tensor}, "shape": [{digits}], "data": [1]}}]}}',
            f'{{"inputs": [{{{tensor}, "shape": [{digits}, {digits}], "data": [1]}}]}}',
            f'{{"inputs": [{{{tensor}, "shape": [1], "data": [{digits}]}}]}}',
            f'{{"inputs": [{{{tensor}, "shape": [1], "data": [1]}}], '
            f'"parameters": {{"timeout": {digits}}}}}',
            f'{{"inputs": [{{{tensor}, "shape": [1], "data": [1]}}], '
            f'"outputs": [{{"name": "scores", "parameters": '
            f'{{"classification": {digits}}}}}]}}',
        ],
    }
    for path, texts in bodies.items():
        for text in texts:
            answer = small.post(path, text.encode())
            assert answer.status == 400, (text[:200], answer.body[:300])
    for path in (
        f"/v1/models/digits/versions/{digits}:predict",
        f"/v2/models/digits/versions/{digits}/infer",
        f"/predict?model=digits&version={digits}",
        f"/predict?model=digits&top={digits}",
    ):
        assert small.post(path, GOOD).status == 400
    head = HEAD + f"Content-Length: {digits}\r\n\r\n".encode()
    assert b" 4" in talk(small, head)[:13]
    assert lives(small)


def test_a_bomb_is_not_unpacked(small):
    before = resident_megabytes()
    answer = small.post(PREDICT, BOMB, Content_Encoding="gzip")
    assert answer.status == 413
    assert resident_megabytes() - before < 50
    assert lives(small)


def test_a_form_of_very_many_parts(small):
    part = b"--b\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\n\r\n"
    body = part * 10_000 + b"--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    answer = small.post("/predict?model=digits", body, Content_Type=kind)
    assert answer.status == 400
    assert "more than 256 parts" in answer.json["error"]
    assert lives(small)


HEAD = f"POST {PREDICT} HTTP/1.1\r\nHost: a\r\n".encode()


def test_a_body_of_very_many_chunks(small):
    chunks = b"1\r\nx\r\n" * 70_000
    answer = talk(small, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert answer.startswith(b"HTTP/1.1 4")
    assert lives(small)


def test_a_body_whose_chunks_are_too_many_bytes(small):
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    body = chunk * 17 + b"0\r\n\r\n"
    answer = talk(small, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body)
    assert answer.startswith(b"HTTP/1.1 413")
    assert lives(small)


@pytest.mark.parametrize(
    "content",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000,
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        HEAD + b"Content-Length: x\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http(small, content):
    answer = talk(small, content)
    assert answer.startswith((b"HTTP/1.1 4", b"")) and b" 500 " not in answer[:20]
    assert b" 200 " not in answer[:20]
    assert lives(small)


def test_five_kinds_of_slow_connections_are_closed(small):
    """Idle; half a header; a header byte by byte; no body; a body byte by byte."""
    begun = time.monotonic()
    header = HEAD + b"Content-Length: 100\r\n\r\n"
    kinds = {
        "idle": b"",
        "half a header": HEAD[:20],
        "header byte by byte": b"G",
        "silent body": header,
        "body byte by byte": header + b"x",
        "empty lines": b"\r\n",
    }
    with connected_all(small, kinds) as sockets:
        left = dict(sockets)
        while left and time.monotonic() - begun < 60:
            for name, own in list(left.items()):
                if ended(own, name):
                    del left[name]
            time.sleep(0.1)
        assert not left
    assert lives(small)


@contextmanager
def connected_all(server, kinds):
    host, port = urlsplit(server.address).netloc.split(":")
    sockets = {}
    try:
        for name, content in kinds.items():
            sockets[name] = socket.create_connection((host, int(port)), timeout=60)
            sockets[name].sendall(content)
            sockets[name].setblocking(False)
        yield sockets
    finally:
        for own in sockets.values():
            own.close()


def ended(own, name):
    """Whether the other side closed it; else, where it is that kind, a byte more."""
    try:
        if not own.recv(65536):
            return True
        if name in ("header byte by byte", "body byte by byte"):
            own.send(b"x")
        if name == "empty lines":
            own.send(b"\r\n")
    except BlockingIOError:
        if "byte by byte" in name or name == "empty lines":
            return trickled(own, name)
        return False
    except OSError:
        return True
    return False


def trickled(own, name):
    try:
        own.send(b"\r\n" if name == "empty lines" else b"x")
    except OSError:
        return True
    return False


def test_a_slow_body_is_told_why(small):
    answer = talk(small, HEAD + b"Content-Length: 100\r\n\r\nx")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408") and b"connection: close" in head
    assert "did not come within" in json.loads(body)["error"]


def test_many_slow_connections_leave_others_alone_and_too_many_are_refused(small):
    with connected_all(small, {number: HEAD for number in range(50)}):
        assert lives(small)
    with connected_all(small, {number: HEAD for number in range(60)}):
        answer = talk(small, b"")
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1" in answer
    for _ in range(100):
        try:
            if lives(small):
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
    raise AssertionError("it refuses for ever")


def test_a_connection_answers_many_requests_and_pipelined_ones(small):
    text = json.dumps(GOOD).encode()
    one = HEAD + f"Content-Length: {len(text)}\r\n\r\n".encode() + text
    answer = talk(small, one * 3 + HEAD + b"Connection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200") == 3
    assert answer.count(b"HTTP/1.1 400") == 1


def test_a_client_that_waits_for_leave_is_refused_before_it_sends(small):
    length = 10 * MEGABYTE
    head = HEAD + f"Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n".encode()
    assert talk(small, head).startswith(b"HTTP/1.1 413")

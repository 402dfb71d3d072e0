"""Addresses that strangers name: public ones only, and the one that was checked."""

import asyncio
import http.server
import threading
import time
from dataclasses import replace

import pytest

from served import drawn_pixels
from serving.conftest import running
from visus.data.encode import encode_png
from visus.serving import Code, Refusal, fetching
from visus.serving.fetchers import WORKERS, Fetchers
from visus.serving.fetching import Fetcher, is_public
from visus.serving.sources import RepositoryFolder
from visus.serving.versions import Policy

PICTURE = encode_png(drawn_pixels(1)[0])

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "2002:7f00:1::1",
    "no address",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public(address):
    assert not is_public(address)


def test_what_is_public():
    assert is_public("93.184.216.34") and is_public("2606:2800:220:1::1")


# No name is asked for: each of these is an address, or refused before.
PROBES = [
    "http://127.0.0.1/a.png",
    "http://[::1]/a.png",
    "http://[::ffff:127.0.0.1]/a.png",
    "http://169.254.169.254/latest/meta-data/",
    "http://2130706433/a.png",
    "http://0x7f.1/a.png",
    "http://127.1/a.png",
    "http://0/a.png",
    "http://localhost/a.png",
    "http://8.8.8.8:22/",
    "http://8.8.8.8:99999/",
    "http://user@8.8.8.8/",
    "http://8.8.8.8/\r\nHost: x",
    "file:///etc/passwd",
    "gopher://8.8.8.8/",
    "ftp://8.8.8.8/",
    "http:///a.png",
    "http://[",
    "",
    "http://\u2460.0.0.1/",
]


@pytest.mark.parametrize("url", PROBES)
def test_probes_are_refused(url):
    with pytest.raises(Refusal, match="is not fetched"):
        Fetcher(seconds=5).fetch(url)


class Handler(http.server.BaseHTTPRequestHandler):
    """A picture, redirects, and things that are none."""

    # A byte now and then, for much longer than anybody waits; then all of it.
    pauses = 400
    places = {
        "/away": "http://169.254.169.254/",
        "/on": "/a.png",
        "/round": "/round",
        "/file": "file:///etc/passwd",
    }

    def do_GET(self):
        if self.path in self.places:
            self.send_response(302)
            self.send_header("Location", self.places[self.path])
            self.end_headers()
            return
        if self.path == "/slow-header":
            self.trickle(b"HTTP/1.0 200 OK\r\nX: ", b"a", b"\r\n\r\n" + PICTURE)
            return
        if self.path == "/slow-body":
            self.trickle(b"HTTP/1.0 200 OK\r\n\r\n", b"a", PICTURE)
            return
        found = self.path in ("/a.png", "/large")
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(PICTURE if self.path == "/a.png" else b"x" * 100_000)

    def trickle(self, before, piece, after):
        try:
            self.wfile.write(before)
            for _ in range(self.pauses):
                self.wfile.write(piece)
                time.sleep(0.05)
            self.wfile.write(after)
        except OSError:
            self.close_connection = True

    def log_message(self, *words):
        """Say nothing."""


@pytest.fixture(scope="module")
def elsewhere():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def public(elsewhere):
    """A fetcher whose connections end at a local server, and where they should have.

    Only the connecting is replaced; what may be asked is decided as ever.
    """
    asked = []
    answers = {
        "pictures.example": ["93.184.216.34"],
        "half.example": ["93.184.216.34", "10.0.0.1"],
    }

    def connected(address, port, seconds):
        asked.append((address, port))
        return fetching.connect("127.0.0.1", elsewhere, seconds)

    def resolved(host, port):
        return answers.get(host) or fetching.resolve(host, port)

    fetcher = Fetcher(max_bytes=50_000, seconds=20, resolve=resolved, connect=connected)
    return fetcher, asked


def test_a_public_picture_comes_from_the_address_that_was_checked(public):
    fetcher, asked = public
    assert fetcher.fetch("http://pictures.example/a.png") == PICTURE
    assert fetcher.fetch("http://pictures.example/on") == PICTURE
    assert set(asked) == {("93.184.216.34", 80)}


@pytest.mark.parametrize(
    ("path", "words"),
    {
        "away": "its address is not public",
        "file": "it is not http or https",
        "round": "more than 3 redirects",
        "none": "it answers 404",
        "large": "it is larger than",
    }.items(),
)
def test_what_else_can_come_of_it(public, path, words):
    fetcher, asked = public
    with pytest.raises(Refusal, match=words):
        fetcher.fetch(f"http://pictures.example/{path}")
    assert ("169.254.169.254", 80) not in asked


@pytest.mark.parametrize("part", ["header", "body"])
def test_bytes_that_trickle_are_cut_off_at_the_deadline(public, part):
    fetcher, _ = public
    hasty = replace(fetcher, seconds=0.4)
    with pytest.raises(Refusal, match=r"takes more than 0\.4 seconds"):
        hasty.fetch(f"http://pictures.example/slow-{part}")


class Stuck:
    """Fetches nothing until it may, and counts what it began."""

    seconds = 0.3

    def __init__(self):
        self.may = threading.Event()
        self.begun = []

    def fetch(self, url):
        self.begun.append(url)
        assert self.may.wait(60)
        return url.encode()


def test_fetching_is_bounded_in_threads_and_time_and_keeps_nobody_from_reading():
    stuck = Stuck()
    fetchers = Fetchers(stuck)

    async def ask():
        asked = [fetchers.fetch([f"{n}-{i}" for i in range(16)]) for n in range(8)]
        waiting = [asyncio.ensure_future(one) for one in asked]
        await asyncio.sleep(0)
        with pytest.raises(Refusal, match="128 pictures wait already"):
            await fetchers.fetch(["one more"])
        # The default threads, which read large messages, are free.
        assert await asyncio.to_thread(lambda: "read") == "read"
        return await asyncio.gather(*waiting, return_exceptions=True)

    refused = asyncio.run(ask())
    assert {one.code for one in refused} == {Code.DEADLINE_EXCEEDED}
    assert len(stuck.begun) == WORKERS
    stuck.may.set()
    # What never began was given up with its request, and leaves room.
    found = asyncio.run(fetchers.fetch(["a", "b"]))
    assert found == [b"a", b"b"]
    fetchers.close()


def test_a_name_with_one_private_address_is_refused(public):
    fetcher, asked = public
    with pytest.raises(Refusal, match="its address is not public"):
        fetcher.fetch("http://half.example/a.png")
    assert not asked


def test_a_name_that_answers_otherwise_the_second_time_gains_nothing(public):
    fetcher, asked = public
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    rebinding = replace(fetcher, resolve=lambda host, port: next(answers))
    assert rebinding.fetch("http://rebinding.example/a.png") == PICTURE
    assert asked == [("93.184.216.34", 80)]
    with pytest.raises(Refusal, match="its address is not public"):
        rebinding.fetch("http://rebinding.example/a.png")


def test_a_server_fetches_where_that_is_allowed(models, public):
    fetcher, _ = public
    source = RepositoryFolder(models, Policy())
    with running(source, http={"allow_urls": True}, fetcher=fetcher) as server:

        def ask(urls):
            path = "/predict?model=digits"
            return server.post(path, {"urls": urls}, Content_Type="application/json")

        (row,) = ask(["http://pictures.example/a.png"]).json["predictions"]
        assert row["id"] == "http://pictures.example/a.png"
        for urls in (["http://[::1]/"], [], "x", [5], ["http://a.example/"] * 17):
            assert ask(urls).status == 400

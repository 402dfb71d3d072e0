"""The benchmark of serving: its load generator, and its tables from made-up figures."""

import os
import socketserver
import threading
from contextlib import ExitStack, closing

import pytest
from benchmarks.load import BadAnswer, Load, http_post, processor_seconds

from benchmarks import serving


def made_up(side: str, model: str, way: str, rate: float) -> dict:
    return {
        "side": side,
        "model": model,
        "way": way,
        "kind": "load",
        "requests_per_second": rate,
        "p50_ms": 8.0,
        "p99_ms": 1e4 / rate,
        "cpu_ms": 1e3 / rate,
    }


MEASURED = [
    *(
        made_up(side, model, way, 400.0 if side == serving.VISUS else 100.0)
        for side, model, way in serving.ASKED
    ),
    *(
        {
            "side": serving.BARE,
            "model": model,
            "way": way,
            "callers": callers,
            "pictures_per_second": 250.0 * callers,
            "cpu_ms": 2.0 * callers,
        }
        for model, way in serving._own_ways()
        for callers in (1, 2)
        if way != "json"
    ),
    {"kind": "latency", "over_ms": 0.7},
    {"kind": "start", "seconds": 1.5},
]


def test_ratios_are_of_the_quicker_floor_and_of_each_peer():
    ratios = serving._ratios(MEASURED)
    assert ratios["share of bare, photo binary, wall"] == 400 / 500
    assert ratios["share of bare, photo json, wall"] == 400 / 500
    assert ratios["share of bare, photo jpeg, server's CPU"] == 2.0 / 2.5
    assert ratios["Visus / LitServe, requests a second, small"] == 4
    assert ratios["p99 of MLServer / Visus, photo"] == 4
    assert ratios["server's CPU of LitServe / Visus, photo"] == 4
    assert ratios["one client, ms over in process"] == 0.7


def test_the_table_has_a_row_for_every_side():
    table = serving._table(MEASURED)
    assert table.count("LitServe") == table.count("MLServer") == 2
    assert table.count("bare, 2 calling") == 3
    assert "400 / 400 / 400" in table


class Answers(socketserver.StreamRequestHandler):
    """Says 200 to what is good and 400 to the rest, until the client goes."""

    with_length = True

    def _head(self):
        lines = []
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            lines.append(line)
        return lines

    def handle(self):
        while head := self._head():
            (length,) = [h for h in head if h.startswith(b"content-length")]
            body = self.rfile.read(int(length.split(b":")[1]))
            status = b"200 OK" if body == b"good" else b"400 Bad Request"
            told = b"Content-Length: 4\r\n" if self.with_length else b""
            self.wfile.write(b"HTTP/1.1 " + status + b"\r\n" + told + b"\r\ndone")


class AnswersWithoutLength(Answers):
    with_length = False


@pytest.fixture
def port_of():
    """Starts a server with this handler, and tells its port."""
    with ExitStack() as stack:

        def start(handler):
            address = ("127.0.0.1", 0)
            server = stack.enter_context(
                socketserver.ThreadingTCPServer(address, handler)
            )
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return server.server_address[1]

        yield start


def test_the_generator_counts_answers_and_refusals(port_of):
    requests = [http_post("/a", b"good"), http_post("/a", b"bad")]
    with closing(Load(requests, port_of(Answers), connections=3)) as load:
        while len(load.latencies) < 20:
            load.run(0.05)
        # Sent in turn, and at most three of each are still on their way.
        assert abs(2 * load.num_refused - len(load.latencies)) <= 6
        assert load.refused[0].startswith(b"HTTP/1.1 400")
        load.forget()
        assert not load.latencies and not load.num_refused


def test_an_answer_without_a_length_ends_the_measurement(port_of):
    requests = [http_post("/a", b"good")]
    with closing(Load(requests, port_of(AnswersWithoutLength), connections=1)) as load:
        with pytest.raises(BadAnswer, match="without a length"):
            load.run(60)


def test_processor_seconds_are_those_of_the_process():
    own = processor_seconds(os.getpid())
    assert own == pytest.approx(sum(os.times()[:4]), abs=0.5)

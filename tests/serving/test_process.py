"""`visus serve` as a process of its own: starts, says no, drains, ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from served import drawn_pixels, write_bundle

SOURCE = Path(__file__).parents[2] / "src"
PATIENCE = 120


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("bundles") / "digits.visus"
    write_bundle(path)
    return path


def command(*words):
    return [sys.executable, "-m", "visus.cli.app", "serve", *map(str, words)]


def environment():
    return {**os.environ, "PYTHONPATH": str(SOURCE), "NO_COLOR": "1"}


@contextmanager
def process(*words):
    """A server that says where it listens; killed at the end if it still runs."""
    started = subprocess.Popen(
        command(*words, "--http", 0),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        yield started, started.stdout.readline()
    finally:
        started.kill()
        started.communicate(timeout=PATIENCE)


def test_it_serves_drains_and_ends_well(bundle, tmp_path):
    other = tmp_path / "broken.visus"
    other.write_bytes(b"hello")
    log = tmp_path / "log"
    words = ("--name", "numbers", "--log", log, "--cors", "https://a.example")
    with process(bundle, other, *words) as (server, line):
        address, _, names = line.partition("  ")
        assert names.strip() == "numbers 1"
        body = json.dumps({"instances": drawn_pixels(1).tolist()}).encode()
        asked = f"{address}/v1/models/numbers:predict"
        with urllib.request.urlopen(asked, body, timeout=PATIENCE) as answer:
            assert len(json.load(answer)["predictions"][0]) == 3
        page = {"Origin": "https://a.example"}
        question = urllib.request.Request(f"{address}/health", headers=page)
        with urllib.request.urlopen(question, timeout=PATIENCE) as answer:
            allowed = answer.headers["access-control-allow-origin"]
        assert allowed == "https://a.example"
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    events = [line["event"] for line in lines]
    assert events[-1] == "stopped" and "stopping" in events
    failed = next(line for line in lines if line["event"] == "model_failed")
    assert failed["model"] == "broken" and "damaged" in failed["reason"]


@pytest.mark.slow
def test_a_request_that_has_begun_is_answered_and_a_second_signal_ends_all(bundle):
    delay = "engine.max_delay_seconds=1"
    body = json.dumps({"instances": drawn_pixels(1).tolist()}).encode()
    head = "POST /v1/models/digits:predict HTTP/1.1\r\nHost: a\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode()
    with process(bundle, "--set", delay) as (server, line):
        host, port = line.split()[0].removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as own:
            own.sendall(request + body)
            time.sleep(0.3)
            server.send_signal(signal.SIGTERM)
            assert own.recv(65536).startswith(b"HTTP/1.1 200")
        assert server.wait(PATIENCE) == 0
    with process(bundle) as (server, line):
        host, port = line.split()[0].removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as own:
            own.sendall(request + body[:5])
            time.sleep(0.3)
            server.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert server.poll() is None
            server.send_signal(signal.SIGTERM)
            assert server.wait(10) == 143


@pytest.mark.slow
@pytest.mark.parametrize("what", ["keeper.Keeper", "engine.Engine"])
def test_a_second_signal_ends_it_while_models_or_decoders_are_closed(
    bundle, tmp_path, what
):
    place, _, name = what.partition(".")
    program = (
        "import time\n"
        f"from visus.serving.{place} import {name}\n"
        f"{name}.close = lambda self: time.sleep(600)\n"
        "from visus.cli.app import main\n"
        "main()\n"
    )
    log = tmp_path / "log"
    words = ["serve", bundle, "--http", 0, "--log", log]
    server = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)],
        stdout=subprocess.PIPE,
        env=environment(),
    )
    try:
        assert server.stdout.readline()
        server.send_signal(signal.SIGTERM)
        while b"stopping" not in log.read_bytes():
            time.sleep(0.05)
        # Its doors are closed in a moment: what follows never ends.
        time.sleep(0.5)
        assert server.poll() is None
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 143
    finally:
        server.kill()
        server.communicate(timeout=PATIENCE)


def test_serving_and_explaining_never_import_keras(bundle):
    program = (
        "import sys\n"
        "from visus.cli import app, serve\n"
        "import visus.pipeline.serve, visus.serving.http\n"
        "from visus.serving import Served, EngineConfig\n"
        "from pathlib import Path\n"
        f"served = Served.load('a', 1, Path({str(bundle)!r}), EngineConfig())\n"
        "from visus.pipeline.serve import _explain\n"
        "from visus.serving.explaining import Question\n"
        "import numpy as np\n"
        "pixels = np.zeros(served.spec.input_shape, np.uint8)\n"
        "asked = Question(served.bundle, pixels, 'a', 'rise', None, True)\n"
        "assert _explain(asked, lambda: None).panel\n"
        "heavy = {'keras', 'tensorflow', 'sklearn', 'scipy', 'onnx', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=PATIENCE,
        check=False,
    )
    assert done.stdout == "[]\n", done.stderr

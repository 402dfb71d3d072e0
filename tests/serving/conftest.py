"""Servers for tests: in a thread of this process, on a port of their own."""

import asyncio
import http.client
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvloop

from served import write_bundle
from visus.pipeline.serve import make_service
from visus.serving import Service
from visus.serving.config import ServingConfig
from visus.serving.fetching import Fetcher
from visus.serving.http import HttpListener
from visus.serving.keys import ApiKeys
from visus.serving.log import Log
from visus.serving.sources import ModelSource, RepositoryFolder
from visus.serving.versions import Policy

PATIENCE = 60


@dataclass
class Answer:
    """What a server said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Running:
    """A server that runs, and a client of it."""

    service: Service
    address: str
    log: BytesIO
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(
        self, verb: str, path: str, body: Any = None, **headers: str
    ) -> Answer:
        """One request on a connection of its own; other bodies than bytes are JSON."""
        if body is not None and not isinstance(body, bytes | str):
            body = json.dumps(body)
        host = urlsplit(self.address).netloc
        connection = http.client.HTTPConnection(host, timeout=PATIENCE)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(verb, path, body, {**self.headers, **named})
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self("GET", path, None, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self("POST", path, body, **headers)

    def lines(self) -> list[dict[str, Any]]:
        """The log so far."""
        self.service.log.flush()
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@contextmanager
def running(
    source: ModelSource,
    *,
    keys: ApiKeys | None = None,
    fetcher: Fetcher | None = None,
    load: bool = True,
    **choices: Any,
) -> Iterator[Running]:
    """A server with these models; `choices` are those of `ServingConfig`."""
    choices.setdefault("http", {})
    config = ServingConfig(**{**choices, "http": {"port": 0, **choices["http"]}})
    log = BytesIO()
    service = make_service(source, config, keys or ApiKeys(), Log(log))
    listener = HttpListener(service, config.http, fetcher)
    if load:
        service.keeper.update()
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        _on(loop, listener.start())
        yield Running(service, listener.address, log)
    finally:
        _on(loop, listener.stop(5))
        service.keeper.close()
        service.engine.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _on(loop: asyncio.AbstractEventLoop, coroutine: Any) -> None:
    asyncio.run_coroutine_threadsafe(coroutine, loop).result(PATIENCE)


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A repository: digits in two versions, tags (multi-label), prices (numeric)."""
    folder = tmp_path_factory.mktemp("models")
    write_bundle(folder / "digits" / "1" / "model.visus", seed=1)
    write_bundle(folder / "digits" / "2" / "model.visus", seed=2)
    policy = 'versions = "all"\nlabels = {stable = 1, canary = 9}\n'
    (folder / "digits" / "serving.toml").write_text(policy)
    tags = {"name": "multi-label", "thresholds": [0.5, 0.5, 0.5]}
    write_bundle(folder / "tags" / "1" / "model.visus", seed=3, task=tags)
    price = {"name": "numeric", "mean": 0.0, "spread": 1.0}
    write_bundle(
        folder / "prices" / "7" / "model.visus", seed=4, names=["price"], task=price
    )
    return folder


@pytest.fixture(scope="module")
def server(models) -> Iterator[Running]:
    """A server with all of them that no test changes."""
    with running(RepositoryFolder(models, Policy())) as started:
        yield started


@pytest.fixture
def certificate(tmp_path):
    """A certificate of our own making."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"]
        + ["ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost"]
        + ["-addext", "subjectAltName=DNS:localhost"]
        + ["-days", "2", "-keyout", str(key), "-out", str(cert)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("openssl is not on this machine")
    return cert, key

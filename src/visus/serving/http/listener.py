"""HttpListener: one port, and uvicorn behind it with our protocol and application."""

import asyncio
import contextlib
import math
import resource
import socket
import ssl
from collections.abc import Iterator
from functools import partial
from typing import Any

import uvicorn

from visus.core.errors import ConfigError, MachineError
from visus.serving.config import HttpConfig
from visus.serving.fetching import Fetcher
from visus.serving.http.app import App
from visus.serving.http.protocol import BoundedHttpProtocol
from visus.serving.service import Listener, Service

BACKLOG = 1024
# Models, libraries, logs.
OTHER_FILES = 256


class HttpListener(Listener):
    """All protocols over HTTP, on one port.

    Args:
        service: the models.
        config: address and limits.
        fetcher: fetches pictures, where that is allowed; for tests.
    """

    def __init__(
        self, service: Service, config: HttpConfig, fetcher: Fetcher | None = None
    ) -> None:
        self._config = config
        self._app = App(service, config, fetcher)
        made = _uvicorn_config(self._app, config)
        self._server = _Server(made, config.header_seconds)
        self._socket = bound_socket(config.host, config.port, "--http")
        self._task: asyncio.Task[None] | None = None
        service.metrics.gauge(
            "visus_http_connections",
            "Connections that are open",
            lambda: float(len(self._server.server_state.connections)),
        )

    @property
    def address(self) -> str:
        """Where it listens; the port that was given to it, where any was asked for."""
        host, port = self._socket.getsockname()[:2]
        scheme = "https" if self._config.tls_cert else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    async def start(self) -> None:
        """Listen from now on."""
        room_for_connections(self._config.max_connections)
        self._task = asyncio.create_task(self._server.serve([self._socket]))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.005)

    async def stop(self, patience_seconds: float = math.inf) -> None:
        """Take nothing new, end what has begun, and close."""
        try:
            await self._stop(patience_seconds)
        finally:
            self._app.close()

    async def _stop(self, patience_seconds: float) -> None:
        if self._task is None:
            self._socket.close()
            return
        self._server.should_exit = True
        done, _ = await asyncio.wait(
            [self._task],
            timeout=None if math.isinf(patience_seconds) else patience_seconds,
        )
        if not done:
            self._server.force_exit = True
            for connection in list(self._server.server_state.connections):
                connection.transport.abort()
            await asyncio.wait([self._task], timeout=1)


class _Server(uvicorn.Server):
    """uvicorn with a clock for handshakes, and without its hands on signals.

    Args:
        made: its settings.
        handshake_seconds: that TLS may take; before it no protocol hears of a
            connection, and the event loop's own patience is a minute.
    """

    def __init__(self, made: uvicorn.Config, handshake_seconds: float) -> None:
        super().__init__(made)
        self._handshake_seconds = handshake_seconds

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on sockets that are bound already."""
        await super().startup(sockets=[])
        self.started = False
        made = self.config
        seconds = self._handshake_seconds if made.ssl else None
        for own in sockets or []:
            server = await asyncio.get_running_loop().create_server(
                self._protocol,
                sock=own,
                ssl=made.ssl,
                backlog=BACKLOG,
                ssl_handshake_timeout=seconds,
            )
            self.servers.append(server)
        self.started = True

    def _protocol(self) -> asyncio.Protocol:
        made: Any = self.config
        protocol: asyncio.Protocol = made.http_protocol_class(
            config=made, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: the whole process has one who listens."""
        yield


def room_for_connections(count: int) -> None:
    """Let this process open so many connections, as far as it may.

    Shells allow 1,024 open files, and each connection is one.
    """
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + OTHER_FILES
    if wanted > least:
        allowed = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))


def bound_socket(host: str, port: int, option: str) -> socket.socket:
    """A socket that owns its port.

    Raises:
        MachineError: the port is taken or may not be used; `option` chooses another.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        own = socket.socket(family, socket.SOCK_STREAM)
        try:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            own.bind((host, port))
            own.listen(BACKLOG)
        except OSError:
            own.close()
            raise
    except OSError as error:
        raise MachineError(
            received=f"{host}:{port} cannot be listened to: {error.strerror or error}.",
            expected="an address of this machine and a port that is free.",
            remedy=f"Choose another port with {option}, or stop what uses it.",
        ) from error
    own.setblocking(False)
    return own


def _uvicorn_config(app: App, config: HttpConfig) -> uvicorn.Config:
    settings: dict[str, Any] = {
        "http": partial(BoundedHttpProtocol, limits=config),
        "ws": "none",
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
        "date_header": False,
        "timeout_keep_alive": config.idle_seconds,
        "backlog": BACKLOG,
    }
    if config.tls_cert:
        settings |= {"ssl_certfile": config.tls_cert, "ssl_keyfile": config.tls_key}
    made = uvicorn.Config(app, **settings)
    try:
        made.load()
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            received=f"The certificate {config.tls_cert} or its key cannot be used: "
            f"{error}.",
            expected="two PEM files that belong together.",
            remedy="Check --tls-cert and --tls-key.",
        ) from error
    return made

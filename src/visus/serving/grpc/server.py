"""The gRPC server: beside HTTP, on the same event loop and the same engine."""

import math
from pathlib import Path

import grpc

from visus.core.errors import MachineError
from visus.serving.config import HttpConfig
from visus.serving.grpc.calls import service_handler
from visus.serving.grpc.health import health_handler
from visus.serving.grpc.open_inference import InferenceCalls
from visus.serving.grpc.tensorflow_serving import ModelCalls, PredictionCalls
from visus.serving.service import Listener, Service

MOST_METADATA_BYTES = 16_384
# Calls at once on one connection.
MOST_STREAMS = 1000


class GrpcListener(Listener):
    """All gRPC services on one port.

    Args:
        service: what they share with other protocols.
        config: HTTP's host, size of a message and certificate, which hold here too.
        port: to listen on; 0: any that is free.

    Example:
        >>> listener = GrpcListener(service, HttpConfig(), 0)      # doctest: +SKIP
        >>> await listener.start()                                 # doctest: +SKIP
        >>> listener.address                                       # doctest: +SKIP
        'grpc://127.0.0.1:43817'
    """

    def __init__(self, service: Service, config: HttpConfig, port: int) -> None:
        self._service = service
        self._config = config
        self._port = port
        self._draining = False

    async def start(self) -> None:
        """Listen, on the running loop.

        Raises:
            MachineError: the port is not free.
        """
        self._server = grpc.aio.server(options=_options(self._config))
        self._server.add_generic_rpc_handlers(self._handlers())
        self._port = self._listen(f"{self._host}:{self._port}")
        await self._server.start()

    async def stop(self, patience_seconds: float = math.inf) -> None:
        """Take nothing new, and give what was begun so long to end."""
        self._draining = True
        patience = None if math.isinf(patience_seconds) else patience_seconds
        await self._server.stop(patience)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"grpc://{self._host}:{self._port}"

    @property
    def _host(self) -> str:
        host = self._config.host
        return f"[{host}]" if ":" in host else host

    def _handlers(self) -> list[grpc.GenericRpcHandler]:
        service = self._service
        kinds = (
            PredictionCalls(service.engine),
            ModelCalls(service.engine),
            InferenceCalls(service.engine, service.keeper if service.admin else None),
        )
        names = tuple(calls.name for calls in kinds)
        # TensorFlow Serving's short names of its own two.
        short = tuple(name.rpartition(".")[2] for name in names[:2])
        log_requests = self._config.log_requests
        return [
            *(service_handler(c, service, log_requests=log_requests) for c in kinds),
            health_handler(self._ready, lambda: self._draining, names + short),
        ]

    def _listen(self, address: str) -> int:
        try:
            if self._config.tls_cert is None:
                port = self._server.add_insecure_port(address)
            else:
                # One file may hold both, as over HTTP.
                key = self._config.tls_key or self._config.tls_cert
                pair = (_read(key), _read(self._config.tls_cert))
                credentials = grpc.ssl_server_credentials([pair])
                port = self._server.add_secure_port(address, credentials)
        except RuntimeError as error:
            raise _port_taken(address) from error
        if not port:
            raise _port_taken(address)
        return int(port)

    def _ready(self) -> bool:
        return self._service.repository.ready and not self._draining


def _options(config: HttpConfig) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", config.max_body_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_concurrent_streams", MOST_STREAMS),
        ("grpc.max_metadata_size", MOST_METADATA_BYTES),
        # Its own patience is two minutes.
        ("grpc.server_handshake_timeout_ms", int(config.header_seconds * 1000)),
        # Otherwise a second server may listen on the same port, and each gets half.
        ("grpc.so_reuseport", 0),
    ]


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise MachineError(
            received=f"{path} cannot be read: {error.strerror}.",
            expected="a PEM file of a certificate or its key.",
            remedy="Correct --tls-cert and --tls-key.",
        ) from error


def _port_taken(address: str) -> MachineError:
    return MachineError(
        received=f"gRPC cannot listen on {address}.",
        expected="a port that nobody else listens on.",
        remedy="Choose another with --grpc PORT, or stop what listens there.",
    )

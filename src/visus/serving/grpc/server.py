"""The gRPC server: beside HTTP, on the same event loop and the same engine."""

from collections.abc import Mapping
from dataclasses import dataclass

from visus.serving.engine import Engine
from visus.serving.keeper import Keeper

import grpc
from visus.core.errors import MachineError
from visus.serving.grpc.calls import Admission, service_handler
from visus.serving.grpc.health import health_handler
from visus.serving.grpc.open_inference import InferenceService
from visus.serving.grpc.tensorflow_serving import ModelService, PredictionService

MOST_METADATA_BYTES = 16_384


@dataclass(frozen=True)
class GrpcConfig:
    """Where gRPC listens, and what it takes.

    Args:
        host: address.
        port: of it; 0: any that is free.
        most_bytes: of a message.
        most_streams: calls at once on one connection.
        certificate, key: PEM of TLS; without them, plain text.
    """

    host: str = "127.0.0.1"
    port: int = 8500
    most_bytes: int = 64 * 2**20
    most_streams: int = 1000
    certificate: bytes | None = None
    key: bytes | None = None


class GrpcServer:
    """All gRPC services on one port.

    Args:
        engine: that answers.
        config: where to listen.
        admit: refuses callers who may not ask.
        keeper: loads and drops models; `None`: nobody may ask for that.

    Example:
        >>> server = GrpcServer(engine, GrpcConfig(port=8500))     # doctest: +SKIP
        >>> port = await server.start()                            # doctest: +SKIP
        >>> await server.stop(grace_seconds=30)                    # doctest: +SKIP
    """

    def __init__(
        self,
        engine: Engine,
        config: GrpcConfig,
        admit: Admission | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self._engine = engine
        self._config = config
        self._draining = False
        services = (
            PredictionService(engine),
            ModelService(engine),
            InferenceService(engine, keeper),
        )
        names = tuple(service.name for service in services)
        # TensorFlow Serving's short names of its own two.
        short = tuple(name.rpartition(".")[2] for name in names[:2])
        self._handlers = [
            *(service_handler(s.name, s.calls, admit or _everyone) for s in services),
            health_handler(self._ready, names + short),
        ]

    async def start(self) -> int:
        """Listen, on the running loop; the port.

        Raises:
            MachineError: the port is not free.
        """
        config = self._config
        self._server = grpc.aio.server(options=_options(config))
        self._server.add_generic_rpc_handlers(self._handlers)
        address = f"{config.host}:{config.port}"
        try:
            port = self._listen(address)
        except RuntimeError as error:
            raise _port_taken(address) from error
        if not port:
            raise _port_taken(address)
        await self._server.start()
        return port

    async def stop(self, grace_seconds: float) -> None:
        """Take nothing new, and give what was begun so long to end."""
        self._draining = True
        await self._server.stop(grace_seconds)

    def _listen(self, address: str) -> int:
        config = self._config
        if config.certificate is None or config.key is None:
            return int(self._server.add_insecure_port(address))
        pairs = [(config.key, config.certificate)]
        credentials = grpc.ssl_server_credentials(pairs)
        return int(self._server.add_secure_port(address, credentials))

    def _ready(self) -> bool:
        return self._engine.repository.ready and not self._draining


def _options(config: GrpcConfig) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", config.most_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_concurrent_streams", config.most_streams),
        ("grpc.max_metadata_size", MOST_METADATA_BYTES),
        # Otherwise a second server may listen on the same port, and each gets half.
        ("grpc.so_reuseport", 0),
    ]


def _everyone(metadata: Mapping[str, str], purpose: str) -> None:
    """Nobody is refused."""


def _port_taken(address: str) -> MachineError:
    return MachineError(
        received=f"gRPC cannot listen on {address}.",
        expected="a port that nobody else listens on.",
        remedy="Choose another with --grpc PORT, or stop what listens there.",
    )

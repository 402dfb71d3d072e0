"""visus serve: bundles, or a repository of them, answered over the network."""

import asyncio
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from visus.core.errors import ConfigError, ModelError
from visus.core.settings import read_settings
from visus.data.extras import need
from visus.pipeline.verify import RequiredCertificate
from visus.serving.config import ServingConfig
from visus.serving.engine import Engine
from visus.serving.explaining import Explained, Explaining, GoOn, Question
from visus.serving.keeper import Keeper, Permit, permit_all
from visus.serving.keys import ApiKeys
from visus.serving.log import Log
from visus.serving.repository import Repository
from visus.serving.server import Server
from visus.serving.service import Listener, Service
from visus.serving.sources import (
    ModelSource,
    NamedFiles,
    RepositoryFolder,
    name_of_bundle,
)

# A listener of its own for gRPC: its class takes the service, HTTP's settings, a port.
GRPC = ("visus.serving.grpc", "GrpcListener")


@dataclass(frozen=True)
class ServeRequest:
    """What a person asked for.

    Args:
        bundles: served one by one.
        names: of their models, as far as they go.
        repository: a folder of models instead.
        choices: settings as nested values; see `ServingConfig`.
        grpc_port: of the gRPC listener; `None`: there is none.
        api_key_file: keys, one a line.
        log: a file; `None`: standard error.
        certificate: that every model must have; `None`: none.
    """

    bundles: Sequence[Path] = ()
    names: Sequence[str] = ()
    repository: Path | None = None
    choices: Mapping[str, Any] = field(default_factory=dict)
    grpc_port: int | None = None
    api_key_file: Path | None = None
    log: Path | None = None
    certificate: RequiredCertificate | None = None


def serve(request: ServeRequest, announce: Callable[[list[str]], None]) -> bool:
    """Serve until a signal comes.

    Args:
        request: what and how.
        announce: is told lines for a person once models can be asked.

    Returns:
        whether everything that had begun was answered; if not, the process is to be
        ended at once: its threads still work.

    Raises:
        ConfigError: settings or names that cannot be used.
        ModelError: a bundle is missing, or none of those named loads.
        MachineError: a port is taken, or the log cannot be written.
    """
    loop = need("uvloop", extra="serve", because="A server needs its event loop.")
    runner, whole = asyncio.Runner(loop_factory=loop.new_event_loop), True
    try:
        whole = runner.run(_serve(request, announce))
    finally:
        if whole:
            # It waits for threads: not where somebody has asked twice to stop.
            runner.close()
    return whole


async def _serve(request: ServeRequest, announce: Callable[[list[str]], None]) -> bool:
    config = read_settings(ServingConfig, request.choices)
    source = _source(request, config)
    keys = ApiKeys.read(request.api_key_file)
    log = Log.open(request.log)
    service = make_service(source, config, keys, log, _permit(request))
    listeners = _listeners(service, config, request.grpc_port)
    addresses = [listener.address for listener in listeners]

    def when_ready() -> None:
        served = service.repository.served()
        if not served and request.repository is None:
            raise _nothing_loads(service.repository)
        names = ", ".join(f"{s.name} {s.version}" for s in served) or "no model yet"
        log.tell("ready", addresses=addresses, models=names)
        announce([f"{address}  {names}" for address in addresses])

    server = Server(service, listeners, config.poll_seconds, config.drain_seconds)
    return await server.run(when_ready)


def make_service(
    source: ModelSource,
    config: ServingConfig,
    keys: ApiKeys,
    log: Log,
    permit: Permit = permit_all,
) -> Service:
    """A server without doors; nothing is loaded yet."""
    metrics = importlib.import_module("visus.serving.metrics")
    repository = Repository()
    keeper = Keeper(source, repository, config.engine, log.tell, permit)
    engine = Engine(repository, config.engine)
    explaining = (
        Explaining(_explain, config.explain) if config.explain.enabled else None
    )
    return Service(
        engine,
        keeper,
        metrics.Metrics(repository),
        log,
        keys,
        config.admin,
        explaining,
    )


def _explain(question: Question, go_on: GoOn) -> Explained:
    # Drawing and what is drawn are imported by the first who asks.
    explain_served = importlib.import_module("visus.pipeline.explain_served")
    explained: Explained = explain_served.explain_served(question, go_on)
    return explained


def _permit(request: ServeRequest) -> Permit:
    required = request.certificate
    return permit_all if required is None else required.check


def _source(request: ServeRequest, config: ServingConfig) -> ModelSource:
    if request.repository is not None and not request.bundles:
        if request.names:
            raise _names_without_bundles()
        return RepositoryFolder(request.repository, config.policy)
    if request.repository is not None or not request.bundles:
        raise ConfigError(
            received="Bundles and a repository."
            if request.repository
            else "No model to serve.",
            expected="one or more model.visus files, or --repository FOLDER.",
            remedy="visus serve runs/a/model.visus, or visus serve --repository models",
        )
    if len(request.names) > len(request.bundles):
        raise _names_without_bundles()
    named = [
        *request.names,
        *map(name_of_bundle, request.bundles[len(request.names) :]),
    ]
    return NamedFiles(list(zip(named, request.bundles, strict=True)))


def _listeners(
    service: Service, config: ServingConfig, grpc_port: int | None
) -> list[Listener]:
    http = need(
        "visus.serving.http", extra="serve", because="HTTP needs packages of its own."
    )
    listeners: list[Listener] = [http.HttpListener(service, config.http)]
    if grpc_port is not None:
        module, name = GRPC
        grpc = need(module, extra="serve", because=f"--grpc {grpc_port} was asked for.")
        listeners.append(getattr(grpc, name)(service, config.http, grpc_port))
    return listeners


def _nothing_loads(repository: Repository) -> ModelError:
    reasons = [
        f"{name}: {status.message}"
        for name in repository.names()
        for status in repository.model(name).statuses.values()
    ]
    return ModelError(
        received=f"No model loads. {' '.join(reasons)}",
        expected="at least one whole bundle.",
        remedy="See the reasons above.",
    )


def _names_without_bundles() -> ConfigError:
    return ConfigError(
        received="More --name than bundles.",
        expected="a name for each bundle at most; a repository's models have names.",
        remedy="Leave out what is too many.",
    )

"""visus serve."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from visus.cli import options
from visus.cli.output import TERMINATED, verb, write

Bundles = Annotated[list[Path] | None, typer.Argument(help="model.visus files.")]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", help="Of a bundle's model, in their order; repeatable."),
]
Repository = Annotated[
    Path | None,
    typer.Option(help="A folder of NAME/VERSION/model.visus instead of bundles."),
]
PollSeconds = Annotated[
    float | None, typer.Option(help="Look for new versions so often.")
]
Host = Annotated[str, typer.Option(help="Address to listen to.")]
HttpPort = Annotated[int, typer.Option(help="Port of HTTP; 0: any.")]
GrpcPort = Annotated[int | None, typer.Option(help="Port of gRPC; else none.")]
Input = Annotated[
    str,
    typer.Option("--input", metavar="RANGE", help="Tensors: pixels 0-255, or unit."),
]
AllowUrls = Annotated[
    bool, typer.Option("--allow-urls", help="Fetch pictures from public addresses.")
]
Admin = Annotated[
    bool, typer.Option("--admin", help="Clients may load and unload models.")
]
Origins = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ORIGIN", help="Browser pages of it may ask; repeatable; *: all."
    ),
]
KeyFile = Annotated[
    Path | None, typer.Option(help="Answer only those who bring one of its keys.")
]
Certificate = Annotated[
    Path | None, typer.Option(help="PEM certificate; makes it https.")
]
PrivateKey = Annotated[Path | None, typer.Option(help="Its private key.")]
LogFile = Annotated[
    Path | None, typer.Option(help="File of JSON lines. Default: standard error.")
]


@verb
def serve(
    bundles: Bundles = None,
    name: Names = None,
    repository: Repository = None,
    poll_seconds: PollSeconds = None,
    host: Host = "127.0.0.1",
    http: HttpPort = 8501,
    grpc: GrpcPort = None,
    unit: Input = "pixels",
    allow_urls: AllowUrls = False,
    admin: Admin = False,
    cors: Origins = None,
    api_key_file: KeyFile = None,
    tls_cert: Certificate = None,
    tls_key: PrivateKey = None,
    log: LogFile = None,
    certificate: options.RequireCertificate = None,
    certificate_key: options.CertificateKey = None,
    settings: options.Settings = None,
) -> None:
    """Answer pictures over the network until a signal comes."""
    from visus.core.settings import merge_into, parse_overrides
    from visus.pipeline.serve import ServeRequest
    from visus.pipeline.serve import serve as run
    from visus.pipeline.verify import RequiredCertificate

    choices: dict[str, Any] = {
        "engine": {"input": unit},
        "http": {"host": host, "port": http, "allow_urls": allow_urls},
        "admin": admin,
        "poll_seconds": poll_seconds,
    }
    if cors:
        choices["http"]["cors"] = list(cors)
    if tls_cert:
        choices["http"]["tls_cert"] = str(tls_cert)
    if tls_key:
        choices["http"]["tls_key"] = str(tls_key)
    request = ServeRequest(
        bundles=tuple(bundles or ()),
        names=tuple(name or ()),
        repository=repository,
        choices=merge_into(choices, parse_overrides(settings or [])),
        grpc_port=grpc,
        api_key_file=api_key_file,
        log=log,
        certificate=RequiredCertificate.read(certificate, certificate_key),
    )
    whole = run(request, lambda lines: write("\n".join(lines)))
    if not whole:
        # Asked twice to stop: threads that still compute are not waited for.
        os._exit(TERMINATED)

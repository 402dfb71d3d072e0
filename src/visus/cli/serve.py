"""visus serve."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from visus.cli import options
from visus.cli.output import TERMINATED, verb, write


@verb
def serve(
    bundles: Annotated[
        list[Path] | None, typer.Argument(help="model.visus files.")
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="Of a bundle's model, in their order; repeatable."),
    ] = None,
    repository: Annotated[
        Path | None,
        typer.Option(help="A folder of NAME/VERSION/model.visus instead of bundles."),
    ] = None,
    poll_seconds: Annotated[
        float | None, typer.Option(help="Look for new versions so often.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen to.")] = "127.0.0.1",
    http: Annotated[int, typer.Option(help="Port of HTTP; 0: any.")] = 8501,
    grpc: Annotated[int | None, typer.Option(help="Port of gRPC; else none.")] = None,
    unit: Annotated[
        str,
        typer.Option(
            "--input", metavar="RANGE", help="Tensors: pixels 0-255, or unit."
        ),
    ] = "pixels",
    allow_urls: Annotated[
        bool, typer.Option("--allow-urls", help="Fetch pictures from public addresses.")
    ] = False,
    admin: Annotated[
        bool, typer.Option("--admin", help="Clients may load and unload models.")
    ] = False,
    api_key_file: Annotated[
        Path | None, typer.Option(help="Answer only those who bring one of its keys.")
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="PEM certificate; makes it https.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key.")] = None,
    log: Annotated[
        Path | None, typer.Option(help="File of JSON lines. Default: standard error.")
    ] = None,
    settings: options.Settings = None,
) -> None:
    """Answer pictures over the network until a signal comes."""
    from visus.core.settings import merge_into, parse_overrides
    from visus.pipeline.serve import ServeRequest
    from visus.pipeline.serve import serve as run

    choices: dict[str, Any] = {
        "engine": {"input": unit},
        "http": {"host": host, "port": http, "allow_urls": allow_urls},
        "admin": admin,
        "poll_seconds": poll_seconds,
    }
    if tls_cert or tls_key:
        choices["http"] |= {"tls_cert": str(tls_cert), "tls_key": str(tls_key)}
    request = ServeRequest(
        bundles=tuple(bundles or ()),
        names=tuple(name or ()),
        repository=repository,
        choices=merge_into(choices, parse_overrides(settings or [])),
        grpc_port=grpc,
        api_key_file=api_key_file,
        log=log,
    )
    whole = run(request, lambda lines: write("\n".join(lines)))
    if not whole:
        # Asked twice to stop: threads that still compute are not waited for.
        os._exit(TERMINATED)

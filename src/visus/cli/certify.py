"""visus certify, and visus verify."""

from pathlib import Path
from textwrap import fill
from typing import Annotated

import typer

from visus.cli import options
from visus.cli.output import GATE_FAILED, answer, say, verb, write
from visus.cli.progress import terminal_progress

Model = Annotated[Path, typer.Argument(help="A model.visus file.")]
Minutes = Annotated[
    float, typer.Option("--minutes", help="For all of it; less time, fewer pictures.")
]
GatesFile = Annotated[
    Path | None,
    typer.Option(metavar="TOML", help="What it must reach; exit code 6 if not."),
]
Group = Annotated[
    str | None,
    typer.Option(
        "--group", metavar="COLUMN", help="Hold its groups against each other."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(help="A new folder. Default: certificates/<data>-<number>."),
]


@verb
def certify(
    model: Model,
    source: Annotated[str, typer.Argument(help="A source with labels.")],
    minutes: Minutes = 5.0,
    gates: GatesFile = None,
    group: Group = None,
    target: options.Target = None,
    out: Out = None,
    offline: options.Offline = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Measure all that is known of a model, and sign it."""
    from visus.pipeline.certify import CertifyRequest, certify_bundle

    request = CertifyRequest(
        model, source, minutes, gates, group, target, out, offline, force
    )
    done = certify_bundle(request, terminal_progress(quiet=as_json))
    if as_json:
        answer(done.to_json())
    else:
        from visus.pipeline.certificate.files import head_report
        from visus.reporting.text import report_text

        write(report_text(head_report(done.signed)))
        write(f"signed: {done.signed.fingerprint}")
        write(f"certificate: {done.folder}")
    if done.failed:
        raise typer.Exit(GATE_FAILED)


@verb
def verify(
    certificate: Annotated[Path, typer.Argument(help="A certificate.json file.")],
    model: Model,
    key: options.SignerKey = None,
    as_json: options.AsJson = False,
) -> None:
    """Check a certificate: its signature, its model, its gates."""
    from visus.pipeline.verify import verify_certificate

    verified = verify_certificate(certificate, model, key)
    if as_json:
        answer(verified.to_json())
    else:
        told = verified.certificate
        write(f"valid: {certificate} is the certificate of {model}")
        write(f"made: {told.made} by Visus {told.visus}")
        write(f"signed: {verified.signed.fingerprint}")
        for gate in told.gates:
            verdict = "passed" if gate.passed else "FAILED"
            write(fill(f"{verdict}: {gate.metric}: {gate.reason}", 80))
        write(fill(told.verdict(), 80))
        if not verified.key_wanted:
            say("note: anybody can sign; --key says whose signature you want")
    if verified.failed:
        raise typer.Exit(GATE_FAILED)

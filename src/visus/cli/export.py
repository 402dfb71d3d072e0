"""visus export."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visus.cli import options
from visus.cli.output import answer, verb, write
from visus.cli.progress import terminal_progress
from visus.core.errors import ConfigError

if TYPE_CHECKING:
    from visus.core.progress import Progress
    from visus.exporting.export import Exported
    from visus.pipeline.int8 import Shrunk


@verb
def export(
    model: Annotated[
        Path | None,
        typer.Argument(help="A model.visus file, or a pretrained network's name."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="onnx, keras, savedmodel, litert, openvino or browser.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A new file or folder. Default: beside the model."),
    ] = None,
    source: options.ProofPictures = None,
    int8: options.Int8 = False,
    budget: options.Budget = None,
    list_formats: Annotated[
        bool,
        typer.Option("--list", help="Try every format and say what works here."),
    ] = False,
    weights: options.Weights = None,
    certificate: options.RequireCertificate = None,
    certificate_key: options.CertificateKey = None,
    offline: options.Offline = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Write a model in another format, proved to be the same model."""
    progress = terminal_progress(quiet=as_json)
    if list_formats:
        _list(model, offline, progress, as_json)
        return
    from visus.pipeline.export import Asked, export_model, require_format
    from visus.pipeline.int8 import quantize_model
    from visus.pipeline.verify import RequiredCertificate

    to = require_format(to)
    asked = Asked(
        _given(model),
        out,
        source,
        weights,
        offline=offline,
        force=force,
        say=progress,
        certificate=RequiredCertificate.read(certificate, certificate_key),
    )
    done: Shrunk | Exported
    if int8 or budget is not None:
        done = quantize_model(asked, to, budget, int8=int8)
    else:
        done = export_model(asked, to)
    answer(done.to_json()) if as_json else write(str(done))


def _list(
    model: Path | None, offline: bool, progress: "Progress", as_json: bool
) -> None:
    from visus.pipeline.export import try_formats

    tried = try_formats(model, offline=offline, progress=progress)
    if as_json:
        answer({"formats": [one.to_json() for one in tried]})
        return
    for one in tried:
        write(str(one))


def _given(model: Path | None) -> Path:
    if model is None:
        raise ConfigError(
            received="No model.",
            expected="a model.visus file, or a pretrained network's name.",
            remedy="Write, for instance, `visus export runs/a/model.visus --to onnx`.",
        )
    return model

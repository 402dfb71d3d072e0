"""visus export."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visus.cli import options
from visus.cli.output import answer, verb, write
from visus.cli.progress import terminal_progress
from visus.core.errors import ConfigError

if TYPE_CHECKING:
    from visus.exporting.export import Exported
    from visus.pipeline.export import Tried


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
    source: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="SOURCE",
            help="Pictures for the proof, else made ones; with --int8 those that the "
            "model was trained on.",
        ),
    ] = None,
    int8: Annotated[
        bool,
        typer.Option("--int8", help="Convolutions in eight bits; --to onnx only."),
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option(
            metavar="POINTS", help="Accuracy that --int8 may cost. Default: 0.5."
        ),
    ] = None,
    list_formats: Annotated[
        bool,
        typer.Option("--list", help="Try every format and say what works here."),
    ] = False,
    weights: options.Weights = None,
    offline: options.Offline = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Write a model in another format, proved to be the same model."""
    from visus.pipeline.export import Asked, export_model, require_format, try_formats
    from visus.pipeline.int8 import quantize_model

    progress = terminal_progress(quiet=as_json)
    if list_formats:
        tried = try_formats(model, offline=offline, progress=progress)
        if as_json:
            answer({"formats": [one.to_json() for one in tried]})
            return
        for one in tried:
            _write_tried(one)
        return
    to = require_format(to)
    asked = Asked(
        _given(model), out, source, weights, offline=offline, force=force, say=progress
    )
    if int8 or budget is not None:
        shrunk = quantize_model(asked, to, budget, int8=int8)
        if as_json:
            answer(shrunk.to_json())
            return
        write(str(shrunk.view))
        _write_done(shrunk.exported)
        return
    done = export_model(asked, to)
    if as_json:
        answer(done.to_json())
        return
    _write_done(done)


def _given(model: Path | None) -> Path:
    if model is None:
        raise ConfigError(
            received="No model.",
            expected="a model.visus file, or a pretrained network's name.",
            remedy="Write, for instance, `visus export runs/a/model.visus --to onnx`.",
        )
    return model


def _write_done(done: "Exported") -> None:
    write(f"{done.out} ({done.size:,} bytes)")
    write(f"proof: {done.proof}.")


def _write_tried(one: "Tried") -> None:
    if one.exported is None:
        write(f"{one.name:<12}does not work here")
        write(f"    why: {one.reason}")
        write(f"    to mend it: {one.remedy}")
        return
    proof = one.exported.proof
    write(f"{one.name:<12}works, proved in {proof.runtime}")
    write(f"    {one.summary}")
    write(f"    largest difference {proof.largest_difference:.1e}, {one.seconds:.0f} s")

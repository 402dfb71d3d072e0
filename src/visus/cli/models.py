"""visus models."""

from typing import Annotated, Any

import typer

from visus.cli import options
from visus.cli.output import answer, say, verb, write
from visus.core.errors import ConfigError


@verb
def models(
    name: Annotated[
        str | None, typer.Argument(help="A network, to see its layers.")
    ] = None,
    input_shape: Annotated[
        str | None,
        typer.Option("--input", metavar="HxWxC", help="Picture size, as 28x28x1."),
    ] = None,
    num_classes: Annotated[
        int | None, typer.Option("--classes", min=2, help="Number of classes.")
    ] = None,
    settings: options.Settings = None,
    pretrained: Annotated[
        bool, typer.Option("--pretrained", help="List networks that have learned.")
    ] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure speeds again, as on a calm day.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """List the networks, or show the layers of one."""
    if measure and not pretrained:
        raise ConfigError(
            received="--measure without --pretrained.",
            expected="both: speeds are measured of networks that have learned.",
            remedy="Write `visus models --pretrained --measure`.",
        )
    if pretrained:
        _require_no_name(name)
        _list_pretrained(as_json, measure)
        return
    if name is None:
        _list(as_json)
        return
    from visus.pipeline.models import describe_model

    shape = _shape(input_shape) if input_shape else None
    told = describe_model(name, shape, num_classes, settings or [])
    if as_json:
        answer(told)
        return
    _write_layers(told)


def _list(as_json: bool) -> None:
    from visus.models import NETWORKS

    listed = [
        {"name": part.name, "summary": part.summary, **part.facts} for part in NETWORKS
    ]
    if as_json:
        answer({"networks": listed})
        return
    for entry in listed:
        write(f"{entry['name']:<20}{entry.get('parameters', 0):>10,}  weights")
        write(f"    {entry['summary']}")


def _require_no_name(name: str | None) -> None:
    if name is not None:
        raise ConfigError(
            received=f"--pretrained with the network {name!r}.",
            expected="one of them.",
            remedy="List all with `visus models --pretrained`, or leave that out.",
        )


def _list_pretrained(as_json: bool, measure: bool) -> None:
    from visus.cli.progress import terminal_progress
    from visus.core.report import Table
    from visus.pipeline.backbones import list_backbones
    from visus.reporting.text import table_text

    listed = list_backbones(terminal_progress(quiet=as_json), again=measure)
    if as_json:
        answer({"backbones": listed})
        return
    rows = tuple(
        (
            entry["name"],
            "x".join(map(str, entry["image_size"])),
            f"{entry['megabytes']:,.0f}",
            "" if entry["accuracy"] is None else f"{entry['accuracy']:.1%}",
            "" if entry["images_per_second"] is None else entry["images_per_second"],
            "here" if entry["weights_here"] else "",
        )
        for entry in listed
    )
    columns = ("backbone", "pixels", "MB", "ImageNet", "images/s here", "weights")
    write(table_text(Table(title="Pretrained networks", columns=columns, rows=rows)))
    for entry in listed:
        if entry["problem"]:
            say(f"warning: {entry['name']}: {entry['problem']}")


def _write_layers(told: dict[str, Any]) -> None:
    from visus.core.report import Table
    from visus.reporting.text import table_text

    rows = tuple(
        (
            row["kind"],
            "x".join(map(str, row["output_shape"])),
            row["parameters"],
            "x".join(map(str, row["receptive_field"] or ["all"])),
            row["multiply_adds"],
        )
        for row in told["layers"]
    )
    columns = ("layer", "output", "weights", "sees", "multiply-adds")
    write(table_text(Table(title=told["name"], columns=columns, rows=rows)))
    write(
        f"{told['parameters']:,} weights, {told['multiply_adds']:,} multiply-adds a "
        "picture"
    )
    for warning in told["warnings"]:
        say(f"warning: {warning}")


def _shape(text: str) -> tuple[int, int, int]:
    words = text.lower().split("x")
    if len(words) == 3 and all(word.isdecimal() and int(word) > 0 for word in words):
        return int(words[0]), int(words[1]), int(words[2])
    raise ConfigError(
        received=f"--input {text!r}.",
        expected="height, width and channels, such as 28x28x1.",
        remedy="Write three numbers with an x between them.",
    )

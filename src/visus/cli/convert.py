"""visus convert."""

from pathlib import Path
from typing import Annotated

import typer

from visus.cli import options
from visus.cli.output import answer, say, verb, write
from visus.cli.progress import terminal_progress


@verb
def convert(
    source: Annotated[
        str, typer.Argument(help='A source; several as "photos/ + more.csv".')
    ],
    to: Annotated[
        str,
        typer.Option(
            metavar="FORMAT", help="csv, coco, yolo, webdataset or label-studio."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(help="A new folder; for csv also FILE.csv, which copies nothing."),
    ],
    offline: options.Offline = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Write a source in the format of another tool."""
    from visus.pipeline.convert import convert_source

    done = convert_source(
        source,
        to,
        out,
        force=force,
        offline=offline,
        progress=terminal_progress(quiet=as_json),
    )
    if as_json:
        answer(done.to_json())
        return
    for sentence in done.lost:
        say(sentence)
    for entry in done.ledger.quarantined[:20]:
        say(f"not written: {entry.id}: {entry.reason}")
    if len(done.ledger.quarantined) > 20:
        say(f"and {len(done.ledger.quarantined) - 20} more; see --json")
    write(f"{done.pictures:,} pictures and {done.boxes:,} boxes: {done.out}")

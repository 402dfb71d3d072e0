"""visus runs."""

from pathlib import Path
from typing import Annotated

import typer

from visus.cli import options
from visus.cli.output import answer, verb, write


@verb
def runs(
    folder: Annotated[Path, typer.Argument(help="The folder of runs.")] = Path("runs"),
    as_json: options.AsJson = False,
) -> None:
    """List the runs in a folder, oldest first."""
    from visus.pipeline.runs import list_runs

    listed = list_runs(folder)
    if as_json:
        answer({"runs": listed})
        return
    for entry in listed:
        accuracy = entry.get("accuracy")
        figure = f"{accuracy:.2%}" if accuracy is not None else entry["state"]
        write(f"{figure:>9}  {entry['run']}  {entry['network']}")
        if accuracy is None and entry.get("headline"):
            write(f"{'':>9}  {entry['headline']}")
    if not listed:
        write(f"no runs in {folder}")

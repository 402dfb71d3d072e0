"""visus compare."""

from pathlib import Path
from typing import Annotated

import typer

from visus.cli import options
from visus.cli.output import answer, verb, write
from visus.core.errors import ConfigError


@verb
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Two or more run folders.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Also write a page there. Default: only the terminal."),
    ] = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Show runs side by side, on the same pictures."""
    from visus.pipeline.compare import compare_runs
    from visus.reporting.text import report_text
    from visus.reporting.view import save_report

    if out is not None and out.exists() and not force:
        raise ConfigError(
            received=f"{out} exists.",
            expected="a new place for the page.",
            remedy="Choose another with --out, or replace it with --force.",
        )
    report = compare_runs(runs)
    if out is not None:
        save_report(report, out.parent, out.stem)
    if as_json:
        answer(report.to_json())
        return
    write(report_text(report))

"""visus evaluate."""

from pathlib import Path
from typing import Annotated

import typer

from visus.cli import options
from visus.cli.output import answer, verb, write
from visus.cli.progress import terminal_progress


@verb
def evaluate(
    bundle: Annotated[Path, typer.Argument(help="A model.visus file.")],
    source: Annotated[str, typer.Argument(help="A source with labels.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="The report's page, or a folder for it. Default: "
            "reports/evaluate-<data>-<number>.html beside the bundle."
        ),
    ] = None,
    target: options.Target = None,
    group: Annotated[
        str | None,
        typer.Option(
            "--group", metavar="COLUMN", help="Hold its groups against each other."
        ),
    ] = None,
    views: options.Views = "none",
    costs: Annotated[
        Path | None,
        typer.Option(
            "--costs", metavar="CSV", help="What mistakes cost: is,cat,dog / cat,0,1."
        ),
    ] = None,
    corruptions: Annotated[
        bool, typer.Option("--corruptions", help="Measure what corrupted pictures do.")
    ] = False,
    pictures: Annotated[
        int, typer.Option("--pictures", min=1, help="So many of them are corrupted.")
    ] = 200,
    offline: options.Offline = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Measure a model on pictures that it has not learned."""
    from visus.pipeline.deeper import Deeper
    from visus.pipeline.evaluate import evaluate_bundle

    found = evaluate_bundle(
        bundle,
        source,
        out=out,
        target=target,
        asked=Deeper(group, views, costs, corruptions, pictures),
        offline=offline,
        force=force,
        progress=terminal_progress(quiet=as_json),
    )
    if as_json:
        answer(found.to_json())
        return
    write(str(found.view))
    write(f"report: {found.view.page}")

"""visus data."""

from typing import Annotated, Any

import typer

from visus.cli import options
from visus.cli.output import answer, say, verb, write
from visus.cli.progress import terminal_progress

FIRST = {"single-label": "class", "multi-label": "label", "numeric": "number"}


@verb
def data(
    source: Annotated[str, typer.Argument(help="A name, a folder, or a CSV file.")],
    split: options.Split = None,
    group: options.Group = None,
    target: options.Target = None,
    task: options.Task = None,
    allow_leak: options.AllowLeak = False,
    settings: options.Settings = None,
    offline: options.Offline = False,
    as_json: options.AsJson = False,
) -> None:
    """Count the classes, splits and files of a source."""
    from visus.core.settings import merge_into, parse_overrides
    from visus.pipeline.config import data_choices
    from visus.pipeline.data import describe_data

    named = {"data": data_choices(split, group, target, task, allow_leak=allow_leak)}
    choices = merge_into({**named, "offline": offline}, parse_overrides(settings or []))
    told = describe_data(source, choices, terminal_progress(quiet=as_json))
    if as_json:
        answer(told)
        return
    _write(told)


def _write(told: dict[str, Any]) -> None:
    from visus.core.report import Table
    from visus.reporting.text import table_text

    counts, sizes = told["counts"], told["pictures"]
    rows = tuple(
        (name, *(counts[split][name] for split in sizes))
        for name in told["class_names"]
    )
    rows += tuple((name, *values) for name, values in told["numbers"].items())
    totals = ("pictures", *sizes.values())
    table = Table(
        title=told["name"], columns=(FIRST[told["task"]], *sizes), rows=(*rows, totals)
    )
    write(table_text(table))
    write(
        f"found {told['found']:,} = used {told['used']:,} + "
        f"not used {told['quarantined']:,}"
    )
    if told["twins"]["clusters"]:
        write(
            f"{told['twins']['pictures']:,} pictures are twins of others; splits keep "
            f"them together (clusters: {told['twins']['clusters']:,})"
        )
    for entry in told["ledger"]["quarantine"][:20]:
        say(f"not used: {entry['id']}: {entry['reason']}")
    if told["quarantined"] > 20:
        say(f"and {told['quarantined'] - 20} more; see --json")

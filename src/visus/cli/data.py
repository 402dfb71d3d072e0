"""visus data."""

from pathlib import Path
from textwrap import fill
from typing import Annotated, Any

import typer

from visus.cli import options
from visus.cli.output import answer, say, verb, write
from visus.cli.progress import terminal_progress
from visus.core.errors import ConfigError

FIRST = {"single-label": "class", "multi-label": "label", "numeric": "number"}


@verb
def data(
    source: Annotated[str, typer.Argument(help="A name, a folder, or a CSV file.")],
    split: options.Split = None,
    group: options.Group = None,
    target: options.Target = None,
    task: options.Task = None,
    allow_leak: options.AllowLeak = False,
    augment: Annotated[
        bool, typer.Option("--augment", help="Draw pictures as training changes them.")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(help="The drawing. Default: sheets/<data>-<number>.png."),
    ] = None,
    recipe: options.Recipe = None,
    seed: options.Seed = None,
    settings: options.Settings = None,
    offline: options.Offline = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Count the classes, splits and files of a source; draw what augmentation does."""
    from visus.core.settings import merge_into, parse_overrides
    from visus.pipeline.config import data_choices
    from visus.pipeline.data import describe_data

    if plot is not None and not augment:
        raise _what_to_plot(plot)
    named = {
        "data": data_choices(split, group, target, task, allow_leak=allow_leak),
        "offline": offline,
        **({"recipe": recipe} if recipe is not None else {}),
        **({"seed": seed} if seed is not None else {}),
    }
    told = describe_data(
        source,
        merge_into(named, parse_overrides(settings or [])),
        terminal_progress(quiet=as_json),
        augment=augment,
        plot=plot,
        force=force,
    )
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
    if told["flattery"] is not None:
        write(fill(told["flattery"]["text"], 80, subsequent_indent="  "))
    for note in told["notes"]:
        write(fill(f"note: {note['message']}", 80, subsequent_indent="  "))
    if "sheet" in told:
        _tell_sheet(told["sheet"])
    for entry in told["ledger"]["quarantine"][:20]:
        say(f"not used: {entry['id']}: {entry['reason']}")
    if told["quarantined"] > 20:
        say(f"and {told['quarantined'] - 20} more; see --json")


def _tell_sheet(sheet: dict[str, Any]) -> None:
    write(f"sheet: {sheet['path']} (recipe {sheet['recipe']})")
    if not sheet["changes"]:
        say(
            f"note: the recipe {sheet['recipe']} changes no picture; to see changes, "
            "add --recipe NAME, or --set training.augment.strength=5"
        )


def _what_to_plot(plot: Path) -> ConfigError:
    return ConfigError(
        received=f"--plot {plot} without --augment.",
        expected="both, for a sheet of pictures as training changes them.",
        remedy=f"Try: visus data photos/ --augment --plot {plot}",
    )

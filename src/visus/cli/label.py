"""visus label."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visus.cli import options
from visus.cli.output import answer, say, verb, write
from visus.cli.progress import terminal_progress

if TYPE_CHECKING:
    from visus.pipeline.label import Chosen

label = typer.Typer(
    help="Choose what to label.", no_args_is_help=True, rich_markup_mode=None
)


@label.callback()
def root() -> None:
    """Choose what to label."""


@label.command("next")
@verb
def choose_next(
    source: Annotated[str, typer.Argument(help="A folder, an archive, or a CSV file.")],
    model: Annotated[Path, typer.Option(help="A model.visus file.")],
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 20,
    plot: Annotated[
        Path | None, typer.Option(help="A PNG with the chosen pictures.")
    ] = None,
    seed: options.Seed = None,
    offline: options.Offline = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Rank the pictures that are worth labelling next."""
    from visus.pipeline.label import choose_pictures

    chosen = choose_pictures(
        model,
        source,
        count=count,
        seed=seed or 0,
        plot=plot,
        offline=offline,
        force=force,
        progress=terminal_progress(quiet=as_json),
    )
    if as_json:
        answer({"model": str(model), **chosen.to_json()})
        return
    _tell(chosen)


def _tell(chosen: "Chosen") -> None:
    from visus.pipeline.label import BASES

    told = chosen.to_json()
    width = min(48, max(len(entry["id"]) for entry in told["next"]))
    for entry in told["next"]:
        write(f"{entry['id']:<{width}}  {_said(entry)}")
    say(
        f"chosen among {told['considered']:,} pictures, told apart by "
        f"{BASES[chosen.basis]}"
    )
    for name, why in (
        ("left_out", "the model has learned from them"),
        ("labelled", "they have a label"),
        ("copies", "another has the same content"),
    ):
        if told[name]:
            say(f"left out: {told[name]:,}, {why}")
    for note in told["notes"]:
        say(f"note: {note}")
    if told["sheet"]:
        write(f"sheet: {told['sheet']}")


def _said(entry: dict[str, Any]) -> str:
    """The best answers, or the number."""
    if isinstance(entry["answer"], float):
        return f"{entry['answer']:g}"
    return "  ".join(f"{name} {score:.1%}" for name, score in entry["scores"].items())

"""visus label."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visus.cli import options
from visus.cli.output import answer, say, verb, write
from visus.cli.progress import terminal_progress
from visus.core.errors import ConfigError
from visus.tasks.words import probability_text

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
    model: Annotated[
        Path | None,
        typer.Option(help="A model.visus file. Without one: typical pictures."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 20,
    plot: Annotated[
        Path | None, typer.Option(help="A PNG with the chosen pictures.")
    ] = None,
    backbone: options.Backbone = None,
    weights: options.Weights = None,
    seed: options.Seed = None,
    offline: options.Offline = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Rank the pictures that are worth labelling next."""
    common: dict[str, Any] = {
        "count": count,
        "seed": seed or 0,
        "plot": plot,
        "offline": offline,
        "force": force,
        "progress": terminal_progress(quiet=as_json),
    }
    if model is None:
        from visus.pipeline.label_first import choose_first

        chosen = choose_first(source, backbone=backbone, weights=weights, **common)
    else:
        from visus.pipeline.label import choose_pictures

        _require_one_network(backbone, weights)
        chosen = choose_pictures(model, source, **common)
    if as_json:
        named = None if model is None else str(model)
        answer({"model": named, **chosen.to_json()})
        return
    _tell(chosen)


def _require_one_network(backbone: str | None, weights: Path | None) -> None:
    if backbone is not None or weights is not None:
        raise ConfigError(
            received="--backbone or --weights with --model.",
            expected="one of them: a model looks at pictures itself.",
            remedy="Leave out the one or the other.",
        )


def _tell(chosen: "Chosen") -> None:
    from visus.pipeline.label import BASES

    told = chosen.to_json()
    width = min(48, max(len(entry["id"]) for entry in told["next"]))
    for entry in told["next"]:
        write(f"{entry['id']:<{width}}  {_said(entry)}".rstrip())
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
    """The best answers, or the number; nothing without a model."""
    if "answer" not in entry:
        return ""
    if isinstance(entry["answer"], float):
        return f"{entry['answer']:g}"
    scores = entry["scores"].items()
    return "  ".join(f"{name} {probability_text(score)}" for name, score in scores)

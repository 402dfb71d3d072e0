"""visus predict."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visus.cli import options
from visus.cli.output import answer, say, verb, write
from visus.cli.progress import terminal_progress
from visus.core.errors import ConfigError
from visus.tasks.words import probability_text

if TYPE_CHECKING:
    from visus.bundles.predictions import Answer
    from visus.pipeline.predict import Answered

MOST_SCORES = 3
# A pretrained network has a thousand.
MOST_PRETRAINED_SCORES = 5


@verb
def predict(
    bundle: Annotated[
        Path, typer.Argument(help="A model.visus file, or a pretrained network's name.")
    ],
    pictures: Annotated[
        list[str], typer.Argument(help="Pictures, folders, or patterns.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Write a CSV instead; a killed call goes on where it was."),
    ] = None,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="So many of the best answers.")
    ] = None,
    coverage: options.Coverage = None,
    views: options.Views = "none",
    weights: options.Weights = None,
    offline: options.Offline = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Answer pictures with a model, in the order of asking."""
    from visus.data.sources.base import Access
    from visus.pipeline.predict import answer_all, find_pictures, write_answers
    from visus.pipeline.pretrained import open_model

    if out is not None and top is not None:
        raise _no_room(top)
    progress = terminal_progress(quiet=as_json)
    paths = find_pictures(pictures)
    model = open_model(bundle, weights, Access(offline, progress)).looking(views)
    if coverage is not None:
        model = model.asking(coverage)
    if top is None and not bundle.exists():
        top = MOST_PRETRAINED_SCORES
    if out is not None:
        done = write_answers(model, paths, out, progress, force=force)
        told = {"out": str(out), "answers": len(paths), "answered_before": done}
        if as_json:
            answer(told)
        else:
            write(f"{len(paths):,} answers in {out} ({done:,} were there before)")
        return
    answered = answer_all(model, paths, progress)
    if not as_json:
        _write_table(answered, top)
        if model.uncalibrated:
            say(f"note: scores are not calibrated: {model.uncalibrated}")
        return
    answer(
        {
            "model": str(bundle),
            **model.sureness,
            "predictions": answered.predictions.to_json(top),
            "unreadable": [vars(entry) for entry in answered.unreadable],
        }
    )


def _no_room(top: int) -> ConfigError:
    return ConfigError(
        received=f"--top {top} with --out.",
        expected="one of them: a row of the CSV file holds one answer.",
        remedy="Leave --top out, or print the answers with --json.",
    )


def _said(row: "Answer", top: int | None) -> str:
    """What is said of a picture, and the scores by which."""
    told = _scores(row, top)
    return told if row.kind in (None, "label") else f"{row.kind}: {told}"


def _scores(row: "Answer", top: int | None) -> str:
    """The best classes, the given labels with their probabilities, or the number."""
    if isinstance(row.answer, float):
        return f"{next(iter(row.scores))} {row.label}"
    if isinstance(row.answer, tuple) and top is None:
        given = [(name, score) for name, score in row.best() if name in row.answer]
    else:
        given = row.best(top or MOST_SCORES)
    return (
        "  ".join(f"{name} {probability_text(score)}" for name, score in given)
        or "none"
    )


def _write_table(answered: "Answered", top: int | None) -> None:
    longest = max(len(name) for name in answered.asked)
    for row in answered.predictions:
        write(f"{row.id:<{min(longest, 48)}}  {_said(row, top)}")
    for entry in answered.unreadable:
        say(f"not answered: {entry.id}: {entry.reason}")

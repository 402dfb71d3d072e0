"""visus predict."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visus.cli import options
from visus.cli.output import answer, say, verb, write
from visus.cli.progress import terminal_progress

if TYPE_CHECKING:
    from visus.bundles.predictions import Answer
    from visus.pipeline.predict import Answered

MOST_SCORES = 3


@verb
def predict(
    bundle: Annotated[Path, typer.Argument(help="A model.visus file.")],
    pictures: Annotated[
        list[str], typer.Argument(help="Pictures, folders, or patterns.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Write a CSV instead; a killed call goes on where it was."),
    ] = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Answer pictures with a model, in the order of asking."""
    from visus.bundles import load_bundle
    from visus.pipeline.predict import answer_all, find_pictures, write_answers

    progress = terminal_progress(quiet=as_json)
    paths = find_pictures(pictures)
    model = load_bundle(bundle)
    if out is not None:
        done = write_answers(model, paths, out, progress, force=force)
        told = {"out": str(out), "answers": len(paths), "answered_before": done}
        if as_json:
            answer(told)
        else:
            write(f"{len(paths):,} answers in {out} ({done:,} were there before)")
        return
    answered = answer_all(model, paths, progress)
    if as_json:
        answer(
            {
                "model": str(bundle),
                "predictions": answered.predictions.to_json(),
                "unreadable": [vars(entry) for entry in answered.unreadable],
            }
        )
        return
    _write_table(answered)


def _said(row: "Answer") -> str:
    """The best classes, the given labels with their probabilities, or the number."""
    if isinstance(row.answer, float):
        return f"{next(iter(row.scores))} {row.label}"
    best = sorted(row.scores.items(), key=lambda item: -item[1])
    if isinstance(row.answer, tuple):
        given = [(name, score) for name, score in best if name in row.answer]
    else:
        given = best[:MOST_SCORES]
    return "  ".join(f"{name} {score:.1%}" for name, score in given) or "none"


def _write_table(answered: "Answered") -> None:
    longest = max(len(name) for name in answered.asked)
    for row in answered.predictions:
        write(f"{row.id:<{min(longest, 48)}}  {_said(row)}")
    for entry in answered.unreadable:
        say(f"not answered: {entry.id}: {entry.reason}")

"""visus explain."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visus.cli import options
from visus.cli.output import answer, say, verb, write
from visus.cli.progress import terminal_progress
from visus.core.errors import ConfigError

if TYPE_CHECKING:
    from visus.pipeline.explain import Explained
    from visus.pipeline.explained_page import ExplainedPage
    from visus.pipeline.question import Question

# Written out, so that `visus --help` imports no registry.
METHODS_HELP = (
    "occlusion, rise, random-map, grad-cam, grad-cam++, layer-cam, input-gradients, "
    "smooth-grad, integrated-gradients, feature-maps, filters, "
    "activation-maximization, attention-maps or nearest."
)

Model = Annotated[
    Path, typer.Argument(help="A model.visus file, or a pretrained network's name.")
]
Method = Annotated[str | None, typer.Option(help=METHODS_HELP)]
ClassName = Annotated[
    str | None,
    typer.Option("--class", help="The class to explain; else the one answered."),
]
Layer = Annotated[
    str | None, typer.Option(help="The layer to look at; else the method's own.")
]
Every = Annotated[
    bool, typer.Option("--all", help="All methods, and their tests, on one page.")
]
Glass = Annotated[
    bool, typer.Option("--glass", help="A page to click through the network.")
]
Data = Annotated[
    str | None,
    typer.Option(metavar="SOURCE", help="What it learned from, for `nearest`."),
]
Out = Annotated[
    Path | None,
    typer.Option(
        help="The panel (.png) or a page with tests (.html). Default: "
        "explanations/<picture>-<method>-<number>."
    ),
]


@verb
def explain(
    model: Model,
    picture: Annotated[Path, typer.Argument(help="The picture.")],
    method: Method = None,
    class_name: ClassName = None,
    layer: Layer = None,
    every: Every = False,
    glass: Glass = False,
    data: Data = None,
    out: Out = None,
    settings: options.Settings = None,
    seed: options.Seed = None,
    offline: options.Offline = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Draw why a model answers a picture as it does."""
    from visus.core.settings import parse_overrides
    from visus.pipeline.question import Question

    _require_one(method, every, glass)
    question = Question(
        model,
        picture,
        class_name=class_name,
        layer=layer,
        data=data,
        settings=parse_overrides(settings or []),
        seed=seed or 0,
        offline=offline,
    )
    progress = terminal_progress(quiet=as_json)
    place: dict[str, Any] = {"out": out, "force": force, "progress": progress}
    if glass:
        _write_glass(question, place, as_json)
    elif every or (out is not None and out.suffix.lower() == ".html"):
        _write_page(question, method, place, as_json)
    else:
        _write_panel(question, method, place, as_json)


def _require_one(method: str | None, every: bool, glass: bool) -> None:
    asked = [
        word
        for word, given in (
            (f"--method {method}", method is not None),
            ("--all", every),
            ("--glass", glass),
        )
        if given
    ]
    if len(asked) > 1:
        raise ConfigError(
            received=f"{' and '.join(asked)}.",
            expected="one of them: each writes a file of its own.",
            remedy="Call `visus explain` once for each.",
        )


def _write_glass(question: "Question", place: dict[str, Any], as_json: bool) -> None:
    from visus.pipeline.glass import write_glass

    page = write_glass(question, **place)
    if as_json:
        answer(page.to_json())
        return
    write(f"{page.opened.said()}, in {page.steps} steps")
    for note in page.notes:
        say(f"note: {note}")
    write(f"page: {page.out}")


def _write_page(
    question: "Question", method: str | None, place: dict[str, Any], as_json: bool
) -> None:
    from visus.pipeline.explained_page import write_explained
    from visus.reporting.text import table_text

    page = write_explained(question, method=method, **place)
    if as_json:
        answer(page.to_json())
        return
    write(page.opened.said())
    write(table_text(page.report.tables[0]))
    for finding in page.report.findings:
        say(f"{finding.severity}: {finding.message}")
    write(f"page: {page.out}")


def _write_panel(
    question: "Question", method: str | None, place: dict[str, Any], as_json: bool
) -> None:
    from visus.pipeline.explain import explain_picture

    explained = explain_picture(question, method=method, **place)
    nothing_said = method is None and place["out"] is None
    page = _page_beside(explained) if nothing_said else None
    if as_json:
        beside = {} if page is None else {"page": str(page.out)}
        answer(explained.to_json() | beside)
        return
    layer = f", layer {explained.found.layer}" if explained.found.layer else ""
    write(f"{explained.opened.said()} ({explained.method}{layer})")
    for note in explained.found.notes:
        say(f"note: {note}")
    write(f"panel: {explained.out}")
    if page is not None:
        write(f"page: {page.out}")


def _page_beside(explained: "Explained") -> "ExplainedPage":
    """The page of who asks for nothing in particular: the same map, and its tests."""
    from visus.pipeline.explained_page import page_of
    from visus.pipeline.explained_place import free_place

    place = free_place(explained.opened.question.picture, explained.method, ".html")
    return page_of(explained.opened, explained.method, place)

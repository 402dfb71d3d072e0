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

METHODS_HELP = (
    "occlusion, rise, random-map, grad-cam, grad-cam++, layer-cam, input-gradients, "
    "smooth-grad, integrated-gradients, feature-maps, filters, "
    "activation-maximization, attention-maps or nearest."
)


@verb
def explain(
    model: Annotated[
        Path, typer.Argument(help="A model.visus file, or a pretrained network's name.")
    ],
    picture: Annotated[Path, typer.Argument(help="The picture.")],
    method: Annotated[
        str | None,
        typer.Option(help=METHODS_HELP),
    ] = None,
    class_name: Annotated[
        str | None,
        typer.Option("--class", help="The class to explain; else the one answered."),
    ] = None,
    layer: Annotated[
        str | None, typer.Option(help="The layer to look at; else the method's own.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All methods, and their tests, on one page.")
    ] = False,
    glass: Annotated[
        bool, typer.Option("--glass", help="A page to click through the network.")
    ] = False,
    data: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="What it learned from, for `nearest`."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The panel (.png) or a page with tests (.html). Default: "
            "explanations/<picture>-<method>-<number>."
        ),
    ] = None,
    settings: options.Settings = None,
    seed: options.Seed = None,
    offline: options.Offline = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Draw why a model answers a picture as it does."""
    from visus.core.settings import parse_overrides
    from visus.pipeline.explain import Question, explain_picture

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
    common: dict[str, Any] = {
        "out": out,
        "force": force,
        "progress": terminal_progress(quiet=as_json),
    }
    page_asked = not glass and out is not None and out.suffix.lower() == ".html"
    if every or page_asked:
        from visus.pipeline.explained_page import write_explained

        _tell_all(write_explained(question, method=method, **common), as_json)
        return
    if glass:
        from visus.pipeline.glass import write_glass

        page = write_glass(question, **common)
        if as_json:
            answer(page.to_json())
        else:
            write(f"{page.opened.said()}, in {page.steps} steps")
            write(f"page: {page.out}")
        return
    explained = explain_picture(question, method=method, **common)
    page = _page_beside(explained) if method is None and out is None else None
    _tell(explained, page, as_json)


def _page_beside(explained: "Explained") -> Path:
    """The page of who asks for nothing in particular: the same map, and its tests."""
    from visus.pipeline.explain import free_place
    from visus.pipeline.explained_page import page_of

    place = free_place(explained.opened.question.picture, explained.method, ".html")
    return page_of(explained.opened, explained.method, place).out


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


def _tell(explained: "Explained", page: Path | None, as_json: bool) -> None:
    if as_json:
        beside = {} if page is None else {"page": str(page)}
        answer(explained.to_json() | beside)
        return
    layer = f", layer {explained.found.layer}" if explained.found.layer else ""
    write(f"{explained.opened.said()} ({explained.method}{layer})")
    for note in explained.found.notes:
        say(f"note: {note}")
    write(f"panel: {explained.out}")
    if page is not None:
        write(f"page: {page}")


def _tell_all(page: "ExplainedPage", as_json: bool) -> None:
    from visus.reporting.text import table_text

    if as_json:
        answer(page.to_json())
        return
    write(page.opened.said())
    write(table_text(page.report.tables[0]))
    for finding in page.report.findings:
        say(f"{finding.severity}: {finding.message}")
    write(f"page: {page.out}")

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
    group: options.Compared = None,
    views: options.Views = "none",
    costs: options.Costs = None,
    corruptions: options.Corruptions = False,
    pictures: options.Corrupted = 200,
    backgrounds: options.Backgrounds = False,
    attack: options.Attack = None,
    attack_budget: options.AttackBudget = None,
    attack_steps: options.AttackSteps = 20,
    attack_starts: options.AttackStarts = 2,
    attack_pictures: options.Attacked = 300,
    shifted: options.Shifted = None,
    adapt: options.Adapt = None,
    adapt_by: options.AdaptBy = "normalizations",
    offline: options.Offline = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Measure a model on pictures that it has not learned."""
    from visus.evaluation.robustness.attacks import Attacks
    from visus.pipeline.deeper import Deeper
    from visus.pipeline.evaluate import evaluate_bundle
    from visus.pipeline.shifted import Elsewhere

    numbers = (attack_budget, attack_steps, attack_starts, attack_pictures)
    attacks = Attacks(tuple(dict.fromkeys(attack or ())), *numbers)
    elsewhere = Elsewhere(shifted, adapt, adapt_by, offline, force)
    sought = (attacks, elsewhere, backgrounds)
    found = evaluate_bundle(
        bundle,
        source,
        out=out,
        target=target,
        asked=Deeper(group, views, costs, corruptions, pictures, *sought),
        offline=offline,
        force=force,
        progress=terminal_progress(quiet=as_json),
    )
    if as_json:
        answer(found.to_json())
        return
    write(str(found.view))
    if adapt is not None:
        write(f"adapted: {adapt}")
    write(f"report: {found.view.page}")

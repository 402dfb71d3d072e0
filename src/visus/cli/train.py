"""visus train."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visus.cli import options
from visus.cli.output import answer, say, verb, write
from visus.cli.progress import terminal_progress
from visus.core.errors import ConfigError

if TYPE_CHECKING:
    from visus.pipeline.train import Request


@verb
def train(
    source: Annotated[
        str | None,
        typer.Argument(help="mnist, fashion-mnist, digits, a folder, or a CSV file."),
    ] = None,
    network: options.Network = None,
    recipe: options.Recipe = None,
    backbone: options.Backbone = None,
    weights: options.Weights = None,
    fine_tune: options.FineTune = False,
    minutes: options.Minutes = None,
    unlabelled: options.Unlabelled = None,
    curve: options.Curve = False,
    out: options.RunFolder = None,
    seed: options.Seed = None,
    split: options.Split = None,
    group: options.Group = None,
    target: options.Target = None,
    task: options.Task = None,
    allow_leak: options.AllowLeak = False,
    folds: options.Folds = None,
    seeds: options.Seeds = None,
    settings: options.Settings = None,
    config: options.Config = None,
    start_from: options.StartFrom = None,
    resume: options.Resume = None,
    dry_run: options.DryRun = False,
    find_lr: options.FindRate = False,
    plot: options.RatePlot = None,
    offline: options.Offline = False,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Train, evaluate and save a model."""
    _require_sense(source, resume, plot, find_lr)
    if resume is not None:
        _tell_resumed(resume, as_json)
        return
    from visus.pipeline.config import data_choices, frozen_choices
    from visus.pipeline.train import Request

    named = {
        "network": {"name": network} if network else None,
        "recipe": _recipe(recipe, fine_tune),
        "seed": seed,
        "offline": offline or None,
        "start_from": str(start_from) if start_from else None,
        "folds": folds,
        "seeds": seeds,
        "minutes": minutes,
        "frozen": frozen_choices(backbone, weights, curve=curve),
        "data": data_choices(
            split, group, target, task, unlabelled=unlabelled, allow_leak=allow_leak
        ),
    }
    request = Request(source, _choices(named, settings or [], config), out, force)
    if find_lr:
        _tell_rate(request, plot, as_json)
        return
    tell = _tell_plan if dry_run else _tell_run
    tell(request, as_json)


def _recipe(asked: str | None, fine_tune: bool) -> str | None:
    if fine_tune and asked not in (None, "fine-tune"):
        raise ConfigError(
            received=f"--fine-tune with the recipe {asked!r}.",
            expected="one of them: --fine-tune is the recipe fine-tune.",
            remedy="Leave one of them out.",
        )
    return "fine-tune" if fine_tune else asked


def _require_sense(
    source: str | None, resume: Path | None, plot: Path | None, find_lr: bool
) -> None:
    if (source is None) == (resume is None):
        raise _one_of_two(source)
    if plot is not None and not find_lr:
        raise _nothing_to_plot(plot)


def _choices(
    named: dict[str, Any], settings: list[str], config: Path | None
) -> dict[str, Any]:
    from visus.core.settings import merge_into, parse_overrides, read_toml

    choices = read_toml(config) if config else {}
    choices.pop("source", None)
    given = {name: value for name, value in named.items() if value is not None}
    return merge_into(merge_into(choices, given), parse_overrides(settings))


def _tell_resumed(folder: Path, as_json: bool) -> None:
    from visus.pipeline.several import resume_begun

    _tell(resume_begun(folder, terminal_progress(quiet=as_json)).summary, as_json)


def _tell_run(request: "Request", as_json: bool) -> None:
    from visus.pipeline.several import train_asked

    _tell(train_asked(request, terminal_progress(quiet=as_json)).summary, as_json)


def _tell_plan(request: "Request", as_json: bool) -> None:
    from visus.pipeline.forecast import forecast

    told = forecast(request, terminal_progress(quiet=as_json))
    if as_json:
        answer(told)
        return
    for name, value in told.items():
        if name != "config":
            write(f"{name.replace('_', ' ')}: {_plain(value)}")


def _tell_rate(request: "Request", plot: Path | None, as_json: bool) -> None:
    from visus.pipeline.find_rate import find_rate

    progress = terminal_progress(quiet=as_json)
    told = find_rate(request, progress, plot=plot, force=request.force)
    if as_json:
        answer(told)
        return
    recipe, found = told["recipe_rate"], told["suggested_rate"]
    write(
        f"{told['network']}, {told['optimizer']}, batch {told['batch_size']}: "
        f"{told['steps']} steps at rising rates"
    )
    write(
        "the loss never fell: no rate can be suggested"
        if found is None
        else f"the loss fell fastest at {found:.2g} (the recipe has {recipe:g}); "
        f"try --recipe {told['recipe']} --set training.learning_rate={found:.2g}"
    )
    if told["plot"]:
        write(f"plot: {told['plot']}")


def _tell(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        answer(summary)
        return
    for word in ("fold", "seed"):
        if f"{word}s" in summary:
            _tell_several(summary, word)
            return
    write(
        f"test {summary['headline']} on {summary['test']['pictures']:,} pictures; "
        f"{summary['network']}, {_how(summary)}"
    )
    write(f"model:  {summary['bundle']}")
    write(f"report: {summary['report']}")
    for note in summary["notes"]:
        say(f"note: {note}")


def _how(summary: dict[str, Any]) -> str:
    trained = f"{summary['training_seconds']:.1f} s of training"
    return str(summary.get("how", trained))


def _tell_several(summary: dict[str, Any], word: str) -> None:
    for one in summary[f"{word}s"]:
        write(
            f"{word} {one[word]}: {one['headline']} on {one['pictures']:,} "
            f"pictures; {one['run']}"
        )
    write(f"test {summary['headline']}; {summary['network']}, {_how(summary)}")
    write(f"report: {summary['report']}")
    for note in summary["notes"]:
        say(f"note: {note}")


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(part)}" for name, part in value.items())
    return f"{value:,.1f}" if isinstance(value, float) else f"{value}"


def _one_of_two(source: str | None) -> ConfigError:
    return ConfigError(
        received="Both a source and --resume." if source else "No source.",
        expected="a source to train on, or --resume RUN to go on with a run.",
        remedy="Try: visus train digits",
    )


def _nothing_to_plot(plot: Path) -> ConfigError:
    return ConfigError(
        received=f"--plot {plot} without --find-lr.",
        expected="--plot where the learning rate is searched.",
        remedy="Add --find-lr; training draws its curves into its report.",
    )

"""What several trainings of one thing have in common, and how far they lie apart."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np

from visus.bundles import Predictions
from visus.core.errors import ConfigError
from visus.core.report import Fact, Interval, Table
from visus.core.run import Run
from visus.core.settings import merge_into
from visus.pipeline.trained import TrainedRun
from visus.tasks.intervals import bootstrap, wilson_interval

# Figures from 0 to 1 that people read in percent.
SHARES = ("accuracy", "mean_average_precision")


def plain(choices: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that may be changed."""
    return merge_into({}, choices)


def main_figure(trained: list[TrainedRun]) -> str:
    """The figure that counts for the task, which a test names first."""
    return str(next(iter(trained[0].summary["test"])))


def spread_facts(trained: list[TrainedRun], of: str) -> Iterator[Fact]:
    """Mean, spread and range of what they reached.

    Args:
        trained: two runs or more.
        of: what they are called, such as "folds".
    """
    figure, values = main_figure(trained), _reached(trained)
    mean, spread = fmean(values), stdev(values)
    yield Fact(name=f"mean_{figure}", value=mean, text=_in_words(figure, mean))
    text = (
        f"{_spread_in_words(figure, spread)} (standard deviation of {len(values)} {of})"
    )
    yield Fact(name="spread", value=spread, text=text)
    low, high = min(values), max(values)
    text = f"{_in_words(figure, low)} to {_in_words(figure, high)}"
    yield Fact(name="range", value=high - low, text=text)


def joint_fact(name: str, figure: str, answers: Predictions, how: str) -> Fact:
    """The figure of all of them together, with its interval.

    Args:
        name: before that of the figure.
        figure: which.
        answers: of all together.
        how: they were made, for people.
    """
    found = joint_interval(figure, answers)
    value, low, high = (
        _in_words(figure, number) for number in (found.value, found.low, found.high)
    )
    text = (
        f"{value} ({low} to {high}, {found.confidence:.0%}) of "
        f"{len(answers.ids):,} pictures, {how}"
    )
    return Fact(name=f"{name}_{figure}", value=found.value, text=text, interval=found)


def joint_interval(figure: str, answers: Predictions) -> Interval:
    """The figure over all pictures.

    Every picture counts alike, whatever its weight was in its run.
    """
    targets = np.asarray(answers.targets)
    known = answers.meaning.known(targets)
    scores, targets = answers.scores[known], targets[known]
    if figure == "accuracy":
        right = int((scores.argmax(axis=1) == targets).sum())
        return wilson_interval(right, len(scores))
    of = answers.groups or answers.ids
    units = [name or answers.ids[row] for row, name in enumerate(of) if known[row]]
    measure = answers.meaning.measure(scores, targets)
    columns = scores.shape[1]
    return bootstrap(measure, np.ones(len(scores)), units, columns=columns)[figure]


def runs_table(trained: list[TrainedRun], word: str, note: str) -> Table:
    """A row a run.

    Args:
        trained: the runs.
        word: what one is called, such as "fold".
        note: below the table.
    """
    rows, figure = [], main_figure(trained)
    for number, run in enumerate(trained, 1):
        test = run.summary["test"]
        values = (test[figure], *test["interval"])
        told = (_in_words(figure, value) for value in values)
        epoch = run.summary["kept_epoch"] or ""
        rows.append((number, test["pictures"], *told, epoch))
    name = figure.replace("_", " ")
    return Table(
        title=f"{word.capitalize()}s",
        columns=(word, "test pictures", name, "low", "high", "kept epoch"),
        rows=tuple(rows),
        note=note,
    )


def spread_summary(
    run: Run,
    trained: list[TrainedRun],
    word: str,
    *,
    pictures: int,
    page: Path | None,
) -> dict[str, Any]:
    """What `--json` says of all of them.

    Args:
        run: that holds them.
        trained: the runs.
        word: what one is called, such as "fold".
        pictures: that were tested.
        page: of the report.
    """
    figure, values = main_figure(trained), _reached(trained)
    mean, spread = fmean(values), stdev(values)
    first, of = trained[0].summary, f"{word}s"
    alike = ("task", "network", "parameters", "recipe", "seed", "batch_size", "found")
    return {
        "run": str(run.folder),
        "report": str(page),
        of: [
            {
                word: number,
                "run": one.summary["run"],
                "headline": one.headline,
                **one.summary["test"],
            }
            for number, one in enumerate(trained, 1)
        ],
        "test": {figure: mean, "spread": spread, "pictures": pictures},
        "headline": f"mean {figure.replace('_', ' ')} {_in_words(figure, mean)} "
        f"({len(trained)} {of}, spread {_spread_in_words(figure, spread)})",
        **{name: first[name] for name in (*alike, "quarantined")},
        "training_seconds": round(
            sum(one.summary["training_seconds"] for one in trained), 3
        ),
    }


def needs_new_networks(of: str) -> ConfigError:
    """The one error for a network that would go on with what it has learned."""
    return ConfigError(
        received=f"A Keras model for several {of}.",
        expected="what builds a new network for each; one that has learned already "
        "would recite.",
        remedy="Give a name of `visus models`, or a Python file with build().",
    )


def _reached(trained: list[TrainedRun]) -> list[float]:
    figure = main_figure(trained)
    return [float(run.summary["test"][figure]) for run in trained]


def _in_words(figure: str, value: float) -> str:
    return f"{value:.2%}" if figure in SHARES else f"{value:,.4g}"


def _spread_in_words(figure: str, spread: float) -> str:
    return f"{100 * spread:.2f} points" if figure in SHARES else f"{spread:,.4g}"

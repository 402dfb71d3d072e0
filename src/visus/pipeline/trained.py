"""TrainedRun: a finished run in the hand of somebody in Python."""

import json
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from visus.bundles import Bundle, Predictions, load_bundle
from visus.core.errors import ConfigError
from visus.core.report import Report
from visus.core.run import Run
from visus.pipeline.report import REPORT, predictions_path
from visus.reporting.view import ReportView


@dataclass(frozen=True)
class TrainedRun:
    """What `visus.train` gives.

    Args:
        run: the folder.
        summary: its figures, as `visus train --json` prints them.

    Example:
        >>> trained = visus.train("photos/")              # doctest: +SKIP
        >>> trained.bundle.predict(["a.jpg"]).answers     # doctest: +SKIP
        >>> trained.report.show()                         # doctest: +SKIP
    """

    run: Run
    summary: dict[str, Any]

    @property
    def folder(self) -> Path:
        """Where everything of the run lies."""
        return self.run.folder

    @property
    def accuracy(self) -> float:
        """Test accuracy, a share from 0 to 1, where there is one class a picture.

        Raises:
            ConfigError: the task has other figures; `summary["test"]` has them.
        """
        test = self.summary["test"]
        if "accuracy" not in test:
            raise ConfigError(
                received=f"The accuracy of a {self.summary['task']} run.",
                expected=f"one of {', '.join(test)}.",
                remedy="Look into run.summary['test'].",
            )
        return float(test["accuracy"])

    @property
    def headline(self) -> str:
        """The figure that counts, in words."""
        return str(self.summary["headline"])

    @cached_property
    def bundle(self) -> Bundle:
        """The trained network, verified on first use."""
        return load_bundle(self.run.bundle_path)

    @cached_property
    def report(self) -> ReportView:
        """How good it is."""
        path = self.run.reports / f"{REPORT}.json"
        return ReportView(Report.load(path), path.with_suffix(".html"))

    @cached_property
    def predictions(self) -> Predictions:
        """The answers to the test pictures."""
        return Predictions.load(predictions_path(self.run, "test"))

    @property
    def log(self) -> list[dict[str, Any]]:
        """One entry an epoch."""
        return self.run.log_entries()

    def _repr_html_(self) -> str:
        seconds = self.summary["training_seconds"]
        return (
            f"<b>{escape(self.summary['network'])}</b>: test "
            f"{escape(self.headline)}, {seconds:.1f} s of training<br>"
            f"{escape(str(self.folder))}"
        )


def finished_run(run: Run) -> TrainedRun:
    """Open a run that was trained to its end.

    Raises:
        ConfigError: it was stopped before.
    """
    try:
        summary = json.loads(run.summary_path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            received=f"The run {run.folder} is not finished.",
            expected="a run that was trained to its end.",
            remedy=f"Go on with it: visus train --resume {run.folder}",
        ) from error
    return TrainedRun(run, _completed(summary))


def _completed(summary: dict[str, Any]) -> dict[str, Any]:
    """Runs from before there were several tasks said neither which nor how good."""
    if "headline" in summary:
        return summary
    low, high = summary["test"]["interval"]
    text = f"accuracy {summary['test']['accuracy']:.2%}"
    told = f"{text} (95 % interval {low:.2%} to {high:.2%})"
    return {**summary, "task": "single-label", "headline": told}

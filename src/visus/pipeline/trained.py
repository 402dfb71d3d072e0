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
        """Test accuracy, a share from 0 to 1."""
        return float(self.summary["test"]["accuracy"])

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
        return (
            f"<b>{escape(self.summary['network'])}</b>: test accuracy "
            f"{self.accuracy:.2%} ({self._known_to()}), "
            f"{self.summary['training_seconds']:.1f} s of training<br>"
            f"{escape(str(self.folder))}"
        )

    def _known_to(self) -> str:
        test = self.summary["test"]
        if "folds" in self.summary:
            folds = len(self.summary["folds"])
            return f"mean of {folds} folds, spread {100 * test['spread']:.2f} points"
        low, high = test["interval"]
        return f"{low:.2%} to {high:.2%}"


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
    return TrainedRun(run, summary)

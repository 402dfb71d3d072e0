"""visus compare: runs side by side on the same test pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from visus.core.errors import ConfigError
from visus.core.report import Report
from visus.core.run import Run
from visus.evaluation.compared import Compared
from visus.evaluation.comparison import compare
from visus.pipeline.trained import finished_run


def compare_runs(folders: Sequence[Path]) -> Report:
    """Compare two or more finished runs; the first is what the others are held to.

    Raises:
        ConfigError: fewer than two, one twice, or one that is not finished.
    """
    if len(set(folders)) < 2 or len(set(folders)) < len(folders):
        raise ConfigError(
            received=f"{len(folders)} run folders, {len(set(folders))} different ones.",
            expected="two or more different run folders.",
            remedy="Try: visus compare runs/a runs/b",
        )
    return compare([_compared(Run.open(folder)) for folder in folders])


def _compared(run: Run) -> Compared:
    trained = finished_run(run)
    summary: dict[str, Any] = trained.summary
    return Compared(
        name=str(run.folder),
        predictions=trained.predictions,
        network=summary["network"],
        recipe=summary["recipe"],
        parameters=summary["parameters"],
        training_seconds=summary["training_seconds"],
    )

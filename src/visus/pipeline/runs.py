"""visus runs: which runs there are, and how far each has come."""

from pathlib import Path
from typing import Any

from visus.core.errors import ConfigError, VisusError
from visus.core.run import Run
from visus.pipeline.trained import finished_run


def list_runs(parent: Path) -> list[dict[str, Any]]:
    """The runs in a folder, oldest first.

    Raises:
        ConfigError: the folder does not exist.
    """
    if not parent.is_dir():
        raise ConfigError(
            received=f"There is no folder {parent}.",
            expected="a folder of runs; `visus train` makes them under runs/.",
            remedy="Train one: visus train digits",
        )
    folders = [path.parent for path in parent.glob("*/config.toml")]
    folders.sort(key=lambda folder: (folder / "config.toml").stat().st_mtime)
    return [_describe(Run(folder)) for folder in folders]


def _describe(run: Run) -> dict[str, Any]:
    described: dict[str, Any] = {
        "run": str(run.folder),
        "state": "stopped",
        "network": None,
    }
    try:
        config = run.config()
        described["network"] = config.get("network", {}).get("name")
        described["data"] = config.get("source")
        described["epochs"] = len(run.log_entries())
        summary = finished_run(run).summary
    except VisusError:
        return described
    return described | {
        "state": "finished",
        "accuracy": summary["test"].get("accuracy"),
        "headline": summary.get("headline"),
        "training_seconds": summary["training_seconds"],
    }

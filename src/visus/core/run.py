"""Run: the folder that one training lives in; there is no other state.

config.toml  environment.json  data.json  log.jsonl  summary.json  checkpoints/
predictions/  events/  model.visus  reports/
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from visus.core.errors import ConfigError, MachineError
from visus.core.files import append_line, cannot_write, write_text
from visus.core.settings import Settings, read_toml, to_toml


@dataclass(frozen=True)
class Run:
    """The folder of one training run; every name in it is a property here."""

    folder: Path

    @classmethod
    def create(cls, folder: Path, config: Settings, *, force: bool = False) -> "Run":
        """Make the folder and write the config before anything else happens.

        Raises:
            ConfigError: the folder holds something already and `force` is false.
            MachineError: the folder cannot be made.
        """
        cls.require_free(folder, force=force)
        run = cls(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            run.clear()
        except OSError as error:
            raise cannot_write(folder, error) from error
        write_text(run.config_path, to_toml(config))
        return run

    @staticmethod
    def require_free(folder: Path, *, force: bool) -> None:
        """Refuse a folder that holds something; with `force`, all but another run."""
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return
        if not force or not (folder / "config.toml").is_file():
            raise ConfigError(
                received=f"{folder} exists and is not empty.",
                expected="a new or empty folder for a new run.",
                remedy="Choose another with --out, continue that run with "
                f"--resume {folder}, or replace a run with --force.",
            )

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """A run that exists; `ConfigError` names the folder when it is none."""
        if not (folder / "config.toml").is_file():
            raise ConfigError(
                received=f"{folder} is not a run: it has no config.toml.",
                expected="a folder that `visus train` made.",
                remedy="See `visus runs` for the runs here.",
            )
        return cls(folder)

    @property
    def config_path(self) -> Path:
        """Every choice of the run."""
        return self.folder / "config.toml"

    @property
    def environment_path(self) -> Path:
        """Versions, processor and platform."""
        return self.folder / "environment.json"

    @property
    def data_path(self) -> Path:
        """Fingerprint, ledger and splits of the data."""
        return self.folder / "data.json"

    @property
    def log_path(self) -> Path:
        """One JSON line an epoch."""
        return self.folder / "log.jsonl"

    @property
    def checkpoints(self) -> Path:
        """What a resumed run starts from."""
        return self.folder / "checkpoints"

    @property
    def events(self) -> Path:
        """TensorBoard's event files."""
        return self.folder / "events"

    @property
    def predictions(self) -> Path:
        """Answers to the pictures of each split, by image id."""
        return self.folder / "predictions"

    @property
    def bundle_path(self) -> Path:
        """The trained thing."""
        return self.folder / "model.visus"

    @property
    def reports(self) -> Path:
        """Reports as JSON and HTML."""
        return self.folder / "reports"

    @property
    def summary_path(self) -> Path:
        """The figures of a finished run; written last."""
        return self.folder / "summary.json"

    def config(self) -> dict[str, Any]:
        """The choices the run was made with, as nested values."""
        return read_toml(self.config_path)

    def log(self, entry: Mapping[str, Any]) -> None:
        """Add one line to `log.jsonl`, synced to disk."""
        append_line(self.log_path, json.dumps(entry))

    def log_entries(self) -> list[dict[str, Any]]:
        """The lines of `log.jsonl`; a last line torn by a kill is left out."""
        if not self.log_path.is_file():
            return []
        entries = []
        for line in self.log_path.read_text(encoding="utf-8").splitlines():
            try:
                entries.append(json.loads(line))
            except json.JSONDecodeError:
                break
        return entries

    def keep_log(self, entries: list[dict[str, Any]]) -> None:
        """Rewrite the log with these lines, when a resume takes some back."""
        text = "".join(json.dumps(entry) + "\n" for entry in entries)
        write_text(self.log_path, text)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process may write a run; the lock ends with its process."""
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise MachineError(
                received=f"Another process is writing {self.folder}.",
                expected="one writer a run.",
                remedy="Wait until it ends, or choose another folder with --out.",
            ) from error
        try:
            yield
        finally:
            lock.release()

    def clear(self) -> None:
        """Remove what an earlier run of this folder wrote, and nothing else."""
        known = [self.environment_path, self.data_path, self.log_path]
        folders = [self.checkpoints, self.predictions, self.reports, self.events]
        below = [path for folder in folders for path in folder.rglob("*.*")]
        for path in [*known, self.summary_path, self.bundle_path, *below]:
            path.unlink(missing_ok=True)

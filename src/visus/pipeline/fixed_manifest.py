"""The manifest that `visus audit --fix` writes, and its undoing; no picture is touched.

FIXED.csv lists the pictures that stay, FIXED.removed.csv those that were dropped or set
aside. Both keep the label each picture had, so that together they are the whole.
"""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from visus.auditing.evidence import Evidence
from visus.auditing.fixes import Fix
from visus.core.errors import ConfigError, DataError
from visus.core.files import write_text
from visus.data.records import ImageDataset, ImageRecord
from visus.data.sources.archive_paths import ArchivePaths

COLUMNS = (
    "file_name",
    "label",
    "split",
    "group",
    "original_label",
    "action",
    "check",
    "reason",
)
KEPT = "keep"
# What the second column is called, by task, so that sources read it as what it is.
TARGETS = {"single-label": "label", "multi-label": "labels", "numeric": "value"}


@dataclass(frozen=True)
class Written:
    """Where a manifest lies, and how many pictures each action took.

    Args:
        manifest: of the pictures that stay.
        removed: of those that do not.
        counts: pictures by action.
    """

    manifest: Path
    removed: Path
    counts: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """As `visus audit --fix --json` prints it."""
        return {
            "manifest": str(self.manifest),
            "removed": str(self.removed),
            "counts": dict(self.counts),
        }


def write_fixed(
    path: Path,
    dataset: ImageDataset,
    evidence: Evidence,
    fixes: Mapping[int, Fix],
    *,
    force: bool = False,
) -> Written:
    """Write both manifests; file names are relative to the manifest's own folder.

    A member of an archive is named by the path through it: `../photos.zip/cat/1.jpg`.

    Args:
        path: of the manifest, ending in .csv.
        dataset: all records of the source, unreadable ones too.
        evidence: of the usable ones.
        fixes: by row of the evidence.
        force: replace manifests that are there.

    Raises:
        ConfigError: there is a manifest already, or `path` is no .csv.
        DataError: the pictures live neither in files nor in a zip or tar.
    """
    require_free_manifest(path, force=force)
    removed_path = removed_beside(path)
    rows = list(_rows(path.parent, dataset, evidence, fixes))
    kept = [row for row in rows if row["action"] in (KEPT, "relabel")]
    removed = [row for row in rows if row["action"] not in (KEPT, "relabel")]
    # The removed first: a kill between the two must not lose where they are named.
    column = TARGETS[evidence.task]
    _write(removed_path, removed, column)
    _write(path, kept, column)
    actions = [row["action"] for row in rows]
    counts = {name: actions.count(name) for name in sorted(set(actions))}
    return Written(path, removed_path, counts)


def undo_fixed(fixed: Path, path: Path, *, force: bool = False) -> int:
    """Write a manifest of all pictures with the labels they had; returns their number.

    Raises:
        ConfigError: `fixed` is no manifest of `write_fixed`, or `path` exists.
    """
    require_free_manifest(path, force=force)
    column, rows = _read(fixed)
    rows += _read(removed_beside(fixed))[1]
    restored = []
    for row in rows:
        if not row["original_label"]:
            continue
        location = fixed.parent / row["file_name"]
        restored.append(
            {
                **row,
                "file_name": _relative(location, path.parent),
                "label": row["original_label"],
                "action": KEPT,
                "check": "",
                "reason": "",
            }
        )
    _write(path, restored, column)
    return len(restored)


def removed_beside(path: Path) -> Path:
    """Where the pictures of a manifest that do not stay are named."""
    return path.with_name(f"{path.stem}.removed.csv")


def require_free_manifest(path: Path, *, force: bool) -> None:
    """Refuse a place that holds something, and a name that no source would read.

    Raises:
        ConfigError: saying which.
    """
    if path.suffix.lower() != ".csv":
        raise ConfigError(
            received=f"--manifest {path}.",
            expected="a name that ends in .csv.",
            remedy=f"Write --manifest {path.with_suffix('.csv').name}",
        )
    for place in (path, removed_beside(path)):
        if place.exists() and not force:
            raise ConfigError(
                received=f"{place} exists.",
                expected="a new place for the manifest.",
                remedy="Choose another with --manifest, or replace it with --force.",
            )


def _rows(
    folder: Path, dataset: ImageDataset, evidence: Evidence, fixes: Mapping[int, Fix]
) -> Iterator[dict[str, str]]:
    row_of = {record.id: row for row, record in enumerate(evidence.dataset.records)}
    broken = {entry.id: entry for entry in evidence.ledger.quarantined}
    archives = ArchivePaths()
    for record in dataset.records:
        entry = _entry(record, archives.path_of(record.location), folder)
        fix = fixes.get(row_of.get(record.id, -1))
        if record.id in broken:
            reason = broken[record.id].reason
            yield {**entry, **_done("quarantine", "unreadable", reason)}
        elif not _can_be_named(entry["file_name"]):
            reason = "Its name cannot stand in a CSV file; rename it."
            name = entry["file_name"].encode("utf-8", "replace").decode()
            done = _done("quarantine", "", reason)
            yield {**entry, "file_name": name, **done}
        elif fix is not None:
            done = _done(fix.action, fix.check, fix.reason)
            label = fix.label if fix.action == "relabel" else entry["label"]
            yield {**entry, "label": label, **done}
        else:
            yield {**entry, **_done(KEPT, "", "")}


def _entry(record: ImageRecord, path: Path | None, folder: Path) -> dict[str, str]:
    if path is None:
        raise DataError(
            received=f"{record.id} is not in a file of its own, nor a member of a zip "
            "or tar: it lies in memory, or in a file of records.",
            expected="pictures that a manifest can name.",
            remedy="Write them to files first: visus convert SOURCE --to csv --out "
            "FOLDER; then audit FOLDER.",
        )
    return {
        "file_name": _relative(path, folder),
        "label": _cell(record),
        "split": record.split or "",
        "group": record.group or "",
        "original_label": _cell(record),
    }


def _cell(record: ImageRecord) -> str:
    if isinstance(record.target, tuple):
        return json.dumps(record.target, ensure_ascii=False)
    return record.label


def _done(action: str, check: str, reason: str) -> dict[str, str]:
    return {"action": action, "check": check, "reason": reason}


def _relative(location: Path, folder: Path) -> str:
    return Path(os.path.relpath(location, folder)).as_posix()


def _can_be_named(name: str) -> bool:
    # Readers strip names, and surrogates stand for bytes that are no UTF-8.
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return name == name.strip() and "\0" not in name


def _write(path: Path, rows: Iterable[Mapping[str, str]], column: str) -> None:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_columns(column))
    writer.writerows([row[name] for name in COLUMNS] for row in rows)
    write_text(path, text.getvalue())


def _columns(column: str) -> tuple[str, ...]:
    return tuple(column if name == "label" else name for name in COLUMNS)


def _read(path: Path) -> tuple[str, list[dict[str, str]]]:
    """What the column of targets is called, and the rows, in which it is "label"."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = [row for row in csv.reader(file) if row] or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _no_manifest(path, reason) from error
    found = [column for column in TARGETS.values() if tuple(header) == _columns(column)]
    if not found or any(len(row) != len(COLUMNS) for row in rows):
        raise _no_manifest(path, f"its columns are {header}")
    return found[0], [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def _no_manifest(path: Path, reason: str) -> ConfigError:
    return ConfigError(
        received=f"{path} cannot be undone: {reason}.",
        expected="a manifest that `visus audit --fix` wrote, with the file "
        f"{removed_beside(path).name} beside it.",
        remedy="Give the manifest itself; its source was never touched.",
    )

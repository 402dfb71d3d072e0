"""visus audit: what is wrong with the data, told, shown, and if asked for mended."""

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from visus.auditing.evidence import Evidence
from visus.auditing.fixes import plan_fixes
from visus.auditing.report import audit_report, changed_pictures
from visus.auditing.run import Checked, run_checks
from visus.core.errors import ConfigError
from visus.core.files import write_text
from visus.core.progress import Progress, SilentProgress
from visus.data.batches import make_batch
from visus.data.columns import target_by
from visus.data.ledger import Ledger
from visus.data.preprocess import PreprocessSpec
from visus.data.records import ImageDataset
from visus.data.scan import scan_pictures
from visus.data.sources import SOURCES, read_source
from visus.data.sources.base import Access
from visus.data.twins import find_twins
from visus.pipeline.features import photographs_seen
from visus.pipeline.fixed_manifest import Written, write_fixed
from visus.pipeline.flattered import flattery_fact, with_flattery
from visus.reporting.view import ReportView, save_report

AUDITS = Path("audits")
REPORT = "audit"
SCORES = "scores.csv"
# What a probe sees. More pixels hardly help it and cost four times as much. Decoded
# whole, or an enlarged photograph would look like one that was not.
SMALL = PreprocessSpec(image_size=(32, 32), channels=3, decode_whole=True)


@dataclass(frozen=True)
class Audited:
    """What an audit found.

    Args:
        dataset: all records of the source, unreadable ones too.
        evidence: what was looked at.
        checked: what came of each check.
        view: the report.
        scores_path: every score of every picture, one row a picture.
    """

    dataset: ImageDataset
    evidence: Evidence
    checked: tuple[Checked, ...]
    view: ReportView
    scores_path: Path

    @property
    def blocking(self) -> tuple[str, ...]:
        """Names of the checks whose findings should stop a training."""
        return tuple(check.name for check in self.checked if check.blocks)

    def to_json(self) -> dict[str, Any]:
        """As `visus audit --json` prints it."""
        ledger = self.evidence.ledger
        return {
            "data": self.evidence.dataset.name,
            "found": ledger.found,
            "used": len(self.evidence),
            "quarantined": len(ledger.quarantined),
            "blocking": list(self.blocking),
            "checks": [
                {"check": c.name, "verdict": c.verdict, "flagged": len(c.rows)}
                for c in self.checked
            ],
            "findings": [entry for c in self.checked for entry in self._found(c)],
            "notes": [
                {"note": note, "count": len(ids), "images": list(ids)}
                for note, ids in changed_pictures(self.evidence).items()
            ],
            "report": str(self.view.page),
            "scores": str(self.scores_path),
        }

    def _found(self, check: Checked) -> list[dict[str, Any]]:
        scores = {} if check.opinion is None else _scores_by_id(self.evidence, check)
        return [
            {
                "check": check.name,
                "severity": finding.severity,
                "blocking": check.blocks,
                "message": finding.message,
                "images": [
                    {"id": name, "score": scores.get(name)}
                    for name in finding.image_ids
                ],
            }
            for finding in check.findings
        ]


def audit_source(
    source: Any,
    *,
    out: Path | None = None,
    target: str | None = None,
    task: str = "auto",
    settings: Mapping[str, Any] | None = None,
    names: Collection[str] | None = None,
    allow: Collection[str] = (),
    offline: bool = False,
    force: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> Audited:
    """Look at every picture, ask every check, and write the report.

    Args:
        source: as `read_source` takes it.
        out: the folder of the report; `None`: the first free `audits/<data>-<number>`.
        target: column of what is to be learned; `None`: the source's own.
        task: what a target is; "auto": as it looks.
        settings: by name of check, the settings that differ from its defaults.
        names: the checks to ask; `None` for all.
        allow: names of checks that may not block.
        offline: never open a connection.
        force: replace a report that is in `out`.
        seed: of all that is drawn.
        progress: who is told.

    Raises:
        ConfigError: a check or setting has no such name, or there is a report already.
        DataError: there is nothing that can be looked at.
    """
    progress = progress or SilentProgress()
    if out is not None and not force:
        require_no_audit(out)
    dataset, ledger = read_source(source, Access(offline, progress))
    dataset = target_by(dataset, target, task)
    published = isinstance(source, str) and source in SOURCES
    evidence = gather_evidence(
        dataset, ledger, published=published, seed=seed, progress=progress
    )
    checked = run_checks(evidence, settings, names=names, allow=allow)
    folder = out or _free_folder(dataset.name)
    pictures = make_batch(evidence.pixels, evidence.dataset)
    flattery = flattery_fact(evidence.dataset, pictures, evidence.twins, seed)
    report = with_flattery(audit_report(evidence, checked), flattery)
    view = save_report(report, folder, REPORT)
    _write_scores(folder / SCORES, evidence, checked)
    return Audited(dataset, evidence, checked, view, folder / SCORES)


def fix_audited(
    audited: Audited, manifest: Path, *, relabel: bool = False, force: bool = False
) -> Written:
    """Write a manifest without what is proven to be wrong; pictures are not touched.

    Args:
        audited: what was found.
        manifest: the CSV to write; what does not stay is named beside it.
        relabel: change labels too, where the evidence is overwhelming.
        force: replace a manifest that is there.

    Raises:
        ConfigError: there is a manifest already.
        DataError: the pictures do not live in files of their own.
        MachineError: `relabel` needs scikit-learn.
    """
    fixes = plan_fixes(audited.evidence, relabel=relabel)
    return write_fixed(manifest, audited.dataset, audited.evidence, fixes, force=force)


def gather_evidence(
    dataset: ImageDataset,
    ledger: Ledger,
    *,
    published: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evidence:
    """Read every picture once, for what checks may look at.

    Raises:
        DataError: not one picture can be read.
    """
    progress = progress or SilentProgress()
    scan = scan_pictures(dataset, ledger, SMALL, progress=progress)
    hashes = [record.content_hash for record in scan.dataset.records]
    with progress.stage("Looking for twins"):
        twins = find_twins(hashes, scan.looks)
    return Evidence(
        dataset=scan.dataset,
        ledger=scan.ledger,
        looks=scan.looks,
        twins=twins,
        published=published,
        pixels=np.asarray(scan.pictures.pixels),
        seed=seed,
        progress=progress,
        seen=photographs_seen(scan.dataset, scan.looks, progress),
    )


def require_no_audit(folder: Path) -> None:
    """Refuse a folder in which a report, or anything of its name, lies already.

    Raises:
        ConfigError: naming what is there.
    """
    for name in (f"{REPORT}.json", f"{REPORT}.html", SCORES):
        if (folder / name).exists():
            raise ConfigError(
                received=f"{folder / name} exists.",
                expected="a new place for the audit.",
                remedy="Choose another with --out, or replace it with --force.",
            )


def _scores_by_id(evidence: Evidence, check: Checked) -> dict[str, float]:
    if check.opinion is None or check.opinion.scores is None:
        return {}
    scores = check.opinion.scores
    return {evidence.id(row): round(float(scores[row]), 4) for row in check.rows}


def _write_scores(path: Path, evidence: Evidence, checked: tuple[Checked, ...]) -> None:
    scored = {
        check.name: np.round(check.opinion.scores, 4)
        for check in checked
        if check.opinion is not None and check.opinion.scores is not None
    }
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("image_id", "label", *scored))
    for row in range(len(evidence)):
        scores = (f"{values[row]:.4g}" for values in scored.values())
        rows.writerow((evidence.id(row), evidence.label(row), *scores))
    write_text(path, text.getvalue())


def _free_folder(name: str) -> Path:
    stem = "".join(letter if letter.isalnum() else "-" for letter in name)
    number = 1
    while (folder := AUDITS / f"{stem.strip('-')[:40]}-{number:03d}").exists():
        number += 1
    return folder

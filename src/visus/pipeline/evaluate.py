"""visus evaluate: a bundle against labelled pictures that it has not learned from."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from visus.bundles import Bundle, load_bundle
from visus.core.errors import ConfigError, DataError
from visus.core.progress import Progress, SilentProgress
from visus.core.report import Finding
from visus.data.batches import Batch
from visus.data.checks import with_targets
from visus.data.columns import group_by, target_by
from visus.data.ledger import Ledger
from visus.data.records import ImageDataset
from visus.data.scan import scan_pictures
from visus.data.sources import read_source
from visus.data.sources.base import Access
from visus.data.splits import assign_splits
from visus.evaluation.evaluate import evaluate
from visus.pipeline.deeper import Deeper, measures
from visus.pipeline.report import answer, table_rows, test_figures
from visus.reporting.view import ReportView, save_report


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation found.

    Args:
        view: the report.
        left_out: pictures that the network was trained on or chosen by.
        ledger: what became of every file.
    """

    view: ReportView
    left_out: int
    ledger: Ledger

    def to_json(self) -> dict[str, Any]:
        """As `visus evaluate --json` prints it."""
        return {
            **test_figures(self.view.report),
            "left_out": self.left_out,
            "found": self.ledger.found,
            "quarantined": len(self.ledger.quarantined),
            "tables": {t.title: table_rows(t) for t in self.view.report.tables},
            "report": str(self.view.page),
        }


def evaluate_bundle(
    path: Path,
    source: Any,
    *,
    out: Path | None = None,
    target: str | None = None,
    asked: Deeper | None = None,
    offline: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> Evaluated:
    """Answer the test pictures of a source, or all of them where none are marked.

    Pictures that the bundle was trained on or chosen by are left out and counted.

    Args:
        path: of the bundle.
        source: as `read_source` takes it, with labels.
        out: the report's HTML page, or a folder for `evaluation.html`; the JSON lies
            beside it. `None`: the first free `reports/evaluate-<data>-<number>.html`
            beside the bundle.
        target: column of the truth; `None`: as it was called when the bundle learned,
            else the source's own.
        asked: what is measured beside the usual.
        offline: never open a connection.
        force: replace a report that is there.
        progress: who is told.

    Raises:
        ModelError: the bundle cannot be used.
        DataError: the source has other classes, or nothing that was not learned from.
        ConfigError: the report exists already.
    """
    progress, asked = progress or SilentProgress(), asked or Deeper()
    out = None if out is None else _page(out)
    if out is not None and out.exists() and not force:
        raise _taken(out)
    bundle = load_bundle(path)
    asked.require_fitting(bundle)
    dataset, ledger = read_source(source, Access(offline, progress))
    dataset, ledger = as_asked(dataset, ledger, bundle, target)
    dataset = tested_of(dataset)
    asked = asked.read(dataset, progress)
    scan = scan_pictures(
        dataset, ledger, bundle.spec, progress=progress, measured=False
    )
    known = replace(scan.pictures, targets=bundle.task.targets(scan.dataset))
    pictures, left_out = unseen(bundle, scan.dataset, known)
    further = measures(asked, bundle, scan, target_column(bundle, target), progress)
    with progress.stage("Evaluating"):
        answers = answer(bundle, pictures, scan.dataset)
    report = evaluate(
        answers,
        pictures,
        title=f"{bundle.origin['network']} on {dataset.name}",
        findings=_findings(left_out, scan.ledger),
        by=bundle,
        measures=further,
    )
    page = out or _free_page(path.parent / "reports", dataset.name)
    return Evaluated(save_report(report, page.parent, page.stem), left_out, scan.ledger)


def as_asked(
    dataset: ImageDataset, ledger: Ledger, bundle: Bundle, target: str | None
) -> tuple[ImageDataset, Ledger]:
    """With targets of the column and kind that the bundle learned."""
    learned = bundle.origin.get("config", {}).get("data", {})
    columns = {name for record in dataset.records for name, _ in record.metadata}
    if learned.get("group") in columns:
        dataset = group_by(dataset, learned["group"])
    # Elsewhere the same may stand in the column that we have for it.
    if target is None and learned.get("target") in columns:
        target = learned["target"]
    dataset = target_by(dataset, target, bundle.task.kind)
    dataset, ledger = with_targets(dataset, ledger)
    if bundle.task.kind != "numeric":
        _require_known(dataset, bundle)
    return dataset, ledger


def _require_known(dataset: ImageDataset, bundle: Bundle) -> None:
    names = bundle.class_names
    unknown = sorted(set(dataset.class_names) - set(names))
    if unknown:
        raise DataError(
            received=f"{dataset.name} has the class {unknown[0]!r}"
            + (f" and {len(unknown) - 1} more" if unknown[1:] else "")
            + ", which the model does not know.",
            expected=f"only the classes {', '.join(names[:20])}.",
            remedy="Rename or remove the folders (or labels) of other classes.",
        )


def tested_of(dataset: ImageDataset) -> ImageDataset:
    """The test of a source, or all of it where no split is given."""
    if all(record.split is None for record in dataset.records):
        return dataset
    # As in training: a validation split without a test is the test.
    ruled = assign_splits(dataset, validation_share=0, test_share=0, seed=0)
    test = ruled.split("test")
    return test if len(test) else dataset


def unseen(bundle: Bundle, dataset: ImageDataset, pictures: Batch) -> tuple[Batch, int]:
    """The pictures that a bundle did not learn from, and how many are left out.

    Raises:
        DataError: it learned from all of them.
    """
    seen = bundle.trained_on(record.content_hash for record in dataset.records)
    if seen.all():
        raise DataError(
            received=f"The model was trained on all {len(seen)} pictures of "
            f"{dataset.name}.",
            expected="pictures that it has not learned from.",
            remedy="Give a folder of other pictures; on these it would only recite.",
        )
    rows = (~seen).nonzero()[0]
    return pictures.take(rows), int(seen.sum())


def _findings(left_out: int, ledger: Ledger) -> list[Finding]:
    found = []
    if left_out:
        message = f"{left_out} pictures are left out: the model was trained on them."
        found.append(Finding(severity="warning", message=message))
    if ledger.quarantined:
        bad = ledger.quarantined
        found.append(
            Finding(
                severity="warning",
                message=f"{len(bad)} of {ledger.found} files are not used; the first, "
                f"{bad[0].id}: {bad[0].reason}",
                image_ids=tuple(entry.id for entry in bad),
            )
        )
    return found


def target_column(bundle: Bundle, target: str | None) -> str | None:
    """What the truth is called, which is no trait of a picture."""
    learned = bundle.origin.get("config", {}).get("data", {})
    return target or learned.get("target")


def _page(out: Path) -> Path:
    return out if out.suffix == ".html" else out / "evaluation.html"


def _free_page(folder: Path, name: str) -> Path:
    number = 1
    while (page := folder / f"evaluate-{name}-{number:03d}.html").exists():
        number += 1
    return page


def _taken(path: Path) -> ConfigError:
    return ConfigError(
        received=f"{path} exists.",
        expected="a new place for the report.",
        remedy="Choose another with --out, or replace it with --force.",
    )

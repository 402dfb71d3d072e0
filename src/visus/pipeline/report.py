"""From a bundle to what a person reads: predictions, report, summary."""

from typing import Any

from visus.bundles import Bundle, Predictions
from visus.core.files import write_json
from visus.core.report import Finding, Report, Table
from visus.core.run import Run
from visus.data.batches import Batch
from visus.data.records import Split
from visus.evaluation.evaluate import evaluate
from visus.pipeline.flattered import with_flattery
from visus.pipeline.plan import Plan
from visus.pipeline.prepare import PreparedData
from visus.reporting.view import ReportView, save_report
from visus.tasks import TASKS
from visus.training.history import History

REPORT = "evaluation"


def report_run(
    run: Run, plan: Plan, data: PreparedData, bundle: Bundle, history: History
) -> ReportView:
    """Answer the test pictures, keep the answers, and write the report."""
    test = data.split("test") or data.pictures
    predictions = answer(bundle, test)
    predictions.save(predictions_path(run, "test"))
    validation = data.split("validation")
    if validation is not None:
        answer(bundle, validation).save(predictions_path(run, "validation"))
    notes = [Finding(severity="warning", message=note) for note in history.notes]
    report = evaluate(
        TASKS.load("classification")(),
        predictions,
        test,
        title=f"{plan.network.name} on {data.dataset.name}",
        train=data.split("train"),
        epochs=[entry.to_json() for entry in history.epochs],
        findings=[*data.findings(), *notes],
    )
    seed = plan.config.data.split_seed
    report = with_flattery(report, data.dataset, data.pictures, data.twins, seed)
    report = with_table(report, _run_table(plan, data, bundle, history))
    return save_report(report, run.reports, REPORT)


def answer(bundle: Bundle, pictures: Batch) -> Predictions:
    """The bundle's answers to prepared pictures, with their targets."""
    scores = bundle.scores(pictures.pixels)
    return Predictions(pictures.ids, scores, bundle.class_names, pictures.targets)


def predictions_path(run: Run, split: Split) -> Any:
    """Where the answers to one split are kept."""
    return run.predictions / f"{split}.npz"


def with_table(report: Report, table: Table) -> Report:
    """The report with one more table at its end."""
    return report.model_copy(update={"tables": (*report.tables, table)})


def summarise(
    run: Run,
    plan: Plan,
    data: PreparedData,
    bundle: Bundle,
    history: History,
    view: ReportView,
    total_seconds: float,
) -> dict[str, Any]:
    """Write `summary.json`, last of all: a run that has it is finished."""
    accuracy, loss = view.fact("accuracy"), view.fact("loss")
    last = history.epochs[history.kept_epoch - 1]
    summary = {
        "run": str(run.folder),
        "bundle": str(run.bundle_path),
        "report": str(view.page),
        "test": {
            "accuracy": accuracy.value,
            "interval": [accuracy.interval.low, accuracy.interval.high]
            if accuracy.interval
            else None,
            "loss": loss.value,
            "pictures": view.fact("pictures").value,
        },
        "validation": {
            "accuracy": last.validation_accuracy,
            "loss": last.validation_loss,
        },
        "baseline": view.fact("baseline_nearest_centroid").value,
        "network": plan.network.name,
        "parameters": bundle.origin["parameters"],
        "recipe": plan.config.recipe,
        "seed": plan.config.seed,
        "epochs": len(history.epochs),
        "kept_epoch": history.kept_epoch,
        "batch_size": history.batch_size,
        "training_seconds": round(history.training_seconds, 3),
        "preparing_seconds": round(history.preparing_seconds, 3),
        "total_seconds": round(total_seconds, 3),
        "counts": {
            split: sum(counts.values())
            for split, counts in data.dataset.counts().items()
        },
        "found": data.ledger.found,
        "quarantined": len(data.ledger.quarantined),
        "notes": [*data.notes(), *history.notes],
    }
    write_json(run.summary_path, summary)
    return summary


def _run_table(
    plan: Plan, data: PreparedData, bundle: Bundle, history: History
) -> Table:
    height, width, channels = plan.spec.input_shape
    counts = data.dataset.counts()
    pictures = ", ".join(f"{sum(n.values()):,} {split}" for split, n in counts.items())
    best = f"epoch {history.kept_epoch} of {len(history.epochs)}"
    return Table(
        title="How it was made",
        columns=("what", "value"),
        rows=(
            ("network", plan.network.name),
            ("weights", bundle.origin["parameters"]),
            ("recipe", plan.config.recipe),
            ("pictures", pictures),
            ("picture size", f"{height} x {width} pixels, {channels} channels"),
            ("weights kept", best),
            ("training", f"{history.training_seconds:.1f} seconds"),
            ("seed", str(plan.config.seed)),
            ("data fingerprint", data.dataset.fingerprint[:16]),
            ("files not used", len(data.ledger.quarantined)),
        ),
    )

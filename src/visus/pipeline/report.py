"""From a bundle to what a person reads: predictions, report, summary."""

from dataclasses import replace
from typing import Any

from visus.bundles import Bundle, Predictions
from visus.core.files import write_json
from visus.core.report import Finding, Report, Table
from visus.core.run import Run
from visus.data.batches import Batch
from visus.data.records import ImageDataset, Split
from visus.evaluation.evaluate import evaluate
from visus.pipeline.flattered import NAME as FLATTERY
from visus.pipeline.flattered import with_flattery
from visus.pipeline.plan import Plan
from visus.pipeline.prepare import PreparedData
from visus.reporting.view import ReportView, save_report
from visus.training.history import History

REPORT = "evaluation"


def report_run(
    run: Run, plan: Plan, data: PreparedData, bundle: Bundle, history: History
) -> ReportView:
    """Answer the test pictures, keep the answers, and write the report."""
    test = data.split("test") or data.pictures
    predictions = answer(bundle, test, data.dataset)
    predictions.save(predictions_path(run, "test"))
    validation = data.split("validation")
    if validation is not None:
        answer(bundle, validation, data.dataset).save(
            predictions_path(run, "validation")
        )
    notes = [Finding(severity="warning", message=note) for note in history.notes]
    report = evaluate(
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


def answer(bundle: Bundle, pictures: Batch, dataset: ImageDataset) -> Predictions:
    """The bundle's answers to prepared pictures of the data, with their targets."""
    scores = bundle.scores(pictures.pixels)
    answered = bundle.predictions(pictures.ids, scores, pictures.targets)
    of = {record.id: record.group or "" for record in dataset.records}
    groups = tuple(of[image_id] for image_id in pictures.ids)
    return replace(answered, groups=groups) if any(groups) else answered


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
    last = history.epochs[history.kept_epoch - 1].to_json()
    baselines = [f for f in view.facts if f.name.startswith("baseline_")]
    summary = {
        "run": str(run.folder),
        "bundle": str(run.bundle_path),
        "report": str(view.page),
        "task": data.task.kind,
        "test": test_figures(view.report),
        "headline": headline(view.report),
        "validation": {
            name.removeprefix("validation_"): value
            for name, value in last.items()
            if name.startswith("validation_")
        },
        "baseline": baselines[-1].value if baselines else None,
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
        "counts": data.dataset.sizes(),
        "found": data.ledger.found,
        "quarantined": len(data.ledger.quarantined),
        "notes": [*data.notes(), *history.notes],
    }
    write_json(run.summary_path, summary)
    return summary


def test_figures(report: Report) -> dict[str, Any]:
    """All figures of the test by name, and the interval of the first."""
    interval = report.facts[0].interval
    figures = {
        fact.name: fact.value
        for fact in report.facts
        if not fact.name.startswith(("baseline_", FLATTERY))
    }
    return {
        **figures,
        "interval": [interval.low, interval.high] if interval else None,
    }


def headline(report: Report) -> str:
    """The figure that counts, in words: "accuracy 97.00% (95 % interval ...)"."""
    first = report.facts[0]
    return f"{first.name.replace('_', ' ')} {first.text}"


def _run_table(
    plan: Plan, data: PreparedData, bundle: Bundle, history: History
) -> Table:
    height, width, channels = plan.spec.input_shape
    sizes = data.dataset.sizes().items()
    pictures = ", ".join(f"{count:,} {split}" for split, count in sizes)
    target = plan.config.data.target
    best = f"epoch {history.kept_epoch} of {len(history.epochs)}"
    return Table(
        title="How it was made",
        columns=("what", "value"),
        rows=(
            ("task", ": ".join(filter(None, (data.task.kind, target)))),
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

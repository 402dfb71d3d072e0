"""From a bundle to what a person reads: predictions, report, summary."""

from dataclasses import replace
from typing import Any

from visus.bundles import Bundle, Predictions
from visus.bundles.judged import Judged
from visus.bundles.runtime import Outputs
from visus.core.files import write_json
from visus.core.report import Finding, Report, Table
from visus.core.run import Run
from visus.data.batches import Batch, split_batch
from visus.data.records import ImageDataset, Split
from visus.evaluation.evaluate import evaluate
from visus.pipeline.flattered import NAME as FLATTERY
from visus.pipeline.flattered import flattery_fact, with_flattery
from visus.pipeline.plan import Plan
from visus.pipeline.prepare import PreparedData
from visus.pipeline.told import Told
from visus.reporting.view import ReportView, save_report
from visus.tasks.base import Floats

REPORT = "evaluation"
SAVED: tuple[Split, ...] = ("test", "validation")


def report_run(
    run: Run, plan: Plan, data: PreparedData, bundle: Bundle, told: Told
) -> ReportView:
    """Answer the test pictures, keep the answers, and write the report."""
    answers = {
        split: _answer(bundle, pictures, data, told.outputs.get(split))
        for split in SAVED
        if (pictures := data.split(split)) is not None
    }
    for split, predictions in answers.items():
        predictions.save(predictions_path(run, split))
    test = data.split("test") or data.pictures
    small = split_batch(data.small, data.dataset, "test") if "test" in answers else None
    notes = [Finding(severity="warning", message=note) for note in told.notes]
    report = evaluate(
        answers.get("test") or answer(bundle, test, data.dataset),
        test,
        title=f"{plan.network.name} on {data.dataset.name}",
        train=split_batch(data.small, data.dataset, "train"),
        plain=small,
        epochs=told.epochs,
        findings=[*data.findings(), *told.findings, *notes],
        by=bundle,
    )
    charts = (*told.charts, *report.figures)
    report = report.model_copy(update={"figures": charts})
    seed = plan.config.data.split_seed
    known = (data.dataset, data.small, data.twins, seed)
    fact = told.flattery() if told.flattery else flattery_fact(*known)
    report = with_flattery(report, fact)
    for table in (*told.tables, _run_table(plan, data, bundle, told)):
        report = with_table(report, table)
    return save_report(report, run.reports, REPORT)


def answer(bundle: Bundle, pictures: Batch, dataset: ImageDataset) -> Predictions:
    """The bundle's answers to prepared pictures of the data, with their targets."""
    scores, judged = bundle.answer(pictures.pixels)
    return _as_answers(bundle, scores, judged, pictures, dataset)


def _answer(
    bundle: Bundle, pictures: Batch, data: PreparedData, outputs: Outputs | None
) -> Predictions:
    if outputs is None:
        return answer(bundle, pictures, data.dataset)
    scores, judged = bundle.answer_of(outputs)
    return _as_answers(bundle, scores, judged, pictures, data.dataset)


def _as_answers(
    bundle: Bundle,
    scores: Floats,
    judged: Judged | None,
    pictures: Batch,
    dataset: ImageDataset,
) -> Predictions:
    answered = bundle.predictions(pictures.ids, scores, pictures.targets, judged)
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
    told: Told,
    view: ReportView,
    total_seconds: float,
) -> dict[str, Any]:
    """Write `summary.json`, last of all: a run that has it is finished."""
    baselines = [f for f in view.facts if f.name.startswith("baseline_")]
    summary = {
        "run": str(run.folder),
        "bundle": str(run.bundle_path),
        "report": str(view.page),
        "task": data.task.kind,
        "test": test_figures(view.report),
        "headline": headline(view.report),
        "validation": _validated(run, data, bundle),
        "baseline": baselines[-1].value if baselines else None,
        "network": plan.network.name,
        "parameters": bundle.origin["parameters"],
        "recipe": plan.config.recipe,
        "seed": plan.config.seed,
        **told.figures,
        "total_seconds": round(total_seconds, 3),
        "counts": data.dataset.sizes(),
        "found": data.ledger.found,
        "quarantined": len(data.ledger.quarantined),
        "notes": [*data.notes(), *told.notes],
    }
    write_json(run.summary_path, summary)
    return summary


def _validated(run: Run, data: PreparedData, bundle: Bundle) -> dict[str, float]:
    """Figures of the validation pictures by the answers of the bundle, as the test's.

    What chose the epoch is in the log; it is of raw scores.
    """
    held = data.split("validation")
    if held is None:
        return {}
    answers = Predictions.load(predictions_path(run, "validation"))
    return bundle.task.metrics(answers.scores, held.targets, held.weights)


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


def table_rows(table: Table) -> list[dict[str, Any]]:
    """The rows as plain data, each a mapping from column to value."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def headline(report: Report) -> str:
    """The figure that counts, in words: "accuracy 97.00% (95 % interval ...)"."""
    first = report.facts[0]
    return f"{first.name.replace('_', ' ')} {first.text}"


def _run_table(plan: Plan, data: PreparedData, bundle: Bundle, told: Told) -> Table:
    height, width, channels = plan.spec.input_shape
    sizes = data.dataset.sizes().items()
    pictures = ", ".join(f"{count:,} {split}" for split, count in sizes)
    target = plan.config.data.target
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
            *told.rows,
            ("seed", str(plan.config.seed)),
            ("data fingerprint", data.dataset.fingerprint[:16]),
            ("files not used", len(data.ledger.quarantined)),
        ),
    )

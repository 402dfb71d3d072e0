"""The certificate's sections that need no more than the answers to the test."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from visus.certifying.certificate import Section
from visus.certifying.sections import absent, measured
from visus.core.errors import DataError, VisusError
from visus.core.report import Fact, Finding, Table
from visus.data.batches import Batch
from visus.evaluation.answering import measure_answers
from visus.evaluation.baselines import majority_accuracy
from visus.evaluation.calibrated import measure_calibration
from visus.evaluation.evaluate import MEASURES
from visus.evaluation.fairness import measure_fairness
from visus.evaluation.findings import accuracy_findings
from visus.evaluation.parts import Parts
from visus.evaluation.robustness.corruptions import sampled
from visus.exporting.export import export_bundle
from visus.exporting.proof import FURTHER_PICTURES
from visus.pipeline.certificate.clock import TIME_IS_OVER
from visus.pipeline.certificate.work import Work
from visus.pipeline.traits import groups_of
from visus.tasks.intervals import wilson_interval


def accuracy_section(work: Work, small: tuple[Batch, Batch] | None) -> Section:
    """How good, beside what one gets without learning.

    Args:
        work: the answers.
        small: training and test pictures for the baselines; `None`: there are none.
    """
    tested = work.tested
    if small is not None:
        tested = replace(tested, train=small[0], plain=small[1])
    parts = MEASURES[work.bundle.task.kind](tested)
    title = "How good"
    if work.one_class:
        parts = parts.and_also(Parts((), tables=[_found_by_class(work)]))
    if small is not None or not work.one_class:
        return work.section("accuracy", title, parts)
    share = majority_accuracy(tested.test, tested.test)
    text = (
        f"{share:.2%} by always answering the most frequent class of the test (its "
        "training pictures were not looked at)"
    )
    baseline = Fact(name="baseline_majority", value=share, text=text)
    known = {finding.message for finding in parts.findings}
    found = accuracy_findings(parts.facts[0], [baseline], work.count)
    more: list[Finding] = [one for one in found if one.message not in known]
    return work.section("accuracy", title, parts, [baseline], more)


def _found_by_class(work: Work) -> Table:
    """Of the pictures of each class, the share that is found, with its interval."""
    tested = work.tested
    right = tested.predictions.answer_numbers == tested.test.targets
    rows = []
    for number, name in enumerate(work.bundle.class_names):
        found = right[tested.test.targets == number]
        if not len(found):
            rows.append((name, 0, "", ""))
            continue
        share = wilson_interval(int(found.sum()), len(found))
        ends = f"{share.low:.1%} to {share.high:.1%}"
        rows.append((name, len(found), f"{share.value:.1%}", ends))
    return Table(
        title="Found, by class",
        columns=("class", "pictures", "found", "95 % interval"),
        rows=tuple(rows),
        note="Empty where no test picture shows the class.",
    )


def calibration_section(work: Work) -> Section:
    """Whether probabilities hold."""
    title = "Whether probabilities hold"
    if work.bundle.task.kind == "numeric":
        return absent("calibration", title, "numbers have no probabilities.")
    parts = measure_calibration(work.tested)
    if not parts.facts:
        return absent("calibration", title, parts.findings[0].message)
    return work.section("calibration", title, parts)


def answers_section(work: Work) -> Section:
    """Coverage of the sets, and what is called unknown."""
    title = "A label, unsure, or unknown"
    if not work.one_class:
        return absent("answers", title, work.another_kind)
    calibration = work.bundle.calibration
    if calibration is None:
        reason = f"the model is not calibrated: {work.bundle.uncalibrated}."
        return absent("answers", title, reason)
    parts = measure_answers(work.tested)
    if not parts.facts:
        missing = calibration.missing.get("sets", "nobody said why")
        return absent("answers", title, f"it has no prediction sets: {missing}.")
    return work.section("answers", title, parts, _told_apart(work))


def _told_apart(work: Work) -> Iterator[Fact]:
    """How rightly labels are said, and how well strangers are known."""
    tested, calibration = work.tested, work.bundle.calibration
    judged = tested.predictions.judged
    if judged is not None and judged.answered.any():
        right = tested.predictions.answer_numbers == tested.test.targets
        said = right[judged.answered]
        share = wilson_interval(int(said.sum()), len(said))
        text = (
            f"{share.value:.2%} (95 % interval {share.low:.2%} to {share.high:.2%}) of "
            f"the {len(said):,} labels that are said are right"
        )
        name = "answered_accuracy"
        yield Fact(name=name, value=share.value, text=text, interval=share)
    if calibration is not None and calibration.foreign is not None:
        rule = calibration.foreign
        area = rule.compared.get(rule.method)
        if area is not None:
            text = (
                f"{area:.4f} (area under the ROC curve, by {rule.method}; of made "
                "stand-ins, when it was trained; 0.5 is chance)"
            )
            yield Fact(name="stand_ins_told_apart", value=area, text=text)


def fairness_section(work: Work) -> Section:
    """Whether it is worse for some groups."""
    title = "Groups"
    if work.group is None:
        reason = "no group was named. Name a column with --group."
        return absent("fairness", title, reason)
    if not work.one_class:
        return absent("fairness", title, work.another_kind)
    of = groups_of(work.test.scan.dataset, work.group)
    groups = [of[image_id] for image_id in work.tested.test.ids]
    try:
        parts = measure_fairness(work.tested, work.group, groups)
    except DataError as error:
        return absent("fairness", title, error.received)
    return work.section("fairness", title, parts)


def export_section(work: Work) -> Section:
    """Whether it is the same model as plain ONNX, in a fresh process."""
    title = "Export"
    if work.clock.over:
        return absent("export", title, TIME_IS_OVER)
    pixels = np.asarray(sampled(work.test.pictures, FURTHER_PICTURES).pixels[:])
    try:
        with tempfile.TemporaryDirectory() as folder:
            proof = export_bundle(
                work.bundle,
                "onnx",
                Path(folder, "model.onnx"),
                pictures=pixels,
                progress=work.progress,
            ).proof
    except VisusError as error:
        return absent("export", title, error.received)
    difference = Fact(
        name="export_difference",
        value=proof.largest_difference,
        text=f"{proof.largest_difference:.1e} (allowed: {proof.tolerance:.0e})",
    )
    same = Fact(
        name="export_same_answers",
        value=proof.same_answers,
        text=f"{proof.same_answers:.0%} of {proof.pictures} ({proof.pictures_from})",
    )
    table = Table(
        title="Proved",
        columns=("format", "runtime", "pictures", "largest difference"),
        rows=(("onnx", str(proof.runtime), proof.pictures, difference.text),),
        note="Written, read again in a fresh process, and held against the model.",
    )
    return measured(
        "export",
        title,
        pictures=proof.pictures,
        facts=[difference, same],
        tables=[table],
    )

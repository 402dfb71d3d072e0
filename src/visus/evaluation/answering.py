"""What is said of the test pictures, a label, unsure or unknown, and how rightly."""

import numpy as np
from numpy.typing import NDArray

from visus.bundles.foreign import ForeignRule
from visus.bundles.judged import Judged
from visus.bundles.sets import SetRule
from visus.core.report import Chart, Fact, Finding, Interval, Series, Table
from visus.evaluation.parts import Parts, Tested
from visus.tasks.intervals import wilson_interval

Right = NDArray[np.bool_]

# Points of the dial's line.
DRAWN = 60


def measure_answers(tested: Tested) -> Parts:
    """Facts, findings, the coverage dial and its table; pictures count alike."""
    calibration, judged = tested.calibration, tested.predictions.judged
    if calibration is None:
        return Parts(())
    missing = [
        Finding(severity="info", message=f"{_WORDS[name]}: {reason}.")
        for name, reason in calibration.missing.items()
        if name in _WORDS
    ]
    if judged is None or calibration.sets is None:
        return Parts((), findings=missing)
    right = tested.predictions.answer_numbers == tested.test.targets
    rule, foreign = calibration.sets, calibration.foreign
    covered = _covered(judged.sets, tested)
    facts = [_answered(judged, right), _coverage(covered, rule)]
    found = [*missing, *_against(facts[1].interval, rule.coverage)]
    if foreign is not None:
        fact, finding = _false_rejections(judged, foreign, tested)
        facts.append(fact)
        found += finding
    return Parts(
        facts=facts,
        findings=found,
        tables=(_dial_table(tested, rule), *([_methods(foreign)] if foreign else [])),
        figures=(_dial(tested, judged, right),),
    )


_WORDS = {
    "sets": "There are no prediction sets, so nothing is answered with unsure",
    "foreign": "Nothing is answered with unknown",
}


def _covered(sets: NDArray[np.bool_], tested: Tested) -> Right:
    targets = tested.test.targets
    return np.asarray(sets[np.arange(len(targets)), targets])


def _share(which: Right) -> Interval:
    return wilson_interval(int(which.sum()), len(which))


def _told(interval: Interval) -> str:
    return (
        f"{interval.value:.2%} (95 % interval {interval.low:.2%} to "
        f"{interval.high:.2%})"
    )


def _answered(judged: Judged, right: Right) -> Fact:
    said = judged.answered
    share = _share(said)
    text = f"{share.value:.2%} of the pictures get a label"
    if said.any():
        text += f", right in {_told(_share(right[said]))}"
    text += f"; {judged.unsure.mean():.2%} unsure, {judged.unknown.mean():.2%} unknown"
    return Fact(name="answered", value=share.value, text=text, interval=share)


def _coverage(covered: Right, rule: SetRule) -> Fact:
    share = _share(covered)
    text = f"{_told(share)} of the sets hold the truth; {rule.coverage:.1%} was asked"
    return Fact(name="set_coverage", value=share.value, text=text, interval=share)


def _against(reached: Interval | None, asked: float) -> list[Finding]:
    if reached is None or reached.high >= asked:
        return []
    message = (
        f"Prediction sets hold the truth less often than asked ({reached.value:.2%}, "
        f"not {asked:.1%}): the test is unlike the pictures they were fitted on."
    )
    return [Finding(severity="warning", message=message)]


def _false_rejections(
    judged: Judged, rule: ForeignRule, tested: Tested
) -> tuple[Fact, list[Finding]]:
    share = _share(judged.unknown)
    text = (
        f"{_told(share)} of the test pictures are called unknown; "
        f"{rule.rejected:.1%} was allowed (by {rule.method})"
    )
    fact = Fact(name="false_rejections", value=share.value, text=text, interval=share)
    if share.low <= rule.rejected:
        return fact, []
    ids = tuple(tested.test.ids[row] for row in np.flatnonzero(judged.unknown))
    message = (
        f"More test pictures look strange than allowed ({share.value:.2%}, not "
        f"{rule.rejected:.1%}): the test is unlike the training pictures."
    )
    return fact, [Finding(severity="warning", message=message, image_ids=ids)]


def _dial_table(tested: Tested, rule: SetRule) -> Table:
    scores = tested.predictions.scores
    right = tested.predictions.answer_numbers == tested.test.targets
    rows = []
    for point in rule.dial:
        sets = rule.asking(point.coverage).sets(scores)
        single = sets.sum(axis=1) == 1
        rows.append(
            (
                f"{point.coverage:.1%}",
                f"{_covered(sets, tested).mean():.2%}",
                f"{single.mean():.2%}",
                f"{right[single].mean():.2%}" if single.any() else "",
                round(float(sets.sum(axis=1).mean()), 2),
                "chosen" if point.coverage == rule.coverage else "",
            )
        )
    return Table(
        title="Coverage dial",
        columns=("asked", "covered", "one class", "right of these", "classes", ""),
        rows=tuple(rows),
        note="covered: test pictures whose set of possible classes holds the truth; "
        "one class: those that get a label, unless they are strange; classes: in a "
        f"set, on average. Fitted on {rule.pictures:,} held-out pictures; `visus "
        "predict --coverage` takes each of these.",
    )


def _methods(rule: ForeignRule) -> Table:
    return Table(
        title="Telling pictures of another kind",
        columns=("method", "told apart", ""),
        rows=tuple(
            (name, round(area, 4), "chosen" if name == rule.method else "")
            for name, area in rule.compared.items()
        ),
        note="told apart: how probably a stand-in of a foreign picture (cut up and "
        "laid anew, phases by chance, smooth noise) seems stranger than a held-out "
        "picture; 0.5 is chance. Real foreign pictures may be harder or easier.",
    )


def _dial(tested: Tested, judged: Judged, right: Right) -> Chart:
    """Accuracy of the surest, for every share of them (El-Yaniv and Wiener, 2010)."""
    order = np.argsort(-tested.predictions.confidences, kind="stable")
    accuracy = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    places = np.unique(np.linspace(0, len(order) - 1, DRAWN).astype(int))
    points = tuple(
        (float((p + 1) / len(order)), float(accuracy[p]))
        for p in places
        # Of a handful nothing can be said.
        if p + 1 >= min(20, len(order))
    )
    said = judged.answered
    here: tuple[tuple[float, float], ...] = ()
    if said.any() and points:
        # A line to it: one mark among those of the curve would not be seen.
        share, reached = float(said.mean()), float(right[said].mean())
        here = ((share, min(y for _, y in points)), (share, reached))
    return Chart(
        title="Accuracy against share answered",
        x_label="share answered, the surest first",
        y_label="accuracy of these",
        series=(
            Series(label="by confidence", points=points),
            Series(label="operating point", points=here),
        ),
    )

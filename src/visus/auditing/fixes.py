"""What could be done about it: which pictures to drop, set aside or label anew.

Only what is proven is done unasked: copies are dropped, a picture under two labels and
the training side of a leak are set aside. Labels change only when somebody asks, and
only where the evidence is overwhelming.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from visus.auditing.evidence import Evidence
from visus.auditing.neighbours import Neighbours
from visus.auditing.probe import Probed
from visus.tasks.intervals import wilson_interval

Action = Literal["drop", "quarantine", "relabel"]

# Which of several copies stays: a test without it would be another test.
_KEPT_FIRST = {"test": 0, "validation": 1, "train": 2, None: 3}
# A probe that is wrong more often has no say in what a label should be.
LEAST_AGREEMENT = 0.9
LEAST_SURENESS = 0.95


@dataclass(frozen=True)
class Fix:
    """What is done with one picture, and why.

    Args:
        row: of the picture.
        action: drop: another copy stays; quarantine: it is of no use until somebody has
            looked; relabel: it gets the label `label`.
        check: the check that found it.
        reason: a sentence that a person reads.
        label: the label from now on.
    """

    row: int
    action: Action
    check: str
    reason: str
    label: str


def plan_fixes(evidence: Evidence, *, relabel: bool = False) -> dict[int, Fix]:
    """What to do, by row; pictures that are not named stay as they are.

    Args:
        evidence: what is there.
        relabel: change labels too, where two probes agree against the label.

    Raises:
        MachineError: `relabel` needs scikit-learn.
    """
    fixes: dict[int, Fix] = {}
    for cluster in evidence.twins.clusters:
        for fix in _of_twins(evidence, cluster):
            fixes.setdefault(fix.row, fix)
    if relabel:
        for row, number in overwhelming_labels(evidence).items():
            name = evidence.dataset.class_names[number]
            reason = f"It and its five nearest pictures look like {name}."
            fixes.setdefault(row, Fix(row, "relabel", "label-errors", reason, name))
    return fixes


def overwhelming_labels(evidence: Evidence) -> dict[int, int]:
    """Class numbers, by row, of pictures whose label is wrong beyond reasonable doubt.

    The probe must agree with nine labels in ten, be 95 % sure of the other class, and
    the five nearest other pictures must all bear it.
    """
    probed, neighbours = evidence.probed, evidence.neighbours
    if probed is None or neighbours is None:
        return {}
    if wilson_interval(probed.right, len(probed.rows)).low < LEAST_AGREEMENT:
        return {}
    return dict(_agreed(evidence.targets, probed, neighbours))


def _agreed(
    targets: NDArray[np.int32], probed: Probed, neighbours: Neighbours
) -> Iterator[tuple[int, int]]:
    best = probed.probabilities.argmax(axis=1)
    sure = probed.probabilities.max(axis=1) >= LEAST_SURENESS
    for place in np.flatnonzero(sure & (best != probed.labels)):
        row, number = int(probed.rows[place]), int(probed.classes[best[place]])
        if (targets[neighbours.rows[row]] == number).all():
            yield row, number


def _of_twins(evidence: Evidence, cluster: Sequence[int]) -> Iterator[Fix]:
    equal: defaultdict[str, list[int]] = defaultdict(list)
    for row in cluster:
        record = evidence.dataset.records[row]
        # Without a content hash nobody is anybody's copy.
        equal[record.content_hash or f"row {row}"].append(row)
    kept = []
    for rows in equal.values():
        labels = sorted({evidence.label(row) for row in rows})
        if len(labels) > 1:
            reason = f"The same bytes are labelled {' and '.join(labels)}."
            for row in rows:
                yield _fix(evidence, row, "quarantine", "twins-with-two-labels", reason)
            continue
        first, *others = sorted(rows, key=lambda row: _rank(evidence, row))
        kept.append(first)
        for row in others:
            reason = f"It is {evidence.id(first)} again, byte for byte."
            yield _fix(evidence, row, "drop", "exact-duplicates", reason)
    yield from _of_torn(evidence, kept)


def _of_torn(evidence: Evidence, rows: Sequence[int]) -> Iterator[Fix]:
    """Near twins in several splits: only those of the split that tests stay."""
    ranked = sorted(rows, key=lambda row: _rank(evidence, row))
    for row in ranked[1:]:
        stays = evidence.dataset.records[ranked[0]]
        split = evidence.dataset.records[row].split
        if None not in (split, stays.split) and split != stays.split:
            reason = f"It is nearly {stays.id}, which is {stays.split}."
            yield _fix(evidence, row, "quarantine", "twins-across-splits", reason)


def _fix(evidence: Evidence, row: int, action: Action, check: str, reason: str) -> Fix:
    return Fix(row, action, check, reason, evidence.label(row))


def _rank(evidence: Evidence, row: int) -> tuple[int, int]:
    return _KEPT_FIRST[evidence.dataset.records[row].split], row

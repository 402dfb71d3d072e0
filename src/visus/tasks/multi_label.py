"""multi-label: which of the labels, if any, are true of a picture?"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import DataError
from visus.data.records import ImageDataset, Target
from visus.tasks.base import Floats, Head, Targets, Task
from visus.tasks.ranking import Ranking, best_threshold, label_figures, subset_accuracy

HALF = 0.5
# A threshold chosen by fewer pictures with or without a label would be an accident.
FEWEST_FOR_A_THRESHOLD = 10


@dataclass(frozen=True)
class MultiLabel(Task):
    """Any number of labels a picture, each by a score of its own.

    Args:
        names: of the labels, sorted.
        thresholds: what a label's score must reach, `(num_labels,)`.
    """

    names: tuple[str, ...] = ()
    thresholds: tuple[float, ...] = ()
    kind: ClassVar[str] = "multi-label"
    unused: ClassVar[dict[str, Any]] = {"class_weights": "none", "groups": {}}

    @classmethod
    def of(cls, dataset: ImageDataset, column: str) -> "MultiLabel":
        """The labels are those of the data."""
        return cls(dataset.class_names, (HALF,) * len(dataset.class_names))

    def require(self, dataset: ImageDataset) -> None:
        """A label or more that some pictures have and others lack."""
        targets = self.targets(dataset)
        targets = targets[self.known(targets)]
        if not ((targets == 1).any(axis=0) & (targets == 0).any(axis=0)).any():
            raise DataError(
                received=f"{dataset.name} has no label that some pictures have and "
                "others lack.",
                expected="at least one; a model must have something to tell.",
                remedy="Give each picture the labels that are true of it, and none to "
                "the others: labels is [] there.",
            )

    def targets(self, dataset: ImageDataset) -> Floats:
        """1 where a label is true, else 0, `(num_images, num_labels)`; NaN: unknown."""
        place = {name: number for number, name in enumerate(self.names)}
        found = np.zeros((len(dataset), len(self.names)), dtype=np.float32)
        for row, record in enumerate(dataset.records):
            if record.target is None:
                found[row] = np.nan
            found[row, [place[name] for name in record.labels if name in place]] = 1
        return found

    def known(self, targets: Targets) -> NDArray[np.bool_]:
        """Those that say something of every label."""
        return np.asarray(np.isfinite(targets).all(axis=1))

    def target(self, row: Any) -> Target:
        """The names of the true labels."""
        if not np.isfinite(row).all():
            return None
        return tuple(n for n, true in zip(self.names, row, strict=True) if true)

    def strata(self, dataset: ImageDataset) -> tuple[tuple[str, ...], ...]:
        """Each record counts as each of its labels; one without any, as that."""
        return tuple(record.labels or ("",) for record in dataset.records)

    @property
    def head(self) -> Head:
        """One score a label, whatever the others are."""
        return Head(len(self.names), "sigmoid")

    def decided_by(self, held: Callable[[], tuple[Floats, Targets, Floats]]) -> "Task":
        """With the thresholds that give each label its best F1 there.

        A label that too few pictures have, or lack, takes the threshold that is best
        for all labels together.
        """
        scores, targets, weights = held()
        truth, counts = targets > 0, weights.astype(np.float64)
        everywhere = np.repeat(counts, len(self.names))
        common = best_threshold(scores.ravel(), truth.ravel(), everywhere)
        thresholds = []
        for number in range(len(self.names)):
            true = int(truth[:, number].sum())
            enough = min(true, len(truth) - true) >= FEWEST_FOR_A_THRESHOLD
            own = best_threshold(scores[:, number], truth[:, number], counts)
            thresholds.append(own if enough else common)
        return replace(self, thresholds=tuple(thresholds))

    def chosen(self, scores: Floats) -> NDArray[np.bool_]:
        """Which labels are given, `(num_images, num_labels)`."""
        return np.asarray(scores >= np.asarray(self.thresholds, dtype=np.float32))

    def answers(self, scores: Floats) -> tuple[Target, ...]:
        """The labels whose scores reach their thresholds."""
        return tuple(map(self.target, self.chosen(scores)))

    def metrics(
        self, scores: Floats, targets: Targets, weights: Floats | None = None
    ) -> dict[str, float]:
        """Mean average precision, micro and macro F1, and wholly right answers."""
        figures = self.measure(scores, targets)
        return figures(np.ones(len(targets)) if weights is None else weights)

    def measure(
        self, scores: Floats, targets: Targets
    ) -> Callable[[NDArray[Any]], dict[str, float]]:
        """From weights to metrics, with the sorting done beforehand."""
        truth, chosen = targets > 0, self.chosen(scores)
        ranking = Ranking(scores, truth)

        def figures(weights: NDArray[Any]) -> dict[str, float]:
            counts = np.asarray(weights, dtype=np.float64)
            by_label = label_figures(chosen, truth, counts)
            precisions = ranking.average_precisions(counts)
            present = ~np.isnan(precisions)
            return {
                "mean_average_precision": _mean(precisions[present]),
                "micro_f1": by_label.micro_f1,
                "macro_f1": _mean(by_label.f1[present]),
                "subset_accuracy": subset_accuracy(chosen, truth, counts),
            }

        return figures

    def to_json(self) -> dict[str, Any]:
        """The thresholds beside the kind."""
        return {"name": self.kind, "thresholds": list(self.thresholds)}

    @classmethod
    def from_json(cls, names: tuple[str, ...], values: dict[str, Any]) -> "MultiLabel":
        """Read what `to_json` gave."""
        return cls(names, tuple(map(float, values["thresholds"])))


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")

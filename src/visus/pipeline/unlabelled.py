"""visus train --unlabelled: pictures without a label teach the head too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ConfigError, DataError
from visus.core.progress import Progress
from visus.data.described import describe_pictures
from visus.data.records import ImageDataset, Split
from visus.data.sources import read_pictures
from visus.data.sources.base import Access
from visus.models.joined import HeadWeights
from visus.pipeline.features import ReadyBackbone
from visus.pipeline.frozen import TaughtHead
from visus.pipeline.plan import Plan
from visus.pipeline.prepare import PreparedData
from visus.pipeline.told import Told
from visus.tasks.base import Floats, Task
from visus.training.head.config import FrozenConfig
from visus.training.head.pseudo import PseudoLabelled, Trust, fit_with_unlabelled


@dataclass(frozen=True)
class TaughtFurther:
    """A head that may have learned from pictures without a label too.

    Args:
        taught: the head that is kept.
        rows: of the table "How it was made".
        figures: of `summary.json`.
        notes: sentences a person should read.
        without_label: content hashes of the pictures without a label, where they were
            learned from.
    """

    taught: TaughtHead
    rows: Sequence[tuple[str, str]] = ()
    figures: Mapping[str, Any] | None = None
    notes: Sequence[str] = ()
    without_label: tuple[str, ...] = ()

    def seen(self, data: PreparedData) -> PreparedData:
        """The data, which knows what was learned from beside it."""
        return replace(data, without_label=self.without_label)

    def added_to(self, told: Told) -> Told:
        """What is told of the run, with this."""
        if self.figures is None:
            return told
        return replace(
            told,
            rows=(*told.rows, *self.rows),
            figures={**told.figures, "unlabelled": dict(self.figures)},
            notes=(*told.notes, *self.notes),
        )


def require_classes_to_guess(
    source: str | None, config: FrozenConfig, task: Task
) -> None:
    """Refuse unlabelled pictures where a guess is no label.

    Args:
        source: of these pictures; `None`: there are none.
        config: which answers of a head pass for labels.
        task: what is to be learned.

    Raises:
        ConfigError: the task is not one class a picture; or it is said which answers
            pass for labels, and there are no unlabelled pictures.
    """
    if source is None:
        usual = FrozenConfig()
        if (config.floor, config.balance) != (usual.floor, usual.balance):
            raise ConfigError(
                received=f"frozen.floor = {config.floor:g} and frozen.balance = "
                f"{config.balance:g} without unlabelled pictures.",
                expected="them where a head learns from its own answers.",
                remedy="Give pictures with --unlabelled, or leave both out.",
            )
        return
    if task.kind != "single-label":
        raise ConfigError(
            received=f"--unlabelled, and the targets are {task.kind}.",
            expected="one class a picture: the surest answers pass for labels.",
            remedy="Leave it out.",
        )


def teach_further(
    plan: Plan,
    data: PreparedData,
    backbone: ReadyBackbone,
    taught: TaughtHead,
    progress: Progress,
) -> TaughtFurther:
    """Fit the head again, with pseudo-labels of the unlabelled pictures.

    Pictures whose content is among the labelled ones (test and validation too) are left
    out. If validation says that it answers fewer pictures right than before, the head
    of the labelled pictures alone is kept.

    Raises:
        DataError: no unlabelled picture is left.
    """
    config, source = plan.config.frozen, plan.config.data.unlabelled
    if source is None:
        return TaughtFurther(taught)
    others, ledger = read_pictures(source, Access(plan.config.offline, progress))
    described = describe_pictures(others, ledger, backbone.describer(), progress)
    rows = new_rows(source, described.dataset, data.dataset)
    with progress.stage("Learning without labels"):
        found = fit_with_unlabelled(
            taught.pupils,
            taught.fitted.weights,
            taught.fitted.strength,
            described.features[rows],
            trust=Trust(config.floor, config.balance),
        )
    further = _scores(data, found.weights)
    before, after = (
        _validated(data, scores.get("validation"))
        for scores in (taught.scores, further)
    )
    kept = before is None or after is None or after >= before
    if kept:
        fitted = replace(taught.fitted, weights=found.weights)
        taught = replace(taught, fitted=fitted, scores=further, alone=False)
    return TaughtFurther(
        taught,
        rows=(("unlabelled pictures", _said(found, data.task.names, kept=kept)),),
        figures={
            "source": source,
            "pictures": len(rows),
            "left_out": len(described.dataset) - len(rows),
            "quarantined": len(described.ledger.quarantined),
            "taken": dict(zip(data.task.names, found.taken.tolist(), strict=True)),
            "kept": kept,
            "validation_before": before,
            "validation_after": after,
        },
        notes=() if kept else (_not_kept(before, after),),
        # All of them: which got a label hung on what the others look like.
        without_label=_hashes(described.dataset, rows) if kept else (),
    )


def _hashes(dataset: ImageDataset, rows: NDArray[np.intp]) -> tuple[str, ...]:
    return tuple(dataset.records[row].content_hash for row in rows)


def new_rows(
    source: str, others: ImageDataset, labelled: ImageDataset
) -> NDArray[np.intp]:
    """Which of the others are not among the labelled ones, nor a second time, by
    content.

    Raises:
        DataError: none of them.
    """
    known = {record.content_hash for record in labelled.records}
    rows = []
    for row, record in enumerate(others.records):
        if record.content_hash not in known:
            known.add(record.content_hash)
            rows.append(row)
    if not rows:
        raise _nothing_new(source, len(others))
    return np.array(rows, dtype=np.intp)


def _scores(data: PreparedData, weights: HeadWeights) -> dict[Split, Floats]:
    if data.described is None:
        raise ValueError("the pictures were not described")
    splits: tuple[Split, ...] = ("test", "validation")
    return {
        split: weights.scores(data.described.features[rows])
        for split in splits
        if len(rows := data.rows(split))
    }


def _validated(data: PreparedData, scores: Floats | None) -> float | None:
    validation = data.split("validation")
    if validation is None or scores is None:
        return None
    figures = data.task.metrics(scores, validation.targets, validation.weights)
    return figures["accuracy"]


def _said(found: PseudoLabelled, names: Sequence[str], *, kept: bool) -> str:
    taken = ", ".join(
        f"{count:,} {name}" for name, count in zip(names, found.taken, strict=True)
    )
    end = "" if kept else "; not kept, see the notes"
    return (
        f"{found.taken.sum():,} of {found.unlabelled:,} got a label of the head's own "
        f"({taken}){end}"
    )


def _not_kept(before: float | None, after: float | None) -> str:
    return (
        "The unlabelled pictures did not help: validation accuracy was "
        f"{before:.2%} without them and {after:.2%} with them, so the head of the "
        "labelled pictures is kept."
    )


def _nothing_new(source: str, count: int) -> DataError:
    return DataError(
        received=f"All {count:,} pictures of {source} are among the labelled ones.",
        expected="pictures without a label, which are not in the data already.",
        remedy="Give another folder with --unlabelled, or leave it out.",
    )

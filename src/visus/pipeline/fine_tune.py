"""visus train --fine-tune: frozen features, then the whole network, if it pays."""

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from visus.bundles import Bundle
from visus.core.errors import DataError
from visus.core.progress import Progress
from visus.core.run import Run
from visus.data.scan import scan_pictures
from visus.models.backend import select_backend
from visus.models.joined import HeadWeights
from visus.pipeline.budget import Allotted, allot_epochs
from visus.pipeline.features import ReadyBackbone
from visus.pipeline.frozen import TaughtHead, lineage_of, pack_head, told_by_head
from visus.pipeline.learn import Learned, make_lesson
from visus.pipeline.pack import pack_bundle
from visus.pipeline.plan import Plan
from visus.pipeline.prepare import PreparedData
from visus.pipeline.told import Told, told_by
from visus.tasks.base import Head
from visus.training.fit import fit
from visus.training.steps import Totals
from visus.training.threads import share_out_cores

if TYPE_CHECKING:
    from visus.training.steps import Steps


@dataclass(frozen=True)
class Tuned:
    """A network that learned on from frozen features.

    Args:
        learned: the network, with the weights of its best epoch.
        frozen: on the validation pictures, before it learned on.
        tuned: on the same, afterwards.
        activation: of its last layer, which says what is better.
        allotted: what the time budget had for it; `None` where there is no budget.
    """

    learned: Learned
    frozen: Totals
    tuned: Totals
    activation: str
    allotted: Allotted | None = None

    @property
    def pays(self) -> bool:
        """Whether it is better than what it began with, on the validation pictures."""
        return self._score(self.tuned) > self._score(self.frozen)

    def _score(self, totals: Totals) -> tuple[float, float]:
        # As `fit` chooses its best epoch; only classes have an accuracy worth that.
        share = totals.mean_figure if self.activation == "softmax" else 0.0
        return share, -totals.mean_loss

    def in_words(self) -> str:
        """Both validations, for a person."""
        told = [
            f"{totals.mean_figure:.2%} right, loss {totals.mean_loss:.4f}"
            if self.activation == "softmax"
            else f"loss {totals.mean_loss:.4f}"
            for totals in (self.frozen, self.tuned)
        ]
        return f"frozen {told[0]}; tuned {told[1]}"


def tune(
    run: Run | None,
    plan: Plan,
    data: PreparedData,
    backbone: ReadyBackbone,
    taught: TaughtHead,
    progress: Progress,
    *,
    started: float,
) -> tuple[PreparedData, Tuned | Allotted]:
    """Let the joined network learn on, lower layers less or not at all.

    Returns:
        the data with all pixels prepared, and the network with both validations; or
        what the time budget had, where it was not enough for one epoch.

    Raises:
        DataError: there are no validation pictures to tell whether it pays.
    """
    data = with_pixels(plan, data, progress)
    held = data.split("validation")
    if held is None:
        raise _nothing_held(data)
    model, steps = tuning_steps(plan, data.task.head, backbone, taught.fitted.weights)
    training = plan.config.training
    lesson = make_lesson(plan, data)
    judged = time.monotonic()
    with progress.stage("Judging the frozen network"):
        frozen = steps.evaluate(held, training.batch_size)
    allotted = None
    if plan.config.minutes is not None:
        allotted = allot_epochs(
            run,
            steps,
            lesson,
            minutes=plan.config.minutes,
            started=started,
            judging_seconds=time.monotonic() - judged,
            answered_later=len(data.rows("test")) + len(held),
        )
        if allotted.epochs == 0:
            return data, allotted
        shorter = training.model_copy(update={"epochs": allotted.epochs})
        lesson = replace(lesson, config=shorter)
    history = fit(steps, lesson, run=run, progress=progress)
    tuned = steps.evaluate_network(held, training.batch_size)
    learned, activation = Learned(model, history), data.task.head.activation
    return data, Tuned(learned, frozen, tuned, activation, allotted)


def tuning_steps(
    plan: Plan, head: Head, backbone: ReadyBackbone, weights: HeadWeights
) -> tuple[Any, "Steps"]:
    """The joined network with this head, and its compiled steps."""
    select_backend()
    threads = share_out_cores(plan.config.training.batch_size)
    from visus.models.storage import load_network
    from visus.training.steps_tensorflow import TensorFlowSteps

    model = load_network(backbone.joined.archive_with(weights))
    return model, TensorFlowSteps(
        model,
        plan.config.training,
        scaling=plan.spec.scaling,
        towers=threads.towers,
        head=head,
        seed=plan.config.seed,
    )


def pack_better(
    run: Run,
    plan: Plan,
    data: PreparedData,
    backbone: ReadyBackbone,
    taught: TaughtHead,
    tuned: Tuned | Allotted,
) -> tuple[Bundle, Told]:
    """Write the better of the two networks, and say what both were worth."""
    head = told_by_head(data, backbone, taught)
    if isinstance(tuned, Allotted):
        bundle = pack_head(run, plan, data, backbone, taught)
        skipped = f"Fine-tuning was skipped: {tuned.in_words()}."
        rows = (*head.rows, ("fine-tuning", f"skipped: {tuned.in_words()}"))
        return bundle, replace(head, rows=rows, notes=(*head.notes, skipped))
    if tuned.pays:
        head = told_by_head(data, backbone, taught, "fine-tuned")
        plan = replace(plan, lineage=lineage_of(backbone))
        bundle = pack_bundle(run, plan, data, tuned.learned)
        return bundle, _told(tuned, head, told_by(tuned.learned.history))
    bundle = pack_head(run, plan, data, backbone, taught)
    return bundle, _told(tuned, head, head)


def _told(tuned: Tuned, head: Told, kept: Told) -> Told:
    history = tuned.learned.history
    epochs, seconds = len(history.epochs), history.training_seconds
    outcome = "it pays and is kept" if tuned.pays else "the frozen network is kept"
    row = f"{epochs} epochs, {seconds:.1f} s; {tuned.in_words()}: {outcome}"
    notes = [*history.notes, *head.notes]
    if not tuned.pays:
        notes.append(
            f"Fine-tuning did not pay on the validation pictures ({tuned.in_words()}): "
            "the frozen network is kept."
        )
    rows = [*head.rows, ("fine-tuning", row)]
    if tuned.allotted is not None:
        rows.append(("time budget", tuned.allotted.in_words()))
    if tuned.pays:
        rows += kept.rows
    return replace(
        kept,
        rows=tuple(rows),
        figures={
            **head.figures,
            **kept.figures,
            "training_seconds": round(head.training_seconds + seconds, 3),
            "fine_tuning": {
                "epochs": epochs,
                "seconds": round(seconds, 3),
                "pays": tuned.pays,
                "validation_loss_frozen": round(tuned.frozen.mean_loss, 6),
                "validation_loss_tuned": round(tuned.tuned.mean_loss, 6),
                "validation_figure_frozen": round(tuned.frozen.mean_figure, 6),
                "validation_figure_tuned": round(tuned.tuned.mean_figure, 6),
            },
        },
        training_seconds=head.training_seconds + seconds,
        epochs=told_by(history).epochs,
        tables=head.tables,
        notes=tuple(notes),
    )


def with_pixels(plan: Plan, data: PreparedData, progress: Progress) -> PreparedData:
    """The same pictures with prepared pixels, which epochs read again and again."""
    scan = scan_pictures(
        data.dataset,
        data.ledger,
        plan.spec,
        progress=progress,
        most_bytes=int(plan.config.data.memory_gigabytes * 1e9),
        measured=False,
    )
    if len(scan.dataset) != len(data.dataset):
        raise DataError(
            received=f"{len(data.dataset) - len(scan.dataset)} pictures of "
            f"{data.dataset.name} can no longer be read.",
            expected="the files as they were when this run began.",
            remedy="Bring them back, or begin a new run.",
        )
    pixels = scan.pictures.pixels
    return replace(data, pictures=replace(data.pictures, pixels=pixels))


def _nothing_held(data: PreparedData) -> DataError:
    return DataError(
        received=f"{data.dataset.name} leaves no validation pictures.",
        expected="some, to tell whether fine-tuning is better than frozen features.",
        remedy="Give a data.validation_share above 0, or leave --fine-tune out.",
    )

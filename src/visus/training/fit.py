"""The training loop, in plain sight.

It owns: the epochs, their log lines, early stopping, the choice of weights, and halving
the batch when memory runs out. It does not own: arithmetic (an engine, `steps`), which
picture comes when (`epochs`), or what is kept for a resume (`position`).
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visus.core.errors import ModelError
from visus.core.progress import Progress
from visus.core.run import Run
from visus.data.batches import Batch
from visus.training.config import TrainingConfig
from visus.training.epochs import EpochPlan
from visus.training.events import EventWriter
from visus.training.fixmatch import plan_epoch
from visus.training.history import EpochLog, History
from visus.training.position import Keeper, Pace, Position
from visus.training.preflight import check_before_training
from visus.training.steps import OutOfMemory, State, Steps, Totals
from visus.training.uninterrupted import uninterrupted

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Lesson:
    """What is to be learned, and how.

    Args:
        train: the training split.
        validation: pictures for choices, never trained on; `None` when there are none.
        class_weights: float32 weight of each class `(num_classes,)`; `None` where
            there are no classes.
        config: the training settings.
        seed: of the run.
        unlabelled: pictures without a label that are learned from too; their targets
            are not looked at.
        repeats: how often each training picture is seen in an epoch, on average
            `(num_images,)`; `None`: once.
    """

    train: Batch
    validation: Batch | None
    class_weights: NDArray[np.float32] | None
    config: TrainingConfig
    seed: int
    unlabelled: Batch | None = None
    repeats: NDArray[np.float32] | None = None


def fit(
    steps: Steps,
    lesson: Lesson,
    *,
    run: Run | None,
    progress: Progress,
    callbacks: Sequence["keras.callbacks.Callback"] = (),
) -> History:
    """Train to the end and leave the network with the weights to keep.

    A run that has a checkpoint goes on from it, bit for bit as if never stopped. A
    `KeyboardInterrupt` is passed on after everything has been saved.

    Args:
        steps: the engine, with the network inside.
        lesson: pictures and settings.
        run: where logs and checkpoints go; `None` keeps nothing on disk.
        progress: who is told.
        callbacks: Keras callbacks; called at the start and end of training and of each
            epoch, since a compiled step never comes back to Python.

    Raises:
        ModelError: the loss stopped being a number, or one picture does not fit into
            memory.
    """
    return _Loop(steps, lesson, run, progress, callbacks).run()


class _Loop:
    """The state of one `fit`."""

    def __init__(
        self,
        steps: Steps,
        lesson: Lesson,
        run: Run | None,
        progress: Progress,
        callbacks: Sequence["keras.callbacks.Callback"],
    ) -> None:
        self.steps = steps
        self.figure = "error" if steps.head.activation == "linear" else "accuracy"
        self.lesson = lesson
        self.config = lesson.config
        self.folder = run
        self.progress = progress
        self.callbacks = callbacks
        self.events = EventWriter(run)
        self.keeper = Keeper(run, lesson.config.checkpoint_seconds)
        self.position = Position(
            batch_size=min(lesson.config.batch_size, len(lesson.train))
        )
        self.best: State | None = None

    def run(self) -> History:
        started = time.monotonic()
        self._prepare()
        preparing_seconds = time.monotonic() - started
        with self.progress.stage("Training", self.config.epochs):
            try:
                self._run_epochs()
            except KeyboardInterrupt:
                self.keeper.save(self.steps, self.position, self.best)
                raise
        self.keeper.save(self.steps, self.position, self.best)
        self.steps.finish(self.best or self.steps.weights())
        for callback in self.callbacks:
            callback.on_train_end()
        return self._history(preparing_seconds)

    def _prepare(self) -> None:
        resumed = self.keeper.restore(self.steps)
        if resumed:
            self.position, self.best = resumed
        elif self.config.preflight:
            self._check()
        for callback in self.callbacks:
            callback.on_train_begin()

    def _check(self) -> None:
        # The first batch of all: where a batch that is too large is found out.
        before = self.steps.state()
        while True:
            try:
                notes = check_before_training(self.steps, self._plan())
            except OutOfMemory as error:
                self._halve_batch(before, error)
                continue
            self.position.notes += notes
            return

    def _run_epochs(self) -> None:
        position = self.position
        while position.epoch < self.config.epochs and not self._idle_too_long():
            for callback in self.callbacks:
                callback.on_epoch_begin(position.epoch)
            before = self.steps.state()
            try:
                entry = self._run_epoch()
            except OutOfMemory as error:
                with uninterrupted():
                    self._halve_batch(before, error)
                continue
            with uninterrupted():
                self._end_epoch(entry)
            if self._asked_to_stop():
                break

    def _run_epoch(self) -> EpochLog:
        started = time.monotonic()
        plan, pace = self._plan(), Pace()
        done = self._done()
        if done == 0:
            self.steps.reset_totals()
        for work in plan.pieces(done, pace.sizes()):
            self.steps.train(work)
            self._tell(len(work.rates), plan, pace)
            self.keeper.save_if_due(self.steps, self.position, self.best)
        totals = self.steps.training_totals()
        if not math.isfinite(totals.loss):
            raise _diverged(self.position.epoch + 1, self.config)
        seen = time.monotonic() - started
        validation = self._validate()
        return EpochLog(
            epoch=self.position.epoch + 1,
            loss=totals.mean_loss,
            validation_loss=validation.mean_loss if validation else None,
            learning_rate=plan.last_rate(),
            seconds=time.monotonic() - started,
            images_per_second=(plan.steps - done) * plan.batch_size / max(seen, 1e-9),
            **self._figures(totals, validation),
        )

    def _figures(self, totals: Totals, validation: Totals | None) -> dict[str, Any]:
        return {
            self.figure: totals.mean_figure,
            f"validation_{self.figure}": validation.mean_figure if validation else None,
            "taken": totals.taken_share,
        }

    def _validate(self) -> Totals | None:
        if self.lesson.validation is None:
            return None
        return self.steps.evaluate(self.lesson.validation, self.position.batch_size)

    def _end_epoch(self, entry: EpochLog) -> None:
        position = self.position
        position.epochs.append(entry)
        position.seconds += entry.seconds
        position.epoch += 1
        position.epoch_first_step = self.steps.steps_done()
        self._keep_if_best(entry)
        self.events.write(entry)
        if self.folder:
            self.folder.log(entry.to_json())
        for callback in self.callbacks:
            callback.on_epoch_end(entry.epoch - 1, entry.to_json())
        self.keeper.save_if_due(self.steps, position, self.best)

    def _keep_if_best(self, entry: EpochLog) -> None:
        if entry.validation_loss is None:
            return
        # Numbers have no accuracy, and are judged by their loss alone.
        score = (entry.validation_accuracy or 0.0, -entry.validation_loss)
        if self.position.kept_score is None or score > self.position.kept_score:
            self.position.kept_score = score
            self.position.kept_epoch = entry.epoch
            if self.config.keep == "best":
                self.best = self.steps.weights()

    def _idle_too_long(self) -> bool:
        idle = self.position.epoch - self.position.kept_epoch
        return bool(
            self.config.patience
            and self.position.kept_score is not None
            and idle >= self.config.patience
        )

    def _asked_to_stop(self) -> bool:
        models = [getattr(callback, "model", None) for callback in self.callbacks]
        return any(getattr(model, "stop_training", False) for model in models)

    def _halve_batch(self, before: State, error: OutOfMemory) -> None:
        halved = self.position.batch_size // 2
        if halved < 1:
            raise ModelError(
                received=f"Memory ran out with one picture a step: {error}.",
                expected="room for at least one picture and the network's weights.",
                remedy="Use a smaller data.image_size or network, or free memory.",
            ) from error
        self.steps.restore(before)
        # The same pictures stay seen: the order of the epoch does not change.
        seen = self._done() * self.position.batch_size
        self.position.epoch_first_step = self.steps.steps_done() - seen // halved
        note = (
            f"Memory ran out with {self.position.batch_size} pictures a step; "
            f"the run goes on with {halved}."
        )
        self.position.batch_size = halved
        self.position.notes.append(note)
        self.progress.say(note)

    def _tell(self, steps: int, plan: EpochPlan, pace: Pace) -> None:
        seconds = pace.took(steps)
        totals = self.steps.training_totals()
        self.progress.advance(
            steps / plan.steps,
            epoch=f"{self.position.epoch + 1}/{self.config.epochs}",
            step=f"{self._done()}/{plan.steps}",
            loss=totals.mean_loss,
            **{self.figure: totals.mean_figure},
            images_per_second=steps * plan.batch_size / seconds,
        )

    def _done(self) -> int:
        return self.steps.steps_done() - self.position.epoch_first_step

    def _plan(self) -> EpochPlan:
        return plan_epoch(
            self.lesson.unlabelled,
            pictures=self.lesson.train,
            config=self.config,
            seed=self.lesson.seed,
            epoch=self.position.epoch,
            batch_size=self.position.batch_size,
            class_weights=self.lesson.class_weights,
            repeats=self.lesson.repeats,
        )

    def _history(self, preparing_seconds: float) -> History:
        best = self.config.keep == "best" and self.position.kept_epoch
        return History(
            epochs=tuple(self.position.epochs),
            kept_epoch=best or self.position.epoch,
            training_seconds=self.position.seconds,
            preparing_seconds=preparing_seconds,
            batch_size=self.position.batch_size,
            notes=tuple(self.position.notes),
        )


def _diverged(epoch: int, config: TrainingConfig) -> ModelError:
    return ModelError(
        received=f"The loss stopped being a number in epoch {epoch}.",
        expected="a finite loss.",
        remedy=f"Lower training.learning_rate (it is {config.learning_rate:g}), for "
        "example to a third, or train with --recipe course-adam to compare.",
    )

"""The TensorFlow engine: many training steps in one compiled call, a tower a core.

Each batch is cut into towers that are computed side by side, each on its own core;
their gradients are added and applied once, which is the arithmetic of the whole batch.
Batch normalisation sees one tower at a time. Everything that changes is a variable, so
a state can be taken after any call, and an interrupt between calls loses nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from visus.data.augment.draw import draw_changes
from visus.data.batches import Batch, padded_batches
from visus.data.preprocess import Scaling
from visus.tasks.base import Head
from visus.training.adversarial_tensorflow import Hardening
from visus.training.augment_tensorflow import change_images, partners
from visus.training.config import TrainingConfig, UnlabelledConfig
from visus.training.depths import freeze_lower_layers, slower_rates
from visus.training.fixmatch_tensorflow import (
    Guesses,
    consistency,
    guess,
    scores_together,
    surest,
    view,
    view_signature,
)
from visus.training.losses_tensorflow import figures_of, losses_of
from visus.training.optimizers import build_optimizer
from visus.training.steps import OutOfMemory, State, Steps, Totals, Work
from visus.training.uninterrupted import uninterrupted

Tensor = Any


class TensorFlowSteps(Steps):
    """Compiled steps over one Keras network.

    Args:
        model: images `(batch, height, width, channels)` to scores `(batch, outputs)`.
        config: optimizer, label smoothing, averaging and augmentation.
        scaling: how uint8 pixels become what the network takes.
        towers: parts of a batch that are computed side by side.
        head: how the network ends; `None`: with one score a class.
        unlabelled: how pictures without a label are learned from; `None`: there are
            none.
        seed: of the run, for what a step draws itself.
    """

    def __init__(
        self,
        model: keras.Model,
        config: TrainingConfig,
        *,
        scaling: Scaling,
        towers: int,
        head: Head | None = None,
        unlabelled: UnlabelledConfig | None = None,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.hardening = (
            Hardening(config.adversarial, seed) if config.adversarial.budget else None
        )
        self.unlabelled = unlabelled
        self.head = head or Head(model.output_shape[-1])
        self.losses, self.figures = losses_of(self.head), figures_of(self.head)
        self.config = config
        self.scaling = scaling
        self.towers = towers
        self.held = freeze_lower_layers(model, config.learning_share)
        self.slower = slower_rates(model, config.depth_decay)
        self.optimizer = build_optimizer(config)
        self.optimizer.build(model.trainable_variables)
        sums = 3 if unlabelled is None else 5
        self.totals = tf.Variable(tf.zeros(sums), trainable=False)
        # The running statistics of batch norm too: they belong to the weights.
        self.averaged = model.weights if config.ema_decay else []
        self.averages = [
            tf.Variable(variable.value, trainable=False) for variable in self.averaged
        ]
        self._train = tf.function(self._take_steps, self._training_signature())
        self._evaluate = tf.function(self._score_batch, self._signature(None))

    def train(self, work: Work) -> None:
        """Take the steps; sums are kept until `training_totals` reads them."""
        changes = work.changes()
        try:
            self._train(work.pixels, work.targets, work.weights, work.rates, changes)
        except tf.errors.ResourceExhaustedError as error:
            raise OutOfMemory(error.message) from error

    def steps_done(self) -> int:
        """Steps taken since the beginning; the optimizer counts them."""
        return int(self.optimizer.iterations.numpy())

    def training_totals(self) -> Totals:
        """Sums over the steps since `reset_totals`."""
        return Totals(*map(float, self.totals.numpy()))

    def reset_totals(self) -> None:
        """Begin a new epoch's sums."""
        self.totals.assign(tf.zeros_like(self.totals))

    def evaluate(self, pictures: Batch, batch_size: int) -> Totals:
        """Loss and figure with the weights that `weights` gives."""
        with self._averages_in_place():
            return self.evaluate_network(pictures, batch_size)

    def evaluate_network(self, pictures: Batch, batch_size: int) -> Totals:
        """Loss and figure with the weights that the network has, as after `finish`."""
        sums = np.zeros(3)
        for batch in padded_batches(pictures, batch_size):
            found = self._evaluate(batch.pixels, batch.targets, batch.weights)
            sums += found.numpy()
        return Totals(*map(float, sums))

    @contextmanager
    def _averages_in_place(self) -> Iterator[None]:
        # An interrupt must not leave the averages where the training would go on.
        trained = [variable.numpy() for variable in self.averaged]
        try:
            _assign(self.averaged, self.averages)
            yield
        finally:
            with uninterrupted():
                _assign(self.averaged, trained)

    def state(self) -> State:
        """Everything that `train` changes, as arrays by name."""
        return {name: variable.numpy() for name, variable in self._variables().items()}

    def restore(self, state: State) -> None:
        """Put back what `state` gave."""
        variables = self._variables()
        _assign(list(variables.values()), [state[name] for name in variables])

    def weights(self) -> State:
        """The weights to keep: the averaged ones when an average is kept."""
        kept = {id(variable): variable for variable in self.model.variables}
        kept |= zip(map(id, self.averaged), self.averages, strict=True)
        return {
            f"{number:04d}": variable.numpy()
            for number, variable in enumerate(kept.values())
        }

    def finish(self, weights: State) -> None:
        """Leave the network with these weights."""
        _assign(self.model.variables, [weights[name] for name in sorted(weights)])
        for layer in self.held:
            layer.trainable = True

    def _signature(self, *sizes: int | None) -> list[tf.TensorSpec]:
        shape = self.model.input_shape[1:]
        targets = (
            tf.TensorSpec(sizes, tf.int32)
            if self.head.activation == "softmax"
            else tf.TensorSpec((*sizes, self.head.outputs), tf.float32)
        )
        return [
            tf.TensorSpec((*sizes, *shape), tf.uint8),
            targets,
            tf.TensorSpec(sizes, tf.float32),
        ]

    def _training_signature(self) -> list[Any]:
        # Any number of steps and pictures: traced once for the whole run.
        one = np.zeros((1, 1), dtype=np.uint64)
        shape = self.model.input_shape[1:]
        changes = draw_changes(self.config.augment, shape, one, seed=0, epoch=0)
        drawn = {
            name: tf.TensorSpec((None, None, *array.shape[2:]), tf.float32)
            for name, array in (changes.arrays() if changes else {}).items()
        }
        if self.unlabelled is not None:
            drawn |= view_signature(self.unlabelled, shape)
        return [
            *self._signature(None, None),
            tf.TensorSpec((None,), tf.float32),
            drawn,
        ]

    def _variables(self) -> dict[str, Any]:
        groups = {
            "network": self.model.variables,
            "optimizer": self.optimizer.variables,
            "average": self.averages,
            "totals": [self.totals],
        }
        return {
            f"{group}/{number:04d}": variable
            for group, variables in groups.items()
            for number, variable in enumerate(variables)
        }

    def _take_steps(
        self,
        pixels: Tensor,
        targets: Tensor,
        weights: Tensor,
        rates: Tensor,
        drawn: dict[str, Tensor],
    ) -> None:
        inputs = {"pixels": pixels, "targets": targets, "weights": weights, **drawn}
        for step in tf.range(tf.shape(rates)[0]):
            batch = {name: array[step] for name, array in inputs.items()}
            self._take_step(batch, rates[step])

    def _take_step(self, batch: dict[str, Tensor], rate: Tensor) -> None:
        self.optimizer.learning_rate.assign(rate)
        whole = tf.maximum(tf.reduce_sum(batch["weights"]), 1e-6)
        others = tf.shape(batch["unlabelled"])[0] if self.unlabelled else 1
        towers = [
            self._tower(part, whole, tf.cast(others, tf.float32), number)
            for number, part in enumerate(self._parts(batch))
        ]
        parts = zip(*[gradients for gradients, _ in towers], strict=True)
        gradients = [_added(part) for part in parts]
        before = [variable.value + 0 for variable, _ in self.slower]
        self.optimizer.apply(gradients, self.model.trainable_variables)
        # Every update rule is linear in its rate: a part of the step is a lower rate.
        for (variable, share), old in zip(self.slower, before, strict=True):
            variable.assign(old + share * (variable.value - old))
        self.totals.assign_add(_added([sums for _, sums in towers]))
        self._update_averages()

    def _update_averages(self) -> None:
        # The first steps count more, or the average would remember the random start
        # (the ramp of TensorFlow's ExponentialMovingAverage).
        done = tf.cast(self.optimizer.iterations, tf.float32)
        decay = tf.minimum(self.config.ema_decay, (1 + done) / (10 + done))
        for variable, average in zip(self.averaged, self.averages, strict=True):
            average.assign_add((variable.value - average) * (1 - decay))

    def _parts(self, batch: dict[str, Tensor]) -> list[dict[str, Tensor]]:
        parts: list[dict[str, Tensor]] = [{} for _ in range(self.towers)]
        for name, array in batch.items():
            size = tf.shape(array)[0]
            edges = [size * tower // self.towers for tower in range(self.towers + 1)]
            for part, (first, last) in zip(parts, pairwise(edges), strict=True):
                part[name] = array[first:last]
        return parts

    def _tower(
        self, part: dict[str, Tensor], whole: Tensor, others: Tensor, number: int
    ) -> tuple[list[Tensor], Tensor]:
        targets, weights = part["targets"], part["weights"]
        changed = change_images(part["pixels"], part)
        images = self._scaled(self._hardened(changed, part, number))
        guesses = self._guesses(part)
        variables = [variable.value for variable in self.model.trainable_variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            if guesses is None:
                scores, extra = self.model(images, training=True), 0.0
            else:
                strong = self._scaled(view(part, "strong"))
                scores, seen = scores_together(self.model, images, strong)
                extra = consistency(seen, guesses, self.losses, others)
                extra *= self.unlabelled.weight if self.unlabelled else 0.0
            losses = self._training_losses(scores, part)
            loss = tf.reduce_sum(losses * weights) / whole + extra
            total = loss + sum(self.model.losses) / self.towers
        sums = _sums(losses, self.figures(scores, targets), weights)
        if guesses is not None:
            sums = tf.concat([sums, guesses.sums], axis=0)
        return tape.gradient(total, variables), sums

    def _hardened(self, images: Tensor, part: dict[str, Tensor], tower: int) -> Tensor:
        """The pictures as they are learned from; asked as they will be answered."""
        if self.hardening is None:
            return images

        def losses(images: Tensor) -> Tensor:
            scores = self.model(self._scaled(images), training=False)
            return self._training_losses(scores, part)

        done = self.optimizer.iterations
        return self.hardening.changed(images, losses, done, tower)

    def _guesses(self, part: dict[str, Tensor]) -> Guesses | None:
        """What the network would answer now to pictures without a label."""
        if self.unlabelled is None:
            return None
        weak = self._scaled(view(part, "weak"))
        floor = self.unlabelled.floor * surest(self.head, self.config.label_smoothing)
        return guess(self.model(weak, training=False), floor)

    def _training_losses(self, scores: Tensor, part: dict[str, Tensor]) -> Tensor:
        smoothing = self.config.label_smoothing
        losses = self.losses(scores, part["targets"], smoothing)
        if "share" not in part:
            return losses
        others = self.losses(scores, partners(part["targets"]), smoothing)
        return part["share"] * losses + (1 - part["share"]) * others

    def _score_batch(self, pixels: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        images = self._scaled(tf.cast(pixels, tf.float32))
        scores = self.model(images, training=False)
        losses = self.losses(scores, targets, 0.0)
        return _sums(losses, self.figures(scores, targets), weights)

    def _scaled(self, images: Tensor) -> Tensor:
        if self.scaling == "unit":
            return images * (1 / 255)
        return images * (2 / 255) - 1 if self.scaling == "signed" else images


def _sums(losses: Tensor, figures: Tensor, weights: Tensor) -> Tensor:
    sums = [tf.reduce_sum(values * weights) for values in (losses, figures)]
    return tf.stack([*sums, tf.reduce_sum(weights)])


def _added(parts: Sequence[Tensor]) -> Tensor:
    # Not `add_n`: of three and more it begins with whichever is free first, and so
    # rounds otherwise from run to run.
    return tf.reduce_sum(tf.stack(parts), axis=0)


def _assign(variables: list[Any], arrays: list[Any]) -> None:
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)

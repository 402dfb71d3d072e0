"""The TensorFlow engine: many training steps in one compiled call, a tower a core.

Each batch is cut into towers that are computed side by side, each on its own core; their
gradients are added and applied once, which is the arithmetic of the whole batch. Batch
normalisation sees one tower at a time. Everything that changes is a variable, so a state
can be taken after any call, and an interrupt between calls loses nothing.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from visus.data.augment import AugmentDraw
from visus.data.batches import Batch, padded_batches
from visus.data.preprocess import Scaling
from visus.training.augment_tensorflow import change_images, mixed_loss
from visus.training.config import TrainingConfig
from visus.training.optimizers import build_optimizer
from visus.training.steps import OutOfMemory, State, Steps, Totals, Work

Tensor = Any


class TensorFlowSteps(Steps):
    """Compiled steps over one Keras network whose output are class scores.

    Args:
        model: images `(batch, height, width, channels)` to scores `(batch, classes)`.
        config: optimizer, label smoothing, averaging and augmentation.
        scaling: how uint8 pixels become what the network takes.
        towers: parts of a batch that are computed side by side.
    """

    def __init__(
        self,
        model: keras.Model,
        config: TrainingConfig,
        *,
        scaling: Scaling,
        towers: int,
    ) -> None:
        self.model = model
        self.config = config
        self.scaling = scaling
        self.towers = towers
        self.optimizer = build_optimizer(config)
        self.optimizer.build(model.trainable_variables)
        self.totals = tf.Variable(tf.zeros(3), trainable=False)
        self.averages = [
            tf.Variable(variable.value, trainable=False)
            for variable in model.trainable_variables
            if config.ema_decay
        ]
        self._train = tf.function(self._take_steps, reduce_retracing=True)
        self._evaluate = tf.function(self._score_batch, reduce_retracing=True)

    def train(self, work: Work) -> None:
        """Take the steps; sums are kept until `training_totals` reads them."""
        draw = work.draw and work.draw.arrays()
        try:
            self._train(work.pixels, work.targets, work.weights, work.rates, draw)
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
        self.totals.assign(tf.zeros(3))

    def evaluate(self, pictures: Batch, batch_size: int) -> Totals:
        """Loss and right answers with the weights that `weights` gives."""
        trained = [variable.numpy() for variable in self.model.trainable_variables]
        self._use_averages()
        sums = np.zeros(3)
        for batch in padded_batches(pictures, batch_size):
            sums += self._evaluate(batch.pixels, batch.targets, batch.weights).numpy()
        if self.averages:
            _assign(self.model.trainable_variables, trained)
        return Totals(*map(float, sums))

    def state(self) -> State:
        """Everything that `train` changes, as arrays by name."""
        return {name: variable.numpy() for name, variable in self._variables().items()}

    def restore(self, state: State) -> None:
        """Put back what `state` gave."""
        variables = self._variables()
        _assign(list(variables.values()), [state[name] for name in variables])

    def weights(self) -> State:
        """The weights to keep: the averaged ones when an average is kept."""
        kept = [variable.numpy() for variable in self.model.variables]
        averages = {
            id(variable): average.numpy()
            for variable, average in zip(
                self.model.trainable_variables, self.averages, strict=False
            )
        }
        return {
            f"{number:04d}": averages.get(id(variable), array)
            for number, (variable, array) in enumerate(
                zip(self.model.variables, kept, strict=True)
            )
        }

    def finish(self, weights: State) -> None:
        """Leave the network with these weights."""
        _assign(self.model.variables, [weights[name] for name in sorted(weights)])

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

    def _use_averages(self) -> None:
        for variable, average in zip(
            self.model.trainable_variables, self.averages, strict=False
        ):
            variable.assign(average)

    def _take_steps(
        self,
        pixels: Tensor,
        targets: Tensor,
        weights: Tensor,
        rates: Tensor,
        draw: dict[str, Tensor] | None,
    ) -> None:
        for step in tf.range(tf.shape(rates)[0]):
            drawn = {name: array[step] for name, array in draw.items()} if draw else {}
            self._take_step(
                pixels[step], targets[step], weights[step], rates[step], drawn
            )

    def _take_step(
        self,
        pixels: Tensor,
        targets: Tensor,
        weights: Tensor,
        rate: Tensor,
        drawn: dict[str, Tensor],
    ) -> None:
        self.optimizer.learning_rate.assign(rate)
        whole = tf.maximum(tf.reduce_sum(weights), 1e-6)
        parts = zip(
            *[tf.split(array, self.towers) for array in (pixels, targets, weights)],
            *[tf.split(array, self.towers) for array in drawn.values()],
            strict=True,
        )
        towers = [
            self._tower(*part[:3], whole, dict(zip(drawn, part[3:], strict=True)))
            for part in parts
        ]
        gradients = [tf.add_n(parts) for parts in zip(*[t[0] for t in towers])]
        self.optimizer.apply(gradients, self.model.trainable_variables)
        self.totals.assign_add(tf.add_n([sums for _, sums in towers]))
        for variable, average in zip(
            self.model.trainable_variables, self.averages, strict=False
        ):
            average.assign_add((variable.value - average) * (1 - self.config.ema_decay))

    def _tower(
        self,
        pixels: Tensor,
        targets: Tensor,
        weights: Tensor,
        whole: Tensor,
        drawn: dict[str, Tensor],
    ) -> tuple[list[Tensor], Tensor]:
        images = self._scaled(pixels)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in self.model.trainable_variables])
            scores = self.model(images, training=True)
            losses = _losses(scores, targets, self.config.label_smoothing)
            loss = tf.reduce_sum(losses * weights) / whole
            total = loss + sum(self.model.losses) / self.towers
        variables = [variable.value for variable in self.model.trainable_variables]
        return tape.gradient(total, variables), _sums(scores, losses, targets, weights)

    def _score_batch(self, pixels: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        scores = self.model(self._scaled(pixels), training=False)
        return _sums(scores, _losses(scores, targets, 0.0), targets, weights)

    def _scaled(self, pixels: Tensor) -> Tensor:
        images = tf.cast(pixels, tf.float32)
        if self.scaling == "unit":
            return images * (1 / 255)
        return images * (2 / 255) - 1 if self.scaling == "signed" else images


def _losses(scores: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
    # Keras keeps the logits beside a softmax's output; from them the loss is exact.
    logits = getattr(scores, "_keras_logits", None)
    if logits is None:
        logits = tf.math.log(tf.clip_by_value(scores, 1e-7, 1.0))
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    if label_smoothing:
        spread = -tf.reduce_mean(tf.nn.log_softmax(logits), axis=-1)
        losses = (1 - label_smoothing) * losses + label_smoothing * spread
    return losses


def _sums(scores: Tensor, losses: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    answers = tf.argmax(scores, axis=-1, output_type=tf.int32)
    right = tf.cast(answers == targets, tf.float32)
    sums = [tf.reduce_sum(values * weights) for values in (losses, right)]
    return tf.stack([*sums, tf.reduce_sum(weights)])


def _assign(variables: list[Any], arrays: list[Any]) -> None:
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)

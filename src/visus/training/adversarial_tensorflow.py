"""Adversarial training's arithmetic in TensorFlow's compiled step.

Each training picture is made harder before it is learned from: one step along the sign
of the loss's gradient, from a start drawn within the budget (Wong, Rice and Kolter,
"Fast is better than free: revisiting adversarial training", 2020). It costs as much
again as the training step itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from visus.core.seeds import derive_seed
from visus.training.config import AdversarialConfig

Tensor = Any
MOST_LEVEL = 255.0


@dataclass(frozen=True)
class Hardening:
    """How training pictures are made harder.

    Args:
        config: how far, and by how large a step.
        seed: of the run.
    """

    config: AdversarialConfig
    seed: int

    def changed(
        self,
        images: Tensor,
        losses: Callable[[Tensor], Tensor],
        number: Tensor,
        tower: int,
    ) -> Tensor:
        """Pictures within the budget that are harder than these.

        Args:
            images: of 0..255, float32 `(batch, height, width, channels)`.
            losses: from such images to the loss of each `(batch,)`.
            number: of the step, so that a run resumed draws what it would have drawn.
            tower: which part of the step's pictures these are.
        """
        budget = float(self.config.budget)
        low = tf.maximum(images - budget, 0.0)
        high = tf.minimum(images + budget, MOST_LEVEL)
        drawn = tf.random.stateless_uniform(
            tf.shape(images), self._seed(number, tower), -budget, budget
        )
        start = tf.clip_by_value(images + drawn, low, high)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(start)
            loss = tf.reduce_sum(losses(start))
        towards = tf.sign(tape.gradient(loss, start))
        there = start + self.config.step * budget * towards
        return tf.stop_gradient(tf.clip_by_value(there, low, high))

    def _seed(self, number: Tensor, tower: int) -> Tensor:
        run = derive_seed(self.seed, "adversarial", tower)
        return tf.stack([tf.constant(run, tf.int64), tf.cast(number, tf.int64)])

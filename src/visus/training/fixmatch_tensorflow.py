"""FixMatch's arithmetic in TensorFlow's compiled step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from visus.data.augment.draw import draw_changes
from visus.tasks.base import Head
from visus.training.augment_tensorflow import change_images
from visus.training.config import UnlabelledConfig
from visus.training.fixmatch import view_changes
from visus.training.losses_tensorflow import Losses

Tensor = Any


@dataclass(frozen=True)
class Guesses:
    """What the network says of pictures without a label.

    Args:
        labels: int32 `(batch,)`: its answers to the weak views.
        taken: float32 `(batch,)`: 1 where it was sure enough, else 0.
    """

    labels: Tensor
    taken: Tensor

    @property
    def sums(self) -> Tensor:
        """How many were taken, and of how many."""
        offered = tf.cast(tf.size(self.taken), tf.float32)
        return tf.stack([tf.reduce_sum(self.taken), offered])


def surest(head: Head, label_smoothing: float) -> float:
    """The largest probability that softened labels teach.

    With a tenth of ten classes' labels spread out, nothing is surer than 0.91, and a
    floor of 0.95 would never be reached.
    """
    return 1 - label_smoothing * (1 - 1 / head.outputs)


def guess(scores: Tensor, floor: float) -> Guesses:
    """The likeliest class of each picture, and whether it is likely enough.

    Args:
        scores: probabilities of the weak views `(batch, num_classes)`.
        floor: least probability of an answer that passes for a label.
    """
    scores = tf.stop_gradient(scores)
    labels = tf.argmax(scores, axis=-1, output_type=tf.int32)
    sure = tf.reduce_max(scores, axis=-1) >= floor
    return Guesses(labels, tf.cast(sure, tf.float32))


def consistency(
    scores: Tensor, guesses: Guesses, losses: Losses, whole: Tensor
) -> Tensor:
    """The loss of strong views by the answers to weak ones.

    The mean is over all pictures, as the paper has it, not only over those that were
    taken: a few sure ones must not count as much as all.

    Args:
        scores: of the strong views `(batch, num_classes)`.
        guesses: labels for them.
        losses: of each picture by scores and labels.
        whole: unlabelled pictures in the whole step.
    """
    each = losses(scores, guesses.labels, 0.0)
    return tf.reduce_sum(each * guesses.taken) / whole


def view_signature(
    config: UnlabelledConfig, shape: tuple[int, ...]
) -> dict[str, tf.TensorSpec]:
    """What a step gets of pictures without a label, by name; see `Views.arrays`."""
    one = np.zeros((1, 1), dtype=np.uint64)
    specs = {"unlabelled": tf.TensorSpec((None, None, *shape), tf.uint8)}
    for view, changes in view_changes(config).items():
        drawn = draw_changes(changes, shape, one, seed=0, epoch=0)
        for name, array in (drawn.arrays() if drawn else {}).items():
            sizes = (None, None, *array.shape[2:])
            specs[f"{view} {name}"] = tf.TensorSpec(sizes, tf.float32)
    return specs


def view(part: dict[str, Tensor], name: str) -> Tensor:
    """One view of a tower's pictures without a label: images of 0..255, float32."""
    drawn = {
        key.removeprefix(f"{name} "): array
        for key, array in part.items()
        if key.startswith(f"{name} ")
    }
    return change_images(part["unlabelled"], drawn)


def scores_together(
    model: Callable[..., Tensor], first: Tensor, second: Tensor
) -> tuple[Tensor, Tensor]:
    """Scores of two batches in one training pass: they share batch statistics."""
    scores = model(tf.concat([first, second], axis=0), training=True)
    count = tf.shape(first)[0]
    return _rows(scores, slice(None, count)), _rows(scores, slice(count, None))


def _rows(scores: Tensor, rows: slice) -> Tensor:
    some = scores[rows]
    # Keras keeps the logits beside a softmax's output; losses are exact from them.
    logits = getattr(scores, "_keras_logits", None)
    if logits is not None:
        some._keras_logits = logits[rows]
    return some

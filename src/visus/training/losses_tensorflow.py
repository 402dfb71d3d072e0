"""What each kind of head learns by, in TensorFlow; a task chooses its head.

A loss and a figure a picture, `(batch,)`: the loss is what is made small; the figure is
what a person follows meanwhile.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from visus.tasks.base import Head

Tensor = Any
Losses = Callable[[Tensor, Tensor, float], Tensor]
Figures = Callable[[Tensor, Tensor], Tensor]


def losses_of(head: Head) -> Losses:
    """From scores, targets and label smoothing to the loss of each picture."""
    if head.activation == "softmax":
        return _cross_entropy
    if head.activation == "sigmoid":
        return _binary_cross_entropy
    return lambda scores, targets, _: _huber((scores - targets) / head.scale)


def figures_of(head: Head) -> Figures:
    """From scores and targets to 1 for a right answer, or to the absolute error."""
    if head.activation == "softmax":
        return _right_classes
    return _right_labels if head.activation == "sigmoid" else _absolute_error


def _cross_entropy(scores: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
    # Keras keeps the logits beside a softmax's output; from them the loss is exact.
    logits = getattr(scores, "_keras_logits", None)
    if logits is None:
        logits = tf.math.log(tf.clip_by_value(scores, 1e-7, 1.0))
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    if label_smoothing:
        spread = -tf.reduce_mean(tf.nn.log_softmax(logits), axis=-1)
        losses = (1 - label_smoothing) * losses + label_smoothing * spread
    return losses


def _binary_cross_entropy(
    scores: Tensor, targets: Tensor, label_smoothing: float
) -> Tensor:
    """The mean over the labels; smoothing moves them towards a half, as in Keras."""
    logits = getattr(scores, "_keras_logits", None)
    if logits is None:
        clipped = tf.clip_by_value(scores, 1e-7, 1 - 1e-7)
        logits = tf.math.log(clipped) - tf.math.log1p(-clipped)
    labels = targets * (1 - label_smoothing) + label_smoothing / 2
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
    return tf.reduce_mean(losses, axis=-1)


def _huber(errors: Tensor) -> Tensor:
    """Half the square of small errors, linear beyond 1 (Huber, 1964).

    A price with a digit too many must not drown all others.
    """
    size = tf.abs(errors)
    losses = tf.where(size <= 1, errors * errors / 2, size - 0.5)
    return tf.reduce_mean(losses, axis=-1)


def _right_classes(scores: Tensor, targets: Tensor) -> Tensor:
    answers = tf.argmax(scores, axis=-1, output_type=tf.int32)
    return tf.cast(answers == targets, tf.float32)


def _right_labels(scores: Tensor, targets: Tensor) -> Tensor:
    """The share of a picture's labels that are right by a threshold of one half."""
    right = (scores >= 0.5) == (targets >= 0.5)
    return tf.reduce_mean(tf.cast(right, tf.float32), axis=-1)


def _absolute_error(scores: Tensor, targets: Tensor) -> Tensor:
    return tf.reduce_mean(tf.abs(scores - targets), axis=-1)

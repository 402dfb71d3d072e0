"""The losses against Keras's own, and one step of each kind of head against `fit`."""

import numpy as np
import pytest

from visus.data.batches import Batch
from visus.models.backend import select_backend
from visus.tasks.base import Head
from visus.training.config import TrainingConfig
from visus.training.epochs import EpochPlan

select_backend()

GENERATOR = np.random.default_rng(0)
TRUTH = (GENERATOR.random((6, 3)) < 0.5).astype(np.float32)
LOGITS = GENERATOR.normal(0, 3, (6, 3)).astype(np.float32)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("with_logits", [True, False])
def test_labels_learn_by_keras_binary_cross_entropy(smoothing, with_logits):
    import keras

    from visus.training.losses_tensorflow import figures_of, losses_of

    head = Head(3, "sigmoid")
    scores = keras.activations.sigmoid(keras.ops.convert_to_tensor(LOGITS))
    if not with_logits:
        scores = keras.ops.convert_to_tensor(np.asarray(scores))
    expected = keras.losses.binary_crossentropy(
        TRUTH, np.asarray(scores), label_smoothing=smoothing
    )
    losses = losses_of(head)(scores, TRUTH, smoothing)
    assert np.asarray(losses) == pytest.approx(np.asarray(expected), abs=1e-4)
    right = ((np.asarray(scores) > 0.5) == TRUTH).mean(axis=1)
    assert np.asarray(figures_of(head)(scores, TRUTH)) == pytest.approx(right)


def test_numbers_learn_by_hubers_loss_in_spreads():
    import keras

    from visus.training.losses_tensorflow import figures_of, losses_of

    head = Head(1, "linear", scale=50.0, offset=300.0)
    truth = np.array([[300.0], [310.0], [500.0]], np.float32)
    scores = np.array([[300.0], [280.0], [260.0]], np.float32)
    expected = keras.losses.huber(truth / 50, scores / 50, delta=1.0)
    losses = losses_of(head)(scores, truth, 0.0)
    assert np.asarray(losses) == pytest.approx(np.asarray(expected))
    assert np.asarray(figures_of(head)(scores, truth)).tolist() == [0, 30, 240]


def test_what_knows_nothing_loses_about_what_is_said():
    standard = np.abs(np.random.default_rng(1).standard_normal(100_000))
    huber = np.where(standard < 1, standard**2 / 2, standard - 0.5).mean()
    assert huber < Head(1, "linear").ignorant_loss < 1.3 * huber
    assert Head(10).ignorant_loss == pytest.approx(np.log(10))
    assert Head(10, "sigmoid").ignorant_loss == pytest.approx(np.log(2))


@pytest.mark.parametrize("towers", [1, 2])
@pytest.mark.parametrize("kind", ["sigmoid", "linear"])
def test_steps_are_the_arithmetic_of_keras_fit(kind, towers):
    import keras

    from visus.training.optimizers import build_optimizer
    from visus.training.steps_tensorflow import TensorFlowSteps

    head = Head(3, "sigmoid") if kind == "sigmoid" else Head(1, "linear", 4.0, 2.0)
    config = TrainingConfig(
        optimizer="adam", schedule="constant", warmup_share=0.0, batch_size=16
    )
    pixels = GENERATOR.integers(0, 256, (48, 8, 8, 1), dtype=np.uint8)
    targets = GENERATOR.integers(0, 2, (48, head.outputs)).astype(np.float32)
    weights = GENERATOR.uniform(0.5, 2, 48).astype(np.float32)
    pictures = Batch(pixels, targets, weights, tuple(map(str, range(48))))
    plan = EpochPlan(pictures, config, 3, 0, 16, None)

    def network():
        keras.utils.set_random_seed(1)
        images = keras.Input((8, 8, 1))
        x = keras.layers.Flatten()(images)
        last = "sigmoid" if kind == "sigmoid" else None
        x = keras.layers.Dense(head.outputs, activation=last)(x)
        if kind == "linear":
            x = keras.layers.Rescaling(4.0, 2.0)(x)
        return keras.Model(images, x)

    ours, theirs = network(), network()
    steps = TensorFlowSteps(ours, config, scaling="unit", towers=towers, head=head)
    steps.train(plan.work(plan.order(), 0, 1))
    rows = plan.order()[0]
    images = pixels[rows].astype(np.float32) / 255
    # Keras divides by the number of pictures, we by their weight.
    counts = weights[rows] * len(rows) / weights[rows].sum()
    loss = (
        "binary_crossentropy"
        if kind == "sigmoid"
        else lambda t, s: keras.losses.huber(t / 4.0, s / 4.0)
    )
    theirs.compile(build_optimizer(config), loss)
    theirs.fit(
        images,
        targets[rows],
        sample_weight=counts,
        batch_size=16,
        shuffle=False,
        verbose=0,
    )
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert mine == pytest.approx(other, abs=2e-5)
    assert steps.training_totals().weight == pytest.approx(weights[rows].sum())

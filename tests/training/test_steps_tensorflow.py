"""The compiled steps against Keras's own `fit` and against NumPy."""

from dataclasses import replace

import numpy as np
import pytest

from visus.core.progress import SilentProgress
from visus.data.augment.apply import apply_draw
from visus.models.backend import select_backend
from visus.training.epochs import EpochPlan
from visus.training.fit import fit

select_backend()


def engine(model, config, towers=1):
    from visus.training.steps_tensorflow import TensorFlowSteps

    return TensorFlowSteps(model, config, scaling="unit", towers=towers)


def plain_network(seed=0):
    import keras

    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )


def plan_of(lesson, **changes):
    values = {
        "pictures": lesson.train,
        "config": lesson.config,
        "seed": lesson.seed,
        "epoch": 0,
        "batch_size": lesson.config.batch_size,
        "class_weights": lesson.class_weights,
    }
    return EpochPlan(**values | changes)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("towers", [1, 2])
def test_steps_are_the_arithmetic_of_keras_fit(lesson, optimizer, towers):
    from visus.training.optimizers import build_optimizer

    task = lesson(optimizer=optimizer, schedule="constant", warmup_share=0.0)
    plan = plan_of(task)
    ours, theirs = plain_network(), plain_network()
    steps = engine(ours, task.config, towers)
    steps.train(plan.work(plan.order(), 0, 4))
    theirs.compile(build_optimizer(task.config), "sparse_categorical_crossentropy")
    rows = plan.order()[:4].ravel()
    images = task.train.pixels[rows].astype(np.float32) / 255
    theirs.fit(
        images, task.train.targets[rows], batch_size=16, shuffle=False, verbose=0
    )
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert mine == pytest.approx(other, abs=2e-5)


def test_many_steps_at_once_are_the_steps_one_by_one(lesson, network):
    task = lesson(ema_decay=0.9, optimizer="muon")
    plan = plan_of(task)
    together, single = (engine(network(), task.config) for _ in range(2))
    together.train(plan.work(plan.order(), 0, 5))
    for number in range(5):
        single.train(plan.work(plan.order(), number, 1))
    for name, array in together.state().items():
        assert np.array_equal(array, single.state()[name]), name


def test_a_state_put_back_goes_on_bit_for_bit(lesson, network):
    task = lesson(ema_decay=0.9)
    plan = plan_of(task)
    steps = engine(network(), task.config, towers=2)
    steps.train(plan.work(plan.order(), 0, 2))
    state = steps.state()
    steps.train(plan.work(plan.order(), 2, 3))
    other = engine(network(), task.config, towers=2)
    other.restore(state)
    other.train(plan.work(plan.order(), 2, 3))
    for name, array in steps.state().items():
        assert np.array_equal(array, other.state()[name]), name


def test_padding_counts_for_nothing(lesson):
    task = lesson(batch_size=40)
    steps = engine(plain_network(), task.config)
    plan = plan_of(task)
    steps.train(plan.work(plan.order(), 0, plan.steps))
    assert steps.training_totals().weight == 90
    totals = steps.evaluate(task.validation, 16)
    assert totals.weight == 30


def test_evaluation_is_what_numpy_says(lesson):
    from visus.tasks.metrics import accuracy, log_loss

    task = lesson()
    model = plain_network()
    totals = engine(model, task.config).evaluate(task.validation, 16)
    scores = model(task.validation.pixels.astype(np.float32) / 255).numpy()
    assert totals.mean_loss == pytest.approx(log_loss(scores, task.validation.targets))
    assert totals.mean_figure == accuracy(scores, task.validation.targets)


def test_label_smoothing_is_cross_entropy_with_softened_labels(lesson):
    import keras

    task = lesson(label_smoothing=0.2, schedule="constant", learning_rate=1e-9)
    model = plain_network()
    plan = plan_of(task)
    scores = model(task.train.pixels[plan.order()[0]].astype(np.float32) / 255).numpy()
    labels = keras.ops.one_hot(task.train.targets[plan.order()[0]], 2)
    expected = keras.losses.categorical_crossentropy(
        labels, scores, label_smoothing=0.2
    )
    steps = engine(model, task.config)
    steps.train(plan.work(plan.order(), 0, 1))
    assert steps.training_totals().mean_loss == pytest.approx(
        float(np.mean(expected)), abs=1e-4
    )


def test_averaged_weights_are_the_ramped_mean(lesson):
    task = lesson(ema_decay=0.5, optimizer="sgd")
    model = plain_network()
    steps = engine(model, task.config)
    plan = plan_of(task)
    expected = model.get_weights()[0]
    for number in range(4):
        steps.train(plan.work(plan.order(), number, 1))
        decay = min(0.5, (2 + number) / (11 + number))
        expected = decay * expected + (1 - decay) * model.get_weights()[0]
    assert steps.weights()["0000"] == pytest.approx(expected, abs=1e-6)


def test_class_weights_weigh(lesson):
    from dataclasses import replace

    task = lesson(learning_rate=1e-9)
    blind = replace(task, class_weights=np.array([0, 1], dtype=np.float32))
    steps = engine(plain_network(), task.config)
    plan = plan_of(blind)
    steps.train(plan.work(plan.order(), 0, plan.steps))
    assert steps.training_totals().weight == (task.train.targets == 1).sum()


def test_every_optimizer_learns(lesson, network):
    for optimizer, rate in (
        ("sgd", 0.05),
        ("rmsprop", 0.003),
        ("adam", 0.01),
        ("adamw", 0.01),
        ("muon", 0.02),
    ):
        task = lesson(optimizer=optimizer, learning_rate=rate, epochs=6)
        steps = engine(network(), task.config)
        history = fit(steps, task, run=None, progress=SilentProgress())
        assert history.epochs[-1].validation_accuracy > 0.9, optimizer


@pytest.mark.parametrize("augment", [{"mixup": 1.0}, {"cutmix": 1.0}])
def test_mixed_pictures_have_mixed_labels(lesson, augment):
    task = lesson(augment=augment)
    plan = plan_of(task)
    work = replace(plan.work(plan.order(), 0, 1), rates=np.zeros(1, dtype=np.float32))
    steps = engine(plain_network(), task.config)
    steps.train(work)
    images = apply_draw(work.pixels, work.draw)[0] / 255
    scores = np.asarray(plain_network()(images))
    own, other = work.targets[0], np.roll(work.targets[0], -1)
    label = np.zeros((len(own), 2))
    np.add.at(label, (np.arange(len(own)), own), work.draw.share[0])
    np.add.at(label, (np.arange(len(own)), other), 1 - work.draw.share[0])
    expected = -(label * np.log(scores)).sum(axis=1).mean()
    assert steps.training_totals().mean_loss == pytest.approx(expected, abs=1e-4)


def test_gradients_of_many_towers_are_added_in_one_order():
    import tensorflow as tf

    from visus.training.steps_tensorflow import _added

    # Numbers of which another order gives another sum.
    parts = [np.float32(value) * np.ones(3, np.float32) for value in (1e8, 1.5, -1e8)]
    parts.append(np.full(3, 0.3, np.float32))
    in_order = ((parts[0] + parts[1]) + parts[2]) + parts[3]
    other = parts[1] + (parts[0] + parts[2]) + parts[3]
    assert not np.array_equal(in_order, other)
    added = tf.function(_added)
    assert all(np.array_equal(added(parts), in_order) for _ in range(5))

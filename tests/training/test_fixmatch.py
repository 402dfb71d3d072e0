"""Learning from pictures without a label: what counts, when."""

from dataclasses import replace

import numpy as np
import pytest

from pictures import striped
from visus.core.progress import SilentProgress
from visus.core.run import Run
from visus.core.settings import Settings
from visus.data.augment.apply import apply_draw
from visus.data.batches import Batch
from visus.models.backend import select_backend
from visus.training.config import TrainingConfig
from visus.training.fit import Lesson, fit
from visus.training.fixmatch import plan_epoch, steps_an_epoch, view_changes

select_backend()

CHANGES = {"kind": "characters", "strong": 5}


class Config(Settings):
    name: str = "x"


@pytest.fixture
def task(lesson):
    """Makes a lesson of 10 labelled pictures and 80 without a label."""

    def make(**settings):
        views = {**CHANGES, **settings.pop("unlabelled", {})}
        whole = lesson(unlabelled=views, **settings)
        rows = np.arange(90)
        return replace(
            whole,
            train=whole.train.take(rows[:10]),
            unlabelled=whole.train.take(rows[10:]),
        )

    return make


def as_batch(pixels, labels):
    targets = (labels == "upright").astype(np.int32)
    ids = tuple(map(str, range(len(labels))))
    return Batch(pixels[..., None], targets, np.ones(len(labels), np.float32), ids)


def plain_network(pooling=1):
    """Without pooling nothing hangs on which of two equal values is larger."""
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.MaxPooling2D(pooling),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )


def engine(model, task, towers=2):
    from visus.training.steps_tensorflow import TensorFlowSteps

    views = task.config.unlabelled if task.unlabelled is not None else None
    return TensorFlowSteps(
        model, task.config, scaling="unit", towers=towers, unlabelled=views
    )


def plan_of(task, epoch=0, unlabelled=True, batch_size=5):
    return plan_epoch(
        task.unlabelled if unlabelled else None,
        pictures=task.train,
        config=task.config,
        seed=task.seed,
        epoch=epoch,
        batch_size=batch_size,
        class_weights=None,
    )


def trained(network, task, run=None, progress=None):
    model = network()
    steps = engine(model, task)
    return model, fit(steps, task, run=run, progress=progress or SilentProgress())


@pytest.mark.parametrize("towers", [1, 2])
def test_a_step_is_that_of_the_formula(task, towers):
    import keras

    settings = {"optimizer": "sgd", "momentum": 0.0, "schedule": "constant"}
    settings["warmup_share"] = 0.0
    plan = plan_of(task(**settings))
    work = plan.work(plan.order(), 0, 1)
    weak, strong = (
        apply_draw(work.views.pixels, draw)[0] / 255
        for draw in (work.views.weak, work.views.strong)
    )
    model, peer = plain_network(), plain_network()
    answers = np.asarray(peer(weak))
    # Between two of them, so that rounding decides nothing.
    floor = float(np.sort(answers.max(axis=1))[9:11].mean())
    taken = answers.max(axis=1) >= floor
    assert taken.sum() == 10
    views = {"floor": floor, "weight": 0.7}
    lesson = task(**settings, unlabelled=views)
    steps = engine(model, lesson, towers)
    steps.train(work)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        crossed = keras.losses.sparse_categorical_crossentropy
        loss = tf.reduce_mean(crossed(work.targets[0], peer(work.pixels[0] / 255.0)))
        others = crossed(answers.argmax(axis=1), peer(strong))
        loss += 0.7 * tf.reduce_sum(others * taken) / len(taken)
        variables = [variable.value for variable in peer.trainable_variables]
    gradients = tape.gradient(loss, variables)
    for variable, gradient in zip(peer.trainable_variables, gradients, strict=True):
        variable.assign(variable.value - lesson.config.learning_rate * gradient)
    for ours, theirs in zip(model.get_weights(), peer.get_weights(), strict=True):
        assert ours == pytest.approx(theirs, abs=2e-5)
    totals = steps.training_totals()
    assert totals.taken_share == pytest.approx(taken.mean())
    assert totals.weight == 5


def test_what_is_not_sure_does_not_count(task):
    lesson = task(unlabelled={"floor": 1.0}, augment={"shift": 0.1})
    plan, alone = plan_of(lesson), plan_of(lesson, unlabelled=False)
    # One step: afterwards the labelled pictures come in another order.
    work = plan.work(plan.order(), 0, 1)
    model, peer = plain_network(), plain_network()
    engine(model, lesson).train(work)
    assert alone.work(alone.order(), 0, 1).views is None
    engine(peer, replace(lesson, unlabelled=None)).train(replace(work, views=None))
    for ours, theirs in zip(model.get_weights(), peer.get_weights(), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)


def test_every_unlabelled_picture_comes_once_an_epoch(task):
    lesson = task(augment={"rotate": 10})
    plan = plan_of(lesson)
    assert (
        plan.steps
        == steps_an_epoch(10, 80, lesson.config.model_copy(update={"batch_size": 5}))
        == 4
    )
    work = plan.work(plan.order(), 0, 4)
    seen = work.views.pixels.reshape(-1, 256)
    assert {row.tobytes() for row in seen} == {
        picture.tobytes() for picture in lesson.unlabelled.pixels
    }
    # 20 places for 10 labelled pictures: each twice, and each changed anew.
    assert (work.weights == 1).all()
    order = plan.order()
    assert sorted(order.ravel()) == sorted([*range(10)] * 2)
    draws = work.draw.transforms.reshape(-1, 6)
    places = [np.flatnonzero(order.ravel() == row) for row in range(10)]
    assert all((draws[a] != draws[b]).any() for a, b in places)


def test_views_hang_on_the_epoch_and_the_picture_alone(task):
    lesson = task()
    plan = plan_of(lesson)
    whole = plan.work(plan.order(), 0, 4).views
    part = plan.work(plan.order(), 2, 2).views
    for name, array in part.arrays().items():
        assert np.array_equal(array, whole.arrays()[name][2:]), name
    other = plan_of(lesson, epoch=1).work(plan.order(), 0, 4).views
    assert not np.array_equal(whole.strong.transforms, other.strong.transforms)
    assert not np.array_equal(whole.strong.transforms, whole.weak.transforms)


def test_no_view_is_a_mix_and_only_the_strong_one_has_holes():
    from visus.training.config import UnlabelledConfig

    changes = view_changes(UnlabelledConfig(kind="photographs"))
    for view in changes.values():
        assert not (view.mixup or view.cutmix)
    assert changes["strong"].cutout > changes["weak"].cutout == 0
    assert changes["strong"].rotate > changes["weak"].rotate > 0


@pytest.mark.parametrize("after", [1, 4])
def test_an_interrupted_run_ends_as_if_it_never_was(task, network, tmp_path, after):
    class Interrupts(SilentProgress):
        left = after

        def advance(self, amount=1, **figures):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

    views = {"floor": 0.6}
    lesson = task(ema_decay=0.9, checkpoint_seconds=0, unlabelled=views)
    whole, history = trained(network, lesson)
    run = Run.create(tmp_path / "run", Config())
    with pytest.raises(KeyboardInterrupt):
        trained(network, lesson, run, Interrupts())
    resumed, again = trained(network, lesson, run)
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        assert np.array_equal(a, b)
    told = [(e.loss, e.taken) for e in history.epochs]
    assert [(e.loss, e.taken) for e in again.epochs] == told
    assert all(0 <= entry.taken <= 1 for entry in history.epochs)


def test_pictures_without_a_label_make_up_for_labels():
    def pictures(count, first):
        pixels = [striped(row % 2 == 0, first + row) for row in range(count)]
        labels = np.array(["across", "upright"] * (count // 2))
        return as_batch(np.stack(pixels), labels)

    def accuracy(unlabelled, epochs):
        settings = {"epochs": epochs, "batch_size": 2, "learning_rate": 0.01}
        views = {"kind": "characters", "floor": 0.8}
        config = TrainingConfig(**settings, preflight=False, unlabelled=views)
        ones = np.ones(2, dtype=np.float32)
        task = Lesson(pictures(2, 1000), held, ones, config, 0, unlabelled)
        steps = engine(plain_network(2), task, towers=1)
        history = fit(steps, task, run=None, progress=SilentProgress())
        assert steps.steps_done() == 100
        return history.epochs[-1].validation_accuracy

    held = pictures(200, 3000)
    # Two labels; 80 more pictures are ten steps an epoch. From four first weights the
    # gain was 0.15 to 0.36.
    assert accuracy(pictures(80, 0), 10) > accuracy(None, 100) + 0.1

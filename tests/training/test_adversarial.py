"""Adversarial training: the step's pictures in closed form, resumed bit for bit."""

import numpy as np
import pytest

from visus.core.progress import SilentProgress
from visus.evaluation.robustness.attacks import Attacker, Attacks, Victim
from visus.models.backend import select_backend
from visus.models.opened import OpenedNetwork
from visus.training.config import AdversarialConfig
from visus.training.epochs import EpochPlan
from visus.training.fit import fit

select_backend()

BUDGET = 60


def engine(model, config, towers=1, seed=3):
    from visus.training.steps_tensorflow import TensorFlowSteps

    return TensorFlowSteps(model, config, scaling="unit", towers=towers, seed=seed)


def first_epoch(task):
    return EpochPlan(
        pictures=task.train,
        config=task.config,
        seed=task.seed,
        epoch=0,
        batch_size=task.config.batch_size,
        class_weights=task.class_weights,
    )


def hardened(images, config=None, number=0, tower=0, seed=1):
    """Pictures whose every value makes the loss rise where its sign says."""
    import tensorflow as tf

    from visus.training.adversarial_tensorflow import Hardening

    signs = np.where(np.arange(images[0].size) % 2, 1.0, -1.0).astype(np.float32)
    signs = signs.reshape(images.shape[1:])
    config = config or AdversarialConfig(budget=BUDGET)
    found = Hardening(config, seed).changed(
        tf.constant(images),
        lambda given: tf.reduce_sum(given * signs, axis=(1, 2, 3)),
        tf.constant(number),
        tower,
    )
    return np.asarray(found), signs


@pytest.fixture
def images():
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (5, 6, 6, 1)).astype(np.float32)


def test_a_long_step_reaches_the_worst_picture_from_any_start(images):
    found, signs = hardened(images, AdversarialConfig(budget=BUDGET, step=2.0))
    worst = np.clip(images + BUDGET * signs, 0, 255)
    np.testing.assert_allclose(found, worst)


def test_a_short_step_stays_within_the_budget_and_goes_the_right_way(images):
    found, signs = hardened(images, AdversarialConfig(budget=BUDGET, step=0.5))
    assert np.abs(found - images).max() <= BUDGET + 1e-4
    assert found.min() >= 0 and found.max() <= 255
    # Starts differ by chance; on average they go half a budget along the signs.
    inside = (images > BUDGET) & (images < 255 - BUDGET)
    gone = ((found - images) * signs)[inside]
    assert gone.mean() > 0.3 * BUDGET and gone.std() > 0


def test_starts_hang_on_seed_step_and_tower_alone(images):
    config = AdversarialConfig(budget=BUDGET, step=0.1)
    one, _ = hardened(images, config)
    np.testing.assert_array_equal(one, hardened(images, config)[0])
    for other in ({"number": 1}, {"tower": 1}, {"seed": 2}):
        assert (hardened(images, config, **other)[0] != one).any()


def test_a_state_put_back_goes_on_bit_for_bit(lesson, network):
    task = lesson(ema_decay=0.9, adversarial={"budget": BUDGET})
    plan = first_epoch(task)
    steps = engine(network(), task.config, towers=2)
    steps.train(plan.work(plan.order(), 0, 2))
    state = steps.state()
    steps.train(plan.work(plan.order(), 2, 3))
    other = engine(network(), task.config, towers=2)
    other.restore(state)
    other.train(plan.work(plan.order(), 2, 3))
    for name, array in steps.state().items():
        assert np.array_equal(array, other.state()[name]), name


def test_it_learns_to_withstand_attacks(lesson, network):
    def withstood(**chosen):
        task = lesson(epochs=12, augment={}, **chosen)
        model = network(dropout=0.0)
        fit(engine(model, task.config), task, run=None, progress=SilentProgress())
        opened, test = OpenedNetwork(model, "unit"), task.validation

        def answer(pixels):
            return np.asarray(model(opened.images(pixels), training=False)), None

        def gradient(pixels, targets):
            return opened.loss_gradients(opened.images(pixels), targets)

        attacks = Attacks(("pgd",), budget=BUDGET, steps=5, starts=1)
        victim = Victim(answer, gradient)
        attacker = Attacker(victim, test.pixels, test.targets, attacks)
        return (attacker.fight("pgd").answers == test.targets).mean()

    hard = {"adversarial": {"budget": BUDGET}}
    assert withstood(**hard) > withstood() + 0.2

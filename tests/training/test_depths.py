"""How far down a network learns, and how much more slowly its lower layers do."""

import numpy as np
import pytest

from visus.models.backend import select_backend
from visus.training.epochs import EpochPlan

select_backend()


@pytest.fixture
def deep():
    """Makes a network of sixteen layers with weights."""
    import keras

    def make():
        keras.utils.set_random_seed(0)
        x = images = keras.Input((16, 16, 1))
        x = keras.layers.Flatten()(x)
        for number in range(15):
            x = keras.layers.Dense(6, activation="tanh", name=f"layer{number}")(x)
        scores = keras.layers.Dense(2, activation="softmax", name="scores")(x)
        return keras.Model(images, scores)

    return make


def one_step(model, lesson, **settings):
    """How far each variable of the network moves in one step, by its path."""
    from visus.training.steps_tensorflow import TensorFlowSteps

    taught = lesson(schedule="constant", warmup_share=0.0, **settings)
    steps = TensorFlowSteps(model, taught.config, scaling="unit", towers=2)
    plan = EpochPlan(taught.train, taught.config, 3, 0, 16, taught.class_weights)
    before = [variable.numpy() for variable in model.variables]
    steps.train(plan.work(plan.order(), 0, 1))
    moved = {
        variable.path: variable.numpy() - old
        for variable, old in zip(model.variables, before, strict=True)
    }
    steps.finish(steps.weights())
    return moved


def test_rates_fall_by_eighths_of_the_depth(deep):
    from visus.training.depths import slower_rates

    rates = {v.path: share for v, share in slower_rates(deep(), 0.5)}
    shares = [rates.get(f"layer{number}/kernel", 1.0) for number in range(15)]
    assert "scores/kernel" not in rates
    assert shares[14] == 1.0
    assert shares[12:14] == [0.5, 0.5]
    assert shares[:2] == [0.5**7, 0.5**7]
    assert slower_rates(deep(), 1.0) == []


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "muon"])
def test_a_slower_layer_takes_its_share_of_the_same_step(deep, lesson, optimizer):
    settings = {"optimizer": optimizer, "weight_decay": 0.1, "learning_rate": 0.1}
    whole = one_step(deep(), lesson, **settings)
    slower = one_step(deep(), lesson, depth_decay=0.5, **settings)
    for path, share in [("scores", 1), ("layer12", 0.5), ("layer6", 0.5**4)]:
        expected = share * whole[f"{path}/kernel"]
        # Weights of about one, of whose small changes the last digits are rounded.
        np.testing.assert_allclose(slower[f"{path}/kernel"], expected, atol=3e-7)
        assert np.abs(expected).max() > 1e-5


def test_layers_below_do_not_move_and_may_learn_again_afterwards(deep, lesson):
    model = deep()
    moved = one_step(model, lesson, learning_share=0.25)
    for number in range(12):
        assert not moved[f"layer{number}/kernel"].any()
    for name in ("layer12", "layer14", "scores"):
        assert moved[f"{name}/kernel"].any()
    assert all(layer.trainable for layer in model.layers)


def test_at_least_the_last_layer_learns(deep):
    from visus.training.depths import freeze_lower_layers, layers_that_learn

    model = deep()
    assert len(freeze_lower_layers(model, 0.01)) == 15
    assert [layer.name for layer in layers_that_learn(model)] == ["scores"]
    assert freeze_lower_layers(deep(), 1.0) == []


def test_networks_in_networks_are_opened():
    import keras

    from visus.training.depths import layers_that_learn

    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="inner")])
    outer = keras.Sequential(
        [keras.Input((4,)), inner, keras.layers.Dense(2, name="outer")]
    )
    assert [layer.name for layer in layers_that_learn(outer)] == ["inner", "outer"]

"""Keras optimizers from settings; the learning rate of each step is set by the loop."""

from typing import TYPE_CHECKING

from visus.training.config import TrainingConfig

if TYPE_CHECKING:
    import keras


def build_optimizer(config: TrainingConfig) -> "keras.optimizers.Optimizer":
    """The update rule of the settings, with Keras's own defaults for the rest."""
    from keras import optimizers

    rate, decay = config.learning_rate, config.weight_decay or None
    if config.optimizer == "sgd":
        return optimizers.SGD(
            rate, momentum=config.momentum, nesterov=True, weight_decay=decay
        )
    if config.optimizer == "rmsprop":
        return optimizers.RMSprop(rate, weight_decay=decay)
    if config.optimizer == "adam":
        return optimizers.Adam(rate, weight_decay=decay)
    if config.optimizer == "muon":
        from visus.training.muon import Muon

        return Muon(
            rate,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
            adam_weight_decay=config.weight_decay,
        )
    return optimizers.AdamW(rate, weight_decay=config.weight_decay)

"""Networks that have learned nothing: the numbers of every kernel in another order."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from visus.core.seeds import random_generator
from visus.models.opened import OpenedNetwork

Floats = NDArray[np.float32]


class ShuffledNetworks:
    """A network's shuffled forms, one at a time.

    They are one copy, which is given other numbers, so that Keras opens it and
    TensorFlow compiles it once: both take longer than most explanations.

    Args:
        opened: the network, which stays as it is.

    Example:
        >>> networks = ShuffledNetworks(opened)               # doctest: +SKIP
        >>> networks.of(1).logits(images)                     # doctest: +SKIP
    """

    def __init__(self, opened: OpenedNetwork) -> None:
        self._opened = opened
        self._seed: int | None = None

    def of(self, seed: int) -> OpenedNetwork:
        """The form of this seed; what was given before becomes it too."""
        if seed != self._seed:
            weights = self._opened.model.get_weights()
            self._copy.model.set_weights(
                [_stirred(w, seed, number) for number, w in enumerate(weights)]
            )
            self._seed = seed
        return self._copy

    @cached_property
    def _copy(self) -> OpenedNetwork:
        import keras

        copy = keras.models.clone_model(self._opened.model)
        return OpenedNetwork(copy, self._opened.scaling)


def _stirred(weights: Floats, seed: int, number: int) -> Floats:
    # Biases and statistics stay: what is learned lies in the kernels.
    if np.ndim(weights) < 2:
        return weights
    draws = random_generator(seed, "shuffled-network", number)
    return draws.permutation(weights.reshape(-1)).reshape(weights.shape)

"""What every network family offers: settings, scaling, and a Keras model."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from visus.core.settings import Settings
from visus.data.preprocess import Scaling
from visus.tasks.base import Activation

if TYPE_CHECKING:
    import keras


AnySettings = TypeVar("AnySettings", bound=Settings)


class NoSettings(Settings):
    """For families without choices."""


class NetworkFamily(ABC, Generic[AnySettings]):
    """One kind of network.

    Attributes:
        settings_class: what `--set network.NAME=value` may choose.
        scaling: how uint8 pixels become what the network takes.
        image_size: `(height, width)` for pictures of many or large sizes.
    """

    settings_class: ClassVar[type[Settings]] = NoSettings
    scaling: ClassVar[Scaling] = "unit"
    image_size: ClassVar[tuple[int, int]] = (96, 96)

    @classmethod
    @abstractmethod
    def build(
        cls,
        input_shape: tuple[int, int, int],
        num_outputs: int,
        settings: AnySettings,
        activation: Activation = "softmax",
    ) -> "keras.Model":
        """Make the network, with random weights.

        Args:
            input_shape: `(height, width, channels)`.
            num_outputs: how many scores it gives.
            settings: an instance of `settings_class`.
            activation: of the last layer: softmax for classes, sigmoid for labels,
                linear for a number.

        Returns:
            images `(batch, height, width, channels)` to scores `(batch, num_outputs)`.
        """

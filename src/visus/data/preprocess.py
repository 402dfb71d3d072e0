"""PreprocessSpec, and the one function that brings pixels to a network's size."""

from typing import Literal

from pydantic import Field

from visus.core.settings import Settings
from visus.data.config import Fit, Interpolation

Scaling = Literal["unit", "signed", "none"]


class PreprocessSpec(Settings):
    """How a decoded picture becomes a network's input; saved inside the bundle.

    `scaling` happens inside the ONNX graph and the training step, after this room:
    unit is 0..1, signed is -1..1, none is 0..255.
    """

    image_size: tuple[int, int] = Field(description="height and width in pixels")
    channels: Literal[1, 3] = Field(description="1 is gray, 3 is red, green, blue")
    fit: Fit = "squash"
    interpolation: Interpolation = "area"
    scaling: Scaling = "unit"

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)`."""
        return (*self.image_size, self.channels)

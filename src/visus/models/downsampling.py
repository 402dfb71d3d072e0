"""The ways of making a picture smaller that the course compares."""

from typing import Any, Literal

from keras import layers
from pydantic import Field

from visus.core.settings import Settings


class PoolingSettings(Settings):
    """How a convnet halves its pictures."""

    pooling: Literal["max", "average", "stride"] = Field(
        "max", description="max or average of 2 by 2, or a stride of 2 before it"
    )


def convolution_and_pooling(images: Any, filters: int, pooling: str) -> Any:
    """A 3 by 3 convolution with ReLU, then half the height and width."""
    if pooling == "stride":
        return layers.Conv2D(filters, 3, strides=2, activation="relu")(images)
    images = layers.Conv2D(filters, 3, activation="relu")(images)
    if pooling == "average":
        return layers.AveragePooling2D(2)(images)
    return layers.MaxPooling2D(2)(images)

"""What can be chosen about the pictures; field descriptions are the reference."""

from typing import Literal

from pydantic import Field

from visus.core.settings import Settings

Color = Literal["auto", "gray", "rgb"]
Fit = Literal["crop", "pad", "squash"]
TaskKind = Literal["auto", "single-label", "multi-label", "numeric"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "area"]


class DataConfig(Settings):
    """Which pictures, at what size, and how they are split."""

    image_size: tuple[int, int] | None = Field(
        None, description="height and width in pixels; unset: the network's choice"
    )
    color: Color = Field("auto", description="auto: gray only if all pictures are")
    fit: Fit = Field("squash", description="how a picture becomes image_size")
    interpolation: Interpolation = Field("area", description="how pixels are resized")
    validation_share: float = Field(
        0.1, ge=0, lt=1, description="share of the training pictures held for choices"
    )
    split_seed: int = Field(
        0, ge=0, description="another value draws other splits; runs share one"
    )
    test_share: float = Field(
        0.2, ge=0, lt=1, description="share held for the test when none is given"
    )
    target: str | None = Field(
        None, description="column of what is to be learned; unset: the source's own"
    )
    task: TaskKind = Field(
        "auto", description="what a target is; auto: numbers, several labels, or one"
    )
    group: str | None = Field(
        None, description="column of what no split may tear apart, such as a patient"
    )
    allow: tuple[str, ...] = Field(
        (), description="checks of `visus audit` that may not stop a training"
    )
    allow_leak: bool = Field(
        False, description="train although the given test shares pictures or groups"
    )


class AugmentConfig(Settings):
    """How training pictures are changed; zero or false switches a change off."""

    flip: bool = Field(False, description="mirror left and right, every other time")
    shift: float = Field(0.0, ge=0, le=0.5, description="largest move, share of side")
    rotate: float = Field(0.0, ge=0, le=180, description="largest turn, degrees")
    zoom: float = Field(0.0, ge=0, lt=1, description="largest change of scale, share")
    stretch: float = Field(0.0, ge=0, lt=1, description="largest change of aspect")
    brightness: float = Field(0.0, ge=0, lt=1, description="largest change, share")
    contrast: float = Field(0.0, ge=0, lt=1, description="largest change, share")
    saturation: float = Field(0.0, ge=0, lt=1, description="largest change, share")
    cutout: float = Field(0.0, ge=0, lt=1, description="blank square, share of side")
    mixup: float = Field(0.0, ge=0, description="Beta(a, a) of mixing pairs; 0 is off")

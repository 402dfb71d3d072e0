"""What can be chosen about the pictures; field descriptions are the reference."""

from typing import Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from visus.core.settings import Settings
from visus.data.augment.policies import (
    KINDS,
    RANGES,
    STRONGEST,
    SWITCHES,
    Kind,
    policy_values,
)

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
    validation_share: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="share of the training pictures held for choices, where no "
        "validation is given; unset: the recipe's, or 0.1",
    )
    memory_gigabytes: float = Field(
        2.0,
        ge=0,
        description="prepared pictures above this are read from disk as batches need "
        "them; below, at once",
    )
    split_seed: int = Field(
        0, ge=0, description="another value draws other splits; runs share one"
    )
    test_share: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="share held for the test where none is given; unset: 0.2",
    )
    fold: tuple[int, int] | None = Field(
        None, description="test on one part: which, of how many; --folds sets it"
    )
    target: str | None = Field(
        None, description="column of what is to be learned; unset: the source's own"
    )
    task: TaskKind = Field(
        "auto", description="what a target is; auto: numbers, several labels, or one"
    )
    unlabelled: str | None = Field(
        None, description="pictures without a label that are learned from too"
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

    strength: float | None = Field(
        None,
        ge=0,
        le=STRONGEST,
        strict=True,
        description="0 to 10: one number for every range below that is not given",
    )
    kind: Kind = Field(
        "photographs", description="what strength is for; unset: the recipe's kind"
    )
    flip: bool = Field(False, description="mirror left and right, every other epoch")
    upside_down: bool = Field(
        False, description="mirror top and bottom, every other time"
    )
    quarter_turns: bool = Field(
        False, description="turn by 0, 90, 180 or 270 degrees; for square pictures"
    )
    shift: float = Field(0.0, ge=0, le=0.5, description="largest move, share of side")
    rotate: float = Field(0.0, ge=0, le=180, description="largest turn, degrees")
    shear: float = Field(0.0, ge=0, le=60, description="largest slant, degrees")
    zoom: float = Field(0.0, ge=0, lt=1, description="largest change of scale, share")
    stretch: float = Field(0.0, ge=0, lt=1, description="largest change of aspect")
    brightness: float = Field(0.0, ge=0, lt=1, description="largest change, share")
    contrast: float = Field(0.0, ge=0, lt=1, description="largest change, share")
    saturation: float = Field(0.0, ge=0, lt=1, description="largest change, share")
    noise: float = Field(
        0.0,
        ge=0,
        le=1,
        description="largest standard deviation, share of 255; its grain is drawn too, "
        "from a pixel to the whole picture",
    )
    cutout: float = Field(0.0, ge=0, lt=1, description="blank square, share of side")
    mixup: float = Field(0.0, ge=0, description="Beta(a, a) of mixing pairs; 0 is off")
    cutmix: float = Field(
        0.0, ge=0, description="Beta(a, a) of pasting; with mixup, each for a half"
    )

    @property
    def changes_anything(self) -> bool:
        """Whether any change is on."""
        return any(getattr(self, name) for name in (*RANGES, *SWITCHES))

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any) -> Any:
        return (
            {**_by_strength(values), **values} if isinstance(values, dict) else values
        )

    @model_serializer(mode="wrap")
    def _leave_out(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # What strength says is not written down, or another strength laid over a
        # written file would change nothing.
        said: dict[str, Any] = serialize(self)
        implied = _by_strength(said)
        return {
            name: value
            for name, value in said.items()
            if name not in implied or implied[name] != value
        }


def _by_strength(values: dict[str, Any]) -> dict[str, Any]:
    """The ranges that the strength among these settings stands for, all of them."""
    strength, kind = values.get("strength"), values.get("kind", "photographs")
    # Anything else is none, or for validation to refuse.
    if isinstance(strength, int | float) and kind in KINDS:
        return policy_values(kind, strength)
    return {}

"""What can be chosen about frozen features and their head."""

from typing import Literal

from pydantic import Field

from visus.core.settings import Settings

Views = Literal["none", "flip", "crops", "auto"]


class FrozenConfig(Settings):
    """A pretrained network that stays as it is, and the head that learns."""

    backbone: str = Field(
        "efficientnet-lite0", description="a name of `visus models --pretrained`"
    )
    weights: str | None = Field(
        None, description="file or folder of the backbone's weights; unset: found"
    )
    strength: float | None = Field(
        None,
        gt=0,
        description="penalty of the head's weights; unset: by cross-validation",
    )
    folds: int = Field(
        5, ge=2, le=20, description="of the cross-validation; units stay whole"
    )
    views: Views = Field(
        "none",
        description="more views of each training picture: mirrored, or closer and "
        "wider too; auto: what cross-validation says helps",
    )
    floor: float = Field(
        0.8,
        gt=0,
        le=1,
        description="least probability with which an answer passes for a label",
    )
    balance: float = Field(
        1.5,
        ge=1,
        description="how many times its share of the labels a class may get of such "
        "answers, as seen from the class that is found least",
    )
    curve: bool = Field(
        False,
        description="measure smaller training sets, and say what twice as many "
        "pictures would bring",
    )

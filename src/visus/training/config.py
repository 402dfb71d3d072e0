"""What can be chosen about learning; field descriptions are the reference."""

from typing import Literal

from pydantic import Field

from visus.core.settings import Settings
from visus.data.augment.policies import STRONGEST, Kind
from visus.data.config import AugmentConfig

Optimizer = Literal["sgd", "rmsprop", "adam", "adamw", "muon"]
Schedule = Literal["constant", "one-cycle", "cosine"]


class UnlabelledConfig(Settings):
    """How pictures without a label are learned from, by FixMatch."""

    floor: float = Field(
        0.95,
        gt=0,
        le=1,
        description="least probability, over the largest that label_smoothing teaches, "
        "with which the answer to the weak view passes for the label of the strong one",
    )
    weight: float = Field(
        1.0, ge=0, description="of their loss, over that of the labelled pictures"
    )
    ratio: int = Field(
        4, ge=1, description="of them in a step, for each labelled picture"
    )
    weak: float = Field(
        2.0,
        ge=0,
        le=STRONGEST,
        description="how strongly the picture is changed that is answered, as "
        "training.augment.strength",
    )
    strong: float = Field(
        10.0,
        ge=0,
        le=STRONGEST,
        description="how strongly the picture is changed that is learned from",
    )
    kind: Kind | None = Field(
        None, description="what these strengths are for; unset: the recipe's kind"
    )


class AdversarialConfig(Settings):
    """How training pictures are made harder, so that attacks find less."""

    budget: int = Field(
        0,
        ge=0,
        le=255,
        description="levels of 255 by which every value of a training picture may be "
        "moved to make it harder; 0: off",
    )
    step: float = Field(
        1.25, gt=0, description="how far the one step of that search goes, in budgets"
    )


class GroupsConfig(Settings):
    """How groups of pictures count, so that rare ones are learned as well."""

    column: str | None = Field(
        None,
        description="a column of whose values each, in each class, counts as much as "
        "any other; unset: every picture counts alike",
    )
    by: Literal["weights", "sampling"] = Field(
        "weights",
        description="weights: pictures of rare groups weigh more; sampling: they come "
        "more often, each time changed otherwise",
    )


class TrainingConfig(Settings):
    """How the network learns."""

    epochs: int = Field(10, ge=1, description="times every training picture is seen")
    batch_size: int = Field(64, ge=1, description="pictures a step")
    optimizer: Optimizer = Field("adamw", description="the update rule")
    learning_rate: float = Field(1e-3, gt=0, description="the schedule's peak")
    schedule: Schedule = Field("one-cycle", description="learning rate over the run")
    warmup_share: float = Field(0.2, ge=0, lt=1, description="share of steps rising")
    depth_decay: float = Field(
        1.0,
        gt=0,
        le=1,
        description="rate of each eighth of the layers, over that of the one above",
    )
    learning_share: float = Field(
        1.0, gt=0, le=1, description="share of the layers that learn, from the top"
    )
    momentum: float = Field(0.9, ge=0, lt=1, description="for sgd and muon")
    weight_decay: float = Field(0.0, ge=0, description="for sgd, adamw and muon")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="softens the labels")
    ema_decay: float = Field(0.0, ge=0, lt=1, description="average of weights; 0: off")
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced: rare classes weigh as much as frequent ones"
    )
    patience: int = Field(0, ge=0, description="stop after so many idle epochs; 0: off")
    keep: Literal["best", "last"] = Field(
        "last", description="weights of the best validation epoch, or of the last"
    )
    checkpoint_seconds: float = Field(
        20.0, ge=0, description="shortest time between two checkpoints"
    )
    preflight: bool = Field(True, description="check the network before training it")
    augment: AugmentConfig = AugmentConfig()
    unlabelled: UnlabelledConfig = UnlabelledConfig()
    adversarial: AdversarialConfig = AdversarialConfig()
    groups: GroupsConfig = GroupsConfig()

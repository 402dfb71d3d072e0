"""Recipes: named choices of settings, each with what it is for.

A recipe only gives defaults; a TOML file and `--set` are laid over it. The figures that
each reaches, with time and machine, are in `benchmarks/` and the README.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from visus.core.errors import unknown_name
from visus.data.augment.policies import Kind
from visus.data.survey import Survey
from visus.training.config import TrainingConfig
from visus.training.fixmatch import steps_an_epoch


@dataclass(frozen=True)
class Recipe:
    """Settings under a name.

    Args:
        name: what `--recipe` takes.
        summary: one line for lists.
        values: nested settings as TOML would give them.
        fewest_steps: few pictures are seen so many more epochs that no training has
            fewer steps; 0 keeps the epochs as they are.
        kind: of picture, for `training.augment.strength`.
        frozen: a pretrained network describes the pictures, and a head learns.
        tuned: then the network learns too, by epochs; elsewhere it stays as it is.
    """

    name: str
    summary: str
    values: Mapping[str, Any]
    fewest_steps: int = 0
    kind: Kind = "photographs"
    frozen: bool = False
    tuned: bool = False

    def epochs_for(
        self, pictures: int, training: TrainingConfig, unlabelled: int = 0
    ) -> int:
        """Epochs for so many training pictures, at least those of the settings."""
        steps = steps_an_epoch(pictures, unlabelled, training)
        return max(training.epochs, -(-self.fewest_steps // steps))


def find_recipe(name: str) -> Recipe:
    """The recipe of that name; `ConfigError` with the nearest names otherwise."""
    if name not in RECIPES:
        raise unknown_name("recipe", name, ["auto", *RECIPES])
    return RECIPES[name]


def choose_recipe(
    survey: Survey, easy: Callable[[], bool], *, scratch: bool = False
) -> Recipe:
    """The recipe for pictures of these sizes and colors.

    Args:
        survey: sizes and colors.
        easy: whether the pictures are as easy to tell apart as digits; only asked of
            small gray ones.
        scratch: whether a network is to be trained whatever the pictures are.
    """
    if not survey.small:
        return RECIPES["photographs" if scratch else FROZEN]
    if not survey.all_gray:
        return RECIPES["small-color"]
    return RECIPES["quick" if easy() else "small-gray"]


FROZEN, GENTLE, FINE_TUNE = "frozen", "gentle", "fine-tune"

_DIGIT_CHANGES = {"shift": 0.08, "rotate": 10, "zoom": 0.1}
_PHOTO_CHANGES = {
    "flip": True,
    "shift": 0.15,
    "zoom": 0.35,
    "stretch": 0.2,
    "rotate": 15,
    "brightness": 0.3,
    "contrast": 0.3,
    "saturation": 0.3,
    "mixup": 0.2,
}

# What networks of digits learn soonest by.
_ONE_CYCLE = {
    "optimizer": "muon",
    "learning_rate": 0.03,
    "schedule": "one-cycle",
    "warmup_share": 0.1,
    "label_smoothing": 0.1,
}

# Lower layers know edges and textures of all photographs: they move less, or not at all
# (Yosinski et al., "How transferable are features in deep neural networks?", 2014;
# Howard and Ruder, "Universal Language Model Fine-tuning", 2018, for the rates).
_GENTLE_TRAINING = {
    "epochs": 5,
    "batch_size": 32,
    "optimizer": "adamw",
    "learning_rate": 1e-4,
    "schedule": "one-cycle",
    "warmup_share": 0.1,
    "weight_decay": 0.01,
    "depth_decay": 0.7,
    "learning_share": 0.75,
    "augment": {"flip": True, "shift": 0.05, "zoom": 0.1},
}


def _quick(epochs: int, **more: Any) -> dict[str, Any]:
    """The network `quick`, and how it learns soonest."""
    return {
        "data": {"validation_share": 0.05},
        "network": {"name": "quick"},
        "training": {"epochs": epochs, "batch_size": 128, **_ONE_CYCLE, **more},
    }


_ALL = [
    Recipe(
        "quick",
        "small gray pictures: the shortest way to 99.1 % on MNIST",
        _quick(epochs=1),
        fewest_steps=400,
        kind="characters",
    ),
    Recipe(
        "adversarial",
        "small gray pictures that somebody may change by up to 76 of 255 levels to "
        "fool the model",
        # 0.3 of the range, as the literature has it (Madry et al., 2018).
        _quick(epochs=3, adversarial={"budget": 76}),
        fewest_steps=1000,
        kind="characters",
    ),
    Recipe(
        "corruptions",
        "small gray pictures that will come noisy, blurred, pale, or in another light "
        "than those to learn from",
        # After Rusak et al. (2020); the figures are in docs/robustness.md.
        _quick(epochs=3, augment={"contrast": 0.9, "noise": 0.3}),
        fewest_steps=1000,
        kind="characters",
    ),
    Recipe(
        "thorough",
        "small gray pictures: 99.5 % on MNIST in the time of five plain epochs",
        {
            "data": {"validation_share": 0.05},
            "network": {"name": "quick", "widths": [16, 48, 96]},
            "training": {
                "epochs": 10,
                "batch_size": 256,
                **_ONE_CYCLE,
                "augment": _DIGIT_CHANGES,
            },
        },
        fewest_steps=1000,
        kind="characters",
    ),
    Recipe(
        "small-gray",
        "small gray pictures harder than digits, such as clothes; flip off for letters",
        {
            "data": {"validation_share": 0.05},
            "network": {"name": "quick-residual"},
            "training": {
                "epochs": 10,
                "batch_size": 256,
                "optimizer": "muon",
                "learning_rate": 0.02,
                "schedule": "one-cycle",
                "warmup_share": 0.1,
                "weight_decay": 0.05,
                "label_smoothing": 0.05,
                "ema_decay": 0.995,
                "augment": {"flip": True, "cutout": 0.25},
            },
        },
        fewest_steps=1000,
    ),
    Recipe(
        "small-color",
        "small color pictures such as CIFAR-10, from scratch",
        {
            "data": {"validation_share": 0.05},
            "network": {"name": "resnet", "stem": 16, "widths": [32, 128, 256]},
            "training": {
                "epochs": 20,
                "batch_size": 128,
                "optimizer": "muon",
                "learning_rate": 0.015,
                "schedule": "one-cycle",
                "warmup_share": 0.2,
                "weight_decay": 0.05,
                "label_smoothing": 0.1,
                "ema_decay": 0.998,
                "augment": {"flip": True, "shift": 0.0625},
            },
        },
        fewest_steps=1000,
    ),
    Recipe(
        FROZEN,
        "photographs: a pretrained network describes them once, a linear head learns",
        {},
        frozen=True,
    ),
    Recipe(
        GENTLE,
        "a pretrained network with its head, trained on in small steps (--from)",
        {
            "training": _GENTLE_TRAINING,
        },
    ),
    Recipe(
        FINE_TUNE,
        "photographs: frozen features, then the whole network in small steps",
        {"training": {**_GENTLE_TRAINING, "patience": 2, "keep": "best"}},
        frozen=True,
        tuned=True,
    ),
    Recipe(
        "photographs",
        "photographs from scratch, a few hundred or more a class",
        {
            "network": {"name": "resnet"},
            "training": {
                "epochs": 60,
                "batch_size": 32,
                "optimizer": "muon",
                "learning_rate": 0.02,
                "schedule": "one-cycle",
                "warmup_share": 0.1,
                "weight_decay": 0.05,
                "label_smoothing": 0.1,
                "ema_decay": 0.998,
                "augment": _PHOTO_CHANGES,
            },
        },
    ),
    Recipe(
        "course-rmsprop",
        "the course's first listing: rmsprop, batch 64, 5 epochs",
        {
            "data": {"validation_share": 0.0},
            "network": {"name": "convnet"},
            "training": {
                "epochs": 5,
                "batch_size": 64,
                "optimizer": "rmsprop",
                "learning_rate": 0.001,
                "schedule": "constant",
                "warmup_share": 0.0,
            },
        },
        kind="characters",
    ),
    Recipe(
        "course-adam",
        "the course's second listing: adam, batch 128, 15 epochs, 10 % validation",
        {
            "data": {"validation_share": 0.1},
            "network": {"name": "convnet-dropout"},
            "training": {
                "epochs": 15,
                "batch_size": 128,
                "optimizer": "adam",
                "learning_rate": 0.001,
                "schedule": "constant",
                "warmup_share": 0.0,
            },
        },
        kind="characters",
    ),
]

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _ALL}

"""One number for how strongly pictures are changed, a list of ranges for each kind.

After Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced
search space" (2020): one magnitude from 0 to 10 moves every range linearly. Unlike
there, each picture gets all changes of the list, each drawn up to its range, rather
than a few of them at full range: a picture is then interpolated once.
"""

from typing import Any, Literal

Kind = Literal["characters", "photographs", "overhead"]

STRONGEST = 10.0

# The ranges at full strength. At half of it "characters" and "photographs" move and
# recolor as the recipes `thorough` and `photographs` do.
_STRONGEST: dict[Kind, dict[str, float]] = {
    "characters": {
        "shift": 0.16,
        "rotate": 20,
        "zoom": 0.2,
        "stretch": 0.2,
        "shear": 20,
    },
    "photographs": {
        "shift": 0.3,
        "rotate": 30,
        "zoom": 0.7,
        "stretch": 0.4,
        "shear": 20,
        "brightness": 0.6,
        "contrast": 0.6,
        "saturation": 0.6,
        "cutout": 0.5,
        "mixup": 0.4,
        "cutmix": 1.0,
    },
    "overhead": {
        "shift": 0.2,
        "rotate": 45,
        "zoom": 0.5,
        "stretch": 0.2,
        "shear": 10,
        "brightness": 0.5,
        "contrast": 0.5,
        "saturation": 0.4,
        "cutout": 0.5,
        "mixup": 0.4,
        "cutmix": 1.0,
    },
}
# What is on or off: characters are never mirrored, and photographs have an up.
_SWITCHES: dict[Kind, tuple[str, ...]] = {
    "characters": (),
    "photographs": ("flip",),
    "overhead": ("flip", "upside_down", "quarter_turns"),
}

KINDS: tuple[Kind, ...] = tuple(_STRONGEST)
# No strength makes noise: it is for pictures that will be corrupted.
RANGES = (*_STRONGEST["photographs"], "noise")
SWITCHES = _SWITCHES["overhead"]


def policy_values(kind: Kind, strength: float) -> dict[str, Any]:
    """Every range and switch of `training.augment` for a kind of picture.

    Args:
        kind: characters, photographs or overhead (microscopes, satellites).
        strength: 0 to 10; at 0 all is off.

    Example:
        >>> policy_values("characters", 5)["rotate"]
        10.0
    """
    share, most = strength / STRONGEST, _STRONGEST[kind]
    ranges = {name: round(most.get(name, 0) * share, 6) for name in RANGES}
    on = _SWITCHES[kind] if strength > 0 else ()
    return {**ranges, **{name: name in on for name in SWITCHES}}

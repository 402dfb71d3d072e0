"""What is drawn for each training picture, from (seed, epoch, picture) alone.

The draw happens here, on the host; engines apply it in compiled code, and `apply.py`
says with NumPy what they must compute.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.data.augment.numbers import Keys, Numbers, PictureNumbers
from visus.data.config import AugmentConfig

Floats = NDArray[np.float32]
Parts = dict[str, Numbers]

WARPS = ("flip", "upside_down", "quarter_turns", "rotate", "shear", "zoom", "stretch")
SHIFTS = ("shift_down", "shift_right")
COLORS = ("brightness", "contrast", "saturation")
WHOLE = ("noise", "cutout", "mixup", "cutmix", "share")

# Grains of noise are drawn so far beyond a pixel and beyond the picture, in factors:
# those below a pixel are one, and those far beyond the picture move all of it alike.
BEYOND = 8.0
# Whole numbers below it are exact in float32.
PATTERNS = 2**24


@dataclass(frozen=True)
class AugmentDraw:
    """The changes drawn for some steps; a part that is off is `None`.

    They are applied in this order. A picture's partner is the next one of its tower.

    Args:
        transforms: `(steps, batch, 6)`: output point (x, y) shows input point
            (a0 x + a1 y + a2, b0 x + b1 y + b2), in pixels.
        color: `(steps, batch, 3)`: factors of brightness, contrast and saturation.
        noise: `(steps, batch, 4)`: its standard deviation in levels, the side of a
            grain in pixels, the number of its pattern, and 1 where channels differ.
        cutout: `(steps, batch, 4)`: top, bottom, left, right of a gray square, pixels.
        mixup: `(steps, batch)`: share of the picture itself; the rest is its partner.
        cutmix: `(steps, batch, 4)`: top, bottom, left, right, in whole pixels, of what
            its partner covers; empty where nothing is pasted.
        share: `(steps, batch)`: what is left of the picture itself after `mixup` and
            `cutmix`; its label weighs as much, and its partner's the rest.
    """

    transforms: Floats | None = None
    color: Floats | None = None
    noise: Floats | None = None
    cutout: Floats | None = None
    mixup: Floats | None = None
    cutmix: Floats | None = None
    share: Floats | None = None

    def arrays(self) -> dict[str, Floats]:
        """The parts that are on, by name."""
        return {name: part for name, part in vars(self).items() if part is not None}


def draw_changes(
    config: AugmentConfig,
    shape: tuple[int, ...],
    keys: Keys,
    *,
    seed: int,
    epoch: int,
) -> AugmentDraw | None:
    """Draw the changes of some pictures; `None` when augmentation is off.

    What is drawn for a picture depends on its key, the seed and the epoch, and not on
    the others, the batch size or which other changes are on. Only who its partner is,
    in `mixup` and `cutmix`, is a matter of the batch.

    Args:
        config: how strong each change may be.
        shape: `(height, width, channels)` of the pictures.
        keys: of the pictures, `(steps, batch)`; see `Batch.keys`.
        seed: of the run.
        epoch: number of the epoch.
    """
    parts = draw_parts(config, shape, keys, seed=seed, epoch=epoch)
    drawn: dict[str, Numbers] = {}
    if parts.keys() & {*WARPS, *SHIFTS}:
        drawn["transforms"] = _transforms(parts, shape, keys.shape)
    if parts.keys() & {*COLORS}:
        factors = [parts.get(name, np.ones(keys.shape)) for name in COLORS]
        drawn["color"] = np.stack(factors, axis=-1)
    drawn |= {name: parts[name] for name in WHOLE if name in parts}
    if not drawn:
        return None
    return AugmentDraw(
        **{name: part.astype(np.float32) for name, part in drawn.items()}
    )


def draw_parts(
    config: AugmentConfig,
    shape: tuple[int, ...],
    keys: Keys,
    *,
    seed: int,
    epoch: int,
) -> Parts:
    """The changes one by one, before they are joined into matrices; for captions.

    Returns:
        those that are on: `flip` and `upside_down` -1 or 1; `quarter_turns` 0 to 3;
        `rotate` and `shear` degrees; `zoom` and `stretch` factors; `shift_down` and
        `shift_right` pixels; `brightness`, `contrast` and `saturation` factors;
        `noise`, `cutout`, `mixup`, `cutmix` and `share` as in `AugmentDraw`.
    """
    numbers = PictureNumbers(keys, seed, epoch)
    parts = _draw_warp(config, numbers) | _draw_shift(config, shape, numbers)
    # Gray pictures have no saturation to change.
    for name in COLORS if shape[2] > 1 else COLORS[:2]:
        if most := getattr(config, name):
            parts[name] = 1 + numbers.spread(name) * most
    if config.noise:
        parts["noise"] = _draw_noise(config.noise, shape, numbers)
    if config.cutout:
        parts["cutout"] = _draw_cutout(config.cutout, shape, numbers)
    if config.mixup or config.cutmix:
        parts |= _draw_mix(config, shape, numbers)
    return parts


def _draw_warp(config: AugmentConfig, numbers: PictureNumbers) -> Parts:
    parts: Parts = {}
    if config.flip:
        parts["flip"] = np.where(numbers.every_other_epoch("flip"), -1.0, 1.0)
    # By chance, or it would always come with a flip, or never.
    if config.upside_down:
        turned = numbers.uniform("upside_down") < 0.5
        parts["upside_down"] = np.where(turned, -1.0, 1.0)
    if config.quarter_turns:
        parts["quarter_turns"] = np.floor(4 * numbers.uniform("quarter_turns"))
    for name in ("rotate", "shear"):
        if most := getattr(config, name):
            parts[name] = numbers.spread(name) * most
    for name in ("zoom", "stretch"):
        if most := getattr(config, name):
            parts[name] = np.exp(numbers.spread(name) * np.log1p(most))
    return parts


def _draw_shift(
    config: AugmentConfig, shape: tuple[int, ...], numbers: PictureNumbers
) -> Parts:
    if not config.shift:
        return {}
    moved = {
        name: numbers.spread(name) * config.shift * side
        for name, side in zip(SHIFTS, shape[:2], strict=True)
    }
    # Whole pixels when nothing else moves: no blur where none is needed.
    if not any((config.rotate, config.shear, config.zoom, config.stretch)):
        return {name: np.round(pixels) for name, pixels in moved.items()}
    return moved


def _draw_noise(
    most: float, shape: tuple[int, ...], numbers: PictureNumbers
) -> Numbers:
    # Its strength is drawn for each picture (Rusak et al., "A simple way to make neural
    # networks robust against diverse image corruptions", 2020), and its grain too: what
    # is learned with fine noise alone does not hold against what changes slowly over a
    # picture (Yin et al., "A Fourier Perspective on Model Robustness in Computer
    # Vision", 2019).
    first, last = np.log(1 / BEYOND), np.log(BEYOND * max(shape[:2]))
    grain = np.exp(first + (last - first) * numbers.uniform("noise_grain"))
    differ = (numbers.uniform("noise_channels") < 0.5) & (shape[2] > 1)
    return np.stack(
        [
            255 * most * numbers.uniform("noise"),
            np.maximum(grain, 1.0),
            np.floor(PATTERNS * numbers.uniform("noise_pattern")),
            differ.astype(np.float64),
        ],
        axis=-1,
    )


def _draw_cutout(
    share: float, shape: tuple[int, ...], numbers: PictureNumbers
) -> Numbers:
    # The square's middle lies anywhere, so that it may hang over an edge (DeVries and
    # Taylor, "Improved Regularization of CNNs with Cutout", 2017).
    side = share * min(shape[:2])
    top = numbers.uniform("cutout_down") * shape[0] - side / 2
    left = numbers.uniform("cutout_right") * shape[1] - side / 2
    return np.stack([top, top + side, left, left + side], axis=-1)


def _draw_mix(
    config: AugmentConfig, shape: tuple[int, ...], numbers: PictureNumbers
) -> Parts:
    """MixUp (Zhang et al., 2018), CutMix (Yun et al., 2019), or either for a half."""
    parts: Parts = {}
    # The share that is pasted: none, all, or a half of the pictures.
    pasted = 0.5 * bool(config.cutmix) + 0.5 * (not config.mixup)
    pastes = numbers.uniform("mix_or_paste") < pasted
    share = np.ones(pastes.shape)
    if config.mixup:
        mixed = numbers.beta("share", config.mixup)
        parts["mixup"] = share = np.where(pastes, 1.0, np.maximum(mixed, 1 - mixed))
    if config.cutmix:
        kept = np.where(pastes, numbers.beta("share", config.cutmix), 1.0)
        edges = _pasted_edges(kept, shape, numbers)
        parts["cutmix"] = edges
        covered = (edges[..., 1] - edges[..., 0]) * (edges[..., 3] - edges[..., 2])
        share = share * (1 - covered / (shape[0] * shape[1]))
    parts["share"] = share
    return parts


def _pasted_edges(
    kept: Numbers, shape: tuple[int, ...], numbers: PictureNumbers
) -> Numbers:
    """Top, bottom, left and right in whole pixels; what hangs over is cut off."""
    edges = []
    for side, purpose in zip(shape[:2], ("paste_down", "paste_right"), strict=True):
        middle = numbers.uniform(purpose) * side
        half = np.sqrt(1 - kept) * side / 2
        edges += [np.clip(np.round(middle + s * half), 0, side) for s in (-1, 1)]
    return np.stack(edges, axis=-1)


def _transforms(
    parts: Parts, shape: tuple[int, ...], pictures: tuple[int, ...]
) -> Numbers:
    """One matrix for all that moves: turn, slant, then size and mirrors."""
    height, width = shape[:2]
    one, none = np.ones(pictures), np.zeros(pictures)
    turn = np.radians(parts.get("rotate", none))
    cos, sin = np.cos(turn), np.sin(turn)
    # Quarters apart: the cosine of 90 degrees is not quite 0.
    quarters = parts.get("quarter_turns", none)
    for number, (c, s) in enumerate([(-sin, cos), (-cos, -sin), (sin, -cos)], start=1):
        cos, sin = (
            np.where(quarters == number, turned, straight)
            for turned, straight in ((c, cos), (s, sin))
        )
    slant = np.tan(np.radians(parts.get("shear", none)))
    zoom, stretch = parts.get("zoom", one), np.sqrt(parts.get("stretch", one))
    across = zoom * stretch * parts.get("flip", one)
    along = zoom / stretch * parts.get("upside_down", one)
    a0, a1 = cos * across, (cos * slant - sin) * along
    b0, b1 = sin * across, (sin * slant + cos) * along
    # The centre of the output shows the centre of the input, moved by the shift.
    x, y = (width - 1) / 2, (height - 1) / 2
    a2 = x - a0 * x - a1 * y + parts.get("shift_right", none)
    b2 = y - b0 * x - b1 * y + parts.get("shift_down", none)
    return np.stack([a0, a1, a2, b0, b1, b2], axis=-1)

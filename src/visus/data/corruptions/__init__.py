"""Corruptions: what happens to pictures in the world, at five severities.

The fifteen of ImageNet-C (Hendrycks and Dietterich, "Benchmarking neural network
robustness to common corruptions and perturbations", 2019), with its parameters for
pictures of 224 pixels; lengths follow the side of the picture. They are not the same to
the bit: frost is drawn, where ImageNet-C lays photographs of it over the picture, glass
takes pixels of near places, where it swaps them one by one, and all work on pictures of
the network's size. Behind them changes of place, size and resolution, which are ours.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from visus.core.registry import Registry
from visus.core.seeds import random_generator

CORRUPTIONS = Registry("corruption", "corruptions")
SEVERITIES = (1, 2, 3, 4, 5)

_HERE = "visus.data.corruptions"
for _name, _target, _summary in (
    ("gaussian-noise", "noise:gaussian_noise", "noise of a sensor in the dark"),
    ("shot-noise", "noise:shot_noise", "noise of few photons"),
    ("impulse-noise", "noise:impulse_noise", "pixels that are black or white"),
    ("defocus-blur", "blur:defocus_blur", "a lens out of focus"),
    ("glass-blur", "blur:glass_blur", "seen through frosted glass"),
    ("motion-blur", "blur:motion_blur", "a camera that moves sideways"),
    ("zoom-blur", "blur:zoom_blur", "a camera that moves towards the scene"),
    ("snow", "weather:snow", "falling snow"),
    ("frost", "weather:frost", "ice on the lens"),
    ("fog", "weather:fog", "fog before the scene"),
    ("brightness", "weather:brightness", "a picture that is too bright"),
    ("contrast", "digital:contrast", "a picture with little contrast"),
    ("elastic", "digital:elastic", "a picture stretched here and there"),
    ("pixelate", "digital:pixelate", "a small picture enlarged in squares"),
    ("jpeg", "digital:jpeg", "strong JPEG compression"),
):
    CORRUPTIONS.add(_name, f"{_HERE}.{_target}", _summary, common=True)
for _name, _target, _summary in (
    ("rotation", "geometry:rotation", "a camera that is held askew"),
    ("closer", "geometry:closer", "the middle of the picture, enlarged"),
    ("farther", "geometry:farther", "the picture smaller, its edges repeated"),
    ("shear", "geometry:shear", "seen from the side"),
    ("resolution", "geometry:resolution", "fewer pixels, smoothly enlarged again"),
):
    CORRUPTIONS.add(_name, f"{_HERE}.{_target}", _summary, common=False)


def corrupted(pixels: NDArray[np.uint8], name: str, severity: int) -> NDArray[np.uint8]:
    """Pictures as they might have been; the same picture always alike.

    Args:
        pixels: uint8 `(num_images, height, width, channels)`, as prepared.
        name: of the corruption.
        severity: 1 to 5.

    Raises:
        ConfigError: there is no such corruption.

    Example:
        >>> pixels = np.full((1, 16, 16, 1), 128, dtype=np.uint8)
        >>> corrupted(pixels, "contrast", 3).shape
        (1, 16, 16, 1)
    """
    if severity not in SEVERITIES:
        raise ValueError(f"severity {severity} is none of 1 to 5")
    change = CORRUPTIONS.load(name)
    changed = np.empty_like(pixels)
    for row, picture in enumerate(pixels):
        generator = random_generator(zlib.crc32(picture.tobytes()), name, severity)
        image = picture.astype(np.float64) / 255
        found = change(image, severity - 1, generator)
        changed[row] = np.round(np.clip(found, 0, 1) * 255)
    return changed

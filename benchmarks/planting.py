"""Twins planted among real pictures: what is done to a copy, and which copies."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

BICUBIC = Image.Resampling.BICUBIC
Change = Callable[[Image.Image, np.random.Generator], Image.Image]


def encoded(image: Image.Image, quality: int = 90) -> Image.Image:
    """The picture after a JPEG of this quality."""
    content = io.BytesIO()
    image.save(content, "JPEG", quality=quality)
    return Image.open(io.BytesIO(content.getvalue())).convert("RGB")


def scaled(image: Image.Image, times: float) -> Image.Image:
    """The picture at another size."""
    width, height = image.size
    return image.resize((round(width * times), round(height * times)), BICUBIC)


def cropped(
    image: Image.Image, left: float, top: float, right: float, bottom: float
) -> Image.Image:
    """The picture without these shares of its sides."""
    width, height = image.size
    box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
    return image.crop(tuple(map(round, box)))


def cropped_anywhere(image: Image.Image, draws: np.random.Generator) -> Image.Image:
    """The picture without 5 % of each side, somewhere."""
    left, top = draws.uniform(0, 0.05, 2)
    return cropped(image, left, top, 0.05 - left, 0.05 - top)


def recolored(image: Image.Image, draws: np.random.Generator) -> Image.Image:
    """Brightness and contrast moved by up to a fifth, saturation by up to a half."""
    image = ImageEnhance.Contrast(image).enhance(draws.uniform(0.8, 1.2))
    image = ImageEnhance.Color(image).enhance(draws.uniform(0.5, 1.5))
    return ImageEnhance.Brightness(image).enhance(draws.uniform(0.8, 1.2))


def hue_turned(image: Image.Image, draws: np.random.Generator) -> Image.Image:
    """Hues turned by 14 to 42 degrees."""
    hue, *others = image.convert("HSV").split()
    turn = int(draws.integers(10, 30))
    hue = hue.point(lambda value: (value + turn) % 256)
    return Image.merge("HSV", (hue, *others)).convert("RGB")


CHANGES: dict[str, Change] = {
    "exact": lambda image, draws: image,
    "JPEG quality 60": lambda image, draws: encoded(image, 60),
    "resized to 50 %": lambda image, draws: encoded(scaled(image, 0.5)),
    "resized to 200 %": lambda image, draws: encoded(scaled(image, 2)),
    "cropped 5 %, anywhere": lambda image, draws: encoded(
        cropped_anywhere(image, draws)
    ),
    "cropped 5 % at each edge": lambda image, draws: encoded(
        cropped(image, 0.05, 0.05, 0.05, 0.05)
    ),
    "cropped 5 % at one corner": lambda image, draws: encoded(
        cropped(image, 0.05, 0.05, 0, 0)
    ),
    "flipped": lambda image, draws: encoded(ImageOps.mirror(image)),
    "recolored": lambda image, draws: encoded(recolored(image, draws)),
    "hue turned": lambda image, draws: encoded(hue_turned(image, draws)),
}


def opened(paths: Sequence[Path]) -> list[Image.Image]:
    """The pictures in color, upright as stored."""
    return [Image.open(path).convert("RGB") for path in paths]

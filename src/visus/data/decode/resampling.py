"""Resampling: by fast_image_resize where it is installed, else by Pillow.

Both are one arithmetic: the same filters, in whole numbers, cut to bytes after each of
the two directions. The former is two to five times as quick and has the same bits on
every processor; it rounds weights to 16 bits where Pillow has 22, so that a value may
differ by one. There are packages of it for most machines, not for all.
"""

from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Settings take longer to import than a picture takes to decode in a process apart.
if TYPE_CHECKING:
    from visus.data.config import Interpolation

# Top, left, bottom and right, in pixels.
Box = tuple[float, float, float, float]

_PILLOW = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "area": Image.Resampling.BOX,
}
# The other two are Pillow's: bicubic sums that leave 0 to 255 come out otherwise where
# rows are cut to bytes before columns, and so does what is nearest to two pixels.
_QUICK = {"bilinear": "bilinear", "area": "box"}
# Pixels by which "area" begins farther in. Without it the middles of some pixels lie
# on the edge of two areas, and then the last bit of a fraction decides.
_ASIDE = 2**-10


def resampler() -> str:
    """Which of the two is at work, for caches."""
    return "Pillow" if _quick() is None else "fast_image_resize"


class Raw:
    """A picture as the quick resizer holds it.

    Args:
        content: all of its bytes.
        shape: `(height, width, 1 or 3)`.
    """

    def __init__(self, content: bytes, shape: tuple[int, int, int]) -> None:
        self._shape = shape
        self._image = self._empty(shape, content)

    @staticmethod
    def can(interpolation: "Interpolation") -> bool:
        """Whether it can be resized so on this machine."""
        return interpolation in _QUICK and _quick() is not None

    def resized(
        self, size: tuple[int, int], interpolation: "Interpolation", box: Box
    ) -> NDArray[np.uint8]:
        """A part of it at another size: uint8 `(*size, channels)`."""
        quick, shape = _quick(), (*size, self._shape[2])
        filter_name, box = _filter_and_box(size, interpolation, box)
        kernel = getattr(quick.FilterType, _QUICK[filter_name])
        options = quick.ResizeOptions(quick.ResizeAlg.convolution(kernel), False)
        if box != (0, 0, *self._shape[:2]):
            options.crop_box = quick.CropBox(*_inside(box, self._shape))
        resized = self._empty(shape)
        # One a call: it has a lock, for which threads would wait.
        quick.Resizer().resize(self._image, resized, options)
        return np.frombuffer(resized.get_buffer(), dtype=np.uint8).reshape(shape)

    @staticmethod
    def _empty(shape: tuple[int, int, int], content: bytes | None = None) -> Any:
        quick, (height, width, channels) = _quick(), shape
        kind = quick.PixelType.U8 if channels == 1 else quick.PixelType.U8x3
        return quick.ImageData(width, height, kind, content)


def resize_by_pillow(
    image: Image.Image, size: tuple[int, int], interpolation: "Interpolation", box: Box
) -> NDArray[np.uint8]:
    """A part of an image of mode L or RGB at another size: uint8."""
    filter_name, (top, left, bottom, right) = _filter_and_box(size, interpolation, box)
    area = (left, top, right, bottom)
    resized = image.resize((size[1], size[0]), _PILLOW[filter_name], box=area)
    return np.asarray(resized)


def _filter_and_box(
    size: tuple[int, int], interpolation: "Interpolation", box: Box
) -> tuple["Interpolation", Box]:
    """What "area" means when a side grows, and where it begins when none does."""
    if interpolation != "area":
        return interpolation, box
    top, left, bottom, right = box
    if bottom - top < size[0] or right - left < size[1]:
        return "bilinear", box
    # A side that stays as it is needs no arithmetic at all.
    top += _ASIDE * (bottom - top != size[0])
    left += _ASIDE * (right - left != size[1])
    return interpolation, (top, left, bottom, right)


def _inside(box: Box, shape: tuple[int, int, int]) -> tuple[float, float, float, float]:
    """Left, top, width and height, of which no sum is rounded over an edge."""
    top, left, bottom, right = box
    height, width = bottom - top, right - left
    if top + height > shape[0]:
        height = float(np.nextafter(height, 0))
    if left + width > shape[1]:
        width = float(np.nextafter(width, 0))
    return left, top, width, height


@cache
def _quick() -> Any:
    """The package, or `None`."""
    try:
        import cykooz_resizer
    except ImportError:
        return None
    package: ModuleType = cykooz_resizer
    return package

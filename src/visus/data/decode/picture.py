"""Picture: one decoded picture, as an array and as codecs hold it, each made once.

Going from one to the other copies all pixels, which for a large photograph takes as
long as the resize itself.
"""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visus.data.decode.resampling import Raw, resize_by_pillow

# Settings take longer to import than a picture takes to decode in a process apart.
if TYPE_CHECKING:
    from visus.data.config import Interpolation

# Weights of red, green and blue in luma, of 65,536 (ITU-R BT.601, as Pillow has them).
_LUMA = np.array([19595, 38470, 7471], dtype=np.uint32)


class Picture:
    """Upright pixels of one or three channels; nobody changes them.

    Args:
        source: uint8 `(height, width, 1 or 3)`, or a Pillow picture of mode L or RGB.
    """

    def __init__(self, source: "NDArray[np.uint8] | Image.Image") -> None:
        if isinstance(source, Image.Image):
            self.image = source
        else:
            self.pixels = source

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """uint8 `(height, width, 1 or 3)`."""
        pixels = np.asarray(self.image)
        return pixels[..., None] if pixels.ndim == 2 else pixels

    @cached_property
    def image(self) -> Image.Image:
        """The same for Pillow, of mode L or RGB."""
        gray = self.pixels.shape[2] == 1
        return Image.fromarray(self.pixels[..., 0] if gray else self.pixels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)`."""
        if "pixels" in self.__dict__:
            height, width, channels = self.pixels.shape
            return height, width, channels
        return self.image.height, self.image.width, len(self.image.getbands())

    @cached_property
    def gray(self) -> "Picture":
        """Its luma (ITU-R BT.601, in Pillow's whole numbers), of one channel."""
        return self if self.shape[2] == 1 else Picture(self.image.convert("L"))

    def with_channels(self, channels: int) -> "Picture":
        """Gray, or three channels; a gray picture's are three times the same."""
        if channels == 1:
            return self.gray
        return self if self.shape[2] == 3 else Picture(self.image.convert("RGB"))

    def resized(
        self,
        size: tuple[int, int],
        interpolation: "Interpolation",
        box: tuple[float, float, float, float] | None = None,
    ) -> NDArray[np.uint8]:
        """Another size of it, or of a part; see `resize_pixels`."""
        box = box or (0, 0, *self.shape[:2])
        if Raw.can(interpolation):
            return self._raw.resized(size, interpolation, box)
        resized = resize_by_pillow(self.image, size, interpolation, box)
        return resized.reshape(*size, self.shape[2])

    def thumbnail(self, side: int) -> NDArray[np.uint8]:
        """Its luma, squashed into a square, `(side, side)`."""
        small = self.resized((side, side), "area")
        if small.shape[2] == 1:
            return small[..., 0]
        luma = (small.astype(np.uint32) @ _LUMA + 2**15) >> 16
        return luma.astype(np.uint8)

    @cached_property
    def _raw(self) -> Raw:
        held = self.__dict__.get("pixels")
        content = self.image.tobytes() if held is None else held.tobytes()
        return Raw(content, self.shape)

    def levels(self) -> NDArray[np.int64]:
        """How often each luma occurs, `(256,)`."""
        return np.array(self.gray.image.histogram(), dtype=np.int64)


def as_picture(pixels: "NDArray[np.uint8] | Picture") -> Picture:
    """A picture as it is, or the picture of these pixels."""
    return pixels if isinstance(pixels, Picture) else Picture(pixels)

"""Looks: what one pass notes of each picture beside its pixels, for twins and audit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Side of the gray thumbnails, in pixels.
THUMBNAIL_SIDE = 32


@dataclass(frozen=True)
class Looks:
    """One row a picture, in the order of the records of the scan.

    Args:
        heights: int32 `(num_images,)`, upright, of the picture in its file.
        widths: int32 `(num_images,)`.
        file_bytes: int64 `(num_images,)`; 0 for pictures in memory.
        formats: as the content says, such as "JPEG"; "" for pictures in memory.
        thumbnails: uint8 `(num_images, 32, 32)`, luma, squashed.
        brightness: float32 `(num_images,)`, mean luma, 0 to 1.
        contrast: float32 `(num_images,)`, standard deviation of luma, 0 to 0.5.
        sharpness: float32 `(num_images,)`, variance of the Laplacian of the luma, after
            bringing the longer side to at most 256 pixels.
        detail: float32 `(num_images,)`, the share of the picture's side up to which it
            holds detail: 1 for a picture at its own size, 1/4 for one that was
            enlarged four times.
        entropy: float32 `(num_images,)`, bits of the luma's histogram, 0 to 8.
        colorfulness: float32 `(num_images,)`, mean distance of the channels from
            their mean, 0 to 1; 0 for gray.
    """

    heights: NDArray[np.int32]
    widths: NDArray[np.int32]
    file_bytes: NDArray[np.int64]
    formats: tuple[str, ...]
    thumbnails: NDArray[np.uint8]
    brightness: NDArray[np.float32]
    contrast: NDArray[np.float32]
    sharpness: NDArray[np.float32]
    detail: NDArray[np.float32]
    entropy: NDArray[np.float32]
    colorfulness: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.formats)

"""What sizes and colors the pictures have, from their headers alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.progress import Progress
from visus.data.decode import DecodeFailure
from visus.data.locations import read_header_at
from visus.data.records import ImageDataset, ImageRecord

# Enough to know a folder by; more headers would only take longer.
MOST_PICTURES = 400
# Pictures whose longer side is at most this are "small": no photograph is.
SMALL_SIDE = 64


@dataclass(frozen=True)
class Survey:
    """Sizes and colors of up to 400 pictures, spread evenly.

    Args:
        heights: in pixels `(num_images,)`; unreadable pictures are left out.
        widths: in pixels `(num_images,)`.
        all_gray: no picture has color.
    """

    heights: NDArray[np.int64]
    widths: NDArray[np.int64]
    all_gray: bool

    @property
    def small(self) -> bool:
        """Whether the pictures are as small as digits or CIFAR's."""
        longest = np.maximum(self.heights, self.widths)
        return len(longest) > 0 and float(np.median(longest)) <= SMALL_SIDE

    def common_size(self) -> tuple[int, int] | None:
        """`(height, width)` to keep, when all pictures are small and of one size."""
        sizes = {*zip(self.heights.tolist(), self.widths.tolist(), strict=True)}
        return sizes.pop() if len(sizes) == 1 and self.small else None


def survey_pictures(dataset: ImageDataset, progress: Progress) -> Survey:
    """Read the headers of up to 400 pictures."""
    count = min(len(dataset), MOST_PICTURES)
    rows = np.linspace(0, len(dataset) - 1, count).astype(int)
    found = []
    with progress.stage("Looking at sizes", count):
        for row in rows:
            found.append(_look(dataset.records[row]))
            progress.advance()
    sizes = np.array([look for look in found if look], dtype=np.int64).reshape(-1, 3)
    return Survey(
        sizes[:, 0], sizes[:, 1], bool(len(sizes)) and bool(sizes[:, 2].all())
    )


def _look(record: ImageRecord) -> tuple[int, int, bool] | None:
    if record.pixels is not None:
        height, width, channels = record.pixels.shape
        return height, width, channels == 1
    if record.location is None:
        return None
    try:
        header = read_header_at(record.location)
    except DecodeFailure:
        return None
    return header.height, header.width, header.gray

"""Where the labelled things of pictures lie, as the network sees them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from visus.data.preprocess import PreprocessSpec
from visus.data.scan import Scan
from visus.explanation.marked import mask_of


def things_of(
    scan: Scan, spec: PreprocessSpec
) -> Callable[[str], NDArray[np.bool_] | None]:
    """From a picture's id to where its thing lies `(*spec.image_size)`.

    `None` where the source tells no box or outline of the picture's own class.
    """
    looks = scan.looks
    rows = {record.id: row for row, record in enumerate(scan.dataset.records)}

    def thing(image_id: str) -> NDArray[np.bool_] | None:
        row = rows[image_id]
        record = scan.dataset.records[row]
        # A box without a label is the picture's.
        boxes = [box for box in record.boxes if box.label in (record.label, "")]
        size = int(looks.heights[row]), int(looks.widths[row])
        return mask_of(boxes, size, spec) if boxes else None

    return thing

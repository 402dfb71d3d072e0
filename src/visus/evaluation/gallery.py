"""The mistakes that a person should look at first."""

import numpy as np
from numpy.typing import NDArray

from visus.bundles.predictions import Predictions
from visus.core.report import Gallery, Tile
from visus.data.batches import Batch
from visus.data.encode import png_base64

MOST_TILES = 24


def mistakes_gallery(predictions: Predictions, test: Batch) -> Gallery | None:
    """The most confident wrong answers; `None` when there are none.

    Args:
        predictions: rows in the order of `test`.
        test: the pictures, as the network saw them.
    """
    wrong = np.flatnonzero(predictions.answer_numbers != test.targets)
    if len(wrong) == 0:
        return None
    order = np.argsort(-predictions.confidences[wrong], kind="stable")
    rows = wrong[order][:MOST_TILES]
    return Gallery(
        title="Most confident mistakes",
        tiles=tuple(_tile(predictions, test, row) for row in rows),
        note=f"{len(wrong):,} of {len(test):,} answers are wrong; these are the "
        "surest. Look for wrong labels, unusual pictures, and what they share.",
    )


def _tile(predictions: Predictions, test: Batch, row: np.intp) -> Tile:
    names, confidence = predictions.class_names, predictions.confidences[row]
    answer = names[predictions.answer_numbers[row]]
    pixels: NDArray[np.uint8] = test.pixels[row]
    return Tile(
        image_id=test.ids[row],
        caption=f"{answer} ({confidence:.1%}), is {names[test.targets[row]]}",
        png_base64=png_base64(pixels),
    )

"""The mistakes that a person should look at first."""

import numpy as np

from visus.bundles.predictions import Predictions
from visus.core.report import Gallery, Tile
from visus.data.batches import Batch
from visus.data.encode import png_base64
from visus.tasks.words import probability_text

MOST_TILES = 24


def mistakes_gallery(predictions: Predictions, test: Batch) -> Gallery | None:
    """The most confident wrong answers; `None` when there are none.

    Args:
        predictions: matched to `test` by id.
        test: the pictures, as the network saw them, with known targets.
    """
    predictions = predictions.select(test.ids)
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
    answer, confidence = predictions.answers[row], predictions.confidences[row]
    truth = predictions.class_names[test.targets[row]]
    return tile(
        test, row, f"answered {answer} ({probability_text(confidence)}), is {truth}"
    )


def tile(test: Batch, row: np.intp, caption: str) -> Tile:
    """One picture of the test as the network saw it."""
    return Tile(
        image_id=test.ids[row],
        caption=caption,
        png_base64=png_base64(test.pixels[row]),
    )

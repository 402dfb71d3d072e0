"""rise: cover random parts, a thousand times, and see which go with the answer."""

from typing import final

import numpy as np
from pydantic import Field

from visus.core.seeds import random_generator
from visus.core.settings import Settings
from visus.explanation.base import Floats, HeatMap, MapExplainer, Subject
from visus.explanation.covering import Fill, covered, fill_color, pieces
from visus.explanation.resize import enlarged


class RiseSettings(Settings):
    """How many masks, and how coarse."""

    masks: int = Field(1000, ge=10, le=100_000, description="how many are drawn")
    cells: int = Field(7, ge=2, le=64, description="of a mask, across and down")
    shown: float = Field(0.5, gt=0, lt=1, description="share of cells that stay seen")
    fill: Fill = Field("mean", description="what covers is mean, black or gray")


@final
class Rise(MapExplainer[RiseSettings]):
    """Petsiuk, Das and Saenko, "RISE: Randomized Input Sampling" (2018), equation 6.

    A pixel's value is `sum(s(picture under mask) * mask) / (masks * shown)`: the mean
    score where the pixel is seen. What is covered shows the fill, not black. The mean
    score over all masks is taken off: a constant, without which maps of sure answers
    are all bright.
    """

    settings_class = RiseSettings

    def explain(self, subject: Subject) -> HeatMap:
        """Score where a pixel is seen, less the mean score."""
        settings, size = self.settings, subject.size
        draws = random_generator(subject.seed, "rise")
        color = fill_color(subject.pixels, settings.fill)
        seen, shown = np.zeros((2, *size), dtype=np.float64)
        total = 0.0
        for piece in pieces(settings.masks):
            kept = _masks(draws, piece.stop - piece.start, size, settings)
            scores = subject.score(covered(subject.pixels, kept, color))
            seen += np.tensordot(scores.astype(np.float64), kept, axes=1)
            shown += kept.sum(axis=0)
            total += float(scores.sum())
        # What was drawn rather than what was expected: unequal luck is no evidence.
        values = seen / np.maximum(shown, 1e-9) - total / settings.masks
        return HeatMap(
            values.astype(np.float32), "score where it is seen, less the mean", True
        )


def _masks(
    draws: np.random.Generator,
    count: int,
    size: tuple[int, int],
    settings: RiseSettings,
) -> Floats:
    """Masks `(count, *size)` from coarse ones, each shifted by a part of a cell."""
    cells = settings.cells
    drawn = draws.random((count, cells + 1, cells + 1)) < settings.shown
    height, width = (-(-side // cells) for side in size)
    large = enlarged(
        drawn.astype(np.float32), (height * (cells + 1), width * (cells + 1))
    )
    tops, lefts = draws.integers(0, height, count), draws.integers(0, width, count)
    return np.stack(
        [
            mask[top : top + size[0], left : left + size[1]]
            for mask, top, left in zip(large, tops, lefts, strict=True)
        ]
    )

"""occlusion: cover a square, here and there, and note what the answer loses."""

from typing import final

import numpy as np
from pydantic import Field

from visus.core.settings import Settings
from visus.explanation.base import Floats, HeatMap, MapExplainer, Subject
from visus.explanation.covering import Fill, covered, fill_color, pieces


class OcclusionSettings(Settings):
    """How large the square is and how far it moves."""

    size: float = Field(0.2, gt=0, le=1, description="side, as a share of the picture")
    steps: int = Field(14, ge=1, le=64, description="places across and down")
    fill: Fill = Field("mean", description="the square is mean, black or gray")


@final
class Occlusion(MapExplainer[OcclusionSettings]):
    """Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (2014).

    A pixel's value is the mean, over all squares that cover it, of the score that is
    lost: `s(picture) - s(picture with the square)`.
    """

    settings_class = OcclusionSettings

    def explain(self, subject: Subject) -> HeatMap:
        """Losses of the score; below 0 where covering a part raises it."""
        height, width = subject.size
        settings = self.settings
        down = _edges(height, settings.size, settings.steps)
        across = _edges(width, settings.size, settings.steps)
        places = [(*rows, *columns) for rows in down for columns in across]
        color = fill_color(subject.pixels, settings.fill)
        before = float(subject.score(subject.pixels[np.newaxis])[0])
        total, times = np.zeros((2, height, width), dtype=np.float64)
        for piece in pieces(len(places)):
            kept = _masks(places[piece], (height, width))
            lost = before - subject.score(covered(subject.pixels, kept, color))
            total += np.tensordot(lost, 1 - kept, axes=1)
            times += (1 - kept).sum(axis=0)
        values = (total / np.maximum(times, 1)).astype(np.float32)
        return HeatMap(values, "what the score loses", signed=True)


def _edges(side: int, share: float, steps: int) -> list[tuple[int, int]]:
    """First and last place of each position; together they reach both edges."""
    long = min(side, max(1, round(share * side)))
    firsts = np.unique(np.linspace(0, side - long, steps).round().astype(int))
    return [(int(first), int(first) + long) for first in firsts]


def _masks(places: list[tuple[int, int, int, int]], size: tuple[int, int]) -> Floats:
    kept = np.ones((len(places), *size), dtype=np.float32)
    for mask, (top, bottom, left, right) in zip(kept, places, strict=True):
        mask[top:bottom, left:right] = 0
    return kept

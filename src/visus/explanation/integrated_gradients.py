"""integrated-gradients: the logit shared out among the pixels, nothing left over."""

from typing import final

import numpy as np
from pydantic import Field

from visus.core.settings import Settings
from visus.explanation.base import Floats, HeatMap, MapExplainer, Subject
from visus.explanation.covering import Fill, fill_color, pieces

# Gradients hold on to everything that the network computes.
PIECE = 16
# What may be left over, as a share of what is to be shared out.
TOLERANCE = 0.01
# A logit that hardly moves cannot be shared out in percents.
LEAST_DIFFERENCE = 0.05


class IntegratedGradientsSettings(Settings):
    """From where, and in how many steps."""

    fill: Fill = Field("black", description="the path begins at mean, black or gray")
    steps: int = Field(32, ge=2, le=4096, description="at first; doubled as needed")
    most_steps: int = Field(1024, ge=2, le=65_536, description="no more than these")


@final
class IntegratedGradients(MapExplainer[IntegratedGradientsSettings]):
    """Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks" (2017).

    `(x - x') * mean gradient` on the straight way from an empty picture `x'` to the
    picture `x` (equation 1), by the midpoint rule. The sum over all pixels is `logit(x)
    - logit(x')` (completeness, proposition 1): steps are doubled until 1 % is not
    missed, and what is missed is told.
    """

    settings_class = IntegratedGradientsSettings

    def explain(self, subject: Subject) -> HeatMap:
        """Parts of the logit; below 0 where a pixel speaks against the class."""
        network, settings = subject.network(), self.settings
        empty = np.empty_like(subject.pixels)
        empty[...] = fill_color(subject.pixels, settings.fill).round()
        start, end = network.images(np.stack([empty, subject.pixels]))
        first, last = network.logits(np.stack([start, end]))[:, subject.output]
        steps, whole = settings.steps, float(last - first)
        while True:
            parts = self._parts(subject, start, end, steps)
            missed = abs(float(parts.sum(dtype=np.float64)) - whole)
            close = missed <= TOLERANCE * max(abs(whole), LEAST_DIFFERENCE)
            if close or 2 * steps > settings.most_steps:
                break
            steps *= 2
        note = (
            f"The parts add up to {parts.sum():.4g}; the logit of the picture, less "
            f"that of an empty one, is {whole:.4g} ({steps} steps)."
        )
        if not close:
            note += " More than 1 % is missed: raise integrated-gradients.most_steps."
        return HeatMap(parts, "part of the logit", signed=True, notes=(note,))

    def rough(self) -> "IntegratedGradients":
        """Without further steps: in a comparison, a few percent may be left over."""
        few = {"most_steps": self.settings.steps}
        return IntegratedGradients(self.settings.model_copy(update=few))

    @staticmethod
    def _parts(subject: Subject, start: Floats, end: Floats, steps: int) -> Floats:
        network, total = subject.network(), np.zeros(start.shape, dtype=np.float64)
        places = ((np.arange(steps) + 0.5) / steps).astype(np.float32)
        for piece in pieces(steps, PIECE):
            way = start + places[piece, None, None, None] * (end - start)
            _, gradients, _ = network.gradients(way, subject.output)
            total += gradients.sum(axis=0, dtype=np.float64)
        parts = (end - start) * total / steps
        return np.asarray(parts.sum(axis=2), dtype=np.float32)

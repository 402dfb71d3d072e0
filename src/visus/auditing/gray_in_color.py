"""gray-in-color: gray pictures among colored ones."""

import numpy as np
from pydantic import Field

from visus.auditing.base import Check, Opinion, graded
from visus.auditing.evidence import Evidence
from visus.core.settings import Settings


class GraySettings(Settings):
    """What is gray, and when gray is the exception."""

    colorfulness: float = Field(
        0.004, gt=0, description="mean distance of the channels from gray, 0 to 1"
    )
    most_share: float = Field(
        0.5, gt=0, le=1, description="share of gray pictures above which they are usual"
    )


class GrayInColor(Check[GraySettings]):
    """One level of 255 is the noise that a JPEG of a gray picture has."""

    settings_class = GraySettings

    def judge(self, evidence: Evidence) -> Opinion:
        """0.5 at `colorfulness`; 1 for all where most pictures are gray."""
        scores = graded(evidence.looks.colorfulness, self.settings.colorfulness)
        if np.mean(scores < 0.5) > self.settings.most_share:
            return Opinion(scores=np.ones_like(scores))
        return Opinion(
            scores=scores,
            clause="which are gray where most have color",
            caption=lambda row: "gray",
            severity="info",
        )

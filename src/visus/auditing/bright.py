"""bright: pictures that are bright all over."""

import numpy as np
from pydantic import Field

from visus.auditing.base import Check, Opinion, graded
from visus.auditing.evidence import Evidence
from visus.core.settings import Settings


class BrightSettings(Settings):
    """How bright is too bright."""

    darkest: float = Field(
        0.75, gt=0, lt=1, description="luma, 0 to 1, that the darkest 1 % stay above"
    )


class Bright(Check[BrightSettings]):
    """By the darkest 1 % and not by the mean: a thing on white paper is not bright."""

    settings_class = BrightSettings

    def judge(self, evidence: Evidence) -> Opinion:
        """0.5 where the first percentile of the thumbnail's luma is `darkest`."""
        thumbnails = evidence.looks.thumbnails
        luma = thumbnails.reshape(len(thumbnails), -1)
        darkest = np.percentile(luma, 1, axis=1) / 255
        return Opinion(
            scores=graded(1 - darkest, 1 - self.settings.darkest),
            clause="which are bright all over: the darkest 1 % is over "
            f"{self.settings.darkest:g} of white",
            caption=lambda row: f"darkest 1 %: {darkest[row]:.2f} of white",
        )

"""dark: pictures that are dark all over."""

import numpy as np
from pydantic import Field

from visus.auditing.base import Check, Opinion, graded
from visus.auditing.evidence import Evidence
from visus.core.settings import Settings


class DarkSettings(Settings):
    """How dark is too dark."""

    brightest: float = Field(
        0.25, gt=0, lt=1, description="luma, 0 to 1, that the brightest 1 % stay under"
    )


class Dark(Check[DarkSettings]):
    """By the brightest 1 % and not by the mean: a digit on black is not dark."""

    settings_class = DarkSettings

    def judge(self, evidence: Evidence) -> Opinion:
        """0.5 where the 99th percentile of the thumbnail's luma is `brightest`."""
        thumbnails = evidence.looks.thumbnails
        luma = thumbnails.reshape(len(thumbnails), -1)
        brightest = np.percentile(luma, 99, axis=1) / 255
        return Opinion(
            scores=graded(brightest, self.settings.brightest),
            clause="which are dark all over: the brightest 1 % is under "
            f"{self.settings.brightest:g} of white",
            caption=lambda row: f"brightest 1 %: {brightest[row]:.2f} of white",
        )

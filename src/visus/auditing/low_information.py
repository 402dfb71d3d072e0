"""low-information: pictures with next to nothing on them."""

import numpy as np
from pydantic import Field

from visus.auditing.base import Check, Opinion, graded
from visus.auditing.evidence import Evidence
from visus.core.settings import Settings


class InformationSettings(Settings):
    """How little is next to nothing."""

    bits: float = Field(
        1.0,
        gt=0,
        le=8,
        description="entropy of the luma, bits a pixel, that is too low",
    )
    share: float = Field(
        0.25, gt=0, lt=1, description="and which part of the median entropy"
    )


class LowInformation(Check[InformationSettings]):
    """Entropy of the luma, against a limit and against the other pictures.

    Drawings of two colors hold a fraction of a bit a pixel, all of them: what counts is
    to hold little and far less than the others.
    """

    settings_class = InformationSettings

    def judge(self, evidence: Evidence) -> Opinion:
        """0.5 at `bits`, or at `share` of the median where that is less."""
        entropy = evidence.looks.entropy
        usual = float(np.median(entropy))
        limit = min(self.settings.bits, self.settings.share * usual)
        if limit <= 0:
            return Opinion()
        return Opinion(
            scores=graded(entropy, limit),
            clause=f"which show next to nothing: under {limit:.2f} bits a pixel, where "
            f"{usual:.2f} are usual",
            caption=lambda row: f"{entropy[row]:.2f} bits a pixel",
        )

"""extreme-size: pictures far smaller or larger than the others."""

import numpy as np
from pydantic import Field

from visus.auditing.base import Check, Opinion, graded
from visus.auditing.evidence import Evidence
from visus.core.settings import Settings


class SizeSettings(Settings):
    """How far from the usual size is extreme."""

    times: float = Field(
        4.0, gt=1, description="side, as a multiple or part of the median, that is odd"
    )


class ExtremeSize(Check[SizeSettings]):
    """The side of a square of the picture's area, against the median side."""

    settings_class = SizeSettings

    def judge(self, evidence: Evidence) -> Opinion:
        """0.5 at `times` the median side, and at the median side divided by it."""
        looks = evidence.looks
        sides = np.sqrt(looks.heights.astype(np.float64) * looks.widths)
        ratio = sides / np.median(sides)
        return Opinion(
            scores=graded(np.minimum(ratio, 1 / ratio), 1 / self.settings.times),
            clause=f"whose side is over {self.settings.times:g} times the usual "
            f"{np.median(sides):,.0f} pixels, or under that part of it",
            caption=lambda row: (
                f"{looks.heights[row]:,} x {looks.widths[row]:,} pixels"
            ),
        )

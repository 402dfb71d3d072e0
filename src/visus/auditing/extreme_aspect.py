"""extreme-aspect: pictures far longer than they are wide, or the reverse."""

import numpy as np
from pydantic import Field

from visus.auditing.base import Check, Opinion, graded
from visus.auditing.evidence import Evidence
from visus.core.settings import Settings


class AspectSettings(Settings):
    """How long is extreme."""

    times: float = Field(
        3.0,
        gt=1,
        description="long side over short side, beside the median, that is odd",
    )


class ExtremeAspect(Check[AspectSettings]):
    """Long side over short side, against the median: panoramas among panoramas pass."""

    settings_class = AspectSettings

    def judge(self, evidence: Evidence) -> Opinion:
        """0.5 where the picture is `times` as long as the median one."""
        looks = evidence.looks
        short = np.minimum(looks.heights, looks.widths)
        aspects = np.maximum(looks.heights, looks.widths) / short
        usual = float(np.median(aspects))
        return Opinion(
            scores=graded(usual / aspects, 1 / self.settings.times),
            clause=f"which are over {self.settings.times:g} times as long as usual: "
            f"{usual * self.settings.times:.3g} times as long as they are wide",
            caption=lambda row: (
                f"{looks.heights[row]:,} x {looks.widths[row]:,} pixels"
            ),
        )

"""outliers: pictures that look like none of the others."""

import numpy as np
from pydantic import Field

from visus.auditing.base import Check, Opinion, graded
from visus.auditing.evidence import Evidence
from visus.core.settings import Settings


class OutlierSettings(Settings):
    """How far away is alone."""

    times: float = Field(
        1.6, gt=1, description="distance to the fifth neighbour over the median one"
    )


class Outliers(Check[OutlierSettings]):
    """The distance to the fifth nearest neighbour, beside the usual one.

    Ramaswamy, Rastogi and Shim, "Efficient algorithms for mining outliers from large
    data sets" (SIGMOD 2000), on what the probe sees.
    """

    settings_class = OutlierSettings

    def judge(self, evidence: Evidence) -> Opinion:
        """0.5 where the distance is `times` the median one."""
        if evidence.neighbours is None:
            return Opinion()
        distances = evidence.neighbours.distances[:, -1]
        usual = float(np.median(distances))
        if usual <= 0:
            return Opinion()
        times = np.maximum(distances / usual, 1e-6)
        return Opinion(
            scores=graded(1 / times, 1 / self.settings.times),
            clause="which look like none of the others",
            caption=lambda row: f"{times[row]:.1f} times as far from others as usual",
            severity="info",
        )

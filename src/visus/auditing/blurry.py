"""blurry: pictures without any sharp edge."""

import numpy as np
from pydantic import Field

from visus.auditing.base import Check, Opinion, graded
from visus.auditing.evidence import Evidence
from visus.core.settings import Settings

# Below this the picture is nearly flat: low-information says so, and there is nothing
# that could be blurred.
LEAST_CONTRAST = 0.02


class BlurrySettings(Settings):
    """How soft is too soft."""

    sharpness: float = Field(
        0.01, gt=0, description="variance of the Laplacian over that of the luma"
    )


class Blurry(Check[BlurrySettings]):
    """Variance of the Laplacian over the variance of the luma.

    Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy" (2000); divided
    by the luma's own variance, so that fog is not taken for blur.
    """

    settings_class = BlurrySettings

    def judge(self, evidence: Evidence) -> Opinion:
        """0.5 where the ratio is `sharpness`; 1 for nearly flat pictures."""
        looks = evidence.looks
        spread = 255 * np.maximum(looks.contrast, LEAST_CONTRAST).astype(np.float64)
        ratio = looks.sharpness / spread**2
        scores = graded(ratio, self.settings.sharpness)
        return Opinion(
            scores=np.where(looks.contrast < LEAST_CONTRAST, np.float32(1), scores),
            clause="which have no sharp edge",
            caption=lambda row: f"sharpness {ratio[row]:.4f}",
        )

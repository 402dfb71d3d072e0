"""enlarged: pictures with far less detail than pixels."""

from pydantic import Field

from visus.auditing.base import Check, Opinion, graded
from visus.auditing.evidence import Evidence
from visus.core.settings import Settings


class EnlargedSettings(Settings):
    """How little detail a picture of its size may hold."""

    detail: float = Field(
        0.5, gt=0, lt=1, description="share of the side up to which there is detail"
    )


class Enlarged(Check[EnlargedSettings]):
    """The share of the picture's side that holds detail, as the scan measured it."""

    settings_class = EnlargedSettings

    def judge(self, evidence: Evidence) -> Opinion:
        """0.5 where the detail reaches `detail` of the side."""
        looks = evidence.looks

        def caption(row: int) -> str:
            sides = (looks.heights[row], looks.widths[row])
            tall, wide = (round(side * float(looks.detail[row])) for side in sides)
            return f"{sides[0]:,} x {sides[1]:,} pixels, detail of {tall:,} x {wide:,}"

        return Opinion(
            scores=graded(looks.detail, self.settings.detail),
            clause="which were enlarged or softened: there is detail for less than "
            f"{self.settings.detail:.0%} of the side",
            caption=caption,
        )

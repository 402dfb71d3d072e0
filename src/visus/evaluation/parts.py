"""What the measures of all tasks take and give."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.bundles.calibration import Calibration
from visus.bundles.predictions import Predictions
from visus.core.report import Fact, Figure, Finding, Table
from visus.data.batches import Batch


@dataclass(frozen=True)
class Tested:
    """Answers beside the truth, row by row.

    Args:
        predictions: of the test pictures, in their order.
        test: the pictures, all with a known target.
        train: the training pictures, for baselines; `None` where there are none.
        plain: the test pictures of the size that `train` has; `None`: `test`.
        calibration: what made these scores of raw ones; `None`: they are raw.
        uncalibrated: why they are, in words.
    """

    predictions: Predictions
    test: Batch
    train: Batch | None
    plain: Batch | None = None
    calibration: Calibration | None = None
    uncalibrated: str = ""

    @property
    def units(self) -> NDArray[np.intp]:
        """Equal numbers are one group `(num_images,)`, no independent witnesses."""
        return self.predictions.units

    @property
    def grouped(self) -> bool:
        """Whether any group has several test pictures."""
        return len(np.unique(self.units)) < len(self.test)


@dataclass(frozen=True)
class Parts:
    """What a task has to say of a test; the first fact is the one that counts.

    Args:
        facts: figures, with baselines last.
        findings: what a person should know.
        tables: by class or label.
        figures: all but the learning curves.
    """

    facts: Sequence[Fact]
    findings: Sequence[Finding] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()

    def and_also(self, others: "Parts") -> "Parts":
        """Both, the others after these."""
        return Parts(
            facts=(*self.facts, *others.facts),
            findings=(*self.findings, *others.findings),
            tables=(*self.tables, *others.tables),
            figures=(*self.figures, *others.figures),
        )


def share_cell(share: float, of: float) -> float | None:
    """A share in a table; `None` where it would be of nothing, which is not 0.

    Args:
        share: 0 to 1.
        of: how many it is of.
    """
    return round(float(share), 4) if of > 0 else None

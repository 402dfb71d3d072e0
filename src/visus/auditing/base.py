"""What every check offers, and what its scores mean."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from visus.auditing.evidence import Account, Evidence
from visus.core.report import Severity
from visus.core.settings import Settings

Floats = NDArray[np.float32]

AnySettings = TypeVar("AnySettings", bound=Settings)

# A picture with a lower score is flagged, whatever the check.
FLAGGED_BELOW = 0.5


class NoSettings(Settings):
    """For checks without choices."""


@dataclass(frozen=True)
class Remark:
    """A sentence about the data set as a whole.

    Args:
        sentence: what a person reads.
        image_ids: the pictures or files that it is about, when it is about some.
    """

    sentence: str
    image_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Opinion:
    """What one check thinks of the data.

    Args:
        scores: float32 `(num_images,)` from 0, bad, to 1, fine; a picture below 0.5 is
            flagged. `None` when the check judges the data set as a whole.
        clause: follows "12 of 3,000 pictures, "; such as "which are dark all over".
        caption: from a row to the reason why that picture is flagged.
        together: int `(num_images,)`; pictures with equal scores and equal numbers hang
            side by side.
        remarks: sentences about the data set as a whole.
        severity: of what was found.
        blocking: training on this data would mislead.
        suggested: int32 class numbers `(num_images,)` that a flagged picture would
            rather have; -1 for no better idea.
    """

    scores: Floats | None = None
    clause: str = ""
    caption: Callable[[int], str] = lambda row: ""
    together: NDArray[np.int64] | None = None
    remarks: tuple[Remark, ...] = ()
    severity: Severity = "warning"
    blocking: bool = False
    suggested: NDArray[np.int32] | None = None


class Check(ABC, Generic[AnySettings]):
    """One question about the data.

    Attributes:
        settings_class: limits, in the units that a person thinks in.
    """

    settings_class: ClassVar[type[Settings]] = NoSettings

    def __init__(self, settings: AnySettings) -> None:
        self.settings = settings

    @abstractmethod
    def judge(self, evidence: Evidence) -> Opinion:
        """Score every picture, or remark on all of them.

        Raises:
            MachineError: a package is missing that this check needs.
        """


class BlockingCheck(Check[AnySettings]):
    """One that may stop a training: it needs only what is known before one begins."""

    @abstractmethod
    def judge(self, evidence: Account) -> Opinion:
        """As any check, from the account alone."""


def graded(values: NDArray[np.floating], limit: float) -> Floats:
    """Scores of values that should be large: 0 at 0, 0.5 at the limit, 1 at infinity.

    Args:
        values: `(num_images,)`, none below 0.
        limit: above 0, in the unit of the values.

    Example:
        >>> graded(np.array([0.0, 2.0, 6.0]), limit=2.0).tolist()
        [0.0, 0.5, 0.75]
    """
    return (values / (values + limit)).astype(np.float32)

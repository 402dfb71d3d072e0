"""label-errors: pictures that look like another class than their label."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from visus.auditing.base import Check, Opinion
from visus.auditing.confident_learning import confident_classes, label_margins
from visus.auditing.evidence import Evidence
from visus.auditing.probe import Probed
from visus.core.settings import Settings
from visus.tasks.intervals import wilson_interval


class LabelErrorSettings(Settings):
    """How sure the probe must be of another class."""

    sureness: float = Field(
        0.9, gt=0, le=1, description="probability of another class that casts doubt"
    )


class LabelErrors(Check[LabelErrorSettings]):
    """Confident learning on a small probe's out-of-fold probabilities.

    Of photographs the probe is given what a pretrained network sees. Else it sees
    patterns of six pixels and knows nothing of the world: on digits it is right nearly
    always, on photographs often not. So a picture is flagged only where confident
    learning counts it under another class and that class is nearly certain; the scores
    rank all others.
    """

    settings_class = LabelErrorSettings

    def judge(self, evidence: Evidence) -> Opinion:
        """Half of (1 + margin) for what is flagged; above 0.5 for the others."""
        probed = evidence.probed
        if probed is None:
            return Opinion()
        margins = (1 + label_margins(probed.probabilities, probed.labels)) / 2
        doubted = self._doubted(probed)
        scores = np.ones(len(evidence), dtype=np.float32)
        scores[probed.rows] = np.where(doubted, margins, 0.5 + margins / 2)
        suggested = np.full(len(evidence), -1, dtype=np.int32)
        best = probed.probabilities.argmax(axis=1)
        suggested[probed.rows[doubted]] = probed.classes[best[doubted]]
        return Opinion(
            scores=scores,
            clause=self._clause(probed),
            caption=lambda row: _caption(evidence, probed, row),
            suggested=suggested,
        )

    def _doubted(self, probed: Probed) -> NDArray[np.bool_]:
        counted = confident_classes(probed.probabilities, probed.labels)
        elsewhere = (counted >= 0) & (counted != probed.labels)
        surely = probed.probabilities.max(axis=1) >= self.settings.sureness
        wrong = probed.probabilities.argmax(axis=1) != probed.labels
        doubted: NDArray[np.bool_] = elsewhere & surely & wrong
        return doubted

    def _clause(self, probed: Probed) -> str:
        right = wilson_interval(probed.right, len(probed.rows))
        return (
            "which look like another class than their label, to a probe that agrees "
            f"with {right.value:.1%} of the labels ({right.low:.1%} to "
            f"{right.high:.1%}); the worst first, and look before you relabel"
        )


def _caption(evidence: Evidence, probed: Probed, row: int) -> str:
    place = int(np.searchsorted(probed.rows, row))
    told = probed.probabilities[place]
    best = int(told.argmax())
    name = evidence.dataset.class_names[probed.classes[best]]
    return f"labelled {evidence.label(row)}, looks like {name} ({told[best]:.0%})"
